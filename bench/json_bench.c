/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_bench - nanoseconds per parse, next to jansson.
 *
 * Two documents: the context of one evaluation, which stands on the way of every decision, and a
 * list of such contexts of about 20 kB. The best of several rounds is printed: the others measure
 * the neighbours.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "json/json.h"
#include "json/write.h"

#include "jansson_oracle.h"

enum { ROUNDS = 9, ROUND_NS = 50 * 1000 * 1000 };

static const struct str evaluation_context =
    STR("{\"targetingKey\":\"user-12345\",\"attributes\":{\"country\":\"NO\",\"plan\":\"pro\","
        "\"age\":34,\"beta\":true,\"email\":\"someone@example.com\",\"version\":\"3.12.1\","
        "\"groups\":[\"a\",\"b\"]}}");

static int64_t now_ns(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void parse_ours(struct arena *arena, struct str text)
{
    struct json tree;
    arena_reset(arena);
    if (failed(json_parse(arena, text, &json_budget_default, &tree)))
        abort();
}

static void parse_theirs(struct arena *arena, struct str text)
{
    (void)arena;
    json_t *tree = json_loadb(text.data, text.size, JSON_REJECT_DUPLICATES, NULL);
    if (tree == NULL)
        abort();
    json_decref(tree);
}

typedef void parse_function(struct arena *arena, struct str text);

static double best_ns(parse_function *parse, struct arena *arena, struct str text)
{
    double best = 1e12;
    for (int round = 0; round < ROUNDS; round++) {
        int64_t started_ns = now_ns();
        int64_t elapsed_ns = 0;
        int64_t parses = 0;
        while (elapsed_ns < ROUND_NS) {
            for (int i = 0; i < 64; i++)
                parse(arena, text);
            parses += 64;
            elapsed_ns = now_ns() - started_ns;
        }
        double each_ns = (double)elapsed_ns / (double)parses;
        best = each_ns < best ? each_ns : best;
    }
    return best;
}

static void report(const char *name, struct str text)
{
    struct arena arena;
    arena_open(&arena, 64 * 1024);
    double ours = best_ns(parse_ours, &arena, text);
    double theirs = best_ns(parse_theirs, &arena, text);
    printf("%-20s %6zu bytes  guidon %10.0f ns  jansson %10.0f ns  %5.1f times\n", name, text.size,
           ours, theirs, theirs / ours);
    arena_close(&arena);
}

static void append_document(struct buf *buf, size_t bytes)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_array_begin(&writer);
    while (buf->size < bytes)
        json_raw(&writer, evaluation_context);
    json_array_end(&writer);
}

int main(void)
{
    struct buf document;
    buf_open(&document, 1 << 20);
    append_document(&document, 20000);
    report("evaluation context", evaluation_context);
    report("list of contexts", buf_str(&document));
    buf_close(&document);
    return 0;
}
