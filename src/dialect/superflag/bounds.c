/* SPDX-License-Identifier: Apache-2.0 */
/* bounds - the checks that events and experiments share: see bounds.h. */
#include "dialect/superflag/bounds.h"

#include "base/utf.h"
#include "dialect/superflag/property.h"
#include "dialect/superflag/validate.h"

bool bounds_units_at_most(struct str text, size_t units_max)
{
    /* No unit takes more than three bytes of UTF-8. */
    return text.size <= units_max * 3 && utf16_length(text) <= units_max;
}

bool bounds_is_name(const struct json *json, size_t units_max)
{
    return json_is_name(json) && bounds_units_at_most(json->string, units_max);
}

bool bounds_is_id(const struct json *json)
{
    if (!json_is_text(json) || json->string.size == 0 || json->string.size > OPAQUE_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < json->string.size; i++) {
        char c = json->string.data[i];
        bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        bool is_mark = c == '.' || c == '_' || c == ':' || c == '-';
        if (!is_plain && (i == 0 || !is_mark))
            return false;
    }
    return true;
}

bool bounds_is_positive(const struct json *json)
{
    return json_is_non_negative_integer(json) && json->number >= 1;
}

void bounds_check_schema(struct issue_list *issues, const struct issue_path *path,
                         const struct json *object)
{
    const struct json *schema = json_find(object, STR("schemaVersion"));
    if (schema == NULL || schema->type != JSON_NUMBER || schema->number != 1)
        issue_add_member(issues, path, STR("schemaVersion"), STR("must equal 1"));
}

void bounds_check_name(struct issue_list *issues, const struct issue_path *path,
                       const struct json *object, struct str key)
{
    if (!bounds_is_name(json_find(object, key), BOUNDED_NAME_UNITS_MAX))
        issue_add_member(issues, path, key, STR("must be a bounded name"));
}

void bounds_check_id(struct issue_list *issues, const struct issue_path *path,
                     const struct json *object, struct str key)
{
    if (!bounds_is_id(json_find(object, key)))
        issue_add_member(issues, path, key,
                         STR("must be an opaque identifier of at most 128 characters"));
}

void bounds_check_positive(struct issue_list *issues, const struct issue_path *path,
                           const struct json *object, struct str key)
{
    if (!bounds_is_positive(json_find(object, key)))
        issue_add_member(issues, path, key, STR("must be a positive safe integer"));
}

void bounds_check_version(struct issue_list *issues, const struct issue_path *path,
                          const struct json *object, struct str key)
{
    if (!json_is_non_negative_integer(json_find(object, key)))
        issue_add_member(issues, path, key, STR("must be a non-negative safe integer"));
}

void bounds_check_source(struct issue_list *issues, const struct issue_path *path,
                         const struct json *object)
{
    const struct json *source = json_find(object, STR("source"));
    const struct issue_path member = issue_path_member(path, STR("source"));
    if (!json_is_object(source)) {
        issue_add(issues, &member, STR("must be an object"));
        return;
    }
    bounds_check_name(issues, &member, source, STR("app"));
    bounds_check_name(issues, &member, source, STR("environment"));
}

void bounds_check_metric(struct issue_list *issues, const struct issue_path *path,
                         const struct json *object, struct str key)
{
    const struct json *metric = json_find(object, key);
    const struct issue_path member = issue_path_member(path, key);
    if (!json_is_object(metric)) {
        issue_add(issues, &member, STR("must be an object"));
        return;
    }
    bounds_check_name(issues, &member, metric, STR("key"));
    bounds_check_positive(issues, &member, metric, STR("revision"));
}
