/* SPDX-License-Identifier: Apache-2.0 */
/* CharacterClass of ECMA-262 22.2.1 with +U, by units with ~U and Annex B: `[…]` and `[^…]`. */
#include "eval/pattern_parser.h"

/* ClassAtom. In a class \b is backspace and \- a hyphen. */
static enum escape_kind class_atom(struct parser *parser, struct pattern_set *set,
                                   uint32_t *character)
{
    if (parser->trail != 0 || !parser_take(parser, STR("\\"))) {
        *character = parser_take_character(parser);
        return ESCAPE_CHARACTER;
    }
    if (parser_take(parser, STR("b"))) {
        *character = '\b';
        return ESCAPE_CHARACTER;
    }
    if (parser_take(parser, STR("-"))) {
        *character = '-';
        return ESCAPE_CHARACTER;
    }
    return parser_escape(parser, set, character);
}

/* Whether a hyphen is next that is not the last thing in the class. */
static bool sees_range(const struct parser *parser)
{
    size_t behind = parser->at + 1;
    return parser_sees(parser, '-') && behind < parser->text.size &&
           parser->text.data[behind] != ']';
}

/* Annex B: a hyphen with a class on either side is itself. */
static void class_hyphen(struct parser *parser, struct pattern_set *set, enum escape_kind kind,
                         uint32_t first, enum escape_kind last_kind, uint32_t last)
{
    pattern_set_add(set, parser->arena, '-', '-');
    if (kind == ESCAPE_CHARACTER)
        pattern_set_add(set, parser->arena, first, first);
    if (last_kind == ESCAPE_CHARACTER)
        pattern_set_add(set, parser->arena, last, last);
}

/* Behind the first atom of a range. */
static void class_range(struct parser *parser, struct pattern_set *set, enum escape_kind kind,
                        uint32_t first)
{
    parser->at++; /* the hyphen */
    uint32_t last = 0;
    enum escape_kind last_kind = class_atom(parser, set, &last);
    if (last_kind == ESCAPE_REFUSED)
        return;
    bool is_range = kind == ESCAPE_CHARACTER && last_kind == ESCAPE_CHARACTER;
    if (!is_range && parser->by_units)
        class_hyphen(parser, set, kind, first, last_kind, last);
    else if (!is_range)
        parser_refuse(parser, FAULT_INVALID,
                      STR("not a regular expression: a class cannot bound a range"));
    else if (first > last)
        parser_refuse(parser, FAULT_INVALID,
                      STR("not a regular expression: range out of order in a class"));
    else
        pattern_set_add(set, parser->arena, first, last);
}

void parser_class(struct parser *parser, struct pattern_set *set)
{
    set->is_negated = parser_take(parser, STR("^"));
    while (parser->trail != 0 || (!parser_is_at_end(parser) && !parser_sees(parser, ']'))) {
        uint32_t character = 0;
        enum escape_kind kind = class_atom(parser, set, &character);
        if (kind == ESCAPE_REFUSED)
            return;
        if (parser->trail == 0 && sees_range(parser))
            class_range(parser, set, kind, character);
        else if (kind == ESCAPE_CHARACTER)
            pattern_set_add(set, parser->arena, character, character);
    }
    if (!parser_take(parser, STR("]")))
        parser_refuse(parser, FAULT_INVALID,
                      STR("not a regular expression: unterminated character class"));
    pattern_set_finish(set, parser->by_units);
}
