/* SPDX-License-Identifier: Apache-2.0 */
/*
 * query - the query language of targeting rules as conditions.
 *
 *     country in ["DE", "FR"] and not (age lt 18) or anonymous eq true
 *
 * `and` and `or` bind alike and from the left. A comparison holds for an attribute of the type that
 * is written down alone, the negative ones too. Whole numbers are compared with the whole part of
 * an attribute; texts without regard to case, which ours are not (`folds_case`), and in no order
 * that ours have.
 */
#ifndef IMPORT_GOFF_QUERY_H
#define IMPORT_GOFF_QUERY_H

#include "base/arena.h"
#include "model/rule.h"

struct query {
    struct arena *arena;
    struct str obstacle; /* why it cannot be said: a phrase */
    bool folds_case;     /* a comparison was met that differs here for another case */
    bool looks_in_lists; /* one attribute among several values */
};

/* Whether the text holds, as a condition; an empty one always does. False: see obstacle. */
bool query_condition(struct query *query, struct str text, struct expression *condition);

#endif
