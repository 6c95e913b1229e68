/* SPDX-License-Identifier: Apache-2.0 */
/* welcome - a stream begins: whether there is room for it, and what it hears first. See board.h. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/random.h"
#include "stream/board.h"
#include "stream/event.h"

/* Clients that came together shall not come back together. */
struct draws {
    uint32_t age, retry;
};

/* 20 % more or less. */
static int64_t end_of(const struct board *board, uint32_t drawn)
{
    uint32_t age_ms = board->hub->limits.age_ms;
    if (age_ms == 0)
        return INT64_MAX;
    int64_t fifth_ms = age_ms / 5;
    return board_now_ms(board) + age_ms - fifth_ms + drawn % (2 * fifth_ms + 1);
}

static struct stream *make_stream(struct topic *topic, uint32_t drawn)
{
    struct stream *stream = MEMORY_NEW(struct stream);
    ring_open(&stream->link);
    ring_open(&stream->beat);
    stream->topic = topic;
    stream->place = STREAM_ENDED;
    stream->ends_ms = end_of(topic->board, drawn);
    return stream;
}

/* How long to wait before it comes back, and the body unless it has had that: what is small in one
 * piece. */
static void greet(struct stream *stream, struct shared_body *body, bool has_had_it, uint32_t drawn)
{
    enum { RETRY_BYTES_MAX = 24, TOGETHER_BYTES_MAX = 1024 };
    uint32_t retry_ms = stream->topic->kind->retry_ms;
    char text[RETRY_BYTES_MAX + TOGETHER_BYTES_MAX];
    int size = 0;
    if (retry_ms > 0)
        size = snprintf(text, RETRY_BYTES_MAX, "retry: %u\n\n",
                        retry_ms - retry_ms / 2 + drawn % (retry_ms + 1));
    bool is_together = !has_had_it && size > 0 && body->body.size <= TOGETHER_BYTES_MAX;
    if (is_together)
        memcpy(text + size, body->body.data, body->body.size);
    struct str bytes = {text, (size_t)size + (is_together ? body->body.size : 0)};
    counter_raise(&stream->topic->board->counters.sent, is_together);
    stream_send(stream, bytes, NULL, event_news(body));
    if (!has_had_it && !is_together)
        stream_hand_over(stream, body, event_news(body));
}

/* Counts it for its credential, and as one of this second's; what is refused is not counted. */
static struct fault admit(struct board *board, struct topic *topic)
{
    struct stream_hub *hub = board->hub;
    struct fault fault = fault_none();
    if (!account_enter(topic->account, hub->limits.streams_per_credential_max)) {
        fault = fault_make(FAULT_LIMIT, STR("stream"), STR("this credential has too many streams"));
    } else if (!pace_admit(&hub->pace, board_now_ms(board))) {
        account_leave(topic->account);
        fault = fault_make(FAULT_UNAVAILABLE, STR("stream"), STR("streams begin too fast"));
    }
    if (failed(fault)) {
        counter_raise(&board->counters.refused, 1);
        topic_drop_if_empty(topic);
    }
    return fault;
}

/* What the client says it had last is the event that it would get first. */
static bool has_had(const struct http_request *request, const struct shared_body *body)
{
    struct str last = http_header(request, STR("last-event-id"));
    return !str_is_empty(last) && str_equal(last, event_id(body->body));
}

static void begin(struct topic *topic, struct http_request *request, struct shared_body *body)
{
    struct board *board = topic->board;
    struct draws draws;
    random_fill(&draws, sizeof(draws));
    bool has_had_it = has_had(request, body);
    struct stream *stream = make_stream(topic, draws.age);
    stream->http = http_stream_begin(request, 200, topic->kind->headers, &stream_events, stream);
    if (stream->http == NULL) { /* nobody is there any more, and that is no fault */
        memory_free(stream);
        account_leave(topic->account);
        topic_drop_if_empty(topic);
        atomic_fetch_sub(&board->hub->open, 1);
        return;
    }
    topic->stream_count++;
    board->stream_count++;
    counter_raise(&board->counters.opened, 1);
    greet(stream, body, has_had_it, draws.retry);
    board_set_beat(board, stream);
}

struct fault board_add(struct board *board, struct http_request *request,
                       const struct stream_request *wanted, struct view *view)
{
    struct topic *topic = NULL;
    struct shared_body *body = NULL;
    struct fault fault = topic_take(board, wanted, view, &topic, &body);
    if (failed(fault))
        return fault;
    fault = admit(board, topic);
    if (!failed(fault))
        begin(topic, request, body);
    shared_body_release(body);
    return fault;
}
