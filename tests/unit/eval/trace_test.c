/* SPDX-License-Identifier: Apache-2.0 */
/* trace - what an explanation is told. */
#include "fixture.h"

static struct str joined_segments(struct fixture *fixture)
{
    struct str joined = STR("");
    for (size_t i = 0; i < fixture->trace.segment_count; i++)
        joined = arena_format(&fixture->arena, "%.*s%s%.*s", STR_ARG(joined), i > 0 ? " " : "",
                              STR_ARG(fixture->trace.segments[i]));
    return joined;
}

TEST(the_serving_rule_s_segments_are_listed_once_each)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'first','when':{'op':'all','expressions':[{'op':'segment',"
                 "'segment':'z'},{'op':'segment','segment':'nobody'}]},"
                 "'serve':{'variation':'off'}},{'id':'second','when':{'op':'all',"
                 "'expressions':[{'op':'segment','segment':'outer'},{'op':'segment',"
                 "'segment':'inner'},{'op':'not','expression':{'op':'not',"
                 "'expression':{'op':'segment','segment':'a'}}}]},"
                 "'serve':{'variation':'off'}}]}");
    fixture_segment(fixture, "a", "{'included':['u-1']}");
    fixture_segment(fixture, "inner", "{'included':['u-1']}");
    fixture_segment(fixture, "nobody", "{}");
    fixture_segment(fixture, "outer", "{'rules':[{'op':'segment','segment':'inner'}]}");
    fixture_segment(fixture, "z", "{'included':['u-1']}");
    fixture_expect(fixture, "flag", "u-1", NULL, "off", REASON_TARGETING_MATCH);
    CHECK_STR(joined_segments(fixture), STR("a inner outer"));
    fixture_expect(fixture, "flag", "u-2", NULL, "on", REASON_FALLTHROUGH);
    CHECK_INT(fixture->trace.segment_count, 0);
    fixture_close(fixture);
}

TEST(a_segment_that_said_yes_is_listed_though_a_not_turned_it)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'any','expressions':[{'op':'not',"
                 "'expression':{'op':'segment','segment':'a'}},{'op':'segment',"
                 "'segment':'b'}]},'serve':{'variation':'off'}}]}");
    fixture_segment(fixture, "a", "{'included':['u-1']}");
    fixture_segment(fixture, "b", "{'included':['u-1']}");
    fixture_expect(fixture, "flag", "u-1", NULL, "off", REASON_TARGETING_MATCH);
    CHECK_STR(joined_segments(fixture), STR("a b"));
    fixture_close(fixture);
}

TEST(segments_are_sorted_by_utf16_units)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'all','expressions':[{'op':'segment',"
                 "'segment':'x'},{'op':'segment','segment':'y'}]},"
                 "'serve':{'variation':'off'}}]}");
    fixture_segment(fixture, "x", "{'included':['u-1']}");
    fixture_segment(fixture, "y", "{'included':['u-1']}");
    /* U+FF5E is below U+1F680 in bytes and above its first surrogate in units. */
    struct str last = STR("\xEF\xBD\x9E");
    struct str first = STR("\xF0\x9F\x9A\x80");
    ((struct segment *)(uintptr_t)fixture->segments[0])->key = last;
    ((struct segment *)(uintptr_t)fixture->segments[1])->key = first;
    struct expression *when = &fixture->flags[0]->rules[0].when;
    when->children[0].segment = last;
    when->children[1].segment = first;
    fixture_expect(fixture, "flag", "u-1", NULL, "off", REASON_TARGETING_MATCH);
    CHECK_STR(fixture->trace.segments[0], first);
    CHECK_STR(fixture->trace.segments[1], last);
    fixture_close(fixture);
}

TEST(segments_of_a_prerequisite_are_its_own_affair)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "gate",
                 "{'rules':[{'id':'r','when':{'op':'segment','segment':'a'},"
                 "'serve':{'variation':'on'}}]}");
    fixture_flag(fixture, "gated",
                 "{'prerequisites':[{'flag':'gate','variations':['on']}],'rules':[{'id':'r',"
                 "'when':{'op':'segment','segment':'b'},'serve':{'variation':'off'}}]}");
    fixture_segment(fixture, "a", "{'included':['u-1']}");
    fixture_segment(fixture, "b", "{'included':['u-1']}");
    fixture_expect(fixture, "gated", "u-1", NULL, "off", REASON_TARGETING_MATCH);
    CHECK_STR(joined_segments(fixture), STR("b"));
    CHECK_INT(fixture->trace.prerequisite_count, 1);
    CHECK_INT(fixture->trace.prerequisites[0].reason, REASON_TARGETING_MATCH);
    fixture_close(fixture);
}

TEST(a_split_shows_ticket_and_shares)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "pct-quarter",
                 "{'fallthrough':{'rollout':{'variations':[{'variation':'on','weight':25000},"
                 "{'variation':'off','weight':75000}]}}}");
    fixture_flag(fixture, "salted",
                 "{'fallthrough':{'rollout':{'bucketBy':'account.id','salt':'s','variations':["
                 "{'variation':'on','weight':10},{'variation':'off','weight':20}]}}}");
    fixture_expect(fixture, "pct-quarter", "member-28135", NULL, "on", REASON_SPLIT);
    const struct trace *trace = &fixture->trace;
    CHECK(trace->serve == &fixture->flags[0]->fallthrough);
    CHECK(trace->has_ticket);
    CHECK_INT(trace->ticket, 24999);
    CHECK_STR(trace->bucket_by, STR("targetingKey"));
    CHECK_STR(trace->salt, STR(""));
    CHECK(!str_is_absent(trace->salt));
    CHECK_INT(trace->allocation_count, 2);
    CHECK_STR(trace->allocations[0].variation, STR("on"));
    CHECK_INT(trace->allocations[0].start, 0);
    CHECK_INT(trace->allocations[0].end, 25000);
    CHECK_STR(trace->allocations[1].variation, STR("off"));
    CHECK_INT(trace->allocations[1].start, 25000);
    CHECK_INT(trace->allocations[1].end, 100000);

    fixture_ask(fixture, "salted", "u-1", "{'account':{'id':'acct_77'}}");
    CHECK_STR(trace->bucket_by, STR("account.id"));
    CHECK_STR(trace->salt, STR("s"));
    CHECK_INT(trace->allocations[1].end, 30);
    fixture_close(fixture);
}

TEST(a_plain_variation_shows_no_ticket)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "off", "{'enabled':false}");
    fixture_flag(fixture, "on", "{}");
    fixture_ask(fixture, "on", "u-1", NULL);
    CHECK(fixture->trace.serve == &fixture->flags[1]->fallthrough);
    CHECK(!fixture->trace.has_ticket);
    CHECK_INT(fixture->trace.allocation_count, 0);
    fixture_ask(fixture, "off", "u-1", NULL);
    CHECK(fixture->trace.serve == NULL);
    fixture_close(fixture);
}

/* Backtracking without end on text that does not match: stopped, no match, and told. */
TEST(a_pattern_that_gave_up_is_noted)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "gated", "{'prerequisites':[{'flag':'slow','variations':['on']}]}");
    fixture_flag(fixture, "slow",
                 "{'rules':[{'id':'r','when':{'op':'match','attribute':'x','operator':'matches',"
                 "'value':'^(a+)+$'},'serve':{'variation':'off'}}]}");
    static const char patient[] = "{'x':'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa!'}";
    fixture_expect(fixture, "slow", "u-1", patient, "on", REASON_FALLTHROUGH);
    CHECK(fixture->trace.has_pattern_given_up);
    fixture_expect(fixture, "gated", "u-1", patient, "on", REASON_FALLTHROUGH);
    CHECK(fixture->trace.has_pattern_given_up);
    fixture_expect(fixture, "slow", "u-1", "{'x':'aaa'}", "off", REASON_TARGETING_MATCH);
    CHECK(!fixture->trace.has_pattern_given_up);
    fixture_close(fixture);
}

TEST(without_scratch_patterns_never_match)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'match','attribute':'x','operator':'matches',"
                 "'value':'a'},'serve':{'variation':'off'}}]}");
    struct context *context = fixture_subject(fixture, "u-1", "{'x':'a'}");
    CHECK_INT(evaluate(fixture->ruleset, STR("flag"), context, 0, NULL).variation, 0);
    context->scratch = NULL;
    CHECK_INT(evaluate(fixture->ruleset, STR("flag"), context, 0, NULL).variation, 1);
    fixture_close(fixture);
}

TESTS(the_serving_rule_s_segments_are_listed_once_each,
      a_segment_that_said_yes_is_listed_though_a_not_turned_it, segments_are_sorted_by_utf16_units,
      segments_of_a_prerequisite_are_its_own_affair, a_split_shows_ticket_and_shares,
      a_plain_variation_shows_no_ticket, a_pattern_that_gave_up_is_noted,
      without_scratch_patterns_never_match)
