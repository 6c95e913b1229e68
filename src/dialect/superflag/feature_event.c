/* SPDX-License-Identifier: Apache-2.0 */
/* feature_event - checking and projecting what SDKs report: see feature_event.h. */
#include "dialect/superflag/feature_event.h"

#include <assert.h>

#include "base/instant.h"
#include "base/number.h"
#include "dialect/superflag/bounds.h"
#include "dialect/superflag/property.h"
#include "dialect/superflag/validate.h"
#include "model/limits.h"

enum {
    DIMENSIONS_MAX = 16,
    DIMENSION_KEY_UNITS_MAX = 96,
    DIMENSION_VALUE_UNITS_MAX = 64,
    PSEUDONYM_MIN = 16,
    PSEUDONYM_MAX = 96,
};

static const struct str event_kinds[] = {
    {"decision", 8}, {"assignment", 10}, {"exposure", 8}, {"outcome", 7}};
static const struct str event_reasons[] = {
    {"OFF", 3},          {"TARGETING_MATCH", 15},     {"SPLIT", 5},
    {"FALLTHROUGH", 11}, {"PREREQUISITE_FAILED", 19}, {"SCHEDULED_OUT", 13},
    {"DEFAULT", 7}};
static const struct str platforms[] = {
    {"browser", 7}, {"node", 4}, {"react-native", 12}, {"expo", 4}, {"remote", 6}};
static const struct str subject_states[] = {{"anonymous", 9}, {"authenticated", 13}};

static bool is_one_of(const struct json *json, const struct str *names, size_t count)
{
    for (size_t i = 0; json_is_text(json) && i < count; i++) {
        if (str_equal(json->string, names[i]))
            return true;
    }
    return false;
}

/* ---- checking --------------------------------------------------------------------------- */

/* psn_ and 16 to 96 of A-Z a-z 0-9 _ - */
static bool is_pseudonym(const struct json *json)
{
    if (!json_is_text(json) || !str_starts_with(json->string, STR("psn_")))
        return false;
    struct str rest = str_slice(json->string, STR("psn_").size, json->string.size);
    if (rest.size < PSEUDONYM_MIN || rest.size > PSEUDONYM_MAX)
        return false;
    for (size_t i = 0; i < rest.size; i++) {
        char c = rest.data[i];
        bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                        (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (!is_plain)
            return false;
    }
    return true;
}

static void check_sdk(struct issue_list *issues, const struct issue_path *root,
                      const struct json *event)
{
    const struct json *sdk = json_find(event, STR("sdk"));
    const struct issue_path path = issue_path_member(root, STR("sdk"));
    if (!json_is_object(sdk)) {
        issue_add(issues, &path, STR("must be an object"));
        return;
    }
    bounds_check_name(issues, &path, sdk, STR("name"));
    bounds_check_name(issues, &path, sdk, STR("version"));
    if (!is_one_of(json_find(sdk, STR("platform")), platforms, COUNT_OF(platforms)))
        issue_add_member(issues, &path, STR("platform"), STR("is not supported"));
}

static void check_subject(struct issue_list *issues, const struct issue_path *root,
                          const struct json *event)
{
    const struct json *subject = json_find(event, STR("subject"));
    const struct issue_path path = issue_path_member(root, STR("subject"));
    if (!json_is_object(subject)) {
        issue_add(issues, &path, STR("must be an object"));
        return;
    }
    if (!is_pseudonym(json_find(subject, STR("id"))))
        issue_add_member(issues, &path, STR("id"),
                         STR("must use the psn_ prefix followed by a bounded opaque pseudonym"));
    bounds_check_name(issues, &path, subject, STR("namespace"));
    bounds_check_positive(issues, &path, subject, STR("revision"));
    if (!is_one_of(json_find(subject, STR("state")), subject_states, COUNT_OF(subject_states)))
        issue_add_member(issues, &path, STR("state"), STR("must be anonymous or authenticated"));
}

static void check_experiment(struct issue_list *issues, const struct issue_path *root,
                             const struct json *event)
{
    const struct json *experiment = json_find(event, STR("experiment"));
    const struct issue_path path = issue_path_member(root, STR("experiment"));
    bool is_assignment = str_equal(property_text(event, STR("kind")), STR("assignment"));
    if (experiment == NULL && is_assignment)
        issue_add(issues, &path, STR("is required for assignment events"));
    if (experiment == NULL)
        return;
    if (!json_is_object(experiment)) {
        issue_add(issues, &path, STR("must be an object"));
        return;
    }
    bounds_check_id(issues, &path, experiment, STR("experimentId"));
    bounds_check_id(issues, &path, experiment, STR("iterationId"));
}

/* [A-Za-z][A-Za-z0-9_.-]*, at most 96 */
static bool is_dimension_key(struct str key)
{
    if (key.size == 0 || key.size > DIMENSION_KEY_UNITS_MAX)
        return false;
    for (size_t i = 0; i < key.size; i++) {
        char c = key.data[i];
        bool is_letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        bool is_other = (c >= '0' && c <= '9') || c == '_' || c == '.' || c == '-';
        if (!is_letter && (i == 0 || !is_other))
            return false;
    }
    return true;
}

static bool is_allowed(const struct superflag_event_options *options, struct str key)
{
    for (size_t i = 0; i < options->dimension_count; i++) {
        if (str_equal(options->dimensions[i], key))
            return true;
    }
    return options->takes_any_dimension;
}

static bool is_bounded_scalar(const struct json *value)
{
    if (value->type == JSON_STRING)
        return bounds_units_at_most(value->string, DIMENSION_VALUE_UNITS_MAX);
    return value->type == JSON_BOOLEAN || value->type == JSON_NUMBER;
}

static void check_dimensions(struct issue_list *issues, const struct issue_path *root,
                             const struct json *event,
                             const struct superflag_event_options *options)
{
    const struct json *dimensions = json_find(event, STR("dimensions"));
    const struct issue_path path = issue_path_member(root, STR("dimensions"));
    if (dimensions == NULL)
        return;
    if (!json_is_object(dimensions)) {
        issue_add(issues, &path, STR("must be an object"));
        return;
    }
    if (dimensions->count > DIMENSIONS_MAX)
        issue_add(issues, &path, STR("must contain at most 16 entries"));
    for (size_t i = 0; i < dimensions->count; i++) {
        const struct json_member *member = &dimensions->members[i];
        if (!is_dimension_key(member->key))
            issue_add_member(issues, &path, member->key, STR("has an invalid key"));
        else if (!is_allowed(options, member->key))
            issue_add_member(issues, &path, member->key, STR("is not in the explicit allow-list"));
        else if (!is_bounded_scalar(&member->value))
            issue_add_member(issues, &path, member->key, STR("must be a bounded scalar"));
    }
}

static void check_outcome(struct issue_list *issues, const struct issue_path *root,
                          const struct json *event)
{
    if (!str_equal(property_text(event, STR("kind")), STR("outcome")))
        return;
    bounds_check_id(issues, root, event, STR("exposureId"));
    bounds_check_metric(issues, root, event, STR("metric"));
    const struct json *value = json_find(event, STR("value"));
    if (value == NULL || (value->type != JSON_BOOLEAN && value->type != JSON_NUMBER))
        issue_add_member(issues, root, STR("value"), STR("must be boolean or finite"));
}

static void check_members(struct issue_list *issues, const struct issue_path *root,
                          const struct json *event, const struct superflag_event_options *options)
{
    int64_t at_ms = 0;
    bounds_check_schema(issues, root, event);
    bounds_check_id(issues, root, event, STR("id"));
    if (!is_one_of(json_find(event, STR("kind")), event_kinds, COUNT_OF(event_kinds)))
        issue_add_member(issues, root, STR("kind"), STR("is not supported"));
    bounds_check_source(issues, root, event);
    bounds_check_name(issues, root, event, STR("flagKey"));
    bounds_check_name(issues, root, event, STR("variation"));
    bounds_check_version(issues, root, event, STR("configVersion"));
    if (!is_one_of(json_find(event, STR("reason")), event_reasons, COUNT_OF(event_reasons)))
        issue_add_member(issues, root, STR("reason"), STR("is not supported"));
    if (!json_is_instant(json_find(event, STR("timestamp")), &at_ms))
        issue_add_member(issues, root, STR("timestamp"), STR("must be an ISO-8601 instant"));
    check_sdk(issues, root, event);
    check_subject(issues, root, event);
    check_experiment(issues, root, event);
    check_dimensions(issues, root, event, options);
    check_outcome(issues, root, event);
}

static bool is_too_large(const struct json *event)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, EVENT_BYTES_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, event);
    bool is_over = buf_failed(&buf);
    buf_close(&buf);
    return is_over;
}

size_t superflag_check_event(struct arena *arena, const struct json *event,
                             const struct superflag_event_options *options, struct issue **issues)
{
    struct issue_list list = {.arena = arena};
    const struct issue_path root = issue_path_root();
    if (is_too_large(event))
        issue_add(&list, &root, STR("payload exceeds the size limit"));
    else if (!json_is_object(event))
        issue_add(&list, &root, STR("must be an object"));
    else
        check_members(&list, &root, event, options);
    *issues = list.items;
    return list.count;
}

/* ---- projecting ------------------------------------------------------------------------- */

static void copy_members(struct json_writer *writer, const struct json *object,
                         const struct str *keys, size_t key_count)
{
    for (size_t i = 0; i < key_count; i++) {
        const struct json *value = json_find(object, keys[i]);
        if (value != NULL)
            json_member_tree(writer, keys[i], value);
    }
}

static void copy_object(struct json_writer *writer, const struct json *event, struct str key,
                        const struct str *keys, size_t key_count)
{
    const struct json *object = json_find(event, key);
    if (object == NULL)
        return;
    json_key(writer, key);
    json_object_begin(writer);
    copy_members(writer, object, keys, key_count);
    json_object_end(writer);
}

void superflag_append_event(struct json_writer *writer, const struct json *event)
{
    static const struct str heading[] = {{"schemaVersion", 13}, {"id", 2}, {"kind", 4}};
    static const struct str source[] = {{"app", 3}, {"environment", 11}};
    static const struct str decision[] = {
        {"flagKey", 7}, {"variation", 9}, {"configVersion", 13}, {"reason", 6}, {"timestamp", 9}};
    static const struct str sdk[] = {{"name", 4}, {"version", 7}, {"platform", 8}};
    static const struct str subject[] = {
        {"id", 2}, {"namespace", 9}, {"revision", 8}, {"state", 5}};
    static const struct str experiment[] = {{"experimentId", 12}, {"iterationId", 11}};
    static const struct str dimensions[] = {{"dimensions", 10}};
    static const struct str metric[] = {{"key", 3}, {"revision", 8}};
    static const struct str exposure[] = {{"exposureId", 10}};
    static const struct str value[] = {{"value", 5}};

    json_object_begin(writer);
    copy_members(writer, event, heading, COUNT_OF(heading));
    copy_object(writer, event, STR("source"), source, COUNT_OF(source));
    copy_members(writer, event, decision, COUNT_OF(decision));
    copy_object(writer, event, STR("sdk"), sdk, COUNT_OF(sdk));
    copy_object(writer, event, STR("subject"), subject, COUNT_OF(subject));
    copy_object(writer, event, STR("experiment"), experiment, COUNT_OF(experiment));
    copy_members(writer, event, dimensions, COUNT_OF(dimensions));
    if (str_equal(property_text(event, STR("kind")), STR("outcome"))) {
        copy_members(writer, event, exposure, COUNT_OF(exposure));
        copy_object(writer, event, STR("metric"), metric, COUNT_OF(metric));
        copy_members(writer, event, value, COUNT_OF(value));
    }
    json_object_end(writer);
}

struct event_row superflag_decode_event(struct arena *arena, const struct json *event,
                                        uint64_t environment, int64_t received_ms)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    superflag_append_event(&writer, event);
    struct event_row row = {
        .environment = environment,
        .event_id = property_text(event, STR("id")),
        .kind = property_text(event, STR("kind")),
        .flag_key = property_text(event, STR("flagKey")),
        .variation = property_text(event, STR("variation")),
        .subject_id = property_text(json_find(event, STR("subject")), STR("id")),
        .version = (uint64_t)json_find(event, STR("configVersion"))->number,
        .received_ms = received_ms,
        .document = arena_copy_str(arena, buf_str(&buf)),
    };
    buf_close(&buf);
    if (!json_is_instant(json_find(event, STR("timestamp")), &row.at_ms))
        assert(false);
    return row;
}

bool superflag_event_is_from(const struct json *event, struct str app, struct str environment)
{
    const struct json *source = property_find(event, STR("source"));
    return str_equal(property_text(source, STR("app")), app) &&
           str_equal(property_text(source, STR("environment")), environment);
}
