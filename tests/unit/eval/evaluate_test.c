/* SPDX-License-Identifier: Apache-2.0 */
/* evaluate - the order of the steps: off, schedule, prerequisites, rules, fallthrough. */
#include "fixture.h"

#include <malloc.h>

#define ON_FOR_ALL "{'op':'all','expressions':[]}"
#define SPRING "'schedule':{'start':'2031-03-10T09:00:00Z','end':'2031-03-10T10:00:00+00:00'}"

TEST(nothing_is_decided_without_a_flag_or_a_subject)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "gate", "{}");
    struct decision decision = fixture_ask(fixture, "nope", "u-1", NULL);
    CHECK_INT(decision.error, DECISION_FLAG_NOT_FOUND);
    CHECK_INT(decision.reason, REASON_DEFAULT);
    CHECK(decision.flag == NULL);
    CHECK_INT(decision.variation, VARIATION_NONE);
    CHECK_INT(fixture_ask(fixture, "gate", "", NULL).error, DECISION_INVALID_CONTEXT);
    CHECK_INT(fixture_ask(fixture, "nope", NULL, NULL).error, DECISION_INVALID_CONTEXT);
    fixture_expect(fixture, "gate", " ", NULL, "on", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(an_empty_environment_finds_nothing)
{
    struct fixture *fixture = fixture_open();
    CHECK_INT(fixture_ask(fixture, "a", "u-1", NULL).error, DECISION_FLAG_NOT_FOUND);
    CHECK_INT(fixture->ruleset->flag_count, 0);
    fixture_close(fixture);
}

TEST(off_comes_before_the_schedule)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "off", "{'enabled':false,'schedule':{'end':'2001-01-01T00:00:00Z'}}");
    fixture_expect(fixture, "off", "u-1", NULL, "off", REASON_OFF);
    fixture_close(fixture);
}

TEST(a_schedule_holds_from_its_start_until_its_end)
{
    static const struct {
        const char *now;
        bool is_active;
    } moments[] = {{"2031-03-10T08:59:59.999Z", false},
                   {"2031-03-10T09:00:00.000Z", true},
                   {"2031-03-10T09:59:59.999Z", true},
                   {"2031-03-10T10:00:00.000Z", false}};
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag", "{" SPRING "}");
    fixture_flag(fixture, "rule",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':" ON_FOR_ALL
                 ",'serve':{'variation':'on'}," SPRING "}]}");
    fixture_flag(fixture, "segment",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':"
                 "{'op':'segment','segment':'spring'},'serve':{'variation':'on'}}]}");
    fixture_segment(fixture, "spring", "{'included':['u-1']," SPRING "}");
    for (size_t i = 0; i < COUNT_OF(moments); i++) {
        bool is_active = moments[i].is_active;
        fixture->now_ms = fixture_moment(moments[i].now);
        fixture_expect(fixture, "flag", "u-1", NULL, is_active ? "on" : "off",
                       is_active ? REASON_FALLTHROUGH : REASON_SCHEDULED_OUT);
        fixture_expect(fixture, "rule", "u-1", NULL, is_active ? "on" : "off",
                       is_active ? REASON_TARGETING_MATCH : REASON_FALLTHROUGH);
        fixture_expect(fixture, "segment", "u-1", NULL, is_active ? "on" : "off",
                       is_active ? REASON_TARGETING_MATCH : REASON_FALLTHROUGH);
    }
    fixture_close(fixture);
}

TEST(a_schedule_may_be_open_on_either_side)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "ends", "{'schedule':{'end':'2031-03-10T09:30:00Z'}}");
    fixture_flag(fixture, "starts", "{'schedule':{'start':'2031-03-10T09:30:00Z'}}");
    fixture_expect(fixture, "ends", "u-1", NULL, "off", REASON_SCHEDULED_OUT);
    fixture_expect(fixture, "starts", "u-1", NULL, "on", REASON_FALLTHROUGH);
    fixture->now_ms--;
    fixture_expect(fixture, "ends", "u-1", NULL, "on", REASON_FALLTHROUGH);
    fixture_expect(fixture, "starts", "u-1", NULL, "off", REASON_SCHEDULED_OUT);
    fixture_close(fixture);
}

/* One context, asked about different moments, remembers none of the others. */
TEST(a_context_does_not_remember_another_moment)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "gate", "{" SPRING "}");
    fixture_flag(fixture, "gated", "{'prerequisites':[{'flag':'gate','variations':['on']}]}");
    fixture_flag(fixture, "spring",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':"
                 "{'op':'segment','segment':'spring'},'serve':{'variation':'on'}}]}");
    fixture_segment(fixture, "spring", "{'included':['u-1']," SPRING "}");
    struct context *context = fixture_subject(fixture, "u-1", NULL);
    for (size_t i = 0; i < 6; i++) {
        bool is_active = i % 2 == 0;
        int64_t now_ms = fixture->now_ms + (is_active ? 0 : 86400000);
        CHECK_STR(
            fixture_variation(evaluate(fixture->ruleset, STR("gated"), context, now_ms, NULL)),
            is_active ? STR("on") : STR("off"));
        CHECK_STR(
            fixture_variation(evaluate(fixture->ruleset, STR("spring"), context, now_ms, NULL)),
            is_active ? STR("on") : STR("off"));
    }
    fixture_close(fixture);
}

TEST(the_first_rule_that_matches_serves)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(
        fixture, "ordered",
        "{'type':'string','variations':[{'id':'a','value':'A'},{'id':'b','value':'B'}],"
        "'offVariation':'a','fallthrough':{'variation':'a'},'rules':["
        "{'id':'none','when':{'op':'any','expressions':[]},'serve':{'variation':'a'}},"
        "{'id':'pro','when':{'op':'match','attribute':'plan','operator':'eq','value':'pro'},"
        "'serve':{'variation':'b'}},"
        "{'id':'all','when':" ON_FOR_ALL ",'serve':{'variation':'a'}},"
        "{'id':'more','when':" ON_FOR_ALL ",'serve':{'variation':'b'}}]}");
    CHECK_INT(fixture_ask(fixture, "ordered", "u-1", "{'plan':'pro'}").rule, 1);
    CHECK_INT(fixture_ask(fixture, "ordered", "u-1", "{'plan':'free'}").rule, 2);
    fixture_expect(fixture, "ordered", "u-1", "{'plan':'pro'}", "b", REASON_TARGETING_MATCH);
    fixture_close(fixture);
}

/* ---- prerequisites --------------------------------------------------------------------------- */

static struct fixture *open_gates(void)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "chain", "{'prerequisites':[{'flag':'fails','variations':['off']}]}");
    fixture_flag(fixture, "disabled", "{'enabled':false}");
    fixture_flag(fixture, "empty", "{'prerequisites':[{'flag':'gate','variations':[]}]}");
    fixture_flag(fixture, "fails", "{'prerequisites':[{'flag':'disabled','variations':['on']}]}");
    fixture_flag(fixture, "gate", "{}");
    fixture_flag(fixture, "lost", "{'prerequisites':[{'flag':'nowhere','variations':['on']}]}");
    fixture_flag(fixture, "met", "{'prerequisites':[{'flag':'gate','variations':['on','off']}]}");
    fixture_flag(fixture, "offish", "{'prerequisites':[{'flag':'disabled','variations':['off']}]}");
    fixture_flag(fixture, "two",
                 "{'prerequisites':[{'flag':'gate','variations':['on']},"
                 "{'flag':'fails','variations':['on']},{'flag':'met','variations':['on']}]}");
    fixture_flag(fixture, "unlucky",
                 "{'fallthrough':{'rollout':{'bucketBy':'nothing','variations':["
                 "{'variation':'on','weight':100000}]}}}");
    fixture_flag(fixture, "unlucky-gated",
                 "{'prerequisites':[{'flag':'unlucky','variations':['on','off']}]}");
    return fixture;
}

TEST(prerequisites_want_one_of_their_variations)
{
    struct fixture *fixture = open_gates();
    fixture_expect(fixture, "met", "u-1", NULL, "on", REASON_FALLTHROUGH);
    fixture_expect(fixture, "fails", "u-1", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_expect(fixture, "empty", "u-1", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_expect(fixture, "lost", "u-1", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_expect(fixture, "two", "u-1", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_expect(fixture, "unlucky-gated", "u-1", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_close(fixture);
}

TEST(an_off_variation_satisfies_where_it_is_wanted)
{
    struct fixture *fixture = open_gates();
    fixture_expect(fixture, "offish", "u-1", NULL, "on", REASON_FALLTHROUGH);
    fixture_expect(fixture, "chain", "u-1", NULL, "on", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(prerequisites_are_traced_up_to_the_first_that_fails)
{
    struct fixture *fixture = open_gates();
    fixture_ask(fixture, "two", "u-1", NULL);
    CHECK_INT(fixture->trace.prerequisite_count, 2);
    const struct trace_prerequisite *first = &fixture->trace.prerequisites[0];
    CHECK_STR(first->flag->flag->key, STR("gate"));
    CHECK(first->is_satisfied);
    CHECK_INT(first->reason, REASON_FALLTHROUGH);
    const struct trace_prerequisite *second = &fixture->trace.prerequisites[1];
    CHECK_STR(second->flag->flag->key, STR("fails"));
    CHECK(!second->is_satisfied);
    CHECK_INT(second->variation, 0);
    CHECK_INT(second->reason, REASON_PREREQUISITE_FAILED);
    CHECK(fixture->trace.serve == NULL);

    fixture_ask(fixture, "lost", "u-1", NULL);
    CHECK_INT(fixture->trace.prerequisite_count, 1);
    CHECK(fixture->trace.prerequisites[0].flag == NULL);
    CHECK_INT(fixture->trace.prerequisites[0].variation, VARIATION_NONE);
    fixture_close(fixture);
}

TEST(a_cycle_is_an_error_all_the_way_up)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "a", "{'prerequisites':[{'flag':'b','variations':['off','on']}]}");
    fixture_flag(fixture, "b", "{'prerequisites':[{'flag':'a','variations':['off','on']}]}");
    fixture_flag(fixture, "gate", "{}");
    fixture_flag(fixture, "x",
                 "{'prerequisites':[{'flag':'gate','variations':['on']},"
                 "{'flag':'a','variations':['off','on']}]}");
    struct decision decision = fixture_ask(fixture, "a", "u-1", NULL);
    CHECK_INT(decision.error, DECISION_CYCLE_DETECTED);
    CHECK_INT(decision.reason, REASON_PREREQUISITE_FAILED);
    CHECK_STR(fixture_variation(decision), STR("off"));
    CHECK_STR(fixture->trace.cycle, STR("a -> b -> a"));
    CHECK_INT(fixture->trace.prerequisite_count, 1);
    CHECK_INT(fixture->trace.prerequisites[0].reason, REASON_PREREQUISITE_FAILED);

    decision = fixture_ask(fixture, "x", "u-1", NULL);
    CHECK_INT(decision.error, DECISION_CYCLE_DETECTED);
    CHECK_STR(fixture->trace.cycle, STR("x -> a -> b -> a"));
    CHECK_INT(fixture->trace.prerequisite_count, 2);
    CHECK(fixture->trace.prerequisites[0].is_satisfied);
    CHECK(!fixture->trace.prerequisites[1].is_satisfied);
    fixture_close(fixture);
}

/* No write lets these through; the evaluator answers them all the same. */
TEST(a_flag_that_leans_on_itself_is_a_cycle)
{
    struct fixture *fixture = fixture_open();
    struct flag *flag = fixture_decode_flag(
        fixture, "self", "{'prerequisites':[{'flag':'other','variations':['off']}]}");
    flag->prerequisites[0].flag = STR("self");
    fixture->flags[0] = flag;
    fixture->state.flags = fixture->flags;
    fixture->state.flag_count = 1;
    struct decision decision = fixture_ask(fixture, "self", "u-1", NULL);
    CHECK_INT(decision.error, DECISION_CYCLE_DETECTED);
    CHECK_STR(fixture->trace.cycle, STR("self -> self"));
    CHECK_INT(fixture->trace.prerequisites[0].reason, REASON_DEFAULT);
    CHECK_STR(fixture_variation(decision), STR("off"));
    fixture_close(fixture);
}

TEST(a_variation_without_an_id_is_never_served)
{
    struct fixture *fixture = fixture_open();
    struct flag *flag = fixture_decode_flag(fixture, "blank", "{}");
    flag->variations[1].id = STR("");
    flag->fallthrough.variation = STR("");
    fixture->flags[0] = flag;
    fixture->state.flags = fixture->flags;
    fixture->state.flag_count = 1;
    struct decision decision = fixture_ask(fixture, "blank", "u-1", NULL);
    CHECK_INT(decision.error, DECISION_NO_VARIATION);
    CHECK_INT(decision.reason, REASON_FALLTHROUGH);
    CHECK_INT(decision.variation, 1);
    fixture_close(fixture);
}

/* Each level leans twice on the next: 2 to the 40 visits without a memory. */
TEST(a_shared_prerequisite_is_decided_once)
{
    struct fixture *fixture = fixture_open();
    for (int i = 0; i < 40; i++) {
        char key[16];
        char text[256];
        snprintf(key, sizeof(key), "level-%02d", i);
        snprintf(text, sizeof(text),
                 "{'prerequisites':[{'flag':'level-%02d','variations':['on']},"
                 "{'flag':'level-%02d','variations':['on']}]}",
                 i + 1, i + 2);
        fixture_flag(fixture, key, i < 38 ? text : "{}");
    }
    fixture_expect(fixture, "level-00", "u-1", NULL, "on", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(a_chain_beyond_any_bound_ends)
{
    struct fixture *fixture = fixture_open();
    for (int i = 0; i < 600; i++) {
        char key[16];
        char text[128];
        snprintf(key, sizeof(key), "link-%03d", i);
        snprintf(text, sizeof(text), "{'prerequisites':[{'flag':'link-%03d','variations':['on']}]}",
                 i + 1);
        fixture_flag(fixture, key, text);
    }
    CHECK_INT(fixture_ask(fixture, "link-000", "u-1", NULL).error, DECISION_CYCLE_DETECTED);
    fixture_expect(fixture, "link-599", "u-1", NULL, "off", REASON_PREREQUISITE_FAILED);
    fixture_close(fixture);
}

/* ---- what a decision does not depend on ------------------------------------------------------ */

TEST(the_order_of_attributes_changes_nothing)
{
    static const char *const orders[] = {
        "{'country':'DE','plan':'pro','version':'2.1.0','account':{'id':'a','tier':3}}",
        "{'account':{'tier':3,'id':'a'},'version':'2.1.0','plan':'pro','country':'DE'}",
        "{'plan':'pro','account':{'id':'a','tier':3},'country':'DE','version':'2.1.0'}",
    };
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'all','expressions':["
                 "{'op':'match','attribute':'country','operator':'in','value':['DE','FR']},"
                 "{'op':'match','attribute':'account','operator':'eq',"
                 "'value':{'id':'a','tier':3}},"
                 "{'op':'match','attribute':'version','operator':'semverGte','value':'2.0.0'}]},"
                 "'serve':{'rollout':{'bucketBy':'account.id','variations':["
                 "{'variation':'on','weight':50000},{'variation':'off','weight':50000}]}}}]}");
    struct decision first = fixture_ask(fixture, "flag", "u-1", orders[0]);
    CHECK_INT(first.reason, REASON_SPLIT);
    for (size_t i = 1; i < COUNT_OF(orders); i++) {
        struct decision other = fixture_ask(fixture, "flag", "u-1", orders[i]);
        CHECK(memcmp(&first, &other, sizeof(first)) == 0);
    }
    fixture_close(fixture);
}

TEST(the_order_of_questions_changes_nothing)
{
    struct fixture *fixture = open_gates();
    struct context *context = fixture_subject(fixture, "u-1", NULL);
    const struct ruleset *ruleset = fixture->ruleset;
    struct decision forwards[16];
    for (size_t i = 0; i < ruleset->flag_count; i++)
        forwards[i] = evaluate_flag(&ruleset->flags[i], context, fixture->now_ms, NULL);
    context = fixture_subject(fixture, "u-1", NULL);
    for (size_t i = ruleset->flag_count; i-- > 0;) {
        struct decision decision =
            evaluate_flag(&ruleset->flags[i], context, fixture->now_ms, NULL);
        CHECK(memcmp(&decision, &forwards[i], sizeof(decision)) == 0);
    }
    fixture_close(fixture);
}

TEST(a_decision_allocates_nothing)
{
    struct fixture *fixture = open_gates();
    fixture_subject(fixture, "u-1", NULL);
    struct arena requests;
    arena_open(&requests, 64 * 1024);
    struct context context;
    context_open(&context, &requests, fixture->ruleset, STR("u-1"),
                 fixture_json(fixture, "{'plan':'pro'}"), fixture->scratch);
    char *before = arena_allocate(&requests, 16);
    size_t held_bytes = mallinfo2().uordblks;
    for (size_t i = 0; i < fixture->ruleset->flag_count; i++)
        evaluate_flag(&fixture->ruleset->flags[i], &context, fixture->now_ms, NULL);
    CHECK_INT(mallinfo2().uordblks, held_bytes);
    char *after = arena_allocate(&requests, 16);
    CHECK_INT(after - before, 16);
    arena_close(&requests);
    fixture_close(fixture);
}

TEST(reasons_have_the_names_documents_use)
{
    CHECK_STR(reason_name(REASON_OFF), STR("OFF"));
    CHECK_STR(reason_name(REASON_TARGETING_MATCH), STR("TARGETING_MATCH"));
    CHECK_STR(reason_name(REASON_SPLIT), STR("SPLIT"));
    CHECK_STR(reason_name(REASON_FALLTHROUGH), STR("FALLTHROUGH"));
    CHECK_STR(reason_name(REASON_PREREQUISITE_FAILED), STR("PREREQUISITE_FAILED"));
    CHECK_STR(reason_name(REASON_SCHEDULED_OUT), STR("SCHEDULED_OUT"));
    CHECK_STR(reason_name(REASON_DEFAULT), STR("DEFAULT"));
}

TESTS(nothing_is_decided_without_a_flag_or_a_subject, an_empty_environment_finds_nothing,
      off_comes_before_the_schedule, a_schedule_holds_from_its_start_until_its_end,
      a_schedule_may_be_open_on_either_side, a_context_does_not_remember_another_moment,
      the_first_rule_that_matches_serves, prerequisites_want_one_of_their_variations,
      an_off_variation_satisfies_where_it_is_wanted,
      prerequisites_are_traced_up_to_the_first_that_fails, a_cycle_is_an_error_all_the_way_up,
      a_flag_that_leans_on_itself_is_a_cycle, a_variation_without_an_id_is_never_served,
      a_shared_prerequisite_is_decided_once, a_chain_beyond_any_bound_ends,
      the_order_of_attributes_changes_nothing, the_order_of_questions_changes_nothing,
      a_decision_allocates_nothing, reasons_have_the_names_documents_use)
