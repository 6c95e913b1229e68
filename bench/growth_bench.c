/* SPDX-License-Identifier: Apache-2.0 */
/*
 * growth_bench - nanoseconds per decision as an environment gets more flags, and as a flag gets
 * more rules.
 *
 * Prints `flags N NS`: a flag found by its key among N and decided, each flag in turn, and
 * `rules N NS`: a flag whose N rules are all tried in vain, since only then does each cost
 * something. The best of several rounds is printed: the others measure the neighbours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/random.h"
#include "eval/evaluate.h"
#include "model/codec.h"

enum { ROUNDS = 7, ROUND_NS = 30 * 1000 * 1000, FLAGS_MAX = 10000, KEY_BYTES = 16 };

static const int64_t now_ms = 1930900500000;

struct town {
    struct arena arena;
    const struct flag *flags[FLAGS_MAX];
    char keys[FLAGS_MAX][KEY_BYTES];
    size_t count;
    const struct ruleset *ruleset;
    struct pattern_scratch *scratch;
    struct context context;
};

static int64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Two clauses to a rule, the second of which does not hold. */
static struct str flag_text(struct arena *arena, size_t index, size_t rules)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append_format(&text,
                      "{\"id\":\"flag_%05zu\",\"key\":\"flag-%05zu\",\"kind\":\"flag\","
                      "\"type\":\"boolean\",\"description\":\"d\",\"tags\":[],\"owner\":\"o\","
                      "\"lifecycle\":\"active\",\"enabled\":true,\"arithmetic\":{\"hash\":"
                      "\"fnv1a_32_utf16\",\"comparison\":\"typed\"},\"variations\":[{\"id\":"
                      "\"off\",\"value\":false},{\"id\":\"on\",\"value\":true}],"
                      "\"offVariation\":\"off\",\"fallthrough\":{\"variation\":\"off\"},"
                      "\"rules\":[",
                      index, index);
    for (size_t i = 0; i < rules; i++)
        buf_append_format(&text,
                          "%s{\"id\":\"r%zu\",\"serve\":{\"variation\":\"on\"},\"when\":{\"op\":"
                          "\"all\",\"expressions\":[{\"op\":\"match\",\"attribute\":\"country\","
                          "\"operator\":\"in\",\"value\":[\"DE\",\"NO\"]},{\"op\":\"match\","
                          "\"attribute\":\"plan\",\"operator\":\"eq\",\"value\":\"plan-%zu\"}]}}",
                          i > 0 ? "," : "", i, i);
    buf_append(&text, STR("]}"));
    struct str copy = arena_copy_str(arena, buf_str(&text));
    buf_close(&text);
    return copy;
}

static void town_open(struct town *town, size_t flags, size_t rules)
{
    static const struct str person =
        STR("{\"country\":\"NO\",\"plan\":\"pro\",\"age\":34,\"email\":\"a@example.org\"}");
    arena_open(&town->arena, 1 << 16);
    town->count = flags;
    for (size_t i = 0; i < flags; i++) {
        struct flag *flag = ARENA_NEW(&town->arena, struct flag);
        struct fault fault = flag_decode(&town->arena, flag_text(&town->arena, i, rules), flag);
        if (failed(fault)) {
            fprintf(stderr, "%.*s: %.*s\n", STR_ARG(fault.where), STR_ARG(fault.why));
            exit(1);
        }
        town->flags[i] = flag;
        snprintf(town->keys[i], KEY_BYTES, "flag-%05zu", i);
    }
    const struct environment_state state = {.app_id = STR("app_1"),
                                            .name = STR("production"),
                                            .version = 1,
                                            .flags = town->flags,
                                            .flag_count = flags};
    struct json *attributes = ARENA_NEW(&town->arena, struct json);
    town->ruleset = ruleset_compile(&town->arena, &state);
    town->scratch = pattern_scratch_open();
    if (failed(json_parse(&town->arena, person, &json_budget_default, attributes)))
        abort();
    context_open(&town->context, &town->arena, town->ruleset, STR("user-1"), attributes,
                 town->scratch);
}

static void town_close(struct town *town)
{
    pattern_scratch_close(town->scratch);
    ruleset_close(town->ruleset);
    arena_close(&town->arena);
}

/* In an order that is no order, so that the processor cannot fetch ahead. */
static double decide_ns(struct town *town)
{
    enum { STEP = 7919 };
    double best = 1e12;
    size_t at = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t began_ns = now_ns();
        int64_t elapsed_ns = 0;
        int64_t decided = 0;
        while (elapsed_ns < ROUND_NS) {
            for (int i = 0; i < 256; i++) {
                at = (at + STEP) % town->count;
                struct decision decision =
                    evaluate(town->ruleset, str_of(town->keys[at]), &town->context, now_ms, NULL);
                if (decision.reason != REASON_FALLTHROUGH)
                    abort(); /* a rule held: not all of them were tried */
            }
            decided += 256;
            elapsed_ns = now_ns() - began_ns;
        }
        double each_ns = (double)elapsed_ns / (double)decided;
        best = each_ns < best ? each_ns : best;
    }
    return best;
}

static void measure(const char *what, size_t size, size_t flags, size_t rules)
{
    static struct town town;
    town_open(&town, flags, rules);
    printf("%s %zu %.1f\n", what, size, decide_ns(&town));
    town_close(&town);
}

int main(void)
{
    enum { ORDINARY_RULES = 3, RULES_MAX = 64 };
    random_open();
    for (size_t flags = 10; flags <= FLAGS_MAX; flags *= 10)
        measure("flags", flags, flags, ORDINARY_RULES);
    for (size_t rules = 1; rules <= RULES_MAX; rules *= 2)
        measure("rules", rules, 1, rules);
    return 0;
}
