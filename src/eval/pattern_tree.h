/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_tree - an ECMAScript regular expression, understood (private to pattern*.c).
 *
 * pattern_parse makes the tree in an arena, and pattern_resolve finds out what its back-references
 * refer to; pattern_translate writes it down for PCRE2; pattern_probe derives hostile subjects from
 * it. Nobody asks what a group took but a back-reference, so that a pattern is only a question of
 * yes or no, and groups without one capture nothing.
 */
#ifndef EVAL_PATTERN_TREE_H
#define EVAL_PATTERN_TREE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/str.h"
#include "model/limits.h"

enum {
    PATTERN_NESTING_MAX = 32, /* groups and what looks around inside each other */
    PATTERN_GROUPS_MAX = REGEX_PATTERN_BYTES_MAX / 2, /* numbered ones: two bytes each at least */
    PATTERN_REPEATS_MAX = 65535                       /* the largest count PCRE2 takes */
};

#define PATTERN_UNBOUNDED UINT32_MAX

struct pattern_range {
    uint32_t first, last; /* code points, both inside */
};

/* A Unicode property as PCRE2 spells it, and a character that has it. */
struct pattern_property {
    const char *name;
    uint32_t example;
    bool is_complement;
};

/* Characters: those in a range or with a property; all others when negated. */
struct pattern_set {
    struct pattern_range *ranges; /* after pattern_set_finish: sorted, apart */
    size_t range_count, range_capacity;
    struct pattern_property *properties;
    size_t property_count, property_capacity;
    bool is_negated;
};

enum pattern_node_kind {
    NODE_CHARACTER,
    NODE_SET,
    NODE_GROUP,
    NODE_AHEAD,     /* (?=…) */
    NODE_NOT_AHEAD, /* (?!…) */
    NODE_BEHIND,    /* (?<=…) */
    NODE_NOT_BEHIND,
    NODE_REFERENCE, /* \1, \k<name> */
    NODE_START,     /* ^ */
    NODE_END,       /* $ */
    NODE_WORD_EDGE, /* \b */
    NODE_NO_WORD_EDGE
};

struct pattern_branch;

struct pattern_node {
    enum pattern_node_kind kind;
    uint32_t character;                    /* NODE_CHARACTER: a surrogate only by units */
    const struct pattern_set *set;         /* NODE_SET */
    const struct pattern_branch *branches; /* NODE_GROUP and what looks around */
    uint32_t min, max;                     /* repeats; 1, 1 without a quantifier */
    bool is_lazy;
    bool is_referenced;  /* NODE_GROUP: a back-reference needs what it took */
    bool holds_captures; /* such a group is here or further inside */
    uint32_t group;      /* NODE_GROUP: its number, 0 when it has none. NODE_REFERENCE: the number
                            it refers to, 0 when that never took anything, so that it is empty */
    struct pattern_node *parent;         /* what it stands in; NULL outside of all groups */
    const struct pattern_branch *branch; /* the alternative it stands in */
    struct pattern_node *next;           /* in the same alternative */
};

/* One alternative of `a|b|c`; there is at least one, perhaps empty. */
struct pattern_branch {
    struct pattern_node *first;
    struct pattern_branch *next;
};

enum pattern_grammar {
    PATTERN_SERVED,  /* all we can evaluate exactly: for what is stored already */
    PATTERN_ADMITTED /* without look-behind and back-references: for writes */
};

/* by_units: without the flag u. */
struct fault pattern_parse(const struct pattern_branch **tree, struct str text, bool by_units,
                           enum pattern_grammar grammar, struct arena *arena) MUST_CHECK;

/* Whether every way through begins with `^`. */
bool pattern_is_anchored(const struct pattern_branch *branches);

/* What the pattern weighs once its repeats are written out: nodes plus the ranges of classes. */
size_t pattern_states(const struct pattern_branch *tree);

#endif
