/* SPDX-License-Identifier: Apache-2.0 */
/* options_print - settings for people: what there is, what holds, and what differs. See options.h.
 */
#include "server/options_table.h"

void options_help(struct buf *buf)
{
    buf_append(buf, STR("Usage: guidon serve [--name value | --name=value]...\n\n"
                        "Each setting is also a variable GUIDON_NAME (or GUIDON_NAME_FILE, a file\n"
                        "with its value) and a line `name = value` of the file given by\n"
                        "--config-file. Flag > variable > file > default.\n\n"));
    for (size_t i = 0; i < options_table_count; i++) {
        const struct option *option = &options_table[i];
        buf_append_format(buf, "  --%-24s %s", option->name, option->help);
        if (option->fallback[0] != '\0')
            buf_append_format(buf, " [%s]", option->fallback);
        buf_append_byte(buf, '\n');
    }
}

static void append_value(const struct option *option, const struct options *options,
                         struct buf *buf)
{
    const void *member = member_of_const(options, option);
    switch (option->kind) {
    case OPTION_TEXT:
        buf_append_format(buf, "\"%.*s\"", STR_ARG(*(const struct str *)member));
        break;
    case OPTION_NUMBER:
        buf_append_format(buf, "%llu", (unsigned long long)*(const uint64_t *)member);
        break;
    case OPTION_SWITCH:
        buf_append_format(buf, "%s", *(const bool *)member ? "true" : "false");
        break;
    }
}

/* What says how to print is not among what is printed. */
static bool is_about_printing(const struct option *option)
{
    return str_equal(str_of(option->name), STR("config")) ||
           str_equal(str_of(option->name), STR("origin"));
}

static void print_with_origins(const struct options *options, struct buf *buf)
{
    struct buf value;
    buf_open(&value, SIZE_MAX);
    for (size_t i = 0; i < options_table_count; i++) {
        if (is_about_printing(&options_table[i]))
            continue;
        buf_clear(&value);
        append_value(&options_table[i], options, &value);
        buf_append_format(buf, "%-27s %-24.*s %.*s\n", options_table[i].name,
                          STR_ARG(buf_str(&value)), STR_ARG(options->origins[i]));
    }
    buf_close(&value);
}

void options_print(const struct options *options, struct buf *buf)
{
    if (options->shows_origins) {
        print_with_origins(options, buf);
        return;
    }
    for (size_t i = 0; i < options_table_count; i++) {
        if (is_about_printing(&options_table[i]))
            continue;
        buf_append_format(buf, "%s = ", options_table[i].name);
        append_value(&options_table[i], options, buf);
        buf_append_byte(buf, '\n');
    }
}

static bool is_same(const struct option *option, const void *one, const void *other)
{
    switch (option->kind) {
    case OPTION_TEXT:
        return str_equal(*(const struct str *)one, *(const struct str *)other);
    case OPTION_NUMBER:
        return *(const uint64_t *)one == *(const uint64_t *)other;
    case OPTION_SWITCH:
        return *(const bool *)one == *(const bool *)other;
    }
    return true;
}

void options_compare(const struct options *one, const struct options *other,
                     void (*tell)(const char *name, void *context), void *context)
{
    for (size_t i = 0; i < options_table_count; i++) {
        const struct option *option = &options_table[i];
        if (!is_same(option, member_of_const(one, option), member_of_const(other, option)))
            tell(option->name, context);
    }
}
