/* SPDX-License-Identifier: Apache-2.0 */
/* explain - what people are told about a decision: see also explain_property_test.c. */
#include "fixture.h"

#include "eval/explain.h"
#include "eval/hash.h"

static const struct explanation *explain_in(struct fixture *fixture, const char *flag,
                                            struct context *context)
{
    struct explainer *explainer = explainer_open(&fixture->arena, fixture->ruleset);
    const struct explanation *explanation =
        explain(explainer, &fixture->arena, str_of(flag), context, fixture->now_ms);
    explainer_close(explainer);
    return explanation;
}

static const struct explanation *explain_to(struct fixture *fixture, const char *flag,
                                            const char *targeting_key, const char *attributes)
{
    return explain_in(fixture, flag, fixture_subject(fixture, targeting_key, attributes));
}

/* ---- clauses --------------------------------------------------------------------------------- */

/* Why one clause, alone in a rule, does not hold; FAILING_NOT when it does. */
static enum failing why_not(const char *clause, const char *attributes)
{
    struct fixture *fixture = fixture_open();
    struct str text = arena_format(
        &fixture->arena, "{'rules':[{'id':'r','when':%s,'serve':{'variation':'on'}}]}", clause);
    fixture_flag(fixture, "probe", text.data);
    const struct explanation *explanation = explain_to(fixture, "probe", "tk-1", attributes);
    enum failing failing = explanation->rules[0].when.failing;
    CHECK((failing == FAILING_NOT) == (explanation->decision.rule == 0));
    fixture_close(fixture);
    return failing;
}

#define MATCH(attribute, operator, value)                                                          \
    "{'op':'match','attribute':'" attribute "','operator':'" operator"','value':" value "}"

TEST(a_typed_clause_says_why_it_does_not_hold)
{
    CHECK_INT(why_not(MATCH("plan", "eq", "'pro'"), "{'plan':'pro'}"), FAILING_NOT);
    CHECK_INT(why_not(MATCH("plan", "eq", "'pro'"), "{'plan':'free'}"), FAILING_DIFFERENT);
    CHECK_INT(why_not(MATCH("plan", "eq", "'pro'"), "{}"), FAILING_MISSING);
    CHECK_INT(why_not(MATCH("plan", "eq", "'pro'"), NULL), FAILING_MISSING);
    CHECK_INT(why_not(MATCH("plan", "eq", "'7'"), "{'plan':7}"), FAILING_TYPE);
    CHECK_INT(why_not(MATCH("plan", "eq", "7"), "{'plan':'7'}"), FAILING_TYPE);
    CHECK_INT(why_not(MATCH("plan", "neq", "7"), "{'plan':7}"), FAILING_DIFFERENT);
    CHECK_INT(why_not(MATCH("plan", "in", "['a','b']"), "{'plan':'c'}"), FAILING_DIFFERENT);
    CHECK_INT(why_not(MATCH("age", "gt", "30"), "{'age':'31'}"), FAILING_TYPE);
    CHECK_INT(why_not(MATCH("age", "gt", "30"), "{'age':30}"), FAILING_DIFFERENT);
    CHECK_INT(why_not(MATCH("born", "before", "'2030-01-01'"), "{'born':'soon'}"),
              FAILING_UNREADABLE);
    CHECK_INT(why_not(MATCH("born", "before", "'2030-01-01'"), "{'born':2029}"), FAILING_TYPE);
    CHECK_INT(why_not(MATCH("born", "before", "'2030-01-01'"), "{'born':'2031-01-01'}"),
              FAILING_DIFFERENT);
    CHECK_INT(why_not(MATCH("app", "semverGt", "'1.2.3'"), "{'app':'1.x'}"), FAILING_UNREADABLE);
    CHECK_INT(why_not(MATCH("app", "semverGt", "'1.2.3'"), "{'app':true}"), FAILING_TYPE);
    CHECK_INT(why_not(MATCH("app", "semverGt", "'1.2.3'"), "{'app':'1.2.3'}"), FAILING_DIFFERENT);
    CHECK_INT(why_not(MATCH("mail", "contains", "'@'"), "{'mail':['@']}"), FAILING_TYPE);
    CHECK_INT(why_not(MATCH("mail", "matches", "'^a+$'"), "{'mail':'b'}"), FAILING_DIFFERENT);
    CHECK_INT(why_not("{'op':'match','attribute':'plan','operator':'exists'}", "{}"),
              FAILING_MISSING);
}

TEST(a_tree_says_which_part_of_it_fails)
{
    CHECK_INT(why_not("{'op':'any','expressions':[]}", "{}"), FAILING_ANY);
    CHECK_INT(why_not("{'op':'all','expressions':[]}", "{}"), FAILING_NOT);
    CHECK_INT(why_not("{'op':'not','expression':{'op':'all','expressions':[]}}", "{}"),
              FAILING_INNER_HOLDS);
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'all','expressions':["                       //
                 MATCH("a", "eq", "1") ",{'op':'all','expressions':[" MATCH("b", "eq", "1") "," //
                 MATCH("c", "eq", "1") "]}]},'serve':{'variation':'on'}}]}");
    const struct explanation *explanation = explain_to(fixture, "flag", "u", "{'a':1,'b':1,'c':2}");
    struct str path = {0};
    const struct explained_expression *culprit =
        explained_culprit(&explanation->rules[0].when, &fixture->arena, &path);
    CHECK_STR(path, STR("/expressions/1/expressions/1"));
    CHECK_STR(culprit->expression->attribute, STR("c"));
    CHECK_INT(culprit->failing, FAILING_DIFFERENT);
    CHECK(culprit->actual->number == 2);
    CHECK(culprit->is_reached);
    explanation = explain_to(fixture, "flag", "u", "{'b':1}");
    culprit = explained_culprit(&explanation->rules[0].when, &fixture->arena, &path);
    CHECK_STR(path, STR("/expressions/0"));
    CHECK(culprit->actual == NULL);
    const struct explained_expression *unread = &explanation->rules[0].when.children[1].children[0];
    CHECK(!unread->is_reached); /* the decision had seen enough; the explanation looks on */
    CHECK(unread->holds);
    fixture_close(fixture);
}

/* Of the text family. */
static enum failing why_not_text(const char *clause, const char *tree)
{
    struct fixture *fixture = fixture_open();
    struct str text = arena_format(
        &fixture->arena, "{'rules':[{'id':'r','when':%s,'serve':{'variation':'on'}}]}", clause);
    fixture_cohort(fixture, "crew", "User", "ann");
    fixture_text_flag(fixture, "probe", text.data);
    const struct explanation *explanation =
        explain_in(fixture, "probe", fixture_user(fixture, tree));
    enum failing failing = explanation->rules[0].when.failing;
    CHECK((failing == FAILING_NOT) == (explanation->decision.rule == 0));
    fixture_close(fixture);
    return failing;
}

TEST(a_text_clause_says_why_it_does_not_hold)
{
#define AGE "/context/user/age"
    CHECK_INT(why_not_text(MATCH(AGE, "text is", "['7']"), "{'user':{'age':7}}"), FAILING_NOT);
    CHECK_INT(why_not_text(MATCH(AGE, "text is", "['7']"), "{'user':{'age':8}}"),
              FAILING_DIFFERENT);
    CHECK_INT(why_not_text(MATCH(AGE, "text is", "['7']"), "{'user':{}}"), FAILING_MISSING);
    CHECK_INT(why_not_text(MATCH(AGE, "text is", "['(none)']"), "{'user':{}}"), FAILING_NOT);
    CHECK_INT(why_not_text(MATCH(AGE, "text greater", "['30']"), "{'user':{'age':'old'}}"),
              FAILING_UNREADABLE);
    CHECK_INT(why_not_text(MATCH(AGE, "text greater", "['30']"), "{'user':{'age':'29'}}"),
              FAILING_DIFFERENT);
    CHECK_INT(why_not_text(MATCH(AGE, "text set is", "['7']"), "{'user':{'age':'7'}}"),
              FAILING_TYPE);
    CHECK_INT(why_not_text(MATCH("/context/user/cohort_ids", "text set contains any", "['crew']"),
                           "{'user':{'user_id':'ann'}}"),
              FAILING_NOT);
    CHECK_INT(why_not_text(MATCH("/context/user/cohort_ids", "text set contains any", "['crew']"),
                           "{'user':{'user_id':'bob'}}"),
              FAILING_DIFFERENT);
    CHECK_INT(why_not_text(MATCH("/context/user/cohort_ids", "text set contains any", "['gone']"),
                           "{'user':{'user_id':'ann'}}"),
              FAILING_MISSING);
#undef AGE
}

TEST(a_clause_that_nothing_can_pass_says_so)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "typed",
                 "{'rules':[{'id':'r','when':" MATCH("age", "gt", "30") //
                 ",'serve':{'variation':'on'}}]}");
    fixture_text_flag(fixture, "written",
                      "{'rules':[{'id':'r','when':" MATCH("/context/user/age", "text greater",
                                                          "['30']") //
                      ",'serve':{'variation':'on'}}]}");
    /* A writer would have refused these. */
    fixture->flags[0]->rules[0].when.value = json_make_string(STR("many"));
    fixture->flags[1]->rules[0].when.value.elements[0] = json_make_string(STR("many"));
    const struct explained_rule *rule = explain_to(fixture, "typed", "u", "{'age':31}")->rules;
    CHECK_INT(rule->when.failing, FAILING_IMPOSSIBLE);
    CHECK(rule->when.actual->number == 31);
    rule = explain_to(fixture, "written", "u", "{'age':31}")->rules;
    CHECK_INT(rule->when.failing, FAILING_IMPOSSIBLE);
    fixture_close(fixture);
}

TEST(a_cohort_s_member_is_named)
{
    struct fixture *fixture = fixture_open();
    fixture_cohort(fixture, "crew", "User", "ann");
    fixture_text_flag(
        fixture, "probe",
        "{'rules':[{'id':'r','when':" MATCH("/context/user/cohort_ids", "text set contains any",
                                            "['gone','crew']") ",'serve':{'variation':'on'}}]}");
    const struct explanation *explanation =
        explain_in(fixture, "probe", fixture_user(fixture, "{'user':{'user_id':'ann'}}"));
    CHECK_STR(explanation->rules[0].when.cohort, STR("crew"));
    CHECK_STR(explanation->rules[0].when.member, STR("ann"));
    CHECK(explanation->rules[0].when.actual == NULL);
    fixture_close(fixture);
}

TEST(a_pattern_that_gives_up_says_so)
{
    struct fixture *fixture = fixture_open();
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("{'text':'"));
    for (size_t i = 0; i < 2000; i++)
        buf_append_byte(&buf, 'a');
    buf_append(&buf, STR("!'}"));
    buf_append_byte(&buf, '\0');
    fixture_flag(fixture, "probe",
                 "{'rules':[{'id':'r','when':" MATCH("text", "matches", "'^(a|aa)+$'") //
                 ",'serve':{'variation':'on'}}]}");
    const struct explanation *explanation = explain_to(fixture, "probe", "u", buf.data);
    CHECK_INT(explanation->rules[0].when.failing, FAILING_GAVE_UP);
    buf_close(&buf);
    fixture_close(fixture);
}

/* ---- segments -------------------------------------------------------------------------------- */

TEST(segments_are_expanded_once_and_show_their_own_checks)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'all','expressions':["
                 "{'op':'segment','segment':'outer'},{'op':'segment','segment':'inner'},"
                 "{'op':'segment','segment':'out','negate':true},"
                 "{'op':'segment','segment':'gone','negate':true}]},"
                 "'serve':{'variation':'on'}}]}");
    fixture_segment(fixture, "inner", "{'included':['u-1']}");
    fixture_segment(fixture, "out", "{'included':['u-1'],'excluded':['u-1']}");
    fixture_segment(fixture, "outer", "{'rules':[{'op':'segment','segment':'inner'}]}");
    /* References are made to dangle by hand: a writer would have refused them. */
    fixture->flags[0]->rules[0].when.children[3].segment = STR("gone");
    const struct explanation *explanation = explain_to(fixture, "flag", "u-1", NULL);
    const struct explained_expression *parts = explanation->rules[0].when.children;
    CHECK(explanation->rules[0].holds);
    CHECK(parts[0].segment->is_member && parts[0].segment->is_expanded);
    CHECK(!parts[0].segment->is_included);
    CHECK(parts[0].segment->rules[0].segment->is_included);
    CHECK(parts[1].segment->is_member && !parts[1].segment->is_expanded);
    CHECK(parts[2].holds && parts[2].segment->is_excluded && !parts[2].segment->is_member);
    CHECK(parts[3].holds && parts[3].segment == NULL);
    explanation = explain_to(fixture, "flag", "u-2", NULL);
    parts = explanation->rules[0].when.children;
    CHECK_INT(parts[0].failing, FAILING_NOT_MEMBER);
    fixture_close(fixture);
}

TEST(a_segment_that_leads_back_to_itself_ends)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'r','when':{'op':'segment','segment':'a'},"
                 "'serve':{'variation':'on'}}]}");
    fixture_segment(fixture, "a", "{'rules':[{'op':'segment','segment':'b'}]}");
    fixture_segment(fixture, "b", "{'rules':[{'op':'segment','segment':'a'}]}");
    const struct explanation *explanation = explain_to(fixture, "flag", "u", NULL);
    const struct explained_segment *a = explanation->rules[0].when.segment;
    CHECK(a->is_expanded && !a->is_member);
    CHECK(a->rules[0].segment->is_expanded);
    CHECK(!a->rules[0].segment->rules[0].segment->is_expanded);
    fixture_close(fixture);
}

/* ---- steps ----------------------------------------------------------------------------------- */

TEST(each_step_that_decides_is_named)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "early", "{'schedule':{'start':'2031-04-01T00:00:00Z'}}");
    fixture_flag(fixture, "gated", "{'prerequisites':[{'flag':'off','variations':['on']}]}");
    fixture_flag(fixture, "off", "{'enabled':false}");
    fixture_flag(fixture, "plain", "{}");
    fixture_text_flag(fixture, "text",
                      "{'kind':'experiment','experiment':{'type':'a-b-test','sticky':true},"
                      "'variations':[{'id':'on','value':'on','included':['ann','d-1']},"
                      "{'id':'b','value':'b'},{'id':'off','value':'off'}]}");
    CHECK_INT(explain_to(fixture, "early", "u", NULL)->settled_by, STEP_SCHEDULE);
    CHECK_INT(explain_to(fixture, "gated", "u", NULL)->settled_by, STEP_PREREQUISITES);
    CHECK_INT(explain_to(fixture, "off", "u", NULL)->settled_by, STEP_ENABLED);
    CHECK_INT(explain_to(fixture, "plain", "u", NULL)->settled_by, STEP_FALLTHROUGH);
    CHECK_INT(explain_to(fixture, "plain", NULL, NULL)->settled_by, STEP_KEY);
    const struct explanation *included = explain_in(
        fixture, "text", fixture_user(fixture, "{'user':{'user_id':'bob','device_id':'d-1'}}"));
    CHECK_INT(included->settled_by, STEP_INCLUSIONS);
    CHECK_INT(included->inclusions[0].way, CHOICE_DEVICE_ID);
    CHECK_STR(included->inclusions[0].listed, STR("d-1"));
    const struct explanation *kept =
        explain_in(fixture, "text",
                   fixture_user(fixture, "{'user':{'user_properties':{'[Experiment] text':'b'}}}"));
    CHECK_INT(kept->settled_by, STEP_STICKINESS);
    CHECK_INT(kept->kept, 1);
    CHECK(!kept->is_from_memory);
    CHECK(explain_to(fixture, "nothing", "u", NULL)->flag == NULL);
    CHECK_INT(explain_to(fixture, "nothing", "u", NULL)->decision.error, DECISION_FLAG_NOT_FOUND);
    fixture_close(fixture);
}

static int remembers_b(const struct flag_rules *flag, const void *source)
{
    (void)source;
    return flag_find_variation(flag->flag, STR("b"));
}

TEST(what_is_remembered_is_told_from_what_the_context_says)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "text",
                      "{'kind':'experiment','experiment':{'type':'a-b-test','sticky':true}}");
    struct context *context = fixture_user(fixture, "{'user':{'user_id':'ann'}}");
    context->recollection.find = remembers_b;
    const struct explanation *explanation = explain_in(fixture, "text", context);
    CHECK_INT(explanation->decision.reason, REASON_STICKY);
    CHECK_INT(explanation->kept, 1);
    CHECK(explanation->is_from_memory);
    fixture_close(fixture);
}

TEST(prerequisites_say_what_they_were_wanted_for_and_why_they_are_what_they_are)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "base",
                 "{'rules':[{'id':'r','when':" MATCH("plan", "eq", "'pro'") //
                 ",'serve':{'variation':'off'}}]}");
    fixture_flag(fixture, "middle", "{'prerequisites':[{'flag':'base','variations':['on']}]}");
    fixture_flag(fixture, "top",
                 "{'prerequisites':[{'flag':'middle','variations':['on']},"
                 "{'flag':'base','variations':['off']}]}");
    const struct explanation *explanation = explain_to(fixture, "top", "u", "{'plan':'pro'}");
    const struct explained_prerequisite *middle = &explanation->prerequisites[0];
    CHECK_INT(explanation->decision.reason, REASON_PREREQUISITE_FAILED);
    CHECK(middle->is_reached && !middle->is_satisfied && middle->is_gate);
    CHECK_INT(middle->reason, REASON_PREREQUISITE_FAILED);
    CHECK_INT(middle->variation, 0);
    CHECK_STR(middle->wanted->variations[0], STR("on"));
    const struct explained_prerequisite *base = &middle->why->prerequisites[0];
    CHECK_INT(base->reason, REASON_TARGETING_MATCH);
    CHECK(base->why->rules[0].is_serving);
    const struct explained_prerequisite *again = &explanation->prerequisites[1];
    CHECK(!again->is_reached && again->is_satisfied && again->is_repeated);
    CHECK(again->why == base->why);
    fixture_close(fixture);
}

TEST(a_circle_of_prerequisites_is_shown_and_ends)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "a", "{'prerequisites':[{'flag':'b','variations':['on']}]}");
    fixture_flag(fixture, "b", "{'prerequisites':[{'flag':'a','variations':['on']}]}");
    const struct explanation *explanation = explain_to(fixture, "a", "u", NULL);
    CHECK_INT(explanation->decision.error, DECISION_CYCLE_DETECTED);
    CHECK_STR(explanation->cycle, STR("a -> b -> a"));
    CHECK_INT(explanation->settled_by, STEP_PREREQUISITES);
    CHECK(explanation->prerequisites[0].why->prerequisites[0].why == NULL);
    fixture_close(fixture);
}

TEST(rules_behind_the_one_that_serves_are_looked_at_all_the_same)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'rules':[{'id':'past','when':{'op':'all','expressions':[]},"
                 "'serve':{'variation':'off'},'schedule':{'end':'2030-01-01T00:00:00Z'}},"
                 "{'id':'nobody','when':{'op':'all','expressions':[]},"
                 "'serve':{'rollout':{'variations':[{'variation':'off','weight':0}]}}},"
                 "{'id':'serving','when':{'op':'all','expressions':[]},"
                 "'serve':{'variation':'on'}},"
                 "{'id':'behind','when':{'op':'all','expressions':[]},"
                 "'serve':{'variation':'off'}}]}");
    const struct explanation *explanation = explain_to(fixture, "flag", "u", NULL);
    const struct explained_rule *rules = explanation->rules;
    CHECK(rules[0].is_reached && rules[0].holds && !rules[0].is_in_schedule);
    CHECK(rules[1].is_reached && rules[1].holds && rules[1].is_in_schedule);
    CHECK_INT(rules[1].serve.variation, VARIATION_NONE);
    CHECK(!rules[1].is_serving && rules[2].is_serving);
    CHECK(!rules[3].is_reached && rules[3].holds);
    CHECK_INT(explanation->settled_by, STEP_RULES);
    fixture_close(fixture);
}

/* ---- serves ---------------------------------------------------------------------------------- */

TEST(a_split_shows_the_text_it_hashed_and_whose_the_ticket_is)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'fallthrough':{'rollout':{'variations':[{'variation':'off','weight':40000},"
                 "{'variation':'on','weight':50000}],'bucketBy':'account','salt':'s1'}}}");
    const struct explanation *explanation = explain_to(fixture, "flag", "u", "{'account':12.5}");
    const struct explained_serve *serve = &explanation->fallthrough;
    CHECK_STR(serve->input, STR("flag:s1:12.5"));
    CHECK_INT(serve->hash, hash_fnv1a_utf16(STR("flag:s1:12.5")));
    CHECK_INT(serve->ticket, serve->hash % 100000);
    CHECK_STR(serve->bucket_by, STR("account"));
    CHECK_INT(serve->range_count, 2);
    CHECK_INT(serve->ranges[1].start, 40000);
    CHECK_INT(serve->ranges[1].end, 90000);
    CHECK_INT(serve->ticket_count, 100000);
    explanation = explain_to(fixture, "flag", "u", "{}");
    CHECK(!explanation->fallthrough.has_subject);
    CHECK_INT(explanation->decision.error, DECISION_NO_VARIATION);
    fixture_close(fixture);
}

TEST(a_bucket_shows_its_slice)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "flag",
        "{'fallthrough':{'bucket':{'slices':[{'percent':60,'variations':[{'variation':'on',"
        "'weight':1}]},{'percent':40,'variations':[{'variation':'b','weight':1}]}],"
        "'otherwise':'off'}}}");
    const struct explanation *explanation =
        explain_in(fixture, "flag", fixture_user(fixture, "{'user':{'user_id':'ann'}}"));
    const struct explained_serve *serve = &explanation->fallthrough;
    CHECK_STR(serve->input, STR("Qm2ZtY8w/ann"));
    CHECK_INT(serve->hash, hash_murmur3_32(STR("Qm2ZtY8w/ann"), 0));
    CHECK_INT(serve->percent, serve->hash % 100);
    bool is_first = serve->percent < 60;
    CHECK_INT(serve->slice_start, is_first ? 0 : 60);
    CHECK_INT(serve->slice_end, is_first ? 60 : 100);
    CHECK_INT(serve->variation, is_first ? 0 : 1);
    CHECK_INT(serve->chosen, 0);
    fixture_close(fixture);
}

TEST(a_progressive_serve_shows_how_far_it_is)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'fallthrough':{'progressive':{'start':'2031-03-10T08:30:00Z',"
                 "'end':'2031-03-10T12:30:00Z',"
                 "'from':{'variations':[{'variation':'on','weight':0},"
                 "{'variation':'off','weight':100000}]},"
                 "'to':{'variations':[{'variation':'on','weight':100000},"
                 "{'variation':'off','weight':0}]}}}}");
    const struct explanation *explanation = explain_to(fixture, "flag", "u", NULL);
    CHECK(explanation->fallthrough.is_progressive);
    CHECK(explanation->fallthrough.progress == 0.25);
    CHECK_INT(explanation->fallthrough.ranges[0].end, 25000);
    fixture_close(fixture);
}

TEST(who_needs_a_key_and_has_none_says_so)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{'fallthrough':{'rollout':{'variations':[{'variation':'on','weight':100000}]}}}");
    fixture_flag(fixture, "leaning", "{'prerequisites':[{'flag':'flag','variations':['on']}]}");
    struct context *context = fixture_subject(fixture, NULL, "{}");
    context->may_lack_key = true;
    const struct explanation *explanation = explain_in(fixture, "flag", context);
    CHECK_INT(explanation->decision.error, DECISION_KEY_MISSING);
    CHECK(explanation->fallthrough.lacks_key);
    CHECK_INT(explanation->settled_by, STEP_FALLTHROUGH);
    CHECK_INT(explain_in(fixture, "leaning", context)->settled_by, STEP_PREREQUISITES);
    fixture_close(fixture);
}

TESTS(a_typed_clause_says_why_it_does_not_hold, a_tree_says_which_part_of_it_fails,
      a_text_clause_says_why_it_does_not_hold, a_clause_that_nothing_can_pass_says_so,
      a_cohort_s_member_is_named, a_pattern_that_gives_up_says_so,
      segments_are_expanded_once_and_show_their_own_checks,
      a_segment_that_leads_back_to_itself_ends, each_step_that_decides_is_named,
      what_is_remembered_is_told_from_what_the_context_says,
      prerequisites_say_what_they_were_wanted_for_and_why_they_are_what_they_are,
      a_circle_of_prerequisites_is_shown_and_ends,
      rules_behind_the_one_that_serves_are_looked_at_all_the_same,
      a_split_shows_the_text_it_hashed_and_whose_the_ticket_is, a_bucket_shows_its_slice,
      a_progressive_serve_shows_how_far_it_is, who_needs_a_key_and_has_none_says_so)
