/* SPDX-License-Identifier: Apache-2.0 */
/* stream - the versions of an environment as they are made: the newest at once, and then each;
 * those that follow each other too closely are told by the last of them. */
#include "stream/stream.h"

#include "base/instant.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/request.h"

enum {
    HEARTBEAT_MS = 15000,
    RETRY_MS = 2000, /* drawn between half and one and a half times as much */
};

static struct shared_body *render(const struct view *view, const struct snapshot *snapshot,
                                  uint64_t channel, int64_t now_ms)
{
    (void)view;
    (void)channel;
    (void)now_ms;
    char published[INSTANT_TEXT_BYTES];
    struct buf buf;
    struct json_writer writer;
    instant_format(snapshot->published_ms, published);
    buf_open(&buf, SIZE_MAX);
    buf_append_format(&buf,
                      "id: %llu\nevent: version\ndata: ", (unsigned long long)snapshot->version);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_u64(&writer, STR("environment"), snapshot->environment);
    json_member_u64(&writer, STR("version"), snapshot->version);
    json_member_string(&writer, STR("publishedAt"), str_of(published));
    json_object_end(&writer);
    buf_append(&buf, STR("\n\n"));
    return shared_body_make(&buf);
}

static const struct stream_kind kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"
                   "Cache-Control: no-cache\r\n"
                   "X-Accel-Buffering: no\r\n"),
    .heartbeat = STR(": ping\n\n"),
    .heartbeat_ms = HEARTBEAT_MS,
    .render = render,
    .retry_ms = RETRY_MS,
};

static void refuse(struct exchange *x, struct fault fault)
{
    if (fault.kind == FAULT_LIMIT) /* not of what is asked for, but of how much */
        problem_answer(x, problem_find(STR("rate_limited")), fault, STR("Retry-After: 15\r\n"), 0);
    else
        admin_refuse(x, fault, 0, (struct str){0});
}

void admin_follow_environment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    const struct stream_request stream = {
        .kind = &kind,
        .environment = environment->number,
        .credential_id = x->caller->credential_id,
    };
    struct fault fault = stream_open(x->services->streams, x->request, &stream);
    x->is_streaming = !failed(fault);
    if (failed(fault))
        refuse(x, fault);
}
