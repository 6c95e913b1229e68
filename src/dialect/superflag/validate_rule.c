/* SPDX-License-Identifier: Apache-2.0 */
/* validate_rule - serves, schedules and expressions, as section 12 validates them. */
#include "base/instant.h"
#include "base/number.h"
#include "dialect/superflag/property.h"
#include "dialect/superflag/validate.h"
#include "model/rule.h"

bool json_is_name(const struct json *json)
{
    return json_is_text(json) && !text_is_blank(json->string);
}

bool json_is_array_of_strings(const struct json *json)
{
    if (!json_is_array(json))
        return false;
    for (size_t i = 0; i < json->count; i++) {
        if (json->elements[i].type != JSON_STRING)
            return false;
    }
    return true;
}

bool json_is_array_of_names(const struct json *json)
{
    if (!json_is_array_of_strings(json))
        return false;
    for (size_t i = 0; i < json->count; i++) {
        if (text_is_blank(json->elements[i].string))
            return false;
    }
    return true;
}

bool json_is_non_negative_integer(const struct json *json)
{
    return json != NULL && json->type == JSON_NUMBER && json->number >= 0 &&
           number_is_safe_integer(json->number);
}

bool json_is_instant(const struct json *json, int64_t *ms)
{
    return json_is_text(json) && instant_parse(json->string, ms);
}

/* ---- schedules -------------------------------------------------------------------------- */

/* Checks start and end where they must be or are, and their order when both are instants. */
static void validate_span(struct validation *v, const struct issue_path *path,
                          const struct json *span, bool is_required)
{
    const struct json *start = property_find(span, STR("start"));
    const struct json *end = property_find(span, STR("end"));
    int64_t start_ms = 0;
    int64_t end_ms = 0;
    bool has_start = json_is_instant(start, &start_ms);
    bool has_end = json_is_instant(end, &end_ms);
    if (!has_start && (is_required || start != NULL))
        issue_add_member(&v->issues, path, STR("start"), STR("must be an ISO-8601 instant"));
    if (!has_end && (is_required || end != NULL))
        issue_add_member(&v->issues, path, STR("end"), STR("must be an ISO-8601 instant"));
    if (has_start && has_end && start_ms >= end_ms)
        issue_add(&v->issues, path, STR("start must be before end"));
}

void validate_schedule(struct validation *v, const struct issue_path *path,
                       const struct json *schedule)
{
    if (json_is_object(schedule))
        validate_span(v, path, schedule, false);
    else
        issue_add(&v->issues, path, STR("must be an object"));
}

/* ---- serves ----------------------------------------------------------------------------- */

static bool names_variation(const struct validation *v, const struct json *id)
{
    return json_is_text(id) && map_find(&v->variations, id->string) != MAP_ABSENT;
}

/* One entry of a rollout; returns its weight, or 0 when that is no weight. */
static double validate_allocation(struct validation *v, const struct issue_path *path,
                                  const struct json *allocation, struct map *seen)
{
    if (!json_is_object(allocation)) {
        issue_add(&v->issues, path, STR("must be an object"));
        return 0;
    }
    const struct json *id = property_find(allocation, STR("variation"));
    if (!names_variation(v, id))
        issue_add_member(&v->issues, path, STR("variation"),
                         STR("must reference a variation on this flag"));
    else if (!map_insert(seen, id->string, 0))
        issue_add_member(&v->issues, path, STR("variation"),
                         STR("must be unique within the rollout"));

    const struct json *weight = property_find(allocation, STR("weight"));
    if (json_is_non_negative_integer(weight))
        return weight->number;
    issue_add_member(&v->issues, path, STR("weight"), STR("must be a non-negative integer"));
    return 0;
}

static void validate_optional_text(struct validation *v, const struct issue_path *path,
                                   const struct json *object, struct str key)
{
    const struct json *text = property_find(object, key);
    if (text != NULL && text->type != JSON_STRING)
        issue_add_member(&v->issues, path, key, STR("must be a string"));
}

static void validate_rollout(struct validation *v, const struct issue_path *path,
                             const struct json *rollout)
{
    const struct json *variations = property_find(rollout, STR("variations"));
    if (variations == NULL || variations->type != JSON_ARRAY || variations->count == 0) {
        issue_add(&v->issues, path, STR("must contain a non-empty variations array"));
        return;
    }
    struct map seen;
    map_open(&seen, v->issues.arena, variations->count);
    const struct issue_path list = issue_path_member(path, STR("variations"));
    double total = 0;
    for (size_t i = 0; i < variations->count; i++) {
        const struct issue_path item = issue_path_item(&list, i);
        total += validate_allocation(v, &item, &variations->elements[i], &seen);
    }
    if (total > SPLIT_WEIGHT_TOTAL)
        issue_add(&v->issues, path, STR("weights must total at most 100000"));
    validate_optional_text(v, path, rollout, STR("bucketBy"));
    validate_optional_text(v, path, rollout, STR("salt"));
}

/* Whether both sides say something, and not the same. */
static bool texts_differ(const struct json *from, const struct json *to, struct str key)
{
    const struct json *a = property_find(from, key);
    const struct json *b = property_find(to, key);
    return json_is_text(a) && json_is_text(b) && !str_equal(a->string, b->string);
}

static void validate_progressive(struct validation *v, const struct issue_path *path,
                                 const struct json *progressive)
{
    if (!json_is_object(progressive)) {
        issue_add(&v->issues, path, STR("must be an object"));
        return;
    }
    validate_span(v, path, progressive, true);
    const struct json *from = property_find(progressive, STR("from"));
    const struct json *to = property_find(progressive, STR("to"));
    const struct issue_path from_path = issue_path_member(path, STR("from"));
    const struct issue_path to_path = issue_path_member(path, STR("to"));
    validate_rollout(v, &from_path, from);
    validate_rollout(v, &to_path, to);
    if (texts_differ(from, to, STR("bucketBy")))
        issue_add(&v->issues, path, STR("from and to must use the same bucketBy"));
    if (texts_differ(from, to, STR("salt")))
        issue_add(&v->issues, path, STR("from and to must use the same salt"));
}

void validate_serve(struct validation *v, const struct issue_path *path, const struct json *serve)
{
    if (!json_is_object(serve)) {
        issue_add(&v->issues, path, STR("must be an object"));
        return;
    }
    const struct json *variation = property_find(serve, STR("variation"));
    const struct json *rollout = property_find(serve, STR("rollout"));
    const struct json *progressive = property_find(serve, STR("progressive"));
    if ((variation != NULL) + (rollout != NULL) + (progressive != NULL) != 1) {
        issue_add(&v->issues, path,
                  STR("must specify exactly one of variation, rollout, or progressive"));
        return;
    }
    if (rollout != NULL) {
        const struct issue_path member = issue_path_member(path, STR("rollout"));
        validate_rollout(v, &member, rollout);
    } else if (progressive != NULL) {
        const struct issue_path member = issue_path_member(path, STR("progressive"));
        validate_progressive(v, &member, progressive);
    } else if (variation->type != JSON_STRING) {
        issue_add_member(&v->issues, path, STR("variation"), STR("must be a string"));
    } else if (!names_variation(v, variation)) {
        issue_add_member(&v->issues, path, STR("variation"),
                         STR("must reference a variation on this flag"));
    }
}

/* ---- expressions ------------------------------------------------------------------------ */

static void validate_match(struct validation *v, const struct issue_path *path,
                           const struct json *match)
{
    const struct json *attribute = property_find(match, STR("attribute"));
    if (!json_is_text(attribute) || attribute->string.size == 0)
        issue_add_member(&v->issues, path, STR("attribute"), STR("must be a non-empty string"));

    const struct json *name = property_find(match, STR("operator"));
    enum operator operator= OPERATOR_EQ;
    bool is_known = json_is_text(name) && operator_parse(name->string, &operator) &&
                    !operator_is_text(operator);
    if (!is_known)
        issue_add_member(&v->issues, path, STR("operator"), STR("is not supported"));
    bool needs_value = !is_known || operator!= OPERATOR_EXISTS;
    if (needs_value && property_find(match, STR("value")) == NULL)
        issue_add_member(&v->issues, path, STR("value"), STR("is required for this operator"));
}

static void validate_children(struct validation *v, const struct issue_path *path,
                              const struct json *children, bool checks_segments, size_t levels_left)
{
    if (!json_is_array(children)) {
        issue_add(&v->issues, path, STR("must be an array"));
        return;
    }
    for (size_t i = 0; i < children->count; i++) {
        const struct issue_path item = issue_path_item(path, i);
        validate_expression(v, &item, &children->elements[i], checks_segments, levels_left);
    }
}

void validate_expression(struct validation *v, const struct issue_path *path,
                         const struct json *expression, bool checks_segments, size_t levels_left)
{
    if (!json_is_object(expression)) {
        issue_add(&v->issues, path, STR("must be a targeting expression"));
        return;
    }
    if (levels_left == 0) {
        issue_add(&v->issues, path, STR("is nested too deeply"));
        return;
    }
    const struct json *op = property_find(expression, STR("op"));
    struct str name = json_is_text(op) ? op->string : STR("");
    if (str_equal(name, STR("all")) || str_equal(name, STR("any"))) {
        const struct issue_path member = issue_path_member(path, STR("expressions"));
        validate_children(v, &member, property_find(expression, STR("expressions")),
                          checks_segments, levels_left - 1);
    } else if (str_equal(name, STR("not"))) {
        const struct issue_path member = issue_path_member(path, STR("expression"));
        validate_expression(v, &member, property_find(expression, STR("expression")),
                            checks_segments, levels_left - 1);
    } else if (str_equal(name, STR("match"))) {
        validate_match(v, path, expression);
    } else if (str_equal(name, STR("segment"))) {
        const struct json *key = property_find(expression, STR("segment"));
        bool is_found = json_is_text(key) &&
                        (!checks_segments || map_find(&v->segments, key->string) != MAP_ABSENT);
        if (!is_found)
            issue_add_member(&v->issues, path, STR("segment"),
                             STR("must reference an existing segment"));
    } else {
        issue_add_member(&v->issues, path, STR("op"), STR("is not supported"));
    }
}
