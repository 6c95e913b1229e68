/* SPDX-License-Identifier: Apache-2.0 */
/* Every budget at its limit, and one past it. */
#include <string.h>

#include "test.h"
#include "json/json.h"

struct bench {
    struct arena arena;
    struct buf text;
    struct json json;
};

static void bench_open(struct bench *bench)
{
    arena_open(&bench->arena, 4096);
    buf_open(&bench->text, SIZE_MAX);
}

static void bench_close(struct bench *bench)
{
    arena_close(&bench->arena);
    buf_close(&bench->text);
}

static void repeat(struct buf *buf, const char *text, size_t times)
{
    for (size_t i = 0; i < times; i++)
        buf_append(buf, str_of(text));
}

static void check_accepted(struct bench *bench, const struct json_budget *budget)
{
    arena_reset(&bench->arena);
    CHECK_OK(json_parse(&bench->arena, buf_str(&bench->text), budget, &bench->json));
    buf_clear(&bench->text);
}

static void check_refused(struct bench *bench, const struct json_budget *budget, struct str why)
{
    arena_reset(&bench->arena);
    struct fault fault = json_parse(&bench->arena, buf_str(&bench->text), budget, &bench->json);
    CHECK_FAULT(fault, FAULT_INVALID);
    CHECK_STR(fault.why, why);
    buf_clear(&bench->text);
}

static void write_nested(struct buf *text, const char *begin, const char *end, size_t depth)
{
    repeat(text, begin, depth);
    buf_append_byte(text, '0');
    repeat(text, end, depth);
}

TEST(depth_ends_at_32)
{
    struct bench bench;
    bench_open(&bench);
    write_nested(&bench.text, "[", "]", 32);
    check_accepted(&bench, &json_budget_default);
    write_nested(&bench.text, "[", "]", 33);
    check_refused(&bench, &json_budget_default, STR("nesting is deeper than allowed"));
    write_nested(&bench.text, "{\"a\":", "}", 32);
    check_accepted(&bench, &json_budget_default);
    write_nested(&bench.text, "{\"a\":", "}", 33);
    check_refused(&bench, &json_budget_default, STR("nesting is deeper than allowed"));
    repeat(&bench.text, "[", 100000);
    check_refused(&bench, &json_budget_default, STR("nesting is deeper than allowed"));
    bench_close(&bench);
}

TEST(siblings_do_not_deepen)
{
    struct bench bench;
    bench_open(&bench);
    buf_append(&bench.text, STR("[[]"));
    repeat(&bench.text, ",[{}]", 500);
    buf_append(&bench.text, STR("]"));
    struct json_budget budget = json_budget_default;
    budget.depth_max = 3;
    check_accepted(&bench, &budget);
    bench_close(&bench);
}

TEST(a_scalar_has_depth_zero)
{
    struct bench bench;
    struct json_budget budget = json_budget_default;
    budget.depth_max = 0;
    bench_open(&bench);
    buf_append(&bench.text, STR("\"x\""));
    check_accepted(&bench, &budget);
    buf_append(&bench.text, STR("[]"));
    check_refused(&bench, &budget, STR("nesting is deeper than allowed"));
    bench_close(&bench);
}

static void write_object(struct buf *text, size_t members)
{
    buf_append_byte(text, '{');
    for (size_t i = 0; i < members; i++)
        buf_append_format(text, "%s\"%zu\":{}", i > 0 ? "," : "", i);
    buf_append_byte(text, '}');
}

TEST(members_end_at_1000_per_object)
{
    struct bench bench;
    bench_open(&bench);
    write_object(&bench.text, 1000);
    check_accepted(&bench, &json_budget_default);
    CHECK_INT(bench.json.count, 1000);
    write_object(&bench.text, 1001);
    check_refused(&bench, &json_budget_default, STR("object has more members than allowed"));

    buf_append_byte(&bench.text, '[');
    write_object(&bench.text, 1000);
    buf_append_byte(&bench.text, ',');
    write_object(&bench.text, 1000);
    buf_append_byte(&bench.text, ']');
    check_accepted(&bench, &json_budget_default);
    bench_close(&bench);
}

static void write_string(struct buf *text, const char *piece, size_t times)
{
    buf_append_byte(text, '"');
    repeat(text, piece, times);
    buf_append_byte(text, '"');
}

TEST(strings_end_at_64_kib_decoded)
{
    static const size_t limit = (size_t)64 * 1024;
    static const struct str why = STR("string is longer than allowed");
    struct bench bench;
    bench_open(&bench);
    write_string(&bench.text, "x", limit);
    check_accepted(&bench, &json_budget_default);
    CHECK_INT(bench.json.string.size, limit);
    write_string(&bench.text, "x", limit + 1);
    check_refused(&bench, &json_budget_default, why);

    write_string(&bench.text, "\\n", limit);
    check_accepted(&bench, &json_budget_default);
    CHECK_INT(bench.json.string.size, limit);
    write_string(&bench.text, "\\n", limit + 1);
    check_refused(&bench, &json_budget_default, why);

    write_string(&bench.text, "\xc3\xa9", limit / 2);
    check_accepted(&bench, &json_budget_default);
    write_string(&bench.text, "\xc3\xa9", limit / 2 + 1);
    check_refused(&bench, &json_budget_default, why);
    bench_close(&bench);
}

TEST(keys_are_strings_too)
{
    struct json_budget budget = json_budget_default;
    struct bench bench;
    bench_open(&bench);
    budget.string_bytes_max = 4;
    buf_append(&bench.text, STR("{\"four\":\"4444\",\"\\t\\t\\t\\t\":0}"));
    check_accepted(&bench, &budget);
    buf_append(&bench.text, STR("{\"fiveX\":0}"));
    check_refused(&bench, &budget, STR("string is longer than allowed"));
    buf_append(&bench.text, STR("{\"\\t\\t\\t\\t\\t\":0}"));
    check_refused(&bench, &budget, STR("string is longer than allowed"));
    bench_close(&bench);
}

TEST(numbers_end_at_64_bytes)
{
    struct bench bench;
    bench_open(&bench);
    buf_append(&bench.text, STR("0."));
    repeat(&bench.text, "1", 62);
    check_accepted(&bench, &json_budget_default);
    buf_append(&bench.text, STR("0."));
    repeat(&bench.text, "1", 63);
    check_refused(&bench, &json_budget_default, STR("number is longer than allowed"));
    struct json_budget generous = json_budget_default;
    generous.number_bytes_max = SIZE_MAX;
    repeat(&bench.text, "1", 5000);
    check_refused(&bench, &generous, STR("number is longer than allowed"));
    bench_close(&bench);
}

TEST(values_end_where_the_budget_says)
{
    struct json_budget budget = json_budget_default;
    struct bench bench;
    bench_open(&bench);
    budget.values_max = 5;
    buf_append(&bench.text, STR("[1,{\"a\":2},3]"));
    check_accepted(&bench, &budget);
    buf_append(&bench.text, STR("[1,{\"a\":2},3,4]"));
    check_refused(&bench, &budget, STR("text holds more values than allowed"));
    budget.values_max = 0;
    buf_append_byte(&bench.text, '[');
    repeat(&bench.text, "0,", 100000);
    buf_append(&bench.text, STR("0]"));
    check_accepted(&bench, &budget);
    CHECK_INT(bench.json.count, 100001);
    bench_close(&bench);
}

TEST(a_refused_text_leaves_next_to_nothing_in_the_arena)
{
    struct bench bench;
    bench_open(&bench);
    buf_append_byte(&bench.text, '[');
    repeat(&bench.text, "0,", 400000);
    check_refused(&bench, &json_budget_default, STR("text ends too early"));
    CHECK(bench.arena.total_bytes < 8192);
    write_string(&bench.text, "\\n", 300000);
    check_refused(&bench, &json_budget_default, STR("string is longer than allowed"));
    CHECK(bench.arena.total_bytes < 8192);
    bench_close(&bench);
}

TESTS(depth_ends_at_32, siblings_do_not_deepen, a_scalar_has_depth_zero,
      members_end_at_1000_per_object, strings_end_at_64_kib_decoded, keys_are_strings_too,
      numbers_end_at_64_bytes, values_end_where_the_budget_says,
      a_refused_text_leaves_next_to_nothing_in_the_arena)
