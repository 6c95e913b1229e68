/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amplitude - answers of the management API and flag configurations: see import.h.
 *
 * A management document is one flag or experiment, an answer that lists some, or several answers in
 * one object: "flags", "experiments", "mutexes", "holdouts", "deployments". A configuration
 * document is the array that SDKs download, or one of its flags.
 */
#include "import/amplitude/amplitude.h"

#include "dialect/amplitude/property.h"
#include "import/amplitude/reading.h"
#include "import/source.h"
#include "model/leaves.h"

/* ---- what has to be said --------------------------------------------------------------------- */

static bool asks_for_cohorts(const struct expression *expression)
{
    struct leaf_walk walk;
    leaf_walk_begin(&walk, expression);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind == EXPRESSION_MATCH && str_ends_with(leaf->attribute, STR("/cohort_ids")))
            return true;
    }
    return false;
}

void report_conditions(struct draft *draft, const struct draft_flag *item)
{
    const struct flag *flag = &item->flag;
    bool asks = false;
    for (size_t i = 0; i < flag->rule_count; i++)
        asks = asks || asks_for_cohorts(&flag->rules[i].when);
    for (size_t i = 0; i < flag->variation_count; i++)
        asks = asks || flag->variations[i].cohort_count > 0;
    if (asks)
        draft_lower(draft, item->row, IMPORT_PARTLY,
                    STR("asks for members of cohorts: upload them here under the same ids"));
}

/* ---- which document it is -------------------------------------------------------------------- */

static bool is_configuration(const struct json *json)
{
    return source_array(json, "segments") != NULL && source_object(json, "variants") != NULL;
}

static bool lists_items(const struct json *json)
{
    static const char *const lists[] = {"flags", "experiments", "mutexes", "holdouts"};
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        if (source_array(json, lists[i]) != NULL)
            return true;
    }
    return false;
}

static bool is_item(const struct json *json)
{
    return !str_is_absent(source_text(json, "key")) &&
           (source_array(json, "variants") != NULL || source_array(json, "slots") != NULL ||
            source_find(json, "holdoutPercentage") != NULL);
}

static struct fault read_tree(struct draft *draft, const struct json *json)
{
    struct management management = {.draft = draft};
    bool is_list = json->type == JSON_ARRAY;
    const struct json *first = is_list && json->count > 0 ? &json->elements[0] : json;
    const struct json *list = source_array(json, "flags");
    if (is_configuration(first)) {
        struct json one = {.type = JSON_ARRAY, .count = 1, .elements = (struct json *)json};
        return configurations_read(draft, is_list ? json : &one);
    }
    if (list != NULL && list->count > 0 && is_configuration(&list->elements[0]))
        return configurations_read(draft, list);
    bool is_known =
        is_list ? json->count == 0 || is_item(first)
                : lists_items(json) || is_item(json) || source_object(json, "flagConfig") != NULL;
    if (!is_known)
        return fault_make(FAULT_INVALID, STR(""),
                          STR("is neither flags or experiments as the management API answers them, "
                              "nor the flag configurations that SDKs download"));
    management_read(&management, json);
    return fault_none();
}

static struct fault read_document(struct arena *arena, struct str text,
                                  const struct import_options *options,
                                  struct import_result *result)
{
    struct json json;
    struct draft draft;
    struct fault fault = source_parse_json(arena, text, &json);
    if (failed(fault))
        return fault;
    draft_begin(&draft, arena, options);
    fault = read_tree(&draft, &json);
    return failed(fault) ? fault : draft_finish(&draft, result);
}

const struct importer amplitude_importer = {
    .name = STR("amplitude"),
    .summary = STR("flags, experiments and groups as the management API answers them, or the flag "
                   "configurations that SDKs download"),
    .read = read_document,
};
