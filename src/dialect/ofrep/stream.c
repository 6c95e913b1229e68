/* SPDX-License-Identifier: Apache-2.0 */
/* stream - GET /ofrep/v1/events: see stream.h. */
#include "dialect/ofrep/stream.h"

#include <assert.h>

#include "auth/event_token.h"
#include "dialect/ofrep/answer.h"
#include "dialect/ofrep/channel.h"
#include "dialect/ofrep/evaluate.h"
#include "stream/stream.h"

enum { HEARTBEAT_MS = 15000, RETRY_MS = 3000 };

struct str ofrep_event_uri(struct exchange *x)
{
    if (x->services->streams == NULL)
        return (struct str){0};
    const struct catalog_credential *credential =
        catalog_find_credential(x->view->catalog, x->caller->credential_id);
    assert(credential != NULL);
    struct str token = event_token_make(x->arena, credential->id, &credential->hash);
    return arena_format(x->arena, "/ofrep/v1/events?token=%.*s", STR_ARG(token));
}

/* ---- when ------------------------------------------------------------------------------------ */

static int64_t minute_of(int64_t now_ms)
{
    return now_ms - now_ms % RULESET_PROGRESS_MS;
}

/* The moment that stands for this one: the last at which a decision may have changed, or the
 * beginning of the minute. While a progressive serve is on its way every moment is another one;
 * this way there is one a minute, the same for everybody. */
static int64_t moment_of(const struct ruleset *rules, int64_t now_ms)
{
    int64_t moment_ms = minute_of(now_ms);
    for (;;) {
        int64_t next_ms = ruleset_next_moment_ms(rules, moment_ms);
        if (next_ms > now_ms)
            return moment_ms;
        moment_ms = next_ms;
    }
}

static int64_t next_change(const struct snapshot *snapshot, uint64_t channel, int64_t now_ms)
{
    const struct ruleset *rules = snapshot->rules;
    if (!channel_is_timed(snapshot, channel))
        return INT64_MAX;
    int64_t moment_ms = moment_of(rules, now_ms);
    int64_t next_ms = ruleset_next_moment_ms(rules, moment_ms);
    int64_t minute_ends_ms = minute_of(now_ms) + RULESET_PROGRESS_MS;
    bool is_moving = ruleset_moment(rules, moment_ms) != ruleset_moment(rules, next_ms - 1);
    return is_moving && minute_ends_ms < next_ms ? minute_ends_ms : next_ms;
}

/* ---- what ------------------------------------------------------------------------------------ */

/* When what is seen now began to hold, or a moment behind that. */
static int64_t modified_of(const struct snapshot *snapshot, uint64_t channel, int64_t moment_ms)
{
    int64_t published_ms = snapshot->published_ms;
    bool has_moved = channel_is_timed(snapshot, channel) &&
                     ruleset_next_moment_ms(snapshot->rules, published_ms) <= moment_ms;
    return has_moved ? moment_ms : published_ms;
}

static struct shared_body *render(const struct view *view, const struct snapshot *snapshot,
                                  uint64_t channel, int64_t now_ms)
{
    enum { SECOND_MS = 1000 };
    (void)view;
    int64_t moment_ms = moment_of(snapshot->rules, now_ms);
    uint64_t digest = channel_digest(snapshot, channel, ruleset_moment(snapshot->rules, moment_ms));
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_format(&buf,
                      "id: %016llx\nevent: message\n"
                      "data: {\"type\":\"refetchEvaluation\",\"etag\":\"\\\"%016llx\\\"\","
                      "\"lastModified\":%lld}\n\n",
                      (unsigned long long)digest, (unsigned long long)digest,
                      (long long)(modified_of(snapshot, channel, moment_ms) / SECOND_MS));
    return shared_body_make(&buf);
}

/* No credential comes along, and no cookie: any page may listen that knows the address. */
static const struct stream_kind kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"
                   "Cache-Control: no-cache\r\n"
                   "X-Accel-Buffering: no\r\n" OFREP_CORS_LINES),
    .heartbeat = STR(": ping\n\n"),
    .heartbeat_ms = HEARTBEAT_MS,
    .render = render,
    .retry_ms = RETRY_MS,
    .next_change = next_change,
};

void ofrep_follow(struct exchange *x)
{
    const struct stream_request stream = {
        .kind = &kind,
        .environment = x->caller->environment,
        .channel = channel_of(x->caller),
        .credential_id = x->caller->credential_id,
    };
    struct fault fault = stream_open(x->services->streams, x->request, &stream);
    x->is_streaming = !failed(fault);
    if (failed(fault))
        ofrep_refuse(x, fault, 0, (struct str){0});
}
