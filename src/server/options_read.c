/* SPDX-License-Identifier: Apache-2.0 */
/* options_read - settings from flags, variables and the file: see options.h. */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "server/options_table.h"

static struct fault bad(struct str name, struct str sentence)
{
    return fault_make(FAULT_INVALID, name, sentence);
}

static bool parse_switch(struct str value, bool *result)
{
    if (str_equal(value, STR("true")) || str_equal(value, STR("1")))
        *result = true;
    else if (str_equal(value, STR("false")) || str_equal(value, STR("0")))
        *result = false;
    else
        return false;
    return true;
}

/* origin: where the value stands, for people. */
static struct fault set(struct arena *arena, struct options *options, const struct option *option,
                        struct str value, struct str origin)
{
    struct str name = str_of(option->name);
    options->origins[option - options_table] = origin;
    switch (option->kind) {
    case OPTION_TEXT:
        *(struct str *)member_of(options, option) = value;
        return fault_none();
    case OPTION_SWITCH:
        if (!parse_switch(value, member_of(options, option)))
            return bad(name, arena_format(arena, "%s must be true or false, not \"%.*s\"",
                                          option->name, STR_ARG(value)));
        return fault_none();
    case OPTION_NUMBER: {
        uint64_t number = 0;
        if (!str_parse_u64(value, &number) || number < option->least || number > option->most)
            return fault_make(FAULT_INVALID, name,
                              arena_format(arena,
                                           "%s must be a number from %llu to %llu, not \"%.*s\"",
                                           option->name, (unsigned long long)option->least,
                                           (unsigned long long)option->most, STR_ARG(value)));
        *(uint64_t *)member_of(options, option) = number;
        return fault_none();
    }
    }
    return fault_none();
}

/* ---- names ------------------------------------------------------------------------------- */

static const struct option *find_option(struct str name)
{
    for (size_t i = 0; i < options_table_count; i++) {
        if (str_equal(str_of(options_table[i].name), name))
            return &options_table[i];
    }
    return NULL;
}

/* Levenshtein distance, for "did you mean"; names are short. */
static size_t distance(struct str a, struct str b)
{
    enum { NAME_BYTES_MAX = 40 };
    size_t row[NAME_BYTES_MAX + 1];
    if (a.size > NAME_BYTES_MAX || b.size > NAME_BYTES_MAX)
        return NAME_BYTES_MAX;
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t best = diagonal + (a.data[i - 1] == b.data[j - 1] ? 0 : 1);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b.size];
}

static struct fault unknown(struct arena *arena, struct str name)
{
    const struct option *nearest = &options_table[0];
    for (size_t i = 1; i < options_table_count; i++) {
        if (distance(name, str_of(options_table[i].name)) < distance(name, str_of(nearest->name)))
            nearest = &options_table[i];
    }
    return bad(name, arena_format(arena, "there is no setting \"%.*s\"; did you mean \"%s\"?",
                                  STR_ARG(name), nearest->name));
}

/* "bootstrap-token-file" -> "GUIDON_BOOTSTRAP_TOKEN_FILE" */
static const char *variable_name(struct arena *arena, const struct option *option)
{
    struct str name = arena_format(arena, "GUIDON_%s", option->name);
    char *text = (char *)name.data;
    for (size_t i = 0; i < name.size; i++) {
        if (text[i] >= 'a' && text[i] <= 'z')
            text[i] = (char)(text[i] - ('a' - 'A'));
        else if (text[i] == '-')
            text[i] = '_';
    }
    return text;
}

/* ---- sources ----------------------------------------------------------------------------- */

struct fault options_read_defaults(struct arena *arena, struct options *options)
{
    options->origins = ARENA_NEW_ARRAY(arena, struct str, options_table_count);
    for (size_t i = 0; i < options_table_count; i++) {
        struct fault fault = set(arena, options, &options_table[i],
                                 str_of(options_table[i].fallback), STR("default"));
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault read_whole_file(struct arena *arena, struct str path, struct str *text)
{
    enum { FILE_BYTES_MAX = 64 * 1024 };
    const char *name = arena_format(arena, "%.*s", STR_ARG(path)).data;
    int file = open(name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return bad(path, arena_format(arena, "%s cannot be read", name));
    char *data = arena_allocate(arena, FILE_BYTES_MAX);
    size_t size = 0;
    ssize_t got = 1;
    while (got > 0 && size < FILE_BYTES_MAX) {
        got = read(file, data + size, FILE_BYTES_MAX - size);
        size += got > 0 ? (size_t)got : 0;
    }
    close(file);
    if (got < 0 || size == FILE_BYTES_MAX)
        return bad(path, arena_format(arena, "%s cannot be read whole", name));
    *text = (struct str){data, size};
    return fault_none();
}

/* A file that holds one value, as secrets come to containers; its last line may end. */
static struct fault read_value_file(struct arena *arena, const char *variable, const char *path,
                                    struct str *value)
{
    struct fault fault = read_whole_file(arena, str_of(path), value);
    while (!failed(fault) && (str_ends_with(*value, STR("\n")) || str_ends_with(*value, STR("\r"))))
        value->size--;
    if (!failed(fault) && str_find_byte(*value, '\0', 0) < value->size)
        fault = bad(str_of(variable), arena_format(arena, "%s holds a NUL", path));
    if (failed(fault))
        fault.why = arena_format(arena, "%s: %.*s", variable, STR_ARG(fault.why));
    return fault;
}

/* The variable of some setting, whose own name may end in _FILE. */
static bool is_variable(struct arena *arena, struct str name)
{
    for (size_t i = 0; i < options_table_count; i++) {
        if (str_equal(str_of(variable_name(arena, &options_table[i])), name))
            return true;
    }
    return false;
}

/* NAME, or NAME_FILE: where its value is; not both. */
static struct fault read_variable(struct arena *arena, const struct option *option,
                                  struct options *options)
{
    const char *name = variable_name(arena, option);
    struct str file_name = arena_format(arena, "%s_FILE", name);
    const char *text = getenv(name);
    const char *path = is_variable(arena, file_name) ? NULL : getenv(file_name.data);
    if (path == NULL && text == NULL)
        return fault_none();
    if (path == NULL)
        return set(arena, options, option, str_of(text), arena_format(arena, "variable %s", name));
    if (text != NULL)
        return bad(file_name, arena_format(arena, "%s and %s are both there: which is it?", name,
                                           file_name.data));
    struct str value = {0};
    struct fault fault = read_value_file(arena, file_name.data, path, &value);
    return failed(fault) ? fault
                         : set(arena, options, option, value,
                               arena_format(arena, "variable %s: %s", file_name.data, path));
}

struct fault options_read_variables(struct arena *arena, struct options *options)
{
    struct fault fault = fault_none();
    for (size_t i = 0; i < options_table_count && !failed(fault); i++)
        fault = read_variable(arena, &options_table[i], options);
    return fault;
}

/* --name value, --name=value; a switch may stand alone. */
struct fault options_read_flags(struct arena *arena, int count, char **arguments,
                                struct options *options)
{
    for (int i = 0; i < count; i++) {
        struct str argument = str_of(arguments[i]);
        if (str_equal(argument, STR("--help")) || str_equal(argument, STR("-h"))) {
            options->wants_help = true;
            continue;
        }
        if (!str_starts_with(argument, STR("--")))
            return bad(argument, arena_format(arena, "\"%.*s\" is no setting: they begin with --",
                                              STR_ARG(argument)));
        size_t equals = str_find_byte(argument, '=', 2);
        struct str name = str_slice(argument, 2, equals);
        const struct option *option = find_option(name);
        if (option == NULL)
            return unknown(arena, name);
        struct str value = str_slice(argument, equals + 1, argument.size);
        bool is_alone = i + 1 == count || str_starts_with(str_of(arguments[i + 1]), STR("--"));
        if (equals == argument.size && option->kind == OPTION_SWITCH && is_alone)
            value = STR("true");
        else if (equals == argument.size && i + 1 < count)
            value = str_of(arguments[++i]);
        else if (equals == argument.size)
            return bad(name, arena_format(arena, "--%.*s needs a value", STR_ARG(name)));
        struct fault fault =
            set(arena, options, option, value, arena_format(arena, "flag --%s", option->name));
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct str unquote(struct str value)
{
    bool is_quoted = value.size >= 2 && value.data[0] == '"' && value.data[value.size - 1] == '"';
    return is_quoted ? str_slice(value, 1, value.size - 1) : value;
}

static struct fault read_line(struct arena *arena, struct str line, struct str place,
                              struct options *options)
{
    line = str_trim(line);
    if (str_is_empty(line) || line.data[0] == '#')
        return fault_none();
    size_t equals = str_find_byte(line, '=', 0);
    struct str name = str_trim(str_slice(line, 0, equals));
    if (equals == line.size)
        return bad(name, arena_format(arena, "\"%.*s\" is no line of the form name = value",
                                      STR_ARG(line)));
    const struct option *option = find_option(name);
    if (option == NULL)
        return unknown(arena, name);
    return set(arena, options, option, unquote(str_trim(str_slice(line, equals + 1, line.size))),
               arena_format(arena, "file %.*s", STR_ARG(place)));
}

struct fault options_read_file(struct arena *arena, struct str path, struct options *options)
{
    struct str text;
    struct fault fault = read_whole_file(arena, path, &text);
    unsigned line = 0;
    for (size_t from = 0; !failed(fault) && from < text.size;) {
        size_t to = str_find_byte(text, '\n', from);
        struct str place = arena_format(arena, "%.*s:%u", STR_ARG(path), ++line);
        fault = read_line(arena, str_slice(text, from, to), place, options);
        if (failed(fault))
            fault.why = arena_format(arena, "%.*s: %.*s", STR_ARG(place), STR_ARG(fault.why));
        from = to + 1;
    }
    return fault;
}
