/* SPDX-License-Identifier: Apache-2.0 */
/* context_limits - a context is as large as docs/limits.md says, to the byte and the level. */
#include "dialect/context_limits.h"

#include "base/arena.h"
#include "base/buf.h"
#include "model/limits.h"
#include "test.h"

static const struct json_budget wide = {
    .depth_max = 64, .members_max = 1024, .string_bytes_max = 8192, .number_bytes_max = 64};

static struct fault check(struct str text)
{
    struct arena arena;
    struct json context;
    arena_open(&arena, 4096);
    CHECK_OK(json_parse(&arena, text, &wide, &context));
    struct fault fault = context_limits_check(&context);
    arena_close(&arena);
    return fault;
}

static struct fault check_attributes(size_t count)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < count; i++)
        buf_append_format(&buf, "%c\"a%zu\":%zu", i == 0 ? '{' : ',', i, i);
    buf_append(&buf, count == 0 ? STR("{}") : STR("}"));
    struct fault fault = check(buf_str(&buf));
    buf_close(&buf);
    return fault;
}

/* The value inside as many containers, the context counted, of the kind asked for. */
static struct fault check_depth(size_t depth, bool is_array, const char *value)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("{\"first\":1,\"deep\":"));
    for (size_t i = 1; i < depth; i++)
        buf_append(&buf, is_array ? STR("[0,") : STR("{\"b\":0,\"a\":"));
    buf_append(&buf, str_of(value));
    for (size_t i = 1; i < depth; i++)
        buf_append_byte(&buf, is_array ? ']' : '}');
    buf_append_byte(&buf, '}');
    struct fault fault = check(buf_str(&buf));
    buf_close(&buf);
    return fault;
}

static struct fault check_text(size_t bytes, const char *before, const char *behind)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_format(&buf, "%s\"", before);
    for (size_t i = 0; i < bytes; i++)
        buf_append_byte(&buf, 'x');
    buf_append_format(&buf, "\"%s", behind);
    struct fault fault = check(buf_str(&buf));
    buf_close(&buf);
    return fault;
}

TEST(so_many_attributes_and_not_one_more)
{
    CHECK_OK(check_attributes(0));
    CHECK_OK(check_attributes(CONTEXT_ATTRIBUTES_MAX));
    CHECK_FAULT(check_attributes(CONTEXT_ATTRIBUTES_MAX + 1), FAULT_LIMIT);
}

/* What is no container has no depth of its own, wherever it stands. */
TEST(so_deep_and_not_a_level_more)
{
    static const char *const scalars[] = {"1", "-2.5", "\"text\"", "true", "null"};
    for (int is_array = 0; is_array < 2; is_array++) {
        for (size_t i = 0; i < COUNT_OF(scalars); i++) {
            CHECK_OK(check_depth(1, is_array, scalars[i]));
            CHECK_OK(check_depth(CONTEXT_DEPTH_MAX, is_array, scalars[i]));
            CHECK_FAULT(check_depth(CONTEXT_DEPTH_MAX + 1, is_array, scalars[i]), FAULT_LIMIT);
        }
        CHECK_OK(check_depth(CONTEXT_DEPTH_MAX - 1, is_array, "[]"));
        CHECK_OK(check_depth(CONTEXT_DEPTH_MAX - 1, is_array, "{}"));
        CHECK_FAULT(check_depth(CONTEXT_DEPTH_MAX, is_array, "[]"), FAULT_LIMIT);
        CHECK_FAULT(check_depth(CONTEXT_DEPTH_MAX, is_array, "{}"), FAULT_LIMIT);
    }
}

TEST(a_text_is_so_long_wherever_it_stands)
{
    static const struct {
        const char *before, *behind;
    } places[] = {
        {"{\"a\":", "}"},
        {"{\"a\":", ",\"b\":1}"},
        {"{\"a\":1,\"b\":", ",\"c\":[2]}"},
        {"{\"a\":[", ",1]}"},
        {"{\"a\":[1,{\"b\":2},", "],\"c\":3}"},
        {"{\"a\":{\"b\":{\"c\":0},\"d\":", "}}"},
    };
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        CHECK_OK(check_text(CONTEXT_VALUE_BYTES_MAX, places[i].before, places[i].behind));
        CHECK_FAULT(check_text(CONTEXT_VALUE_BYTES_MAX + 1, places[i].before, places[i].behind),
                    FAULT_LIMIT);
    }
}

TESTS(so_many_attributes_and_not_one_more, so_deep_and_not_a_level_more,
      a_text_is_so_long_wherever_it_stands)
