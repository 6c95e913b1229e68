/* SPDX-License-Identifier: Apache-2.0 */
/* serve - tickets, who owns them, and how ownership moves. Subjects and their tickets are those of
 * recorded vectors. */
#include "fixture.h"

#define QUARTER                                                                                    \
    "{'fallthrough':{'rollout':{'variations':[{'variation':'on','weight':25000},"                  \
    "{'variation':'off','weight':75000}]}}}"

TEST(a_split_ends_exactly_at_its_sum)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "abc",
                 "{'type':'string','variations':[{'id':'a','value':'A'},{'id':'b','value':'B'},"
                 "{'id':'c','value':'C'}],'offVariation':'a','fallthrough':{'rollout':{'salt':'s',"
                 "'variations':[{'variation':'c','weight':20000},{'variation':'a','weight':30000},"
                 "{'variation':'b','weight':50000}]}}}");
    fixture_flag(fixture, "pct-quarter", QUARTER);
    fixture_expect(fixture, "pct-quarter", "member-13106", NULL, "on", REASON_SPLIT);
    fixture_expect(fixture, "pct-quarter", "member-28135", NULL, "on", REASON_SPLIT);
    CHECK_INT(fixture->trace.ticket, 24999);
    fixture_expect(fixture, "pct-quarter", "member-88136", NULL, "off", REASON_SPLIT);
    CHECK_INT(fixture->trace.ticket, 25000);
    fixture_expect(fixture, "pct-quarter", "member-5765", NULL, "off", REASON_SPLIT);
    CHECK_INT(fixture->trace.ticket, 99999);
    fixture_expect(fixture, "abc", "member-120867", NULL, "c", REASON_SPLIT);
    fixture_expect(fixture, "abc", "member-61424", NULL, "a", REASON_SPLIT);
    fixture_expect(fixture, "abc", "member-266011", NULL, "a", REASON_SPLIT);
    fixture_expect(fixture, "abc", "member-3718", NULL, "b", REASON_SPLIT);
    fixture_close(fixture);
}

TEST(the_salt_deals_anew)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "pct-salted",
                 "{'fallthrough':{'rollout':{'salt':'2031-q1','variations':["
                 "{'variation':'on','weight':25000},{'variation':'off','weight':75000}]}}}");
    fixture_expect(fixture, "pct-salted", "member-28135", NULL, "off", REASON_SPLIT);
    fixture_close(fixture);
}

TEST(a_weight_of_nothing_is_never_served)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "pct-zero",
                 "{'fallthrough':{'rollout':{'variations':[{'variation':'on','weight':0},"
                 "{'variation':'off','weight':100000}]}}}");
    for (int i = 0; i < 1000; i++) {
        char subject[32];
        snprintf(subject, sizeof(subject), "member-%d", i);
        struct context *context = fixture_subject(fixture, subject, NULL);
        CHECK_INT(evaluate(fixture->ruleset, STR("pct-zero"), context, 0, NULL).variation, 0);
    }
    fixture_close(fixture);
}

TEST(numbers_are_dealt_as_they_are_spelled)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "pct-shard",
                 "{'fallthrough':{'rollout':{'bucketBy':'shard','variations':["
                 "{'variation':'on','weight':50000},{'variation':'off','weight':50000}]}}}");
    static const struct {
        const char *number, *text;
    } spellings[] = {{"7", "'7'"},
                     {"7.0", "'7'"},
                     {"-0", "'0'"},
                     {"0.1", "'0.1'"},
                     {"1e21", "'1e+21'"},
                     {"1e20", "'100000000000000000000'"},
                     {"0.000001", "'0.000001'"},
                     {"1e-7", "'1e-7'"},
                     {"-2.5", "'-2.5'"}};
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        char number[64];
        char text[64];
        snprintf(number, sizeof(number), "{'shard':%s}", spellings[i].number);
        snprintf(text, sizeof(text), "{'shard':%s}", spellings[i].text);
        fixture_ask(fixture, "pct-shard", "u-1", number);
        uint32_t ticket = fixture->trace.ticket;
        fixture_ask(fixture, "pct-shard", "u-1", text);
        CHECK_INT(fixture->trace.ticket, ticket);
    }
    fixture_expect(fixture, "pct-shard", "u-1", "{'shard':7}", "on", REASON_SPLIT);
    fixture_expect(fixture, "pct-shard", "u-1", "{'shard':1e21}", "off", REASON_SPLIT);
    fixture_close(fixture);
}

TEST(what_is_no_text_and_no_number_has_no_ticket)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "pct-shard",
                 "{'fallthrough':{'rollout':{'bucketBy':'shard','variations':["
                 "{'variation':'on','weight':100000}]}}}");
    static const char *const attributes[] = {"{'shard':true}", "{'shard':null}", "{'shard':[7]}",
                                             "{'shard':{'a':1}}", "{}"};
    for (size_t i = 0; i < COUNT_OF(attributes); i++) {
        struct decision decision = fixture_ask(fixture, "pct-shard", "u-1", attributes[i]);
        CHECK_INT(decision.error, DECISION_NO_VARIATION);
        CHECK_INT(decision.reason, REASON_SPLIT);
        CHECK_INT(decision.variation, VARIATION_NONE);
        CHECK(!fixture->trace.has_ticket);
    }
    fixture_close(fixture);
}

/* member-84661 draws 84661 or so of pct-partial: beyond what is allocated. */
TEST(an_unallocated_ticket_passes_on_or_is_an_error)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "pct-partial",
                 "{'fallthrough':{'rollout':{'variations':[{'variation':'on','weight':30000}]}}}");
    fixture_flag(fixture, "pct-rule",
                 "{'fallthrough':{'variation':'off'},'rules':["
                 "{'id':'ten','when':{'op':'all','expressions':[]},'serve':{'rollout':{"
                 "'variations':[{'variation':'on','weight':10000}]}}}]}");
    fixture_flag(fixture, "pct-rules",
                 "{'fallthrough':{'variation':'off'},'rules':["
                 "{'id':'none','when':{'op':'all','expressions':[]},'serve':{'rollout':{"
                 "'variations':[{'variation':'off','weight':0}]}}},"
                 "{'id':'rest','when':{'op':'all','expressions':[]},'serve':{'rollout':{"
                 "'variations':[{'variation':'on','weight':100000}]}}}]}");
    fixture_expect(fixture, "pct-partial", "member-32438", NULL, "on", REASON_SPLIT);
    struct decision decision = fixture_ask(fixture, "pct-partial", "member-84661", NULL);
    CHECK_INT(decision.error, DECISION_NO_VARIATION);
    CHECK_INT(decision.reason, REASON_SPLIT);
    CHECK(fixture->trace.serve == NULL);
    CHECK(fixture->trace.has_ticket);
    CHECK(fixture->trace.ticket >= 30000);

    fixture_expect(fixture, "pct-rule", "member-404865", NULL, "on", REASON_SPLIT);
    fixture_expect(fixture, "pct-rule", "member-23342", NULL, "off", REASON_FALLTHROUGH);
    CHECK(!fixture->trace.has_ticket);
    CHECK_INT(fixture_ask(fixture, "pct-rules", "member-1", NULL).rule, 1);
    fixture_close(fixture);
}

TEST(a_progressive_serve_moves_from_one_split_to_the_other)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "progress",
                 "{'type':'string','variations':[{'id':'old','value':'o'},"
                 "{'id':'new','value':'n'}],'offVariation':'old','fallthrough':{'progressive':{"
                 "'start':'2031-03-10T00:00:00Z','end':'2031-03-11T00:00:00Z',"
                 "'from':{'variations':[{'variation':'old','weight':100000}]},"
                 "'to':{'variations':[{'variation':'new','weight':100000}]}}}}");
    static const struct {
        const char *now, *subject, *variation;
    } cases[] = {
        {"2031-03-09T00:00:00Z", "member-143234", "old"},
        {"2031-03-10T00:00:00Z", "member-143234", "old"},
        {"2031-03-10T09:30:00Z", "member-143234", "old"}, /* 60417 to old, ticket 60416 */
        {"2031-03-10T09:30:00Z", "member-203399", "new"}, /* ticket 60417 */
        {"2031-03-11T00:00:00Z", "member-143234", "new"},
        {"2031-06-01T00:00:00Z", "member-143234", "new"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        fixture->now_ms = fixture_moment(cases[i].now);
        fixture_expect(fixture, "progress", cases[i].subject, NULL, cases[i].variation,
                       REASON_SPLIT);
    }
    fixture_close(fixture);
}

/* The subjects and outcomes of the vectors "progressive multi with partial target". */
TEST(a_progressive_serve_rounds_each_weight)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "progress-multi",
                 "{'type':'number','variations':[{'id':'one','value':1},{'id':'two','value':2},"
                 "{'id':'three','value':3}],'offVariation':'one','fallthrough':{'progressive':{"
                 "'start':'2031-03-10T09:00:00Z','end':'2031-03-10T12:00:00Z',"
                 "'from':{'salt':'p','variations':[{'variation':'one','weight':99999}]},"
                 "'to':{'bucketBy':'targetingKey','variations':[{'variation':'two',"
                 "'weight':33333},{'variation':'three','weight':33333}]}}}}");
    fixture_expect(fixture, "progress-multi", "m-1", NULL, "one", REASON_SPLIT);
    CHECK_INT(fixture->trace.ticket, 61379);
    CHECK_STR(fixture->trace.salt, STR("p"));
    CHECK_INT(fixture->trace.allocation_count, 3);
    CHECK_INT(fixture->trace.allocations[0].end, 83333); /* 83332.5 rounds up */
    CHECK_INT(fixture->trace.allocations[1].start, 83333);
    CHECK_INT(fixture->trace.allocations[1].end, 88889);
    CHECK_INT(fixture->trace.allocations[2].end, 94445);
    CHECK_STR(fixture->trace.allocations[2].variation, STR("three"));

    static const char *const variations[] = {"three", "two", "one", "(none)", "three", "two"};
    fixture->now_ms = fixture_moment("2031-03-10T11:00:00Z");
    for (size_t i = 0; i < COUNT_OF(variations); i++) {
        char subject[8];
        snprintf(subject, sizeof(subject), "m-%zu", i + 1);
        CHECK_STR(fixture_variation(fixture_ask(fixture, "progress-multi", subject, NULL)),
                  str_of(variations[i]));
    }
    fixture_close(fixture);
}

/* ---- properties ------------------------------------------------------------------------------ */

static struct fixture *open_rollouts(void)
{
    struct fixture *fixture = fixture_open();
    struct flag *flags = ARENA_NEW_ARRAY(&fixture->arena, struct flag, 21);
    for (uint32_t i = 0; i <= 20; i++) {
        char text[256];
        snprintf(text, sizeof(text),
                 "{'fallthrough':{'rollout':{'variations':[{'variation':'on','weight':%u},"
                 "{'variation':'off','weight':%u}]}}}",
                 i * 5000, 100000 - i * 5000);
        flags[i] = *fixture_decode_flag(fixture, "rollout", text);
        fixture->flags[i] = &flags[i];
    }
    return fixture;
}

/* The same flag at every size of its rollout, one ruleset each. */
TEST(rollout_admits_newcomers_and_never_evicts)
{
    struct fixture *fixture = open_rollouts();
    struct environment_state states[21];
    const struct ruleset *rulesets[21];
    for (size_t i = 0; i <= 20; i++) {
        states[i] = fixture->state;
        states[i].flags = &fixture->flags[i];
        states[i].flag_count = 1;
        rulesets[i] = ruleset_compile(&fixture->arena, &states[i]);
    }
    struct arena requests;
    arena_open(&requests, 4096);
    size_t admitted[21] = {0};
    for (size_t subject = 0; subject < 5000; subject++) {
        bool was_in = false;
        struct str key = arena_format(&requests, "subject-%zu", subject);
        for (size_t i = 0; i <= 20; i++) {
            struct context context;
            context_open(&context, &requests, rulesets[i], key, NULL, NULL);
            bool is_in = evaluate(rulesets[i], STR("rollout"), &context, 0, NULL).variation == 1;
            CHECK(is_in || !was_in);
            was_in = is_in;
            admitted[i] += is_in;
        }
        arena_reset(&requests);
    }
    CHECK_INT(admitted[0], 0);
    CHECK_INT(admitted[20], 5000);
    for (size_t i = 1; i < 20; i++)
        CHECK(admitted[i] > 250 * i - 200 && admitted[i] < 250 * i + 200);
    arena_close(&requests);
    for (size_t i = 0; i <= 20; i++)
        ruleset_close(rulesets[i]);
    fixture_close(fixture);
}

TEST(a_progressive_rollout_never_takes_back)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "progress",
                 "{'fallthrough':{'progressive':{'start':'2031-03-10T00:00:00Z',"
                 "'end':'2031-03-11T00:00:00Z',"
                 "'from':{'variations':[{'variation':'on','weight':1000},"
                 "{'variation':'off','weight':99000}]},"
                 "'to':{'variations':[{'variation':'on','weight':100000}]}}}}");
    int64_t start_ms = fixture_moment("2031-03-10T00:00:00Z");
    for (size_t subject = 0; subject < 300; subject++) {
        char key[32];
        snprintf(key, sizeof(key), "subject-%zu", subject);
        struct context *context = fixture_subject(fixture, key, NULL);
        bool was_in = false;
        for (int64_t minutes = -10; minutes <= 24 * 60 + 10; minutes += 7) {
            bool is_in = evaluate(fixture->ruleset, STR("progress"), context,
                                  start_ms + minutes * 60000, NULL)
                             .variation == 1;
            CHECK(is_in || !was_in);
            was_in = is_in;
        }
        CHECK(was_in);
    }
    fixture_close(fixture);
}

TESTS(a_split_ends_exactly_at_its_sum, the_salt_deals_anew, a_weight_of_nothing_is_never_served,
      numbers_are_dealt_as_they_are_spelled, what_is_no_text_and_no_number_has_no_ticket,
      an_unallocated_ticket_passes_on_or_is_an_error,
      a_progressive_serve_moves_from_one_split_to_the_other, a_progressive_serve_rounds_each_weight,
      rollout_admits_newcomers_and_never_evicts, a_progressive_rollout_never_takes_back)
