/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targeting - what a flag's targeting results in, as rules in order.
 *
 * Targeting is one JsonLogic expression whose value names a variant. It is walked as far as it
 * branches: each branch's conditions, those of the branches around it included, become a rule that
 * serves what the branch results in. Every branch is said whole before the next one begins, so the
 * first rule that holds is the branch that is taken.
 */
#ifndef IMPORT_FLAGD_TARGETING_H
#define IMPORT_FLAGD_TARGETING_H

#include "import/draft.h"
#include "import/jsonlogic.h"

/* The conditions around what is being said. */
struct guard {
    struct expression when;
    struct window window;
};

struct targeting {
    struct draft *draft;
    struct draft_flag *item; /* its variations are there */
    struct logic logic;
    struct str default_variant; /* what null results in; the off variation where there is none */
    struct rule *rules;
    size_t rule_count, rule_capacity;
    size_t lost_count;
    bool deals_by_text; /* of somebody who is dealt by a number it is as if they had none */
};

/* Fills in the rules and the fallthrough of the flag. targeting->logic is set up. */
void targeting_translate(struct targeting *targeting, const struct json *rule);

/* Of what is said under a guard: a rule that serves. */
void targeting_serve(struct targeting *targeting, struct guard guard, struct serve serve);
/* The variant of that name, or what null results in for a name that is absent. A name that no
 * variant has is an error over there: the off variation, and the flag's row says so. */
struct str targeting_variant(struct targeting *targeting, struct str name);
/* Something could not be said: a row for it, and the flag's row lowered. */
void targeting_lose(struct targeting *targeting, struct str what);

/* fractional.c: everybody under the guard is dealt a share. */
void fractional_serve(struct targeting *targeting, struct guard guard,
                      const struct logic_operation *operation);

#endif
