/* SPDX-License-Identifier: Apache-2.0 */
/* alternatives - see alternatives.h. */
#include "dialect/amplitude/alternatives.h"

#include <assert.h>

#include "dialect/amplitude/wire.h"
#include "eval/pattern_glob.h"
#include "eval/selector.h"
#include "model/limits.h"

/* ---- shape ----------------------------------------------------------------------------------- */

/* An expression that was checked nests no deeper; one that was not says nothing. */
enum { LEVELS = RULE_NESTING_MAX + 1 };

static bool is_conjunction(const struct expression *expression, size_t levels)
{
    if (expression->kind == EXPRESSION_MATCH)
        return operator_is_text(expression->operator);
    bool is_all = expression->kind == EXPRESSION_ALL && levels > 0;
    for (size_t i = 0; is_all && i < expression->child_count; i++)
        is_all = is_conjunction(&expression->children[i], levels - 1);
    return is_all;
}

/* An `all` around one child is that child. */
static const struct expression *unwrap(const struct expression *expression)
{
    for (size_t i = 0; i < LEVELS; i++) {
        if (expression->kind != EXPRESSION_ALL || expression->child_count != 1)
            break;
        expression = &expression->children[0];
    }
    return expression;
}

static bool is_disjunction(const struct expression *expression, size_t levels)
{
    expression = unwrap(expression);
    if (is_conjunction(expression, levels))
        return true;
    bool is_any = expression->kind == EXPRESSION_ANY && levels > 0;
    for (size_t i = 0; is_any && i < expression->child_count; i++)
        is_any = is_disjunction(&expression->children[i], levels - 1);
    return is_any;
}

bool alternatives_can_say(const struct expression *expression)
{
    return is_disjunction(expression, LEVELS);
}

/* Of a conjunction. */
static bool is_empty(const struct expression *expression, size_t levels)
{
    assert(levels > 0);
    if (expression->kind == EXPRESSION_MATCH)
        return false;
    for (size_t i = 0; i < expression->child_count; i++) {
        if (!is_empty(&expression->children[i], levels - 1))
            return false;
    }
    return true;
}

static bool always_holds(const struct expression *expression, size_t levels)
{
    assert(levels > 0);
    expression = unwrap(expression);
    if (expression->kind != EXPRESSION_ANY)
        return is_empty(expression, LEVELS + 1);
    for (size_t i = 0; i < expression->child_count; i++) {
        if (always_holds(&expression->children[i], levels - 1))
            return true;
    }
    return false;
}

static bool never_holds(const struct expression *expression, size_t levels)
{
    assert(levels > 0);
    expression = unwrap(expression);
    if (expression->kind != EXPRESSION_ANY)
        return false;
    for (size_t i = 0; i < expression->child_count; i++) {
        if (!never_holds(&expression->children[i], levels - 1))
            return false;
    }
    return true;
}

bool alternatives_always_hold(const struct expression *expression)
{
    return always_holds(expression, LEVELS + 1);
}

bool alternatives_never_hold(const struct expression *expression)
{
    return never_holds(expression, LEVELS + 1);
}

/* ---- one condition --------------------------------------------------------------------------- */

static void write_path(struct json_writer *writer, const struct str *path, size_t path_count)
{
    json_key(writer, STR("selector"));
    wire_put_texts(writer, path, path_count);
}

void alternative_encode(struct json_writer *writer, const struct str *path, size_t path_count,
                        struct str operator_text, const struct str *values, size_t value_count)
{
    json_array_begin(writer);
    json_object_begin(writer);
    json_member_string(writer, STR("op"), operator_text);
    write_path(writer, path, path_count);
    json_key(writer, STR("values"));
    wire_put_texts(writer, values, value_count);
    json_object_end(writer);
    json_array_end(writer);
}

void selector_encode(struct json_writer *writer, struct arena *scratch, struct str selector)
{
    json_array_begin(writer);
    for (size_t at = 0; at < selector.size;) {
        size_t end = str_find_byte(selector, '/', at + 1);
        json_string(writer, selector_step(scratch, str_slice(selector, at + 1, end)));
        at = end;
    }
    json_array_end(writer);
}

/* The name the engines know: globs are expressions to them (section 9.11). */
static struct str operator_text(enum operator operator)
{
    if (operator== OPERATOR_TEXT_GLOB_MATCH)
        operator= OPERATOR_TEXT_REGEX_MATCH;
    if (operator== OPERATOR_TEXT_GLOB_DOES_NOT_MATCH)
        operator= OPERATOR_TEXT_REGEX_DOES_NOT_MATCH;
    struct str name = operator_name(operator);
    assert(str_starts_with(name, STR("text ")));
    return str_slice(name, sizeof("text ") - 1, name.size);
}

static bool is_glob(enum operator operator)
{
    return operator== OPERATOR_TEXT_GLOB_MATCH || operator== OPERATOR_TEXT_GLOB_DOES_NOT_MATCH;
}

static void write_values(struct json_writer *writer, struct arena *scratch,
                         const struct expression *match)
{
    json_array_begin(writer);
    for (uint32_t i = 0; i < match->value.count; i++) {
        struct str value = match->value.elements[i].string;
        json_string(writer, is_glob(match->operator) ? glob_to_pattern(scratch, value) : value);
    }
    json_array_end(writer);
}

static void write_match(struct json_writer *writer, struct arena *scratch,
                        const struct expression *match)
{
    json_object_begin(writer);
    json_member_string(writer, STR("op"), operator_text(match->operator));
    json_key(writer, STR("selector"));
    selector_encode(writer, scratch, match->attribute);
    json_key(writer, STR("values"));
    write_values(writer, scratch, match);
    json_object_end(writer);
}

/* ---- all of them ----------------------------------------------------------------------------- */

static void write_conjunction(struct json_writer *writer, struct arena *scratch,
                              const struct expression *expression, size_t levels)
{
    assert(levels > 0);
    if (expression->kind == EXPRESSION_MATCH) {
        write_match(writer, scratch, expression);
        return;
    }
    for (size_t i = 0; i < expression->child_count; i++)
        write_conjunction(writer, scratch, &expression->children[i], levels - 1);
}

static void write_disjunction(struct json_writer *writer, struct arena *scratch,
                              const struct expression *expression, size_t levels)
{
    assert(levels > 0);
    expression = unwrap(expression);
    if (expression->kind != EXPRESSION_ANY) {
        json_array_begin(writer);
        write_conjunction(writer, scratch, expression, LEVELS + 1);
        json_array_end(writer);
        return;
    }
    for (size_t i = 0; i < expression->child_count; i++)
        write_disjunction(writer, scratch, &expression->children[i], levels - 1);
}

void alternatives_encode(struct json_writer *writer, struct arena *scratch,
                         const struct expression *expression)
{
    json_array_begin(writer);
    write_disjunction(writer, scratch, expression, LEVELS + 1);
    json_array_end(writer);
}
