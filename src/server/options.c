/* SPDX-License-Identifier: Apache-2.0 */
/* options - what can be set: see options.h. */
#include "server/options.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dialect/rate.h"
#include "model/limits.h"

enum option_kind { OPTION_TEXT, OPTION_NUMBER, OPTION_SWITCH };

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset; /* into struct options */
    const char *fallback;
    uint64_t least, most;
    const char *help;
};

#define TEXT(name, member, fallback, help)                                                         \
    {                                                                                              \
        name, OPTION_TEXT, offsetof(struct options, member), fallback, 0, 0, help                  \
    }
#define NUMBER(name, member, fallback, least, most, help)                                          \
    {                                                                                              \
        name, OPTION_NUMBER, offsetof(struct options, member), fallback, least, most, help         \
    }
#define SWITCH(name, member, fallback, help)                                                       \
    {                                                                                              \
        name, OPTION_SWITCH, offsetof(struct options, member), fallback, 0, 0, help                \
    }

static const struct option table[] = {
    TEXT("listen", listen, "127.0.0.1:8080", "HOST:PORT to serve on"),
    TEXT("operations-listen", operations_listen, "",
         "HOST:PORT of /livez /readyz /metrics (default: loopback, one above the port)"),
    TEXT("data", data, "./data", "directory of the store and the snapshots"),
    TEXT("bootstrap-token-file", bootstrap_token_file, "",
         "where a first start also writes the owner's token (mode 0600)"),
    TEXT("config-file", config_file, "", "file of `name = value` lines with these same names"),
    TEXT("config", config, "",
         "check: say whether the settings are good, and exit; print: show them"),
    NUMBER("loops", loops, "0", 0, 64, "event loops; 0: one per processor, at most 8"),
    TEXT("log-level", log_level, "info", "debug, info, warn or error"),
    SWITCH("log-requests", logs_requests, "false", "one log line per request"),
    NUMBER("connections-max", connections_max, "20000", 1, 1000000, "connections per loop"),
    NUMBER("requests-per-connection", requests_per_connection, "10000", 1, 1000000000,
           "then it is closed"),
    NUMBER("pipelined-requests-max", pipelined_requests_max, "16", 1, 1024, "waiting behind one"),
    NUMBER("header-timeout-ms", header_timeout_ms, "10000", 10, 600000, "for a request's head"),
    NUMBER("body-timeout-ms", body_timeout_ms, "30000", 10, 600000, "for a request's body"),
    NUMBER("idle-timeout-ms", idle_timeout_ms, "60000", 10, 3600000, "between requests"),
    NUMBER("write-timeout-ms", write_timeout_ms, "10000", 10, 600000, "for a stalled reader"),
    NUMBER("handler-timeout-ms", handler_timeout_ms, "5000", 10, 600000, "for an answer"),
    NUMBER("drain-timeout-ms", drain_timeout_ms, "8000", 0, 600000, "to finish when stopping"),
    NUMBER("header-bytes-max", header_bytes_max, "65536", 1024, 1048576,
           "all headers of a request"),
    NUMBER("header-value-bytes-max", header_value_bytes_max, "32768", 256, 1048576, "one header"),
    NUMBER("large-bodies-bytes-max", large_bodies_bytes_max, "134217728", 65536, 68719476736,
           "per loop, of bodies that come in, beyond 64 KiB of each"),
    NUMBER("event-queue-bytes-max", event_queue_bytes_max, "67108864", 65536, 4294967296,
           "events waiting to be stored"),
    NUMBER("changes-waiting-max", changes_waiting_max, "1024", 1, 100000,
           "changes waiting to commit; 16 requests at most are handed to the writer"),
    NUMBER("management-per-second", management_per_second, "100", 0, RATE_PER_SECOND_MAX,
           "/api/1 requests per environment in any second; 0: no limit"),
    NUMBER("management-per-day", management_per_day, "100000", 0, 1000000000000,
           "/api/1 requests per environment and UTC day; 0: no limit"),
    NUMBER("admin-per-second", admin_per_second, "100", 0, RATE_PER_SECOND_MAX,
           "/admin/v1 requests per credential in any second; 0: no limit"),
    NUMBER("streams-max", streams_max, "10000", 0, 10000000, "open event streams"),
    NUMBER("streams-per-credential-max", streams_per_credential_max, "2000", 0, 10000000,
           "open event streams of one key"),
    NUMBER("streams-per-second", streams_per_second, "500", 0, 1000000,
           "event streams that begin, streams-max of them at once after a pause; 0: no limit"),
    NUMBER("stream-age-ms", stream_age_ms, "1800000", 0, 86400000,
           "then an event stream ends, 20 % more or less; 0: never"),
};

static void *member_of(struct options *options, const struct option *option)
{
    return (char *)options + option->offset;
}

static const void *member_of_const(const struct options *options, const struct option *option)
{
    return (const char *)options + option->offset;
}

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

static struct fault set(struct arena *arena, struct options *options, const struct option *option,
                        struct str value)
{
    struct str name = str_of(option->name);
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
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (str_equal(str_of(table[i].name), name))
            return &table[i];
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
    const struct option *nearest = &table[0];
    for (size_t i = 1; i < COUNT_OF(table); i++) {
        if (distance(name, str_of(table[i].name)) < distance(name, str_of(nearest->name)))
            nearest = &table[i];
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

static struct fault read_defaults(struct arena *arena, struct options *options)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct fault fault = set(arena, options, &table[i], str_of(table[i].fallback));
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault read_environment(struct arena *arena, struct options *options)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const char *value = getenv(variable_name(arena, &table[i]));
        if (value == NULL)
            continue;
        struct fault fault = set(arena, options, &table[i], str_of(value));
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

/* --name value, --name=value; a switch may stand alone. */
static struct fault read_flags(struct arena *arena, int count, char **arguments,
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
        struct fault fault = set(arena, options, option, value);
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

static struct fault read_line(struct arena *arena, struct str line, struct options *options)
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
    return set(arena, options, option, unquote(str_trim(str_slice(line, equals + 1, line.size))));
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

static struct fault read_file(struct arena *arena, struct str path, struct options *options)
{
    struct str text;
    struct fault fault = read_whole_file(arena, path, &text);
    for (size_t from = 0; !failed(fault) && from < text.size;) {
        size_t to = str_find_byte(text, '\n', from);
        fault = read_line(arena, str_slice(text, from, to), options);
        from = to + 1;
    }
    if (failed(fault))
        fault.why = arena_format(arena, "%.*s: %.*s", STR_ARG(path), STR_ARG(fault.why));
    return fault;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool parse_level(struct str text, enum log_level *level)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_equal(text, str_of(names[i]))) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* 127.0.0.1:8080, [::1]:8080, localhost:8080 */
static bool is_address(struct arena *arena, struct str text)
{
    size_t colon = text.size;
    while (colon > 0 && text.data[colon - 1] != ':')
        colon--;
    uint64_t port = 0;
    if (colon < 2 || !str_parse_u64(str_slice(text, colon, text.size), &port) || port > UINT16_MAX)
        return false;
    struct str host = str_slice(text, 0, colon - 1);
    if (str_equal(host, STR("localhost")))
        return true;
    bool is_six = str_starts_with(host, STR("[")) && str_ends_with(host, STR("]"));
    if (is_six)
        host = str_slice(host, 1, host.size - 1);
    struct in6_addr address;
    return inet_pton(is_six ? AF_INET6 : AF_INET, arena_format(arena, "%.*s", STR_ARG(host)).data,
                     &address) == 1;
}

static struct fault check(struct arena *arena, const struct options *options)
{
    enum log_level level;
    if (!parse_level(options->log_level, &level))
        return bad(STR("log-level"),
                   arena_format(arena, "log-level must be debug, info, warn or error, not \"%.*s\"",
                                STR_ARG(options->log_level)));
    bool is_known = str_is_empty(options->config) || str_equal(options->config, STR("check")) ||
                    str_equal(options->config, STR("print"));
    if (!is_known)
        return bad(STR("config"), arena_format(arena,
                                               "config must be check or print, not \"%.*s\" "
                                               "(a file goes with --config-file)",
                                               STR_ARG(options->config)));
    if (!is_address(arena, options->listen))
        return bad(STR("listen"), arena_format(arena, "listen must be HOST:PORT, not \"%.*s\"",
                                               STR_ARG(options->listen)));
    if (!str_is_empty(options->operations_listen) && !is_address(arena, options->operations_listen))
        return bad(STR("operations-listen"),
                   arena_format(arena, "operations-listen must be HOST:PORT, not \"%.*s\"",
                                STR_ARG(options->operations_listen)));
    if (str_is_empty(options->data))
        return bad(STR("data"), STR("data must name a directory"));
    return fault_none();
}

struct fault options_read(struct arena *arena, int count, char **arguments, struct options *options)
{
    *options = (struct options){0};
    /* Once to learn which file is meant, and then in the order in which they overrule. */
    struct options first = {0};
    struct fault fault = read_defaults(arena, &first);
    if (!failed(fault))
        fault = read_environment(arena, &first);
    if (!failed(fault))
        fault = read_flags(arena, count, arguments, &first);
    if (!failed(fault))
        fault = read_defaults(arena, options);
    if (!failed(fault) && !str_is_empty(first.config_file))
        fault = read_file(arena, first.config_file, options);
    if (!failed(fault))
        fault = read_environment(arena, options);
    if (!failed(fault))
        fault = read_flags(arena, count, arguments, options);
    if (!failed(fault))
        fault = check(arena, options);
    return fault;
}

void options_help(struct buf *buf)
{
    buf_append(buf, STR("Usage: guidon serve [--name value | --name=value]...\n\n"
                        "Each setting is also a variable GUIDON_NAME and a line `name = value` of\n"
                        "the file given by --config-file. Flag > variable > file > default.\n\n"));
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct option *option = &table[i];
        buf_append_format(buf, "  --%-24s %s", option->name, option->help);
        if (option->fallback[0] != '\0')
            buf_append_format(buf, " [%s]", option->fallback);
        buf_append_byte(buf, '\n');
    }
}

void options_print(const struct options *options, struct buf *buf)
{
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const struct option *option = &table[i];
        const void *member = member_of_const(options, option);
        if (str_equal(str_of(option->name), STR("config")))
            continue;
        switch (option->kind) {
        case OPTION_TEXT:
            buf_append_format(buf, "%s = \"%.*s\"\n", option->name,
                              STR_ARG(*(const struct str *)member));
            break;
        case OPTION_NUMBER:
            buf_append_format(buf, "%s = %llu\n", option->name,
                              (unsigned long long)*(const uint64_t *)member);
            break;
        case OPTION_SWITCH:
            buf_append_format(buf, "%s = %s\n", option->name,
                              *(const bool *)member ? "true" : "false");
            break;
        }
    }
}

struct http_limits options_http_limits(const struct options *options)
{
    struct http_limits limits = http_limits_default;
    limits.header_bytes = options->header_bytes_max;
    limits.header_value_bytes = options->header_value_bytes_max;
    limits.large_bodies_bytes = options->large_bodies_bytes_max;
    limits.connections = options->connections_max;
    limits.requests_per_connection = options->requests_per_connection;
    limits.pipelined_requests = options->pipelined_requests_max;
    limits.header_timeout_ms = (uint32_t)options->header_timeout_ms;
    limits.body_timeout_ms = (uint32_t)options->body_timeout_ms;
    limits.idle_timeout_ms = (uint32_t)options->idle_timeout_ms;
    limits.write_timeout_ms = (uint32_t)options->write_timeout_ms;
    limits.handler_timeout_ms = (uint32_t)options->handler_timeout_ms;
    limits.drain_timeout_ms = (uint32_t)options->drain_timeout_ms;
    limits.body_bytes = BODY_BYTES_IMPORT_MAX;
    return limits;
}

enum log_level options_log_level(const struct options *options)
{
    enum log_level level = LOG_INFO;
    bool is_known = parse_level(options->log_level, &level);
    assert(is_known);
    return level;
}
