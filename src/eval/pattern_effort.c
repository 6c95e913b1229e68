/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Upper bounds, from the tree alone.
 *
 * Backtracking tries what follows a node once for every way in which the node can be passed. So the
 * steps of a sequence are those of its first node, and for each of the ways through that the steps
 * of the rest. Repeats without a bound are bounded by the subject. All sums stop at SIZE_MAX.
 */
#include "eval/pattern_effort.h"

#include "eval/pattern_compile.h"

enum {
    COMPARISONS_PER_STEP = 16,
    CLASS_PARTS_PER_COMPARISON = 4,
    RUN_MAX = 32,
    GLANCE_REPEATS_MAX = 64,
    WORD_EDGE_BEGINNINGS = 5 /* looks at two characters */
};

struct effort {
    size_t ways;  /* how often what follows is tried */
    size_t steps; /* spent on the way */
};

static size_t sum(size_t a, size_t b)
{
    size_t result = 0;
    return __builtin_add_overflow(a, b, &result) ? SIZE_MAX : result;
}

static size_t product(size_t a, size_t b)
{
    size_t result = 0;
    return __builtin_mul_overflow(a, b, &result) ? SIZE_MAX : result;
}

static struct effort sequence_effort(const struct pattern_node *first, size_t bytes);

/* Every alternative is a step of its own. */
static struct effort branches_effort(const struct pattern_branch *branches, size_t bytes)
{
    struct effort all = {0, 0};
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        struct effort one = sequence_effort(branch->first, bytes);
        all.ways = sum(all.ways, one.ways);
        all.steps = sum(all.steps, sum(one.steps, 1));
    }
    return all;
}

/* Round after round, each entered once for every way through those before; a last one may take
 * nothing. */
static struct effort repeat(struct effort round, const struct pattern_node *node, size_t bytes)
{
    struct effort all = {node->min == 0, 0};
    size_t entered = 1;
    for (size_t i = 1; i <= node->max && i <= sum(bytes, node->min) + 1; i++) {
        all.steps = sum(all.steps, product(entered, sum(round.steps, 1)));
        entered = product(entered, round.ways);
        if (i >= node->min)
            all.ways = sum(all.ways, entered);
        if (entered == 0 || all.steps == SIZE_MAX)
            break;
    }
    return all;
}

static struct effort node_effort(const struct pattern_node *node, size_t bytes)
{
    switch (node->kind) {
    case NODE_CHARACTER:
    case NODE_SET:
        if (node->min == node->max)
            return (struct effort){1, node->min / RUN_MAX};
        size_t most = node->max < bytes ? node->max : bytes;
        size_t ways = most > node->min ? most - node->min + 1 : 1;
        return (struct effort){ways, sum(ways, 1 + node->min / RUN_MAX)};
    case NODE_GROUP:
        if (node->max == 0)
            return (struct effort){1, 0};
        return repeat(branches_effort(node->branches, bytes), node, bytes);
    case NODE_AHEAD:
    case NODE_NOT_AHEAD:
    case NODE_BEHIND:
    case NODE_NOT_BEHIND:
        return (struct effort){1, sum(branches_effort(node->branches, bytes).steps, 1)};
    case NODE_REFERENCE: /* not in what writes may use */
        return (struct effort){SIZE_MAX, SIZE_MAX};
    case NODE_START:
    case NODE_END:
    case NODE_WORD_EDGE:
    case NODE_NO_WORD_EDGE:
        break;
    }
    return (struct effort){1, 0};
}

static struct effort sequence_effort(const struct pattern_node *first, size_t bytes)
{
    struct effort all = {1, 0};
    for (const struct pattern_node *node = first; node != NULL; node = node->next) {
        struct effort one = node_effort(node, bytes);
        all.steps = sum(all.steps, product(all.ways, one.steps));
        all.ways = product(all.ways, one.ways);
    }
    return all;
}

size_t pattern_steps_bound(const struct pattern_branch *tree, size_t subject_bytes)
{
    size_t starts = pattern_is_anchored(tree) ? 1 : subject_bytes + 1;
    return product(starts, sum(branches_effort(tree, subject_bytes).steps, 2));
}

/* ---- the price of a step -------------------------------------------------------------------- */

static size_t class_price(const struct pattern_set *set)
{
    return 1 + (set->range_count + 2 * set->property_count) / CLASS_PARTS_PER_COMPARISON;
}

static size_t longest_way(const struct pattern_branch *branches);

/* Comparisons that can be made before the next step is counted, at most. */
static size_t node_comparisons(const struct pattern_node *node)
{
    size_t times = node->min < 1 ? 1 : node->min;
    if (node->kind == NODE_CHARACTER || node->kind == NODE_SET)
        return (times < RUN_MAX ? times : RUN_MAX) *
               (node->kind == NODE_SET ? class_price(node->set) : 1);
    if (node->branches == NULL)
        return 1;
    return product(times, longest_way(node->branches));
}

static size_t longest_way(const struct pattern_branch *branches)
{
    size_t longest = 0;
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        size_t comparisons = 0;
        for (const struct pattern_node *node = branch->first; node != NULL; node = node->next)
            comparisons = sum(comparisons, node_comparisons(node));
        longest = comparisons > longest ? comparisons : longest;
    }
    return longest;
}

size_t pattern_step_price(const struct pattern_branch *tree)
{
    return 1 + longest_way(tree) / COMPARISONS_PER_STEP;
}

/* ---- profile -----------------------------------------------------------------------------------
 */

static bool reads_on(const struct pattern_branch *branches)
{
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        for (const struct pattern_node *node = branch->first; node != NULL; node = node->next) {
            if (node->max > GLANCE_REPEATS_MAX || reads_on(node->branches))
                return true;
        }
    }
    return false;
}

static size_t count_beginnings(const struct pattern_branch *branches)
{
    size_t count = 0;
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        const struct pattern_node *first = branch->first;
        if (first != NULL && first->branches != NULL)
            count += count_beginnings(first->branches);
        else
            count += first != NULL && first->kind == NODE_WORD_EDGE ? WORD_EDGE_BEGINNINGS : 1;
    }
    return count;
}

struct pattern_profile pattern_profile(enum pattern_syntax syntax, struct str text)
{
    struct arena arena;
    arena_open(&arena, 4096);
    const struct pattern_branch *tree = NULL;
    struct pattern_profile profile = {PATTERN_NEVER, 1};
    if (!failed(pattern_understand(&tree, syntax, text, PATTERN_SERVED, &arena))) {
        profile.pace = reads_on(tree) ? PATTERN_READS : PATTERN_GLANCES;
        if (!pattern_is_anchored(tree))
            profile.pace = PATTERN_SEARCHES;
        profile.beginnings = count_beginnings(tree);
    }
    arena_close(&arena);
    return profile;
}
