/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draw - flags that are dealt as other systems deal (model/flag.h): who gets which ticket, whose it
 * is, and what an explanation shows of it. Figures without a source were computed with Python's
 * hashlib and the published definitions of MurmurHash3 and FNV-1a; draw_vectors_test.c has the
 * systems' own.
 */
#include "eval/draw.h"

#include "eval/explain.h"
#include "fixture.h"

#define TYPED(hash) "'arithmetic':{'hash':'" hash "','comparison':'typed'},"
#define PERCENT "'arithmetic':{'hash':'murmur3_32_percent','comparison':'text'},"
#define HALVES(more)                                                                               \
    "'fallthrough':{'rollout':{" more "'variations':[{'variation':'on','weight':50000},"           \
    "{'variation':'off','weight':50000}]}}}"
#define SHARES(on, off)                                                                            \
    "{'variations':[{'variation':'on','weight':" #on "},{'variation':'off','weight':" #off "}]}"
#define WAY(from, to)                                                                              \
    "'fallthrough':{'progressive':{'start':'2031-03-10T08:30:00Z',"                                \
    "'end':'2031-03-10T12:30:00Z','from':" from ",'to':" to "}}}" /* a quarter of it is gone */

static void expect_ticket(struct fixture *fixture, const char *who, uint32_t ticket,
                          uint32_t ticket_count)
{
    fixture_ask(fixture, "flag", who, NULL);
    CHECK(fixture->trace.has_ticket);
    CHECK_INT(fixture->trace.ticket, ticket);
    CHECK_INT(fixture->trace.ticket_count, ticket_count);
}

static const struct explanation *explain_to(struct fixture *fixture, struct context *context)
{
    struct explainer *explainer = explainer_open(&fixture->arena, fixture->ruleset);
    const struct explanation *explanation =
        explain(explainer, &fixture->arena, STR("flag"), context, fixture->now_ms);
    explainer_close(explainer);
    return explanation;
}

/* ---- what is hashed -------------------------------------------------------------------------- */

TEST(without_a_salt_the_key_stands_in_its_place)
{
    static const struct {
        const char *flag;
        uint32_t ticket, ticket_count;
    } cases[] = {
        {"{" TYPED("sha1_60") HALVES(""), 10862, 100000},
        {"{" TYPED("sha1_60") HALVES("'salt':'s.1',"), 89215, 100000},
        {"{" TYPED("sha1_60") HALVES("'salt':'flag',"), 10862, 100000},
        {"{" TYPED("murmur3_32_scaled") "'fallthrough':{'rollout':" SHARES(10, 90) "}}", 94, 100},
        {"{" TYPED("murmur3_32_scaled") "'fallthrough':{'rollout':{'salt':'s:','variations':["
                                        "{'variation':'on','weight':100}]}}}",
         5, 100},
        {"{" TYPED("murmur3_32_scaled") "'fallthrough':{'rollout':" SHARES(2147483646, 1) "}}",
         2037117087, 2147483647},
        {"{" TYPED("fnv1a_32_modulo") HALVES(""), 21568, 100000},
        {"{" TYPED("fnv1a_32_modulo") "'fallthrough':{'rollout':{'salt':'x','variations':["
                                      "{'variation':'on','weight':7}]}}}",
         6, 7},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture *fixture = fixture_open();
        fixture_flag(fixture, "flag", cases[i].flag);
        expect_ticket(fixture, "u-1", cases[i].ticket, cases[i].ticket_count);
        fixture_close(fixture);
    }
}

/* flagd's explicit bucketing value is hashed alone. */
TEST(an_empty_salt_is_a_salt)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{" TYPED("murmur3_32_scaled") "'fallthrough':{'rollout':{'salt':'','variations':["
                                                "{'variation':'on','weight':100}]}}}");
    uint64_t hash = hash_murmur3_32(STR("u-1"), 0);
    expect_ticket(fixture, "u-1", (uint32_t)(hash * 100 >> 32), 100);
    CHECK_STR(fixture->trace.salt, STR(""));
    fixture_close(fixture);
}

TEST(bytes_are_hashed_and_not_utf16_units)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag", "{" TYPED("fnv1a_32_modulo") HALVES(""));
    expect_ticket(fixture, "\xC3\xA9-1", 75893, 100000);
    fixture_close(fixture);
}

/* ---- who has a ticket ------------------------------------------------------------------------ */

#define BY_PLACE "'bucketBy':'place',"

/* The first ticket: bucket 0 is what that system's SDKs fall back to. */
TEST(by_sha1_60_who_has_no_subject_has_the_first_share)
{
    static const char *const without[] = {"{}", "{'place':null}", "{'place':true}", "{'place':1.5}",
                                          "{'place':['a']}"};
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{" TYPED("sha1_60") "'fallthrough':{'rollout':{'bucketBy':'place','variations':["
                                      "{'variation':'off','weight':0},{'variation':'on','weight':"
                                      "1},{'variation':'b','weight':99999}]}},'variations':["
                                      "{'id':'off','value':false},{'id':'on','value':true},"
                                      "{'id':'b','value':true}]}");
    for (size_t i = 0; i < COUNT_OF(without); i++) {
        fixture_expect(fixture, "flag", "u-1", without[i], "on", REASON_SPLIT);
        CHECK(!fixture->trace.has_ticket);
    }
    const struct explanation *explanation =
        explain_to(fixture, fixture_subject(fixture, "u-1", "{'place':1.5}"));
    CHECK(!explanation->fallthrough.has_subject);
    CHECK_INT(explanation->fallthrough.variation, 1);
    fixture_close(fixture);
}

TEST(by_sha1_60_a_whole_number_is_dealt_as_text)
{
    static const char *const spelled[] = {"{'place':12}", "{'place':12.0}", "{'place':'12'}"};
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag", "{" TYPED("sha1_60") HALVES(BY_PLACE));
    for (size_t i = 0; i < COUNT_OF(spelled); i++) {
        fixture_expect(fixture, "flag", "u-1", spelled[i], "off", REASON_SPLIT);
        CHECK_INT(fixture->trace.ticket, 80935);
    }
    fixture_close(fixture);
}

TEST(by_the_sums_of_weights_only_texts_have_tickets)
{
    static const struct {
        const char *flag, *attributes;
        bool has_ticket;
    } cases[] = {
        {"{" TYPED("murmur3_32_scaled") HALVES(BY_PLACE), "{'place':'12'}", true},
        {"{" TYPED("murmur3_32_scaled") HALVES(BY_PLACE), "{'place':''}", true},
        {"{" TYPED("murmur3_32_scaled") HALVES(BY_PLACE), "{'place':12}", false},
        {"{" TYPED("murmur3_32_scaled") HALVES(BY_PLACE), "{}", false},
        {"{" TYPED("fnv1a_32_modulo") HALVES(BY_PLACE), "{'place':'12'}", true},
        {"{" TYPED("fnv1a_32_modulo") HALVES(BY_PLACE), "{'place':''}", false},
        {"{" TYPED("fnv1a_32_modulo") HALVES(BY_PLACE), "{'place':12}", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture *fixture = fixture_open();
        fixture_flag(fixture, "flag", cases[i].flag);
        struct decision decision = fixture_ask(fixture, "flag", "u-1", cases[i].attributes);
        CHECK_INT(decision.error, cases[i].has_ticket ? DECISION_OK : DECISION_NO_VARIATION);
        fixture_close(fixture);
    }
}

/* Whoever may lack a key is told that it was needed, however the ticket would have been drawn. */
TEST(a_missing_key_is_said)
{
    static const char *const flags[] = {
        "{" TYPED("sha1_60") HALVES(""),
        "{" TYPED("murmur3_32_scaled") HALVES(""),
        "{" TYPED("fnv1a_32_modulo") HALVES(""),
    };
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        struct fixture *fixture = fixture_open();
        fixture_flag(fixture, "flag", flags[i]);
        struct context *context = fixture_subject(fixture, "", NULL);
        context->may_lack_key = true;
        CHECK_INT(evaluate(fixture->ruleset, STR("flag"), context, 0, NULL).error,
                  DECISION_KEY_MISSING);
        fixture_close(fixture);
    }
}

/* ---- whose it is ----------------------------------------------------------------------------- */

TEST(by_sha1_60_the_last_has_what_is_left_over)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{" TYPED("sha1_60") "'fallthrough':{'rollout':" SHARES(10, 20) "}}");
    fixture_expect(fixture, "flag", "u-1", NULL, "off", REASON_SPLIT);
    CHECK_INT(fixture->trace.allocation_count, 2);
    CHECK_INT(fixture->trace.allocations[1].start, 10);
    CHECK_INT(fixture->trace.allocations[1].end, 100000);
    fixture_close(fixture);
    fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{" TYPED("sha1_60") "'fallthrough':{'rollout':" SHARES(0, 0) "}}");
    fixture_expect(fixture, "flag", "u-1", NULL, "off", REASON_SPLIT);
    fixture_close(fixture);
}

TEST(a_position_of_one_is_the_last_ticket)
{
    const struct compiled_deal deal = {.hash = FLAG_HASH_SHA1_60, .ticket_count = 100000};
    CHECK_INT(draw_ticket(&deal, UINT64_C(0xFFFFFFFFFFFFFFF)), 99999);
    CHECK_INT(draw_ticket(&deal, UINT64_C(0xFFFFFFFFFFFFFFE)), 99999);
    CHECK_INT(draw_ticket(&deal, 0), 0);
    CHECK_INT(draw_ticket(&deal, UINT64_C(0x7FFFFFFFFFFFFFF)), 49999);
    CHECK_INT(draw_ticket(&deal, UINT64_C(0x800000000000000)), 50000);
}

TEST(the_highest_hash_stays_below_the_sum)
{
    struct compiled_deal deal = {.hash = FLAG_HASH_MURMUR3_32_SCALED, .ticket_count = 3};
    CHECK_INT(draw_ticket(&deal, UINT32_MAX), 2);
    CHECK_INT(draw_ticket(&deal, 0), 0);
    deal.ticket_count = SPLIT_WEIGHT_SUM_MAX;
    CHECK_INT(draw_ticket(&deal, UINT32_MAX), SPLIT_WEIGHT_SUM_MAX - 1);
}

TEST(where_all_weights_are_nothing_nobody_is_dealt_anything)
{
    static const char *const flags[] = {
        "{" TYPED("murmur3_32_scaled") "'fallthrough':{'rollout':" SHARES(0, 0) "}}",
        "{" TYPED("fnv1a_32_modulo") "'fallthrough':{'rollout':" SHARES(0, 0) "}}",
        "{" TYPED("fnv1a_32_modulo") WAY(SHARES(0, 0), SHARES(0, 0)),
    };
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        struct fixture *fixture = fixture_open();
        fixture_flag(fixture, "flag", flags[i]);
        CHECK_INT(fixture_ask(fixture, "flag", "u-1", NULL).error, DECISION_NO_VARIATION);
        fixture_close(fixture);
    }
}

TEST(a_slice_without_weights_is_dealt_evenly)
{
    struct allocation shares[] = {{STR("a"), 0}, {STR("b"), 0}, {STR("c"), 0}};
    const struct slice slice = {.allocations = shares, .allocation_count = COUNT_OF(shares)};
    struct bucket_range ranges[COUNT_OF(shares)];
    CHECK_INT(draw_ranges(&slice, ranges), 3);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK_INT(ranges[i].start, i);
        CHECK_INT(ranges[i].end, i + 1);
    }
    shares[1].weight = 5; /* then weights count, and who has none has no ticket */
    CHECK_INT(draw_ranges(&slice, ranges), 1);
    CHECK_STR(ranges[0].variation, STR("b"));
    CHECK_INT(ranges[0].start, 0);
    CHECK_INT(ranges[0].end, 5);
}

/* u-1 has ticket 21568 of 100000 and on a quarter of the way from 10000 to 60000 ends at 22500. */
TEST(progressive_shares_move_over_tickets_that_stay)
{
    static const struct {
        const char *flag;
        const char *variation;
    } cases[] = {
        {"{" TYPED("fnv1a_32_modulo") WAY(SHARES(10000, 90000), SHARES(60000, 40000)), "on"},
        {"{" TYPED("fnv1a_32_modulo") WAY(SHARES(10000, 90000), SHARES(50000, 50000)), "off"},
        {"{" TYPED("sha1_60") WAY(SHARES(10000, 0), SHARES(14000, 0)), "on"},
        {"{" TYPED("sha1_60") WAY(SHARES(10000, 0), SHARES(12000, 0)), "off"},
        {"{" TYPED("murmur3_32_scaled") WAY(SHARES(0, 100), SHARES(100, 0)), "off"},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture *fixture = fixture_open();
        fixture_flag(fixture, "flag", cases[i].flag);
        fixture_expect(fixture, "flag", "u-1", NULL, cases[i].variation, REASON_SPLIT);
        CHECK_INT(fixture->trace.allocations[1].end, fixture->trace.ticket_count);
        fixture_close(fixture);
    }
}

TEST(the_first_ticket_moves_with_its_share)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "flag",
                 "{" TYPED("sha1_60") WAY("{'bucketBy':'place','variations':["
                                          "{'variation':'on','weight':0},"
                                          "{'variation':'off','weight':100000}]}",
                                          SHARES(100000, 0)));
    fixture_expect(fixture, "flag", "u-1", "{}", "on", REASON_SPLIT);
    fixture->now_ms -= 24 * 60 * 60 * 1000;
    fixture_expect(fixture, "flag", "u-1", "{}", "off", REASON_SPLIT);
    fixture_close(fixture);
}

/* ---- two hashes ------------------------------------------------------------------------------ */

#define SLICE(percent, on, b)                                                                      \
    "{'percent':" #percent ",'variations':[{'variation':'on','weight':" #on "},"                   \
    "{'variation':'b','weight':" #b "}]}"

/* u-1 of "flag": percent 57, ticket 531 of 1000; of "g": percent 11, ticket 2 of 3. */
TEST(by_murmur3_32_percent_the_ticket_is_of_a_second_hash)
{
    static const struct {
        const char *slices, *variation;
        uint32_t ticket, ticket_count;
    } cases[] = {
        {"'slices':[" SLICE(58, 531, 469) "]", "b", 531, 1000},
        {"'slices':[" SLICE(58, 532, 468) "]", "on", 531, 1000},
        {"'slices':[" SLICE(57, 1, 1) "]", "off", 0, 0},
        {"'slices':[" SLICE(57, 1, 1) "," SLICE(1, 0, 1000) "]", "b", 531, 1000},
        {"'salt':'g','slices':[" SLICE(12, 1, 2) "]", "b", 2, 3},
        {"'salt':'g','slices':[" SLICE(11, 1, 2) "]", "off", 0, 0},
        {"'slices':[{'percent':100,'variations':[{'variation':'on','weight':500},"
         "{'weight':500}]}]",
         "off", 531, 1000},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture *fixture = fixture_open();
        char text[512];
        snprintf(text, sizeof(text),
                 "{" PERCENT "'salt':'flag','fallthrough':{'bucket':{%s,'otherwise':'off'}}}",
                 cases[i].slices);
        fixture_text_flag(fixture, "flag", text);
        fixture_expect_user(fixture, "flag", "{'user':{'user_id':'u-1'}}", cases[i].variation,
                            REASON_SPLIT);
        CHECK_INT(fixture->trace.ticket, cases[i].ticket);
        CHECK_INT(fixture->trace.ticket_count, cases[i].ticket_count);
        fixture_expect_user(fixture, "flag", "{'user':{'device_id':'u-1'}}", "off", REASON_SPLIT);
        fixture_close(fixture);
    }
}

TEST(a_bucket_that_deals_nothing_leaves_it_to_the_next_rule)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(
        fixture, "flag",
        "{" PERCENT "'rules':[{'id':'a','when':{'op':'all','expressions':[]},"
        "'serve':{'bucket':{'salt':'flag','slices':[" SLICE(
            57, 1, 0) "]}}},"
                      "{'id':'b','when':{'op':'all','expressions':[]},"
                      "'serve':{'bucket':{'salt':'g','slices':[" SLICE(12, 0, 1) "]}}}]}");
    struct decision decision = fixture_ask_user(fixture, "flag", "{'user':{'user_id':'u-1'}}");
    CHECK_INT(decision.rule, 1);
    CHECK_STR(fixture_variation(decision), STR("b"));
    decision = fixture_ask_user(fixture, "flag", "{'user':{}}");
    CHECK_INT(decision.rule, RULE_NONE);
    fixture_close(fixture);
}

TEST(its_ends_move_as_those_of_any_bucket)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "flag",
                      "{" PERCENT "'salt':'flag','fallthrough':{'progressiveBucket':{"
                      "'start':'2031-03-10T08:30:00Z','end':'2031-03-10T12:30:00Z','slices':["
                      "{'from':56,'to':60,'variations':[{'variation':'on','weight':1}]}]}}}");
    const char *somebody = "{'user':{'user_id':'u-1'}}";
    CHECK_INT(fixture_ask_user(fixture, "flag", somebody).error, DECISION_NO_VARIATION);
    fixture->now_ms += 60 * 60 * 1000;
    fixture_expect_user(fixture, "flag", somebody, "on", REASON_SPLIT);
    fixture_close(fixture);
}

TEST(a_group_is_dealt_by_its_name)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "flag",
                      "{" PERCENT "'salt':'flag','bucketingUnit':'org','fallthrough':{'bucket':{"
                      "'slices':[" SLICE(58, 1, 0) "],'otherwise':'off'}}}");
    fixture_expect_user(fixture, "flag",
                        "{'user':{'user_id':'u-0'},'groups':{'org':{'group_name':'u-1'}}}", "on",
                        REASON_SPLIT);
    CHECK_INT(fixture->trace.percent, 57);
    fixture_close(fixture);
}

/* ---- shown ----------------------------------------------------------------------------------- */

TEST(an_explanation_shows_the_text_the_hash_and_the_ticket)
{
    static const struct {
        const char *flag, *input;
        uint64_t hash;
        uint32_t ticket;
    } cases[] = {
        {"{" TYPED("sha1_60") HALVES("'salt':'s.1',"), "s.1.u-1", UINT64_C(0xe464926236dcf29),
         89215},
        {"{" TYPED("murmur3_32_scaled") "'fallthrough':{'rollout':" SHARES(10, 90) "}}", "flagu-1",
         4074234176u, 94},
        {"{" TYPED("fnv1a_32_modulo") HALVES(""), "flagu-1", 3264221568u, 21568},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct fixture *fixture = fixture_open();
        fixture_flag(fixture, "flag", cases[i].flag);
        const struct explanation *explanation =
            explain_to(fixture, fixture_subject(fixture, "u-1", NULL));
        const struct explained_serve *serve = &explanation->fallthrough;
        CHECK_STR(serve->input, str_of(cases[i].input));
        CHECK_INT(serve->ticket, cases[i].ticket);
        CHECK_INT(serve->hash_name, explanation->flag->flag->arithmetic.hash);
        CHECK(serve->hash == cases[i].hash);
        CHECK(serve->ranges[serve->chosen].start <= serve->ticket);
        CHECK(serve->ticket < serve->ranges[serve->chosen].end);
        CHECK_STR(serve->bucket_by, STR("targetingKey"));
        fixture_close(fixture);
    }
}

TEST(an_explanation_shows_both_hashes)
{
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "flag",
                      "{" PERCENT "'salt':'flag','fallthrough':{'bucket':{'slices':[" SLICE(
                          58, 500, 500) "],'otherwise':'off'}}}");
    const struct explanation *explanation =
        explain_to(fixture, fixture_user(fixture, "{'user':{'user_id':'u-1'}}"));
    const struct explained_serve *serve = &explanation->fallthrough;
    CHECK_STR(serve->input, STR("flag:u-1"));
    CHECK(serve->hash == hash_murmur3_32(STR("flag:u-1"), 0));
    CHECK_INT(serve->second_hash, hash_murmur3_32(STR("flag:u-1"), 86028157));
    CHECK_INT(serve->percent, 57);
    CHECK_INT(serve->ticket, 531);
    CHECK_INT(serve->ticket_count, 1000);
    CHECK_INT(serve->range_count, 2);
    CHECK_INT(serve->chosen, 1);
    fixture_close(fixture);
}

TESTS(a_slice_without_weights_is_dealt_evenly, without_a_salt_the_key_stands_in_its_place,
      an_empty_salt_is_a_salt, bytes_are_hashed_and_not_utf16_units,
      by_sha1_60_who_has_no_subject_has_the_first_share, by_sha1_60_a_whole_number_is_dealt_as_text,
      by_the_sums_of_weights_only_texts_have_tickets, a_missing_key_is_said,
      by_sha1_60_the_last_has_what_is_left_over, a_position_of_one_is_the_last_ticket,
      the_highest_hash_stays_below_the_sum, where_all_weights_are_nothing_nobody_is_dealt_anything,
      progressive_shares_move_over_tickets_that_stay, the_first_ticket_moves_with_its_share,
      by_murmur3_32_percent_the_ticket_is_of_a_second_hash,
      a_bucket_that_deals_nothing_leaves_it_to_the_next_rule, its_ends_move_as_those_of_any_bucket,
      a_group_is_dealt_by_its_name, an_explanation_shows_the_text_the_hash_and_the_ticket,
      an_explanation_shows_both_hashes)
