/* SPDX-License-Identifier: Apache-2.0 */
/*
 * experiment - checks and transitions: see experiment.h.
 *
 * Messages the vectors `iterationValidation` show are the library's; where they are silent ours
 * follow its manner.
 */
#include "dialect/superflag/experiment.h"

#include "base/map.h"
#include "dialect/superflag/bounds.h"
#include "dialect/superflag/property.h"
#include "dialect/superflag/validate.h"
#include "model/rule.h"

enum { HYPOTHESIS_UNITS_MAX = 2000, AUDIENCE_NESTING_MAX = 16 };

/* ---- stages ----------------------------------------------------------------------------- */

bool superflag_parse_experiment_stage(struct str name, enum experiment_stage *stage)
{
    static const struct str names[] = {
        {"draft", 5}, {"running", 7}, {"paused", 6}, {"completed", 9}, {"archived", 8}};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (!str_equal(name, names[i]))
            continue;
        *stage = (enum experiment_stage)i;
        return true;
    }
    return false;
}

bool superflag_may_transition(enum experiment_stage from, enum experiment_stage to)
{
    switch (from) {
    case EXPERIMENT_DRAFT:
        return to == EXPERIMENT_RUNNING || to == EXPERIMENT_ARCHIVED;
    case EXPERIMENT_RUNNING:
        return to == EXPERIMENT_PAUSED || to == EXPERIMENT_COMPLETED;
    case EXPERIMENT_PAUSED:
        return to == EXPERIMENT_RUNNING || to == EXPERIMENT_COMPLETED;
    case EXPERIMENT_COMPLETED:
        return to == EXPERIMENT_ARCHIVED;
    case EXPERIMENT_ARCHIVED:
        return false;
    }
    return false;
}

/* ---- parts of both ---------------------------------------------------------------------- */

static void check_long_name(struct issue_list *issues, const struct issue_path *path,
                            const struct json *object, struct str key, size_t units_max)
{
    if (!bounds_is_name(json_find(object, key), units_max))
        issue_add_member(issues, path, key, STR("must be a bounded name"));
}

static void check_unit(struct issue_list *issues, const struct issue_path *root,
                       const struct json *object)
{
    const struct json *unit = json_find(object, STR("assignmentUnit"));
    const struct issue_path path = issue_path_member(root, STR("assignmentUnit"));
    if (!json_is_object(unit)) {
        issue_add(issues, &path, STR("must be an object"));
        return;
    }
    struct str kind = property_text(unit, STR("kind"));
    if (str_equal(kind, STR("attribute")))
        check_long_name(issues, &path, unit, STR("attribute"), EXPERIMENT_NAME_UNITS_MAX);
    else if (!str_equal(kind, STR("targetingKey")))
        issue_add_member(issues, &path, STR("kind"), STR("is not supported"));
}

/* Where each (key, revision) was met first, so that a second one can say so. */
struct metric_roles {
    struct map seen;
    struct str *places;
    size_t count;
};

static void check_metric(struct issue_list *issues, struct metric_roles *roles,
                         const struct issue_path *path, const struct json *metric)
{
    if (!json_is_object(metric)) {
        issue_add(issues, path, STR("must be an object"));
        return;
    }
    size_t before = issues->count;
    bounds_check_name(issues, path, metric, STR("key"));
    bounds_check_positive(issues, path, metric, STR("revision"));
    if (issues->count > before)
        return;
    struct buf name;
    buf_open(&name, SIZE_MAX);
    json_append_canonical(&name, json_find(metric, STR("revision")));
    buf_append_byte(&name, ' ');
    buf_append(&name, property_text(metric, STR("key")));
    struct str pair = arena_copy_str(issues->arena, buf_str(&name));
    buf_close(&name);

    struct str place = issue_path_text(issues->arena, path);
    if (map_insert(&roles->seen, pair, (uint32_t)roles->count)) {
        roles->places[roles->count++] = place;
        return;
    }
    issue_add(issues, path,
              issue_message(issues->arena, STR("must not duplicate the metric revision at "),
                            roles->places[map_find(&roles->seen, pair)], STR("")));
}

static void check_metric_list(struct issue_list *issues, struct metric_roles *roles,
                              const struct issue_path *root, const struct json *object,
                              struct str key)
{
    const struct json *list = json_find(object, key);
    const struct issue_path path = issue_path_member(root, key);
    if (!json_is_array(list)) {
        issue_add(issues, &path, STR("must be an array"));
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct issue_path item = issue_path_item(&path, i);
        check_metric(issues, roles, &item, &list->elements[i]);
    }
}

static size_t list_size(const struct json *object, struct str key)
{
    const struct json *list = json_find(object, key);
    return json_is_array(list) ? list->count : 0;
}

static void check_metrics(struct issue_list *issues, const struct issue_path *root,
                          const struct json *object)
{
    size_t metrics_max =
        1 + list_size(object, STR("secondaryMetrics")) + list_size(object, STR("guardrailMetrics"));
    struct metric_roles roles = {
        .places = ARENA_NEW_ARRAY(issues->arena, struct str, metrics_max),
    };
    map_open(&roles.seen, issues->arena, metrics_max);
    const struct issue_path primary = issue_path_member(root, STR("primaryMetric"));
    check_metric(issues, &roles, &primary, json_find(object, STR("primaryMetric")));
    check_metric_list(issues, &roles, root, object, STR("secondaryMetrics"));
    check_metric_list(issues, &roles, root, object, STR("guardrailMetrics"));
}

/* ---- iterations ------------------------------------------------------------------------- */

/* Fills `pinned` with the iteration's variation ids. */
static void check_variations(struct issue_list *issues, const struct issue_path *root,
                             const struct json *iteration, struct map *pinned)
{
    const struct json *list = json_find(iteration, STR("variations"));
    const struct issue_path path = issue_path_member(root, STR("variations"));
    size_t count = json_is_array(list) ? list->count : 0;
    bool are_names = count >= 2;
    map_open(pinned, issues->arena, count);
    for (size_t i = 0; i < count && are_names; i++)
        are_names = bounds_is_name(&list->elements[i], EXPERIMENT_NAME_UNITS_MAX);
    if (!are_names) {
        issue_add(issues, &path, STR("must contain at least two bounded variation ids"));
        return;
    }
    bool are_unique = true;
    for (size_t i = 0; i < count; i++)
        are_unique = map_insert(pinned, list->elements[i].string, 0) && are_unique;
    if (!are_unique)
        issue_add(issues, &path, STR("must not contain duplicates"));
}

/* Returns its weight, 0 when that is none. */
static double check_allocation_entry(struct issue_list *issues, const struct issue_path *path,
                                     const struct json *entry, const struct map *pinned,
                                     struct map *seen)
{
    if (!json_is_object(entry)) {
        issue_add(issues, path, STR("must be an object"));
        return 0;
    }
    const struct json *id = json_find(entry, STR("variation"));
    if (!json_is_text(id) || map_find(pinned, id->string) == MAP_ABSENT)
        issue_add_member(issues, path, STR("variation"), STR("must be a pinned variation"));
    else if (!map_insert(seen, id->string, 0))
        issue_add_member(issues, path, STR("variation"), STR("must be unique"));
    const struct json *weight = json_find(entry, STR("weight"));
    if (json_is_non_negative_integer(weight))
        return weight->number;
    issue_add_member(issues, path, STR("weight"), STR("must be a non-negative integer"));
    return 0;
}

static void check_allocation(struct issue_list *issues, const struct issue_path *root,
                             const struct json *iteration, const struct map *pinned)
{
    const struct json *list = json_find(iteration, STR("allocation"));
    const struct issue_path path = issue_path_member(root, STR("allocation"));
    if (!json_is_array(list) || list->count < 2) {
        issue_add(issues, &path, STR("must contain at least two allocations"));
        return;
    }
    struct map seen;
    map_open(&seen, issues->arena, list->count);
    double total = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct issue_path item = issue_path_item(&path, i);
        total += check_allocation_entry(issues, &item, &list->elements[i], pinned, &seen);
    }
    if (seen.count != pinned->count)
        issue_add(issues, &path, STR("must allocate every pinned variation"));
    if (total < 1 || total > SPLIT_WEIGHT_TOTAL)
        issue_add(issues, &path, STR("weights must total between 1 and 100000"));
}

static void check_audience(struct issue_list *issues, const struct issue_path *root,
                           const struct json *iteration)
{
    const struct json *audience = json_find(iteration, STR("audience"));
    const struct issue_path path = issue_path_member(root, STR("audience"));
    const struct issue_path expression_path = issue_path_member(&path, STR("expression"));
    if (!json_is_object(audience)) {
        issue_add(issues, &path, STR("must be an object"));
        return;
    }
    struct str kind = property_text(audience, STR("kind"));
    bool is_all = str_equal(kind, STR("all"));
    bool is_expression = str_equal(kind, STR("expression"));
    if (!is_all && !is_expression)
        issue_add_member(issues, &path, STR("kind"), STR("is not supported"));
    bounds_check_id(issues, &path, audience, STR("id"));
    bounds_check_positive(issues, &path, audience, STR("version"));
    const struct json *expression = json_find(audience, STR("expression"));
    if (is_all && expression != NULL)
        issue_add(issues, &expression_path, STR("must be omitted for an all-subject audience"));
    if (!is_expression)
        return;
    struct validation validation = {.issues = *issues};
    validate_expression(&validation, &expression_path, expression, false, AUDIENCE_NESTING_MAX);
    *issues = validation.issues;
}

static void check_iteration_members(struct issue_list *issues, const struct issue_path *root,
                                    const struct json *iteration)
{
    int64_t started_ms = 0;
    struct map pinned;
    bounds_check_schema(issues, root, iteration);
    bounds_check_id(issues, root, iteration, STR("id"));
    bounds_check_id(issues, root, iteration, STR("experimentId"));
    bounds_check_positive(issues, root, iteration, STR("number"));
    bounds_check_source(issues, root, iteration);
    check_long_name(issues, root, iteration, STR("flagKey"), EXPERIMENT_NAME_UNITS_MAX);
    bounds_check_version(issues, root, iteration, STR("configVersion"));
    check_variations(issues, root, iteration, &pinned);
    check_allocation(issues, root, iteration, &pinned);
    check_long_name(issues, root, iteration, STR("salt"), EXPERIMENT_NAME_UNITS_MAX);
    check_unit(issues, root, iteration);
    check_audience(issues, root, iteration);
    check_metrics(issues, root, iteration);
    if (!json_is_instant(json_find(iteration, STR("startedAt")), &started_ms))
        issue_add_member(issues, root, STR("startedAt"), STR("must be an ISO-8601 instant"));
}

size_t superflag_check_iteration(struct arena *arena, const struct json *iteration,
                                 struct issue **issues)
{
    struct issue_list list = {.arena = arena};
    const struct issue_path root = issue_path_root();
    if (json_is_object(iteration))
        check_iteration_members(&list, &root, iteration);
    else
        issue_add(&list, &root, STR("must be an object"));
    *issues = list.items;
    return list.count;
}
