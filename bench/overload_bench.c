/* SPDX-License-Identifier: Apache-2.0 */
/*
 * overload_bench - more questions by the clock than a server can answer.
 *
 *     overload_bench PORT SECONDS REQUESTS_PER_SECOND CONNECTIONS REQUEST_FILE
 *
 * Questions come by the clock. Each goes out at once on a connection that is free, the one that has
 * been free for longest; when none is, the caller's own pool is exhausted and the question is
 * counted as unsent. Nobody waits as a Retry-After asks: the worst callers there are. With 0
 * requests a second every connection asks again as soon as it is answered, which finds the
 * capacity. Prints one line of JSON. Connections that break are opened again and counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include "client.h"

enum {
    CONNECTIONS_MAX = 8000,
    SECONDS_MAX = 60,
    REQUEST_BYTES_MAX = 64 * 1024,
    HEAD_BYTES_MAX = 2048,
    EVENTS_PER_TURN = 512,
    GOOD_US = 50000, /* an answer that comes later is of no use */
    LATENCIES_MAX = 8 * 1000 * 1000,
    PATIENCE_US = 1000000, /* how long stragglers are waited for */
};

struct lane {
    int socket;
    int64_t sent_us;
    size_t head_bytes, body_bytes_left;
    struct lane *next_free;
    bool is_busy, has_head, closes;
    char status[4];
    char head[HEAD_BYTES_MAX];
};

struct counts {
    size_t asked, sent, unsent, good, late, shed, other, broken;
};

struct run {
    uint16_t port;
    const char *request;
    size_t request_bytes;
    struct lane *lanes;
    struct lane *free_first, *free_last;
    int poll;
    int64_t began_us, ends_us;
    double rate; /* 0: as fast as they are answered */
    struct counts counts;
    uint32_t *latencies_us; /* of the answers that are a 200 */
    size_t latency_count;
};

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "overload_bench: %.300s\n", why);
    exit(1);
}

static void lane_release(struct run *run, struct lane *lane)
{
    lane->is_busy = false;
    lane->next_free = NULL;
    if (run->free_last != NULL)
        run->free_last->next_free = lane;
    else
        run->free_first = lane;
    run->free_last = lane;
}

static struct lane *lane_take(struct run *run)
{
    struct lane *lane = run->free_first;
    if (lane == NULL)
        return NULL;
    run->free_first = lane->next_free;
    if (run->free_first == NULL)
        run->free_last = NULL;
    return lane;
}

static void lane_connect(struct run *run, struct lane *lane)
{
    struct client client = {.port = run->port, .socket = lane->socket};
    if (!client_connect(&client))
        give_up("no connection");
    lane->socket = client.socket;
    fcntl(lane->socket, F_SETFL, O_NONBLOCK);
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = lane};
    if (epoll_ctl(run->poll, EPOLL_CTL_ADD, lane->socket, &wanted) != 0)
        give_up("epoll");
}

static void lane_ask(struct run *run, struct lane *lane)
{
    lane->is_busy = true;
    lane->has_head = lane->closes = false;
    lane->head_bytes = lane->body_bytes_left = 0;
    lane->sent_us = client_now_us();
    run->counts.sent++;
    ssize_t sent = send(lane->socket, run->request, run->request_bytes, MSG_NOSIGNAL);
    if (sent == (ssize_t)run->request_bytes)
        return;
    run->counts.broken++;
    lane_connect(run, lane);
    lane_release(run, lane);
}

static void ask_due(struct run *run)
{
    int64_t now_us = client_now_us();
    if (run->rate == 0 && now_us < run->ends_us) {
        for (struct lane *lane = lane_take(run); lane != NULL; lane = lane_take(run)) {
            run->counts.asked++;
            lane_ask(run, lane);
        }
        return;
    }
    int64_t until_us = now_us < run->ends_us ? now_us : run->ends_us;
    size_t due = (size_t)((double)(until_us - run->began_us) * run->rate / 1e6);
    while (run->counts.asked < due) {
        struct lane *lane = lane_take(run);
        if (lane == NULL) {
            run->counts.unsent += due - run->counts.asked;
            run->counts.asked = due;
            return;
        }
        run->counts.asked++;
        lane_ask(run, lane);
    }
}

static void lane_conclude(struct run *run, struct lane *lane)
{
    int64_t latency_us = client_now_us() - lane->sent_us;
    if (strcmp(lane->status, "200") == 0) {
        if (latency_us <= GOOD_US)
            run->counts.good++;
        else
            run->counts.late++;
        if (run->latency_count < LATENCIES_MAX)
            run->latencies_us[run->latency_count++] = (uint32_t)latency_us;
    } else if (strcmp(lane->status, "503") == 0 || strcmp(lane->status, "429") == 0) {
        run->counts.shed++;
    } else {
        run->counts.other++;
    }
    if (lane->closes)
        lane_connect(run, lane);
    lane_release(run, lane);
}

/* The head is whole, or not yet. */
static void lane_read_head(struct lane *lane)
{
    lane->head[lane->head_bytes] = '\0';
    size_t whole = client_answer_bytes(lane->head);
    if (whole == 0)
        return;
    memcpy(lane->status, lane->head + strlen("HTTP/1.1 "), 3);
    lane->has_head = true;
    lane->body_bytes_left = whole > lane->head_bytes ? whole - lane->head_bytes : 0;
    *strstr(lane->head, "\r\n\r\n") = '\0';
    lane->closes = strcasestr(lane->head, "\r\nconnection: close") != NULL;
}

static ssize_t lane_receive(struct lane *lane)
{
    static char scratch[256 * 1024];
    if (lane->has_head) {
        ssize_t got = recv(lane->socket, scratch, sizeof(scratch), 0);
        if (got > 0)
            lane->body_bytes_left -= (size_t)got;
        return got;
    }
    ssize_t got =
        recv(lane->socket, lane->head + lane->head_bytes, HEAD_BYTES_MAX - 1 - lane->head_bytes, 0);
    if (got > 0) {
        lane->head_bytes += (size_t)got;
        lane_read_head(lane);
    }
    return got;
}

static void lane_read(struct run *run, struct lane *lane)
{
    ssize_t got = 1;
    while (got > 0 && !(lane->has_head && lane->body_bytes_left == 0))
        got = lane_receive(lane);
    if (got > 0) {
        lane_conclude(run, lane);
        return;
    }
    if (got < 0 && errno == EAGAIN)
        return;
    if (lane->is_busy)
        run->counts.broken++;
    lane_connect(run, lane);
    if (lane->is_busy)
        lane_release(run, lane);
}

static void turn(struct run *run)
{
    struct epoll_event events[EVENTS_PER_TURN];
    const struct timespec wait = {.tv_nsec = 200000};
    int count = epoll_pwait2(run->poll, events, EVENTS_PER_TURN, &wait, NULL);
    for (int i = 0; i < count; i++) {
        lane_read(run, events[i].data.ptr);
        ask_due(run);
    }
    ask_due(run);
}

static bool is_anybody_busy(const struct run *run)
{
    return run->counts.sent > run->counts.good + run->counts.late + run->counts.shed +
                                  run->counts.other + run->counts.broken;
}

static void report(const struct run *run, double seconds)
{
    const struct counts *counts = &run->counts;
    size_t count = run->latency_count;
    uint32_t *all = run->latencies_us;
    if (count == 0)
        give_up("no answer");
    qsort(all, count, sizeof(*all), client_compare_u32);
    printf("{\"asked\": %zu, \"sent\": %zu, \"unsent\": %zu, \"good\": %zu, \"late\": %zu, "
           "\"shed\": %zu, \"other\": %zu, \"broken\": %zu, \"good_rps\": %.0f, \"p50_ms\": %.2f, "
           "\"p99_ms\": %.2f, \"longest_ms\": %.2f}\n",
           counts->asked, counts->sent, counts->unsent, counts->good, counts->late, counts->shed,
           counts->other, counts->broken, (double)counts->good / seconds, all[count / 2] / 1e3,
           all[count * 99 / 100] / 1e3, all[count - 1] / 1e3);
}

static size_t request_read(const char *path, char *request)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        give_up(path);
    size_t size = fread(request, 1, REQUEST_BYTES_MAX, file);
    fclose(file);
    return size;
}

static void lanes_open(struct run *run, size_t count)
{
    run->lanes = calloc(count, sizeof(struct lane));
    run->latencies_us = calloc(LATENCIES_MAX, sizeof(uint32_t));
    run->poll = epoll_create1(EPOLL_CLOEXEC);
    if (run->lanes == NULL || run->latencies_us == NULL || run->poll < 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        run->lanes[i].socket = -1;
        lane_connect(run, &run->lanes[i]);
        lane_release(run, &run->lanes[i]);
    }
}

int main(int argc, char **argv)
{
    static struct run run;
    static char request[REQUEST_BYTES_MAX];
    if (argc != 6)
        give_up("usage: overload_bench PORT SECONDS REQUESTS_PER_SECOND CONNECTIONS REQUEST_FILE");
    double seconds = strtod(argv[2], NULL);
    size_t connections = strtoul(argv[4], NULL, 10);
    run.port = (uint16_t)strtoul(argv[1], NULL, 10);
    run.rate = strtod(argv[3], NULL);
    if (seconds <= 0 || seconds > SECONDS_MAX || run.rate < 0 || connections == 0 ||
        connections > CONNECTIONS_MAX)
        give_up("up to a minute and 8000 connections");
    run.request = request;
    run.request_bytes = request_read(argv[5], request);
    lanes_open(&run, connections);
    run.began_us = client_now_us();
    run.ends_us = run.began_us + (int64_t)(seconds * 1e6);
    while (client_now_us() < run.ends_us ||
           (is_anybody_busy(&run) && client_now_us() < run.ends_us + PATIENCE_US))
        turn(&run);
    report(&run, seconds);
    for (size_t i = 0; i < connections; i++)
        close(run.lanes[i].socket);
    free(run.lanes);
    free(run.latencies_us);
    return 0;
}
