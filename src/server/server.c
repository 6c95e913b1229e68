/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - opens the rooms bottom-up, waits, closes them top-down.
 *
 *   options -> view slot -> change (store, first view) -> operations -> http -> "listening on"
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "dialect/admin/openapi.h"
#include "dialect/operations.h"
#include "dialect/rate.h"
#include "ingest/assignments.h"
#include "ingest/notebook.h"
#include "model/limits.h"
#include "server/options.h"
#include "server/routes.h"
#include "server/server.h"
#include "stream/stream.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 4, LOOPS_MAX = 8 };

#if defined(__has_feature)
#define GUIDON_IS_SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define GUIDON_IS_SANITIZED 1
#else
#define GUIDON_IS_SANITIZED 0
#endif

struct server {
    struct options options;
    struct arena arena;
    struct view_slot *views;
    struct changer *changer;
    struct notebook *notebooks[2]; /* by enum note_kind */
    struct assignments *assignments;
    struct stream_hub *streams;
    struct rates *rates;
    struct rates *admin_rates;
    struct description *description;
    struct operations operations;
    struct services services;
    struct http_server *http;
    const struct dialect *dialects[16];
};

static void say(struct str text)
{
    fwrite(text.data, 1, text.size, stdout);
    fflush(stdout);
}

static int complain(struct fault fault, int status)
{
    fprintf(stderr, "guidon: %.*s\n", STR_ARG(fault.why));
    return status;
}

static void render_all(struct snapshot *snapshot)
{
    for (size_t i = 0; i < server_language_count; i++) {
        if (server_languages[i].render != NULL)
            server_languages[i].render(snapshot);
    }
}

static void on_published(uint64_t environment, uint64_t version, void *context)
{
    struct server *server = context;
    stream_hub_notify(server->streams);
    log_line(LOG_DEBUG, "published", "environment=%llu version=%llu",
             (unsigned long long)environment, (unsigned long long)version);
}

/* Whoever follows with a credential that is gone is not to wait for the next look. */
static void on_catalog(void *context)
{
    struct server *server = context;
    stream_hub_notify(server->streams);
}

static void on_notes(void *context)
{
    struct server *server = context;
    change_notice_notes(server->changer);
}

/* ---- first start --------------------------------------------------------------------------- */

static bool write_token_file(struct str path, struct str token, struct arena *arena)
{
    const char *name = arena_format(arena, "%.*s", STR_ARG(path)).data;
    int file = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return false;
    struct str line = arena_format(arena, "%.*s\n", STR_ARG(token));
    bool is_written = fchmod(file, 0600) == 0 &&
                      write(file, line.data, line.size) == (ssize_t)line.size && fsync(file) == 0;
    return close(file) == 0 && is_written;
}

/* As soon as the owner is stored and whatever comes next: the token cannot be had again. */
static void hand_over_token(struct server *server, const struct bootstrap *bootstrap)
{
    struct str path = server->options.bootstrap_token_file;
    if (!str_is_empty(path) && !write_token_file(path, bootstrap->token, &server->arena))
        fprintf(stderr, "guidon: the token could not be written to %.*s\n", STR_ARG(path));
    say(arena_format(&server->arena,
                     "First start: the owner is %.*s. This token is shown once; keep it safe:\n\n"
                     "  %.*s\n\n",
                     STR_ARG(bootstrap->owner_email), STR_ARG(bootstrap->token)));
}

static void show_examples(struct server *server, struct str token, struct str origin)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("Try it:\n\n"));
    buf_append_format(&buf,
                      "curl -s %.*s/api/v1/apps -H 'Authorization: Bearer %.*s' "
                      "-H 'Content-Type: application/json' -d '{\"name\":\"my-app\"}'\n",
                      STR_ARG(origin), STR_ARG(token));
    struct str app = arena_format(
        &server->arena,
        "$(curl -s %.*s/api/v1/apps -H 'Authorization: Bearer %.*s' | grep -o 'app_[A-Za-z0-9]*' "
        "| head -n 1)",
        STR_ARG(origin), STR_ARG(token));
    buf_append_format(&buf,
                      "curl -s %.*s/api/v1/flags -H 'Authorization: Bearer %.*s' "
                      "-H 'Content-Type: application/json' -d \"{\\\"appId\\\":\\\"%.*s\\\","
                      "\\\"env\\\":\\\"production\\\",\\\"key\\\":\\\"dark-mode\\\","
                      "\\\"type\\\":\\\"bool\\\",\\\"value\\\":true}\"\n",
                      STR_ARG(origin), STR_ARG(token), STR_ARG(app));
    buf_append_format(&buf,
                      "curl -s \"%.*s/api/v1/flags?appId=%.*s&env=production\" "
                      "-H 'Authorization: Bearer %.*s'\n\n",
                      STR_ARG(origin), STR_ARG(app), STR_ARG(token));
    say(buf_str(&buf));
    buf_close(&buf);
}

/* ---- opening ------------------------------------------------------------------------------- */

static unsigned loop_count(const struct options *options)
{
    if (options->loops != 0)
        return (unsigned)options->loops;
    cpu_set_t processors; /* those we may run on, which a container or taskset makes fewer */
    if (sched_getaffinity(0, sizeof(processors), &processors) != 0)
        return 1;
    int count = CPU_COUNT(&processors);
    return count > LOOPS_MAX ? LOOPS_MAX : (unsigned)count;
}

static struct fault open_change(struct server *server, struct bootstrap *bootstrap)
{
    const struct change_config config = {
        .directory = server->options.data,
        .clock = clock_system(),
        .render = render_all,
        .slot = server->views,
        .event_queue_bytes_max = server->options.event_queue_bytes_max,
        .waiting_max = server->options.changes_waiting_max,
        .on_published = on_published,
        .on_catalog = on_catalog,
        .context = server,
        .notebooks = server->notebooks,
        .notebook_count = COUNT_OF(server->notebooks),
    };
    struct fault degraded;
    struct fault fault =
        change_open(&server->changer, &config, &server->arena, bootstrap, &degraded);
    if (!failed(fault) && failed(degraded))
        log_error("store_unavailable",
                  "why=\"%.*s\" serving=\"the snapshot on disk, changes are refused\"",
                  STR_ARG(degraded.why));
    return fault;
}

static struct stream_hub *open_streams(struct server *server)
{
    struct stream_limits limits = stream_limits_default;
    limits.streams_max = server->options.streams_max;
    limits.streams_per_credential_max = server->options.streams_per_credential_max;
    limits.begins_per_second = (uint32_t)server->options.streams_per_second;
    limits.age_ms = (uint32_t)server->options.stream_age_ms;
    uint64_t half_drain_ms = server->options.drain_timeout_ms / 2;
    if (limits.close_spread_ms > half_drain_ms)
        limits.close_spread_ms = (uint32_t)half_drain_ms;
    return stream_hub_open(server->views, clock_system(), &limits);
}

static void open_rates(struct server *server)
{
    const struct rate_limits per_environment = {
        .per_second = (uint32_t)server->options.management_per_second,
        .per_day = server->options.management_per_day,
    };
    const struct rate_limits per_credential = {
        .per_second = (uint32_t)server->options.admin_per_second,
    };
    server->rates = rates_open(clock_system(), per_environment);
    server->admin_rates = rates_open(clock_system(), per_credential);
}

/* The address is numeric by then; people write the name. */
static struct str numeric_listen(struct server *server)
{
    struct str listen = server->options.listen;
    if (!str_starts_with(listen, STR("localhost:")))
        return listen;
    return arena_format(&server->arena, "127.0.0.1:%.*s",
                        STR_ARG(str_slice(listen, 10, listen.size)));
}

static struct fault open_http(struct server *server)
{
    server->services = (struct services){
        .changer = server->changer,
        .views = server->views,
        .clock = clock_system(),
        .logs_requests = server->options.logs_requests,
        .dialects = server->dialects,
        .dialect_count = server_language_count,
        .streams = server->streams,
        .devices = server->notebooks[NOTE_DEVICE],
        .variations = server->notebooks[NOTE_VARIATION],
        .assignments = server->assignments,
        .rates = server->rates,
        .admin_rates = server->admin_rates,
        .description = server->description,
    };
    const struct http_config config = {
        .listen = numeric_listen(server),
        .loop_count = loop_count(&server->options),
        .limits = options_http_limits(&server->options),
        .callbacks = dispatch_callbacks(&server->services),
        .clock = clock_system(),
    };
    struct fault fault = http_open(&server->http, &config);
    if (!failed(fault))
        stream_hub_attach(server->streams, server->http);
    return fault;
}

static void close_http(struct server *server)
{
    stream_hub_attach(server->streams, NULL);
    http_close(server->http);
}

static struct fault open_operations(struct server *server)
{
    server->operations.changer = server->changer;
    server->operations.views = server->views;
    server->operations.clock = clock_system();
    server->operations.streams = server->streams;
    server->operations.began_ms = clock_monotonic_ms(clock_system());
    server->operations.main_server = server->http;
    return operations_open(&server->operations, server->options.operations_listen,
                           (uint16_t)(http_port(server->http) + 1));
}

static struct str origin_of(struct server *server, struct str listen, uint16_t port)
{
    size_t colon = listen.size;
    while (colon > 0 && listen.data[colon - 1] != ':')
        colon--;
    struct str host = str_slice(listen, 0, colon == 0 ? 0 : colon - 1);
    return arena_format(&server->arena, "http://%.*s:%u", STR_ARG(host), (unsigned)port);
}

static struct str operations_origin_of(struct server *server)
{
    struct str listen = server->options.operations_listen;
    return origin_of(server, str_is_empty(listen) ? STR("127.0.0.1:0") : listen,
                     http_port(server->operations.server));
}

/* ---- running ------------------------------------------------------------------------------- */

static void wait_for_stop(const sigset_t *signals, uint64_t drain_timeout_ms)
{
    int got = 0;
    do {
        if (sigwait(signals, &got) != 0)
            got = SIGTERM;
    } while (got == SIGHUP); /* nothing is reloaded yet; a hang-up is no reason to stop */
    log_info("stopping", "signal=%d", got);
    /* A disk that hangs must not keep us: what was acknowledged is on it, the rest may go. */
    alarm((unsigned)(drain_timeout_ms / 1000) + 2);
}

static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL); /* every thread made from here on inherits it */
    signal(SIGPIPE, SIG_IGN);
}

/* Secrets pass through this process: nobody gets to read its memory from outside. */
static void forbid_dumps(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !GUIDON_IS_SANITIZED
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

/* What needs neither the store nor the network. */
static void open_parts(struct server *server)
{
    server->views = view_slot_open();
    for (size_t i = 0; i < COUNT_OF(server->notebooks); i++)
        server->notebooks[i] = notebook_open((enum note_kind)i, clock_system(), on_notes, server);
    server->streams = open_streams(server);
    open_rates(server);
    for (size_t i = 0; i < server_language_count; i++)
        server->dialects[i] = server_languages[i].dialect;
    server->description = description_open(server->dialects, server_language_count);
}

static void close_parts(struct server *server)
{
    description_close(server->description);
    rates_close(server->admin_rates);
    rates_close(server->rates);
    stream_hub_close(server->streams);
    for (size_t i = 0; i < COUNT_OF(server->notebooks); i++)
        notebook_close(server->notebooks[i]);
    view_slot_close(server->views);
}

/* From "listening" until it is told to stop. */
static void run(struct server *server, const struct bootstrap *bootstrap, const sigset_t *signals)
{
    struct str origin = origin_of(server, server->options.listen, http_port(server->http));
    if (bootstrap->is_first_start)
        show_examples(server, bootstrap->token, origin);
    http_start(server->http);
    say(arena_format(&server->arena, "listening on %.*s (operations on %.*s)\n", STR_ARG(origin),
                     STR_ARG(operations_origin_of(server))));
    wait_for_stop(signals, server->options.drain_timeout_ms);
    operations_begin_stop(&server->operations);
    close_http(server);
    operations_close(&server->operations);
}

static int serve(struct server *server)
{
    sigset_t signals;
    block_signals(&signals);
    log_open(STDERR_FILENO, options_log_level(&server->options));
    open_parts(server);
    struct bootstrap bootstrap;
    struct fault fault = open_change(server, &bootstrap);
    if (bootstrap.is_first_start)
        hand_over_token(server, &bootstrap);
    if (failed(fault)) {
        close_parts(server);
        return complain(fault, EXIT_FAILED);
    }
    server->assignments = assignments_open(change_ingest(server->changer));
    fault = open_http(server);
    if (!failed(fault)) {
        fault = open_operations(server);
        if (failed(fault))
            close_http(server);
    }
    if (!failed(fault))
        run(server, &bootstrap, &signals);
    change_close(server->changer);
    assignments_close(server->assignments);
    close_parts(server);
    return failed(fault) ? complain(fault, EXIT_FAILED) : 0;
}

static int say_and_close(struct buf *buf)
{
    say(buf_str(buf));
    buf_close(buf);
    return 0;
}

int serve_run(int count, char **arguments)
{
    mallopt(M_ARENA_MAX, 2); /* memory counts for more here than the allocator's parallelism */
    forbid_dumps();
    struct server server = {0};
    arena_open(&server.arena, 4096);
    struct fault fault = options_read(&server.arena, count, arguments, &server.options);
    int status = 0;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    if (failed(fault)) {
        status = complain(fault, EXIT_USAGE);
    } else if (server.options.wants_help) {
        options_help(&buf);
        status = say_and_close(&buf);
    } else if (str_equal(server.options.config, STR("check"))) {
        say(STR("the settings are good\n"));
    } else if (str_equal(server.options.config, STR("print"))) {
        options_print(&server.options, &buf);
        status = say_and_close(&buf);
    } else {
        status = serve(&server);
    }
    arena_close(&server.arena);
    return status;
}
