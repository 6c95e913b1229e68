/* SPDX-License-Identifier: Apache-2.0 */
/*
 * latency_bench - how long an evaluation takes while flags change.
 *
 *     latency_bench PORT SECONDS CHANGES_PER_SECOND TOKEN KEY USER FLAG_ID...
 *
 * Eight writers share the changes (0: as many as they can), each with a connection and with flags
 * of its own, through the management API that TOKEN opens. One reader asks for the evaluation of
 * USER (the header's text) with deployment key KEY every READ_EVERY_US. Its latency counts from
 * when the question was due, so that a pause counts for every question that had to wait for it.
 * Prints `CHANGES changes/s, N evaluations: p50 US us, p99 US us, max US us`. Any answer but 200
 * ends the run as a failure.
 */
#include <pthread.h>

#include "client.h"

enum {
    WRITERS = 8,
    READ_EVERY_US = 2000,
    SECONDS_MAX = 60,
    READS_MAX = SECONDS_MAX * 1000000 / READ_EVERY_US + 1,
    REQUEST_BYTES = 8192,
};

struct plan {
    uint16_t port;
    const char *token, *key, *user;
    char **flags;
    int flag_count;
    int64_t began_us, until_us;
    double changes_per_second; /* of all writers; 0: unpaced */
};

struct writer {
    const struct plan *plan;
    int index;
    uint64_t changes;
    bool is_broken;
    pthread_t thread;
};

struct reader {
    const struct plan *plan;
    uint32_t *latencies_us; /* READS_MAX of them */
    size_t count;
    bool is_broken;
};

static void wait_until(int64_t due_us)
{
    struct timespec due = {.tv_sec = due_us / 1000000, .tv_nsec = due_us % 1000000 * 1000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &due, NULL) != 0)
        ;
}

/* When a writer's next change is due: they take turns. */
static int64_t change_due_us(const struct writer *writer)
{
    const struct plan *plan = writer->plan;
    if (plan->changes_per_second <= 0)
        return plan->began_us;
    double turn = (double)(writer->changes * WRITERS + (uint64_t)writer->index);
    return plan->began_us + (int64_t)(turn / plan->changes_per_second * 1e6);
}

/* Every change is one: no writer touches another's flags, and the percentage moves on. */
static bool change_send(struct writer *writer, struct client *client)
{
    const struct plan *plan = writer->plan;
    char body[64];
    char request[REQUEST_BYTES];
    int own_count = (plan->flag_count - writer->index + WRITERS - 1) / WRITERS;
    int place = writer->index + (int)(writer->changes % (uint64_t)own_count) * WRITERS;
    int percentage = (int)(writer->changes / (uint64_t)own_count % 100) + 1;
    int body_bytes = snprintf(body, sizeof(body), "{\"rolloutPercentage\":%d}", percentage);
    int size = snprintf(request, sizeof(request),
                        "PATCH /api/1/flags/%s HTTP/1.1\r\nHost: localhost\r\n"
                        "Authorization: Bearer %s\r\nContent-Type: application/json\r\n"
                        "Content-Length: %d\r\n\r\n%s",
                        plan->flags[place], plan->token, body_bytes, body);
    return size < REQUEST_BYTES && client_exchange(client, request, (size_t)size);
}

static void *writer_run(void *context)
{
    struct writer *writer = context;
    struct client client;
    writer->is_broken = !client_open(&client, writer->plan->port);
    while (!writer->is_broken) {
        int64_t due_us = change_due_us(writer);
        if (due_us >= writer->plan->until_us || client_now_us() >= writer->plan->until_us)
            break;
        wait_until(due_us);
        writer->is_broken = !change_send(writer, &client);
        writer->changes += !writer->is_broken;
    }
    client_close(&client);
    return NULL;
}

static void reader_run(struct reader *reader)
{
    const struct plan *plan = reader->plan;
    struct client client;
    char request[REQUEST_BYTES];
    int size = snprintf(request, sizeof(request),
                        "GET /sdk/v2/vardata HTTP/1.1\r\nHost: localhost\r\n"
                        "Authorization: Api-Key %s\r\nX-Amp-Exp-User: %s\r\n\r\n",
                        plan->key, plan->user);
    reader->is_broken = !client_open(&client, plan->port) || size >= REQUEST_BYTES;
    while (!reader->is_broken && reader->count < READS_MAX) {
        int64_t due_us = plan->began_us + (int64_t)reader->count * READ_EVERY_US;
        if (due_us >= plan->until_us)
            break;
        wait_until(due_us);
        reader->is_broken = !client_exchange(&client, request, (size_t)size);
        reader->latencies_us[reader->count++] = (uint32_t)(client_now_us() - due_us);
    }
    client_close(&client);
}

static int run(const struct plan *plan)
{
    struct writer writers[WRITERS] = {0};
    struct reader reader = {.plan = plan};
    reader.latencies_us = calloc(READS_MAX, sizeof(uint32_t));
    if (reader.latencies_us == NULL)
        abort();
    for (int i = 0; i < WRITERS; i++) {
        writers[i] = (struct writer){.plan = plan, .index = i};
        if (pthread_create(&writers[i].thread, NULL, writer_run, &writers[i]) != 0)
            abort();
    }
    reader_run(&reader);
    uint64_t changes = 0;
    bool is_broken = reader.is_broken || reader.count == 0;
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i].thread, NULL);
        changes += writers[i].changes;
        is_broken = is_broken || writers[i].is_broken;
    }
    double seconds = (double)(client_now_us() - plan->began_us) / 1e6;
    if (!is_broken) {
        qsort(reader.latencies_us, reader.count, sizeof(uint32_t), client_compare_u32);
        printf("%.0f changes/s, %zu evaluations: p50 %u us, p99 %u us, max %u us\n",
               (double)changes / seconds, reader.count, reader.latencies_us[reader.count / 2],
               reader.latencies_us[reader.count * 99 / 100], reader.latencies_us[reader.count - 1]);
    }
    free(reader.latencies_us);
    return is_broken ? 1 : 0;
}

int main(int argc, char **argv)
{
    enum { FIRST_FLAG = 7 };
    if (argc < FIRST_FLAG + WRITERS) {
        fprintf(stderr,
                "usage: latency_bench PORT SECONDS CHANGES_PER_SECOND TOKEN KEY USER "
                "FLAG_ID... (at least %d)\n",
                WRITERS);
        return 2;
    }
    double seconds = strtod(argv[2], NULL);
    if (seconds <= 0 || seconds > SECONDS_MAX) {
        fprintf(stderr, "latency_bench: up to %d seconds\n", SECONDS_MAX);
        return 2;
    }
    int64_t began_us = client_now_us();
    const struct plan plan = {
        .port = (uint16_t)strtoul(argv[1], NULL, 10),
        .token = argv[4],
        .key = argv[5],
        .user = argv[6],
        .flags = argv + FIRST_FLAG,
        .flag_count = argc - FIRST_FLAG,
        .began_us = began_us,
        .until_us = began_us + (int64_t)(seconds * 1e6),
        .changes_per_second = strtod(argv[3], NULL),
    };
    return run(&plan);
}
