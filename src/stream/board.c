/* SPDX-License-Identifier: Apache-2.0 */
/* board - the streams of one event loop: see board.h. */
#include "stream/board.h"

#include <assert.h>

#include "base/memory.h"

enum {
    SLICE = 32,             /* streams dealt with before others on the loop get their turn */
    LOOK_EVERY_MS = 50,     /* changes closer to each other than this are taken together, … */
    SENDS_PER_WAIT_MS = 64, /* … and as long as so many sends took a millisecond: a loop spends a
                               minor part of its time on news, however fast it comes */
    CHECK_EVERY_MS = 500,
    DRAIN_STEP_MS = 20,
    SECOND_MS = 1000,
};

/* ---- the wheel ------------------------------------------------------------------------------ */

void board_set_beat(struct board *board, struct stream *stream)
{
    int64_t second = (stream->sent_ms + stream->topic->kind->heartbeat_ms) / SECOND_MS;
    if (second > stream->ends_ms / SECOND_MS)
        second = stream->ends_ms / SECOND_MS;
    int64_t most = board->wheel_second + WHEEL_SECONDS - 1;
    if (second <= board->wheel_second)
        second = board->wheel_second + 1;
    ring_append(&board->wheel[(second < most ? second : most) % WHEEL_SECONDS], &stream->beat);
}

/* ---- one stream ----------------------------------------------------------------------------- */

static struct ring *list_for(struct topic *topic, enum stream_place place)
{
    switch (place) {
    case STREAM_CURRENT:
        return &topic->current;
    case STREAM_DUE:
        return &topic->due;
    case STREAM_SLOW:
        return &topic->slow;
    case STREAM_LEAVING:
        return &topic->leaving;
    case STREAM_ENDED:
        break;
    }
    return NULL;
}

static void put(struct stream *stream, enum stream_place place)
{
    struct board *board = stream->topic->board;
    bool was_due = stream->place == STREAM_DUE || stream->place == STREAM_LEAVING;
    bool is_due = place == STREAM_DUE || place == STREAM_LEAVING;
    board->due_count -= was_due;
    board->due_count += is_due;
    stream->place = (uint8_t)place;
    struct ring *list = list_for(stream->topic, place);
    if (list != NULL)
        ring_append(list, &stream->link);
    else
        ring_remove(&stream->link);
}

void stream_send(struct stream *stream, struct str bytes, struct shared_body *body, uint64_t news)
{
    stream->news = news;
    stream->revision = stream->topic->revision;
    stream->sent_ms = board_now_ms(stream->topic->board);
    stream->looked_ms = stream->sent_ms;
    http_stream_send(stream->http, bytes, body, body == NULL ? NULL : shared_body_release);
    stream->unsent_bytes = http_stream_unsent_bytes(stream->http);
    put(stream, stream->unsent_bytes > 0 ? STREAM_SLOW : STREAM_CURRENT);
}

void stream_hand_over(struct stream *stream, struct shared_body *body, uint64_t news)
{
    counter_raise(&stream->topic->board->counters.sent, 1);
    shared_body_acquire(body);
    stream_send(stream, body->body, body, news);
}

/* The topic's body, unless the stream had the same last. */
static void deliver(struct stream *stream)
{
    struct topic *topic = stream->topic;
    uint32_t behind = topic->revision - stream->revision;
    assert(behind > 0);
    counter_raise(&topic->board->counters.skipped, behind - 1);
    if (stream->news != topic->news) {
        stream_hand_over(stream, topic->body, topic->news);
        return;
    }
    stream->revision = topic->revision;
    put(stream, STREAM_CURRENT);
}

static void end(struct stream *stream)
{
    put(stream, STREAM_ENDED);
    ring_remove(&stream->beat);
    http_stream_end(stream->http);
}

static void cut(struct stream *stream)
{
    counter_raise(&stream->topic->board->counters.cut, 1);
    put(stream, STREAM_ENDED);
    ring_remove(&stream->beat);
    http_stream_cut(stream->http);
}

static void on_drained(struct http_stream *http, void *user)
{
    (void)http;
    struct stream *stream = user;
    if (stream->place != STREAM_SLOW)
        return;
    if (stream->revision == stream->topic->revision)
        put(stream, STREAM_CURRENT);
    else
        deliver(stream);
}

static void on_close(struct http_stream *http, void *user)
{
    (void)http;
    struct stream *stream = user;
    struct topic *topic = stream->topic;
    struct board *board = topic->board;
    put(stream, STREAM_ENDED);
    ring_remove(&stream->beat);
    memory_free(stream);
    account_leave(topic->account);
    topic->stream_count--;
    board->stream_count--;
    atomic_fetch_sub(&board->hub->open, 1);
    topic_drop_if_empty(topic);
    if (board->stream_count == 0 && board->catalog != NULL) { /* do not keep it alive for nobody */
        catalog_release(board->catalog);
        board->catalog = NULL;
    }
}

const struct http_stream_events stream_events = {on_close, on_drained};

/* ---- the loop's turns ----------------------------------------------------------------------- */

/* A moment has come, or the clock was put back and moments may come again. */
static bool is_another_time(const struct board *board, int64_t wall_ms)
{
    return wall_ms >= board->next_moment_ms || wall_ms < board->looked_wall_ms;
}

/* Something was published that has not been looked at, or it is another time. */
static bool has_cause(const struct board *board)
{
    return board->generation != view_generation(board->hub->views) ||
           is_another_time(board, clock_wall_ms(board->hub->clock));
}

static void look(struct board *board, int64_t now_ms)
{
    if (board->due_count > 0 || now_ms < board->next_look_ms || !has_cause(board))
        return;
    struct view *view = view_acquire(board->hub->views);
    board->generation = view->generation;
    if (topics_look(board, view))
        board->next_look_ms = now_ms + LOOK_EVERY_MS;
    view_release(view);
}

/* Works off what is to be done in a topic; returns what is left of the budget. */
static size_t work_off(struct topic *topic, size_t budget)
{
    for (; budget > 0 && !ring_is_empty(&topic->leaving); budget--)
        end(stream_of_link(topic->leaving.next));
    for (; budget > 0 && !ring_is_empty(&topic->due); budget--) {
        deliver(stream_of_link(topic->due.next));
        topic->board->sent_in_round++;
    }
    return budget;
}

static size_t work(struct board *board, size_t budget)
{
    for (size_t i = 0; i < TOPIC_LISTS && board->due_count > 0 && budget > 0; i++) {
        for (struct topic *topic = board->topics[i]; topic != NULL; topic = topic->next)
            budget = work_off(topic, budget);
    }
    return budget;
}

static void beat(struct board *board, struct stream *stream, int64_t now_ms)
{
    const struct stream_kind *kind = stream->topic->kind;
    if (stream->ends_ms / SECOND_MS <= now_ms / SECOND_MS) {
        counter_raise(&board->counters.aged, 1);
        end(stream);
        return;
    }
    bool is_silent = (stream->sent_ms + kind->heartbeat_ms) / SECOND_MS <= now_ms / SECOND_MS;
    /* Who has bytes waiting hears something anyway, or nothing whatever is sent. */
    if (is_silent && stream->place == STREAM_SLOW) {
        stream->sent_ms = now_ms;
    } else if (is_silent) {
        counter_raise(&board->counters.heartbeats, 1);
        http_stream_send(stream->http, kind->heartbeat, NULL, NULL);
        stream->sent_ms = now_ms;
        stream->looked_ms = now_ms;
        stream->unsent_bytes = http_stream_unsent_bytes(stream->http);
        if (stream->unsent_bytes > 0 && stream->place == STREAM_CURRENT)
            put(stream, STREAM_SLOW);
    }
    board_set_beat(board, stream);
}

static size_t turn_wheel(struct board *board, int64_t now_ms, size_t budget)
{
    int64_t second = now_ms / SECOND_MS;
    if (second - board->wheel_second > WHEEL_SECONDS) /* once around is all there is */
        board->wheel_second = second - WHEEL_SECONDS;
    while (board->wheel_second < second) {
        struct ring *slot = &board->wheel[(board->wheel_second + 1) % WHEEL_SECONDS];
        for (; !ring_is_empty(slot); budget--) {
            if (budget == 0)
                return 0;
            board->wheel_second++; /* so that nobody is put back into this slot */
            beat(board, RING_MEMBER(slot->next, struct stream, beat), now_ms);
            board->wheel_second--;
        }
        board->wheel_second++;
    }
    return budget;
}

static size_t check_slow(struct topic *topic, int64_t now_ms)
{
    const struct stream_limits *limits = &topic->board->hub->limits;
    size_t sum = 0;
    for (struct ring *link = topic->slow.next; link != &topic->slow;) {
        struct stream *stream = stream_of_link(link);
        link = link->next;
        size_t unsent = http_stream_unsent_bytes(stream->http);
        sum += unsent;
        if (unsent == 0 || now_ms - stream->looked_ms < limits->stalled_ms)
            continue;
        size_t taken = stream->unsent_bytes > unsent ? stream->unsent_bytes - unsent : 0;
        if (taken < limits->unsent_bytes_max) {
            cut(stream);
            continue;
        }
        stream->unsent_bytes = unsent;
        stream->looked_ms = now_ms;
    }
    return sum;
}

static void check(struct board *board, int64_t now_ms)
{
    if (now_ms < board->next_check_ms)
        return;
    board->next_check_ms = now_ms + CHECK_EVERY_MS;
    size_t unsent = 0;
    for (size_t i = 0; i < TOPIC_LISTS; i++) {
        for (struct topic *topic = board->topics[i]; topic != NULL; topic = topic->next)
            unsent += check_slow(topic, now_ms);
    }
    atomic_store_explicit(&board->counters.unsent_bytes, unsent, memory_order_relaxed);
}

/* Until the next look: when its moment has come, and the pause since the last one is over. A moment
 * that is further away is seen in one of the turns that come every second. */
static int64_t wait_of(const struct board *board, int64_t now_ms)
{
    int64_t pause_ms = now_ms < board->next_look_ms ? board->next_look_ms - now_ms : 0;
    if (board->generation != view_generation(board->hub->views))
        return pause_ms;
    int64_t wall_ms = clock_wall_ms(board->hub->clock);
    if (is_another_time(board, wall_ms))
        return pause_ms;
    int64_t moment_ms = board->next_moment_ms - wall_ms;
    return moment_ms > pause_ms ? moment_ms : pause_ms;
}

/* What is left to do comes next; what has come meanwhile, when its time is there. */
static void plan(struct board *board, int64_t now_ms, size_t budget)
{
    if (board->due_count == 0 && board->sent_in_round > 0) {
        board->next_look_ms =
            now_ms + LOOK_EVERY_MS + (int64_t)(board->sent_in_round / SENDS_PER_WAIT_MS);
        board->sent_in_round = 0;
    }
    int64_t wait_ms = board->due_count > 0 || budget == 0 ? 0 : wait_of(board, now_ms);
    if (wait_ms <= SECOND_MS)
        http_wake_after(board->loop, (uint32_t)wait_ms);
}

/* ---- going ---------------------------------------------------------------------------------- */

/* Ends up to `count` streams, whatever they were about to do; returns how many. */
static size_t end_some(struct topic *topic, size_t count)
{
    struct ring *lists[] = {&topic->leaving, &topic->due, &topic->current, &topic->slow};
    size_t ended = 0;
    for (size_t i = 0; i < COUNT_OF(lists); i++) {
        for (; ended < count && !ring_is_empty(lists[i]); ended++)
            end(stream_of_link(lists[i]->next));
    }
    return ended;
}

/* Clients come back at once, to somebody else: not all in the same moment. */
static void drain(struct board *board, int64_t now_ms)
{
    uint32_t spread_ms = board->hub->limits.close_spread_ms;
    if (!board->is_draining) {
        board->is_draining = true;
        board->drain_began_ms = now_ms;
        board->drain_total = board->stream_count;
    }
    int64_t elapsed_ms = now_ms - board->drain_began_ms + DRAIN_STEP_MS;
    size_t due = elapsed_ms >= spread_ms
                     ? SIZE_MAX
                     : (size_t)((uint64_t)elapsed_ms * board->drain_total / spread_ms) + 1;
    size_t wanted = due > board->drain_ended ? due - board->drain_ended : 0;
    size_t left = wanted < SLICE ? wanted : SLICE;
    for (size_t i = 0; i < TOPIC_LISTS; i++) {
        for (struct topic *topic = board->topics[i]; topic != NULL; topic = topic->next) {
            size_t ended = end_some(topic, left);
            left -= ended;
            board->drain_ended += ended;
        }
    }
    if (board->stream_count > 0)
        http_wake_after(board->loop, wanted > SLICE && left == 0 ? 0 : DRAIN_STEP_MS);
}

void board_wake(struct board *board, bool is_draining)
{
    int64_t now_ms = board_now_ms(board);
    if (is_draining) {
        drain(board, now_ms);
        return;
    }
    if (board->stream_count == 0)
        return;
    look(board, now_ms);
    check(board, now_ms);
    size_t budget = work(board, SLICE);
    budget = turn_wheel(board, now_ms, budget);
    plan(board, now_ms, budget);
}

struct board *board_open(struct stream_hub *hub, struct http_loop *loop)
{
    struct board *board = MEMORY_NEW(struct board);
    board->hub = hub;
    board->loop = loop;
    board->wheel_second = clock_monotonic_ms(hub->clock) / SECOND_MS;
    board->next_moment_ms = INT64_MAX;
    board->looked_wall_ms = INT64_MIN;
    for (size_t i = 0; i < WHEEL_SECONDS; i++)
        ring_open(&board->wheel[i]);
    return board;
}

void board_close(struct board *board)
{
    assert(board->stream_count == 0);
    if (board->catalog != NULL)
        catalog_release(board->catalog);
    memory_free(board);
}
