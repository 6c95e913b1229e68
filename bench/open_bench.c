/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open_bench - how long answers take when questions come by the clock and not by the answers.
 *
 *     open_bench PORT SECONDS REQUESTS_PER_SECOND REQUEST_FILE
 *
 * Question n is due n / REQUESTS_PER_SECOND seconds after the start, whether or not those before it
 * were answered, and goes out on whichever of CONNECTIONS is free; its latency counts from when it
 * was due. A server that pauses is charged for every question that fell into the pause. Prints
 * `N answers of M, p50 US us, p99 US us, p99.9 US us, max US us`. An answer that is no 200 or 304
 * ends the run as a failure.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>

#include "client.h"

enum {
    CONNECTIONS = 64,
    SECONDS_MAX = 60,
    ANSWERS_MAX = 12 * 1000 * 1000,
    REQUEST_BYTES_MAX = 64 * 1024,
    PATIENCE_US = 2000000, /* how long stragglers are waited for */
};

struct lane {
    struct client client;
    size_t size, whole; /* of the answer that comes in */
    int64_t due_us;
    bool is_busy;
};

struct run {
    const char *request;
    size_t request_bytes;
    struct lane lanes[CONNECTIONS];
    int poll;
    int64_t began_us;
    double rate;
    size_t total, sent, answered;
    uint32_t *latencies_us; /* total of them */
};

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "open_bench: %.300s\n", why);
    exit(1);
}

static int64_t question_due_us(const struct run *run, size_t question)
{
    return run->began_us + (int64_t)((double)question / run->rate * 1e6);
}

static struct lane *lane_free(struct run *run)
{
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (!run->lanes[i].is_busy)
            return &run->lanes[i];
    }
    return NULL;
}

static void lane_connect(struct run *run, struct lane *lane)
{
    if (!client_connect(&lane->client))
        give_up("no connection");
    fcntl(lane->client.socket, F_SETFL, O_NONBLOCK);
    struct epoll_event wanted = {.events = EPOLLIN, .data.ptr = lane};
    if (epoll_ctl(run->poll, EPOLL_CTL_ADD, lane->client.socket, &wanted) != 0)
        give_up("epoll");
}

static void send_due(struct run *run)
{
    int64_t now_us = client_now_us();
    while (run->sent < run->total && question_due_us(run, run->sent) <= now_us) {
        struct lane *lane = lane_free(run);
        if (lane == NULL)
            return;
        lane->due_us = question_due_us(run, run->sent++);
        lane->size = lane->whole = 0;
        lane->is_busy = true;
        if (!client_send(&lane->client, run->request, run->request_bytes))
            give_up("a question was not taken");
    }
}

static void lane_conclude(struct run *run, struct lane *lane)
{
    const char *answer = lane->client.answer;
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0 && strncmp(answer, "HTTP/1.1 304 ", 13) != 0)
        give_up(answer);
    run->latencies_us[run->answered++] = (uint32_t)(client_now_us() - lane->due_us);
    lane->is_busy = false;
    *strstr(lane->client.answer, "\r\n\r\n") = '\0';
    if (strcasestr(answer, "\r\nconnection: close") != NULL)
        lane_connect(run, lane); /* the old socket is closed, and so no longer polled */
}

static void lane_read(struct run *run, struct lane *lane)
{
    struct client *client = &lane->client;
    ssize_t got =
        recv(client->socket, client->answer + lane->size, CLIENT_ANSWER_BYTES - 1 - lane->size, 0);
    if (got < 0 && errno == EAGAIN)
        return;
    if (got <= 0)
        give_up("a connection ended");
    lane->size += (size_t)got;
    client->answer[lane->size] = '\0';
    if (lane->whole == 0)
        lane->whole = client_answer_bytes(client->answer);
    if (lane->whole > 0 && lane->size >= lane->whole)
        lane_conclude(run, lane);
}

static void wait_for_events(struct run *run)
{
    struct epoll_event events[CONNECTIONS];
    int64_t wait_us = 1000000;
    if (run->sent < run->total && lane_free(run) != NULL)
        wait_us = question_due_us(run, run->sent) - client_now_us();
    wait_us = wait_us < 0 ? 0 : wait_us;
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    int count = epoll_pwait2(run->poll, events, CONNECTIONS, &wait, NULL);
    for (int i = 0; i < count; i++)
        lane_read(run, events[i].data.ptr);
}

static void report(struct run *run)
{
    if (run->answered == 0)
        give_up("no answer");
    size_t count = run->answered;
    uint32_t *all = run->latencies_us;
    qsort(all, count, sizeof(*all), client_compare_u32);
    printf("%zu answers of %zu, p50 %u us, p99 %u us, p99.9 %u us, max %u us\n", count, run->total,
           all[count / 2], all[count * 99 / 100], all[count * 999 / 1000], all[count - 1]);
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

int main(int argc, char **argv)
{
    static struct run run;
    static char request[REQUEST_BYTES_MAX];
    if (argc != 5)
        give_up("usage: open_bench PORT SECONDS REQUESTS_PER_SECOND REQUEST_FILE");
    double seconds = strtod(argv[2], NULL);
    run.rate = strtod(argv[3], NULL);
    if (seconds <= 0 || seconds > SECONDS_MAX || run.rate < 1 || run.rate * seconds > ANSWERS_MAX)
        give_up("up to a minute, at least one a second");
    run.total = (size_t)(run.rate * seconds);
    run.latencies_us = calloc(run.total + 1, sizeof(uint32_t));
    run.poll = epoll_create1(EPOLL_CLOEXEC);
    if (run.latencies_us == NULL || run.poll < 0)
        abort();
    run.request = request;
    run.request_bytes = request_read(argv[4], request);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        if (!client_open(&run.lanes[i].client, (uint16_t)strtoul(argv[1], NULL, 10)))
            give_up("no connection");
        lane_connect(&run, &run.lanes[i]);
    }
    run.began_us = client_now_us();
    int64_t until_us = run.began_us + (int64_t)(seconds * 1e6) + PATIENCE_US;
    while (run.answered < run.total && client_now_us() < until_us) {
        send_due(&run);
        wait_for_events(&run);
    }
    report(&run);
    for (size_t i = 0; i < CONNECTIONS; i++)
        client_close(&run.lanes[i].client);
    free(run.latencies_us);
    return 0;
}
