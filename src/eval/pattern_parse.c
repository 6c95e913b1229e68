/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pattern, Disjunction, Alternative and Term of ECMA-262 22.2.1 with +U and without Annex B; by
 * units, with ~U and as much of Annex B as pattern.h says.
 * Groups nest by recursion, to PATTERN_NESTING_MAX; each function takes what it is named after.
 * PATTERN_ADMITTED leaves out look-behind and back-references, and names them when it meets them.
 */
#include <assert.h>

#include "base/utf.h"
#include "eval/pattern_parser.h"

#define NOT_A_PATTERN "not a regular expression: "

void parser_refuse(struct parser *parser, enum fault_kind kind, struct str why)
{
    if (!failed(parser->fault))
        parser->fault = fault_make(kind, STR(""), why);
}

bool parser_is_at_end(const struct parser *parser)
{
    return failed(parser->fault) || parser->at >= parser->text.size;
}

bool parser_sees(const struct parser *parser, char byte)
{
    return !parser_is_at_end(parser) && parser->text.data[parser->at] == byte;
}

bool parser_take(struct parser *parser, struct str text)
{
    if (failed(parser->fault))
        return false;
    if (!str_starts_with(str_slice(parser->text, parser->at, parser->text.size), text))
        return false;
    parser->at += text.size;
    return true;
}

uint32_t parser_take_character(struct parser *parser)
{
    uint32_t character = parser->trail;
    parser->trail = 0;
    if (character != 0)
        return character;
    assert(parser->at < parser->text.size);
    character = utf8_next(parser->text, &parser->at);
    if (!parser->by_units || character < 0x10000)
        return character;
    parser->trail = 0xDC00 + ((character - 0x10000) & 0x3FF);
    return 0xD800 + ((character - 0x10000) >> 10);
}

static struct pattern_branch *parse_disjunction(struct parser *parser);

static struct pattern_node *node_of(struct parser *parser, enum pattern_node_kind kind)
{
    struct pattern_node *node = ARENA_NEW(parser->arena, struct pattern_node);
    node->kind = kind;
    node->parent = parser->parent;
    node->branch = parser->branch;
    node->min = 1;
    node->max = 1;
    return node;
}

static struct pattern_node *character_node(struct parser *parser, uint32_t character)
{
    struct pattern_node *node = node_of(parser, NODE_CHARACTER);
    node->character = character;
    return node;
}

static struct pattern_node *set_node(struct parser *parser, const struct pattern_set *set)
{
    struct pattern_node *node = node_of(parser, NODE_SET);
    node->set = set;
    return node;
}

/* `.` without the flag s: all but LineTerminator. */
static struct pattern_node *parse_dot(struct parser *parser)
{
    struct pattern_set *set = ARENA_NEW(parser->arena, struct pattern_set);
    set->is_negated = true;
    pattern_set_add(set, parser->arena, '\n', '\n');
    pattern_set_add(set, parser->arena, '\r', '\r');
    pattern_set_add(set, parser->arena, 0x2028, 0x2029);
    pattern_set_finish(set, parser->by_units);
    return set_node(parser, set);
}

static struct pattern_node *parse_class(struct parser *parser)
{
    struct pattern_set *set = ARENA_NEW(parser->arena, struct pattern_set);
    parser_class(parser, set);
    return set_node(parser, set);
}

/* DecimalDigits, stopping at a number larger than any we take. */
static bool take_number(struct parser *parser, uint32_t *number)
{
    const uint32_t enough = 1000000000;
    size_t from = parser->at;
    uint32_t sum = 0;
    for (; !parser_is_at_end(parser); parser->at++) {
        char byte = parser->text.data[parser->at];
        if (byte < '0' || byte > '9')
            break;
        sum = sum >= enough / 10 ? enough : sum * 10 + (uint32_t)(byte - '0');
    }
    *number = sum;
    return parser->at > from;
}

static bool is_name_byte(char byte, bool is_first)
{
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '$')
        return true;
    return !is_first && byte >= '0' && byte <= '9';
}

/* Behind `(?<` or `\k<`: an ASCII name and the `>`. False, refused: there is none. */
static bool take_name(struct parser *parser, struct str *name)
{
    size_t from = parser->at;
    while (!parser_is_at_end(parser) &&
           is_name_byte(parser->text.data[parser->at], parser->at == from))
        parser->at++;
    *name = str_slice(parser->text, from, parser->at);
    if (parser_take(parser, STR(">")) && name->size > 0)
        return true;
    parser_refuse(parser, FAULT_INVALID,
                  STR("a group name must be an identifier of ASCII letters and digits"));
    return false;
}

static struct pattern_node *reference_node(struct parser *parser, uint32_t group, struct str name)
{
    struct pattern_node *node = node_of(parser, NODE_REFERENCE);
    node->group = group;
    struct parser_reference *reference = ARENA_NEW(parser->arena, struct parser_reference);
    *reference = (struct parser_reference){node, name, parser->references};
    parser->references = reference;
    return node;
}

/* Whether a back-reference is behind the backslash, which it takes. */
static bool parse_reference(struct parser *parser, struct pattern_node **node)
{
    if (parser->grammar != PATTERN_SERVED || parser_sees(parser, '0'))
        return false;
    uint32_t group = 0;
    if (take_number(parser, &group)) {
        *node = reference_node(parser, group, (struct str){0});
        return true;
    }
    if (!parser_take(parser, STR("k")))
        return false;
    struct str name = STR("");
    if (!parser_take(parser, STR("<")))
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "invalid escape"));
    else
        take_name(parser, &name);
    *node = reference_node(parser, 0, name);
    return true;
}

/* Behind a backslash outside of a class. A surrogate is a set that holds nothing. */
static struct pattern_node *parse_escape(struct parser *parser)
{
    struct pattern_node *reference = NULL;
    if (parse_reference(parser, &reference))
        return reference;
    if (parser_take(parser, STR("b")))
        return node_of(parser, NODE_WORD_EDGE);
    if (parser_take(parser, STR("B")))
        return node_of(parser, NODE_NO_WORD_EDGE);

    struct pattern_set *set = ARENA_NEW(parser->arena, struct pattern_set);
    uint32_t character = 0;
    if (parser_escape(parser, set, &character) == ESCAPE_CHARACTER &&
        (parser->by_units || !code_point_is_surrogate(character)))
        return character_node(parser, character);
    pattern_set_finish(set, parser->by_units);
    return set_node(parser, set);
}

/* Behind `(?<`: a name nobody else has, for the group that is numbered next. */
static void parse_group_name(struct parser *parser)
{
    struct str name;
    if (!take_name(parser, &name))
        return;
    for (const struct parser_name *other = parser->names; other != NULL; other = other->next) {
        if (str_equal(other->name, name))
            parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "duplicate group name"));
    }
    struct parser_name *seen = ARENA_NEW(parser->arena, struct parser_name);
    *seen = (struct parser_name){name, parser->group_count + 1, parser->names};
    parser->names = seen;
}

static enum pattern_node_kind look_behind(struct parser *parser, enum pattern_node_kind kind)
{
    if (parser->grammar == PATTERN_ADMITTED)
        parser_refuse(parser, FAULT_INVALID, STR("look-behind is not supported"));
    return kind;
}

/* Behind the `(`: what it opens, as far as the body, and whether it is numbered. */
static enum pattern_node_kind parse_group_kind(struct parser *parser, bool *is_numbered)
{
    *is_numbered = false;
    if (parser_take(parser, STR("?=")))
        return NODE_AHEAD;
    if (parser_take(parser, STR("?!")))
        return NODE_NOT_AHEAD;
    if (parser_take(parser, STR("?<=")))
        return look_behind(parser, NODE_BEHIND);
    if (parser_take(parser, STR("?<!")))
        return look_behind(parser, NODE_NOT_BEHIND);
    if (parser_take(parser, STR("?:")))
        return NODE_GROUP;
    *is_numbered = true;
    if (parser_take(parser, STR("?<")))
        parse_group_name(parser);
    else if (parser_sees(parser, '?'))
        parser_refuse(parser, FAULT_INVALID,
                      STR("a group opens with (, (?:, (?=, (?! or (?<name>, nothing else"));
    return NODE_GROUP;
}

/* Numbers come in the order of the opening parentheses. */
static void number_group(struct parser *parser, struct pattern_node *node)
{
    assert(parser->group_count < PATTERN_GROUPS_MAX);
    node->group = ++parser->group_count;
    parser->groups[node->group] = node;
}

static void parse_group_body(struct parser *parser, struct pattern_node *node)
{
    const struct pattern_branch *branch = parser->branch;
    parser->parent = node;
    parser->nesting++;
    node->branches = parse_disjunction(parser);
    parser->nesting--;
    parser->parent = node->parent;
    parser->branch = branch;
}

static struct pattern_node *parse_group(struct parser *parser)
{
    bool is_numbered = false;
    struct pattern_node *node = node_of(parser, parse_group_kind(parser, &is_numbered));
    if (is_numbered)
        number_group(parser, node);
    if (parser->nesting == PATTERN_NESTING_MAX) {
        parser_refuse(parser, FAULT_LIMIT, STR("groups of the regular expression nest too deep"));
        return node;
    }
    parse_group_body(parser, node);
    if (!parser_take(parser, STR(")")))
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "unterminated group"));
    return node;
}

/* Whether a brace opens a quantifier: digits, perhaps a comma and perhaps more digits. */
static bool sees_count(const struct parser *parser)
{
    if (!parser_sees(parser, '{'))
        return false;
    struct parser ahead = *parser;
    ahead.at++;
    uint32_t number = 0;
    if (!take_number(&ahead, &number))
        return false;
    if (parser_take(&ahead, STR(",")))
        take_number(&ahead, &number);
    return parser_sees(&ahead, '}');
}

static void refuse_syntax(struct parser *parser)
{
    bool is_brace = parser_sees(parser, '{');
    if (parser_sees(parser, '*') || parser_sees(parser, '+') || parser_sees(parser, '?') ||
        (is_brace && (!parser->by_units || sees_count(parser))))
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "nothing to repeat"));
    if (!parser->by_units && (parser_sees(parser, '}') || parser_sees(parser, ']')))
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "lone bracket"));
}

static struct pattern_node *parse_atom(struct parser *parser)
{
    if (parser->trail != 0)
        return character_node(parser, parser_take_character(parser));
    if (parser_take(parser, STR("^")))
        return node_of(parser, NODE_START);
    if (parser_take(parser, STR("$")))
        return node_of(parser, NODE_END);
    if (parser_take(parser, STR("(")))
        return parse_group(parser);
    if (parser_take(parser, STR(".")))
        return parse_dot(parser);
    if (parser_take(parser, STR("[")))
        return parse_class(parser);
    if (parser_take(parser, STR("\\")))
        return parse_escape(parser);

    refuse_syntax(parser);
    return character_node(parser, parser_take_character(parser));
}

/* Behind the `{`. */
static void parse_count(struct parser *parser, struct pattern_node *node)
{
    bool is_well_formed = take_number(parser, &node->min);
    node->max = node->min;
    if (parser_take(parser, STR(",")) && !take_number(parser, &node->max))
        node->max = PATTERN_UNBOUNDED;
    if (!is_well_formed || !parser_take(parser, STR("}")))
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "incomplete quantifier"));
    else if (node->min > node->max)
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "quantifier out of order"));
    else if (node->min > PATTERN_REPEATS_MAX ||
             (node->max > PATTERN_REPEATS_MAX && node->max != PATTERN_UNBOUNDED))
        parser_refuse(parser, FAULT_LIMIT, STR("the regular expression repeats too often"));
}

/* Whether a quantifier is there, which it takes. */
static bool parse_quantifier(struct parser *parser, struct pattern_node *node)
{
    if (parser_take(parser, STR("*"))) {
        node->min = 0;
        node->max = PATTERN_UNBOUNDED;
    } else if (parser_take(parser, STR("+"))) {
        node->max = PATTERN_UNBOUNDED;
    } else if (parser_take(parser, STR("?"))) {
        node->min = 0;
    } else if ((!parser->by_units || sees_count(parser)) && parser_take(parser, STR("{"))) {
        parse_count(parser, node);
    } else {
        return false;
    }
    node->is_lazy = parser_take(parser, STR("?"));
    return true;
}

static bool is_atom(const struct pattern_node *node)
{
    return node->kind == NODE_CHARACTER || node->kind == NODE_SET || node->kind == NODE_GROUP ||
           node->kind == NODE_REFERENCE;
}

static struct pattern_node *parse_term(struct parser *parser)
{
    struct pattern_node *node = parse_atom(parser);
    if (parser->trail != 0)
        return node; /* a quantifier is the other unit's */
    if (parse_quantifier(parser, node) && !is_atom(node))
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "an assertion cannot be repeated"));
    return node;
}

static struct pattern_branch *parse_alternative(struct parser *parser)
{
    struct pattern_branch *branch = ARENA_NEW(parser->arena, struct pattern_branch);
    struct pattern_node **end = &branch->first;
    parser->branch = branch;
    while (parser->trail != 0 ||
           (!parser_is_at_end(parser) && !parser_sees(parser, '|') && !parser_sees(parser, ')'))) {
        *end = parse_term(parser);
        end = &(*end)->next;
    }
    return branch;
}

static struct pattern_branch *parse_disjunction(struct parser *parser)
{
    struct pattern_branch *first = parse_alternative(parser);
    struct pattern_branch *last = first;
    while (parser_take(parser, STR("|"))) {
        last->next = parse_alternative(parser);
        last = last->next;
    }
    return first;
}

struct fault pattern_parse(const struct pattern_branch **tree, struct str text, bool by_units,
                           enum pattern_grammar grammar, struct arena *arena)
{
    if (!utf8_is_valid(text))
        return fault_make(FAULT_INVALID, STR(""), STR(NOT_A_PATTERN "not UTF-8"));
    struct parser parser = {.arena = arena, .text = text, .grammar = grammar, .by_units = by_units};
    *tree = parse_disjunction(&parser);
    if (parser_sees(&parser, ')'))
        parser_refuse(&parser, FAULT_INVALID, STR(NOT_A_PATTERN "unmatched )"));
    parser_resolve(&parser);
    return parser.fault;
}
