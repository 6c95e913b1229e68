/* SPDX-License-Identifier: Apache-2.0 */
/* flag_value - a flag's value as it is written on a command line: see flag_value.h. */
#include "cli/superflag/flag_value.h"

enum { VALUE_BYTES_MAX = 1024 * 1024 };

/* The server judges sizes; this only keeps a tree within reason. */
static const struct json_budget value_budget = {
    .depth_max = 64,
    .members_max = 100000,
    .string_bytes_max = VALUE_BYTES_MAX,
    .number_bytes_max = 64,
};

static struct fault expected(const char *what)
{
    return fault_make(FAULT_INVALID, STR("value"), str_of(what));
}

struct fault flag_value_parse_json(struct arena *arena, struct str text, struct json *value)
{
    struct fault fault = json_parse(arena, text, &value_budget, value);
    if (failed(fault))
        fault.why =
            arena_format(arena, "not JSON: %.*s (%.*s)", STR_ARG(fault.why), STR_ARG(fault.where));
    return fault;
}

static struct fault parse_bool(struct str text, struct json *value)
{
    *value = json_make_boolean(str_equal(text, STR("true")));
    bool is_one = value->boolean || str_equal(text, STR("false"));
    return is_one ? fault_none() : expected("the value of a bool flag is true or false");
}

static struct fault parse_of_type(struct arena *arena, struct str text, bool is_number,
                                  struct json *value)
{
    struct fault fault = flag_value_parse_json(arena, text, value);
    if (is_number)
        return !failed(fault) && value->type == JSON_NUMBER
                   ? fault
                   : expected("the value of a number flag is a JSON number, like 25 or -0.5");
    if (failed(fault))
        return fault;
    bool is_tree = value->type == JSON_OBJECT || value->type == JSON_ARRAY;
    return is_tree ? fault
                   : expected("the value of a json flag is a JSON object or array, like "
                              "'{\"max\":3}'");
}

struct fault flag_value_parse(struct arena *arena, struct str type, struct str text,
                              struct json *value)
{
    *value = json_make_null();
    if (str_equal(type, STR("bool")))
        return parse_bool(text, value);
    if (str_equal(type, STR("number")))
        return parse_of_type(arena, text, true, value);
    if (str_equal(type, STR("json")))
        return parse_of_type(arena, text, false, value);
    *value = json_make_string(text);
    return str_equal(type, STR("string")) ? fault_none()
                                          : expected("--type is bool, string, number or json");
}

struct fault flag_value_parse_loose(struct arena *arena, struct str text, struct json *value)
{
    struct fault fault = flag_value_parse_json(arena, text, value);
    bool means_json =
        text.size > 0 && (text.data[0] == '"' || text.data[0] == '[' || text.data[0] == '{');
    if (!failed(fault) || means_json)
        return fault;
    *value = json_make_string(text);
    return fault_none();
}
