/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One environment, three documents, two generations of SDKs. Whoever reads which, the values and
 * the shares are the same, and a switch of forms moves nobody.
 */
#include "dialect/superflag/details.h"
#include "fixture.h"
#include "superflag_old_sdk.h"

enum { SUBJECTS = 4000, TOLERANCE_PERCENT = 3 };

static const char *const bodies[] = {
    "{\"type\":\"bool\",\"value\":true}",
    "{\"type\":\"json\",\"value\":{\"a\":[1]}}",
    "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":25}}",
    "{\"type\":\"string\",\"value\":\"new\",\"rollout\":{\"percentage\":80.5}}",
    "{\"type\":\"number\",\"value\":5,\"rollout\":{\"percentage\":0}}",
    "{\"type\":\"json\",\"value\":[1],\"rollout\":{\"percentage\":100}}",
    "{\"type\":\"string\",\"value\":\"a\",\"variants\":[{\"value\":\"a\",\"weight\":50},"
    "{\"value\":\"b\",\"weight\":30},{\"value\":\"c\",\"weight\":20}]}",
    "{\"type\":\"string\",\"value\":\"standing\",\"variants\":[{\"value\":\"a\",\"weight\":1},"
    "{\"value\":\"b\",\"weight\":99}]}",
};

/* A document's flags compiled, as an SDK of today reads them. */
struct reader {
    struct superflag_document document;
    struct environment_state state;
    const struct ruleset *ruleset;
};

static void reader_open(struct arena *arena, struct reader *reader)
{
    reader->state = superflag_document_state(arena, &reader->document);
    reader->ruleset = ruleset_compile(arena, &reader->state);
}

/* Either a core document, or a legacy one the way the SDK converts it. */
static void read_new(struct arena *arena, struct reader *reader, struct str text)
{
    struct json *doc = ARENA_NEW(arena, struct json);
    CHECK_OK(json_parse(arena, text, &json_budget_default, doc));
    const struct superflag_migration migration = {
        .app = STR("a"), .environment = STR("e"), .lifecycle = LIFECYCLE_ACTIVE};
    if (json_find(doc, STR("schemaVersion")) != NULL)
        CHECK_OK(superflag_decode_document(arena, doc, &reader->document));
    else
        CHECK_OK(superflag_migrate_legacy_document(arena, json_find(doc, STR("flags")), &migration,
                                                   &reader->document));
    reader_open(arena, reader);
}

static struct superflag_details new_details(struct arena *arena, const struct reader *reader,
                                            struct str user)
{
    struct json_member member = {STR("targetingKey"), json_make_string(user)};
    const struct json context = {.type = JSON_OBJECT, .count = 1, .members = &member};
    const struct superflag_question question = {
        .ruleset = reader->ruleset,
        .flag_key = STR("f"),
        .context = &context,
        .has_type = true,
        .type = reader->document.flags[0].type,
    };
    return superflag_evaluate(arena, &question);
}

static const struct json *old_flag(struct arena *arena, struct str text)
{
    struct json *doc = ARENA_NEW(arena, struct json);
    CHECK_OK(json_parse(arena, text, &json_budget_default, doc));
    return json_find(json_find(doc, STR("flags")), STR("f"));
}

TEST(switching_between_legacy_and_hybrid_moves_nobody)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct arena arena;
        struct arena scratch;
        arena_open(&arena, 16384);
        arena_open(&scratch, 16384);
        const struct flag *flag = posted(&arena, "f", bodies[i]);
        struct environment_state state = state_of(&arena, &flag, 1);
        struct reader legacy;
        struct reader hybrid;
        read_new(&arena, &legacy, legacy_text(&arena, &state, SUPERFLAG_CLIENT));
        read_new(&arena, &hybrid, core_text(&arena, &state, SUPERFLAG_CLIENT, true));
        for (int subject = 0; subject < SUBJECTS; subject++) {
            struct str user = arena_format(&scratch, "user-%d", subject);
            struct superflag_details one = new_details(&scratch, &legacy, user);
            struct superflag_details other = new_details(&scratch, &hybrid, user);
            CHECK(one.error == SUPERFLAG_OK);
            CHECK(json_equal(one.value, other.value));
            CHECK_STR(one.variation, other.variation);
            arena_reset(&scratch);
        }
        ruleset_close(legacy.ruleset);
        ruleset_close(hybrid.ruleset);
        arena_close(&scratch);
        arena_close(&arena);
    }
}

/* How many of the subjects see each value of the flag's variations. */
struct shares {
    int seen[4];
    int stray;
};

static void count_value(struct shares *shares, const struct flag *flag, const struct json *value)
{
    for (size_t i = 0; i < flag->variation_count && i < COUNT_OF(shares->seen); i++) {
        if (!json_equal(&flag->variations[i].value, value))
            continue;
        shares->seen[i]++;
        return;
    }
    shares->stray++;
}

static void check_close(const struct shares *a, const struct shares *b)
{
    CHECK_INT(a->stray, 0);
    CHECK_INT(b->stray, 0);
    for (size_t i = 0; i < COUNT_OF(a->seen); i++) {
        int difference = a->seen[i] - b->seen[i];
        CHECK(difference * 100 <= SUBJECTS * TOLERANCE_PERCENT);
        CHECK(-difference * 100 <= SUBJECTS * TOLERANCE_PERCENT);
    }
}

TEST(old_and_new_sdks_see_the_same_values_in_the_same_shares)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct arena arena;
        struct arena scratch;
        arena_open(&arena, 16384);
        arena_open(&scratch, 16384);
        const struct flag *flag = posted(&arena, "f", bodies[i]);
        struct environment_state state = state_of(&arena, &flag, 1);
        struct str text = core_text(&arena, &state, SUPERFLAG_CLIENT, true);
        const struct json *read_by_old = old_flag(&arena, text);
        struct reader reader;
        read_new(&arena, &reader, text);
        struct shares old_shares = {0};
        struct shares new_shares = {0};
        for (int subject = 0; subject < SUBJECTS; subject++) {
            struct str user = arena_format(&scratch, "user-%d", subject);
            count_value(&old_shares, flag, old_sdk_value(&scratch, read_by_old, STR("f"), user));
            count_value(&new_shares, flag, new_details(&scratch, &reader, user).value);
            arena_reset(&scratch);
        }
        check_close(&old_shares, &new_shares);
        ruleset_close(reader.ruleset);
        arena_close(&scratch);
        arena_close(&arena);
    }
}

TEST(an_old_sdk_reads_a_hybrid_as_it_read_the_legacy_document)
{
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct arena arena;
        arena_open(&arena, 16384);
        const struct flag *flag = posted(&arena, "f", bodies[i]);
        struct environment_state state = state_of(&arena, &flag, 1);
        const struct json *legacy = old_flag(&arena, legacy_text(&arena, &state, SUPERFLAG_CLIENT));
        const struct json *hybrid =
            old_flag(&arena, core_text(&arena, &state, SUPERFLAG_CLIENT, true));
        CHECK(json_find(hybrid, STR("rollout")) == NULL);
        CHECK(json_equal(old_sdk_value(&arena, legacy, STR("f"), (struct str){0}),
                         old_sdk_value(&arena, hybrid, STR("f"), (struct str){0})));
        for (int subject = 0; subject < SUBJECTS / 4; subject++) {
            struct str user = arena_format(&arena, "user-%d", subject);
            CHECK(json_equal(old_sdk_value(&arena, legacy, STR("f"), user),
                             old_sdk_value(&arena, hybrid, STR("f"), user)));
        }
        arena_close(&arena);
    }
}

/* ---- flags old SDKs cannot follow -------------------------------------------------------- */

static struct str old_reading(struct arena *arena, const struct flag *flag)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    superflag_append_old_reading(&writer, flag);
    json_object_end(&writer);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(what_an_old_sdk_cannot_follow_reads_as_off)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag =
        posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":30}}");
    struct prerequisite prerequisite = {.flag = STR("g")};
    struct flag other;
    flag->fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("on")};
    CHECK_STR(old_reading(&arena, flag), STR("{\"value\":true}"));
    other = *flag, other.is_enabled = false;
    CHECK_STR(old_reading(&arena, &other), STR("{\"value\":false}"));
    other = *flag, other.schedule.start = STR("2031-01-01T00:00:00Z");
    CHECK_STR(old_reading(&arena, &other), STR("{\"value\":false}"));
    other = *flag, other.prerequisites = &prerequisite, other.prerequisite_count = 1;
    CHECK_STR(old_reading(&arena, &other), STR("{\"value\":false}"));
    other = *flag, other.fallthrough.kind = SERVE_PROGRESSIVE;
    CHECK_STR(old_reading(&arena, &other), STR("{\"value\":false}"));
    other = *flag, other.fallthrough.kind = SERVE_PROGRESSIVE_BUCKET;
    CHECK_STR(old_reading(&arena, &other), STR("{\"value\":false}"));
    arena_close(&arena);
}

TEST(tickets_nobody_owns_go_to_the_off_variation)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag =
        posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":30}}");
    flag->fallthrough.split.allocation_count = 1;
    CHECK_STR(old_reading(&arena, flag),
              STR("{\"value\":false,\"variants\":[{\"value\":true,\"weight\":30,\"name\":\"on\"},"
                  "{\"value\":false,\"weight\":70,\"name\":\"off\"}]}"));
    flag->fallthrough.split.bucket_by = STR("account.id");
    CHECK_STR(old_reading(&arena, flag), STR("{\"value\":false}"));
    arena_close(&arena);
}

/* What a document of the legacy form would deal to others is not in it (section 11). */
TEST(a_split_is_exact_with_the_one_salt_and_all_its_tickets)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag *flag =
        posted(&arena, "f", "{\"type\":\"bool\",\"value\":true,\"rollout\":{\"percentage\":30}}");
    flag->variations[0].name = STR("On"); /* no shape of the form's own, but it says as much */
    CHECK(!superflag_is_legacy(flag));
    CHECK(superflag_read_as_old(flag).is_exact);
    flag->fallthrough.split.salt = STR("2031");
    CHECK(!superflag_read_as_old(flag).is_exact);
    flag->fallthrough.split.salt = (struct str){0};
    CHECK(!superflag_read_as_old(flag).is_exact);
    flag->fallthrough.split.salt = STR("legacy");
    flag->fallthrough.split.allocations[1].weight--;
    CHECK(!superflag_read_as_old(flag).is_exact);
    arena_close(&arena);
}

TESTS(switching_between_legacy_and_hybrid_moves_nobody,
      old_and_new_sdks_see_the_same_values_in_the_same_shares,
      an_old_sdk_reads_a_hybrid_as_it_read_the_legacy_document,
      what_an_old_sdk_cannot_follow_reads_as_off, tickets_nobody_owns_go_to_the_off_variation,
      a_split_is_exact_with_the_one_salt_and_all_its_tickets)
