/* SPDX-License-Identifier: Apache-2.0 */
/* document_kinds - cases about documents: validation, projection, legacy forms and hybrids. */
#include <stdio.h>

#include "dialect/superflag/types.h"
#include "model/names.h"
#include "superflag_old_sdk.h"
#include "vectors.h"

static void run_one_validate(struct run *run, const struct json *one)
{
    (void)one;
    struct issue *issues = NULL;
    size_t count = superflag_validate(&run->arena, case_member(run, STR("doc")), &issues);
    expect_issues(run, issues, count, true);
}

void run_validate(struct run *run, const struct json *list)
{
    run_list(run, list, run_one_validate);
}

/* A parser's own words are no part of the contract: then only path and validity count. */
static void run_one_validate_text(struct run *run, const struct json *one)
{
    (void)one;
    struct issue *issues = NULL;
    struct str text = case_text(run, STR("text"));
    struct json ignored;
    bool is_json = !failed(json_parse(&run->arena, text, &json_budget_default, &ignored));
    size_t count = superflag_validate_text(&run->arena, text, &json_budget_default, &issues);
    expect_issues(run, issues, count, is_json);
}

void run_validate_text(struct run *run, const struct json *list)
{
    run_list(run, list, run_one_validate_text);
}

static void run_canonical(struct run *run, const struct json *one)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    json_append_canonical(&buf, json_find(one, STR("value")));
    expect_text(run, arena_copy_str(&run->arena, buf_str(&buf)), case_member(run, STR("text")),
                "canonical text");
    buf_close(&buf);
}

void run_canonical_json(struct run *run, const struct json *list)
{
    run_list(run, list, run_canonical);
}

/* ---- types ------------------------------------------------------------------------------ */

static struct str optional_text(const struct json *object, struct str key)
{
    const struct json *text = json_find(object, key);
    return text != NULL && text->type == JSON_STRING ? text->string : (struct str){0};
}

static void run_one_codegen(struct run *run, const struct json *one)
{
    (void)one;
    struct superflag_document document;
    struct fault fault =
        superflag_decode_document(&run->arena, case_member(run, STR("config")), &document);
    expect_true(run, !failed(fault), "the config is not valid");
    if (failed(fault))
        return;
    const struct json *options = case_member(run, STR("options"));
    const struct superflag_types types = {optional_text(options, STR("interfaceName")),
                                          optional_text(options, STR("banner"))};
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    fault = superflag_append_types(&buf, &document, &types);
    const struct json *refused = case_optional(run, STR("error"));
    if (failed(fault) || refused != NULL)
        expect_text(run, fault.why, refused, "refusal");
    else
        expect_text(run, buf_str(&buf), case_member(run, STR("text")), "text");
    buf_close(&buf);
}

void run_codegen(struct run *run, const struct json *list)
{
    run_list(run, list, run_one_codegen);
}

/* ---- projection ------------------------------------------------------------------------- */

static struct str core_text(struct run *run, const struct environment_state *state,
                            enum superflag_audience audience, bool include_metadata, bool is_hybrid)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_core_document(&buf, state, audience, include_metadata, is_hybrid);
    struct str text = arena_copy_str(&run->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* expectKeys: the document's metadata and, as <flag>Metadata, that of flags. */
static void expect_metadata(struct run *run, struct str text, const struct json *keys)
{
    struct json got;
    struct str suffix = STR("Metadata");
    if (!parse_text(&run->arena, text, &got))
        case_fail(run, "no JSON");
    for (uint32_t i = 0; i < keys->count && !run->has_failed; i++) {
        struct str key = keys->members[i].key;
        const struct json *owner = &got;
        if (str_ends_with(key, suffix))
            owner =
                json_find(json_find(&got, STR("flags")), str_slice(key, 0, key.size - suffix.size));
        const struct json *metadata = owner == NULL ? NULL : json_find(owner, STR("metadata"));
        expect_json(run, metadata, &keys->members[i].value, "metadata");
    }
}

static void run_projection(struct run *run, const struct json *one)
{
    const struct json *include =
        json_find(case_member(run, STR("options")), STR("includeMetadata"));
    bool include_metadata = include != NULL && include->boolean;
    struct str text =
        core_text(run, &case_config(run)->state, SUPERFLAG_CLIENT, include_metadata, false);
    const struct json *expected = json_find(one, STR("expect"));
    const struct json *keys = json_find(one, STR("expectKeys"));
    expect_true(run, expected != NULL || keys != NULL, "nothing is expected");
    if (expected != NULL)
        expect_document(run, text, expected, "projection");
    if (keys != NULL)
        expect_metadata(run, text, keys);
}

void run_project_client_config(struct run *run, const struct json *list)
{
    run_list(run, list, run_projection);
}

/* ---- legacy ----------------------------------------------------------------------------- */

static struct str text_in(const struct json *object, struct str key)
{
    const struct json *text = object == NULL ? NULL : json_find(object, key);
    return text == NULL ? (struct str){0} : text->string;
}

static struct superflag_migration migration_of(const struct json *options)
{
    const struct json *source = json_find(options, STR("source"));
    const struct json *defaults = json_find(options, STR("defaults"));
    struct superflag_migration migration = {
        .app = text_in(source, STR("app")),
        .environment = text_in(source, STR("environment")),
        .config_version = (uint64_t)json_find(options, STR("configVersion"))->number,
        .description = text_in(defaults, STR("description")),
        .owner = text_in(defaults, STR("owner")),
        .tags = defaults == NULL ? NULL : json_find(defaults, STR("tags")),
        .lifecycle = LIFECYCLE_ACTIVE,
        .definitions = json_find(options, STR("definitions")),
    };
    int lifecycle = name_find(&lifecycle_names, text_in(defaults, STR("lifecycle")));
    if (lifecycle >= 0)
        migration.lifecycle = (enum lifecycle)lifecycle;
    return migration;
}

static void run_migration(struct run *run, const struct json *one)
{
    struct superflag_migration migration = migration_of(case_member(run, STR("options")));
    struct superflag_document document;
    struct fault fault = superflag_migrate_legacy_document(
        &run->arena, case_member(run, STR("flags")), &migration, &document);
    const struct json *error = json_find(one, STR("error"));
    if (failed(fault) || error != NULL) {
        expect_text(run, fault.why, error, "error");
        return;
    }
    struct environment_state state = superflag_document_state(&run->arena, &document);
    expect_document(run, core_text(run, &state, SUPERFLAG_SERVER, true, false),
                    case_member(run, STR("config")), "config");
}

void run_legacy_migrate(struct run *run, const struct json *list)
{
    run_list(run, list, run_migration);
}

/* The first legacy flag of that key in legacySdkMurmur3 that splits: the two kinds of cases are
 * about the same flags, before and after migration. */
static const struct json *splitting_flag(struct run *run, struct str key)
{
    const struct json *sdk = json_find(run->file, STR("legacySdkMurmur3"));
    const struct json *list = sdk == NULL ? NULL : json_find(sdk, STR("evaluate"));
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *flag = json_find(&list->elements[i], STR("flag"));
        const struct json *variants = json_find(flag, STR("variants"));
        bool splits =
            json_find(flag, STR("rollout")) != NULL || (variants != NULL && variants->count > 0);
        if (splits && str_equal(json_find(&list->elements[i], STR("flagKey"))->string, key))
            return flag;
    }
    case_fail(run, "the file has no such legacy flag");
    return NULL;
}

static void expect_migrated(struct run *run, struct str key, struct str bucket, struct str value)
{
    const struct json *flag = splitting_flag(run, key);
    if (flag == NULL)
        return;
    struct json_member member = {key, *flag};
    const struct json flags = {.type = JSON_OBJECT, .count = 1, .members = &member};
    const struct superflag_migration migration = {
        .app = STR("a"), .environment = STR("e"), .lifecycle = LIFECYCLE_ACTIVE};
    struct superflag_document document;
    struct fault fault =
        superflag_migrate_legacy_document(&run->arena, &flags, &migration, &document);
    expect_true(run, !failed(fault), "the flag does not migrate");
    struct environment_state state = superflag_document_state(&run->arena, &document);
    const struct ruleset *ruleset = ruleset_compile(&run->arena, &state);
    const struct superflag_question question = {
        .ruleset = ruleset,
        .scratch = run->scratch,
        .flag_key = key,
        .context = run->one, /* it has a targetingKey */
        .fallback = json_find(flag, STR("value")),
    };
    struct superflag_details details = superflag_evaluate(&run->arena, &question);
    expect_true(run, details.trace.has_ticket, "no bucket");
    expect_number(run, details.trace.ticket, case_member(run, bucket), "bucket");
    expect_json(run, details.value, case_member(run, value), "value");
    ruleset_close(ruleset);
}

static void run_migrated(struct run *run, const struct json *one)
{
    (void)one;
    expect_migrated(run, STR("dark-mode"), STR("bucketDarkMode"), STR("darkMode"));
    expect_migrated(run, STR("hero"), STR("bucketHero"), STR("hero"));
}

void run_legacy_migrated_evaluate(struct run *run, const struct json *list)
{
    run_list(run, list, run_migrated);
}

static void run_sdk_hash(struct run *run, const struct json *one)
{
    (void)one;
    expect_number(run, old_sdk_hash(&run->arena, case_text(run, STR("input"))),
                  case_member(run, STR("u32")), "hash");
}

static void run_sdk_bucket(struct run *run, const struct json *one)
{
    (void)one;
    uint32_t bucket =
        old_sdk_bucket(&run->arena, case_text(run, STR("userId")), case_text(run, STR("flagKey")));
    expect_number(run, bucket, case_member(run, STR("bucket")), "bucket");
}

/* The old SDK reads the flag as it is, and as we would serve it after storing it. */
static void run_sdk_value(struct run *run, const struct json *one)
{
    const struct json *flag = json_find(one, STR("flag"));
    const struct json *user = case_member(run, STR("userId"));
    struct str user_id = user->type == JSON_STRING ? user->string : (struct str){0};
    struct str key = case_text(run, STR("flagKey"));
    const struct json *expected = case_member(run, STR("value"));
    expect_json(run, old_sdk_value(&run->arena, flag, key, user_id), expected, "value");

    struct flag stored;
    struct fault fault = superflag_decode_legacy_flag(
        &run->arena, key, text_in(flag, STR("type")), json_find(flag, STR("value")),
        json_find(flag, STR("rollout")), json_find(flag, STR("variants")), NULL, &stored);
    const struct json *variants = json_find(flag, STR("variants"));
    bool is_storable = variants == NULL || variants->count > 0;
    expect_true(run, failed(fault) != is_storable, "only flags with empty variants are refused");
    if (failed(fault))
        return;
    struct writing writing;
    struct json served;
    superflag_append_legacy_flag(writing_begin(&writing), &stored, false);
    if (parse_text(&run->arena, writing_end(run, &writing), &served))
        expect_json(run, old_sdk_value(&run->arena, &served, key, user_id), expected,
                    "value after storing");
}

void run_legacy_sdk(struct run *run, const struct json *object)
{
    run_list(run, json_find(object, STR("hash")), run_sdk_hash);
    run_list(run, json_find(object, STR("buckets")), run_sdk_bucket);
    run_list(run, json_find(object, STR("evaluate")), run_sdk_value);
}

/* ---- hybrid ----------------------------------------------------------------------------- */

static const struct json *hybrid_doc(struct run *run)
{
    const struct json *hybrid = json_find(run->file, STR("hybridDocument"));
    return json_find(json_find(hybrid, STR("body")), STR("doc"));
}

/* Read by the core rules: valid, and written by us again the same. */
static void run_hybrid_round_trip(struct run *run, const struct json *one)
{
    struct superflag_document document;
    struct fault fault = superflag_decode_document(
        &run->arena, json_find(json_find(one, STR("body")), STR("doc")), &document);
    expect_true(run, !failed(fault), "the core rules refuse the hybrid");
    if (failed(fault))
        return;
    struct environment_state state = superflag_document_state(&run->arena, &document);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_config(&buf, &state, SUPERFLAG_CLIENT, SUPERFLAG_TTL_SECONDS);
    expect_document(run, arena_copy_str(&run->arena, buf_str(&buf)), case_member(run, STR("body")),
                    "config body");
    buf_close(&buf);
}

static void run_hybrid_old(struct run *run, const struct json *one)
{
    static const struct str keys[] = {{"dark-mode", 9}, {"hero", 4}};
    static const struct str members[] = {{"darkMode", 8}, {"hero", 4}};
    (void)one;
    struct str user_id = case_text(run, STR("userId"));
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct json *flag = json_find(json_find(hybrid_doc(run), STR("flags")), keys[i]);
        expect_json(run, old_sdk_value(&run->arena, flag, keys[i], user_id),
                    case_member(run, members[i]), "value for the old SDK");
    }
}

static void run_hybrid_new(struct run *run, const struct json *one)
{
    static const struct str keys[] = {{"dark-mode", 9}, {"hero", 4}};
    static const struct str members[] = {{"darkMode", 8}, {"hero", 4}};
    (void)one;
    struct config config = {0};
    struct writing writing;
    json_tree(writing_begin(&writing), hybrid_doc(run));
    if (!compile_document(run, writing_end(run, &writing), &config))
        return;
    struct json_member member = {STR("targetingKey"), *case_member(run, STR("userId"))};
    struct json context = {.type = JSON_OBJECT, .count = 1, .members = &member};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        const struct superflag_question question = {
            .ruleset = config.ruleset,
            .scratch = run->scratch,
            .flag_key = keys[i],
            .context = &context,
            .fallback = case_member(run, members[i]),
        };
        struct superflag_details details = superflag_evaluate(&run->arena, &question);
        expect_true(run, details.error == SUPERFLAG_OK, "evaluates");
        expect_json(run, details.value, case_member(run, members[i]), "value for the new SDK");
    }
    ruleset_close(config.ruleset);
}

void run_hybrid_document(struct run *run, const struct json *object)
{
    run_list(run, object, run_hybrid_round_trip);
    run_list(run, json_find(object, STR("legacySdk")), run_hybrid_old);
    run_list(run, json_find(object, STR("coreSdk")), run_hybrid_new);
}
