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
#include <pthread.h>

#include "client.h"

enum { WRITERS_MAX = 64, LATENCIES_MAX = 200000, REQUEST_BYTES = 1024 };

struct plan {
    uint16_t port;
    const char *token, *app;
    int64_t until_us;
};

struct writer {
    const struct plan *plan;
    int index;
    struct client client;
    uint32_t changes;
    bool is_broken;
    uint32_t *latencies_us; /* LATENCIES_MAX of them */
    pthread_t thread;
};

static bool change_send(struct writer *writer)
{
    char body[REQUEST_BYTES / 2];
    char request[REQUEST_BYTES];
    int body_bytes =
        snprintf(body, sizeof(body),
                 "{\"appId\":\"%s\",\"env\":\"production\",\"key\":\"flag-%d\",\"value\":%s}",
                 writer->plan->app, writer->index, writer->changes % 2 == 0 ? "true" : "false");
    int request_bytes = snprintf(request, sizeof(request),
                                 "PATCH /api/v1/flags HTTP/1.1\r\nHost: localhost\r\n"
                                 "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                                 "Content-Length: %d\r\n\r\n%s",
                                 writer->plan->token, body_bytes, body);
    return request_bytes < REQUEST_BYTES &&
           client_exchange(&writer->client, request, (size_t)request_bytes);
}

static void *writer_run(void *context)
{
    struct writer *writer = context;
    writer->is_broken = !client_open(&writer->client, writer->plan->port);
    while (!writer->is_broken) {
        int64_t began_us = client_now_us();
        if (began_us >= writer->plan->until_us)
            break;
        writer->is_broken = !change_send(writer);
        writer->latencies_us[writer->changes % LATENCIES_MAX] =
            (uint32_t)(client_now_us() - began_us);
        writer->changes += !writer->is_broken;
    }
    client_close(&writer->client);
    return NULL;
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
    qsort(all, size, sizeof(*all), client_compare_u32);
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
    int64_t began_us = client_now_us();
    struct plan plan = {.port = (uint16_t)strtoul(argv[1], NULL, 10),
                        .token = argv[2],
                        .app = argv[3],
                        .until_us = began_us + (int64_t)(seconds * 1e6)};
    struct writer writers[WRITERS_MAX] = {0};
    bool is_broken = false;
    for (int i = 0; i < count; i++) {
        writers[i] = (struct writer){.plan = &plan, .index = i};
        writers[i].latencies_us = calloc(LATENCIES_MAX, sizeof(uint32_t));
        if (writers[i].latencies_us == NULL ||
            pthread_create(&writers[i].thread, NULL, writer_run, &writers[i]) != 0)
            abort();
    }
    for (int i = 0; i < count; i++) {
        pthread_join(writers[i].thread, NULL);
        is_broken = is_broken || writers[i].is_broken;
    }
    report(writers, count, client_now_us() - began_us);
    for (int i = 0; i < count; i++)
        free(writers[i].latencies_us);
    return is_broken ? 1 : 0;
}
