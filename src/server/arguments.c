/* SPDX-License-Identifier: Apache-2.0 */
/* arguments - the command line of the commands beside `serve`: see arguments.h. */
#include "server/arguments.h"

struct reading {
    struct arena *arena;
    const struct argument_table *table;
    void *values;
    struct operands *operands;
    int count;
    char **arguments;
    int at; /* of the one that is looked at */
};

static struct fault bad(struct reading *reading, struct str word, const char *why)
{
    struct str usage = str_of(reading->table->usage); /* its first word is the command's name */
    struct str name = str_slice(usage, 0, str_find_byte(usage, ' ', 0));
    struct str sentence =
        arena_format(reading->arena, "%.*s %s; `guidon %.*s --help` lists what there is",
                     STR_ARG(word), why, STR_ARG(name));
    return fault_make(FAULT_INVALID, word, sentence);
}

static const struct argument *find_name(const struct argument_table *table, struct str name)
{
    for (size_t i = 0; i < table->count; i++) {
        if (str_equal(str_of(table->arguments[i].name), name))
            return &table->arguments[i];
    }
    return NULL;
}

static const struct argument *find_letter(const struct argument_table *table, char letter)
{
    for (size_t i = 0; i < table->count; i++) {
        if (table->arguments[i].letter == letter)
            return &table->arguments[i];
    }
    return NULL;
}

static struct fault set(struct reading *reading, const struct argument *argument, struct str value)
{
    void *member = (char *)reading->values + argument->offset;
    switch (argument->kind) {
    case ARGUMENT_SWITCH:
        *(bool *)member = true;
        break;
    case ARGUMENT_TEXT:
        *(struct str *)member = value;
        break;
    case ARGUMENT_NUMBER:
        if (!str_parse_u64(value, member) || *(uint64_t *)member == 0)
            return bad(reading, str_of(argument->name), "must be a whole number from 1 on");
        break;
    }
    return fault_none();
}

/* value: what stood behind an equals sign or a letter; absent when there was nothing. */
static struct fault take_option(struct reading *reading, struct str written,
                                const struct argument *argument, struct str value)
{
    if (argument == NULL)
        return bad(reading, written, "is no option of this command");
    if (argument->kind == ARGUMENT_SWITCH)
        return str_is_absent(value) ? set(reading, argument, value)
                                    : bad(reading, written, "takes no value");
    if (str_is_absent(value) && reading->at + 1 == reading->count)
        return bad(reading, written, "needs a value");
    if (str_is_absent(value))
        value = str_of(reading->arguments[++reading->at]);
    return set(reading, argument, value);
}

static struct fault take_long(struct reading *reading, struct str word)
{
    size_t equals = str_find_byte(word, '=', 2);
    struct str name = str_slice(word, 2, equals);
    struct str value = {0};
    if (equals < word.size)
        value = str_slice(word, equals + 1, word.size);
    if (str_equal(name, STR("help")) && str_is_absent(value)) {
        reading->operands->wants_help = true;
        return fault_none();
    }
    return take_option(reading, str_slice(word, 0, equals), find_name(reading->table, name), value);
}

static struct fault take_short(struct reading *reading, struct str word)
{
    struct str value = {0};
    if (word.size > 2)
        value = str_slice(word, 2, word.size);
    const struct argument *argument = find_letter(reading->table, word.data[1]);
    if (argument == NULL && str_equal(word, STR("-h"))) {
        reading->operands->wants_help = true;
        return fault_none();
    }
    return take_option(reading, str_slice(word, 0, 2), argument, value);
}

static struct fault take_operand(struct reading *reading, struct str word)
{
    struct operands *operands = reading->operands;
    if (operands->count == reading->table->operands_max)
        return bad(reading, word, "is one word too many");
    operands->items[operands->count++] = word;
    return fault_none();
}

struct fault arguments_read(struct arena *arena, const struct argument_table *table, int count,
                            char **arguments, void *values, struct operands *operands)
{
    struct reading reading = {arena, table, values, operands, count, arguments, 0};
    bool are_all_operands = false;
    *operands = (struct operands){.items = ARENA_NEW_ARRAY(arena, struct str, table->operands_max)};
    struct fault fault = fault_none();
    for (; reading.at < count && !failed(fault); reading.at++) {
        struct str word = str_of(arguments[reading.at]);
        if (!are_all_operands && str_equal(word, STR("--")))
            are_all_operands = true;
        else if (!are_all_operands && str_starts_with(word, STR("--")))
            fault = take_long(&reading, word);
        else if (!are_all_operands && word.size > 1 && word.data[0] == '-')
            fault = take_short(&reading, word);
        else
            fault = take_operand(&reading, word);
    }
    return fault;
}

void arguments_help(const struct argument_table *table, struct buf *buf)
{
    buf_append_format(buf, "Usage: guidon %s\n\n%s\n\n", table->usage, table->summary);
    for (size_t i = 0; i < table->count; i++) {
        const struct argument *argument = &table->arguments[i];
        struct buf left;
        buf_open(&left, SIZE_MAX);
        if (argument->letter != 0)
            buf_append_format(&left, "-%c, ", argument->letter);
        buf_append_format(&left, "--%s", argument->name);
        if (argument->value != NULL)
            buf_append_format(&left, " %s", argument->value);
        buf_append_format(buf, "  %-24.*s %s\n", STR_ARG(buf_str(&left)), argument->help);
        buf_close(&left);
    }
    for (const char *const *line = table->more; line != NULL && *line != NULL; line++)
        buf_append_format(buf, "%s%s\n", line == table->more ? "\n" : "", *line);
}
