/* SPDX-License-Identifier: Apache-2.0 */
/* flagd - definition files, against what the vendor's own evaluator decided (record/flagd.mjs), and
 * the hash against values of its own. */
#include "recorded.h"

static const char recorded[] = "tests/unit/import/flagd.json";
static const char hashes[] = "../shared/reference/foreign-hash-vectors.json";

TEST(decides_as_the_vendors_evaluator_does)
{
    size_t compared = imported_check_recorded(recorded);
    CHECK(compared > 1000);
}

/* ---- the hash, of any text ------------------------------------------------------------------- */

static struct str shares_document(struct arena *arena, const struct json *key, unsigned first)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_key(&writer, STR("flags"));
    json_object_begin(&writer);
    json_key(&writer, key->string);
    json_raw(&writer,
             arena_format(arena,
                          "{\"state\":\"ENABLED\",\"variants\":{\"a\":1,\"b\":2},"
                          "\"defaultVariant\":\"b\",\"targeting\":{\"fractional\":[[\"a\",%u],"
                          "[\"b\",%u]]}}",
                          first, 1000 - first));
    json_object_end(&writer);
    json_object_end(&writer);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static struct str share_of(struct arena *arena, const struct json *key, const struct json *id,
                           unsigned first)
{
    struct json_member member = {STR("targetingKey"), *id};
    const struct json context = {.type = JSON_OBJECT, .count = 1, .members = &member};
    struct imported *imported = imported_open(STR("flagd"), shares_document(arena, key, first));
    CHECK_INT(imported->state.flag_count, 1);
    struct str got = imported_decide(imported, imported->state.flags[0]->key, &context, 0);
    got = arena_copy_str(arena, got);
    imported_close(imported);
    return got;
}

/* Whose bucket of 1000 is n is behind the first n, and among the first n + 1; also for keys that
 * are other ones here. */
TEST(people_are_in_the_buckets_that_were_computed_elsewhere)
{
    struct arena arena;
    struct json json;
    arena_open(&arena, 65536);
    struct str text = imported_file(&arena, hashes);
    if (str_is_absent(text)) {
        printf("skipped: %s is not there\n", hashes);
        arena_close(&arena);
        skip();
    }
    CHECK_OK(json_parse(&arena, text, &imported_budget, &json));
    const struct json *vectors = json_find(&json, STR("vectors"));
    for (uint32_t i = 0; i < vectors->count; i++) {
        const struct json *vector = &vectors->elements[i];
        const struct json *key = json_find(vector, STR("key"));
        const struct json *id = json_find(vector, STR("id"));
        const struct json *bucket =
            json_find(json_find(vector, STR("flagd")), STR("bucket_of_1000"));
        unsigned first = (unsigned)bucket->number;
        if (id->string.size == 0) /* nobody: the default variant there */
            continue;
        CHECK_STR(share_of(&arena, key, id, first), STR("b"));
        CHECK_STR(share_of(&arena, key, id, first + 1), STR("a"));
    }
    CHECK(vectors->count > 10);
    arena_close(&arena);
}

/* ---- what is said ---------------------------------------------------------------------------- */

static const char yaml[] = "$evaluators:\n"
                           "  staff:\n"
                           "    ends_with: [{var: email}, '@example.com']\n"
                           "metadata: {flagSetId: shop}\n"
                           "flags:\n"
                           "  header:\n"
                           "    state: ENABLED\n"
                           "    variants: {on: true, off: false}\n"
                           "    defaultVariant: 'off'\n"
                           "    metadata: {team: web}\n"
                           "    targeting:\n"
                           "      if:\n"
                           "        - $ref: staff\n"
                           "        - 'on'\n";

TEST(yaml_files_and_references_are_read)
{
    struct imported *imported = imported_open(STR("flagd"), str_of(yaml));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("header")), IMPORT_EXACT);
    CHECK_STR(
        imported_gives(imported, "header", "{\"targetingKey\":\"u\",\"email\":\"a@example.com\"}"),
        STR("on"));
    CHECK_STR(imported_gives(imported, "header", "{\"targetingKey\":\"u\"}"), STR("off"));
    CHECK_INT(imported_flag(imported, STR("header"))->metadata.count, 2);
    imported_close(imported);
}

#define FLAG(key, targeting)                                                                       \
    "\"" key "\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false},"                 \
    "\"defaultVariant\":\"off\",\"targeting\":" targeting "}"

TEST(what_has_no_counterpart_is_said_and_admits_nobody)
{
    struct imported *imported = imported_open(
        STR("flagd"),
        STR("{\"flags\":{" FLAG(
            "computed",
            "{\"if\":[{\"==\":[{\"+\":[{\"var\":\"a\"},1]},2]},"
            "\"on\"]}") "," FLAG("loop",
                                 "{\"if\":[{\"some\":[{"
                                 "\"var\":\"l\"},{"
                                 "\"var\":\"\"}]},"
                                 "\"on\",\"off\"]}") "," FLAG("order",
                                                              "{\"if\":[{\"<\":[{\"var\":\"a\"},"
                                                              "\"m\"]},\"on\"]}") "," FLAG("result",
                                                                                           "{\"var"
                                                                                           "\":"
                                                                                           "\"wante"
                                                                                           "d\"}") "," FLAG("weights",
                                                                                                            "{\"fractional\":[[\"on\",{\"var\":"
                                                                                                            "\"w\"}],[\"off\",1]]}") "}}"));
    static const char *const keys[] = {"computed", "loop", "order", "result", "weights"};
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        struct str key = str_of(keys[i]);
        struct str rule = arena_format(&imported->arena, "%s/branch-1", keys[i]);
        CHECK_INT(imported_outcome(imported, STR("flag"), key), IMPORT_PARTLY);
        CHECK_INT(imported_outcome(imported, STR("rule"), rule), IMPORT_LEFT_OUT);
        CHECK_STR(imported_gives(imported, keys[i],
                                 "{\"targetingKey\":\"u\",\"a\":1,\"wanted\":\"on\",\"l\":[1]}"),
                  STR("off"));
    }
    imported_close(imported);
}

TEST(what_is_hashed_in_another_way_is_redealt)
{
    struct imported *imported = imported_open(
        STR("flagd"),
        STR("{\"flags\":{" FLAG(
            "turned",
            "{\"fractional\":[{\"cat\":[{\"var\":\"targetingKey\"},"
            "\"-salt\"]},[\"on\",1],[\"off\",1]]}") "," FLAG("parted",
                                                             "{\"fractional\":[[\"on\",1],[\"off\","
                                                             "1],[\"on\",1]]}") "}}"));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("turned")), IMPORT_REDEALT);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("parted")), IMPORT_REDEALT);
    imported_close(imported);
}

TEST(bad_flags_are_left_out_and_others_stay)
{
    struct imported *imported = imported_open(
        STR("flagd"),
        STR("{\"flags\":{\"types\":{\"state\":\"ENABLED\",\"variants\":{\"a\":1,\"b\":true}},"
            "\"state\":{\"variants\":{\"a\":1}},\"default\":{\"state\":\"ENABLED\","
            "\"variants\":{\"a\":1},\"defaultVariant\":\"z\"},\"none\":{\"state\":\"ENABLED\"},"
            "\"good\":{\"state\":\"ENABLED\",\"variants\":{\"a\":1},\"defaultVariant\":\"a\"}}}"));
    static const char *const keys[] = {"types", "state", "default", "none"};
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        CHECK_INT(imported_outcome(imported, STR("flag"), str_of(keys[i])), IMPORT_LEFT_OUT);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("good")), IMPORT_EXACT);
    CHECK_INT(imported->state.flag_count, 1);
    imported_close(imported);
}

TEST(comparisons_that_coerce_are_said_once)
{
    struct imported *imported = imported_open(
        STR("flagd"),
        STR("{\"flags\":{" FLAG("a", "{\"if\":[{\"==\":[{\"var\":\"n\"},5]},\"on\"]}") "," FLAG(
            "b", "{\"if\":[{\"==\":[{\"var\":\"n\"},6]},\"on\"]}") "}}"));
    size_t count = 0;
    for (size_t i = 0; i < imported->result.row_count; i++)
        count += str_equal(imported->result.rows[i].kind, STR("comparison"));
    CHECK_INT(count, 1);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("a")), IMPORT_EXACT);
    imported_close(imported);
}

/* As deep as a document may nest, and as many branches as there is no room for. */
TEST(deep_and_long_targeting_ends)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("{\"flags\":{\"deep\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true},"
                         "\"defaultVariant\":\"on\",\"targeting\":"));
    for (unsigned i = 0; i < 28; i++)
        buf_append(&buf, STR("{\"if\":["));
    buf_append(&buf, STR("true,\"on\""));
    for (unsigned i = 0; i < 28; i++)
        buf_append(&buf, STR("]}"));
    buf_append(&buf,
               STR("},\"long\":{\"state\":\"ENABLED\",\"variants\":{\"on\":true,\"off\":false},"
                   "\"defaultVariant\":\"off\",\"targeting\":{\"if\":["));
    for (unsigned i = 0; i < 100; i++)
        buf_append_format(&buf, "{\"===\":[{\"var\":\"n\"},%u]},\"on\",", i);
    buf_append(&buf, STR("\"off\"]}}}}"));
    struct imported *imported = imported_open(STR("flagd"), buf_str(&buf));
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("deep")), IMPORT_PARTLY);
    CHECK_INT(imported_outcome(imported, STR("flag"), STR("long")), IMPORT_LEFT_OUT);
    imported_close(imported);
    buf_close(&buf);
}

TEST(what_is_no_definition_file_is_refused)
{
    static const char *const texts[] = {"[]", "{}", "{\"flags\":[]}", "flags: 5", "a: b: c", ""};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct imported *imported =
            imported_open_with(STR("flagd"), str_of(texts[i]), (struct import_options){0});
        CHECK_FAULT(imported->fault, FAULT_INVALID);
        imported_close(imported);
    }
}

TESTS(decides_as_the_vendors_evaluator_does, people_are_in_the_buckets_that_were_computed_elsewhere,
      yaml_files_and_references_are_read, what_has_no_counterpart_is_said_and_admits_nobody,
      what_is_hashed_in_another_way_is_redealt, bad_flags_are_left_out_and_others_stay,
      comparisons_that_coerce_are_said_once, deep_and_long_targeting_ends,
      what_is_no_definition_file_is_refused)
