/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From the tree to PCRE2's notation, leaving nothing to its options: classes are ranges, `^` is \A,
 * `$` is \z, groups capture only what a back-reference needs, and all but ASCII letters and digits
 * is \x{…}.
 *
 * Only whether a pattern matches is asked, never where. So in a search that may begin and end
 * anywhere, `.*foo.*` finds what `foo` finds: a repeat at the open edge of the pattern is reduced
 * to its least count, for whatever more it could take, the search can skip instead. The same
 * holds at the end of a look-ahead. Without this, `.*foo` costs the square of the text's length.
 * What holds captures stays as it is: how much it takes is somebody's business.
 */
#include "eval/pattern_translate.h"

#include <assert.h>

/*
 * Takes nothing, always succeeds, and is a repeat. PCRE2's just-in-time code counts repeats against
 * the match limit but not alternatives: without this behind the second and later alternatives of
 * a group, (?:a|aa)(?:a|[ab])… would double its work with every group, uncounted.
 */
#define COUNTED_NOTHING "[^\\s\\S]?+"
#define COUNTED_NOTHING_BEHIND "(?=[^\\s\\S]?+)" /* where only fixed lengths are allowed */

/* For the same reason a longer run of one character or set is cut into pieces that are counted. */
enum { UNCOUNTED_REPEATS_MAX = 32 };

struct edges {
    bool is_leading;  /* nothing but the free search stands before */
    bool is_trailing; /* nothing stands behind */
};

static const struct edges no_edges = {false, false};

struct emitter {
    struct buf *out;
    bool is_reducing;
    unsigned look_behinds;                     /* around what is being written */
    uint32_t captures[PATTERN_GROUPS_MAX + 1]; /* by number of the group: its number in PCRE2's */
    uint32_t capture_count;
};

static void emit_branches(struct emitter *emitter, const struct pattern_branch *branches,
                          struct edges edges);

static void emit_character(struct emitter *emitter, uint32_t character)
{
    bool is_plain = (character >= '0' && character <= '9') ||
                    (character >= 'A' && character <= 'Z') ||
                    (character >= 'a' && character <= 'z');
    if (is_plain)
        buf_append_byte(emitter->out, (char)character);
    else
        buf_append_format(emitter->out, "\\x{%x}", (unsigned)character);
}

static void emit_range(struct emitter *emitter, struct pattern_range range)
{
    emit_character(emitter, range.first);
    if (range.last == range.first)
        return;
    buf_append_byte(emitter->out, '-');
    emit_character(emitter, range.last);
}

/* Such a set matches nowhere, or when negated, everywhere. */
static bool is_without_members(const struct pattern_set *set)
{
    return set->range_count == 0 && set->property_count == 0;
}

static void emit_set(struct emitter *emitter, const struct pattern_set *set)
{
    if (is_without_members(set)) {
        buf_append(emitter->out, set->is_negated ? STR(".") : STR("(?!)"));
        return;
    }
    buf_append(emitter->out, set->is_negated ? STR("[^") : STR("["));
    for (size_t i = 0; i < set->range_count; i++)
        emit_range(emitter, set->ranges[i]);
    for (size_t i = 0; i < set->property_count; i++)
        buf_append_format(emitter->out, "\\%c{%s}", set->properties[i].is_complement ? 'P' : 'p',
                          set->properties[i].name);
    buf_append_byte(emitter->out, ']');
}

static void emit_quantifier(struct emitter *emitter, uint32_t min, uint32_t max, bool is_lazy)
{
    if (min == 1 && max == 1)
        return;
    if (max != PATTERN_UNBOUNDED && min == max)
        buf_append_format(emitter->out, "{%u}", (unsigned)min);
    else if (max != PATTERN_UNBOUNDED)
        buf_append_format(emitter->out, "{%u,%u}", (unsigned)min, (unsigned)max);
    else
        buf_append_format(emitter->out, "{%u,}", (unsigned)min);
    if (is_lazy)
        buf_append_byte(emitter->out, '?');
}

static void emit_counted_nothing(struct emitter *emitter)
{
    bool is_behind = emitter->look_behinds > 0;
    buf_append(emitter->out, is_behind ? STR(COUNTED_NOTHING_BEHIND) : STR(COUNTED_NOTHING));
}

static void emit_wrapped(struct emitter *emitter, const char *opening,
                         const struct pattern_node *node, struct edges edges)
{
    buf_append(emitter->out, str_of(opening));
    emit_branches(emitter, node->branches, edges);
    buf_append_byte(emitter->out, ')');
}

/* Look-behinds hold no back-references, and none refers into them. */
static void emit_look_behind(struct emitter *emitter, const char *opening,
                             const struct pattern_node *node)
{
    emitter->look_behinds++;
    emit_wrapped(emitter, opening, node, no_edges);
    emitter->look_behinds--;
}

static void emit_group(struct emitter *emitter, const struct pattern_node *node, struct edges edges)
{
    if (node->is_referenced)
        emitter->captures[node->group] = ++emitter->capture_count;
    emit_wrapped(emitter, node->is_referenced ? "(" : "(?:", node, edges);
}

static void emit_reference(struct emitter *emitter, const struct pattern_node *node)
{
    unsigned capture = emitter->captures[node->group];
    assert(capture > 0);
    buf_append_format(emitter->out, "(?:(?C%u)\\g{%u})", capture, capture);
}

static void emit_atom(struct emitter *emitter, const struct pattern_node *node, struct edges edges)
{
    const struct edges ahead = {false, emitter->is_reducing};
    switch (node->kind) {
    case NODE_CHARACTER:
        emit_character(emitter, node->character);
        break;
    case NODE_SET:
        emit_set(emitter, node->set);
        break;
    case NODE_GROUP:
        emit_group(emitter, node, edges);
        break;
    case NODE_AHEAD:
        emit_wrapped(emitter, "(?=", node, ahead);
        break;
    case NODE_NOT_AHEAD:
        emit_wrapped(emitter, "(?!", node, ahead);
        break;
    case NODE_BEHIND:
        emit_look_behind(emitter, "(?<=", node);
        break;
    case NODE_NOT_BEHIND:
        emit_look_behind(emitter, "(?<!", node);
        break;
    case NODE_REFERENCE:
        emit_reference(emitter, node);
        break;
    case NODE_START:
        buf_append(emitter->out, STR("\\A"));
        break;
    case NODE_END:
        buf_append(emitter->out, STR("\\z"));
        break;
    case NODE_WORD_EDGE:
        buf_append(emitter->out, STR("\\b"));
        break;
    case NODE_NO_WORD_EDGE:
        buf_append(emitter->out, STR("\\B"));
        break;
    }
}

/* min repeats and more, the first of them in pieces. */
static void emit_long_run(struct emitter *emitter, const struct pattern_node *node, uint32_t max)
{
    uint32_t rest = node->min % UNCOUNTED_REPEATS_MAX;
    if (node->min > REGEX_SUBJECT_BYTES_MAX) { /* nothing is so long */
        buf_append(emitter->out, STR("(?!)"));
        return;
    }
    buf_append(emitter->out, STR("(?:"));
    emit_atom(emitter, node, no_edges);
    emit_quantifier(emitter, UNCOUNTED_REPEATS_MAX, UNCOUNTED_REPEATS_MAX, false);
    emit_counted_nothing(emitter);
    buf_append_byte(emitter->out, ')');
    emit_quantifier(emitter, node->min / UNCOUNTED_REPEATS_MAX, node->min / UNCOUNTED_REPEATS_MAX,
                    false);
    emit_atom(emitter, node, no_edges);
    emit_quantifier(emitter, rest, max == PATTERN_UNBOUNDED ? max : max - node->min + rest,
                    node->is_lazy);
}

static bool is_empty_reference(const struct pattern_node *node)
{
    return node->kind == NODE_REFERENCE && node->group == 0;
}

static void emit_node(struct emitter *emitter, const struct pattern_node *node, struct edges edges)
{
    if (is_empty_reference(node))
        return;
    if (node->holds_captures)
        edges = no_edges;
    bool is_at_edge = edges.is_leading || edges.is_trailing;
    uint32_t max = is_at_edge ? node->min : node->max;
    bool is_never =
        node->kind == NODE_SET && is_without_members(node->set) && !node->set->is_negated;
    if (max == 0 || (is_never && node->min == 0))
        return;
    bool is_run = node->kind == NODE_CHARACTER || (node->kind == NODE_SET && !is_never);
    if (is_run && node->min > UNCOUNTED_REPEATS_MAX) {
        emit_long_run(emitter, node, max);
        return;
    }
    bool is_once = node->min == 1 && max == 1;
    emit_atom(emitter, node, is_once ? edges : no_edges);
    if (!is_never)
        emit_quantifier(emitter, node->min, max, node->is_lazy);
}

/* Whether it may go at a free edge. */
static bool is_dispensable(const struct pattern_node *node)
{
    return (node->min == 0 && !node->holds_captures) || is_empty_reference(node);
}

/* The node behind the last one that must be there. */
static const struct pattern_node *trailing_end(const struct pattern_node *first)
{
    const struct pattern_node *end = first;
    for (const struct pattern_node *node = first; node != NULL; node = node->next) {
        if (!is_dispensable(node))
            end = node->next;
    }
    return end;
}

static void emit_sequence(struct emitter *emitter, const struct pattern_node *first,
                          struct edges edges)
{
    while (edges.is_leading && first != NULL && is_dispensable(first))
        first = first->next;
    const struct pattern_node *end = edges.is_trailing ? trailing_end(first) : NULL;
    for (const struct pattern_node *node = first; node != end; node = node->next) {
        struct edges here = {edges.is_leading && node == first,
                             edges.is_trailing && node->next == end};
        emit_node(emitter, node, here);
    }
}

static void emit_branches(struct emitter *emitter, const struct pattern_branch *branches,
                          struct edges edges)
{
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        if (branch != branches)
            buf_append_byte(emitter->out, '|');
        emit_sequence(emitter, branch->first, edges);
        if (branch != branches)
            emit_counted_nothing(emitter);
    }
}

bool pattern_is_anchored(const struct pattern_branch *branches)
{
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        const struct pattern_node *first = branch->first;
        if (first == NULL)
            return false;
        bool is_start = first->kind == NODE_START;
        bool is_group = first->kind == NODE_GROUP && first->min > 0;
        if (!is_start && !(is_group && pattern_is_anchored(first->branches)))
            return false;
    }
    return true;
}

void pattern_translate(struct buf *program, const struct pattern_branch *tree,
                       enum pattern_form form)
{
    struct emitter emitter = {.out = program, .is_reducing = form == PATTERN_REDUCED};
    struct edges edges = {emitter.is_reducing, emitter.is_reducing};
    buf_append(program, pattern_is_anchored(tree) ? STR("(?:") : STR(".*?(?:"));
    emit_branches(&emitter, tree, edges);
    buf_append_byte(program, ')');
}

static size_t weigh_set(const struct pattern_set *set)
{
    return 1 + (set->range_count + set->property_count) / 4;
}

static size_t weigh_branches(const struct pattern_branch *branches);

/* Single characters and sets repeat in place, but for long runs of them; a group is written out
 * once for every repeat. */
static size_t weigh_node(const struct pattern_node *node)
{
    if (node->kind == NODE_CHARACTER || node->kind == NODE_SET) {
        size_t atom = node->kind == NODE_SET ? weigh_set(node->set) : 1;
        if (node->min == 1 && node->max == 1)
            return atom;
        uint32_t run = node->min > REGEX_SUBJECT_BYTES_MAX ? 0 : node->min;
        return (2 + run / UNCOUNTED_REPEATS_MAX) * atom;
    }
    if (node->branches == NULL)
        return 1;
    size_t times = node->max == PATTERN_UNBOUNDED ? (size_t)node->min + 1 : node->max;
    return 1 + times * weigh_branches(node->branches);
}

static size_t weigh_branches(const struct pattern_branch *branches)
{
    const size_t enough = 1000000; /* times PATTERN_REPEATS_MAX stays far from SIZE_MAX */
    size_t sum = 0;
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        sum++;
        for (const struct pattern_node *node = branch->first; node != NULL; node = node->next) {
            sum += weigh_node(node);
            if (sum > enough)
                return enough;
        }
    }
    return sum;
}

size_t pattern_states(const struct pattern_branch *tree)
{
    return weigh_branches(tree);
}
