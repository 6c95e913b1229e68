/* SPDX-License-Identifier: Apache-2.0 */
/* jsonlogic_compare - operators that look at values: see jsonlogic_compare.h. */
#include "import/jsonlogic_compare.h"

#include <math.h>

#include "import/build.h"

/* ---- what null is ---------------------------------------------------------------------------- */

static struct expression is_null(struct arena *arena, struct str attribute)
{
    struct expression missing = build_not(arena, build_exists(attribute));
    return build_either(arena, missing, build_match(attribute, OPERATOR_EQ, json_make_null()));
}

/* False, null, 0, "", [] and {}, and what is missing, are not. */
static struct expression is_truthy(struct arena *arena, struct str attribute)
{
    const struct expression falsy[] = {
        build_match(attribute, OPERATOR_EQ, json_make_null()),
        build_match(attribute, OPERATOR_EQ, json_make_boolean(false)),
        build_match(attribute, OPERATOR_EQ, json_make_number(0)),
        build_match(attribute, OPERATOR_EQ, json_make_string(STR(""))),
        build_match(attribute, OPERATOR_EQ, (struct json){.type = JSON_ARRAY}),
        build_match(attribute, OPERATOR_EQ, (struct json){.type = JSON_OBJECT}),
    };
    struct expression any = build_list(arena, EXPRESSION_ANY, falsy, COUNT_OF(falsy));
    return build_both(arena, build_exists(attribute), build_not(arena, any));
}

/* ---- equality -------------------------------------------------------------------------------- */

static bool reads_as_number(struct arena *arena, struct str text)
{
    struct json json;
    return text.size == 0 || (!failed(json_parse(arena, text, &json_budget_default, &json)) &&
                              json.type == JSON_NUMBER);
}

/* Whether == may hold over there for a value of another type. */
static bool may_coerce(struct logic *logic, const struct json *constant)
{
    return constant->type == JSON_NUMBER || constant->type == JSON_BOOLEAN ||
           (constant->type == JSON_STRING && reads_as_number(logic->arena, constant->string));
}

static bool equal_attribute(struct logic *logic, struct str attribute, const struct json *constant,
                            bool is_strict, struct expression *condition)
{
    if (constant->type >= JSON_ARRAY)
        return logic_fail(logic, STR("compares with a list as a whole"));
    if (constant->type == JSON_NULL) {
        *condition = is_null(logic->arena, attribute);
        return true;
    }
    logic->coerces = logic->coerces || (!is_strict && may_coerce(logic, constant));
    *condition = build_match(attribute, OPERATOR_EQ, *constant);
    bool is_zero = (constant->type == JSON_NUMBER || constant->type == JSON_BOOLEAN) &&
                   !logic_is_truthy(constant);
    if (is_zero && !is_strict && logic->engine->equals_null_loosely)
        *condition = build_either(logic->arena, *condition, is_null(logic->arena, attribute));
    return true;
}

static bool compare_equal(struct logic *logic, const struct logic_operation *operation,
                          bool is_strict, struct expression *condition)
{
    struct operand one;
    struct operand other;
    if (operation->count != 2)
        return logic_fail(logic, STR("compares other than two values"));
    if (!logic_read_operand(logic, &operation->operands[0], &one) ||
        !logic_read_operand(logic, &operation->operands[1], &other))
        return false;
    if (one.kind == OPERAND_ATTRIBUTE && other.kind == OPERAND_CONSTANT)
        return equal_attribute(logic, one.attribute, &other.constant, is_strict, condition);
    if (one.kind == OPERAND_CONSTANT && other.kind == OPERAND_ATTRIBUTE)
        return equal_attribute(logic, other.attribute, &one.constant, is_strict, condition);
    bool are_constants = one.kind == OPERAND_CONSTANT && other.kind == OPERAND_CONSTANT;
    if (!are_constants || one.constant.type != other.constant.type)
        return logic_fail(logic, STR("compares two attributes, or two values of other types"));
    *condition = json_equal(&one.constant, &other.constant) ? build_always() : build_never();
    return true;
}

/* ---- order ----------------------------------------------------------------------------------- */

enum order { ORDER_NONE, BELOW, AT_MOST, ABOVE, AT_LEAST };

static enum order find_order(struct str name)
{
    static const struct str names[] = {STR(""), STR("<"), STR("<="), STR(">"), STR(">=")};
    for (size_t i = 1; i < COUNT_OF(names); i++) {
        if (str_equal(names[i], name))
            return (enum order)i;
    }
    return ORDER_NONE;
}

static enum order turn_round(enum order order)
{
    static const enum order turned[] = {ORDER_NONE, ABOVE, AT_LEAST, BELOW, AT_MOST};
    return turned[order];
}

static enum operator order_operator(enum order order)
{
    static const enum operator operators[] = {OPERATOR_EQ, OPERATOR_LT, OPERATOR_LTE, OPERATOR_GT,
                                              OPERATOR_GTE};
    return operators[order];
}

/* Null counts as 0 where it is less or more; one engine has it that it equals nothing. */
static bool null_holds(const struct logic *logic, enum order order, double number)
{
    bool may_equal = logic->engine->orders_null_or_equal;
    switch (order) {
    case ORDER_NONE:
        return false;
    case BELOW:
        return 0 < number;
    case ABOVE:
        return 0 > number;
    case AT_MOST:
        return may_equal ? 0 <= number : 0 < number;
    case AT_LEAST:
        return may_equal ? 0 >= number : 0 > number;
    }
    return false;
}

/* The clock counts whole seconds. */
static bool narrow(struct logic *logic, enum order order, const struct json *constant,
                   struct window *window)
{
    enum { MS = 1000 };
    if (window == NULL)
        return logic_fail(logic, STR("asks for the time other than together with all else"));
    if (constant->type != JSON_NUMBER || fabs(constant->number) > 1e11)
        return logic_fail(logic, STR("compares the time with something else than seconds"));
    bool needs_next = order == ABOVE || order == AT_MOST;
    double bound =
        order == BELOW || order == AT_LEAST ? ceil(constant->number) : floor(constant->number);
    int64_t ms = ((int64_t)bound + (needs_next ? 1 : 0)) * MS;
    bool is_start = order == ABOVE || order == AT_LEAST;
    struct window narrowed = window_always();
    if (is_start)
        narrowed.start_ms = ms;
    else
        narrowed.end_ms = ms;
    *window = window_both(*window, narrowed);
    return true;
}

static bool order_operands(struct logic *logic, const struct operand *operand, enum order order,
                           const struct json *constant, struct window *window,
                           struct expression *condition)
{
    *condition = build_always();
    if (operand->kind == OPERAND_CLOCK)
        return narrow(logic, order, constant, window);
    if (constant->type == JSON_STRING)
        return logic_fail(logic, STR("compares texts by their order"));
    if (constant->type != JSON_NUMBER)
        return logic_fail(logic, STR("orders what is no number"));
    logic->coerces = true;
    *condition = build_match(operand->attribute, order_operator(order), *constant);
    if (null_holds(logic, order, constant->number))
        *condition =
            build_either(logic->arena, *condition, is_null(logic->arena, operand->attribute));
    return true;
}

static bool compare_pair(struct logic *logic, enum order order, const struct json *left,
                         const struct json *right, struct window *window,
                         struct expression *condition)
{
    struct operand one;
    struct operand other;
    if (!logic_read_operand(logic, left, &one) || !logic_read_operand(logic, right, &other))
        return false;
    if (one.kind != OPERAND_CONSTANT && other.kind == OPERAND_CONSTANT)
        return order_operands(logic, &one, order, &other.constant, window, condition);
    if (one.kind == OPERAND_CONSTANT && other.kind != OPERAND_CONSTANT)
        return order_operands(logic, &other, turn_round(order), &one.constant, window, condition);
    return logic_fail(logic, STR("orders two attributes, or two values"));
}

/* Two, or three for what lies between. */
static bool compare_order(struct logic *logic, enum order order,
                          const struct logic_operation *operation, struct window *window,
                          struct expression *condition)
{
    const struct json *operands = operation->operands;
    struct expression second = build_always();
    bool is_between = operation->count == 3 && (order == BELOW || order == AT_MOST);
    if (operation->count != 2 && !is_between)
        return logic_fail(logic, STR("orders other than two values"));
    if (!compare_pair(logic, order, &operands[0], &operands[1], window, condition))
        return false;
    if (is_between && !compare_pair(logic, order, &operands[1], &operands[2], window, &second))
        return false;
    *condition = build_both(logic->arena, *condition, second);
    return true;
}

/* ---- membership and texts -------------------------------------------------------------------- */

static struct json list_of(struct arena *arena, const struct json *element)
{
    return (struct json){
        .type = JSON_ARRAY, .count = 1, .elements = arena_copy(arena, element, sizeof(*element))};
}

/* A text lies in a text, or is an element of a list. */
static bool lies_in_attribute(struct logic *logic, const struct json *needle, struct str attribute,
                              struct expression *condition)
{
    if (needle->type == JSON_NULL || needle->type >= JSON_ARRAY)
        return logic_fail(logic, STR("looks for what is no text and no number"));
    struct expression is_element =
        build_match(attribute, OPERATOR_IN, list_of(logic->arena, needle));
    *condition = is_element;
    if (needle->type == JSON_STRING)
        *condition = build_either(logic->arena, build_match(attribute, OPERATOR_CONTAINS, *needle),
                                  is_element);
    return true;
}

static bool attribute_lies_in(struct logic *logic, struct str attribute, const struct json *list,
                              struct expression *condition)
{
    if (list->type != JSON_ARRAY)
        return logic_fail(logic, STR("looks for an attribute within a text"));
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->elements[i].type == JSON_NULL)
            return logic_fail(logic, STR("looks for an attribute in a list with a null"));
    }
    logic->looks_in_lists = true;
    *condition = list->count == 0 ? build_never() : build_match(attribute, OPERATOR_IN, *list);
    return true;
}

static bool compare_in(struct logic *logic, const struct logic_operation *operation,
                       struct expression *condition)
{
    struct operand needle;
    struct operand list;
    if (operation->count != 2)
        return logic_fail(logic, STR("looks for other than one value in one list"));
    if (!logic_read_operand(logic, &operation->operands[0], &needle) ||
        !logic_read_operand(logic, &operation->operands[1], &list))
        return false;
    if (needle.kind == OPERAND_CONSTANT && list.kind == OPERAND_ATTRIBUTE)
        return lies_in_attribute(logic, &needle.constant, list.attribute, condition);
    if (needle.kind == OPERAND_ATTRIBUTE && list.kind == OPERAND_CONSTANT)
        return attribute_lies_in(logic, needle.attribute, &list.constant, condition);
    return logic_fail(logic, STR("looks for one attribute in another"));
}

static bool compare_text(struct logic *logic, enum operator operator,
                         const struct logic_operation * operation, struct expression *condition)
{
    struct operand text;
    struct operand part;
    if (operation->count != 2)
        return logic_fail(logic, STR("compares other than two texts"));
    if (!logic_read_operand(logic, &operation->operands[0], &text) ||
        !logic_read_operand(logic, &operation->operands[1], &part))
        return false;
    if (text.kind != OPERAND_ATTRIBUTE || part.kind != OPERAND_CONSTANT)
        return logic_fail(logic, STR("looks for an attribute within a text"));
    bool is_text = part.constant.type == JSON_STRING;
    *condition = is_text ? build_match(text.attribute, operator, part.constant) : build_never();
    return true;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool compare_missing(struct logic *logic, const struct logic_operation *operation,
                            struct expression *condition)
{
    *condition = build_never();
    for (size_t i = 0; i < operation->count; i++) {
        struct str attribute = {0};
        if (operation->operands[i].type != JSON_STRING)
            return logic_fail(logic, STR("asks for attributes whose names are computed"));
        if (!logic_say_path(logic, operation->operands[i].string, &attribute))
            return false;
        struct expression missing = logic->engine->counts_null_as_missing
                                        ? is_null(logic->arena, attribute)
                                        : build_not(logic->arena, build_exists(attribute));
        *condition = build_either(logic->arena, *condition, missing);
    }
    return true;
}

static bool compare_variable(struct logic *logic, const struct logic_operation *operation,
                             struct expression *condition)
{
    struct operand operand = {.kind = OPERAND_CONSTANT};
    if (!logic_read_variable(logic, operation, &operand))
        return false;
    if (operand.kind == OPERAND_ATTRIBUTE)
        *condition = is_truthy(logic->arena, operand.attribute);
    else
        *condition = build_always(); /* the time, and the flag's own key, always are something */
    return true;
}

static bool is_named(const struct logic_operation *operation, const char *name)
{
    return str_equal(operation->name, str_of(name));
}

static bool compare_strings(struct logic *logic, const struct logic_operation *operation,
                            bool *is_known, struct expression *condition)
{
    *is_known = logic->engine->has_text_operators;
    if (*is_known && is_named(operation, "starts_with"))
        return compare_text(logic, OPERATOR_STARTS_WITH, operation, condition);
    if (*is_known && is_named(operation, "ends_with"))
        return compare_text(logic, OPERATOR_ENDS_WITH, operation, condition);
    if (*is_known && is_named(operation, "sem_ver"))
        return logic_compare_versions(logic, operation, condition);
    *is_known = false;
    return false;
}

bool logic_compare(struct logic *logic, const struct logic_operation *operation,
                   struct window *window, struct expression *condition)
{
    bool is_equal = is_named(operation, "==") || is_named(operation, "===");
    bool is_unequal = is_named(operation, "!=") || is_named(operation, "!==");
    enum order order = find_order(operation->name);
    if (is_equal || is_unequal) {
        if (!compare_equal(logic, operation, operation->name.size == 3, condition))
            return false;
        if (is_unequal)
            *condition = build_not(logic->arena, *condition);
        return true;
    }
    if (order != ORDER_NONE)
        return compare_order(logic, order, operation, window, condition);
    if (is_named(operation, "in"))
        return compare_in(logic, operation, condition);
    if (is_named(operation, "missing"))
        return compare_missing(logic, operation, condition);
    if (is_named(operation, "var"))
        return compare_variable(logic, operation, condition);
    bool is_known = false;
    bool is_said = compare_strings(logic, operation, &is_known, condition);
    if (is_known)
        return is_said;
    return logic_fail(logic, arena_format(logic->arena, "uses \"%.*s\"", STR_ARG(operation->name)));
}
