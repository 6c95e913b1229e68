/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag - one flag of the file as one of ours.
 *
 * A flag that changes by a schedule is several, one behind the other: for each stretch of time in
 * which nothing is scheduled, the steps due by then are laid over it (steps.c) and what comes out
 * becomes rules that are active in that stretch.
 */
#ifndef IMPORT_GOFF_FLAG_H
#define IMPORT_GOFF_FLAG_H

#include "import/draft.h"
#include "import/jsonlogic.h"

/* What was met anywhere in the file and is said once. */
struct notes {
    bool coerces, folds_case, looks_in_lists;
};

void flag_read(struct draft *draft, const struct json_member *member, struct notes *notes);

/* ---- steps.c --------------------------------------------------------------------------------- */

struct stretch {
    struct window window;
    struct json definition; /* the flag with all steps due; without its schedule */
};
/* In order of time; one that lasts always when nothing is scheduled. False: a step has no date. */
bool stretches_of(struct arena *arena, const struct json *definition, struct stretch **stretches,
                  size_t *count);

/* ---- rules.c --------------------------------------------------------------------------------- */

struct rules {
    struct draft *draft;
    struct draft_flag *item;
    struct notes *notes;
    struct str bucket_by; /* absent: the targeting key */
    struct rule *list;
    size_t count, capacity;
};
/* Rules for one definition in one stretch of time, its default rule as the last of them. */
void rules_add(struct rules *rules, const struct json *definition, struct window window);
/* A rule of one's own. */
void rules_serve(struct rules *rules, struct expression when, struct window window,
                 struct serve serve);

#endif
