/* SPDX-License-Identifier: Apache-2.0 */
/*
 * events - what SDKs report, in the form of the vendor's event API. amplitude-evaluation.md 8.
 *
 * The key is in the body. One wrong event refuses the whole call, with the places of the wrong
 * ones, and nothing of it is kept; a full queue is a 503, which makes SDKs send it again.
 */
#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/reply.h"
#include "dialect/amplitude/tracking.h"
#include "ingest/identities.h"
#include "model/limits.h"

static const struct json_budget events_budget = {
    .depth_max = 32,
    .members_max = 10000,
    .string_bytes_max = 64 * 1024,
    .number_bytes_max = 64,
    .values_max = 200000,
};

static void answer_error(struct exchange *x, int status, struct str text)
{
    reply_error(x, status, text);
    x->note = STR("events");
}

/* ---- who reports ----------------------------------------------------------------------------- */

static bool may_report(enum credential_kind kind)
{
    return kind == CREDENTIAL_PROJECT_KEY || kind == CREDENTIAL_CLIENT_DEPLOYMENT ||
           kind == CREDENTIAL_SERVER_DEPLOYMENT;
}

/* By hash, as every key. */
static const struct caller *find_caller(struct exchange *x, const struct json *body)
{
    const struct json *key = json_find(body, STR("api_key"));
    if (key == NULL || key->type != JSON_STRING) {
        answer_error(x, 400, STR("Request missing required field: api_key"));
        return NULL;
    }
    const struct caller *caller = keyring_find(&x->view->catalog->keyring, key->string, x->now_ms);
    if (caller != NULL && may_report(caller->kind))
        return caller;
    if (x->view->is_read_only) /* an old copy may not know a new key */
        answer_error(x, 503, STR("temporarily unavailable"));
    else
        answer_error(x, 400, STR("Invalid API key"));
    return NULL;
}

struct person_finder {
    struct exchange *x;
    uint64_t environment;
};

static struct str find_person(struct str user_id, struct str device_id, void *context)
{
    const struct person_finder *finder = context;
    struct notebook *devices = finder->x->services->devices;
    if (devices == NULL)
        return user_id.size > 0 ? user_id : device_id;
    return identity_resolve(devices, finder->environment, user_id, device_id, finder->x->arena);
}

/* ---- what is wrong --------------------------------------------------------------------------- */

/* {"code":400,"error":…,"events_with_missing_fields":{"event_type":[3]}}: the vendor's form, with
 * the first event that is wrong. */
static void refuse_event(struct exchange *x, struct fault fault, size_t index)
{
    bool is_missing = str_equal(fault.why, STR("missing"));
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_u64(&writer, STR("code"), 400);
    json_member_string(&writer, STR("error"),
                       arena_format(x->arena, "events[%zu].%.*s: %.*s", index, STR_ARG(fault.where),
                                    STR_ARG(fault.why)));
    json_key(&writer,
             is_missing ? STR("events_with_missing_fields") : STR("events_with_invalid_fields"));
    json_object_begin(&writer);
    json_key(&writer, fault.where);
    json_array_begin(&writer);
    json_u64(&writer, index);
    json_array_end(&writer);
    json_object_end(&writer);
    json_object_end(&writer);
    x->note = fault.where;
    reply_json(x, 400, &buf);
}

static const struct json *find_events(struct exchange *x, const struct json *body)
{
    const struct json *events = json_find(body, STR("events"));
    if (events == NULL)
        answer_error(x, 400, STR("Request missing required field: events"));
    else if (events->type != JSON_ARRAY || events->count == 0)
        answer_error(x, 400, STR("events must be a non-empty array"));
    else if (events->count > EVENTS_PER_CALL_MAX)
        answer_error(x, 413, STR("Payload too large: at most 2000 events"));
    else
        return events;
    return NULL;
}

/* ---- the route ------------------------------------------------------------------------------- */

static void answer_ingested(struct exchange *x, size_t count)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_format(&buf,
                      "{\"code\":200,\"events_ingested\":%zu,\"payload_size_bytes\":%zu,"
                      "\"server_upload_time\":%lld}",
                      count, x->request->body.size, (long long)x->now_ms);
    reply_json(x, 200, &buf);
}

static void ingest_events(struct exchange *x, const struct caller *caller,
                          const struct json *events)
{
    struct person_finder finder = {x, caller->environment};
    struct tracking tracking = {
        .arena = x->arena,
        .environment = caller->environment,
        .now_ms = x->now_ms,
        .find_subject = find_person,
        .context = &finder,
    };
    for (uint32_t i = 0; i < events->count; i++) {
        struct fault fault = tracking_add(&tracking, &events->elements[i]);
        if (fault.kind == FAULT_LIMIT) {
            answer_error(x, 413, fault.why);
            return;
        }
        if (failed(fault)) {
            refuse_event(x, fault, i);
            return;
        }
    }
    enum offer_result *results = ARENA_NEW_ARRAY(x->arena, enum offer_result, tracking.row_count);
    struct fault fault = ingest_offer(change_ingest(x->services->changer), tracking.rows,
                                      tracking.row_count, results);
    if (failed(fault))
        amplitude_refuse_evaluation(x, fault, 0, (struct str){0});
    else
        answer_ingested(x, events->count);
}

void amplitude_post_events(struct exchange *x)
{
    struct json body;
    if (failed(json_parse(x->arena, x->request->body, &events_budget, &body)) ||
        body.type != JSON_OBJECT) {
        answer_error(x, 400, STR("Invalid JSON request body"));
        return;
    }
    const struct caller *caller = find_caller(x, &body);
    if (caller == NULL)
        return;
    x->caller = caller; /* for the log line */
    const struct json *events = find_events(x, &body);
    if (events != NULL)
        ingest_events(x, caller, events);
}
