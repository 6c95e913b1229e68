/* SPDX-License-Identifier: Apache-2.0 */
/* ruleset - what compilation shares and finds, and what a write is refused for. */
#include "fixture.h"

#include "eval/compile.h"

/* Documents live in the fixture's arena; arguments are JSON with ' for ". */
static const char *match(struct fixture *fixture, const char *attribute, const char *operator,
                         const char * value)
{
    return arena_format(&fixture->arena,
                        "{'op':'match','attribute':'%s','operator':'%s','value':%s}",
                        attribute, operator, value)
        .data;
}

static const char *both(struct fixture *fixture, const char *op, const char *first,
                        const char *second)
{
    return arena_format(&fixture->arena, "{'op':'%s','expressions':[%s,%s]}", op, first, second)
        .data;
}

/* A flag with one rule, or two, that serve "off". */
static const char *rules(struct fixture *fixture, const char *first, const char *second)
{
    struct str more = STR("");
    if (second != NULL)
        more = arena_format(&fixture->arena, ",{'id':'s','when':%s,'serve':{'variation':'off'}}",
                            second);
    return arena_format(&fixture->arena,
                        "{'rules':[{'id':'r','when':%s,'serve':{'variation':'off'}}%.*s]}", first,
                        STR_ARG(more))
        .data;
}

static const struct ruleset *compiled(struct fixture *fixture)
{
    return fixture_subject(fixture, "u-1", NULL)->ruleset;
}

TEST(each_path_has_one_slot)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "a",
                 rules(fixture, match(fixture, "plan", "eq", "'pro'"),
                       match(fixture, "account.id", "eq", "1")));
    fixture_flag(fixture, "b",
                 rules(fixture, match(fixture, "plan", "neq", "'pro'"),
                       match(fixture, "targetingKey", "eq", "'u'")));
    fixture_flag(fixture, "c",
                 "{'fallthrough':{'rollout':{'bucketBy':'account.id','variations':["
                 "{'variation':'on','weight':1}]}}}");
    const struct ruleset *ruleset = compiled(fixture);
    CHECK_INT(ruleset->attribute_count, 3);
    CHECK_STR(ruleset->attributes[0].text, STR("targetingKey"));
    CHECK_INT(ruleset->attributes[0].segment_count, 0);
    for (size_t i = 1; i < 3; i++) {
        bool is_plan = str_equal(ruleset->attributes[i].text, STR("plan"));
        CHECK_INT(ruleset->attributes[i].segment_count, is_plan ? 1 : 2);
    }
    fixture_close(fixture);
}

TEST(flags_are_found_by_key_in_their_order)
{
    struct fixture *fixture = fixture_open();
    for (int i = 0; i < 300; i++) {
        char key[16];
        snprintf(key, sizeof(key), "flag-%03d", i);
        fixture_flag(fixture, key, "{}");
    }
    const struct ruleset *ruleset = compiled(fixture);
    CHECK_INT(ruleset->flag_count, 300);
    for (uint32_t i = 0; i < 300; i++) {
        const struct flag_rules *flag = ruleset_find(ruleset, fixture->flags[i]->key);
        CHECK(flag == &ruleset->flags[i]);
        CHECK_INT(flag->index, i);
        CHECK(flag->flag == fixture->flags[i]);
        CHECK_INT(flag->off_variation, 0);
    }
    CHECK(ruleset_find(ruleset, STR("flag-300")) == NULL);
    fixture_close(fixture);
}

TEST(a_pattern_is_opened_once_however_often_it_is_written)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "a",
                 rules(fixture, match(fixture, "x", "matches", "'^a'"),
                       match(fixture, "y", "matches", "'^a'")));
    fixture_flag(fixture, "b",
                 rules(fixture, match(fixture, "x", "matches", "'^b'"),
                       match(fixture, "x", "matches", "'('")));
    CHECK_INT(compiled(fixture)->private->pattern_count, 3);
    fixture_expect(fixture, "a", "u-1", "{'y':'ab'}", "off", REASON_TARGETING_MATCH);
    fixture_expect(fixture, "b", "u-1", "{'x':'('}", "on", REASON_FALLTHROUGH);
    fixture_close(fixture);
}

TEST(what_can_never_hold_is_not_in_the_program)
{
    struct fixture *fixture = fixture_open();
    const char *never = match(fixture, "x", "gt", "'a'");
    const char *present = match(fixture, "x", "exists", "1");
    fixture_flag(fixture, "all", rules(fixture, both(fixture, "all", present, never), NULL));
    fixture_flag(fixture, "any", rules(fixture, both(fixture, "any", never, present), NULL));
    fixture_flag(fixture, "never", rules(fixture, never, NULL));
    const struct ruleset *ruleset = compiled(fixture);
    const struct flag_rules *all = &ruleset->flags[0];
    CHECK_INT(all->tests[all->rules[0].entry].on_true, TARGET_REJECT);
    const struct flag_rules *any = &ruleset->flags[1];
    CHECK_INT(any->tests[any->rules[0].entry].kind, TEST_PRESENT);
    CHECK_INT(ruleset->flags[2].rules[0].entry, TARGET_REJECT);
    fixture_close(fixture);
}

TEST(tests_lie_in_the_order_they_run)
{
    struct fixture *fixture = fixture_open();
    const char *a = match(fixture, "a", "eq", "1");
    const char *b = match(fixture, "b", "eq", "1");
    const char *c = match(fixture, "c", "eq", "1");
    fixture_flag(fixture, "flag", rules(fixture, both(fixture, "all", a, b), c));
    const struct flag_rules *flag = &compiled(fixture)->flags[0];
    CHECK_INT(flag->rules[0].entry, 0);
    CHECK_INT(flag->tests[0].on_true, 1);
    CHECK_INT(flag->tests[0].on_false, TARGET_REJECT);
    CHECK_INT(flag->tests[1].on_true, TARGET_ACCEPT);
    CHECK_INT(flag->rules[1].entry, 2);
    fixture_close(fixture);
}

/* ---- what a write is refused for ------------------------------------------------------------- */

static struct fault check_flag(struct fixture *fixture, const char *text)
{
    return ruleset_check_flag(&fixture->arena, fixture_decode_flag(fixture, "flag", text));
}

TEST(a_pattern_we_do_not_serve_is_refused_where_it_stands)
{
    struct fixture *fixture = fixture_open();
    const char *good = match(fixture, "x", "matches", "'^ok$'");
    const char *bad = match(fixture, "x", "matches", "'['");
    const char *plain = match(fixture, "x", "eq", "'['");
    struct str negated = arena_format(&fixture->arena, "{'op':'not','expression':%s}", bad);
    struct fault fault =
        check_flag(fixture, rules(fixture, good, both(fixture, "any", plain, negated.data)));
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.rules[1].when.expressions[1].expression.value"));
    CHECK(!str_is_empty(fault.why));
    CHECK_OK(check_flag(fixture, rules(fixture, good, plain)));
    fixture_close(fixture);
}

TEST(a_segment_s_patterns_are_checked_too)
{
    struct fixture *fixture = fixture_open();
    fixture_segment(fixture, "bad",
                    "{'rules':[{'op':'match','attribute':'x','operator':'matches','value':'('}]}");
    fixture_segment(fixture, "good",
                    "{'rules':[{'op':'match','attribute':'x','operator':'matches','value':'a'}]}");
    struct fault fault = ruleset_check_segment(&fixture->arena, fixture->segments[0]);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.rules[0].value"));
    CHECK_OK(ruleset_check_segment(&fixture->arena, fixture->segments[1]));
    fixture_close(fixture);
}

/* A flag of 64 rules with 32 clauses each, all of them the same. */
static struct fault check_full_flag(struct fixture *fixture, const char *clause)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{'rules':["));
    for (int rule = 0; rule < 64; rule++) {
        buf_append_format(&text, "%s{'id':'r%d','when':{'op':'all','expressions':[",
                          rule > 0 ? "," : "", rule);
        for (int i = 0; i < 32; i++)
            buf_append_format(&text, "%s%s", i > 0 ? "," : "", clause);
        buf_append(&text, STR("]},'serve':{'rollout':{'variations':["
                              "{'variation':'on','weight':1},{'variation':'off','weight':1}]}}}"));
    }
    buf_append(&text, STR("]}"));
    buf_append_byte(&text, '\0');
    struct fault fault = check_flag(fixture, text.data);
    buf_close(&text);
    return fault;
}

TEST(a_flag_may_be_full_of_ordinary_clauses)
{
    static const char *const clauses[][2] = {
        {"eq", "'DE'"},
        {"in", "['a','b','c','d','e','f','g','h']"},
        {"in", "['a','b','c','d','e','f','g','h','i']"},
        {"notIn", "'a'"},
        {"semverGte", "'1.0.0'"},
        {"before", "'2031-01-01'"},
        {"contains", "'x'"},
        {"gt", "1"},
    };
    struct fixture *fixture = fixture_open();
    for (size_t i = 0; i < COUNT_OF(clauses); i++)
        CHECK_OK(check_full_flag(fixture, match(fixture, "x", clauses[i][0], clauses[i][1])));
    CHECK_OK(check_full_flag(fixture, "{'op':'segment','segment':'s'}"));
    fixture_close(fixture);
}

TEST(a_flag_full_of_costly_clauses_is_refused)
{
    struct fixture *fixture = fixture_open();
    const char *const clauses[] = {
        match(fixture, "x", "matches", "'x'"),
        match(fixture, "x", "eq", "[1,2,3,4,5,6,7,8,9,10]"),
        match(fixture, "x", "in", "[1,2,3,4,5,6,7,8,9,10]"),
        match(fixture, "x", "neq", "{'a':1,'b':{'c':1,'d':1}}"),
    };
    for (size_t i = 0; i < COUNT_OF(clauses); i++) {
        struct fault fault = check_full_flag(fixture, clauses[i]);
        CHECK_FAULT(fault, FAULT_LIMIT);
        CHECK_STR(fault.where, STR("$.rules"));
    }
    fixture_close(fixture);
}

TESTS(each_path_has_one_slot, flags_are_found_by_key_in_their_order,
      a_pattern_is_opened_once_however_often_it_is_written,
      what_can_never_hold_is_not_in_the_program, tests_lie_in_the_order_they_run,
      a_pattern_we_do_not_serve_is_refused_where_it_stands, a_segment_s_patterns_are_checked_too,
      a_flag_may_be_full_of_ordinary_clauses, a_flag_full_of_costly_clauses_is_refused)
