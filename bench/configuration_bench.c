/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configuration_bench - evaluations per second of flag configurations: FLAGS.json USERS.json.
 *
 * The counterpart of core_bench.mjs: the same flags, the same users, every flag for each user in
 * turn, in one thread. Prints "N evaluations/s".
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "dialect/amplitude/configuration_decode.h"
#include "eval/evaluate.h"

enum { RUN_NS = 2000000000 };

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static _Noreturn void give_up(const char *why)
{
    fprintf(stderr, "configuration_bench: %s\n", why);
    exit(1);
}

static struct json read_json(struct arena *arena, const char *path)
{
    enum { FILE_BYTES_MAX = 16 * 1024 * 1024 };
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        give_up(path);
    char *text = arena_allocate(arena, FILE_BYTES_MAX);
    size_t size = fread(text, 1, FILE_BYTES_MAX, file);
    fclose(file);
    struct json json;
    if (failed(json_parse(arena, (struct str){text, size}, &json_budget_default, &json)))
        give_up("not JSON");
    return json;
}

static int compare_flags(const void *a, const void *b)
{
    const struct flag *const *first = a;
    const struct flag *const *second = b;
    return str_compare((*first)->key, (*second)->key);
}

/* Every flag for one user; returns how many got a variation. */
static uint64_t evaluate_all(const struct ruleset *ruleset, const struct json *user,
                             struct arena *arena, struct pattern_scratch *scratch)
{
    struct context context;
    context_open_user(&context, arena, ruleset, user, scratch);
    uint64_t count = 0;
    for (size_t i = 0; i < ruleset->flag_count; i++)
        count += evaluate_flag(&ruleset->flags[i], &context, 0, NULL).variation != VARIATION_NONE;
    return count;
}

int main(int argument_count, char **arguments)
{
    if (argument_count != 3)
        give_up("usage: configuration_bench FLAGS.json USERS.json");
    struct arena arena, request;
    arena_open(&arena, 1024 * 1024);
    arena_open(&request, 64 * 1024);
    struct json document = read_json(&arena, arguments[1]);
    struct json users = read_json(&arena, arguments[2]);
    struct flag *flags = NULL;
    size_t count = 0;
    if (failed(configuration_decode(&arena, &document, &flags, &count)) || users.count == 0)
        give_up("not flag configurations, or nobody to ask");
    const struct flag **sorted = ARENA_NEW_ARRAY(&arena, const struct flag *, count);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &flags[i];
    qsort(sorted, count, sizeof(const struct flag *), compare_flags);
    const struct environment_state state = {
        .app_id = STR("app"), .name = STR("bench"), .flags = sorted, .flag_count = count};
    const struct ruleset *ruleset = ruleset_compile(&arena, &state);
    struct pattern_scratch *scratch = pattern_scratch_open();

    uint64_t evaluations = 0;
    int64_t began = now_ns();
    int64_t elapsed = 0;
    for (uint32_t at = 0; elapsed < RUN_NS; at = (at + 1) % users.count) {
        evaluations += evaluate_all(ruleset, &users.elements[at], &request, scratch);
        arena_reset(&request);
        if (at % 64 == 0)
            elapsed = now_ns() - began;
    }
    elapsed = now_ns() - began;
    printf("%.0f evaluations/s\n", (double)evaluations * 1e9 / (double)elapsed);
    pattern_scratch_close(scratch);
    ruleset_close(ruleset);
    arena_close(&request);
    arena_close(&arena);
    return 0;
}
