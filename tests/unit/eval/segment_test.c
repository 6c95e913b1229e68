/* SPDX-License-Identifier: Apache-2.0 */
/* segment - who is in, who is out, and what happens when segments ask each other. */
#include "eval/evaluation.h"
#include "fixture.h"

static void expect_member(struct fixture *fixture, const char *segment, const char *subject,
                          const char *attributes, bool is_member, const char *matched)
{
    struct context *context = fixture_subject(fixture, subject, attributes);
    struct membership membership = evaluate_segment(fixture->ruleset, str_of(segment), context,
                                                    fixture->now_ms, &fixture->arena);
    CHECK(membership.is_found);
    CHECK_INT(membership.is_member, is_member);
    struct str joined = STR("");
    for (size_t i = 0; i < membership.segment_count; i++)
        joined = arena_format(&fixture->arena, "%.*s%s%.*s", STR_ARG(joined), i > 0 ? " " : "",
                              STR_ARG(membership.segments[i]));
    CHECK_STR(joined, str_of(matched));
}

static struct fixture *open_segments(void)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "any", "{}");
    fixture_segment(fixture, "both", "{'included':['u-x'],'excluded':['u-x']}");
    fixture_segment(fixture, "eu",
                    "{'rules':[{'op':'match','attribute':'country','operator':'in',"
                    "'value':['DE','FR','NL']}]}");
    fixture_segment(fixture, "eu-staff",
                    "{'rules':[{'op':'all','expressions':[{'op':'segment','segment':'staff'},"
                    "{'op':'segment','segment':'eu'}]}]}");
    fixture_segment(fixture, "hollow", "{}");
    fixture_segment(fixture, "loop-a", "{'rules':[{'op':'segment','segment':'loop-b'}]}");
    fixture_segment(fixture, "loop-b",
                    "{'included':['u-loop'],'rules':[{'op':'segment','segment':'loop-a'}]}");
    fixture_segment(fixture, "not-eu", "{'rules':[{'op':'segment','segment':'eu','negate':true}]}");
    fixture_segment(fixture, "not-loop",
                    "{'rules':[{'op':'not','expression':{'op':'segment','segment':'loop-a'}}]}");
    fixture_segment(fixture, "staff",
                    "{'included':['u-ada','u-lin'],'excluded':['u-bob'],'rules':["
                    "{'op':'match','attribute':'email','operator':'endsWith',"
                    "'value':'@acme.test'},{'op':'match','attribute':'badge','operator':'gt',"
                    "'value':100}]}");
    return fixture;
}

TEST(lists_and_rules_admit_and_exclusion_wins)
{
    struct fixture *fixture = open_segments();
    expect_member(fixture, "staff", "u-ada", NULL, true, "staff");
    expect_member(fixture, "staff", "u-9", "{'email':'z@acme.test'}", true, "staff");
    expect_member(fixture, "staff", "u-9", "{'badge':101}", true, "staff");
    expect_member(fixture, "staff", "u-9", "{'badge':100}", false, "");
    expect_member(fixture, "staff", "u-bob", "{'email':'b@acme.test'}", false, "");
    expect_member(fixture, "both", "u-x", NULL, false, "");
    expect_member(fixture, "hollow", "u-x", NULL, false, "");
    expect_member(fixture, "staff", "", NULL, false, "");
    fixture_close(fixture);
}

TEST(nested_segments_that_said_yes_are_listed)
{
    struct fixture *fixture = open_segments();
    expect_member(fixture, "eu-staff", "u-lin", "{'country':'FR'}", true, "eu eu-staff staff");
    expect_member(fixture, "eu-staff", "u-lin", "{'country':'US'}", false, "staff");
    expect_member(fixture, "not-eu", "u-1", "{'country':'US'}", true, "not-eu");
    expect_member(fixture, "not-eu", "u-1", "{'country':'DE'}", false, "eu");
    fixture_close(fixture);
}

TEST(meeting_a_segment_again_says_no)
{
    struct fixture *fixture = open_segments();
    expect_member(fixture, "loop-a", "u-1", NULL, false, "");
    expect_member(fixture, "loop-b", "u-1", NULL, false, "");
    expect_member(fixture, "loop-a", "u-loop", NULL, true, "loop-a loop-b");
    expect_member(fixture, "not-loop", "u-1", NULL, true, "not-loop");
    expect_member(fixture, "not-loop", "u-loop", NULL, false, "loop-a loop-b");
    fixture_close(fixture);
}

TEST(an_unknown_segment_is_not_found)
{
    struct fixture *fixture = open_segments();
    struct context *context = fixture_subject(fixture, "u-1", NULL);
    struct membership membership =
        evaluate_segment(fixture->ruleset, STR("zz"), context, 0, &fixture->arena);
    CHECK(!membership.is_found);
    CHECK(!membership.is_member);
    CHECK_INT(membership.segment_count, 0);
    fixture_close(fixture);
}

/* What a walk from inside a cycle found out is about that walk alone: both orders agree. */
TEST(a_cycle_answers_the_same_in_any_order)
{
    struct fixture *fixture = fixture_open();
    static const char *const rules[] = {"'a'", "'b'", "'c'"};
    for (size_t i = 0; i < COUNT_OF(rules); i++) {
        char key[8];
        char text[512];
        snprintf(key, sizeof(key), "flag-%zu", i);
        snprintf(text, sizeof(text),
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':"
                 "{'op':'segment','segment':%s},'serve':{'variation':'on'}}]}",
                 rules[i]);
        fixture_flag(fixture, key, text);
    }
    fixture_segment(fixture, "a", "{'rules':[{'op':'segment','segment':'b','negate':true}]}");
    fixture_segment(fixture, "b", "{'rules':[{'op':'segment','segment':'c'}]}");
    fixture_segment(fixture, "c", "{'rules':[{'op':'segment','segment':'a'}]}");
    bool expected[3];
    for (size_t i = 0; i < 3; i++) {
        struct context *context = fixture_subject(fixture, "u-1", NULL);
        expected[i] = evaluate_flag(&fixture->ruleset->flags[i], context, 0, NULL).variation == 1;
    }
    CHECK(expected[0]); /* a: not b, b: c, c: a again, which says no */
    CHECK(expected[1]); /* b: c, c: a, a: not b again */
    CHECK(expected[2]);
    static const size_t orders[][3] = {{0, 1, 2}, {2, 1, 0}, {1, 0, 2}, {1, 2, 0}};
    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        struct context *context = fixture_subject(fixture, "u-1", NULL);
        for (size_t j = 0; j < 3; j++) {
            size_t at = orders[i][j];
            bool is_on =
                evaluate_flag(&fixture->ruleset->flags[at], context, 0, NULL).variation == 1;
            CHECK_INT(is_on, expected[at]);
        }
    }
    fixture_close(fixture);
}

TEST(large_lists_answer_as_small_ones)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "any", "{}");
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{'included':['u-0'"));
    for (int i = 1; i < 5000; i++)
        buf_append_format(&text, ",'u-%d'", i);
    buf_append(&text, STR("],'excluded':['u-7'"));
    for (int i = 1; i < 100; i++)
        buf_append_format(&text, ",'v-%d'", i);
    buf_append(&text, STR("]}"));
    buf_append_byte(&text, '\0');
    fixture_segment(fixture, "large", text.data);
    buf_close(&text);
    expect_member(fixture, "large", "u-0", NULL, true, "large");
    expect_member(fixture, "large", "u-4999", NULL, true, "large");
    expect_member(fixture, "large", "u-5000", NULL, false, "");
    expect_member(fixture, "large", "u-7", NULL, false, "");
    expect_member(fixture, "large", "v-7", NULL, false, "");
    fixture_close(fixture);
}

/* 500 segments, each asking the two behind it: 2 to the 250 walks without a memory. */
TEST(a_deep_web_of_segments_is_walked_once)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':"
                 "{'op':'segment','segment':'s-000'},'serve':{'variation':'on'}}]}");
    for (int i = 0; i < 500; i++) {
        char key[16];
        char text[256];
        snprintf(key, sizeof(key), "s-%03d", i);
        snprintf(text, sizeof(text),
                 "{'rules':[{'op':'segment','segment':'s-%03d'},"
                 "{'op':'segment','segment':'s-%03d'}]}",
                 i + 1, i + 2);
        fixture_segment(fixture, key, i < 499 ? text : "{'included':['u-in']}");
    }
    fixture_expect(fixture, "flag", "u-in", NULL, "on", REASON_TARGETING_MATCH);
    CHECK_INT(fixture->trace.segment_count, 500);
    fixture_expect(fixture, "flag", "u-out", NULL, "off", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

/* Everybody asks everybody: no write lets it through, and it ends. */
TEST(a_web_of_cycles_ends)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'segment','segment':'s-00'},"
                 "'serve':{'variation':'off'}}]}");
    for (int i = 0; i < 30; i++) {
        struct buf text;
        buf_open(&text, SIZE_MAX);
        buf_append(&text, STR("{'rules':["));
        for (int j = 0; j < 30; j++)
            buf_append_format(&text, "%s{'op':'segment','segment':'s-%02d'}", j > 0 ? "," : "", j);
        buf_append(&text, STR("]}"));
        buf_append_byte(&text, '\0');
        char key[16];
        snprintf(key, sizeof(key), "s-%02d", i);
        fixture_segment(fixture, key, text.data);
        buf_close(&text);
    }
    fixture_expect(fixture, "flag", "u-1", NULL, "on", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(a_second_question_does_not_show_the_segments_of_the_first)
{
    struct fixture *fixture = open_segments();
    struct context *context = fixture_subject(fixture, "u-ada", "{'country':'DE'}");
    struct membership first = evaluate_segment(fixture->ruleset, STR("eu-staff"), context,
                                               fixture->now_ms, &fixture->arena);
    CHECK_INT(first.segment_count, 3);
    struct membership second =
        evaluate_segment(fixture->ruleset, STR("staff"), context, fixture->now_ms, &fixture->arena);
    CHECK(second.is_member);
    CHECK_INT(second.segment_count, 1);
    CHECK_STR(second.segments[0], STR("staff"));
    size_t count = 3; /* of another question */
    CHECK_STR(segments_matched(context, &fixture->arena, &count)[0], STR("staff"));
    CHECK_INT(count, 1);
    fixture_close(fixture);
}

TESTS(a_second_question_does_not_show_the_segments_of_the_first,
      lists_and_rules_admit_and_exclusion_wins, nested_segments_that_said_yes_are_listed,
      meeting_a_segment_again_says_no, an_unknown_segment_is_not_found,
      a_cycle_answers_the_same_in_any_order, large_lists_answer_as_small_ones,
      a_deep_web_of_segments_is_walked_once, a_web_of_cycles_ends)
