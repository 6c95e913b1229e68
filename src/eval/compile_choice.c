/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile_choice - what comes before a flag's rules, written as the clauses it is: who is listed
 * for a variation (wire reference of the text family, 9.3), who had it before (9.5).
 */
#include "eval/compile.h"

/* The property that says which variation of a flag somebody had. */
#define REMEMBERED_PREFIX "[Experiment] "

static struct json list_of(struct arena *arena, const struct str *texts, size_t count)
{
    struct json list = {.type = JSON_ARRAY, .count = (uint32_t)count};
    list.elements = ARENA_NEW_ARRAY(arena, struct json, count);
    for (size_t i = 0; i < count; i++)
        list.elements[i] = json_make_string(texts[i]);
    return list;
}

static struct expression match_of(struct str selector, enum operator operator, struct json values)
{
    return (struct expression){.kind = EXPRESSION_MATCH,
                               .attribute = selector,
                               .operator= operator,
                               .value = values,
                               .has_value = true};
}

bool inclusion_expression(struct arena *arena, const struct variation *variation,
                          struct expression *expression)
{
    if (variation->included_count == 0 && variation->cohort_count == 0)
        return false;
    struct expression *ways = ARENA_NEW_ARRAY(arena, struct expression, 3);
    size_t count = 0;
    if (variation->included_count > 0) {
        struct json ids = list_of(arena, variation->included, variation->included_count);
        ways[count++] = match_of(STR("/context/user/user_id"), OPERATOR_TEXT_IS, ids);
        ways[count++] = match_of(STR("/context/user/device_id"), OPERATOR_TEXT_IS, ids);
    }
    if (variation->cohort_count > 0)
        ways[count++] = match_of(STR("/context/user/cohort_ids"), OPERATOR_TEXT_SET_CONTAINS_ANY,
                                 list_of(arena, variation->cohorts, variation->cohort_count));
    *expression =
        (struct expression){.kind = EXPRESSION_ANY, .children = ways, .child_count = count};
    return true;
}

bool sticky_expression(struct arena *arena, const struct flag *flag,
                       const struct variation *variation, struct expression *expression)
{
    if (str_equal(variation->id, flag->off_variation))
        return false;
    const struct str steps[] = {STR("context"), STR("user"), STR("user_properties"),
                                arena_format(arena, REMEMBERED_PREFIX "%.*s", STR_ARG(flag->key))};
    *expression = match_of(selector_text(arena, steps, COUNT_OF(steps)), OPERATOR_TEXT_IS,
                           list_of(arena, &variation->id, 1));
    return true;
}
