/* SPDX-License-Identifier: Apache-2.0 */
/*
 * writers - how many flag changes a second are acknowledged.
 *
 *     writers PORT TOKEN APP WRITERS SECONDS
 *
 * Each writer has a connection and a flag of its own (flag-0, flag-1, ...) in production, and sends
 * the next change when the last one was answered: an answer means durable. Prints one line:
 * `CHANGES changes in SECONDS s, p50 US us, p99 US us`. Any answer but 200 ends the run as a
 * failure.
 */
#include <arpa/inet.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { WRITERS_MAX = 64, LATENCIES_MAX = 200000, ANSWER_BYTES = 8192, REQUEST_BYTES = 1024 };

struct plan {
    uint16_t port;
    const char *token, *app;
    int64_t until_us;
};

struct writer {
    const struct plan *plan;
    int index;
    int socket;
    uint32_t changes;
    bool is_broken;
    uint32_t *latencies_us; /* LATENCIES_MAX of them */
    pthread_t thread;
};

static int64_t now_us(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static bool writer_connect(struct writer *writer)
{
    if (writer->socket >= 0)
        close(writer->socket);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(writer->plan->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval patience = {.tv_sec = 5};
    writer->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (writer->socket < 0)
        return false;
    setsockopt(writer->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return connect(writer->socket, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static bool send_all(int socket, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(socket, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Reads one answer with a Content-Length; says whether it was a 200. */
static bool answer_read(int socket, char *answer, bool *closes)
{
    size_t size = 0;
    while (size < ANSWER_BYTES - 1) {
        ssize_t got = recv(socket, answer + size, ANSWER_BYTES - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        answer[size] = '\0';
        const char *end = strstr(answer, "\r\n\r\n");
        const char *length = strcasestr(answer, "\r\ncontent-length:");
        if (end == NULL || length == NULL || length > end)
            continue;
        size_t body_bytes = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
        if (size < (size_t)(end + 4 - answer) + body_bytes)
            continue;
        *closes = strcasestr(answer, "\r\nconnection: close") != NULL;
        return strncmp(answer, "HTTP/1.1 200 ", 13) == 0;
    }
    return false;
}

static bool change_send(struct writer *writer)
{
    char body[REQUEST_BYTES / 2];
    char request[REQUEST_BYTES];
    char answer[ANSWER_BYTES] = "no answer";
    bool closes = false;
    int body_bytes =
        snprintf(body, sizeof(body),
                 "{\"appId\":\"%s\",\"env\":\"production\",\"key\":\"flag-%d\",\"value\":%s}",
                 writer->plan->app, writer->index, writer->changes % 2 == 0 ? "true" : "false");
    int request_bytes = snprintf(request, sizeof(request),
                                 "PATCH /api/v1/flags HTTP/1.1\r\nHost: localhost\r\n"
                                 "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %d\r\n\r\n%s",
                                 writer->plan->token, body_bytes, body);
    if (request_bytes >= REQUEST_BYTES || !send_all(writer->socket, request, (size_t)request_bytes))
        return false;
    if (!answer_read(writer->socket, answer, &closes)) {
        fprintf(stderr, "writer %d: %.200s\n", writer->index, answer);
        return false;
    }
    return !closes || writer_connect(writer);
}

static void *writer_run(void *context)
{
    struct writer *writer = context;
    writer->is_broken = !writer_connect(writer);
    while (!writer->is_broken) {
        int64_t began_us = now_us();
        if (began_us >= writer->plan->until_us)
            break;
        writer->is_broken = !change_send(writer);
        writer->latencies_us[writer->changes % LATENCIES_MAX] = (uint32_t)(now_us() - began_us);
        writer->changes += !writer->is_broken;
    }
    if (writer->socket >= 0)
        close(writer->socket);
    return NULL;
}

static int compare_u32(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

static void report(const struct writer *writers, int count, int64_t elapsed_us)
{
    uint32_t *all = calloc((size_t)count * LATENCIES_MAX, sizeof(*all));
    size_t size = 0;
    uint64_t changes = 0;
    if (all == NULL)
        abort();
    for (int i = 0; i < count; i++) {
        uint32_t kept = writers[i].changes < LATENCIES_MAX ? writers[i].changes : LATENCIES_MAX;
        memcpy(all + size, writers[i].latencies_us, kept * sizeof(*all));
        size += kept;
        changes += writers[i].changes;
    }
    qsort(all, size, sizeof(*all), compare_u32);
    printf("%llu changes in %.3f s, p50 %u us, p99 %u us\n", (unsigned long long)changes,
           (double)elapsed_us / 1e6, size > 0 ? all[size / 2] : 0,
           size > 0 ? all[size * 99 / 100] : 0);
    free(all);
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: writers PORT TOKEN APP WRITERS SECONDS\n");
        return 2;
    }
    int count = (int)strtol(argv[4], NULL, 10);
    double seconds = strtod(argv[5], NULL);
    if (count < 1 || count > WRITERS_MAX || seconds <= 0 || seconds > 60) {
        fprintf(stderr, "writers: 1 to %d writers, up to 60 seconds\n", WRITERS_MAX);
        return 2;
    }
    int64_t began_us = now_us();
    struct plan plan = {.port = (uint16_t)strtoul(argv[1], NULL, 10),
                        .token = argv[2],
                        .app = argv[3],
                        .until_us = began_us + (int64_t)(seconds * 1e6)};
    struct writer writers[WRITERS_MAX] = {0};
    bool is_broken = false;
    for (int i = 0; i < count; i++) {
        writers[i] = (struct writer){.plan = &plan, .index = i, .socket = -1};
        writers[i].latencies_us = calloc(LATENCIES_MAX, sizeof(uint32_t));
        if (writers[i].latencies_us == NULL ||
            pthread_create(&writers[i].thread, NULL, writer_run, &writers[i]) != 0)
            abort();
    }
    for (int i = 0; i < count; i++) {
        pthread_join(writers[i].thread, NULL);
        is_broken = is_broken || writers[i].is_broken;
    }
    report(writers, count, now_us() - began_us);
    for (int i = 0; i < count; i++)
        free(writers[i].latencies_us);
    return is_broken ? 1 : 0;
}
