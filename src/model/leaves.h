/* SPDX-License-Identifier: Apache-2.0 */
/*
 * leaves - the leaves of an expression, left to right, without recursion.
 *
 *     struct leaf_walk walk;
 *     leaf_walk_begin(&walk, &rule->when);
 *     for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;)
 *
 * The expression has passed expression_inspect: its nesting is within RULE_NESTING_MAX.
 */
#ifndef MODEL_LEAVES_H
#define MODEL_LEAVES_H

#include "model/inspect.h"
#include "model/limits.h"
#include "model/rule.h"

enum { LEAF_WALK_LEVELS = RULE_NESTING_MAX + 1 };

struct leaf_walk {
    struct {
        const struct expression *expression;
        size_t next_child;
    } levels[LEAF_WALK_LEVELS];
    size_t level_count; /* levels still open; the leaf handed out last lies just above them */
};

void leaf_walk_begin(struct leaf_walk *walk, const struct expression *expression);
const struct expression *leaf_walk_next(struct leaf_walk *walk); /* NULL at the end */

/* Path of the leaf handed out last, where the expression itself is at `root`. */
struct str leaf_walk_path(const struct leaf_walk *walk, struct arena *arena,
                          const struct place *root);

#endif
