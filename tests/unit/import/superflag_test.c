/* SPDX-License-Identifier: Apache-2.0 */
/* superflag - core and legacy documents, against what the vendor's library decided. */
#include "base/instant.h"
#include "recorded.h"

static const char vectors[] = "../shared/reference/superflag-vectors.json";

/* Skips the test where the recorded decisions are not at hand. */
static void load_vectors(struct arena *arena, struct json *json)
{
    arena_open(arena, 65536);
    struct str text = imported_file(arena, vectors);
    if (str_is_absent(text)) {
        printf("skipped: %s is not there\n", vectors);
        arena_close(arena);
        skip();
    }
    CHECK_OK(json_parse(arena, text, &imported_budget, json));
}

static struct str text_of(struct arena *arena, const struct json *json)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, json);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static struct str text_in(const struct json *object, const char *name)
{
    const struct json *member = object == NULL ? NULL : json_find(object, str_of(name));
    return member == NULL || member->type != JSON_STRING ? (struct str){0} : member->string;
}

static struct str decide(struct imported *imported, struct str key, struct str targeting_key,
                         const struct json *attributes, int64_t now_ms)
{
    struct context context;
    context_open(&context, &imported->arena, imported->ruleset, targeting_key, attributes,
                 imported->scratch);
    struct decision decision = evaluate(imported->ruleset, key, &context, now_ms, NULL);
    if (decision.flag == NULL || decision.variation == VARIATION_NONE)
        return (struct str){0};
    return decision.flag->flag->variations[decision.variation].id;
}

/* Cases in which the flag itself was decided. */
static bool is_decided(const struct json *one)
{
    const struct json *expected = json_find(one, STR("expect"));
    return !str_is_absent(text_in(expected, "variation")) &&
           json_find(expected, STR("errorCode")) == NULL;
}

TEST(core_documents_decide_as_the_library_does)
{
    struct arena arena;
    struct json json;
    size_t compared = 0;
    load_vectors(&arena, &json);
    const struct json *config = json_find(json_find(&json, STR("configs")), STR("shop"));
    const struct json *cases = json_find(&json, STR("evaluate"));
    struct imported *imported = imported_open(STR("superflag"), text_of(&arena, config));
    for (uint32_t i = 0; i < cases->count; i++) {
        const struct json *one = &cases->elements[i];
        const struct json *context = json_find(one, STR("context"));
        struct str key = text_in(one, "flagKey");
        int64_t now_ms = 0;
        if (!is_decided(one) || !str_equal(text_in(one, "config"), STR("shop")) ||
            !instant_parse(text_in(one, "now"), &now_ms))
            continue;
        if (imported_flag(imported, key) == NULL) {
            CHECK_INT(imported_outcome(imported, STR("flag"), key), IMPORT_LEFT_OUT);
            continue;
        }
        CHECK_INT(imported_outcome(imported, STR("flag"), key), IMPORT_EXACT);
        struct str got = decide(imported, key, text_in(context, "targetingKey"),
                                json_find(context, STR("attributes")), now_ms);
        CHECK_STR(got, text_in(json_find(one, STR("expect")), "variation"));
        compared++;
    }
    CHECK(compared > 50);
    imported_close(imported);
    arena_close(&arena);
}

static void compare_people(struct imported *one, struct imported *other, struct str key)
{
    for (unsigned i = 0; i < 200; i++) {
        struct str person = arena_format(&one->arena, "user-%u", i);
        CHECK_STR(decide(one, key, person, NULL, 0), decide(other, key, person, NULL, 0));
    }
}

TEST(legacy_documents_decide_as_what_the_library_makes_of_them)
{
    struct arena arena;
    struct json json;
    size_t compared = 0;
    load_vectors(&arena, &json);
    const struct json *cases = json_find(&json, STR("legacyMigrate"));
    for (uint32_t i = 0; i < cases->count; i++) {
        const struct json *one = &cases->elements[i];
        const struct json *config = json_find(one, STR("config"));
        if (config == NULL)
            continue;
        struct str flags = text_of(&arena, json_find(one, STR("flags")));
        struct str text =
            arena_format(&arena, "{\"flags\":%.*s,\"overrides\":{},\"rules\":{}}", STR_ARG(flags));
        struct imported *legacy = imported_open(STR("superflag"), text);
        struct imported *core = imported_open(STR("superflag"), text_of(&arena, config));
        CHECK_INT(legacy->state.flag_count, core->state.flag_count);
        for (size_t j = 0; j < core->state.flag_count; j++) {
            compare_people(legacy, core, core->state.flags[j]->key);
            compared++;
        }
        imported_close(legacy);
        imported_close(core);
    }
    CHECK(compared > 10);
    arena_close(&arena);
}

static const char core[] =
    "{\"appId\":\"app_1\",\"env\":\"production\",\"version\":3,\"ttlSeconds\":60,\"doc\":"
    "{\"schemaVersion\":1,\"source\":{\"app\":\"app_1\",\"environment\":\"production\"},"
    "\"configVersion\":3,\"metadata\":{\"team\":\"core\"},"
    "\"segments\":{\"staff\":{\"included\":[\"ann\"],\"visibility\":\"client\"}},"
    "\"flags\":{\"hero\":{\"type\":\"boolean\",\"description\":\"d\",\"tags\":[],\"owner\":\"o\","
    "\"lifecycle\":\"active\",\"enabled\":true,\"visibility\":\"client\","
    "\"variations\":{\"on\":{\"value\":true},\"off\":{\"value\":false}},\"offVariation\":\"off\","
    "\"rules\":[{\"id\":\"staff\",\"when\":{\"op\":\"segment\",\"segment\":\"staff\"},"
    "\"serve\":{\"variation\":\"on\"}}],"
    "\"fallthrough\":{\"rollout\":{\"variations\":[{\"variation\":\"on\",\"weight\":50000},"
    "{\"variation\":\"off\",\"weight\":50000}]}}}}}}";

TEST(a_key_prefix_renames_references_and_deals_splits_anew)
{
    struct imported *imported = imported_open_with(
        STR("superflag"), str_of(core), (struct import_options){.key_prefix = STR("shop.")});
    CHECK_OK(imported->fault);
    CHECK(imported_flag(imported, STR("shop.hero")) != NULL);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("hero")), IMPORT_REDEALT);
    CHECK_INT(imported_outcome(imported, STR("segment"), STR("staff")), IMPORT_EXACT);
    CHECK_STR(imported_gives(imported, "shop.hero", "{\"targetingKey\":\"ann\"}"), STR("on"));
    imported_close(imported);
}

TEST(the_answer_that_carries_a_document_and_its_metadata_are_read)
{
    struct imported *imported = imported_open(STR("superflag"), str_of(core));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("hero")), IMPORT_EXACT);
    CHECK(str_contains(imported->result.document, STR("\"metadata\":{\"team\":\"core\"}")));
    imported_close(imported);
}

TEST(a_bad_legacy_flag_costs_itself_alone)
{
    struct imported *imported = imported_open(
        STR("superflag"),
        STR("{\"flags\":{\"bad\":{\"type\":\"bool\",\"value\":\"x\"},"
            "\"good\":{\"type\":\"bool\",\"value\":true}},\"overrides\":{},\"rules\":{\"r\":1}}"));
    CHECK_INT(imported->state.flag_count, 1);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("bad")), IMPORT_LEFT_OUT);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("good")), IMPORT_EXACT);
    CHECK_INT(imported_outcome(imported, STR("rules"), STR("rules")), IMPORT_LEFT_OUT);
    imported_close(imported);
}

TEST(what_is_no_document_is_refused_with_its_place)
{
    struct imported *imported = imported_open_with(STR("superflag"), STR("{\"schemaVersion\":1}"),
                                                   (struct import_options){0});
    CHECK_FAULT(imported->fault, FAULT_INVALID);
    CHECK(imported->fault.where.size > 0);
    imported_close(imported);
    imported = imported_open_with(STR("superflag"), STR("[]"), (struct import_options){0});
    CHECK_FAULT(imported->fault, FAULT_INVALID);
    imported_close(imported);
}

TESTS(core_documents_decide_as_the_library_does,
      legacy_documents_decide_as_what_the_library_makes_of_them,
      a_key_prefix_renames_references_and_deals_splits_anew,
      the_answer_that_carries_a_document_and_its_metadata_are_read,
      a_bad_legacy_flag_costs_itself_alone, what_is_no_document_is_refused_with_its_place)
