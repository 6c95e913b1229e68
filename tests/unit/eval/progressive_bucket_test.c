/* SPDX-License-Identifier: Apache-2.0 */
/* progressive_bucket - slices whose ends move in whole percents, from instant to instant. */
#include "fixture.h"

#include "eval/bucket.h"
#include "eval/hash.h"

enum { PEOPLE = 400, MINUTE_MS = 60000 };

#define START "2031-03-10T00:00:00Z"
#define END "2031-03-10T01:40:00Z" /* a hundred minutes */
#define PROGRESSIVE(members)                                                                       \
    "{'progressiveBucket':{'start':'" START "','end':'" END "'," members "}}"
#define ALONE(from, to)                                                                            \
    PROGRESSIVE("'slices':[{'from':" from ",'to':" to ",'variations':["                            \
                "{'variation':'on','weight':1},{'variation':'b','weight':3}]}],'otherwise':'off'")

/* The percent of a subject of a fixture's flag: what its salt is, is there. */
static uint32_t percent_of(struct arena *arena, struct str subject)
{
    return hash_murmur3_32(arena_format(arena, "Qm2ZtY8w/%.*s", STR_ARG(subject)), 0) % 100;
}

static struct str person(struct fixture *fixture, uint32_t number)
{
    return arena_format(&fixture->arena, "rider-%u", number);
}

static struct str ask_at(struct fixture *fixture, const char *flag, struct str subject,
                         int64_t now_ms)
{
    struct context *context = fixture_subject(fixture, subject.data, NULL);
    struct decision decision = evaluate(fixture->ruleset, str_of(flag), context, now_ms, NULL);
    CHECK_STR(reason_name(decision.reason), STR("SPLIT"));
    return fixture_variation(decision);
}

TEST(an_end_moves_on_a_straight_line_in_whole_percents)
{
    struct schedule way = {.start_ms = 1000, .end_ms = 2000};
    CHECK_INT(bucket_percent_at(10, 60, &way, INT64_MIN), 10);
    CHECK_INT(bucket_percent_at(10, 60, &way, 1000), 10);
    CHECK_INT(bucket_percent_at(10, 60, &way, 1019), 10);
    CHECK_INT(bucket_percent_at(10, 60, &way, 1020), 11);
    CHECK_INT(bucket_percent_at(10, 60, &way, 1500), 35);
    CHECK_INT(bucket_percent_at(10, 60, &way, 1999), 59);
    CHECK_INT(bucket_percent_at(10, 60, &way, 2000), 60);
    CHECK_INT(bucket_percent_at(10, 60, &way, INT64_MAX), 60);
    CHECK_INT(bucket_percent_at(60, 10, &way, 1001), 59);
    CHECK_INT(bucket_percent_at(60, 10, &way, 1980), 11);
    CHECK_INT(bucket_percent_at(60, 10, &way, 1981), 10);
    CHECK_INT(bucket_percent_at(7, 7, &way, 1333), 7);
}

/* Over all the years there are, without a rounding error: floor of what is gone in hundredths. */
TEST(a_way_of_any_length_is_exact)
{
    struct schedule way = {
        .start_ms = fixture_moment("0001-01-01T00:00:00Z"),
        .end_ms = fixture_moment("9999-12-31T23:59:59.999Z"),
    };
    int64_t whole = way.end_ms - way.start_ms;
    for (uint32_t percent = 1; percent <= 100; percent++) {
        int64_t first = way.start_ms + (whole * percent + 99) / 100;
        CHECK_INT(bucket_percent_at(0, 100, &way, first), percent);
        CHECK_INT(bucket_percent_at(0, 100, &way, first - 1), percent - 1);
    }
}

TEST(a_growing_slice_admits_newcomers_and_lets_nobody_go)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f", "{'fallthrough':" ALONE("5", "90") "}");
    int64_t start_ms = fixture_moment(START);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct str subject = person(fixture, i);
        uint32_t percent = percent_of(&fixture->arena, subject);
        struct str kept = STR("off");
        for (int64_t minute = -1; minute <= 101; minute++) {
            uint32_t gone = minute < 0 ? 0 : minute > 100 ? 100 : (uint32_t)minute;
            struct str got = ask_at(fixture, "f", subject, start_ms + minute * MINUTE_MS);
            CHECK(str_equal(got, STR("off")) == (percent >= 5 + 85 * gone / 100));
            CHECK(str_equal(kept, STR("off")) || str_equal(kept, got));
            kept = got;
        }
    }
    fixture_close(fixture);
}

/* At both ends, and before and behind, it is the bucket that says those percents. */
TEST(at_its_ends_it_is_the_bucket_with_those_percents)
{
#define TWO(first, second, slice)                                                                  \
    "'bucketBy':'/context/user/user_id','salt':'salted','slices':[{" slice(                        \
        first) ",'variations':[{'variation':'on','weight':1},{'variation':'b','weight':1}]},"      \
               "{" slice(second) ",'variations':[{'variation':'b','weight':1},{'weight':1}]}],'"   \
                                 "otherwise':'off'"
#define FIXED(percents) FIXED_OF percents
#define FIXED_OF(from, to) "'percent':" from
#define MOVING(percents) MOVING_OF percents
#define MOVING_OF(from, to) "'from':" from ",'to':" to
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "after",
                      "{'fallthrough':{'bucket':{" TWO(("70", ""), ("5", ""), FIXED) "}}}");
    fixture_text_flag(fixture, "before",
                      "{'fallthrough':{'bucket':{" TWO(("20", ""), ("30", ""), FIXED) "}}}");
    fixture_text_flag(fixture, "f",
                      "{'fallthrough':" PROGRESSIVE(TWO(("20", "70"), ("30", "5"), MOVING)) "}");
    int64_t start_ms = fixture_moment(START);
    int64_t end_ms = fixture_moment(END);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct str subject = person(fixture, i);
        struct str before = ask_at(fixture, "before", subject, start_ms);
        struct str after = ask_at(fixture, "after", subject, start_ms);
        CHECK_STR(ask_at(fixture, "f", subject, start_ms - 86400000), before);
        CHECK_STR(ask_at(fixture, "f", subject, start_ms), before);
        CHECK_STR(ask_at(fixture, "f", subject, end_ms), after);
        CHECK_STR(ask_at(fixture, "f", subject, end_ms + 86400000), after);
    }
    fixture_close(fixture);
}

/* What grows from the right of a slice that shrinks takes from it and from nobody else. */
TEST(slices_share_the_end_between_them)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f",
                      "{'fallthrough':" PROGRESSIVE(
                          "'slices':[{'from':80,'to':10,'variations':[{'variation':'on',"
                          "'weight':1}]},{'from':20,'to':90,'variations':[{'variation':'b',"
                          "'weight':1}]}],'otherwise':'off'") "}");
    int64_t start_ms = fixture_moment(START);
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct str subject = person(fixture, i);
        uint32_t percent = percent_of(&fixture->arena, subject);
        for (int64_t minute = 0; minute <= 100; minute += 9) {
            struct str got = ask_at(fixture, "f", subject, start_ms + minute * MINUTE_MS);
            uint32_t end = (uint32_t)((80 * (100 - minute) + 10 * minute) / 100);
            CHECK_STR(got, percent < end ? STR("on") : STR("b"));
        }
    }
    fixture_close(fixture);
}

TEST(a_rule_may_serve_it_and_what_is_nobodys_passes_on)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f",
                      "{'fallthrough':{'variation':'b'},'rules':[{'id':'r','when':{'op':'all',"
                      "'expressions':[]},'serve':" PROGRESSIVE(
                          "'slices':[{'from':0,'to':100,'variations':[{'variation':'on',"
                          "'weight':1}]}]") "}]}");
    fixture->now_ms = fixture_moment(START);
    fixture_expect(fixture, "f", "u", NULL, "b", REASON_FALLTHROUGH);
    fixture->now_ms = fixture_moment(END);
    fixture_expect(fixture, "f", "u", NULL, "on", REASON_SPLIT);
    fixture_expect(fixture, "f", NULL, NULL, "b", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(a_trace_says_where_the_slice_lies_at_that_moment)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f",
                      "{'fallthrough':" PROGRESSIVE(
                          "'slices':[{'from':0,'to':10,'variations':[{'variation':'b',"
                          "'weight':1}]},{'from':0,'to':60,'variations':[{'variation':'on',"
                          "'weight':1}]}],'otherwise':'off'") "}");
    fixture->now_ms = fixture_moment(START) + 50 * MINUTE_MS;
    const struct trace *trace = &fixture->trace;
    bool has_met[3] = {false};
    for (uint32_t i = 0; i < PEOPLE; i++) {
        struct str subject = person(fixture, i);
        uint32_t percent = percent_of(&fixture->arena, subject);
        size_t slice = percent < 5 ? 0 : percent < 35 ? 1 : 2;
        static const uint32_t ends[] = {0, 5, 35, 100};
        struct decision decision = fixture_ask(fixture, "f", subject.data, NULL);
        CHECK_STR(fixture_variation(decision), slice == 0   ? STR("b")
                                               : slice == 1 ? STR("on")
                                                            : STR("off"));
        CHECK_INT(trace->serve->kind, SERVE_PROGRESSIVE_BUCKET);
        CHECK(trace->has_percent);
        CHECK_INT(trace->percent, percent);
        CHECK_INT(trace->slice_start, ends[slice]);
        CHECK_INT(trace->slice_end, ends[slice + 1]);
        CHECK_INT(trace->allocation_count, slice < 2 ? 1 : 0);
        has_met[slice] = true;
    }
    CHECK(has_met[0]);
    CHECK(has_met[1]);
    CHECK(has_met[2]);
    fixture_close(fixture);
}

TESTS(an_end_moves_on_a_straight_line_in_whole_percents, a_way_of_any_length_is_exact,
      a_growing_slice_admits_newcomers_and_lets_nobody_go,
      at_its_ends_it_is_the_bucket_with_those_percents, slices_share_the_end_between_them,
      a_rule_may_serve_it_and_what_is_nobodys_passes_on,
      a_trace_says_where_the_slice_lies_at_that_moment)
