/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events - the telemetry endpoint: superflag-api.md 6 and 17.
 *
 * Every event of a batch gets its answer, in the order of the request: SDKs rely on order and
 * length. A batch that cannot be kept now is a 503, which makes them try again; a 4xx makes them
 * throw the batch away.
 */
#include "dialect/superflag/answer.h"
#include "dialect/superflag/feature_event.h"
#include "dialect/superflag/manage.h"
#include "dialect/superflag/request.h"
#include "model/limits.h"

struct item {
    struct str event_id;
    struct str code, message; /* of a permanent error; absent when the event is good */
    size_t offered;           /* its place among the offered ones */
};

static struct str text_member(const struct json *event, struct str name)
{
    const struct json *member = json_find(event, name);
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

static bool has_known_schema(const struct json *event)
{
    const struct json *member = json_find(event, STR("schemaVersion"));
    return member == NULL || member->type != JSON_NUMBER || member->number == 1;
}

static void refuse_item(struct item *item, struct str code, struct str message)
{
    item->code = code;
    item->message = message;
}

/* The first thing that is wrong with an event, if anything is. */
static void check_item(struct exchange *x, const struct json *event,
                       const struct catalog_environment *environment, struct item *item)
{
    static const struct superflag_event_options options = {.takes_any_dimension = true};
    item->event_id = text_member(event, STR("id"));
    if (!has_known_schema(event)) {
        refuse_item(item, STR("unknown_schema"), STR("$.schemaVersion must equal 1"));
        return;
    }
    struct issue *issues = NULL;
    if (superflag_check_event(x->arena, event, &options, &issues) > 0) {
        refuse_item(item, STR("invalid_event"),
                    arena_format(x->arena, "%.*s %.*s", STR_ARG(issues[0].path),
                                 STR_ARG(issues[0].message)));
        return;
    }
    if (!superflag_event_is_from(event, environment->app_id, environment->name))
        refuse_item(item, STR("source_mismatch"),
                    STR("$.source must be the app and environment of the key"));
}

static void write_item(struct json_writer *writer, const struct item *item,
                       const enum offer_result *results)
{
    json_object_begin(writer);
    json_member_string(writer, STR("eventId"), item->event_id);
    if (!str_is_absent(item->code)) {
        json_member_string(writer, STR("status"), STR("permanent_error"));
        json_member_string(writer, STR("code"), item->code);
        json_member_string(writer, STR("message"), item->message);
    } else {
        bool is_new = results[item->offered] == OFFER_ACCEPTED;
        json_member_string(writer, STR("status"), is_new ? STR("accepted") : STR("duplicate"));
    }
    json_object_end(writer);
}

/* A bare object, no envelope. */
static void answer_items(struct exchange *x, const struct item *items, size_t count,
                         const enum offer_result *results)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_u64(&writer, STR("apiVersion"), 1);
    json_member_u64(&writer, STR("schemaVersion"), 1);
    struct str request_id = http_header(x->request, STR("x-request-id"));
    if (!str_is_empty(request_id) && request_id.size <= 128)
        json_member_string(&writer, STR("requestId"), request_id);
    json_key(&writer, STR("items"));
    json_array_begin(&writer);
    for (size_t i = 0; i < count; i++)
        write_item(&writer, &items[i], results);
    json_array_end(&writer);
    json_object_end(&writer);
    superflag_answer_bare(x, 200, buf_str(&buf));
    buf_close(&buf);
}

static const struct json *find_events(struct exchange *x, const struct json *body)
{
    const struct json *schema = json_find(body, STR("schemaVersion"));
    const struct json *events = json_find(body, STR("events"));
    if (schema == NULL || schema->type != JSON_NUMBER || schema->number != 1)
        superflag_refuse_with(x, 400, STR("schemaVersion must equal 1"));
    else if (events == NULL || events->type != JSON_ARRAY || events->count == 0 ||
             events->count > EVENTS_PER_BATCH_MAX)
        superflag_refuse_with(x, 400, STR("events must be an array of 1 to 100 events"));
    else
        return events;
    return NULL;
}

void superflag_post_events(struct exchange *x)
{
    struct json body;
    if (!superflag_read_body(x, &body))
        return;
    const struct json *events = find_events(x, &body);
    if (events == NULL)
        return;
    const struct catalog_environment *environment =
        catalog_find_environment(x->view->catalog, x->caller->environment);
    size_t count = events->count;
    struct item *items = ARENA_NEW_ARRAY(x->arena, struct item, count);
    struct event_row *rows = ARENA_NEW_ARRAY(x->arena, struct event_row, count);
    enum offer_result *results = ARENA_NEW_ARRAY(x->arena, enum offer_result, count);
    size_t offered = 0;
    for (size_t i = 0; i < count; i++) {
        check_item(x, &events->elements[i], environment, &items[i]);
        if (!str_is_absent(items[i].code))
            continue;
        items[i].offered = offered;
        rows[offered++] =
            superflag_decode_event(x->arena, &events->elements[i], environment->number, x->now_ms);
    }
    struct fault fault = ingest_offer(change_ingest(x->services->changer), rows, offered, results);
    if (failed(fault))
        superflag_refuse(x, fault, 0, (struct str){0});
    else
        answer_items(x, items, count, results);
}
