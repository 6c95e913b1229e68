/* SPDX-License-Identifier: Apache-2.0 */
/* evaluation_kinds - cases about hashes, decisions and reports on them. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/instant.h"
#include "dialect/superflag/explain.h"
#include "dialect/superflag/openfeature.h"
#include "eval/hash.h"
#include "vectors.h"

/* ---- hashes ----------------------------------------------------------------------------- */

static void run_hash(struct run *run, const struct json *one)
{
    const struct json *input = json_find(one, STR("input"));
    const struct json *units = json_find(one, STR("utf16"));
    const struct json *u32 = case_member(run, STR("u32"));
    expect_true(run, input != NULL || units != NULL, "neither input nor utf16");
    uint32_t hash = 0;
    if (units != NULL) {
        uint16_t *list = ARENA_NEW_ARRAY(&run->arena, uint16_t, units->count);
        for (uint32_t i = 0; i < units->count; i++)
            list[i] = (uint16_t)units->elements[i].number;
        hash = hash_fnv1a_units(list, units->count);
        expect_number(run, hash, u32, "hash of the units");
    }
    if (input != NULL) {
        hash = hash_fnv1a_utf16(input->string);
        expect_number(run, hash, u32, "hash of the text");
    }
    expect_text(run, arena_format(&run->arena, "%08" PRIx32, hash), case_member(run, STR("hex")),
                "hex");
    expect_number(run, hash % SPLIT_WEIGHT_TOTAL, case_member(run, STR("bucket")), "bucket");
}

void run_stable_hash(struct run *run, const struct json *list)
{
    run_list(run, list, run_hash);
}

/* ---- evaluate --------------------------------------------------------------------------- */

static struct superflag_question case_question(struct run *run)
{
    struct superflag_question question = {
        .ruleset = case_config(run)->ruleset,
        .scratch = run->scratch,
        .context = case_optional(run, STR("context")),
    };
    const struct json *now = case_optional(run, STR("now"));
    question.is_now_invalid = now != NULL && !parse_moment(now, &question.now_ms);
    if (question.is_now_invalid)
        question.now_ms = clock_wall_ms(clock_system());
    return question;
}

/* What is expected, with the placeholder for the current time replaced by the time we gave. */
static const struct json *with_current_time(struct run *run, const struct json *expected,
                                            int64_t now_ms)
{
    struct json copy = json_copy(&run->arena, expected);
    for (uint32_t i = 0; copy.type == JSON_OBJECT && i < copy.count; i++) {
        struct json *value = &copy.members[i].value;
        bool is_placeholder =
            value->type == JSON_STRING && str_equal(value->string, STR("<current time>"));
        if (!is_placeholder)
            continue;
        char *text = arena_allocate(&run->arena, INSTANT_TEXT_BYTES);
        instant_format(now_ms, text);
        *value = json_make_string(str_of(text));
    }
    return arena_copy(&run->arena, &copy, sizeof(copy));
}

static void run_one_evaluate(struct run *run, const struct json *one)
{
    (void)one;
    struct str method = case_text(run, STR("method"));
    struct superflag_question question = case_question(run);
    question.flag_key = case_text(run, STR("flagKey"));
    question.fallback = case_member(run, STR("fallback"));
    question.has_type = !str_equal(method, STR("evaluate"));
    if (question.has_type && !value_type_parse(method, &question.type))
        case_fail(run, "no such method");
    struct superflag_details details = superflag_evaluate(&run->arena, &question);
    struct writing writing;
    superflag_append_details(writing_begin(&writing), &details);
    const struct json *expected =
        with_current_time(run, case_member(run, STR("expect")), question.now_ms);
    expect_document(run, writing_end(run, &writing), expected, "result");
}

void run_evaluate(struct run *run, const struct json *list)
{
    run_list(run, list, run_one_evaluate);
}

/* ---- one clause ------------------------------------------------------------------------- */

static const char clause_head[] =
    "{\"schemaVersion\":1,\"source\":{\"app\":\"app_c\",\"environment\":\"dev\"},"
    "\"configVersion\":1,\"flags\":{\"f\":{\"type\":\"boolean\",\"description\":\"d\","
    "\"tags\":[],\"owner\":\"o\",\"lifecycle\":\"active\",\"enabled\":true,\"variations\":"
    "{\"on\":{\"value\":true},\"off\":{\"value\":false}},\"offVariation\":\"off\","
    "\"fallthrough\":{\"variation\":\"off\"},\"rules\":[{\"id\":\"r\","
    "\"serve\":{\"variation\":\"on\"},\"when\":";
static const char clause_tail[] = "}]}}}";

/* Whether a document of one rule with one clause serves the rule. */
static bool clause_matches(struct run *run, struct str attribute, struct str operator,
                           const struct json * value, struct str targeting_key,
                           const struct json *attributes)
{
    struct writing writing;
    struct json_writer *writer = writing_begin(&writing);
    buf_append(&writing.buf, str_of(clause_head));
    json_object_begin(writer);
    json_member_string(writer, STR("op"), STR("match"));
    json_member_string(writer, STR("attribute"), attribute);
    json_member_string(writer, STR("operator"), operator);
    if (value != NULL)
        json_member_tree(writer, STR("value"), value);
    json_object_end(writer);
    buf_append(&writing.buf, str_of(clause_tail));
    struct config config = {0};
    if (!compile_document(run, writing_end(run, &writing), &config))
        return false;

    struct context context;
    context_open(&context, &run->arena, config.ruleset, targeting_key, attributes, run->scratch);
    struct decision decision = evaluate(config.ruleset, STR("f"), &context, 0, NULL);
    ruleset_close(config.ruleset);
    return decision.reason == REASON_TARGETING_MATCH;
}

static void run_operator(struct run *run, const struct json *one)
{
    const struct json *actual = json_find(one, STR("actual"));
    const struct json *missing = json_find(one, STR("attributeMissing"));
    bool is_missing = missing != NULL && missing->boolean;
    expect_true(run, is_missing != (actual != NULL), "either actual or attributeMissing");
    struct json_member x = {STR("x"), is_missing ? json_make_null() : *actual};
    struct json attributes = {.type = JSON_OBJECT, .count = is_missing ? 0 : 1, .members = &x};
    bool matches = clause_matches(run, STR("x"), case_text(run, STR("operator")),
                                  json_find(one, STR("value")), STR("subject"), &attributes);
    struct json got = json_make_boolean(matches);
    expect_json(run, &got, case_member(run, STR("match")), "match");
}

void run_operators(struct run *run, const struct json *list)
{
    run_list(run, list, run_operator);
}

static void run_attribute_path(struct run *run, const struct json *one)
{
    bool matches = clause_matches(run, case_text(run, STR("attribute")), STR("eq"),
                                  case_member(run, STR("value")), STR("tk-1"),
                                  json_find(one, STR("attributes")));
    struct json got = json_make_boolean(matches);
    expect_json(run, &got, case_member(run, STR("match")), "match");
}

void run_attribute_paths(struct run *run, const struct json *list)
{
    run_list(run, list, run_attribute_path);
}

/* ---- reports ---------------------------------------------------------------------------- */

static void run_snapshot(struct run *run, const struct json *one)
{
    struct superflag_question question = case_question(run);
    struct writing writing;
    superflag_append_client_snapshot(writing_begin(&writing), &run->arena, &question,
                                     json_find(one, STR("fallbacks")));
    expect_document(run, writing_end(run, &writing), case_member(run, STR("expect")), "snapshot");
}

void run_client_snapshot(struct run *run, const struct json *list)
{
    run_list(run, list, run_snapshot);
}

static void run_explanation(struct run *run, const struct json *one)
{
    struct superflag_question question = case_question(run);
    question.flag_key = case_text(run, STR("flagKey"));
    question.fallback = json_find(one, STR("fallback"));
    struct writing writing;
    superflag_append_explanation(writing_begin(&writing), &run->arena, &question);
    expect_document(run, writing_end(run, &writing), case_member(run, STR("expect")),
                    "explanation");
}

void run_explain(struct run *run, const struct json *list)
{
    run_list(run, list, run_explanation);
}

static void run_membership(struct run *run, const struct json *one)
{
    (void)one;
    struct superflag_question question = case_question(run);
    struct writing writing;
    superflag_append_membership(writing_begin(&writing), &run->arena, &question,
                                case_text(run, STR("segmentId")));
    expect_document(run, writing_end(run, &writing), case_member(run, STR("expect")), "membership");
}

void run_segment_membership(struct run *run, const struct json *list)
{
    run_list(run, list, run_membership);
}

static void run_paths(struct run *run, enum path_direction direction)
{
    const struct json *resource = case_member(run, STR("resource"));
    struct str kind = json_find(resource, STR("kind"))->string;
    struct resource start = {
        str_equal(kind, STR("flag")) ? RESOURCE_FLAG : RESOURCE_SEGMENT,
        json_find(resource, STR("key"))->string,
    };
    struct writing writing;
    superflag_append_paths(writing_begin(&writing), &run->arena, &case_config(run)->state, start,
                           direction);
    expect_document(run, writing_end(run, &writing), case_member(run, STR("expect")), "paths");
}

static void run_dependency_path(struct run *run, const struct json *one)
{
    (void)one;
    run_paths(run, PATH_DEPENDENCIES);
}

static void run_impact_path(struct run *run, const struct json *one)
{
    (void)one;
    run_paths(run, PATH_IMPACT);
}

void run_dependency_paths(struct run *run, const struct json *list)
{
    run_list(run, list, run_dependency_path);
}

void run_impact_paths(struct run *run, const struct json *list)
{
    run_list(run, list, run_impact_path);
}

/* ---- OpenFeature ------------------------------------------------------------------------ */

/* "resolveStringEvaluation" asks for a string. */
static bool parse_method(struct run *run, struct str method, enum value_type *type)
{
    struct str before = STR("resolve");
    struct str after = STR("Evaluation");
    if (method.size <= before.size + after.size || !str_starts_with(method, before) ||
        !str_ends_with(method, after))
        return false;
    struct str name =
        arena_copy_str(&run->arena, str_slice(method, before.size, method.size - after.size));
    char *first = (char *)name.data;
    *first = (char)(*first | 0x20);
    return value_type_parse(name, type);
}

static void run_resolution(struct run *run, const struct json *one)
{
    struct json context =
        superflag_context_of_openfeature(&run->arena, json_find(one, STR("context")));
    struct superflag_question question = case_question(run);
    question.context = &context;
    question.flag_key = case_text(run, STR("flagKey"));
    question.fallback = case_member(run, STR("defaultValue"));
    question.has_type = true;
    question.now_ms = clock_wall_ms(clock_system());
    if (!parse_method(run, case_text(run, STR("method")), &question.type))
        case_fail(run, "no such method");
    struct superflag_details details = superflag_evaluate(&run->arena, &question);
    struct writing writing;
    superflag_append_resolution(writing_begin(&writing), &details);
    expect_document(run, writing_end(run, &writing), case_member(run, STR("expect")), "resolution");
}

void run_open_feature(struct run *run, const struct json *list)
{
    run_list(run, list, run_resolution);
}
