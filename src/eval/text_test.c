/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_test - one clause of the text family against what its selector finds: wire reference of the
 * family, 10.5 and 11.
 *
 * A list passes a clause about a text when any of its elements does, the negative clauses too; a
 * clause about a set is for lists alone. What is not there was settled by the compiler.
 */
#include <assert.h>
#include <math.h>

#include "base/utf.h"
#include "eval/evaluation.h"

/* Distinct values of a set clause that are ticked off on the stack; a larger one is searched. */
enum { TICKS_MAX = 1024 };

/* ---- about a text ---------------------------------------------------------------------------- */

static inline uint32_t place_in(const struct text_set *set, struct text_value *value)
{
    if (set->slots == NULL)
        return text_set_place_few(set, value->text);
    return value->text.size > set->size_max
               ? TEXT_SET_ABSENT
               : text_set_place_hashed(set, value->text, text_value_hash(value));
}

/* The words are equal whatever their case is, but only to each other. */
static inline bool choice_has(const struct text_choice *choice, struct text_value *value)
{
    if (value->word == WORD_TRUE && choice->has_true)
        return true;
    if (value->word == WORD_FALSE && choice->has_false)
        return true;
    return place_in(&choice->texts, value) != TEXT_SET_ABSENT;
}

static bool contains_any(struct evaluation *evaluation, const struct text_list *needles,
                         struct text_value *value)
{
    struct str text = text_value_lower(value, evaluation->context->arena);
    for (size_t i = 0; i < needles->count; i++) {
        if (str_contains(text, needles->texts[i]))
            return true;
    }
    return false;
}

static bool number_allows(const struct test *test, struct text_value *value)
{
    double number = text_value_number(value);
    if (isnan(number) || isnan(test->number))
        return false;
    return test_allows_order(test, (number > test->number) - (number < test->number));
}

static bool unranked_version_allows(const struct test *test, const struct text_value *value)
{
    const struct text_version_bound *bound = test->version_bound;
    struct text_version version;
    int order = 0;
    if (bound->has_version && text_version_parse(value->text, &version))
        order = text_version_compare(&version, &bound->version);
    else
        order = utf16_compare(value->text, bound->text);
    return test_allows_order(test, (order > 0) - (order < 0));
}

static bool version_allows(const struct test *test, struct text_value *value)
{
    uint64_t expected = test->version_bound->rank;
    uint64_t rank = text_value_version(value);
    if (expected == 0 || rank == 0)
        return unranked_version_allows(test, value);
    return test_allows_order(test, (rank > expected) - (rank < expected));
}

/* One that gives up tells nothing, neither way. */
static bool pattern_allows(struct evaluation *evaluation, const struct test *test,
                           struct text_value *value)
{
    struct pattern_scratch *scratch = evaluation->context->scratch;
    if (scratch == NULL)
        return false;
    bool has_pairs = text_value_has_pairs(value);
    bool has_matched = false;
    for (size_t i = 0; i < test->patterns->count && !has_matched; i++) {
        enum pattern_result result =
            pattern_match_known(test->patterns->patterns[i], scratch, value->text, has_pairs);
        if (result == PATTERN_GAVE_UP && evaluation->trace != NULL)
            evaluation->trace->has_pattern_given_up = true;
        if (result == PATTERN_GAVE_UP)
            return false;
        has_matched = result == PATTERN_MATCH;
    }
    return has_matched != ((test->flags & TEST_IS_NEGATED) != 0);
}

static inline bool text_holds(struct evaluation *evaluation, const struct test *test,
                              struct text_value *value)
{
    bool is_negated = test->flags & TEST_IS_NEGATED;
    if (test->kind == TEST_TEXT_AMONG)
        return choice_has(test->choice, value) != is_negated;
    if (test->kind == TEST_TEXT_CONTAINS)
        return contains_any(evaluation, test->needles, value) != is_negated;
    if (test->kind == TEST_TEXT_NUMBER)
        return number_allows(test, value);
    if (test->kind == TEST_TEXT_VERSION)
        return version_allows(test, value);
    assert(test->kind == TEST_TEXT_MATCHES);
    return pattern_allows(evaluation, test, value);
}

/* ---- about a set ----------------------------------------------------------------------------- */

/* What of a choice has been seen in a list. */
struct ticks {
    uint64_t words[TICKS_MAX / 64];
    uint32_t count;
};

static void tick(struct ticks *ticks, uint32_t place)
{
    uint64_t bit = UINT64_C(1) << (place % 64);
    ticks->count += !(ticks->words[place / 64] & bit);
    ticks->words[place / 64] |= bit;
}

static bool list_has_text(const struct text_view *list, struct str text)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (text_equal(list->elements[i].text, text))
            return true;
    }
    return false;
}

static bool list_has_word(const struct text_view *list, enum text_word word)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->elements[i].word == word)
            return true;
    }
    return false;
}

/* The list's texts are those of the choice, exactly, whatever their number. */
static bool set_is(const struct text_choice *choice, const struct text_view *list)
{
    struct ticks ticks = {.count = 0};
    bool is_small = choice->texts.count <= TICKS_MAX;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t place = place_in(&choice->texts, &list->elements[i]);
        if (place == TEXT_SET_ABSENT)
            return false;
        if (is_small)
            tick(&ticks, place);
    }
    if (is_small)
        return ticks.count == choice->texts.count;
    for (uint32_t i = 0; i < choice->texts.count; i++) {
        if (!list_has_text(list, choice->texts.texts[i]))
            return false;
    }
    return true;
}

static bool has_all_plain(const struct text_choice *choice, const struct text_view *list)
{
    struct ticks ticks = {.count = 0};
    if (choice->texts.count <= TICKS_MAX) {
        for (uint32_t i = 0; i < list->count; i++) {
            uint32_t place = place_in(&choice->texts, &list->elements[i]);
            if (place != TEXT_SET_ABSENT && list->elements[i].word == WORD_NONE)
                tick(&ticks, place);
        }
        return ticks.count == choice->plain_count;
    }
    for (uint32_t i = 0; i < choice->texts.count; i++) {
        struct str text = choice->texts.texts[i];
        if (text_word_of(text) == WORD_NONE && !list_has_text(list, text))
            return false;
    }
    return true;
}

/* Every value is in the list; repetitions count for the length alone. */
static bool set_has_all(const struct text_choice *choice, const struct text_view *list)
{
    if (list->count < choice->value_count)
        return false;
    if (choice->has_true && !list_has_word(list, WORD_TRUE))
        return false;
    if (choice->has_false && !list_has_word(list, WORD_FALSE))
        return false;
    return has_all_plain(choice, list);
}

static bool set_has_any(const struct text_choice *choice, const struct text_view *list)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (choice_has(choice, &list->elements[i]))
            return true;
    }
    return false;
}

/* Whether a stored cohort among those asked for has the subject. */
static bool cohorts_have(struct evaluation *evaluation, const struct text_cohorts *cohorts)
{
    if (cohorts == NULL)
        return false;
    struct context *context = evaluation->context;
    struct str member = text_view_text(context_view(context, cohorts->member), context->arena);
    if (str_is_empty(member))
        return false;
    for (size_t i = 0; i < cohorts->count; i++) {
        if (cohort_has(cohorts->cohorts[i], member))
            return true;
    }
    return false;
}

static bool set_holds(struct evaluation *evaluation, const struct test *test,
                      const struct text_view *view)
{
    const struct text_choice *choice = test->choice;
    bool is_negated = test->flags & TEST_IS_NEGATED;
    if (test->kind == TEST_TEXT_SET_HAS_ANY && cohorts_have(evaluation, choice->cohorts))
        return !is_negated;
    if (view->kind == VIEW_NOTHING)
        return test->flags & TEST_ACCEPTS_NOTHING;
    if (view->kind != VIEW_LIST)
        return false;
    if (test->kind == TEST_TEXT_SET_IS)
        return set_is(choice, view) != is_negated;
    if (test->kind == TEST_TEXT_SET_HAS_ALL)
        return set_has_all(choice, view) != is_negated;
    return set_has_any(choice, view) != is_negated;
}

bool text_test_holds(struct evaluation *evaluation, const struct test *test)
{
    struct text_view *view = context_view(evaluation->context, test->subject);
    if (test->kind >= TEST_TEXT_SET_FIRST)
        return set_holds(evaluation, test, view);
    if (view->kind == VIEW_NOTHING)
        return test->flags & TEST_ACCEPTS_NOTHING;
    if (view->kind == VIEW_TEXT)
        return text_holds(evaluation, test, &view->value);
    for (uint32_t i = 0; i < view->count; i++) {
        if (text_holds(evaluation, test, &view->elements[i]))
            return true;
    }
    return false;
}

enum answer text_test_ask(struct evaluation *evaluation, const struct test *test)
{
    enum answer answer = text_test_holds(evaluation, test) ? ANSWER_YES : ANSWER_NO;
    if (test->memo != ANSWER_NOT_KEPT)
        evaluation->context->answers[test->memo] = (uint8_t)answer;
    return answer;
}
