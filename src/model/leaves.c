/* SPDX-License-Identifier: Apache-2.0 */
/* leaves - the leaves of an expression, left to right: see leaves.h. */
#include "model/leaves.h"

#include <assert.h>

static void enter(struct leaf_walk *walk, const struct expression *expression)
{
    assert(walk->level_count < LEAF_WALK_LEVELS);
    walk->levels[walk->level_count].expression = expression;
    walk->levels[walk->level_count].next_child = 0;
    walk->level_count++;
}

void leaf_walk_begin(struct leaf_walk *walk, const struct expression *expression)
{
    walk->level_count = 0;
    enter(walk, expression);
}

const struct expression *leaf_walk_next(struct leaf_walk *walk)
{
    while (walk->level_count > 0) {
        size_t top = walk->level_count - 1;
        const struct expression *expression = walk->levels[top].expression;
        if (walk->levels[top].next_child < expression->child_count) {
            enter(walk, &expression->children[walk->levels[top].next_child++]);
            continue;
        }
        walk->level_count--;
        if (expression->child_count == 0)
            return expression;
    }
    return NULL;
}

struct str leaf_walk_path(const struct leaf_walk *walk, struct arena *arena,
                          const struct place *root)
{
    struct place places[2 * LEAF_WALK_LEVELS];
    size_t count = 0;
    const struct place *outer = root;
    for (size_t i = 0; i < walk->level_count; i++) {
        bool is_not = walk->levels[i].expression->kind == EXPRESSION_NOT;
        places[count] = place_member(outer, is_not ? STR("expression") : STR("expressions"));
        outer = &places[count++];
        if (is_not)
            continue;
        places[count] = place_item(outer, walk->levels[i].next_child - 1);
        outer = &places[count++];
    }
    return place_text(arena, outer);
}
