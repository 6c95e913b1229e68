/* SPDX-License-Identifier: Apache-2.0 */
/* build - parts of a typed flag: see build.h. */
#include "import/build.h"

#include "model/limits.h"

/* ---- conditions ------------------------------------------------------------------------------ */

struct expression build_always(void)
{
    return (struct expression){.kind = EXPRESSION_ALL};
}

struct expression build_never(void)
{
    return (struct expression){.kind = EXPRESSION_ANY};
}

bool build_is_always(const struct expression *expression)
{
    return expression->kind == EXPRESSION_ALL && expression->child_count == 0;
}

bool build_is_never(const struct expression *expression)
{
    return expression->kind == EXPRESSION_ANY && expression->child_count == 0;
}

struct expression build_match(struct str attribute, enum operator operator, struct json value)
{
    return (struct expression){.kind = EXPRESSION_MATCH,
                               .attribute = attribute,
                               .operator= operator,
                               .value = value,
                               .has_value = true};
}

struct expression build_exists(struct str attribute)
{
    return (struct expression){.kind = EXPRESSION_MATCH,
                               .attribute = attribute,
                               .operator= OPERATOR_EXISTS,
                               .value = json_make_null()};
}

struct expression build_segment(struct str key, bool is_negated)
{
    return (struct expression){
        .kind = EXPRESSION_SEGMENT, .segment = key, .is_negated = is_negated};
}

struct expression build_not(struct arena *arena, struct expression child)
{
    if (build_is_always(&child))
        return build_never();
    if (build_is_never(&child))
        return build_always();
    if (child.kind == EXPRESSION_NOT)
        return child.children[0];
    if (child.kind == EXPRESSION_SEGMENT) {
        child.is_negated = !child.is_negated;
        return child;
    }
    return (struct expression){.kind = EXPRESSION_NOT,
                               .children = arena_copy(arena, &child, sizeof(child)),
                               .child_count = 1};
}

/* How many children the list has when lists of its own kind in it are opened up. */
static size_t count_flat(enum expression_kind kind, const struct expression *children, size_t count)
{
    size_t flat = 0;
    for (size_t i = 0; i < count; i++)
        flat += children[i].kind == kind ? children[i].child_count : 1;
    return flat;
}

struct expression build_list(struct arena *arena, enum expression_kind kind,
                             const struct expression *children, size_t count)
{
    struct expression list = {.kind = kind};
    list.children = ARENA_NEW_ARRAY(arena, struct expression, count_flat(kind, children, count));
    for (size_t i = 0; i < count; i++) {
        const struct expression *child = &children[i];
        bool settles = kind == EXPRESSION_ALL ? build_is_never(child) : build_is_always(child);
        if (settles)
            return *child;
        if (child->kind == kind) { /* an empty one says nothing */
            for (size_t j = 0; j < child->child_count; j++)
                list.children[list.child_count++] = child->children[j];
            continue;
        }
        list.children[list.child_count++] = *child;
    }
    return list.child_count == 1 ? list.children[0] : list;
}

struct expression build_both(struct arena *arena, struct expression one, struct expression other)
{
    const struct expression children[] = {one, other};
    return build_list(arena, EXPRESSION_ALL, children, COUNT_OF(children));
}

struct expression build_either(struct arena *arena, struct expression one, struct expression other)
{
    const struct expression children[] = {one, other};
    return build_list(arena, EXPRESSION_ANY, children, COUNT_OF(children));
}

bool build_attribute_can_be_said(struct str name)
{
    return name.size > 0 && name.size <= ATTRIBUTE_NAME_BYTES_MAX &&
           str_find_byte(name, '.', 0) == name.size;
}

/* ---- variations ------------------------------------------------------------------------------ */

void build_boolean_variations(struct arena *arena, struct flag *flag)
{
    flag->type = VALUE_BOOLEAN;
    flag->variations = ARENA_NEW_ARRAY(arena, struct variation, 2);
    flag->variation_count = 2;
    flag->variations[0] = (struct variation){.id = STR("true"), .value = json_make_boolean(true)};
    flag->variations[1] = (struct variation){.id = STR("false"), .value = json_make_boolean(false)};
}

struct str build_least_variation(const struct flag *flag)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct json *value = &flag->variations[i].value;
        bool is_least = (value->type == JSON_BOOLEAN && !value->boolean) ||
                        (value->type == JSON_STRING && value->string.size == 0);
        if (is_least)
            return flag->variations[i].id;
    }
    return flag->variations[0].id;
}

bool build_common_type(const struct json *values, size_t count, enum value_type *type)
{
    for (size_t i = 0; i < count; i++) {
        enum value_type found = VALUE_BOOLEAN;
        if (!value_type_of(&values[i], &found))
            return false;
        if (i > 0 && found != *type)
            return false;
        *type = found;
    }
    return count > 0;
}

/* ---- serves ---------------------------------------------------------------------------------- */

struct serve build_serve(struct str variation)
{
    return (struct serve){.kind = SERVE_VARIATION, .variation = variation};
}

struct str build_rule_id(struct arena *arena, const char *prefix, size_t index)
{
    return arena_format(arena, "%s%zu", prefix, index + 1);
}
