/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Escapes of ECMA-262 22.2.1 with +U: CharacterEscape and CharacterClassEscape. What Annex B would
 * forgive outside of the flag u is refused here, but for IdentityEscape by units.
 */
#include "base/hex.h"
#include "eval/pattern_parser.h"

#define NOT_A_PATTERN "not a regular expression: "

/* Exactly count hexadecimal digits, or nothing is taken. */
static bool take_hex(struct parser *parser, size_t count, uint32_t *value)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        if (parser->at + i >= parser->text.size)
            return false;
        int digit = hex_value(parser->text.data[parser->at + i]);
        if (digit < 0)
            return false;
        sum = sum * 16 + (uint32_t)digit;
    }
    parser->at += count;
    *value = sum;
    return true;
}

/* Behind `\u{`: digits, as many as one likes, up to U+10FFFF, and the brace. */
static bool take_braced_hex(struct parser *parser, uint32_t *value)
{
    uint32_t sum = 0;
    uint32_t digit = 0;
    size_t count = 0;
    for (; take_hex(parser, 1, &digit); count++) {
        sum = sum * 16 + digit;
        if (sum > CODE_POINT_MAX)
            return false;
    }
    *value = sum;
    return count > 0 && parser_take(parser, STR("}"));
}

/* Behind \u. A lead and a trail surrogate, both written with four digits, are one code point. */
static bool take_unicode(struct parser *parser, uint32_t *value)
{
    if (!parser->by_units && parser_take(parser, STR("{")))
        return take_braced_hex(parser, value);
    if (!take_hex(parser, 4, value))
        return false;
    if (parser->by_units)
        return true;

    bool is_lead = *value >= 0xD800 && *value <= 0xDBFF;
    size_t behind_lead = parser->at;
    uint32_t trail = 0;
    if (is_lead && parser_take(parser, STR("\\u")) && take_hex(parser, 4, &trail) &&
        trail >= 0xDC00 && trail <= 0xDFFF)
        *value = 0x10000 + ((*value - 0xD800) << 10) + (trail - 0xDC00);
    else
        parser->at = behind_lead;
    return true;
}

/* Behind \c. */
static bool take_control_letter(struct parser *parser, uint32_t *value)
{
    if (parser_is_at_end(parser))
        return false;
    char byte = parser->text.data[parser->at];
    bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    if (!is_letter)
        return false;
    parser->at++;
    *value = (uint32_t)byte % 32;
    return true;
}

static bool sees_digit(const struct parser *parser)
{
    if (parser_is_at_end(parser))
        return false;
    char byte = parser->text.data[parser->at];
    return byte >= '0' && byte <= '9';
}

static bool is_property_byte(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || byte == '_';
}

static struct str take_property_word(struct parser *parser)
{
    size_t from = parser->at;
    while (!parser_is_at_end(parser) && is_property_byte(parser->text.data[parser->at]))
        parser->at++;
    return str_slice(parser->text, from, parser->at);
}

/* Behind \p or \P. */
static enum escape_kind property_escape(struct parser *parser, struct pattern_set *set,
                                        bool is_complement)
{
    if (parser->by_units) {
        parser_refuse(parser, FAULT_INVALID,
                      STR("property escapes are for patterns with the flag u"));
        return ESCAPE_REFUSED;
    }
    struct str name = {0};
    struct str value = {0};
    bool is_well_formed = parser_take(parser, STR("{"));
    if (is_well_formed) {
        name = take_property_word(parser);
        if (parser_take(parser, STR("=")))
            value = take_property_word(parser);
        is_well_formed = parser_take(parser, STR("}"));
    }
    if (!is_well_formed) {
        parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "malformed property escape"));
        return ESCAPE_REFUSED;
    }
    if (!pattern_set_add_property(set, parser->arena, name, value, is_complement)) {
        parser_refuse(
            parser, FAULT_INVALID,
            STR("of property escapes, only general categories, Any and ASCII are supported"));
        return ESCAPE_REFUSED;
    }
    return ESCAPE_SET;
}

static enum escape_kind class_escape(struct parser *parser, struct pattern_set *set,
                                     enum pattern_class class, bool is_complement)
{
    pattern_set_add_class(set, parser->arena, class, is_complement);
    return ESCAPE_SET;
}

static enum escape_kind character_if(struct parser *parser, bool is_valid)
{
    if (is_valid)
        return ESCAPE_CHARACTER;
    parser_refuse(parser, FAULT_INVALID, STR(NOT_A_PATTERN "invalid escape"));
    return ESCAPE_REFUSED;
}

/* Outside of classes, where they are served, pattern_parse.c has taken them already. */
static enum escape_kind back_reference(struct parser *parser)
{
    if (parser->grammar == PATTERN_SERVED)
        return character_if(parser, false);
    parser_refuse(parser, FAULT_INVALID, STR("back-references are not supported"));
    return ESCAPE_REFUSED;
}

/* IdentityEscape: SyntaxCharacter or a slash. By units, of anything; we take what is neither a
 * letter nor a digit, for those are escapes in other engines. */
static bool escapes_itself(const struct parser *parser, char byte)
{
    const struct str syntax = STR("^$\\.*+?()[]{}|/");
    if (!parser->by_units)
        return str_find_byte(syntax, byte, 0) < syntax.size;
    bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    return !is_letter && (unsigned char)byte < 0x80 && !(byte >= '0' && byte <= '9');
}

enum escape_kind parser_escape(struct parser *parser, struct pattern_set *set, uint32_t *character)
{
    if (parser_is_at_end(parser))
        return character_if(parser, false);
    char byte = parser->text.data[parser->at++];
    switch (byte) {
    case 'd':
    case 'D':
        return class_escape(parser, set, CLASS_DIGIT, byte == 'D');
    case 's':
    case 'S':
        return class_escape(parser, set, CLASS_SPACE, byte == 'S');
    case 'w':
    case 'W':
        return class_escape(parser, set, CLASS_WORD, byte == 'W');
    case 'p':
    case 'P':
        return property_escape(parser, set, byte == 'P');
    case 't':
        *character = '\t';
        return ESCAPE_CHARACTER;
    case 'n':
        *character = '\n';
        return ESCAPE_CHARACTER;
    case 'v':
        *character = '\v';
        return ESCAPE_CHARACTER;
    case 'f':
        *character = '\f';
        return ESCAPE_CHARACTER;
    case 'r':
        *character = '\r';
        return ESCAPE_CHARACTER;
    case '0':
        *character = 0;
        return character_if(parser, !sees_digit(parser));
    case 'c':
        return character_if(parser, take_control_letter(parser, character));
    case 'x':
        return character_if(parser, take_hex(parser, 2, character));
    case 'u':
        return character_if(parser, take_unicode(parser, character));
    case 'k':
        return back_reference(parser);
    default:
        break;
    }
    if (byte >= '1' && byte <= '9')
        return back_reference(parser);
    *character = (unsigned char)byte;
    return character_if(parser, escapes_itself(parser, byte));
}
