/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_test - whether a clause of the text family holds: text_test.c, and what of it is in line.
 *
 * A bulk evaluation asks for hundreds of clauses about few attributes, so nearly all of them are
 * about a text that has been read before. Those that compare it with a number or a version are
 * then a few instructions, and call nobody.
 */
#ifndef EVAL_TEXT_TEST_H
#define EVAL_TEXT_TEST_H

#include <math.h>

#include "eval/evaluation.h"

bool text_test_is_among_many(const struct text_choice *choice, struct text_value *value);
bool text_test_allows_unranked(const struct test *test, const struct text_value *value);
bool text_test_holds_at_length(struct evaluation *evaluation, const struct test *test);

static inline bool text_test_allows_number(const struct test *test, struct text_value *value)
{
    double number = text_value_number(value);
    if (isnan(number) || isnan(test->number))
        return false;
    return test_allows_order(test, (number > test->number) - (number < test->number));
}

static inline bool text_test_allows_version(const struct test *test, struct text_value *value)
{
    uint64_t expected = test->version_bound->rank;
    uint64_t rank = text_value_version(value);
    if (expected == 0 || rank == 0)
        return text_test_allows_unranked(test, value);
    return test_allows_order(test, (rank > expected) - (rank < expected));
}

static inline bool text_test_is_among(const struct text_choice *choice, struct text_value *value)
{
    if (choice->texts.slots != NULL || value->word != WORD_NONE)
        return text_test_is_among_many(choice, value);
    return text_set_place_few(&choice->texts, value->text) != TEXT_SET_ABSENT;
}

static inline bool text_test_holds(struct evaluation *evaluation, const struct test *test)
{
    struct text_view *view = &evaluation->context->views[test->subject];
    if (view->kind == VIEW_TEXT) {
        struct text_value *value = &view->value;
        if (test->kind == TEST_TEXT_AMONG)
            return text_test_is_among(test->choice, value) !=
                   ((test->flags & TEST_IS_NEGATED) != 0);
        if (test->kind == TEST_TEXT_NUMBER && (value->known & KNOWN_NUMBER))
            return text_test_allows_number(test, value);
        if (test->kind == TEST_TEXT_VERSION && (value->known & KNOWN_VERSION))
            return text_test_allows_version(test, value);
    }
    return text_test_holds_at_length(evaluation, test);
}

#endif
