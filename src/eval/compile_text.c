/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile_text - a clause of the text family, prepared once: wire reference of the family, 10.5 and
 * 11. "Any of the values" becomes a table, an extreme, or a list that was parsed or put into lower
 * case ahead.
 */
#include <assert.h>
#include <math.h>

#include "base/utf.h"
#include "eval/compile.h"
#include "eval/lower_case.h"
#include "eval/text_number.h"
#include "eval/text_view.h"

/* How the operators differ: what they test, and how they take a value that is not there. */
enum nothing { NOTHING_FAILS, NOTHING_IS_LISTED, NOTHING_IS_NOT_LISTED };

struct operator_row {
    enum test_kind kind;
    enum nothing nothing;
    bool is_negated;
    uint8_t orders;
};

static const struct operator_row rows[] = {
    [OPERATOR_TEXT_IS] = {TEST_TEXT_AMONG, NOTHING_IS_LISTED, false, 0},
    [OPERATOR_TEXT_IS_NOT] = {TEST_TEXT_AMONG, NOTHING_IS_NOT_LISTED, true, 0},
    [OPERATOR_TEXT_CONTAINS] = {TEST_TEXT_CONTAINS, NOTHING_IS_LISTED, false, 0},
    [OPERATOR_TEXT_DOES_NOT_CONTAIN] = {TEST_TEXT_CONTAINS, NOTHING_IS_NOT_LISTED, true, 0},
    [OPERATOR_TEXT_LESS] = {TEST_TEXT_NUMBER, NOTHING_IS_LISTED, false, ORDER_LESS},
    [OPERATOR_TEXT_LESS_OR_EQUAL] = {TEST_TEXT_NUMBER, NOTHING_IS_LISTED, false,
                                     ORDER_LESS | ORDER_EQUAL},
    [OPERATOR_TEXT_GREATER] = {TEST_TEXT_NUMBER, NOTHING_IS_LISTED, false, ORDER_GREATER},
    [OPERATOR_TEXT_GREATER_OR_EQUAL] = {TEST_TEXT_NUMBER, NOTHING_IS_LISTED, false,
                                        ORDER_GREATER | ORDER_EQUAL},
    [OPERATOR_TEXT_VERSION_LESS] = {TEST_TEXT_VERSION, NOTHING_IS_LISTED, false, ORDER_LESS},
    [OPERATOR_TEXT_VERSION_LESS_OR_EQUAL] = {TEST_TEXT_VERSION, NOTHING_IS_LISTED, false,
                                             ORDER_LESS | ORDER_EQUAL},
    [OPERATOR_TEXT_VERSION_GREATER] = {TEST_TEXT_VERSION, NOTHING_IS_LISTED, false, ORDER_GREATER},
    [OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL] = {TEST_TEXT_VERSION, NOTHING_IS_LISTED, false,
                                                ORDER_GREATER | ORDER_EQUAL},
    [OPERATOR_TEXT_SET_IS] = {TEST_TEXT_SET_IS, NOTHING_IS_LISTED, false, 0},
    [OPERATOR_TEXT_SET_IS_NOT] = {TEST_TEXT_SET_IS, NOTHING_FAILS, true, 0},
    [OPERATOR_TEXT_SET_CONTAINS] = {TEST_TEXT_SET_HAS_ALL, NOTHING_IS_LISTED, false, 0},
    [OPERATOR_TEXT_SET_DOES_NOT_CONTAIN] = {TEST_TEXT_SET_HAS_ALL, NOTHING_IS_NOT_LISTED, true, 0},
    [OPERATOR_TEXT_SET_CONTAINS_ANY] = {TEST_TEXT_SET_HAS_ANY, NOTHING_IS_LISTED, false, 0},
    [OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY] = {TEST_TEXT_SET_HAS_ANY, NOTHING_IS_NOT_LISTED, true,
                                                0},
    [OPERATOR_TEXT_REGEX_MATCH] = {TEST_TEXT_MATCHES, NOTHING_FAILS, false, 0},
    [OPERATOR_TEXT_REGEX_DOES_NOT_MATCH] = {TEST_TEXT_MATCHES, NOTHING_FAILS, true, 0},
    [OPERATOR_TEXT_GLOB_MATCH] = {TEST_TEXT_MATCHES, NOTHING_FAILS, false, 0},
    [OPERATOR_TEXT_GLOB_DOES_NOT_MATCH] = {TEST_TEXT_MATCHES, NOTHING_FAILS, true, 0},
};
static_assert(COUNT_OF(rows) == OPERATOR_COUNT, "a row for every operator");

/* False when it is no list of texts. */
static bool list_values(struct arena *arena, const struct json *value, struct text_list *list)
{
    if (value->type != JSON_ARRAY)
        return false;
    struct str *texts = ARENA_NEW_ARRAY(arena, struct str, value->count);
    for (uint32_t i = 0; i < value->count; i++) {
        if (value->elements[i].type != JSON_STRING)
            return false;
        texts[i] = value->elements[i].string;
    }
    *list = (struct text_list){texts, value->count};
    return true;
}

static bool lists_nothing(const struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        if (str_equal(list->texts[i], STR("(none)")))
            return true;
    }
    return false;
}

static bool accepts_nothing(enum nothing nothing, const struct text_list *list)
{
    switch (nothing) {
    case NOTHING_FAILS:
        return false;
    case NOTHING_IS_LISTED:
        return lists_nothing(list);
    case NOTHING_IS_NOT_LISTED:
        return !lists_nothing(list);
    }
    assert(false);
    return false;
}

/* ---- texts to be equal to -------------------------------------------------------------------- */

static struct text_choice *choice_of(struct arena *arena, const struct text_list *list)
{
    struct text_choice *choice = ARENA_NEW(arena, struct text_choice);
    struct map seen;
    map_open(&seen, arena, list->count);
    struct str *distinct = ARENA_NEW_ARRAY(arena, struct str, list->count);
    uint32_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (!map_insert(&seen, list->texts[i], 0))
            continue;
        distinct[count++] = list->texts[i];
        enum text_word word = text_word_of(list->texts[i]);
        choice->has_true = choice->has_true || word == WORD_TRUE;
        choice->has_false = choice->has_false || word == WORD_FALSE;
        choice->plain_count += word == WORD_NONE;
    }
    choice->texts = text_set_build(arena, distinct, count);
    choice->value_count = (uint32_t)list->count;
    return choice;
}

/* ---- cohorts --------------------------------------------------------------------------------- */

/* Whose cohorts a selector is about: "User" and who that is, or a type of group and its name;
 * false: it is not about cohorts. */
static bool cohort_subject(struct arena *arena, struct str selector, struct str *group_type,
                           struct str *member)
{
    struct selector parsed = selector_parse(arena, selector);
    if (parsed.root != SELECTOR_CONTEXT || parsed.step_count < 2 ||
        !str_equal(parsed.steps[parsed.step_count - 1], STR("cohort_ids")))
        return false;
    if (parsed.step_count == 2 && str_equal(parsed.steps[0], STR("user"))) {
        *group_type = STR("User");
        *member = STR("/context/user/user_id");
        return true;
    }
    if (parsed.step_count != 3 || !str_equal(parsed.steps[0], STR("groups")))
        return false;
    const struct str steps[] = {STR("context"), STR("groups"), parsed.steps[1], STR("group_name")};
    *group_type = parsed.steps[1];
    *member = selector_text(arena, steps, COUNT_OF(steps));
    return true;
}

static const struct text_cohorts *cohorts_of(struct compiler *compiler, const struct flag *flag,
                                             struct str selector, const struct text_set *ids)
{
    struct str group_type;
    struct str member;
    if (compiler->state->cohort_count == 0 ||
        !cohort_subject(compiler->arena, selector, &group_type, &member))
        return NULL;
    struct text_cohorts *found = ARENA_NEW(compiler->arena, struct text_cohorts);
    found->cohorts = ARENA_NEW_ARRAY(compiler->arena, const struct cohort *, ids->count);
    for (uint32_t i = 0; i < ids->count; i++) {
        const struct cohort *cohort = environment_find_cohort(compiler->state, ids->texts[i]);
        if (cohort != NULL && str_equal(cohort->group_type, group_type))
            found->cohorts[found->count++] = cohort;
    }
    if (found->count == 0)
        return NULL;
    found->member = compile_selector(compiler, flag, member);
    return found;
}

/* ---- numbers and versions: the value that is easiest to satisfy ---------------------------------
 */

static bool prepare_number(struct test *test, const struct text_list *list)
{
    bool wants_most = test->orders & ORDER_LESS;
    test->number = NAN;
    for (size_t i = 0; i < list->count; i++) {
        double number = text_number(list->texts[i]);
        bool is_easier = wants_most ? number > test->number : number < test->number;
        if (is_easier || (isnan(test->number) && !isnan(number)))
            test->number = number;
    }
    return !isnan(test->number);
}

static void ease_version(struct text_version_bound *bound, bool wants_most, struct str text)
{
    struct text_version version;
    if (!text_version_parse(text, &version))
        return;
    int order = bound->has_version ? text_version_compare(&version, &bound->version) : 0;
    if (!bound->has_version || (wants_most ? order > 0 : order < 0))
        bound->version = version;
    bound->has_version = true;
}

static bool prepare_version(struct arena *arena, struct test *test, const struct text_list *list)
{
    bool wants_most = test->orders & ORDER_LESS;
    struct text_version_bound *bound = ARENA_NEW(arena, struct text_version_bound);
    for (size_t i = 0; i < list->count; i++) {
        ease_version(bound, wants_most, list->texts[i]);
        int order = i == 0 ? 0 : utf16_compare(list->texts[i], bound->text);
        if (i == 0 || (wants_most ? order > 0 : order < 0))
            bound->text = list->texts[i];
    }
    bound->rank = bound->has_version ? text_version_rank(&bound->version) : 0;
    test->version_bound = bound;
    return list->count > 0;
}

/* ---- the others --------------------------------------------------------------------------------
 */

static void prepare_needles(struct arena *arena, struct test *test, const struct text_list *list)
{
    struct text_list *needles = ARENA_NEW(arena, struct text_list);
    struct str *texts = ARENA_NEW_ARRAY(arena, struct str, list->count);
    for (size_t i = 0; i < list->count; i++)
        texts[i] = lower_case(arena, list->texts[i]);
    *needles = (struct text_list){texts, list->count};
    test->needles = needles;
}

static enum pattern_syntax syntax_of(enum operator operator)
{
    bool is_glob = operator== OPERATOR_TEXT_GLOB_MATCH || operator==
        OPERATOR_TEXT_GLOB_DOES_NOT_MATCH;
    return is_glob ? PATTERN_GLOB : PATTERN_UNITS;
}

/* A clause with a pattern that is none never holds: elsewhere it would stop the evaluation. */
static bool prepare_patterns(struct compiler *compiler, enum operator operator, struct test * test,
                             const struct text_list *list)
{
    struct pattern_list *patterns = ARENA_NEW(compiler->arena, struct pattern_list);
    const struct pattern **compiled =
        ARENA_NEW_ARRAY(compiler->arena, const struct pattern *, list->count);
    for (size_t i = 0; i < list->count; i++) {
        compiled[i] = compile_pattern(compiler, syntax_of(operator), list->texts[i]);
        if (compiled[i] == NULL)
            return false;
    }
    *patterns = (struct pattern_list){compiled, list->count};
    test->patterns = patterns;
    return true;
}

static bool prepare(struct compiler *compiler, const struct flag *flag,
                    const struct expression *match, const struct text_list *list, struct test *test)
{
    switch ((enum test_kind)test->kind) {
    case TEST_TEXT_NUMBER:
        return prepare_number(test, list) || (test->flags & TEST_ACCEPTS_NOTHING);
    case TEST_TEXT_VERSION:
        return prepare_version(compiler->arena, test, list);
    case TEST_TEXT_CONTAINS:
        prepare_needles(compiler->arena, test, list);
        return true;
    case TEST_TEXT_MATCHES:
        return prepare_patterns(compiler, match->operator, test, list);
    case TEST_TEXT_AMONG:
    case TEST_TEXT_SET_IS:
    case TEST_TEXT_SET_HAS_ALL:
    case TEST_TEXT_SET_HAS_ANY: {
        struct text_choice *choice = choice_of(compiler->arena, list);
        if (test->kind == TEST_TEXT_SET_HAS_ANY)
            choice->cohorts = cohorts_of(compiler, flag, match->attribute, &choice->texts);
        test->choice = choice;
        return true;
    }
    case TEST_SEGMENT:
    case TEST_PRESENT:
    case TEST_EQUAL_TEXT:
    case TEST_EQUAL:
    case TEST_NOT_EQUAL:
    case TEST_IN:
    case TEST_NOT_IN:
    case TEST_CONTAINS:
    case TEST_STARTS_WITH:
    case TEST_ENDS_WITH:
    case TEST_MATCHES:
    case TEST_NUMBER:
    case TEST_INSTANT:
    case TEST_VERSION:
        break;
    }
    assert(false);
    return false;
}

/* ---- questions ----------------------------------------------------------------------------------
 */

/* The operator, what it reads and the texts in order: tests that have these in common are one
 * question. False when they are too long to look for. */
static bool write_question(struct buf *question, enum operator operator, uint32_t subject,
                           const struct text_list *list)
{
    buf_clear(question);
    const uint32_t head[] = {(uint32_t) operator, subject };
    buf_append(question, (struct str){(const char *)head, sizeof(head)});
    for (size_t i = 0; i < list->count && !buf_failed(question); i++) {
        const uint64_t size = list->texts[i].size;
        buf_append(question, (struct str){(const char *)&size, sizeof(size)});
        buf_append(question, list->texts[i]);
    }
    return !buf_failed(question);
}

/* What it asks is asked already: the test is as the other one, but for where it leads. */
static bool find_asked(const struct compiler *compiler, struct test *test)
{
    uint32_t index = map_find(&compiler->questions, buf_str(&compiler->question));
    if (index == MAP_ABSENT)
        return false;
    struct test asked = compiler->asked[index];
    asked.on_true = test->on_true;
    asked.on_false = test->on_false;
    *test = asked;
    return true;
}

/* Results of other flags come and go with a decision: what is asked about them is not kept. */
static void keep_asked(struct compiler *compiler, struct test *test)
{
    bool is_of_result = compiler->selectors[test->subject].root == SELECTOR_RESULT;
    test->memo = is_of_result ? ANSWER_NOT_KEPT : (uint32_t)compiler->asked_count + 1;
    compiler->asked = compile_grow(compiler->arena, compiler->asked, compiler->asked_count,
                                   &compiler->asked_capacity, sizeof(struct test));
    struct str question = arena_copy_str(compiler->arena, buf_str(&compiler->question));
    map_insert(&compiler->questions, question, (uint32_t)compiler->asked_count);
    compiler->asked[compiler->asked_count++] = *test;
}

bool compile_text_match(struct compiler *compiler, const struct flag *flag,
                        const struct expression *match, struct test *test)
{
    struct text_list list;
    if (!operator_is_text(match->operator) || !list_values(compiler->arena, &match->value, &list))
        return false;
    const struct operator_row *row = &rows[match->operator];
    test->kind = (uint16_t)row->kind;
    test->orders = row->orders;
    test->flags = row->is_negated ? TEST_IS_NEGATED : 0;
    if (accepts_nothing(row->nothing, &list))
        test->flags |= TEST_ACCEPTS_NOTHING;
    test->subject = compile_selector(compiler, flag, match->attribute);
    bool is_comparable = write_question(&compiler->question, match->operator, test->subject, &list);
    if (is_comparable && find_asked(compiler, test))
        return true;
    if (!prepare(compiler, flag, match, &list, test))
        return false;
    if (is_comparable)
        keep_asked(compiler, test);
    return true;
}
