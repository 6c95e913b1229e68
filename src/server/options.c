/* SPDX-License-Identifier: Apache-2.0 */
/* options - what can be set: see options.h. */
#include "server/options_table.h"

#include <arpa/inet.h>
#include <assert.h>

#include "dialect/peer.h"
#include "model/limits.h"

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

const struct option options_table[] = {
    TEXT("listen", listen, "127.0.0.1:8080", "HOST:PORT to serve on"),
    TEXT("operations-listen", operations_listen, "",
         "HOST:PORT of /livez /readyz /metrics (default: loopback, one above the port)"),
    TEXT("data", data, "./data", "directory of the store and the snapshots"),
    TEXT("bootstrap-token-file", bootstrap_token_file, "",
         "where a first start writes the owner's token (0600), or finds the one it is to be"),
    TEXT("config-file", config_file, "", "file of `name = value` lines with these same names"),
    TEXT("config", config, "",
         "check: say whether the settings are good, and exit; print: show them"),
    SWITCH("origin", shows_origins, "false", "with --config print: where each value comes from"),
    NUMBER("loops", loops, "0", 0, 64, "event loops; 0: one per processor, at most 8"),
    TEXT("log-level", log_level, "info", "debug, info, warn or error"),
    TEXT("sandbox", sandbox, "on",
         "on: a fence of system calls and files round the server, as far as the kernel has them; "
         "strict: no start without; off"),
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
    NUMBER("restart-grace-ms", restart_grace_ms, "1000", 0, 60000,
           "before a restart by SIGUSR2, for clients to leave connections they keep"),
    TEXT("tls-certificate", tls_certificate, "",
         "file of the certificate chain, in PEM: HTTPS instead of HTTP"),
    TEXT("tls-key", tls_key, "", "file of its private key, in PEM"),
    NUMBER("header-bytes-max", header_bytes_max, "65536", 1024, 1048576,
           "all headers of a request"),
    NUMBER("header-value-bytes-max", header_value_bytes_max, "32768", 256, 1048576, "one header"),
    NUMBER("large-bodies-bytes-max", large_bodies_bytes_max, "134217728", 65536, 68719476736,
           "per loop, of bodies that come in, beyond 64 KiB of each"),
    NUMBER("event-queue-bytes-max", event_queue_bytes_max, "67108864", 65536, 4294967296,
           "events waiting to be stored"),
    NUMBER("changes-waiting-max", changes_waiting_max, "1024", 1, 100000,
           "changes waiting to commit; 16 requests at most are handed to the writer"),
    NUMBER(
        "rehearsal-ms", rehearsal_ms, "200", 0, 60000,
        "processor time of a step when a change is rehearsed in another process; 0: not rehearsed"),
    NUMBER("crash-window-ms", crash_window_ms, "60000", 0, 3600000,
           "the third start after crashes in it serves an earlier snapshot, read-only; 0: never"),
    NUMBER("good-after-ms", good_after_ms, "60000", 0, 86400000,
           "a snapshot counts as good when it was served for so long,"),
    NUMBER("good-after-requests", good_after_requests, "1000", 0, 1000000000,
           "and so many requests were answered meanwhile"),
    NUMBER("management-per-second", management_per_second, "100", 0, RATE_PER_SECOND_MAX,
           "/api/1 requests per environment in any second; 0: no limit"),
    NUMBER("management-per-day", management_per_day, "100000", 0, 1000000000000,
           "/api/1 requests per environment and UTC day; 0: no limit"),
    NUMBER("admin-per-second", admin_per_second, "100", 0, RATE_PER_SECOND_MAX,
           "/admin/v1 requests per credential in any second; 0: no limit"),
    NUMBER("sign-ins-per-account", sign_ins_per_account, "5", 1, 10000,
           "tries of a password per account and minute"),
    NUMBER("sign-ins-per-address", sign_ins_per_address, "20", 1, 10000,
           "tries to sign in per address and minute"),
    TEXT("trusted-proxies", trusted_proxies, "",
         "ADDRESS,ADDRESS: proxies whose X-Forwarded-For and X-Forwarded-Proto are believed"),
    TEXT("public-url", public_url, "",
         "where people reach this server (https://flags.example.com): for the addresses it shows"),
    NUMBER("streams-max", streams_max, "10000", 0, 10000000, "open event streams"),
    NUMBER("streams-per-credential-max", streams_per_credential_max, "2000", 0, 10000000,
           "open event streams of one key"),
    NUMBER("streams-per-second", streams_per_second, "500", 0, 1000000,
           "event streams that begin, streams-max of them at once after a pause; 0: no limit"),
    NUMBER("stream-age-ms", stream_age_ms, "1800000", 0, 86400000,
           "then an event stream ends, 20 % more or less; 0: never"),
};
const size_t options_table_count = COUNT_OF(options_table);

static struct fault bad(struct str name, struct str sentence)
{
    return fault_make(FAULT_INVALID, name, sentence);
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

static bool is_sandbox(struct str text)
{
    return str_equal(text, STR("on")) || str_equal(text, STR("off")) ||
           str_equal(text, STR("strict"));
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

static bool is_url(struct str text)
{
    bool has_scheme =
        str_starts_with(text, STR("http://")) || str_starts_with(text, STR("https://"));
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] <= ' ' || text.data[i] >= 0x7f || text.data[i] == '"')
            return false;
    }
    return has_scheme;
}

/* What stands between people and the server. */
static struct fault check_surroundings(struct arena *arena, const struct options *options)
{
    if (!str_is_empty(options->public_url) && !is_url(options->public_url))
        return bad(STR("public-url"),
                   arena_format(arena,
                                "public-url must be as https://flags.example.com, not \"%.*s\"",
                                STR_ARG(options->public_url)));
    if (!peer_list_is_valid(options->trusted_proxies))
        return bad(STR("trusted-proxies"),
                   arena_format(arena,
                                "trusted-proxies must be numeric addresses with commas between, "
                                "not \"%.*s\"",
                                STR_ARG(options->trusted_proxies)));
    return fault_none();
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
    if (!is_sandbox(options->sandbox))
        return bad(STR("sandbox"), arena_format(arena,
                                                "sandbox must be on, off or strict, not "
                                                "\"%.*s\"",
                                                STR_ARG(options->sandbox)));
    if (!is_address(arena, options->listen))
        return bad(STR("listen"), arena_format(arena, "listen must be HOST:PORT, not \"%.*s\"",
                                               STR_ARG(options->listen)));
    if (!str_is_empty(options->operations_listen) && !is_address(arena, options->operations_listen))
        return bad(STR("operations-listen"),
                   arena_format(arena, "operations-listen must be HOST:PORT, not \"%.*s\"",
                                STR_ARG(options->operations_listen)));
    if (str_is_empty(options->data))
        return bad(STR("data"), STR("data must name a directory"));
    if (str_is_empty(options->tls_certificate) != str_is_empty(options->tls_key))
        return bad(STR("tls-key"), STR("tls-certificate and tls-key go together"));
    return check_surroundings(arena, options);
}

struct fault options_read(struct arena *arena, int count, char **arguments, struct options *options)
{
    *options = (struct options){0};
    /* Once to learn which file is meant, and then in the order in which they overrule. */
    struct options first = {0};
    struct fault fault = options_read_defaults(arena, &first);
    if (!failed(fault))
        fault = options_read_variables(arena, &first);
    if (!failed(fault))
        fault = options_read_flags(arena, count, arguments, &first);
    if (!failed(fault))
        fault = options_read_defaults(arena, options);
    if (!failed(fault) && !str_is_empty(first.config_file))
        fault = options_read_file(arena, first.config_file, options);
    if (!failed(fault))
        fault = options_read_variables(arena, options);
    if (!failed(fault))
        fault = options_read_flags(arena, count, arguments, options);
    if (!failed(fault))
        fault = check(arena, options);
    return fault;
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

struct rate_limits options_environment_rates(const struct options *options)
{
    return (struct rate_limits){
        .per_second = (uint32_t)options->management_per_second,
        .per_day = options->management_per_day,
    };
}

struct rate_limits options_credential_rates(const struct options *options)
{
    return (struct rate_limits){.per_second = (uint32_t)options->admin_per_second};
}

struct str options_operations_address(struct arena *arena, const struct options *options)
{
    if (!str_is_empty(options->operations_listen))
        return options->operations_listen;
    size_t colon = options->listen.size;
    while (options->listen.data[colon - 1] != ':')
        colon--;
    uint64_t port = 0;
    bool is_number = str_parse_u64(str_slice(options->listen, colon, options->listen.size), &port);
    return arena_format(arena, "127.0.0.1:%llu", is_number ? (unsigned long long)port + 1 : 0ULL);
}
