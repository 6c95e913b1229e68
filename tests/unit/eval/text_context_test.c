/* SPDX-License-Identifier: Apache-2.0 */
/* text_context - what selectors find in either form of context, in results, and in cohorts. */
#include "fixture.h"

#define RULE(selector, values)                                                                     \
    "{'rules':[{'id':'r','serve':{'variation':'on'},'when':{'op':'match','operator':'text is',"    \
    "'attribute':'" selector "','value':[" values "]}}]}"

static void expect_found(const char *flag, const char *tree, const char *key,
                         const char *attributes, bool in_tree, bool in_attributes)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "probe", flag);
    struct decision user = fixture_ask_user(fixture, "probe", tree);
    struct decision flat = fixture_ask(fixture, "probe", key, attributes);
    CHECK_INT(user.reason == REASON_TARGETING_MATCH, in_tree);
    CHECK_INT(flat.reason == REASON_TARGETING_MATCH, in_attributes);
    fixture_close(fixture);
}

TEST(selectors_find_people_in_both_forms)
{
    static const char tree[] =
        "{'user':{'user_id':'ana','device_id':'d-1','country':'NO','user_properties':{"
        "'plan':'pro','a/b':'s','deep':{'x':['p','q']}}}}";
    static const char attributes[] =
        "{'device_id':'d-1','country':'NO','plan':'pro','a/b':'s','deep':{'x':['p','q']}}";
    expect_found(RULE("/context/user/user_id", "'ana'"), tree, "ana", attributes, true, true);
    expect_found(RULE("/context/user/amplitude_id", "'ana'"), tree, "ana", attributes, false, true);
    expect_found(RULE("/context/user/amplitude_id", "'given'"), "{'user':{}}", "ana",
                 "{'amplitude_id':'given'}", false, true);
    expect_found(RULE("/context/user/device_id", "'(none)'"), "{'user':{}}", "ana", "{}", true,
                 true);
    expect_found(RULE("/context/user/device_id", "'d-1'"), tree, "ana", attributes, true, true);
    expect_found(RULE("/context/user/country", "'NO'"), tree, "ana", attributes, true, true);
    expect_found(RULE("/context/user/user_properties/plan", "'pro'"), tree, "ana", attributes, true,
                 true);
    expect_found(RULE("/context/user/user_properties/a~1b", "'s'"), tree, "ana", attributes, true,
                 true);
    expect_found(RULE("/context/user/user_properties/deep/x/1", "'q'"), tree, "ana", attributes,
                 true, true);
    expect_found(RULE("/context/user/user_properties/deep/x/01", "'q'"), tree, "ana", attributes,
                 false, false);
    expect_found(RULE("/context/user/user_properties/deep/x/2", "'(none)'"), tree, "ana",
                 attributes, true, true);
    expect_found(RULE("/context/user/plan", "'pro'"), tree, "ana", attributes, false, true);
    expect_found(RULE("/context/user/nobody", "'(none)'"), tree, "ana", attributes, true, true);
    expect_found(RULE("/context/page/country", "'NO'"), tree, "ana", attributes, false, false);
    expect_found(RULE("/user/country", "'NO'"), tree, "ana", attributes, false, false);
    expect_found(RULE("/context//country", "'(none)'"), tree, "ana", attributes, true, true);
}

TEST(a_list_is_compared_however_deep_it_is)
{
    char attributes[128];
    char flag[256];
    char list[64];
    for (int depth = 1; depth <= 28; depth += 9) {
        snprintf(list, sizeof(list), "%.*s%.*s", depth, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[", depth,
                 "]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
        snprintf(attributes, sizeof(attributes), "{'deep':{'list':%s}}", list);
        snprintf(flag, sizeof(flag), RULE("/context/user/deep", "'{\\\"list\\\":%s}'"), list);
        expect_found(flag, "{}", "u", attributes, false, true);
    }
}

TEST(a_flat_property_is_looked_for_among_properties_first)
{
    static const char attributes[] = "{'plan':'top','user_properties':{'plan':'inner'}}";
    expect_found(RULE("/context/user/user_properties/plan", "'inner'"), "{}", "u", attributes,
                 false, true);
    expect_found(RULE("/context/user/plan", "'top'"), "{}", "u", attributes, false, true);
}

TEST(selectors_find_groups_in_both_forms)
{
    static const char tree[] =
        "{'groups':{'org':{'group_name':'acme','group_properties':{'tier':'gold'},"
        "'cohort_ids':['c1']}}}";
    static const char listed[] =
        "{'groups':{'org':['acme','other']},'group_properties':{'org':{'acme':{'tier':'gold'},"
        "'other':{'tier':'tin'}}},'group_cohort_ids':{'org':{'acme':['c1']}}}";
    static const char plain[] = "{'groups':{'org':'acme'}}";
    expect_found(RULE("/context/groups/org/group_name", "'acme'"), tree, "u", listed, true, true);
    expect_found(RULE("/context/groups/org/group_name", "'acme'"), tree, "u", plain, true, true);
    expect_found(RULE("/context/groups/org/group_properties/tier", "'gold'"), tree, "u", listed,
                 true, true);
    expect_found(RULE("/context/groups/org/group_properties/tier", "'gold'"), tree, "u", plain,
                 true, false);
    expect_found(RULE("/context/groups/org/cohort_ids", "'c1'"), tree, "u", listed, true, true);
    expect_found(RULE("/context/groups/team/group_name", "'(none)'"), tree, "u", listed, true,
                 true);
    expect_found(RULE("/context/groups/org/group_name", "'(none)'"), "{'groups':{}}", "u",
                 "{'groups':{'org':[]}}", true, true);
}

TEST(a_page_is_only_in_a_tree)
{
    expect_found(RULE("/context/page/url", "'https://x'"), "{'page':{'url':'https://x'}}", "u",
                 "{'page':{'url':'https://x'}}", true, false);
}

/* The other way round: flags of the typed family for a user. */
TEST(dotted_paths_find_their_way_in_a_tree)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "inner",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':{'op':'match',"
                 "'attribute':'plan.name','operator':'eq','value':'pro'},"
                 "'serve':{'variation':'on'}}]}");
    fixture_flag(fixture, "key",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':{'op':'match',"
                 "'attribute':'targetingKey','operator':'eq','value':'7'},"
                 "'serve':{'variation':'on'}}]}");
    fixture_expect_user(fixture, "inner", "{'user':{'user_id':'u','plan':{'name':'pro'}}}", "on",
                        REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "inner",
                        "{'user':{'user_id':'u','user_properties':{'plan':{'name':'pro'}}}}", "on",
                        REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "inner",
                        "{'user':{'user_id':'u','plan':{'name':'x'},'user_properties':{'plan':"
                        "{'name':'pro'}}}}",
                        "off", REASON_FALLTHROUGH);
    fixture_expect_user(fixture, "key", "{'user':{'user_id':7,'device_id':'d'}}", "on",
                        REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "key", "{'user':{'user_id':'','device_id':'7'}}", "on",
                        REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "key", "{'user':{'user_id':null,'device_id':'d'}}", "off",
                        REASON_FALLTHROUGH);
    CHECK_INT(fixture_ask_user(fixture, "key", "{'user':{}}").error, DECISION_INVALID_CONTEXT);
    CHECK_INT(fixture_ask_user(fixture, "key", NULL).error, DECISION_INVALID_CONTEXT);
    fixture_close(fixture);
}

/* ---- results ----------------------------------------------------------------------------------
 */

#define NEEDS_BASE "'prerequisites':[{'flag':'base','variations':[]}],"
#define ASKS(what, value)                                                                          \
    "{" NEEDS_BASE "'rules':[{'id':'r','serve':{'variation':'on'},'when':{'op':'match',"           \
    "'operator':'text is','attribute':'/result/base/" what "','value':['" value "']}}]}"

static struct fixture *open_results(void)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "base",
        "{'metadata':{'team':'growth'},'fallthrough':{'variation':'b'},"
        "'variations':[{'id':'b','value':'b','payload':{'tier':[1,'gold']}},"
        "{'id':'off','value':'off'}],'rules':[{'id':'r','serve':{'variation':'off'},'when':"
        "{'op':'match','operator':'text "
        "is','attribute':'/context/user/country','value':['NO']}}]}");
    fixture_text_flag(fixture, "key", ASKS("key", "b"));
    fixture_text_flag(fixture, "key-off", ASKS("key", "off"));
    fixture_text_flag(fixture, "metadata", ASKS("metadata/team", "growth"));
    fixture_text_flag(fixture, "payload", ASKS("payload/tier/1", "gold"));
    fixture_text_flag(fixture, "value", ASKS("value", "b"));
    fixture_text_flag(fixture, "value-off", ASKS("value", "(none)"));
    return fixture;
}

TEST(results_of_prerequisites_can_be_asked_about)
{
    struct fixture *fixture = open_results();
    static const char *const when_b[] = {"key", "payload", "value"};
    static const char *const when_off[] = {"key-off", "value-off"};
    for (size_t i = 0; i < COUNT_OF(when_b); i++) {
        fixture_expect_user(fixture, when_b[i], "{}", "on", REASON_TARGETING_MATCH);
        fixture_expect_user(fixture, when_b[i], "{'user':{'country':'NO'}}", "off",
                            REASON_FALLTHROUGH);
    }
    for (size_t i = 0; i < COUNT_OF(when_off); i++) {
        fixture_expect_user(fixture, when_off[i], "{}", "off", REASON_FALLTHROUGH);
        fixture_expect_user(fixture, when_off[i], "{'user':{'country':'NO'}}", "on",
                            REASON_TARGETING_MATCH);
    }
    fixture_expect_user(fixture, "metadata", "{}", "on", REASON_TARGETING_MATCH);
    fixture_close(fixture);
}

/* Only what is called "off" has neither value nor payload, whatever a flag that is off serves. */
TEST(what_is_not_called_off_has_a_value)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "base",
                 "{'offVariation':'on','fallthrough':{'variation':'on'},'rules':[{'id':'r',"
                 "'serve':{'variation':'off'},'when':{'op':'match','attribute':'country',"
                 "'operator':'eq','value':'NO'}}]}");
    fixture_text_flag(fixture, "value", ASKS("value", "on"));
    fixture_text_flag(fixture, "value-none", ASKS("value", "(none)"));
    fixture_text_flag(fixture, "payload", ASKS("payload", "true"));
    fixture_text_flag(fixture, "payload-none", ASKS("payload", "(none)"));
    static const char *const when_on[] = {"value", "payload"};
    static const char *const when_off[] = {"value-none", "payload-none"};
    for (size_t i = 0; i < COUNT_OF(when_on); i++) {
        fixture_expect_user(fixture, when_on[i], "{'user':{'user_id':'u'}}", "on",
                            REASON_TARGETING_MATCH);
        fixture_expect_user(fixture, when_off[i], "{'user':{'user_id':'u'}}", "off",
                            REASON_FALLTHROUGH);
        fixture_expect_user(fixture, when_on[i], "{'user':{'user_id':'u','country':'NO'}}", "off",
                            REASON_FALLTHROUGH);
        fixture_expect_user(fixture, when_off[i], "{'user':{'user_id':'u','country':'NO'}}", "on",
                            REASON_TARGETING_MATCH);
    }
    fixture_close(fixture);
}

TEST(results_of_other_flags_are_nothing_whatever_was_asked_before)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "base", "{'fallthrough':{'variation':'b'}}");
    fixture_text_flag(fixture, "leans", ASKS("key", "b"));
    /* Writes refuse it; what is stored elsewhere may do it. */
    fixture_text_flag(fixture, "stranger", RULE("/context/user/x", "'b'"));
    struct rule *rule = &fixture->flags[2]->rules[0];
    rule->when.attribute = STR("/result/base/key");
    struct context *context = fixture_user(fixture, "{}");
    CHECK_STR(
        fixture_variation(evaluate(fixture->ruleset, STR("leans"), context, fixture->now_ms, NULL)),
        STR("on"));
    CHECK_STR(fixture_variation(
                  evaluate(fixture->ruleset, STR("stranger"), context, fixture->now_ms, NULL)),
              STR("off"));
    fixture_close(fixture);
}

TEST(results_are_those_of_the_moment)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "base",
        "{'fallthrough':{'variation':'b'},'schedule':{'end':'2031-03-10T09:30:00Z'}}");
    fixture_text_flag(fixture, "leans", ASKS("key", "b"));
    struct context *context = fixture_user(fixture, "{}");
    for (int round = 0; round < 2; round++) {
        CHECK_STR(fixture_variation(
                      evaluate(fixture->ruleset, STR("leans"), context, fixture->now_ms - 1, NULL)),
                  STR("on"));
        CHECK_STR(fixture_variation(
                      evaluate(fixture->ruleset, STR("leans"), context, fixture->now_ms, NULL)),
                  STR("off"));
    }
    fixture_close(fixture);
}

TEST(a_typed_flag_can_be_leaned_on)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "base", "{}");
    fixture_text_flag(fixture, "key", ASKS("key", "on"));
    fixture_text_flag(fixture, "payload", ASKS("payload", "true"));
    fixture_expect_user(fixture, "key", "{'user':{'user_id':'u'}}", "on", REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "payload", "{'user':{'user_id':'u'}}", "on",
                        REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "key", "{'user':{}}", "off", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

/* ---- cohorts ----------------------------------------------------------------------------------
 */

#define COHORT_RULE(operator, selector, ids)                                                       \
    "{'rules':[{'id':'r','serve':{'variation':'on'},'when':{'op':'match','operator':'text "        \
    operator"','attribute':'" selector "','value':[" ids "]}}]}"

static struct fixture *open_cohorts(void)
{
    struct fixture *fixture = fixture_open();
    fixture_cohort(fixture, "firms", "org", "acme");
    fixture_cohort(fixture, "friends", "User", "ana");
    fixture_text_flag(
        fixture, "any",
        COHORT_RULE("set contains any", "/context/user/cohort_ids", "'friends','firms','sent'"));
    fixture_text_flag(fixture, "firm",
                      COHORT_RULE("set contains any", "/context/groups/org/cohort_ids", "'firms'"));
    fixture_text_flag(fixture, "named",
                      "{'variations':[{'id':'on','value':'on'},{'id':'b',"
                      "'value':'b','cohorts':['friends']},"
                      "{'id':'off','value':'off'}]}");
    fixture_text_flag(
        fixture, "none",
        COHORT_RULE("set does not contain any", "/context/user/cohort_ids", "'friends','sent'"));
    return fixture;
}

static void expect_cohorts(struct fixture *fixture, const char *tree, bool is_member)
{
    bool is_on = fixture_ask_user(fixture, "any", tree).reason == REASON_TARGETING_MATCH;
    bool is_off = fixture_ask_user(fixture, "none", tree).reason == REASON_TARGETING_MATCH;
    CHECK_INT(is_on, is_member);
    CHECK_INT(is_off, !is_member);
}

TEST(stored_members_join_what_the_request_says)
{
    struct fixture *fixture = open_cohorts();
    expect_cohorts(fixture, "{'user':{'user_id':'ana'}}", true);
    expect_cohorts(fixture, "{'user':{'user_id':'ana','cohort_ids':['x']}}", true);
    expect_cohorts(fixture, "{'user':{'user_id':'bo','cohort_ids':['x','sent']}}", true);
    expect_cohorts(fixture, "{'user':{'user_id':'bo','cohort_ids':['x']}}", false);
    expect_cohorts(fixture, "{'user':{'user_id':'bo'}}", false);
    expect_cohorts(fixture, "{'user':{'device_id':'ana'}}", false);
    expect_cohorts(fixture, "{'user':{'user_id':'acme'}}", false); /* of another type of group */
    CHECK_STR(fixture_variation(fixture_ask(fixture, "any", "ana", NULL)), STR("on"));
    CHECK_STR(fixture_variation(fixture_ask(fixture, "any", "bo", NULL)), STR("off"));
    fixture_close(fixture);
}

TEST(groups_are_members_by_their_name)
{
    struct fixture *fixture = open_cohorts();
    fixture_expect_user(fixture, "firm", "{'groups':{'org':{'group_name':'acme'}}}", "on",
                        REASON_TARGETING_MATCH);
    fixture_expect_user(fixture, "firm", "{'groups':{'org':{'group_name':'ana'}}}", "off",
                        REASON_FALLTHROUGH);
    fixture_expect_user(fixture, "firm", "{'user':{'user_id':'acme'}}", "off", REASON_FALLTHROUGH);
    fixture_expect(fixture, "firm", "u", "{'groups':{'org':['acme']}}", "on",
                   REASON_TARGETING_MATCH);
    fixture_close(fixture);
}

TEST(a_cohort_can_be_included)
{
    struct fixture *fixture = open_cohorts();
    fixture_expect_user(fixture, "named", "{'user':{'user_id':'ana'}}", "b", REASON_INCLUDED);
    fixture_expect_user(fixture, "named", "{'user':{'cohort_ids':['friends']}}", "b",
                        REASON_INCLUDED);
    fixture_expect_user(fixture, "named", "{'user':{'user_id':'bo'}}", "off", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TESTS(a_list_is_compared_however_deep_it_is, selectors_find_people_in_both_forms,
      a_flat_property_is_looked_for_among_properties_first, selectors_find_groups_in_both_forms,
      a_page_is_only_in_a_tree, dotted_paths_find_their_way_in_a_tree,
      results_of_prerequisites_can_be_asked_about, what_is_not_called_off_has_a_value,
      results_of_other_flags_are_nothing_whatever_was_asked_before, results_are_those_of_the_moment,
      a_typed_flag_can_be_leaned_on, stored_members_join_what_the_request_says,
      groups_are_members_by_their_name, a_cohort_can_be_included)
