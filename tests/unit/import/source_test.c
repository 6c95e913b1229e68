/* SPDX-License-Identifier: Apache-2.0 */
/* source - YAML and JSON as one tree. */
#include "import/source.h"

#include "test.h"
#include "json/write.h"

static void check_yaml(const char *yaml, const char *expected, const char *file, int line)
{
    struct arena arena;
    struct json json;
    struct buf buf;
    struct json_writer writer;
    arena_open(&arena, 4096);
    buf_open(&buf, SIZE_MAX);
    struct fault fault = source_parse(&arena, str_of(yaml), &json);
    check_fault(fault, FAULT_NONE, file, line);
    json_writer_open(&writer, &buf);
    json_tree(&writer, &json);
    check_str(buf_str(&buf), str_of(expected), file, line);
    buf_close(&buf);
    arena_close(&arena);
}
#define CHECK_YAML(yaml, expected) check_yaml((yaml), (expected), __FILE__, __LINE__)

static void check_refused(const char *text, const char *why, const char *file, int line)
{
    struct arena arena;
    struct json json;
    arena_open(&arena, 4096);
    struct fault fault = source_parse(&arena, str_of(text), &json);
    check_fault(fault, FAULT_INVALID, file, line);
    if (!str_contains(fault.why, str_of(why)))
        check_str(fault.why, str_of(why), file, line);
    arena_close(&arena);
}
#define CHECK_REFUSED(text, why) check_refused((text), (why), __FILE__, __LINE__)

TEST(plain_scalars_have_the_types_of_the_core_schema)
{
    CHECK_YAML("- ~\n- null\n- Null\n-\n- ''\n", "[null,null,null,null,\"\"]");
    CHECK_YAML("- true\n- True\n- FALSE\n- yes\n- off\n", "[true,true,false,\"yes\",\"off\"]");
    CHECK_YAML("- 1\n- -2\n- +3\n- 0x1F\n- 0o17\n- 007\n", "[1,-2,3,31,15,7]");
    CHECK_YAML("- 1.5\n- .5\n- -.5\n- 1.\n- 1e3\n- 1_000\n- .\n- 1e999\n",
               "[1.5,0.5,-0.5,1,1000,\"1_000\",\".\",\"1e999\"]");
    CHECK_YAML("- '1'\n- \"true\"\n- !!str 5\n", "[\"1\",\"true\",\"5\"]");
    CHECK_YAML("- 2024-01-02T03:04:05Z\n- 1.2.3\n", "[\"2024-01-02T03:04:05Z\",\"1.2.3\"]");
}

TEST(mappings_keep_their_order_and_keys_are_texts)
{
    CHECK_YAML("b: 1\na:\n  on: x\n  1: y\n  true: z\n",
               "{\"b\":1,\"a\":{\"on\":\"x\",\"1\":\"y\",\"true\":\"z\"}}");
    CHECK_YAML("query: >\n  a eq 1\n  and b eq 2\nnone:\n",
               "{\"query\":\"a eq 1 and b eq 2\\n\",\"none\":null}");
}

TEST(anchors_are_shared_and_merged)
{
    CHECK_YAML("a: &x {p: 1, q: 2}\nb: *x\nc:\n  <<: *x\n  q: 3\n",
               "{\"a\":{\"p\":1,\"q\":2},\"b\":{\"p\":1,\"q\":2},\"c\":{\"q\":3,\"p\":1}}");
    CHECK_YAML("- &x {p: 1}\n- &y {p: 2, q: 2}\n- <<: [*x, *y]\n",
               "[{\"p\":1},{\"p\":2,\"q\":2},{\"p\":1,\"q\":2}]");
    CHECK_YAML("- &x 1\n- *x\n- &x 2\n- *x\n", "[1,1,2,2]");
}

TEST(json_is_told_by_its_first_character)
{
    CHECK_YAML(" \n{\"a\":[1]}", "{\"a\":[1]}");
    CHECK_YAML("\xEF\xBB\xBF{\"a\":1}", "{\"a\":1}");
    CHECK_REFUSED("{a: 1}", "");
}

TEST(what_is_no_one_document_is_refused_with_its_line)
{
    CHECK_REFUSED("a: 1\na: 2\n", "twice");
    CHECK_REFUSED("a: b: c\n", "not YAML");
    CHECK_REFUSED("--- 1\n--- 2\n", "second document");
    CHECK_REFUSED("a: *nobody\n", "anchor");
    CHECK_REFUSED("? [1]\n: 2\n", "no scalar");
    CHECK_REFUSED("a:\n  <<: 5\n", "merges");
    CHECK_REFUSED("a: \"\\x\"\n", "not YAML");
}

/* Nine times nine times …: small to write, too many values to walk. */
TEST(aliases_count_as_often_as_they_are_met)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("a0: &a0 [x,x,x,x,x,x,x,x,x]\n"));
    for (unsigned i = 1; i < 10; i++) {
        buf_append_format(&buf, "a%u: &a%u [", i, i);
        for (unsigned j = 0; j < 9; j++)
            buf_append_format(&buf, "%s*a%u", j == 0 ? "" : ",", i - 1);
        buf_append(&buf, STR("]\n"));
    }
    buf_append_byte(&buf, '\0');
    CHECK_REFUSED(buf.data, "too many values");
    buf_close(&buf);
}

TEST(what_is_nested_too_deep_is_refused)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("a: "));
    for (unsigned i = 0; i < 200; i++)
        buf_append_byte(&buf, '[');
    for (unsigned i = 0; i < 200; i++)
        buf_append_byte(&buf, ']');
    buf_append_byte(&buf, '\0');
    CHECK_REFUSED(buf.data, "deep");
    buf_close(&buf);
}

TESTS(plain_scalars_have_the_types_of_the_core_schema, mappings_keep_their_order_and_keys_are_texts,
      anchors_are_shared_and_merged, json_is_told_by_its_first_character,
      what_is_no_one_document_is_refused_with_its_line, aliases_count_as_often_as_they_are_met,
      what_is_nested_too_deep_is_refused)
