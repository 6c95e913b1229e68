/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_flag - the order of the text family's steps: off, schedule, inclusions, prerequisites,
 * stickiness, rules, fallthrough; and that deciding them allocates nothing.
 */
#include "fixture.h"

#include <malloc.h>

#define VARIATIONS_WITH(more_on, more_b)                                                           \
    "'variations':[{'id':'on','value':'on'" more_on "},{'id':'b','value':'b'" more_b               \
    "},{'id':'off','value':'off'}]"

TEST(a_text_flag_is_decided_without_a_subject)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f", "{'fallthrough':{'variation':'b'}}");
    fixture_expect(fixture, "f", NULL, NULL, "b", REASON_FALLTHROUGH);
    fixture_expect(fixture, "f", "", "{}", "b", REASON_FALLTHROUGH);
    fixture_expect_user(fixture, "f", NULL, "b", REASON_FALLTHROUGH);
    fixture_expect_user(fixture, "f", "{'user':null}", "b", REASON_FALLTHROUGH);
    CHECK_INT(fixture_ask(fixture, "nope", NULL, NULL).error, DECISION_INVALID_CONTEXT);
    CHECK_INT(fixture_ask(fixture, "nope", "u", NULL).error, DECISION_FLAG_NOT_FOUND);
    fixture_close(fixture);
}

TEST(the_listed_get_their_variation_by_either_id)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "f",
        "{" VARIATIONS_WITH(",'included':['ana','d-2']", ",'included':['bo','ana','d-3']") "}");
    fixture_expect_user(fixture, "f", "{'user':{'user_id':'ana'}}", "on", REASON_INCLUDED);
    fixture_expect_user(fixture, "f", "{'user':{'device_id':'d-2'}}", "on", REASON_INCLUDED);
    fixture_expect_user(fixture, "f", "{'user':{'user_id':'bo','device_id':'d-2'}}", "on",
                        REASON_INCLUDED); /* the earlier variation */
    fixture_expect_user(fixture, "f", "{'user':{'user_id':'bo'}}", "b", REASON_INCLUDED);
    fixture_expect_user(fixture, "f", "{'user':{'user_id':'eve'}}", "off", REASON_FALLTHROUGH);
    fixture_expect(fixture, "f", "bo", NULL, "b", REASON_INCLUDED);
    fixture_expect(fixture, "f", "x", "{'device_id':'d-3'}", "b", REASON_INCLUDED);
    fixture_close(fixture);
}

TEST(inclusions_come_behind_off_and_schedule_and_before_prerequisites)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "base", "{}");
    fixture_text_flag(fixture, "gated",
                      "{'prerequisites':[{'flag':'base','variations':['on']}]," //
                      VARIATIONS_WITH(",'included':['ana']", "") "}");
    fixture_text_flag(fixture, "off",
                      "{'enabled':false," VARIATIONS_WITH(",'included':['ana']", "") "}");
    fixture_text_flag(fixture, "past",
                      "{'schedule':{'end':'2001-01-01T00:00:00Z'}," //
                      VARIATIONS_WITH(",'included':['ana']", "") "}");
    fixture_expect(fixture, "gated", "ana", NULL, "on", REASON_INCLUDED);
    fixture_expect(fixture, "gated", "bo", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_expect(fixture, "off", "ana", NULL, "off", REASON_OFF);
    fixture_expect(fixture, "past", "ana", NULL, "off", REASON_SCHEDULED_OUT);
    fixture_close(fixture);
}

/* As in the typed family: from the start until the end, of the flag and of each rule. */
TEST(schedules_hold_from_their_start_until_their_end)
{
#define SPRING "'schedule':{'start':'2031-03-10T09:00:00Z','end':'2031-03-10T10:00:00Z'}"
    static const struct {
        const char *now;
        bool is_active;
    } moments[] = {{"2031-03-10T08:59:59.999Z", false},
                   {"2031-03-10T09:00:00.000Z", true},
                   {"2031-03-10T09:59:59.999Z", true},
                   {"2031-03-10T10:00:00.000Z", false}};
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "flag", "{'fallthrough':{'variation':'b'}," SPRING "}");
    fixture_text_flag(fixture, "listed",
                      "{" SPRING "," VARIATIONS_WITH(",'included':['ana']", "") "}");
    fixture_text_flag(fixture, "rule",
                      "{'rules':[{'id':'r','when':{'op':'all','expressions':[]},"
                      "'serve':{'variation':'b'}," SPRING "}]}");
    for (size_t i = 0; i < COUNT_OF(moments); i++) {
        bool is_active = moments[i].is_active;
        fixture->now_ms = fixture_moment(moments[i].now);
        fixture_expect(fixture, "flag", "u", NULL, is_active ? "b" : "off",
                       is_active ? REASON_FALLTHROUGH : REASON_SCHEDULED_OUT);
        fixture_expect(fixture, "listed", "ana", NULL, is_active ? "on" : "off",
                       is_active ? REASON_INCLUDED : REASON_SCHEDULED_OUT);
        fixture_expect(fixture, "rule", "u", NULL, is_active ? "b" : "off",
                       is_active ? REASON_TARGETING_MATCH : REASON_FALLTHROUGH);
    }
    fixture_close(fixture);
}

TEST(a_prerequisite_without_variations_gates_nothing)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "base", "{'enabled':false}");
    fixture_text_flag(fixture, "f",
                      "{'fallthrough':{'variation':'b'},'prerequisites':["
                      "{'flag':'base','variations':[]},{'flag':'ghost','variations':[]}]}");
    fixture_text_flag(fixture, "gated", "{'prerequisites':[{'flag':'ghost','variations':['on']}]}");
    fixture_expect(fixture, "f", "u", NULL, "b", REASON_FALLTHROUGH);
    CHECK_INT(fixture->trace.prerequisite_count, 2);
    CHECK(fixture->trace.prerequisites[0].is_satisfied);
    fixture_expect(fixture, "gated", "u", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_close(fixture);
}

TEST(a_ring_of_text_flags_is_a_cycle)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "x", "{'prerequisites':[{'flag':'y','variations':[]}]}");
    fixture_text_flag(fixture, "y", "{'prerequisites':[{'flag':'x','variations':[]}]}");
    CHECK_INT(fixture_ask(fixture, "x", "u", NULL).error, DECISION_CYCLE_DETECTED);
    CHECK_STR(fixture->trace.cycle, STR("x -> y -> x"));
    fixture_close(fixture);
}

#define EXPERIMENT(more)                                                                           \
    "{'kind':'experiment','experiment':{'type':'a-b-test','sticky':true}," more                    \
    "'rules':[{'id':'r','serve':{'variation':'b'},'when':{'op':'match','operator':'text is',"      \
    "'attribute':'/context/user/country','value':['NO']}}]}"

TEST(who_had_a_variation_keeps_it)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "base", "{}");
    fixture_text_flag(fixture, "exp", EXPERIMENT(""));
    fixture_text_flag(fixture, "gated",
                      EXPERIMENT("'prerequisites':[{'flag':'base','variations':['on']}],"));
    static const char had_on[] =
        "{'user':{'country':'NO','user_properties':{'[Experiment] exp':'on',"
        "'[Experiment] gated':'on'}}}";
    fixture_expect_user(fixture, "exp", had_on, "on", REASON_STICKY);
    fixture_expect_user(fixture, "gated", had_on, "off", REASON_PREREQUISITE_FAILED);
    fixture_expect_user(fixture, "exp",
                        "{'user':{'country':'NO','user_properties':{'[Experiment] exp':'off'}}}",
                        "b", REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "exp", "{'user':{'user_properties':{'[Experiment] exp':'gone'}}}",
                        "off", REASON_FALLTHROUGH);
    fixture_expect(fixture, "exp", "u", "{'[Experiment] exp':'on'}", "on", REASON_STICKY);
    fixture_close(fixture);
}

/* What the source of a recollection says: a variation's id. */
static int recollect(const struct flag_rules *flag, const void *source)
{
    return flag_find_variation(flag->flag, str_of(source));
}

static void expect_recollected(struct fixture *fixture, const char *flag, const char *tree,
                               const char *had, const char *variation, enum reason reason)
{
    struct context *context = fixture_user(fixture, tree);
    context->recollection = (struct recollection){recollect, had};
    struct decision decision = fixture_decide(fixture, flag, context);
    CHECK_STR(fixture_variation(decision), str_of(variation));
    CHECK_STR(reason_name(decision.reason), reason_name(reason));
}

#define HAD(flag, variation) "{'user':{'user_properties':{'[Experiment] " flag "':" variation "}}}"

TEST(what_is_remembered_counts_where_the_context_does_not_say)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "base", "{}");
    fixture_text_flag(fixture, "exp", EXPERIMENT(""));
    fixture_text_flag(fixture, "gated",
                      EXPERIMENT("'prerequisites':[{'flag':'base','variations':['on']}],"));
    fixture_text_flag(fixture, "child",
                      "{'prerequisites':[{'flag':'exp','variations':['on']}],"
                      "'fallthrough':{'variation':'b'}}");
    fixture_text_flag(fixture, "loose",
                      "{'kind':'experiment','experiment':{'type':'a-b-test','sticky':false}}");
    static const char norway[] = "{'user':{'country':'NO'}}";
    expect_recollected(fixture, "exp", norway, "on", "on", REASON_STICKY);
    expect_recollected(fixture, "exp", norway, "off", "b", REASON_TARGETING_MATCH);
    expect_recollected(fixture, "exp", norway, "gone", "b", REASON_TARGETING_MATCH);
    expect_recollected(fixture, "exp", HAD("exp", "null"), "on", "on", REASON_STICKY);
    expect_recollected(fixture, "exp", HAD("exp", "'b'"), "on", "b", REASON_STICKY);
    expect_recollected(fixture, "exp", HAD("exp", "'gone'"), "on", "off", REASON_FALLTHROUGH);
    expect_recollected(fixture, "gated", norway, "on", "off", REASON_PREREQUISITE_FAILED);
    expect_recollected(fixture, "loose", norway, "on", "off", REASON_FALLTHROUGH);
    expect_recollected(fixture, "child", norway, "on", "b", REASON_FALLTHROUGH);
    expect_recollected(fixture, "child", norway, "gone", "off", REASON_PREREQUISITE_FAILED);
    fixture_close(fixture);
}

TEST(only_sticky_experiments_stick)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "exp",
                      "{'kind':'experiment','experiment':{'type':'a-b-test','sticky':false}}");
    fixture_text_flag(fixture, "flag", "{}");
    fixture_expect(fixture, "exp", "u", "{'[Experiment] exp':'on'}", "off", REASON_FALLTHROUGH);
    fixture_expect(fixture, "flag", "u", "{'[Experiment] flag':'on'}", "off", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(a_rule_that_serves_nothing_passes_on)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "f",
                      "{'rules':[{'id':'r','when':{'op':'all','expressions':[]},'serve':"
                      "{'variation':null}},{'id':'s','when':{'op':'all','expressions':[]},"
                      "'serve':{'variation':'b'}}]}");
    struct decision decision = fixture_ask(fixture, "f", "u", NULL);
    CHECK_STR(fixture_variation(decision), STR("b"));
    CHECK_INT(decision.rule, 1);
    fixture_close(fixture);
}

/* ---- properties -------------------------------------------------------------------------------
 */

/* A bound context, then fresh ones in an arena that has seen such a request before. */
TEST(a_text_decision_allocates_nothing)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "f",
        "{'variations':[{'id':'on','value':'on','included':['qa-1']},{'id':'off','value':'off'}],"
        "'fallthrough':{'bucket':{'slices':[{'percent':100,'variations':[{'variation':'on',"
        "'weight':1}]}]}},'rules':[{'id':'r','serve':{'variation':'on'},'when':{'op':'any',"
        "'expressions':["
        "{'op':'match','operator':'text "
        "contains','attribute':'/context/user/user_properties/email',"
        "'value':['nobody@']},"
        "{'op':'match','operator':'text less','attribute':'/context/user/user_properties/age',"
        "'value':['7']},"
        "{'op':'match','operator':'text version less','attribute':'/context/user/version',"
        "'value':['1.0.0']},"
        "{'op':'match','operator':'text regex match','attribute':'/context/user/country',"
        "'value':['^[a-z]']},"
        "{'op':'match','operator':'text set is','attribute':'/context/user/user_properties/list',"
        "'value':['x','y']}]}}]}");
    fixture_user(fixture, NULL);
    const struct json *tree =
        fixture_json(fixture, "{'user':{'user_id':'u','country':'NO','version':'2.1.0',"
                              "'user_properties':{'email':'Ana@X.com','age':42,'list':['x',1]}}}");
    struct arena requests;
    arena_open(&requests, 4096);
    size_t held_bytes = 0;
    for (int round = 0; round < 100; round++) {
        arena_reset(&requests);
        context_open_user(&fixture->context, &requests, fixture->ruleset, tree, fixture->scratch);
        for (int again = 0; again < 10; again++) {
            struct decision decision = evaluate(fixture->ruleset, STR("f"), &fixture->context,
                                                fixture->now_ms + again, NULL);
            CHECK_INT(decision.reason, REASON_SPLIT);
        }
        if (round == 0)
            held_bytes = mallinfo2().uordblks;
        CHECK_INT(mallinfo2().uordblks, held_bytes);
    }
    arena_close(&requests);
    fixture_close(fixture);
}

TEST(the_order_of_questions_changes_nothing)
{
    struct fixture *fixture = fixture_open();
    static const char *const keys[] = {"a", "b", "c", "d"};
    fixture_text_flag(fixture, "a", "{'fallthrough':{'variation':'b'}}");
    fixture_text_flag(fixture, "b",
                      "{'fallthrough':{'variation':'b'},'prerequisites':["
                      "{'flag':'a','variations':['b']}]}");
    fixture_text_flag(fixture, "c",
                      "{'fallthrough':{'variation':'on'},'prerequisites':["
                      "{'flag':'b','variations':['on']}]}");
    fixture_text_flag(
        fixture, "d",
        "{'prerequisites':[{'flag':'b','variations':[]},{'flag':'c','variations':[]}],"
        "'rules':[{'id':'r','serve':{'variation':'b'},'when':{'op':'match',"
        "'operator':'text is','attribute':'/result/c/key','value':['off']}}]}");
    int expected[COUNT_OF(keys)];
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        expected[i] = fixture_ask(fixture, keys[i], "u", NULL).variation;
    for (size_t first = 0; first < COUNT_OF(keys); first++) {
        struct context *context = fixture_subject(fixture, "u", NULL);
        for (size_t i = 0; i < COUNT_OF(keys); i++) {
            size_t at = (first + i * 3) % COUNT_OF(keys);
            struct decision decision =
                evaluate(fixture->ruleset, str_of(keys[at]), context, fixture->now_ms, NULL);
            CHECK_INT(decision.variation, expected[at]);
        }
    }
    CHECK_STR(fixture->flags[3]->variations[expected[3]].id, STR("b"));
    fixture_close(fixture);
}

TEST(reasons_are_named)
{
    CHECK_STR(reason_name(REASON_INCLUDED), STR("INCLUDED"));
    CHECK_STR(reason_name(REASON_STICKY), STR("STICKY"));
}

TESTS(a_text_flag_is_decided_without_a_subject, the_listed_get_their_variation_by_either_id,
      inclusions_come_behind_off_and_schedule_and_before_prerequisites,
      schedules_hold_from_their_start_until_their_end,
      a_prerequisite_without_variations_gates_nothing, a_ring_of_text_flags_is_a_cycle,
      who_had_a_variation_keeps_it, what_is_remembered_counts_where_the_context_does_not_say,
      only_sticky_experiments_stick, a_rule_that_serves_nothing_passes_on,
      a_text_decision_allocates_nothing, the_order_of_questions_changes_nothing, reasons_are_named)
