/* SPDX-License-Identifier: Apache-2.0 */
/* ruleset - what compilation shares and finds, and what a write is refused for. */
#include "fixture.h"

#include "eval/compile.h"
#include "model/limits.h"

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

/* As the one put of a change, in the place of `current` (or NULL). */
static struct fault check_successor(struct fixture *fixture, const char *text, const char *current)
{
    struct pattern_admission admission;
    pattern_admission_open(&admission, &fixture->arena);
    return ruleset_check_flag(&admission, fixture_decode_flag(fixture, "flag", text),
                              current == NULL ? NULL
                                              : fixture_decode_flag(fixture, "flag", current));
}

static struct fault check_flag(struct fixture *fixture, const char *text)
{
    return check_successor(fixture, text, NULL);
}

static struct fault check_segment(struct fixture *fixture, const struct segment *segment,
                                  const struct segment *current)
{
    struct pattern_admission admission;
    pattern_admission_open(&admission, &fixture->arena);
    return ruleset_check_segment(&admission, segment, current);
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
    struct fault fault = check_segment(fixture, fixture->segments[0], NULL);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.rules[0].value"));
    CHECK_OK(check_segment(fixture, fixture->segments[1], NULL));
    CHECK_OK(check_segment(fixture, fixture->segments[0], fixture->segments[0]));
    fixture_close(fixture);
}

/* ---- patterns: how many ------------------------------------------------------------------- */

/* A flag with the patterns ^first$, ^first + 1$ and so on, spread over rules of eight clauses. */
static const char *patterned(struct fixture *fixture, int first, int count)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{'rules':["));
    for (int i = 0; i < count; i++) {
        if (i % 8 == 0)
            buf_append_format(&text,
                              "%s{'id':'r%d','serve':{'variation':'off'},'when':{'op':'all',"
                              "'expressions':[",
                              i > 0 ? "]}}," : "", i);
        buf_append_format(&text,
                          "%s{'op':'match','attribute':'x','operator':'matches','value':'^%d$'}",
                          i % 8 > 0 ? "," : "", first + i);
    }
    buf_append(&text, STR("]}}]}"));
    buf_append_byte(&text, '\0');
    const char *copy = arena_copy_str(&fixture->arena, buf_str(&text)).data;
    buf_close(&text);
    return copy;
}

TEST(a_flag_has_so_many_different_patterns)
{
    struct fixture *fixture = fixture_open();
    CHECK_OK(check_flag(fixture, patterned(fixture, 0, PATTERNS_PER_FLAG_MAX)));
    struct fault fault = check_flag(fixture, patterned(fixture, 0, PATTERNS_PER_FLAG_MAX + 1));
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.rules[2].when.expressions[0].value"));
    CHECK_STR(fault.why, STR("a flag may have at most 16 different regular expressions"));
    const char *same = match(fixture, "x", "matches", "'^1$'");
    const char *twins = both(fixture, "all", same, same);
    for (int i = 0; i < 4; i++)
        twins = both(fixture, "all", twins, twins);
    CHECK_OK(check_flag(fixture, rules(fixture, twins, NULL))); /* the same one counts once */
    fixture_close(fixture);
}

TEST(a_segment_has_so_many_different_patterns)
{
    struct fixture *fixture = fixture_open();
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{'rules':["));
    for (int i = 0; i < PATTERNS_PER_FLAG_MAX; i++)
        buf_append_format(&text,
                          "%s{'op':'match','attribute':'x','operator':'matches','value':'^%d$'}",
                          i > 0 ? "," : "", i);
    struct str most = arena_format(&fixture->arena, "%.*s]}", STR_ARG(buf_str(&text)));
    struct str more =
        arena_format(&fixture->arena,
                     "%.*s,{'op':'match','attribute':'x','operator':'matches','value':'^more$'}]}",
                     STR_ARG(buf_str(&text)));
    buf_close(&text);
    fixture_segment(fixture, "more", more.data);
    fixture_segment(fixture, "most", most.data);
    CHECK_OK(check_segment(fixture, fixture->segments[1], NULL));
    struct fault fault = check_segment(fixture, fixture->segments[0], fixture->segments[1]);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.rules[16].value"));
    CHECK_STR(fault.why, STR("a segment may have at most 16 different regular expressions"));
    fixture_close(fixture);
}

TEST(a_change_brings_so_many_new_patterns)
{
    struct fixture *fixture = fixture_open();
    struct pattern_admission admission;
    pattern_admission_open(&admission, &fixture->arena);
    int brought = 0;
    for (; brought + 10 <= PATTERNS_PROBED_PER_CHANGE_MAX; brought += 10)
        CHECK_OK(ruleset_check_flag(
            &admission, fixture_decode_flag(fixture, "flag", patterned(fixture, brought, 10)),
            NULL));
    CHECK_INT(brought, PATTERNS_PROBED_PER_CHANGE_MAX);
    /* those again are not new */
    CHECK_OK(ruleset_check_flag(
        &admission, fixture_decode_flag(fixture, "flag", patterned(fixture, 40, 10)), NULL));
    const struct flag *one_more = fixture_decode_flag(fixture, "flag", patterned(fixture, 49, 2));
    struct fault fault = ruleset_check_flag(&admission, one_more, NULL);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.rules[0].when.expressions[1].value"));
    CHECK_STR(fault.why, STR("a change may bring at most 50 new regular expressions"));
    CHECK_OK(ruleset_check_flag(&admission, one_more, one_more));
    fixture_close(fixture);
}

TEST(what_a_flag_has_already_is_not_held_against_it)
{
    struct fixture *fixture = fixture_open();
    const char *explosive = match(fixture, "x", "matches", "'^(a+)+$'");
    const char *behind = match(fixture, "x", "matches", "'(?<=a)b'");
    const char *fine = match(fixture, "x", "matches", "'^b'");
    const char *old = rules(fixture, both(fixture, "all", explosive, behind), NULL);
    CHECK_FAULT(check_flag(fixture, old), FAULT_LIMIT);
    CHECK_OK(check_successor(fixture, old, old));
    CHECK_OK(check_successor(fixture, rules(fixture, fine, behind), old));
    const char *other = match(fixture, "x", "matches", "'(?<=a)c'");
    struct fault fault = check_successor(fixture, rules(fixture, fine, other), old);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.why, STR("look-behind is not supported"));
    CHECK_OK(check_successor(fixture, patterned(fixture, 0, PATTERNS_PER_FLAG_MAX + 4),
                             patterned(fixture, 0, PATTERNS_PER_FLAG_MAX + 4)));
    fixture_close(fixture);
}

/* ---- steps -------------------------------------------------------------------------------- */

/* A flag of 64 rules with 32 clauses each, all of them the same. */
static const char *full_flag(struct fixture *fixture, const char *clause)
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
    const char *copy = arena_copy_str(&fixture->arena, buf_str(&text)).data;
    buf_close(&text);
    return copy;
}

static struct fault check_full_flag(struct fixture *fixture, const char *clause)
{
    return check_flag(fixture, full_flag(fixture, clause));
}

TEST(a_flag_may_be_full_of_ordinary_clauses)
{
    static const char *const clauses[][2] = {
        {"eq", "'DE'"},
        {"in", "['a','b','c','d','e','f','g','h']"},
        {"in", "['a','b','c','d','e','f','g','h','i']"},
        {"notIn", "'a'"},
        {"semverGte", "'1.0.0'"},
        {"startsWith", "'x'"},
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
        match(fixture, "x", "matches", "'^x'"),
        match(fixture, "x", "contains", "'x'"),
        match(fixture, "x", "before", "'2031-01-01'"),
        match(fixture, "a.b.c.d.e.f", "in", "['a','b','c','d','e','f','g','h','i',1,2,3]"),
        match(fixture, "x", "eq", "[1,2,3,4,5,6,7,8,9,10]"),
        match(fixture, "x", "in", "[1,2,3,4,5,6,7,8,9,10]"),
        match(fixture, "x", "neq", "{'a':1,'b':{'c':1,'d':1}}"),
    };
    for (size_t i = 0; i < COUNT_OF(clauses); i++) {
        struct fault fault = check_full_flag(fixture, clauses[i]);
        CHECK_FAULT(fault, FAULT_LIMIT);
        CHECK_STR(fault.where, STR("$.rules"));
        const char *full = full_flag(fixture, clauses[i]);
        CHECK_OK(check_successor(fixture, full, full)); /* it may be switched off */
    }
    fixture_close(fixture);
}

/* `count` clauses, each in a rule of its own. */
static const char *clauses_of(struct fixture *fixture, int count, const char *clause)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{'rules':["));
    for (int i = 0; i < count; i++)
        buf_append_format(&text, "%s{'id':'r%d','when':%s,'serve':{'variation':'off'}}",
                          i > 0 ? "," : "", i, clause);
    buf_append(&text, STR("]}"));
    buf_append_byte(&text, '\0');
    const char *copy = arena_copy_str(&fixture->arena, buf_str(&text)).data;
    buf_close(&text);
    return copy;
}

TEST(patterns_are_counted_by_how_far_they_read)
{
    struct fixture *fixture = fixture_open();
    const char *search = match(fixture, "x", "matches", "'@acme[.]com$'");
    const char *read = match(fixture, "x", "matches", "'^[a-z.]+@acme[.]com$'");
    const char *glance = match(fixture, "x", "matches", "'^(de|at|ch)-[0-9]{1,9}'");
    CHECK_OK(check_flag(fixture, clauses_of(fixture, 16, search)));
    CHECK_FAULT(check_flag(fixture, clauses_of(fixture, 17, search)), FAULT_LIMIT);
    const char *choice = match(fixture, "x", "matches", "'(bot|crawler|spider)s'");
    CHECK_OK(check_flag(fixture, clauses_of(fixture, 11, choice)));
    CHECK_FAULT(check_flag(fixture, clauses_of(fixture, 12, choice)), FAULT_LIMIT);
    CHECK_OK(check_flag(fixture, clauses_of(fixture, 49, read)));
    CHECK_FAULT(check_flag(fixture, clauses_of(fixture, 50, read)), FAULT_LIMIT);
    CHECK_OK(check_flag(fixture, clauses_of(fixture, 64, glance)));
    fixture_close(fixture);
}

TESTS(each_path_has_one_slot, flags_are_found_by_key_in_their_order,
      a_pattern_is_opened_once_however_often_it_is_written,
      what_can_never_hold_is_not_in_the_program, tests_lie_in_the_order_they_run,
      a_pattern_we_do_not_serve_is_refused_where_it_stands, a_segment_s_patterns_are_checked_too,
      a_flag_has_so_many_different_patterns, a_segment_has_so_many_different_patterns,
      a_change_brings_so_many_new_patterns, what_a_flag_has_already_is_not_held_against_it,
      a_flag_may_be_full_of_ordinary_clauses, a_flag_full_of_costly_clauses_is_refused,
      patterns_are_counted_by_how_far_they_read)
