/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - the array of flag configurations, again after each change. amplitude-evaluation.md 5.
 *
 * A keep-alive is a message of exactly one space: SDKs strip one blank behind the colon and ignore
 * what is then empty, so two are sent; comment lines do not count as a sign of life.
 */
#include "stream/stream.h"

#include "dialect/amplitude/evaluate.h"
#include "dialect/amplitude/flags.h"

enum { HEARTBEAT_MS = 15000 }; /* SDKs give up after 17 s of silence */

static struct shared_body *render(const struct view *view, const struct snapshot *snapshot,
                                  uint64_t channel, int64_t now_ms)
{
    (void)now_ms;
    const struct catalog_deployment *deployment = catalog_find_deployment(view->catalog, channel);
    if (deployment == NULL || deployment->is_archived)
        return NULL;
    struct shared_body *body = flags_body(snapshot, channel, FLAGS_STREAM);
    shared_body_acquire(body);
    return body;
}

static const struct stream_kind kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"
                   "Cache-Control: no-cache\r\n"
                   "X-Accel-Buffering: no\r\n"
                   "Access-Control-Allow-Origin: *\r\n"),
    .heartbeat = STR("data:  \n\n"),
    .heartbeat_ms = HEARTBEAT_MS,
    .render = render,
};

void amplitude_stream_flags(struct exchange *x)
{
    const struct stream_request stream = {
        .kind = &kind,
        .environment = x->caller->environment,
        .channel = x->caller->deployment,
        .credential_id = x->caller->credential_id,
    };
    struct fault fault = stream_open(x->services->streams, x->request, &stream);
    x->is_streaming = !failed(fault);
    if (failed(fault)) /* too many of one key are its owner's to have fewer of: no 503 */
        amplitude_refuse_evaluation(x, fault, fault.kind == FAULT_LIMIT ? 429 : 0, (struct str){0});
}
