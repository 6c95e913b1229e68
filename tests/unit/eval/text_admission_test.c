/* SPDX-License-Identifier: Apache-2.0 */
/* text_admission - what a write of the text family is refused for: patterns, and its cost. */
#include "fixture.h"

#include "eval/steps.h"
#include "model/limits.h"

static struct fault check(struct fixture *fixture, const struct flag *flag,
                          const struct flag *current)
{
    struct pattern_admission admission;
    pattern_admission_open(&admission, &fixture->arena);
    return ruleset_check_flag(&admission, flag, current);
}

/* A flag of one clause; ' for ". */
static struct flag *flag_of(struct fixture *fixture, const char *operator, const char * values)
{
    struct str text = arena_format(
        &fixture->arena,
        "{'rules':[{'id':'r','serve':{'variation':'on'},'when':{'op':'match','operator':'text %s',"
        "'attribute':'/context/user/country','value':[%s]}}]}",
        operator, values);
    return fixture_decode_text_flag(fixture, "f", text.data);
}

TEST(the_first_bad_pattern_is_named_by_its_place)
{
    struct fixture *fixture = fixture_open();
    CHECK_OK(check(fixture, flag_of(fixture, "regex match", "'^a','b$'"), NULL));
    struct fault fault = check(fixture, flag_of(fixture, "regex match", "'^a','('"), NULL);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.rules[0].when.value[1]"));
    fault = check(fixture, flag_of(fixture, "regex does not match", "'(?<=a)b'"), NULL);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.where, STR("$.rules[0].when.value[0]"));
    CHECK_FAULT(check(fixture, flag_of(fixture, "regex match", "'(a+)+$'"), NULL), FAULT_LIMIT);
    fixture_close(fixture);
}

TEST(a_glob_is_another_pattern_than_the_same_regex)
{
    struct fixture *fixture = fixture_open();
    CHECK_OK(check(fixture, flag_of(fixture, "glob match", "'(','**','[x'"), NULL));
    CHECK_FAULT(check(fixture, flag_of(fixture, "glob does not match", "'[z-a]'"), NULL),
                FAULT_INVALID);
    const struct flag *current = flag_of(fixture, "glob match", "'('");
    CHECK_FAULT(check(fixture, flag_of(fixture, "regex match", "'('"), current), FAULT_INVALID);
    fixture_close(fixture);
}

TEST(what_a_flag_has_already_is_let_pass)
{
    struct fixture *fixture = fixture_open();
    const struct flag *current = flag_of(fixture, "regex match", "'(a+)+$'");
    CHECK_OK(check(fixture, flag_of(fixture, "regex match", "'x','(a+)+$'"), current));
    CHECK_FAULT(check(fixture, flag_of(fixture, "regex match", "'(b+)+$'"), current), FAULT_LIMIT);
    fixture_close(fixture);
}

/* What stands behind a NUL makes another pattern. */
TEST(a_pattern_is_all_of_its_bytes)
{
    struct fixture *fixture = fixture_open();
    struct flag *current = flag_of(fixture, "regex match", "'a'");
    current->rules[0].when.value.elements[0].string = STR("a\0b");
    struct flag *flag = flag_of(fixture, "regex match", "'a'");
    flag->rules[0].when.value.elements[0].string = STR("a\0(");
    CHECK_FAULT(check(fixture, flag, current), FAULT_INVALID);
    fixture_close(fixture);
}

TEST(every_value_is_a_pattern_of_its_own)
{
    struct fixture *fixture = fixture_open();
    struct buf values;
    buf_open(&values, SIZE_MAX);
    for (int i = 0; i < PATTERNS_PER_FLAG_MAX; i++)
        buf_append_format(&values, "%s'^%d'", i > 0 ? "," : "", i);
    buf_append_byte(&values, '\0');
    CHECK_OK(check(fixture, flag_of(fixture, "regex match", values.data), NULL));
    values.size--;
    buf_append(&values, STR(",'^x'"));
    buf_append_byte(&values, '\0');
    struct fault fault = check(fixture, flag_of(fixture, "regex match", values.data), NULL);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.rules[0].when.value[16]"));
    buf_close(&values);
    fixture_close(fixture);
}

/* ---- steps ------------------------------------------------------------------------------------
 */

/* 64 rules of 32 such clauses. */
static const struct flag *full_flag(struct fixture *fixture, const char *operator,
                                    const char * values)
{
    struct flag *flag = flag_of(fixture, operator, values);
    struct expression *clauses = ARENA_NEW_ARRAY(&fixture->arena, struct expression, 32);
    for (int i = 0; i < 32; i++)
        clauses[i] = flag->rules[0].when;
    struct rule *rules = ARENA_NEW_ARRAY(&fixture->arena, struct rule, 64);
    for (int i = 0; i < 64; i++) {
        rules[i] = flag->rules[0];
        rules[i].when =
            (struct expression){.kind = EXPRESSION_ALL, .children = clauses, .child_count = 32};
    }
    flag->rules = rules;
    flag->rule_count = 64;
    return flag;
}

TEST(a_flag_may_be_full_of_cheap_clauses_and_not_of_costly_ones)
{
    static const char *const cheap[] = {"is", "is not", "less", "greater or equal"};
    static const char *const costly[] = {
        "contains", "does not contain",         "regex match",  "glob match",
        "set is",   "set does not contain any", "set contains", "version less"};
    struct fixture *fixture = fixture_open();
    for (size_t i = 0; i < COUNT_OF(cheap); i++)
        CHECK_OK(check(fixture, full_flag(fixture, cheap[i], "'1','2','3','4','5','6','7','8','9'"),
                       NULL));
    for (size_t i = 0; i + 1 < COUNT_OF(costly); i++)
        CHECK_FAULT(check(fixture, full_flag(fixture, costly[i], "'1'"), NULL), FAULT_LIMIT);
    CHECK_OK(check(fixture, full_flag(fixture, "version less", "'1.0'"), NULL));
    fixture_close(fixture);
}

TEST(lists_of_ids_cost_a_table_however_long)
{
    struct fixture *fixture = fixture_open();
    struct flag *flag = fixture_decode_text_flag(fixture, "f", "{}");
    size_t without = flag_steps(&fixture->arena, flag);
    flag->variations[0].included = ARENA_NEW_ARRAY(&fixture->arena, struct str, 2000);
    for (int i = 0; i < 2000; i++)
        flag->variations[0].included[i] = arena_format(&fixture->arena, "u-%d", i);
    flag->variations[0].included_count = 20;
    size_t with_some = flag_steps(&fixture->arena, flag);
    flag->variations[0].included_count = 2000;
    CHECK(with_some > without);
    CHECK_INT(flag_steps(&fixture->arena, flag), with_some);
    fixture_close(fixture);
}

TEST(a_selector_is_read_once_and_put_into_lower_case_once)
{
    struct fixture *fixture = fixture_open();
    const struct flag *one = flag_of(fixture, "contains", "'longer'");
    size_t steps = flag_steps(&fixture->arena, one);
    struct flag *two = fixture_decode_text_flag(fixture, "f", "{}");
    struct expression *both = ARENA_NEW_ARRAY(&fixture->arena, struct expression, 2);
    both[0] = one->rules[0].when;
    both[1] = one->rules[0].when;
    two->rules = one->rules;
    two->rule_count = 1;
    two->rules[0].when =
        (struct expression){.kind = EXPRESSION_ANY, .children = both, .child_count = 2};
    size_t more = flag_steps(&fixture->arena, two) - steps;
    CHECK(more < 200);
    CHECK(steps > 1600);
    fixture_close(fixture);
}

TESTS(the_first_bad_pattern_is_named_by_its_place, a_glob_is_another_pattern_than_the_same_regex,
      what_a_flag_has_already_is_let_pass, a_pattern_is_all_of_its_bytes,
      every_value_is_a_pattern_of_its_own,
      a_flag_may_be_full_of_cheap_clauses_and_not_of_costly_ones,
      lists_of_ids_cost_a_table_however_long, a_selector_is_read_once_and_put_into_lower_case_once)
