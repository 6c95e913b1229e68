/* SPDX-License-Identifier: Apache-2.0 */
#include "json/write.h"

#include <string.h>

#include "test.h"

TEST(commas_stand_between_values_and_nowhere_else)
{
    struct buf buf;
    struct json_writer w;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&w, &buf);
    json_object_begin(&w);
    json_key(&w, STR("empty"));
    json_object_begin(&w);
    json_object_end(&w);
    json_key(&w, STR("list"));
    json_array_begin(&w);
    json_array_begin(&w);
    json_array_end(&w);
    json_null(&w);
    json_array_begin(&w);
    json_u64(&w, 1);
    json_i64(&w, -2);
    json_array_end(&w);
    json_object_begin(&w);
    json_member_boolean(&w, STR("t"), true);
    json_member_boolean(&w, STR("f"), false);
    json_object_end(&w);
    json_array_end(&w);
    json_member_string(&w, STR("s"), STR("x"));
    json_member_u64(&w, STR("u"), UINT64_MAX);
    json_key(&w, STR("raw"));
    json_raw(&w, STR("{\"done\":1}"));
    json_key(&w, STR("n"));
    json_number(&w, -0.5);
    json_object_end(&w);
    CHECK_STR(buf_str(&buf),
              STR("{\"empty\":{},\"list\":[[],null,[1,-2],{\"t\":true,\"f\":false}],\"s\":\"x\","
                  "\"u\":18446744073709551615,\"raw\":{\"done\":1},\"n\":-0.5}"));
    CHECK_INT(w.depth, 0);
    buf_close(&buf);
}

TEST(integers_reach_both_ends)
{
    struct buf buf;
    struct json_writer w;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&w, &buf);
    json_array_begin(&w);
    json_i64(&w, INT64_MIN);
    json_i64(&w, INT64_MAX);
    json_i64(&w, 0);
    json_u64(&w, 0);
    json_array_end(&w);
    CHECK_STR(buf_str(&buf), STR("[-9223372036854775808,9223372036854775807,0,0]"));
    buf_close(&buf);
}

static struct str written(struct buf *buf, struct str value)
{
    struct json_writer w;
    buf_clear(buf);
    json_writer_open(&w, buf);
    json_string(&w, value);
    return buf_str(buf);
}

TEST(strings_are_escaped_as_little_as_possible)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    CHECK_STR(written(&buf, STR("")), STR("\"\""));
    CHECK_STR(written(&buf, (struct str){0}), STR("\"\""));
    CHECK_STR(written(&buf, STR("a/b \x7f caf\xc3\xa9 \xf0\x9f\x9a\x80")),
              STR("\"a/b \x7f caf\xc3\xa9 \xf0\x9f\x9a\x80\""));
    CHECK_STR(written(&buf, STR("\"\\")), STR("\"\\\"\\\\\""));
    CHECK_STR(written(&buf, STR("\b\t\n\f\r")), STR("\"\\b\\t\\n\\f\\r\""));
    CHECK_STR(written(&buf, STR("\0\x01\x0b\x1f")), STR("\"\\u0000\\u0001\\u000b\\u001f\""));
    CHECK_STR(written(&buf, STR("twelve bytes\"and more than eight")),
              STR("\"twelve bytes\\\"and more than eight\""));
    buf_close(&buf);
}

/* Each byte at each place of a word: the reader takes back what the writer escaped. */
TEST(every_byte_at_every_place_reads_back)
{
    struct arena arena;
    struct buf buf;
    arena_open(&arena, 4096);
    buf_open(&buf, SIZE_MAX);
    for (int byte = 0; byte < 0x80; byte++) {
        for (size_t place = 0; place < 20; place++) {
            char text[20];
            memset(text, 'x', sizeof(text));
            text[place] = (char)byte;
            struct str value = {text, sizeof(text)};
            struct json json;
            arena_reset(&arena);
            CHECK_OK(json_parse(&arena, written(&buf, value), &json_budget_default, &json));
            CHECK_STR(json.string, value);
        }
    }
    buf_close(&buf);
    arena_close(&arena);
}

TEST(keys_are_escaped_too)
{
    struct buf buf;
    struct json_writer w;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&w, &buf);
    json_object_begin(&w);
    json_member_string(&w, STR("a\"b"), STR("c"));
    json_object_end(&w);
    CHECK_STR(buf_str(&buf), STR("{\"a\\\"b\":\"c\"}"));
    buf_close(&buf);
}

TEST(a_tree_is_written_as_it_was_read)
{
    static const char text[] = "{\"z\":[1,2.5,-3,1e+21,null,true,false,\"a\\nb\"],\"a\":{\"\":[]}}";
    struct arena arena;
    struct buf buf;
    struct json_writer w;
    struct json json;
    arena_open(&arena, 4096);
    buf_open(&buf, SIZE_MAX);
    CHECK_OK(json_parse(&arena, str_of(text), &json_budget_default, &json));
    json_writer_open(&w, &buf);
    json_tree(&w, &json);
    CHECK_STR(buf_str(&buf), str_of(text));

    buf_clear(&buf);
    json_writer_open(&w, &buf);
    json_object_begin(&w);
    json_member_tree(&w, STR("first"), json_find(&json, STR("a")));
    json_member_tree(&w, STR("second"), json_find(&json, STR("a")));
    json_object_end(&w);
    CHECK_STR(buf_str(&buf), STR("{\"first\":{\"\":[]},\"second\":{\"\":[]}}"));
    buf_close(&buf);
    arena_close(&arena);
}

TEST(a_full_buf_is_told_once_at_the_end)
{
    struct buf buf;
    struct json_writer w;
    buf_open(&buf, 10);
    json_writer_open(&w, &buf);
    json_array_begin(&w);
    for (int i = 0; i < 100; i++)
        json_string(&w, STR("value"));
    json_array_end(&w);
    CHECK(buf_failed(&buf));
    CHECK(buf_str(&buf).size <= 10);
    buf_close(&buf);
}

TESTS(commas_stand_between_values_and_nowhere_else, integers_reach_both_ends,
      strings_are_escaped_as_little_as_possible, every_byte_at_every_place_reads_back,
      keys_are_escaped_too, a_tree_is_written_as_it_was_read, a_full_buf_is_told_once_at_the_end)
