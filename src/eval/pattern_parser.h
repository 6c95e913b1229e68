/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pattern_parser - where a parse stands, shared by its four files (private to pattern*.c):
 * pattern_parse.c (terms, groups, repeats), pattern_escape.c (backslashes), pattern_class.c
 * (brackets), pattern_resolve.c (back-references, once all groups are known). After a refusal
 * nothing more is read: `fault` is asked once, at the end.
 */
#ifndef EVAL_PATTERN_PARSER_H
#define EVAL_PATTERN_PARSER_H

#include "eval/pattern_set.h"

struct parser_name {
    struct str name;
    uint32_t group;
    struct parser_name *next;
};

struct parser_reference {
    struct pattern_node *node; /* its group is filled in at the end */
    struct str name;           /* absent: by number, which is the node's group already */
    struct parser_reference *next;
};

struct parser {
    struct arena *arena;
    struct str text;
    size_t at;
    enum pattern_grammar grammar;
    bool by_units;
    uint32_t trail; /* by units: of the character just taken, still to be read; 0: none */
    unsigned nesting;
    struct pattern_node *parent;                         /* what encloses the node being read */
    const struct pattern_branch *branch;                 /* the alternative being read */
    struct pattern_node *groups[PATTERN_GROUPS_MAX + 1]; /* by number, which begins at 1 */
    uint32_t group_count;
    struct parser_reference *references; /* the last one read comes first */
    struct parser_name *names;           /* of the groups seen so far */
    struct fault fault;                  /* the first refusal */
};

void parser_refuse(struct parser *parser, enum fault_kind kind, struct str why);
bool parser_is_at_end(const struct parser *parser); /* or refused */
bool parser_sees(const struct parser *parser, char byte);
bool parser_take(struct parser *parser, struct str text); /* moves behind text if it is next */
/* By units, the first of a character that has two; the other is left in `trail`. Not at the end,
 * but for a trail. */
uint32_t parser_take_character(struct parser *parser);

enum escape_kind { ESCAPE_REFUSED, ESCAPE_CHARACTER, ESCAPE_SET };

/* Behind the backslash: one character (perhaps a surrogate), or a class added to set. Not \b, \B
 * and \-, whose meaning depends on where they stand. */
enum escape_kind parser_escape(struct parser *parser, struct pattern_set *set, uint32_t *character);

/* Settles what every back-reference means, or refuses those PCRE2 would understand otherwise. */
void parser_resolve(struct parser *parser);

/* Behind the `[`, up to and with the `]`. */
void parser_class(struct parser *parser, struct pattern_set *set);

#endif
