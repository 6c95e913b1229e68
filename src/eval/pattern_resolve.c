/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a back-reference refers to: ECMA-262 22.2.2.4 and 22.2.2.7 beside what PCRE2 does.
 *
 * ECMAScript forgets what the groups inside of a repeat took whenever a new round of it begins,
 * and takes back a round that it need not have made and that took nothing; PCRE2 does neither. A
 * group that took nothing is as good as empty in both (PCRE2_MATCH_UNSET_BACKREF). So a
 * back-reference is
 *   - empty for ever, when its group cannot have taken anything in this round: it closes behind
 *     the reference, encloses it, is of another alternative, or of a negative look-around that was
 *     left behind;
 *   - exact, when each round passes the group before anybody can ask for it, and no round that
 *     would be taken back can leave something else in it, be it by making a look-ahead, of which
 *     the first way through is the only one, go another way;
 *   - refused otherwise. So are all inside of a look-behind, which ECMAScript reads from right to
 *     left, and those to a group inside of one.
 */
#include "eval/pattern_parser.h"

static bool is_nullable(const struct pattern_node *node);

/* Whether it can match without taking anything. */
static bool are_nullable(const struct pattern_branch *branches)
{
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        const struct pattern_node *node = branch->first;
        while (node != NULL && is_nullable(node))
            node = node->next;
        if (node == NULL)
            return true;
    }
    return false;
}

static bool is_nullable(const struct pattern_node *node)
{
    if (node->min == 0)
        return true;
    if (node->kind == NODE_GROUP)
        return are_nullable(node->branches);
    return node->kind != NODE_CHARACTER && node->kind != NODE_SET;
}

/* Whether a round of it may be one that ECMAScript takes back. */
static bool has_empty_rounds(const struct pattern_node *node)
{
    return node->kind == NODE_GROUP && node->max > node->min && are_nullable(node->branches);
}

static bool hold_empty_rounds(const struct pattern_branch *branches)
{
    for (const struct pattern_branch *branch = branches; branch != NULL; branch = branch->next) {
        for (const struct pattern_node *node = branch->first; node != NULL; node = node->next) {
            if (has_empty_rounds(node) || hold_empty_rounds(node->branches))
                return true;
        }
    }
    return false;
}

/* The reference, or what encloses it, in the alternative where x stands; NULL: none does. */
static const struct pattern_node *beside(const struct pattern_node *x,
                                         const struct pattern_node *reference)
{
    const struct pattern_node *node = reference;
    while (node != NULL && node->branch != x->branch)
        node = node->parent;
    return node;
}

/* The group, or what encloses it, in the alternative that leads to the reference; NULL: they lie in
 * different alternatives, or one in the other. */
static const struct pattern_node *common_term(const struct pattern_node *group,
                                              const struct pattern_node *reference)
{
    for (const struct pattern_node *x = group; x != NULL; x = x->parent) {
        const struct pattern_node *other = beside(x, reference);
        if (other != NULL)
            return other == x ? NULL : x;
    }
    return NULL;
}

static bool is_inside_look_behind(const struct pattern_node *node)
{
    for (const struct pattern_node *x = node->parent; x != NULL; x = x->parent) {
        if (x->kind == NODE_BEHIND || x->kind == NODE_NOT_BEHIND)
            return true;
    }
    return false;
}

/* Whether what encloses the group, up to term, lets nothing out. */
static bool is_lost(const struct pattern_node *group, const struct pattern_node *term)
{
    for (const struct pattern_node *x = group; x != term->parent; x = x->parent) {
        if (x->max == 0 || x->kind == NODE_NOT_AHEAD || x->kind == NODE_NOT_BEHIND)
            return true;
    }
    return false;
}

/* Whether passing term once, and each round of what encloses it, leaves in the group what
 * ECMAScript leaves there. */
static bool is_exact(const struct pattern_node *group, const struct pattern_node *term)
{
    bool is_certain = true; /* a round of x passes the group */
    for (const struct pattern_node *x = group; x != term->parent; x = x->parent) {
        if (x->kind == NODE_BEHIND)
            return false;
        if (has_empty_rounds(x) || (x->kind == NODE_AHEAD && hold_empty_rounds(x->branches)))
            return false;
        if (x->max > 1 && !is_certain)
            return false;
        bool is_one_of_many = x != term && x->parent->branches->next != NULL;
        is_certain = is_certain && x->min > 0 && !is_one_of_many;
    }
    for (const struct pattern_node *x = term->parent; x != NULL; x = x->parent) {
        if (x->max > 1 && !is_certain)
            return false;
    }
    return true;
}

static void keep_captures(struct pattern_node *group)
{
    group->is_referenced = true;
    for (struct pattern_node *x = group; x != NULL; x = x->parent)
        x->holds_captures = true;
}

static void resolve(struct parser *parser, struct pattern_node *reference)
{
    struct pattern_node *group = parser->groups[reference->group];
    const struct pattern_node *term = common_term(group, reference);
    bool is_behind_group = false; /* in the order of the text */
    for (const struct pattern_node *x = term; x != NULL && !is_behind_group; x = x->next)
        is_behind_group = x != term && x == beside(term, reference);
    if (is_inside_look_behind(reference))
        parser_refuse(parser, FAULT_INVALID,
                      STR("back-references inside of a look-behind are not supported"));
    else if (!is_behind_group || is_lost(group, term))
        reference->group = 0;
    else if (is_exact(group, term))
        keep_captures(group);
    else
        parser_refuse(parser, FAULT_INVALID,
                      STR("back-references to a group that a repeat may skip or a look-behind holds"
                          " are not supported"));
}

/* False, refused: there is no such group. */
static bool find_group(struct parser *parser, const struct parser_reference *reference)
{
    struct pattern_node *node = reference->node;
    for (const struct parser_name *name = parser->names; name != NULL; name = name->next) {
        if (!str_is_absent(reference->name) && str_equal(name->name, reference->name))
            node->group = name->group;
    }
    if (node->group > 0 && node->group <= parser->group_count)
        return true;
    parser_refuse(parser, FAULT_INVALID, STR("not a regular expression: no such group"));
    return false;
}

void parser_resolve(struct parser *parser)
{
    for (const struct parser_reference *reference = parser->references;
         reference != NULL && !failed(parser->fault); reference = reference->next) {
        if (find_group(parser, reference))
            resolve(parser, reference->node);
    }
}
