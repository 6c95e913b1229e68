/* SPDX-License-Identifier: Apache-2.0 */
/*
 * instructions - the hot journeys one after the other, for callgrind to count: instructions.py.
 *
 *     instructions DATA PORT COUNT FLAGS.json USER.json NAME=REQUEST_FILE...
 *
 * Serves DATA in a thread of its own and asks each request COUNT times over one connection, in
 * three rounds, for what the server does beside requests may fall into one of them; then decides
 * every flag of FLAGS.json for the user, and parses the user, COUNT times each. Callgrind dumps its
 * counts behind each journey under the journey's name, so that start-up and warm-up are in none of
 * them. What the client does on its own thread is not collected.
 */
#include <pthread.h>
#include <signal.h>
#include <valgrind/callgrind.h>

#include "base/random.h"
#include "dialect/amplitude/configuration_decode.h"
#include "eval/evaluate.h"
#include "server/server.h"

#include "client.h"

enum { ROUNDS = 3, WARM_UP = 40, FILE_BYTES_MAX = 4 * 1024 * 1024, START_TRIES_MAX = 3000 };

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "instructions: %s\n", why);
    exit(1);
}

static struct str file_read(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        give_up(path);
    char *text = arena_allocate(arena, FILE_BYTES_MAX);
    size_t size = fread(text, 1, FILE_BYTES_MAX, file);
    fclose(file);
    return (struct str){text, size};
}

/* ---- the server --------------------------------------------------------------------------------
 */

struct service {
    char listen[32];
    char *data;
    pthread_t thread;
    int status;
};

static void *service_run(void *context)
{
    struct service *service = context;
    char *arguments[] = {
        "--listen", service->listen, "--data", service->data, "--loops", "1", "--sandbox", "off",
    };
    service->status = serve_run((int)COUNT_OF(arguments), arguments);
    return NULL;
}

/* Signals are the server's to wait for, and whatever thread has one open would take it. */
static void service_start(struct service *service, char *data, uint16_t port)
{
    sigset_t signals;
    sigfillset(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    service->data = data;
    snprintf(service->listen, sizeof(service->listen), "127.0.0.1:%u", port);
    if (pthread_create(&service->thread, NULL, service_run, service) != 0)
        give_up("no thread");
}

static void service_stop(struct service *service)
{
    kill(getpid(), SIGTERM);
    pthread_join(service->thread, NULL);
    if (service->status != 0)
        give_up("the server did not end well");
}

static void client_wait(struct client *client, uint16_t port)
{
    const struct timespec pause = {.tv_nsec = 20 * 1000 * 1000};
    bool is_open = client_open(client, port);
    for (int tries = 0; !is_open && tries < START_TRIES_MAX; tries++) {
        nanosleep(&pause, NULL);
        is_open = client_connect(client);
    }
    if (!is_open)
        give_up("the server does not listen");
}

/* ---- journeys ----------------------------------------------------------------------------------
 */

/* The answer is a 200 or, where the question has a tag, a 304. */
static void ask(struct client *client, struct str request)
{
    bool closes = false;
    client->answer[0] = '\0';
    bool is_whole = client_send(client, request.data, request.size);
    is_whole = is_whole && client_receive(client, &closes);
    bool is_known = strncmp(client->answer, "HTTP/1.1 304 ", 13) == 0;
    if ((!is_whole && !is_known) || closes)
        give_up(client->answer);
}

static void count_request(struct client *client, struct arena *arena, const char *argument,
                          int count)
{
    const char *path = strchr(argument, '=');
    if (path == NULL)
        give_up(argument);
    struct str request = file_read(arena, path + 1);
    for (int i = 0; i < WARM_UP; i++)
        ask(client, request);
    CALLGRIND_DUMP_STATS_AT("between");
    for (int i = 0; i < count; i++)
        ask(client, request);
    CALLGRIND_DUMP_STATS_AT(argument);
}

static void count_parsing(struct str text, int count)
{
    struct arena arena;
    struct json json;
    arena_open(&arena, 64 * 1024);
    for (int i = 0; i < count + WARM_UP; i++) {
        if (i == WARM_UP)
            CALLGRIND_DUMP_STATS_AT("between");
        arena_reset(&arena);
        if (failed(json_parse(&arena, text, &json_budget_default, &json)))
            give_up("not JSON");
    }
    CALLGRIND_DUMP_STATS_AT("json_parse");
    arena_close(&arena);
}

static int compare_flags(const void *a, const void *b)
{
    const struct flag *const *first = a;
    const struct flag *const *second = b;
    return str_compare((*first)->key, (*second)->key);
}

static const struct ruleset *ruleset_of(struct arena *arena, struct str text)
{
    struct json document;
    struct flag *flags = NULL;
    size_t count = 0;
    if (failed(json_parse(arena, text, &json_budget_default, &document)) ||
        failed(configuration_decode(arena, &document, &flags, &count)) || count == 0)
        give_up("not flag configurations");
    const struct flag **sorted = ARENA_NEW_ARRAY(arena, const struct flag *, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &flags[i];
    qsort(sorted, count, sizeof(const struct flag *), compare_flags);
    const struct environment_state state = {
        .app_id = STR("app"), .name = STR("bench"), .flags = sorted, .flag_count = count};
    return ruleset_compile(arena, &state);
}

/* Prints how many flags a round decides, for the count is of all of them. */
static void count_decisions(struct arena *arena, struct str flags, struct str user_text, int count)
{
    const struct ruleset *ruleset = ruleset_of(arena, flags);
    struct pattern_scratch *scratch = pattern_scratch_open();
    struct context context;
    struct json user;
    size_t chosen = 0;
    if (failed(json_parse(arena, user_text, &json_budget_default, &user)))
        give_up("not a user");
    context_open_user(&context, arena, ruleset, &user, scratch);
    for (int i = 0; i < count + WARM_UP; i++) {
        if (i == WARM_UP)
            CALLGRIND_DUMP_STATS_AT("between");
        for (size_t j = 0; j < ruleset->flag_count; j++)
            chosen +=
                evaluate_flag(&ruleset->flags[j], &context, 0, NULL).variation != VARIATION_NONE;
    }
    CALLGRIND_DUMP_STATS_AT("evaluate_flag");
    if (chosen == 0)
        give_up("no flag gave a variation");
    printf("flags %zu\n", ruleset->flag_count);
    pattern_scratch_close(scratch);
    ruleset_close(ruleset);
}

int main(int argument_count, char **arguments)
{
    enum { FIRST_REQUEST = 6 };
    if (argument_count <= FIRST_REQUEST)
        give_up("usage: instructions DATA PORT COUNT FLAGS.json USER.json NAME=REQUEST_FILE...");
    uint16_t port = (uint16_t)strtoul(arguments[2], NULL, 10);
    int count = (int)strtol(arguments[3], NULL, 10);
    struct service service = {0};
    struct client client;
    struct arena arena;
    random_open();
    arena_open(&arena, 1024 * 1024);
    service_start(&service, arguments[1], port);
    client_wait(&client, port);
    CALLGRIND_START_INSTRUMENTATION;
    CALLGRIND_TOGGLE_COLLECT; /* of this thread alone */
    for (int i = 0; i < ROUNDS * (argument_count - FIRST_REQUEST); i++) {
        arena_reset(&arena);
        count_request(&client, &arena,
                      arguments[FIRST_REQUEST + i % (argument_count - FIRST_REQUEST)], count);
    }
    CALLGRIND_TOGGLE_COLLECT;
    struct str user = file_read(&arena, arguments[5]);
    count_parsing(user, count);
    count_decisions(&arena, file_read(&arena, arguments[4]), user, count);
    CALLGRIND_STOP_INSTRUMENTATION;
    client_close(&client);
    service_stop(&service);
    arena_close(&arena);
    return 0;
}
