/* SPDX-License-Identifier: Apache-2.0 */
/* tracking - see tracking.h. */
#include "dialect/amplitude/tracking.h"

#include <string.h>

#include "auth/secret.h"
#include "base/map.h"
#include "model/limits.h"
#include "json/write.h"

/* ---- members --------------------------------------------------------------------------------- */

static struct str text_member(const struct json *object, struct str name)
{
    const struct json *member = json_find(object, name);
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

static const struct json *object_member(const struct json *object, struct str name)
{
    const struct json *member = json_find(object, name);
    return member != NULL && member->type == JSON_OBJECT ? member : NULL;
}

/* The prefix stands in the documentation; the server SDKs leave it out (section 8.1). */
static struct str without_prefix(struct str name)
{
    struct str prefix = STR("[Experiment] ");
    return str_starts_with(name, prefix) ? str_slice(name, prefix.size, name.size) : name;
}

/* ---- checks ---------------------------------------------------------------------------------- */

static struct fault refuse(struct str where, struct str why)
{
    return fault_make(FAULT_INVALID, where, why);
}

/* Missing and null are alike; anything but a text is wrong. */
static struct fault check_text(const struct json *event, struct str name, size_t bytes_max)
{
    const struct json *member = json_find(event, name);
    if (member == NULL || member->type == JSON_NULL)
        return fault_none();
    if (member->type != JSON_STRING || member->string.size > bytes_max)
        return refuse(name, STR("must be a string of bounded length"));
    return fault_none();
}

static struct fault check_time(const struct json *event, int64_t now_ms, int64_t *at_ms)
{
    static const double latest_ms = 9007199254740991.0;
    const struct json *time = json_find(event, STR("time"));
    *at_ms = now_ms;
    if (time == NULL || time->type == JSON_NULL)
        return fault_none();
    if (time->type != JSON_NUMBER || time->number < 0 || time->number > latest_ms)
        return refuse(STR("time"), STR("must be milliseconds since 1970"));
    if (time->number > 0)
        *at_ms = (int64_t)time->number;
    return fault_none();
}

static struct fault check_object(const struct json *event, struct str name)
{
    const struct json *member = json_find(event, name);
    if (member == NULL || member->type == JSON_NULL || member->type == JSON_OBJECT)
        return fault_none();
    return refuse(name, STR("must be an object"));
}

/* The parts of an event that its rows share. */
struct reported {
    const struct json *event;
    struct str type, user_id, device_id, insert_id, subject;
    int64_t at_ms;
};

static struct fault check_members(const struct json *event)
{
    static const struct str texts[] = {{"event_type", 10}, {"user_id", 7}, {"device_id", 9}};
    static const struct str objects[] = {
        {"event_properties", 16}, {"user_properties", 15}, {"groups", 6}};
    struct fault fault = check_text(event, STR("insert_id"), INSERT_ID_BYTES_MAX);
    for (size_t i = 0; i < COUNT_OF(texts) && !failed(fault); i++)
        fault = check_text(event, texts[i], CONTEXT_KEY_BYTES_MAX);
    for (size_t i = 0; i < COUNT_OF(objects) && !failed(fault); i++)
        fault = check_object(event, objects[i]);
    return fault;
}

static struct fault read_event(struct tracking *tracking, const struct json *event,
                               struct reported *reported)
{
    if (event->type != JSON_OBJECT)
        return refuse(STR("events"), STR("must be objects"));
    struct fault fault = check_members(event);
    if (failed(fault))
        return fault;
    *reported = (struct reported){
        .event = event,
        .type = text_member(event, STR("event_type")),
        .user_id = text_member(event, STR("user_id")),
        .device_id = text_member(event, STR("device_id")),
        .insert_id = text_member(event, STR("insert_id")),
    };
    if (reported->type.size == 0)
        return refuse(STR("event_type"), STR("missing"));
    if (reported->user_id.size == 0 && reported->device_id.size == 0)
        return refuse(STR("user_id"), STR("missing"));
    if (reported->insert_id.size == 0) /* nothing to recognise a repetition by */
        reported->insert_id = id_make(tracking->arena, STR("event"));
    reported->subject =
        tracking->find_subject(reported->user_id, reported->device_id, tracking->context);
    return check_time(event, tracking->now_ms, &reported->at_ms);
}

/* ---- documents ------------------------------------------------------------------------------- */

static void put_member(struct json *object, struct str key, struct json value)
{
    object->members[object->count++] = (struct json_member){key, value};
}

static void copy_member(struct json *object, const struct json *event, struct str key)
{
    const struct json *value = json_find(event, key);
    if (value != NULL && value->type != JSON_NULL)
        put_member(object, key, *value);
}

/* What is kept of an event, in the one spelling equal events have; properties are the flag's own.
 */
static struct fault write_document(struct tracking *tracking, const struct reported *reported,
                                   const struct json *properties, struct str *document)
{
    static const struct str kept[] = {
        {"event_type", 10}, {"user_id", 7},      {"device_id", 9}, {"groups", 6},
        {"time", 4},        {"price", 5},        {"quantity", 8},  {"productId", 9},
        {"revenue", 7},     {"revenueType", 11}, {"currency", 8},  {"platform", 8},
        {"session_id", 10}, {"event_id", 8},
    };
    struct json object = {.type = JSON_OBJECT};
    object.members = ARENA_NEW_ARRAY(tracking->arena, struct json_member, COUNT_OF(kept) + 2);
    for (size_t i = 0; i < COUNT_OF(kept); i++)
        copy_member(&object, reported->event, kept[i]);
    put_member(&object, STR("insert_id"), json_make_string(reported->insert_id));
    if (properties != NULL)
        put_member(&object, STR("event_properties"), *properties);
    struct buf buf;
    buf_open(&buf, EVENT_BYTES_MAX);
    json_append_canonical(&buf, &object);
    bool is_too_long = buf_failed(&buf);
    *document = arena_copy_str(tracking->arena, buf_str(&buf));
    buf_close(&buf);
    return is_too_long ? refuse(STR("event_properties"), STR("must be smaller")) : fault_none();
}

/* ---- rows ------------------------------------------------------------------------------------ */

static void reserve_row(struct tracking *tracking)
{
    if (tracking->row_count < tracking->row_capacity)
        return;
    size_t capacity = tracking->row_capacity == 0 ? 64 : tracking->row_capacity * 2;
    struct event_row *rows = ARENA_NEW_ARRAY(tracking->arena, struct event_row, capacity);
    if (tracking->row_count > 0)
        memcpy(rows, tracking->rows, tracking->row_count * sizeof(*rows));
    tracking->rows = rows;
    tracking->row_capacity = capacity;
}

/* flag is empty for what is about none. */
static struct fault add_row(struct tracking *tracking, const struct reported *reported,
                            struct str kind, struct str flag, struct str variation,
                            const struct json *properties)
{
    struct event_row row = {
        .environment = tracking->environment,
        .event_id = reported->insert_id,
        .kind = kind,
        .flag_key = flag,
        .variation = variation,
        .subject_id = reported->subject,
        .at_ms = reported->at_ms,
        .received_ms = tracking->now_ms,
    };
    if (tracking->row_count == ROWS_PER_CALL_MAX)
        return fault_make(FAULT_LIMIT, STR("events"), STR("too many assignments in one request"));
    if (flag.size > FLAG_KEY_BYTES_MAX || variation.size > INSERT_ID_BYTES_MAX)
        return refuse(STR("event_properties"), STR("must name flags and variants"));
    if (flag.size > 0)
        row.event_id =
            arena_format(tracking->arena, "%.*s %.*s", STR_ARG(reported->insert_id), STR_ARG(flag));
    struct fault fault = write_document(tracking, reported, properties, &row.document);
    if (failed(fault))
        return fault;
    tracking->row_bytes += row.document.size;
    if (tracking->row_bytes > ROW_BYTES_PER_CALL_MAX)
        return fault_make(FAULT_LIMIT, STR("events"), STR("too much to keep in one request"));
    reserve_row(tracking);
    tracking->rows[tracking->row_count++] = row;
    return fault;
}

/* An assignment's properties, and where each is: they may be about thousands of flags. */
struct properties {
    const struct json *object;
    struct map places;
};

static const struct json *find_property(const struct properties *properties, struct str name)
{
    uint32_t place = map_find(&properties->places, name);
    return place == MAP_ABSENT ? NULL : &properties->object->members[place].value;
}

/* "<flag>.variant" of an assignment's properties, and what is said beside it of the same flag. */
static struct fault add_assignment(struct tracking *tracking, const struct reported *reported,
                                   const struct properties *properties,
                                   const struct json_member *member)
{
    struct str suffix = STR(".variant");
    struct str name = without_prefix(member->key);
    if (!str_ends_with(name, suffix) || name.size == suffix.size)
        return fault_none();
    if (member->value.type != JSON_STRING)
        return refuse(STR("event_properties"), STR("must name flags and variants"));
    struct str flag = str_slice(name, 0, name.size - suffix.size);
    struct json own = {.type = JSON_OBJECT};
    own.members = ARENA_NEW_ARRAY(tracking->arena, struct json_member, 2);
    put_member(&own, name, member->value);
    struct str stem = str_slice(member->key, 0, member->key.size - suffix.size);
    const struct json *details =
        find_property(properties, arena_format(tracking->arena, "%.*s.details", STR_ARG(stem)));
    if (details != NULL)
        put_member(&own, arena_format(tracking->arena, "%.*s.details", STR_ARG(flag)), *details);
    return add_row(tracking, reported, STR("assignment"), flag, member->value.string, &own);
}

static struct fault add_assignments(struct tracking *tracking, const struct reported *reported,
                                    const struct json *object)
{
    struct fault fault = fault_none();
    struct properties properties = {.object = object};
    uint32_t count = object == NULL ? 0 : object->count;
    map_open(&properties.places, tracking->arena, count);
    for (uint32_t i = 0; i < count; i++)
        map_insert(&properties.places, object->members[i].key, i);
    for (uint32_t i = 0; i < count && !failed(fault); i++)
        fault = add_assignment(tracking, reported, &properties, &object->members[i]);
    return fault;
}

/* A property under the names it has in the two kinds of SDKs, with the prefix and without. */
static struct str exposure_property(const struct json *properties, struct str plain,
                                    struct str titled)
{
    for (size_t i = 0; properties != NULL && i < properties->count; i++) {
        const struct json_member *member = &properties->members[i];
        struct str name = without_prefix(member->key);
        if (member->value.type == JSON_STRING &&
            (str_equal(name, plain) || str_equal(name, titled)))
            return member->value.string;
    }
    return STR("");
}

/* Without a variant the person leaves the experiment: kept with an empty one. */
static struct fault add_exposure(struct tracking *tracking, const struct reported *reported,
                                 const struct json *properties)
{
    struct str flag = exposure_property(properties, STR("flag_key"), STR("Flag Key"));
    if (flag.size == 0)
        return refuse(STR("flag_key"), STR("missing"));
    return add_row(tracking, reported, STR("exposure"), flag,
                   exposure_property(properties, STR("variant"), STR("Variant")), properties);
}

struct fault tracking_add(struct tracking *tracking, const struct json *event)
{
    struct reported reported;
    struct fault fault = read_event(tracking, event, &reported);
    if (failed(fault))
        return fault;
    const struct json *properties = object_member(event, STR("event_properties"));
    if (str_equal(reported.type, STR("[Experiment] Assignment")))
        return add_assignments(tracking, &reported, properties);
    if (str_equal(reported.type, STR("[Experiment] Exposure")) ||
        str_equal(reported.type, STR("$exposure")))
        return add_exposure(tracking, &reported, properties);
    return add_row(tracking, &reported, STR("outcome"), STR(""), STR(""), properties);
}
