/* SPDX-License-Identifier: Apache-2.0 */
/* bucket - weights as ranges, tickets as variations, and what an explanation says of them. */
#include "fixture.h"

#include "eval/bucket.h"
#include "eval/hash.h"

enum { ALLOCATIONS_MAX = 8 };

/* ---- ranges ---------------------------------------------------------------------------------- */

static size_t ranges_of(const uint32_t *weights, size_t count, struct bucket_range *ranges)
{
    static const struct str names[ALLOCATIONS_MAX] = {{"a", 1}, {"b", 1}, {"c", 1}, {"d", 1},
                                                      {"e", 1}, {"f", 1}, {"g", 1}, {"h", 1}};
    struct allocation allocations[ALLOCATIONS_MAX];
    for (size_t i = 0; i < count; i++)
        allocations[i] = (struct allocation){names[i], weights[i]};
    struct slice slice = {.percent = 100, .allocations = allocations, .allocation_count = count};
    return bucket_ranges(&slice, ranges);
}

TEST(weights_become_the_ranges_that_were_observed)
{
    struct bucket_range ranges[ALLOCATIONS_MAX];
    CHECK_INT(ranges_of((const uint32_t[]){1, 99}, 2, ranges), 2);
    CHECK_INT(ranges[0].start, 0);
    CHECK_INT(ranges[0].end, 429497);
    CHECK_INT(ranges[1].start, 429496);
    CHECK_INT(ranges[1].end, 42949673);
    CHECK_INT(ranges_of((const uint32_t[]){99, 1}, 2, ranges), 2);
    CHECK_INT(ranges[0].end, 42520177);
    CHECK_INT(ranges[1].start, 42520175);
}

TEST(a_weight_of_nothing_has_no_range_unless_all_have_none)
{
    struct bucket_range ranges[ALLOCATIONS_MAX];
    CHECK_INT(ranges_of((const uint32_t[]){0, 5, 0}, 3, ranges), 1);
    CHECK_STR(ranges[0].variation, STR("b"));
    CHECK_INT(ranges[0].end, BUCKET_TICKETS);
    CHECK_INT(ranges_of((const uint32_t[]){0, 0, 0}, 3, ranges), 3);
    CHECK_INT(ranges[0].end, 14316558);
    CHECK_INT(ranges_of(NULL, 0, ranges), 0);
}

TEST(ranges_cover_every_ticket_whatever_the_weights)
{
    uint32_t seed = 11;
    for (int round = 0; round < 2000; round++) {
        uint32_t weights[ALLOCATIONS_MAX];
        struct bucket_range ranges[ALLOCATIONS_MAX];
        size_t count = 1 + round % ALLOCATIONS_MAX;
        for (size_t i = 0; i < count; i++) {
            seed = seed * 1664525 + 1013904223;
            weights[i] = seed % (round % 3 == 0 ? UINT32_MAX : 100);
        }
        size_t range_count = ranges_of(weights, count, ranges);
        CHECK(range_count >= 1);
        CHECK_INT(ranges[0].start, 0);
        for (size_t i = 1; i < range_count; i++) {
            CHECK(ranges[i].start <= ranges[i - 1].end);
            CHECK(ranges[i].start + 2 >= ranges[i - 1].end);
            CHECK(ranges[i].end >= ranges[i - 1].end);
        }
        CHECK_INT(ranges[range_count - 1].end, BUCKET_TICKETS);
    }
}

/* A stretch of tickets per weight comes back ticket for ticket, with nobody's kept from all. */
TEST(tickets_as_weights_are_ranges_without_loss)
{
    struct allocation allocations[] = {{STR("a"), 1000}, {{0}, 41948673}, {STR("b"), 1000000}};
    struct slice slice = {
        .percent = 100, .allocations = allocations, .allocation_count = COUNT_OF(allocations)};
    struct bucket_range ranges[3];
    CHECK_INT(bucket_ranges(&slice, ranges), 3);
    CHECK_INT(ranges[0].end, 1000);
    CHECK(str_is_absent(ranges[1].variation));
    CHECK_INT(ranges[1].end, 41949673);
    CHECK_INT(ranges[2].start, 41949673);
    CHECK_INT(ranges[2].end, BUCKET_TICKETS);
}

TEST(a_bucket_takes_what_it_does_not_say_from_its_flag)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag flag = {.bucket_by = STR("/context/user/user_id"), .salt = STR("flag")};
    struct bucket bucket = {0};
    CHECK_STR(bucket_selector(&arena, &flag, &bucket), STR("/context/user/user_id"));
    CHECK_STR(bucket_salt(&flag, &bucket), STR("flag"));
    flag.bucketing_unit = STR("org/unit");
    CHECK_STR(bucket_selector(&arena, &flag, &bucket), STR("/context/groups/org~1unit/group_name"));
    flag.bucketing_unit = (struct str){0};
    bucket.bucket_by = STR("/context/user/device_id");
    bucket.salt = STR("");
    CHECK_STR(bucket_selector(&arena, &flag, &bucket), STR("/context/user/device_id"));
    CHECK_STR(bucket_salt(&flag, &bucket), STR(""));
    arena_close(&arena);
}

/* A group has one answer, whoever of its people asks. */
TEST(a_flag_of_groups_buckets_by_nothing_of_a_person)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct flag flag = {.bucket_by = STR("/context/user/user_id"), .bucketing_unit = STR("org")};
    struct bucket bucket = {.bucket_by = STR("/context/user/device_id")};
    CHECK_STR(bucket_selector(&arena, &flag, &bucket), STR("/context/groups/org/group_name"));
    bucket.bucket_by = STR("/context/groups/org/group_properties/tier");
    CHECK_STR(bucket_selector(&arena, &flag, &bucket), bucket.bucket_by);
    arena_close(&arena);
}

/* ---- deciding -------------------------------------------------------------------------------- */

#define BUCKET(slices, otherwise)                                                                  \
    "{'fallthrough':{'bucket':{" otherwise "'salt':'Qm2ZtY8w','slices':[" slices "]}}}"

/* The hash of "Qm2ZtY8w/<key>", as the rules have it. */
static uint32_t hash_of(const char *key)
{
    char text[64];
    int size = snprintf(text, sizeof(text), "Qm2ZtY8w/%s", key);
    return hash_murmur3_32((struct str){text, (size_t)size}, 0);
}

TEST(percent_and_ticket_choose_slice_and_share)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "f",
        BUCKET("{'percent':30,'variations':[{'variation':'on','weight':1},"
               "{'variation':'b','weight':3}]},{'percent':20,'variations':[{'weight':1}]},"
               "{'percent':10,'variations':[]},{'percent':30,'variations':[{'variation':'on',"
               "'weight':1}]}",
               "'otherwise':'off',"));
    size_t met[3] = {0};
    for (int i = 0; i < 2000; i++) {
        char key[16];
        snprintf(key, sizeof(key), "u-%d", i);
        uint32_t hash = hash_of(key);
        uint32_t percent = hash % 100;
        const char *expected = "off";
        if (percent < 30)
            expected = hash / 100 < 10737419 ? "on" : "b";
        else if (percent >= 60 && percent < 90)
            expected = "on";
        struct decision decision = fixture_ask(fixture, "f", key, NULL);
        CHECK_STR(fixture_variation(decision), str_of(expected));
        CHECK_INT(decision.reason, REASON_SPLIT);
        CHECK(fixture->trace.has_ticket);
        CHECK_INT(fixture->trace.percent, percent);
        CHECK_INT(fixture->trace.ticket, hash / 100);
        met[decision.variation]++;
    }
    CHECK(met[0] > 0);
    CHECK(met[1] > 0);
    CHECK(met[2] > 0);
    fixture_close(fixture);
}

TEST(a_rollout_admits_newcomers_and_never_evicts)
{
    bool was_in[500] = {false};
    for (uint32_t percent = 0; percent <= 100; percent += 10) {
        struct fixture *fixture = fixture_open();
        struct str text =
            arena_format(&fixture->arena,
                         BUCKET("{'percent':%u,'variations':[{'variation':'on','weight':1}]}",
                                "'otherwise':'off',"),
                         percent);
        fixture_text_flag(fixture, "f", text.data);
        for (int i = 0; i < 500; i++) {
            char key[16];
            snprintf(key, sizeof(key), "u-%d", i);
            struct context *context = fixture_subject(fixture, key, NULL);
            bool is_in =
                evaluate(fixture->ruleset, STR("f"), context, fixture->now_ms, NULL).variation == 0;
            CHECK(is_in || !was_in[i]);
            was_in[i] = is_in;
        }
        fixture_close(fixture);
    }
    for (int i = 0; i < 500; i++)
        CHECK(was_in[i]);
}

TEST(nobody_and_nothing_get_otherwise)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "lost",
                      BUCKET("{'percent':100,'variations':[{'variation':'on','weight':1}]}", ""));
    fixture_text_flag(
        fixture, "off",
        BUCKET("{'percent':100,'variations':[{'variation':'on','weight':1}]}", "'otherwise':'b',"));
    fixture_expect(fixture, "off", NULL, NULL, "b", REASON_SPLIT);
    CHECK(!fixture->trace.has_ticket);
    fixture_expect(fixture, "off", "", NULL, "b", REASON_SPLIT);
    fixture_expect(fixture, "off", "u", NULL, "on", REASON_SPLIT);
    CHECK_INT(fixture_ask(fixture, "lost", NULL, NULL).error, DECISION_NO_VARIATION);
    fixture_close(fixture);
}

#define BY(selector)                                                                               \
    "{'bucketBy':'" selector "','fallthrough':{'bucket':{'otherwise':'off','slices':[{"            \
    "'percent':100,'variations':[{'variation':'on','weight':1},{'variation':'b','weight':1}]}]}}}"

/* Numbers, booleans and lists are hashed as the text they are. */
TEST(a_subject_is_hashed_as_text)
{
    static const struct {
        const char *tree, *text;
    } subjects[] = {{"{'user':{'p':'1234567890'}}", "1234567890"},
                    {"{'user':{'p':1234567890}}", "1234567890"},
                    {"{'user':{'p':true}}", "true"},
                    {"{'user':{'p':['a', 1]}}", "[\"a\",1]"},
                    {"{'user':{'p':'[1, 2]'}}", "[1, 2]"},
                    {"{'user':{'p':{'k': 1}}}", "{\"k\":1}"}};
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f", BY("/context/user/p"));
    for (size_t i = 0; i < COUNT_OF(subjects); i++) {
        uint32_t ticket = hash_of(subjects[i].text) / 100;
        struct decision decision = fixture_ask_user(fixture, "f", subjects[i].tree);
        CHECK_INT(fixture->trace.ticket, ticket);
        CHECK_STR(fixture_variation(decision), ticket < 21474837 ? STR("on") : STR("b"));
    }
    fixture_close(fixture);
}

TEST(groups_are_bucketed_by_their_name)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f",
                      "{'bucketingUnit':'org','fallthrough':{'bucket':{'otherwise':'off','slices':"
                      "[{'percent':100,'variations':[{'variation':'on','weight':1}]}]}}}");
    fixture_expect_user(fixture, "f", "{'groups':{'org':{'group_name':'acme'}}}", "on",
                        REASON_SPLIT);
    CHECK_INT(fixture->trace.ticket, hash_of("acme") / 100);
    CHECK_STR(fixture->trace.bucket_by, STR("/context/groups/org/group_name"));
    fixture_expect_user(fixture, "f", "{'user':{'user_id':'acme'}}", "off", REASON_SPLIT);
    fixture_close(fixture);
}

TEST(a_trace_says_how_the_ticket_fell)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "f",
        BUCKET("{'percent':100,'variations':[{'variation':'on','weight':1},{'weight':1},"
               "{'variation':'b','weight':2}]}",
               "'otherwise':'off',"));
    fixture_ask(fixture, "f", "ana", NULL);
    const struct trace *trace = &fixture->trace;
    CHECK(trace->has_percent);
    CHECK_STR(trace->salt, STR("Qm2ZtY8w"));
    CHECK_STR(trace->bucket_by, STR("/context/user/user_id"));
    CHECK_INT(trace->allocation_count, 3);
    CHECK_STR(trace->allocations[0].variation, STR("on"));
    CHECK_INT(trace->allocations[0].end, 10737419);
    CHECK_STR(trace->allocations[1].variation, STR(""));
    CHECK_INT(trace->allocations[2].start, trace->allocations[1].end);
    CHECK_INT(trace->allocations[2].end, BUCKET_TICKETS);
    CHECK_INT(trace->serve->kind, SERVE_BUCKET);
    fixture_close(fixture);
}

/* ---- the hash -------------------------------------------------------------------------------- */

TEST(a_hash_begun_and_finished_is_the_hash_of_the_whole)
{
    static const char text[] = "0123456789 \xE6\x97\xA5 and some more of it";
    for (size_t size = 0; size < sizeof(text); size++) {
        struct str whole = {text, size};
        uint32_t expected = hash_murmur3_32(whole, 7);
        for (size_t at = 0; at <= size; at++) {
            struct hash_murmur3 begun = hash_murmur3_begin(str_slice(whole, 0, at), 7);
            CHECK_INT(hash_murmur3_finish(&begun, str_slice(whole, at, size)), expected);
            size_t middle = at + (size - at) / 2;
            begun = hash_murmur3_continue(&begun, str_slice(whole, at, middle));
            CHECK_INT(hash_murmur3_finish(&begun, str_slice(whole, middle, size)), expected);
        }
    }
}

TESTS(weights_become_the_ranges_that_were_observed,
      a_weight_of_nothing_has_no_range_unless_all_have_none,
      ranges_cover_every_ticket_whatever_the_weights, tickets_as_weights_are_ranges_without_loss,
      a_bucket_takes_what_it_does_not_say_from_its_flag,
      a_flag_of_groups_buckets_by_nothing_of_a_person, percent_and_ticket_choose_slice_and_share,
      a_rollout_admits_newcomers_and_never_evicts, nobody_and_nothing_get_otherwise,
      a_subject_is_hashed_as_text, groups_are_bucketed_by_their_name,
      a_trace_says_how_the_ticket_fell, a_hash_begun_and_finished_is_the_hash_of_the_whole)
