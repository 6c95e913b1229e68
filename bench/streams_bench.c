/* SPDX-License-Identifier: Apache-2.0 */
/*
 * streams_bench - how soon those who follow hear of a change, and what their coming back costs
 * others.
 *
 *     streams_bench PORT STREAMS CHANGES ROUNDS TOKEN FLAG_ID KEY FLAG_KEY USER ADDRESS...
 *
 * Opens STREAMS event streams at the ADDRESSes (paths, taken in turn), waits until each has its
 * first event, and prints `open`; a line on stdin lets it go on. CHANGES times it changes FLAG_ID
 * through the management API that TOKEN opens and waits until all have heard. ROUNDS times it then
 * drops all streams and opens them again at once, while a thread asks every READ_EVERY_US for one
 * evaluation of FLAG_KEY for USER with KEY; a latency counts from when the question was due.
 *
 * One line per measurement, times in microseconds:
 *     change last US median US commit US        from the change's sending to the last stream, to
 * half of them, and to its own answer reconnect US evaluations N p50 US p99 US max US
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/epoll.h>

#include "client.h"

enum {
    READ_EVERY_US = 2000,
    READS_MAX = 30000,
    REQUEST_BYTES = 4096,
    PATIENCE_MS = 20000,
    BETWEEN_CHANGES_US = 400000, /* beyond the time in which changes are taken together */
    SETTLE_US = 1500000,
};

struct plan {
    uint16_t port;
    size_t stream_count;
    int change_count, round_count;
    const char *token, *flag_id, *key, *flag_key, *user;
    char **addresses;
    size_t address_count;
};

struct stream {
    int socket;
    bool has_asked;
    uint8_t matched; /* bytes of "data:" seen so far */
    uint32_t event_count;
};

struct crowd {
    const struct plan *plan;
    struct stream *streams;
    int epoll;
    uint32_t wanted;    /* events of each stream */
    size_t heard_count; /* streams that have them */
    int64_t half_us;    /* when half of them had */
};

static void fail(const char *what)
{
    fprintf(stderr, "streams_bench: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- streams ----------------------------------------------------------------------------------
 */

/* Each round comes from another address, so that ports of the one before are no matter. */
static void stream_open(struct crowd *crowd, size_t index, int round)
{
    struct stream *stream = &crowd->streams[index];
    struct sockaddr_in from = {.sin_family = AF_INET};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(crowd->plan->port)};
    struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.u64 = index};
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (uint32_t)round);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    *stream = (struct stream){.socket = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    if (stream->socket < 0)
        fail("socket");
    if (bind(stream->socket, (struct sockaddr *)&from, sizeof(from)) != 0)
        fail("bind");
    if (connect(stream->socket, (struct sockaddr *)&to, sizeof(to)) != 0 && errno != EINPROGRESS)
        fail("connect");
    if (epoll_ctl(crowd->epoll, EPOLL_CTL_ADD, stream->socket, &event) != 0)
        fail("epoll_ctl");
}

static void stream_ask(const struct crowd *crowd, size_t index)
{
    struct stream *stream = &crowd->streams[index];
    const struct plan *plan = crowd->plan;
    char request[REQUEST_BYTES];
    int size = snprintf(request, sizeof(request),
                        "GET %s HTTP/1.1\r\nHost: localhost\r\nAccept: text/event-stream\r\n"
                        "Cache-Control: no-cache\r\n\r\n",
                        plan->addresses[index % plan->address_count]);
    ssize_t sent = send(stream->socket, request, (size_t)size, MSG_NOSIGNAL);
    if (sent < 0 && (errno == EAGAIN || errno == ENOTCONN))
        return; /* not connected yet */
    if (sent != size)
        fail("send");
    stream->has_asked = true;
}

static void stream_take(struct crowd *crowd, struct stream *stream, const char *data, size_t size)
{
    static const char mark[] = "data:";
    for (size_t i = 0; i < size; i++) {
        stream->matched = data[i] == mark[stream->matched] ? (uint8_t)(stream->matched + 1)
                                                           : (uint8_t)(data[i] == mark[0]);
        if (stream->matched < sizeof(mark) - 1)
            continue;
        stream->matched = 0;
        if (++stream->event_count != crowd->wanted)
            continue;
        if (++crowd->heard_count == crowd->plan->stream_count / 2)
            crowd->half_us = client_now_us();
    }
}

static void stream_read(struct crowd *crowd, struct stream *stream)
{
    char data[4096];
    ssize_t size = recv(stream->socket, data, sizeof(data), 0);
    if (size < 0 && errno == EAGAIN)
        return;
    if (size <= 0)
        fail("a stream has ended");
    if (strncmp(data, "HTTP/1.1 ", 9) == 0 && strncmp(data, "HTTP/1.1 200 ", 13) != 0) {
        fprintf(stderr, "streams_bench: %.*s\n", (int)size, data);
        exit(1);
    }
    stream_take(crowd, stream, data, (size_t)size);
}

/* Until all have as many events as are wanted; how long it took since then. */
static int64_t crowd_wait(struct crowd *crowd, int64_t began_us)
{
    struct epoll_event events[512];
    while (crowd->heard_count < crowd->plan->stream_count) {
        int count = epoll_wait(crowd->epoll, events, 512, 1000);
        if (client_now_us() - began_us > PATIENCE_MS * 1000LL)
            fail("not all have heard");
        for (int i = 0; i < count; i++) {
            struct stream *stream = &crowd->streams[events[i].data.u64];
            if ((events[i].events & EPOLLOUT) != 0 && !stream->has_asked)
                stream_ask(crowd, events[i].data.u64);
            if ((events[i].events & EPOLLIN) != 0)
                stream_read(crowd, stream);
        }
    }
    return client_now_us() - began_us;
}

static void crowd_expect(struct crowd *crowd, uint32_t wanted)
{
    crowd->wanted = wanted;
    crowd->heard_count = 0;
}

static int64_t crowd_open(struct crowd *crowd, int round)
{
    int64_t began_us = client_now_us();
    crowd_expect(crowd, 1);
    for (size_t i = 0; i < crowd->plan->stream_count; i++) {
        stream_open(crowd, i, round);
        stream_ask(crowd, i);
    }
    return crowd_wait(crowd, began_us);
}

static void crowd_close(struct crowd *crowd)
{
    const struct linger at_once = {.l_onoff = 1};
    for (size_t i = 0; i < crowd->plan->stream_count; i++) {
        setsockopt(crowd->streams[i].socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        close(crowd->streams[i].socket);
    }
}

/* ---- changes ----------------------------------------------------------------------------------
 */

struct change {
    const struct plan *plan;
    struct client client;
    int percentage;
    int64_t answered_us;
    bool is_done;
};

static void *change_run(void *context)
{
    struct change *change = context;
    char body[64];
    char request[REQUEST_BYTES];
    int body_bytes = snprintf(body, sizeof(body), "{\"rolloutPercentage\":%d}", change->percentage);
    int size = snprintf(request, sizeof(request),
                        "PATCH /api/1/flags/%s HTTP/1.1\r\nHost: localhost\r\n"
                        "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %d\r\n\r\n%s",
                        change->plan->flag_id, change->plan->token, body_bytes, body);
    change->is_done = client_exchange(&change->client, request, (size_t)size);
    change->answered_us = client_now_us();
    return NULL;
}

static void measure_changes(struct crowd *crowd)
{
    struct change change = {.plan = crowd->plan};
    if (!client_open(&change.client, crowd->plan->port))
        fail("connect");
    for (int i = 0; i < crowd->plan->change_count; i++) {
        pthread_t thread;
        usleep(BETWEEN_CHANGES_US);
        crowd_expect(crowd, crowd->wanted + 1);
        change.percentage = i % 99 + 1;
        int64_t began_us = client_now_us();
        if (pthread_create(&thread, NULL, change_run, &change) != 0)
            abort();
        int64_t last_us = crowd_wait(crowd, began_us);
        pthread_join(thread, NULL);
        if (!change.is_done)
            exit(1);
        printf("change last %lld median %lld commit %lld\n", (long long)last_us,
               (long long)(crowd->half_us - began_us), (long long)(change.answered_us - began_us));
    }
    client_close(&change.client);
}

/* ---- coming back --------------------------------------------------------------------------------
 */

struct reader {
    const struct plan *plan;
    struct client client;
    _Atomic bool must_end;
    uint32_t *latencies_us; /* READS_MAX of them */
    size_t count;
    bool is_broken;
    pthread_t thread;
};

static void wait_until(int64_t due_us)
{
    struct timespec due = {.tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
        ;
}

static void *reader_run(void *context)
{
    struct reader *reader = context;
    const struct plan *plan = reader->plan;
    char request[REQUEST_BYTES];
    int size = snprintf(request, sizeof(request),
                        "POST /ofrep/v1/evaluate/flags/%s HTTP/1.1\r\nHost: localhost\r\n"
                        "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %zu\r\n\r\n%s",
                        plan->flag_key, plan->key, strlen(plan->user), plan->user);
    int64_t began_us = client_now_us();
    while (!atomic_load(&reader->must_end) && !reader->is_broken && reader->count < READS_MAX) {
        int64_t due_us = began_us + (int64_t)reader->count * READ_EVERY_US;
        wait_until(due_us);
        reader->is_broken = !client_exchange(&reader->client, request, (size_t)size);
        reader->latencies_us[reader->count++] = (uint32_t)(client_now_us() - due_us);
    }
    return NULL;
}

/* The reader asks over a connection of its own that is there already. */
static void measure_return(struct crowd *crowd, int round)
{
    struct reader reader = {.plan = crowd->plan};
    reader.latencies_us = calloc(READS_MAX, sizeof(uint32_t));
    if (reader.latencies_us == NULL || !client_open(&reader.client, crowd->plan->port))
        abort();
    crowd_close(crowd);
    if (pthread_create(&reader.thread, NULL, reader_run, &reader) != 0)
        abort();
    int64_t took_us = crowd_open(crowd, round);
    atomic_store(&reader.must_end, true);
    pthread_join(reader.thread, NULL);
    if (reader.is_broken || reader.count == 0)
        exit(1);
    qsort(reader.latencies_us, reader.count, sizeof(uint32_t), client_compare_u32);
    printf("reconnect %lld evaluations %zu p50 %u p99 %u max %u\n", (long long)took_us,
           reader.count, reader.latencies_us[reader.count / 2],
           reader.latencies_us[reader.count * 99 / 100], reader.latencies_us[reader.count - 1]);
    client_close(&reader.client);
    free(reader.latencies_us);
}

static int run(const struct plan *plan)
{
    struct crowd crowd = {.plan = plan, .epoll = epoll_create1(EPOLL_CLOEXEC)};
    crowd.streams = calloc(plan->stream_count, sizeof(struct stream));
    if (crowd.epoll < 0 || crowd.streams == NULL)
        abort();
    crowd_open(&crowd, 0);
    printf("open\n");
    fflush(stdout);
    if (getchar() == EOF)
        return 1;
    measure_changes(&crowd);
    for (int round = 1; round <= plan->round_count; round++) {
        usleep(SETTLE_US);
        measure_return(&crowd, round);
    }
    crowd_close(&crowd);
    free(crowd.streams);
    return 0;
}

int main(int argc, char **argv)
{
    enum { FIRST_ADDRESS = 10 };
    if (argc <= FIRST_ADDRESS) {
        fprintf(stderr, "usage: streams_bench PORT STREAMS CHANGES ROUNDS TOKEN FLAG_ID KEY "
                        "FLAG_KEY USER ADDRESS...\n");
        return 2;
    }
    const struct plan plan = {
        .port = (uint16_t)strtoul(argv[1], NULL, 10),
        .stream_count = strtoul(argv[2], NULL, 10),
        .change_count = (int)strtol(argv[3], NULL, 10),
        .round_count = (int)strtol(argv[4], NULL, 10),
        .token = argv[5],
        .flag_id = argv[6],
        .key = argv[7],
        .flag_key = argv[8],
        .user = argv[9],
        .addresses = argv + FIRST_ADDRESS,
        .address_count = (size_t)(argc - FIRST_ADDRESS),
    };
    return run(&plan);
}
