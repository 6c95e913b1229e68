/* SPDX-License-Identifier: Apache-2.0 */
/* jsonlogic_operand - what is compared: see jsonlogic_compare.h. */
#include "import/jsonlogic_compare.h"
#include "model/limits.h"

bool logic_is_truthy(const struct json *value)
{
    switch (value->type) {
    case JSON_NULL:
        return false;
    case JSON_BOOLEAN:
        return value->boolean;
    case JSON_NUMBER:
        return value->number < 0 || value->number > 0;
    case JSON_STRING:
        return value->string.size > 0;
    case JSON_ARRAY:
    case JSON_OBJECT:
        return value->count > 0;
    }
    return false;
}

static bool is_index(struct str step)
{
    for (size_t i = 0; i < step.size; i++) {
        if (step.data[i] < '0' || step.data[i] > '9')
            return false;
    }
    return true;
}

/* Ours walk objects alone, and drop one leading "attributes.". */
bool logic_say_path(struct logic *logic, struct str path, struct str *attribute)
{
    size_t from = 0;
    while (from <= path.size) {
        size_t end = str_find_byte(path, '.', from);
        if (is_index(str_slice(path, from, end)))
            return logic_fail(logic, STR("reads an element of a list, or the context as a whole"));
        from = end + 1;
    }
    *attribute = path;
    if (!str_is_absent(logic->engine->key_attribute) &&
        str_equal(path, logic->engine->key_attribute))
        *attribute = STR("targetingKey");
    else if (str_starts_with(path, STR("attributes.")))
        *attribute = arena_format(logic->arena, "attributes.%.*s", STR_ARG(path));
    if (attribute->size > ATTRIBUTE_NAME_BYTES_MAX)
        return logic_fail(logic, STR("reads an attribute with too long a name"));
    return true;
}

bool logic_read_variable(struct logic *logic, const struct logic_operation *operation,
                         struct operand *operand)
{
    bool has_default = operation->count > 1 && operation->operands[1].type != JSON_NULL;
    if (operation->count == 0 || operation->operands[0].type != JSON_STRING)
        return logic_fail(logic, STR("reads an attribute whose name is computed"));
    if (has_default)
        return logic_fail(logic, STR("gives an attribute a value for when it is missing"));
    struct str path = operation->operands[0].string;
    bool is_clock = !str_is_absent(logic->engine->clock_attribute) &&
                    str_equal(path, logic->engine->clock_attribute);
    if (is_clock) {
        operand->kind = OPERAND_CLOCK;
        return true;
    }
    if (!str_is_absent(logic->flag_key) && str_equal(path, STR("$flagd.flagKey"))) {
        *operand = (struct operand){.constant = json_make_string(logic->flag_key)};
        return true;
    }
    operand->kind = OPERAND_ATTRIBUTE;
    return logic_say_path(logic, path, &operand->attribute);
}

bool logic_read_operand(struct logic *logic, const struct json *rule, struct operand *operand)
{
    struct logic_operation operation;
    *operand = (struct operand){.kind = OPERAND_CONSTANT, .constant = *rule};
    if (!logic_read_operation(logic, rule, &operation)) {
        bool is_plain = rule->type != JSON_OBJECT;
        for (uint32_t i = 0; rule->type == JSON_ARRAY && i < rule->count; i++)
            is_plain = is_plain && rule->elements[i].type < JSON_ARRAY;
        return is_plain || logic_fail(logic, STR("compares with what is computed"));
    }
    if (str_equal(operation.name, STR("var")))
        return logic_read_variable(logic, &operation, operand);
    return logic_fail(
        logic, arena_format(logic->arena, "computes with \"%.*s\"", STR_ARG(operation.name)));
}

struct str logic_attribute(struct logic *logic, const struct json *rule)
{
    struct operand operand;
    logic->obstacle = (struct str){0};
    if (logic_read_operand(logic, rule, &operand) && operand.kind == OPERAND_ATTRIBUTE)
        return operand.attribute;
    logic_fail(logic, STR("is no attribute"));
    return (struct str){0};
}
