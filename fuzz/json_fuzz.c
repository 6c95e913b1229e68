/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json_fuzz - no bytes can hurt the parser.
 *
 * What is accepted must survive: written and parsed again it is the same tree, its copy is equal,
 * and its canonical text is its own canonical text. A second, tight budget finds its own edges.
 */
#include <stdlib.h>

#include "base/utf.h"
#include "json/json.h"
#include "json/write.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void expect(bool condition)
{
    if (!condition)
        abort();
}

static struct json parse_again(struct arena *arena, struct str text)
{
    static const struct json_budget generous = {
        .depth_max = JSON_DEPTH_MAX,
        .members_max = SIZE_MAX,
        .string_bytes_max = SIZE_MAX,
        .number_bytes_max = SIZE_MAX,
    };
    struct json json;
    expect(!failed(json_parse(arena, text, &generous, &json)));
    return json;
}

static void check_written(struct arena *arena, struct buf *buf, const struct json *json)
{
    struct json_writer writer;
    buf_clear(buf);
    json_writer_open(&writer, buf);
    json_tree(&writer, json);
    expect(utf8_is_valid(buf_str(buf)));
    struct json again = parse_again(arena, arena_copy_str(arena, buf_str(buf)));
    expect(json_equal(json, &again));
}

static void check_canonical(struct arena *arena, struct buf *buf, const struct json *json)
{
    buf_clear(buf);
    json_append_canonical(buf, json);
    struct str first = arena_copy_str(arena, buf_str(buf));
    struct json again = parse_again(arena, first);
    expect(json_equal(json, &again));
    buf_clear(buf);
    json_append_canonical(buf, &again);
    expect(str_equal(buf_str(buf), first));
}

static void check_copied(struct arena *arena, const struct json *json)
{
    struct json copy = json_copy(arena, json);
    expect(json_equal(json, &copy));
    expect(json_equal(&copy, json));
}

static void check_tight(struct arena *arena, struct str text)
{
    static const struct json_budget tight = {
        .depth_max = 3,
        .members_max = 4,
        .string_bytes_max = 5,
        .number_bytes_max = 6,
        .values_max = 7,
    };
    struct json json;
    struct fault fault = json_parse(arena, text, &tight, &json);
    expect(!failed(fault) || (fault.where.size > 0 && fault.why.size > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = {(const char *)data, size};
    struct arena arena;
    struct buf buf;
    struct json json;
    arena_open(&arena, 4096);
    buf_open(&buf, SIZE_MAX);
    struct fault fault = json_parse(&arena, text, &json_budget_default, &json);
    if (failed(fault)) {
        expect(fault.where.size > 0 && fault.why.size > 0);
        expect(json.type == JSON_NULL);
    } else {
        expect(utf8_is_valid(text));
        check_written(&arena, &buf, &json);
        check_canonical(&arena, &buf, &json);
        check_copied(&arena, &json);
    }
    check_tight(&arena, text);
    buf_close(&buf);
    arena_close(&arena);
    return 0;
}
