/* SPDX-License-Identifier: Apache-2.0 */
/* flag_value - a value is what its type says, or nothing. */
#include "cli/superflag/flag_value.h"

#include "test.h"
#include "json/write.h"

static struct arena arena;

static struct str text_of(const struct json *value)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, value);
    struct str text = arena_copy_str(&arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

TEST(values_by_type)
{
    static const struct {
        const char *type, *text, *json; /* NULL: refused */
    } cases[] = {
        {"bool", "true", "true"},
        {"bool", "false", "false"},
        {"bool", "TRUE", NULL},
        {"bool", "1", NULL},
        {"bool", "", NULL},
        {"number", "25", "25"},
        {"number", "-0.50", "-0.5"},
        {"number", "1e3", "1000"},
        {"number", "01", NULL},
        {"number", "1e999", NULL},
        {"number", "\"1\"", NULL},
        {"number", "NaN", NULL},
        {"string", "", "\"\""},
        {"string", " a\"", "\" a\\\"\""},
        {"string", "null", "\"null\""},
        {"json", " [1, 2] ", "[1,2]"},
        {"json", "{\"a\":{}}", "{\"a\":{}}"},
        {"json", "1", NULL},
        {"json", "null", NULL},
        {"json", "\"a\"", NULL},
        {"json", "{\"a\":1,\"a\":2}", NULL},
        {"json", "[1] x", NULL},
        {"text", "x", NULL},
        {"", "x", NULL},
    };
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json value;
        struct fault fault =
            flag_value_parse(&arena, str_of(cases[i].type), str_of(cases[i].text), &value);
        CHECK(failed(fault) == (cases[i].json == NULL));
        if (cases[i].json != NULL)
            CHECK_STR(text_of(&value), str_of(cases[i].json));
        else
            CHECK(fault.why.size > 0);
    }
    arena_close(&arena);
}

TEST(loose_values_are_json_or_words)
{
    static const struct {
        const char *text, *json;
    } cases[] = {
        {"pro", "\"pro\""}, {"3", "3"},       {"\"3\"", "\"3\""}, {"007", "\"007\""},
        {"", "\"\""},       {"null", "null"}, {"true", "true"},   {"[1]", "[1]"},
        {"[1", NULL},       {"{a}", NULL},    {"\"x", NULL},      {"2031-03-10", "\"2031-03-10\""},
    };
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct json value;
        struct fault fault = flag_value_parse_loose(&arena, str_of(cases[i].text), &value);
        CHECK(failed(fault) == (cases[i].json == NULL));
        if (cases[i].json != NULL)
            CHECK_STR(text_of(&value), str_of(cases[i].json));
    }
    arena_close(&arena);
}

TESTS(values_by_type, loose_values_are_json_or_words)
