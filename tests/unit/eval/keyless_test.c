/* SPDX-License-Identifier: Apache-2.0 */
/* keyless - contexts that may lack a targeting key: what can be decided all the same is. */
#include "fixture.h"

#define HALF_BY(by)                                                                                \
    "{'rollout':{'variations':[{'variation':'on','weight':50000},"                                 \
    "{'variation':'off','weight':50000}]" by "}}"
#define BUCKET_BY(selector)                                                                        \
    "{'bucket':{'bucketBy':'" selector "','slices':[{'percent':100,'variations':["                 \
    "{'variation':'on','weight':1},{'variation':'b','weight':1}]}],'otherwise':'off'}}"
#define WHEN(attribute, operator, value)                                                           \
    "'when':{'op':'match','attribute':'" attribute "','operator':'" operator"','value':" value "}"

#define SLICED(slices, otherwise)                                                                  \
    "{'fallthrough':{'bucket':{'bucketBy':'/context/user/user_id','slices':[" slices               \
    "],'otherwise':'" otherwise "'}}}"

static struct decision ask_keyless(struct fixture *fixture, const char *flag,
                                   const char *attributes)
{
    struct context *context = fixture_subject(fixture, NULL, attributes);
    context->may_lack_key = true;
    return fixture_decide(fixture, flag, context);
}

static void expect_keyless(struct fixture *fixture, const char *flag, const char *attributes,
                           const char *variation, enum reason reason)
{
    struct decision decision = ask_keyless(fixture, flag, attributes);
    CHECK_STR(fixture_variation(decision), str_of(variation));
    CHECK_STR(reason_name(decision.reason), reason_name(reason));
    CHECK_INT(decision.error, DECISION_OK);
}

static void expect_key_missing(struct fixture *fixture, const char *flag, const char *attributes)
{
    struct decision decision = ask_keyless(fixture, flag, attributes);
    CHECK_INT(decision.error, DECISION_KEY_MISSING);
    CHECK_INT(decision.variation, VARIATION_NONE);
    CHECK_INT(decision.rule, RULE_NONE);
    CHECK_STR(reason_name(decision.reason), STR("DEFAULT"));
    CHECK(decision.flag != NULL);
    CHECK_STR(decision.flag->flag->key, str_of(flag));
    CHECK(fixture->trace.serve == NULL);
    CHECK(!fixture->trace.has_ticket);
}

TEST(a_context_may_lack_a_key_only_when_it_says_so)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "plain", "{}");
    CHECK_INT(fixture_ask(fixture, "plain", NULL, NULL).error, DECISION_INVALID_CONTEXT);
    expect_keyless(fixture, "plain", NULL, "on", REASON_FALLTHROUGH);
    CHECK_INT(fixture_ask(fixture, "nowhere", NULL, NULL).error, DECISION_INVALID_CONTEXT);
    CHECK_INT(ask_keyless(fixture, "nowhere", NULL).error, DECISION_FLAG_NOT_FOUND);

    struct context *context = fixture_subject(fixture, "", NULL);
    context->may_lack_key = true;
    CHECK_STR(fixture_variation(fixture_decide(fixture, "plain", context)), STR("on"));
    fixture_close(fixture);
}

TEST(a_split_by_the_key_misses_it_and_one_by_an_attribute_does_not)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "attribute", "{'fallthrough':" HALF_BY(",'bucketBy':'org'") "}");
    fixture_flag(fixture, "key", "{'fallthrough':" HALF_BY("") "}");
    fixture_flag(fixture, "named", "{'fallthrough':" HALF_BY(",'bucketBy':'targetingKey'") "}");
    fixture_flag(fixture, "off", "{'enabled':false,'fallthrough':" HALF_BY("") "}");
    fixture_flag(fixture, "over",
                 "{'schedule':{'end':'2030-01-01T00:00:00Z'},'fallthrough':" HALF_BY("") "}");
    fixture_flag(fixture, "progressive",
                 "{'fallthrough':{'progressive':{'start':'2031-01-01T00:00:00Z',"
                 "'end':'2031-01-02T00:00:00Z',"
                 "'from':{'variations':[{'variation':'on','weight':0}]},"
                 "'to':{'variations':[{'variation':'on','weight':100000}]}}}}");

    expect_key_missing(fixture, "key", "{'targetingKey':'not one'}");
    expect_key_missing(fixture, "named", NULL);
    expect_key_missing(fixture, "progressive", NULL);
    expect_keyless(fixture, "off", NULL, "off", REASON_OFF);
    expect_keyless(fixture, "over", NULL, "off", REASON_SCHEDULED_OUT);
    struct decision decision = ask_keyless(fixture, "attribute", "{'org':'acme'}");
    CHECK_INT(decision.error, DECISION_OK);
    CHECK_STR(reason_name(decision.reason), STR("SPLIT"));
    CHECK_INT(ask_keyless(fixture, "attribute", "{}").error, DECISION_NO_VARIATION);
    fixture_close(fixture);
}

/* The rule that is reached decides: one before it may serve, one behind it cannot. */
TEST(the_rule_that_is_reached_is_the_one_that_counts)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(
        fixture, "rules",
        "{'fallthrough':{'variation':'off'},'rules':["
        "{'id':'first'," WHEN("plan", "eq", "'pro'") ",'serve':{'variation':'on'}},"
                                                     "{'id':'second'," WHEN(
                                                         "plan", "eq",
                                                         "'team'") ",'serve':" HALF_BY("") "}]}");
    expect_keyless(fixture, "rules", "{'plan':'pro'}", "on", REASON_TARGETING_MATCH);
    expect_key_missing(fixture, "rules", "{'plan':'team'}");
    expect_keyless(fixture, "rules", "{'plan':'free'}", "off", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(clauses_about_the_key_find_nothing)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "empty",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r'," WHEN(
                     "targetingKey", "eq", "''") ",'serve':{'variation':'on'}}]}");
    fixture_flag(fixture, "exists",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r'," WHEN(
                     "targetingKey", "exists", "true") ",'serve':{'variation':'on'}}]}");
    fixture_text_flag(fixture, "text",
                      "{'rules':[{'id':'r'," WHEN("/context/user/user_id", "text is",
                                                  "['(none)']") ",'serve':{'variation':'on'}}]}");
    expect_keyless(fixture, "empty", NULL, "off", REASON_FALLTHROUGH);
    expect_keyless(fixture, "exists", NULL, "off", REASON_FALLTHROUGH);
    expect_keyless(fixture, "text", NULL, "on", REASON_TARGETING_MATCH);
    fixture_close(fixture);
}

TEST(lists_of_a_segment_do_not_have_who_has_no_key)
{
    struct fixture *fixture = fixture_open();
    fixture_segment(fixture, "staff",
                    "{'included':['u1'],'excluded':['u2'],'rules':[{'op':'match',"
                    "'attribute':'mail','operator':'endsWith','value':'@acme.example'}]}");
    fixture_flag(fixture, "gate",
                 "{'fallthrough':{'variation':'off'},'rules':[{'id':'r','when':{'op':'segment',"
                 "'segment':'staff'},'serve':{'variation':'on'}}]}");
    expect_keyless(fixture, "gate", NULL, "off", REASON_FALLTHROUGH);
    expect_keyless(fixture, "gate", "{'mail':'a@acme.example'}", "on", REASON_TARGETING_MATCH);

    struct context *context = fixture_subject(fixture, NULL, "{'mail':'a@acme.example'}");
    struct arena *arena = &fixture->arena;
    CHECK(!evaluate_segment(fixture->ruleset, STR("staff"), context, fixture->now_ms, arena)
               .is_member);
    context->may_lack_key = true;
    CHECK(evaluate_segment(fixture->ruleset, STR("staff"), context, fixture->now_ms, arena)
              .is_member);
    fixture_close(fixture);
}

TEST(a_bucket_misses_the_key_where_nothing_else_says_who_it_is)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "account",
                      "{'fallthrough':" BUCKET_BY("/context/user/account_id") "}");
    fixture_text_flag(fixture, "device",
                      "{'fallthrough':" BUCKET_BY("/context/user/device_id") "}");
    fixture_text_flag(
        fixture, "group",
        "{'bucketingUnit':'org','fallthrough':" BUCKET_BY("/context/user/user_id") "}");
    fixture_text_flag(fixture, "plan",
                      "{'fallthrough':" BUCKET_BY("/context/user/user_properties/plan") "}");
    fixture_text_flag(fixture, "user", "{'fallthrough':" BUCKET_BY("/context/user/user_id") "}");

    expect_key_missing(fixture, "user", "{'user_id':'an attribute is no key'}");
    expect_key_missing(fixture, "account", NULL);
    CHECK_INT(ask_keyless(fixture, "account", "{'account_id':'a-1'}").reason, REASON_SPLIT);
    expect_keyless(fixture, "account", "{'account_id':''}", "off", REASON_SPLIT);
    expect_keyless(fixture, "device", NULL, "off", REASON_SPLIT);
    CHECK_INT(ask_keyless(fixture, "device", "{'device_id':'d-1'}").reason, REASON_SPLIT);
    expect_keyless(fixture, "group", NULL, "off", REASON_SPLIT);
    expect_keyless(fixture, "plan", NULL, "off", REASON_SPLIT);
    fixture_expect(fixture, "user", NULL, NULL, "off", REASON_SPLIT); /* unless it may lack one */
    fixture_close(fixture);
}

/* Two flags lean on it, so that the second is told what is remembered. */
TEST(who_leans_on_a_flag_that_misses_the_key_misses_it_too)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "a", "{'prerequisites':[{'flag':'split','variations':['on']}]}");
    fixture_flag(fixture, "b", "{'prerequisites':[{'flag':'a','variations':['on']}]}");
    fixture_text_flag(fixture, "c", "{'prerequisites':[{'flag':'split','variations':[]}]}");
    fixture_flag(fixture, "d",
                 "{'prerequisites':[{'flag':'plain','variations':['off']},"
                 "{'flag':'split','variations':['on']}]}");
    fixture_flag(fixture, "plain", "{}");
    fixture_flag(fixture, "split", "{'fallthrough':" HALF_BY("") "}");

    struct context *context = fixture_subject(fixture, NULL, NULL);
    context->may_lack_key = true;
    static const struct str keys[] = {{"a", 1}, {"b", 1}, {"c", 1}, {"split", 5}, {"a", 1}};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        struct decision decision =
            evaluate(fixture->ruleset, keys[i], context, fixture->now_ms, NULL);
        CHECK_INT(decision.error, DECISION_KEY_MISSING);
        CHECK_STR(decision.flag->flag->key, keys[i]);
    }
    struct decision unmet = evaluate(fixture->ruleset, STR("d"), context, fixture->now_ms, NULL);
    CHECK_INT(unmet.error, DECISION_OK); /* the first that is not met ends it */
    CHECK_STR(reason_name(unmet.reason), STR("PREREQUISITE_FAILED"));

    expect_key_missing(fixture, "b", NULL);
    CHECK_INT(fixture->trace.prerequisite_count, 1);
    CHECK(!fixture->trace.prerequisites[0].is_satisfied);
    fixture_close(fixture);
}

/* Rolled out to all of one variation, or to nobody: no ticket decides. */
TEST(a_bucket_that_deals_nothing_needs_no_key)
{
    struct fixture *fixture = fixture_open();
    const char *const alike[] = {
        SLICED("{'percent':100,'variations':[{'variation':'on','weight':1}]}", "on"),
        SLICED("{'percent':100,'variations':[{'variation':'on','weight':1},"
               "{'variation':'b','weight':0}]}",
               "on"),
        SLICED("{'percent':0,'variations':[{'variation':'b','weight':1}]}", "on"),
        SLICED("{'percent':30,'variations':[{'variation':'on','weight':1}]}", "on"),
        SLICED("", "on"),
    };
    const char *const dealt[] = {
        SLICED("{'percent':100,'variations':[{'variation':'on','weight':1}]}", "off"),
        SLICED("{'percent':1,'variations':[{'variation':'b','weight':1}]}", "on"),
        SLICED("{'percent':50,'variations':[{'variation':'on','weight':1}]},"
               "{'percent':50,'variations':[{'variation':'b','weight':1}]}",
               "on"),
    };
    static const char *const alike_keys[] = {"a0", "a1", "a2", "a3", "a4"};
    static const char *const dealt_keys[] = {"d0", "d1", "d2"};
    for (size_t i = 0; i < COUNT_OF(alike); i++)
        fixture_text_flag(fixture, alike_keys[i], alike[i]);
    for (size_t i = 0; i < COUNT_OF(dealt); i++)
        fixture_text_flag(fixture, dealt_keys[i], dealt[i]);
    for (size_t i = 0; i < COUNT_OF(alike); i++)
        expect_keyless(fixture, alike_keys[i], NULL, "on", REASON_FALLTHROUGH);
    for (size_t i = 0; i < COUNT_OF(dealt); i++)
        expect_key_missing(fixture, dealt_keys[i], NULL);
    fixture_close(fixture);
}

TESTS(a_bucket_that_deals_nothing_needs_no_key, a_context_may_lack_a_key_only_when_it_says_so,
      a_split_by_the_key_misses_it_and_one_by_an_attribute_does_not,
      the_rule_that_is_reached_is_the_one_that_counts, clauses_about_the_key_find_nothing,
      lists_of_a_segment_do_not_have_who_has_no_key,
      a_bucket_misses_the_key_where_nothing_else_says_who_it_is,
      who_leans_on_a_flag_that_misses_the_key_misses_it_too)
