/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - opens the rooms bottom-up, waits, closes them top-down.
 *
 *   options -> view slot -> change (store, first view) -> operations -> http -> "listening on"
 *
 * When a successor takes over (watch.h) the same happens, the listening sockets are left open, and
 * the process goes on as the successor.
 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <sched.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"
#include "dialect/admin/openapi.h"
#include "dialect/login/device_logins.h"
#include "dialect/operations.h"
#include "dialect/rate.h"
#include "dialect/sign_in.h"
#include "ingest/assignments.h"
#include "ingest/notebook.h"
#include "model/limits.h"
#include "server/bootstrap.h"
#include "server/options.h"
#include "server/routes.h"
#include "server/sandbox.h"
#include "server/server.h"
#include "server/starts.h"
#include "server/watch.h"
#include "stream/stream.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 4, LOOPS_MAX = 8 };

/* Larger blocks come from the system and go back to it: while starting, and while serving. */
enum { TABLE_BYTES = 128 * 1024, ANSWER_BYTES = 512 * 1024, TRIM_BYTES = 256 * 1024 };

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
    struct watch watch;
    struct starts starts;
    struct sandbox sandbox;
    struct view_slot *views;
    struct changer *changer;
    struct notebook *notebooks[2]; /* by enum note_kind */
    struct assignments *assignments;
    struct stream_hub *streams;
    struct rates *rates;
    struct rates *admin_rates;
    struct description *description;
    struct sign_in *sign_in;
    struct device_logins *device_logins;
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

static void on_token(struct str token, void *context)
{
    struct server *server = context;
    bootstrap_keep_token(&server->arena, server->options.bootstrap_token_file, token);
}

static void on_notes(void *context)
{
    struct server *server = context;
    change_notice_notes(server->changer);
}

/* ---- first start --------------------------------------------------------------------------- */

/* The variable is only needed where the command line would look elsewhere; login remembers it. */
static struct str said_origin(struct server *server, struct str origin)
{
    if (str_equal(origin, STR("http://127.0.0.1:8080")))
        return STR("");
    return arena_format(&server->arena, "GUIDON_API=%.*s ", STR_ARG(origin));
}

/* From the token to a flag and why it is served, each line as it is to be pasted. */
static void show_examples(struct server *server, struct str token, struct str origin)
{
    struct str said = said_origin(server, origin);
    struct str name = str_of(program_invocation_name);
    const char *const lines[] = {
        "apps create my-app",
        "use my-app production",
        "flags create --key dark-mode --type bool --value true",
        "eval dark-mode user-1",
        "why dark-mode user-1",
    };
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_format(&buf, "Try it:\n\n%.*s%.*s login --token %.*s\n", STR_ARG(said),
                      STR_ARG(name), STR_ARG(token));
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        buf_append_format(&buf, "%.*s %s\n", STR_ARG(name), lines[i]);
    buf_append(&buf, STR("\n"));
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
        .bootstrap_token =
            bootstrap_find_token(&server->arena, server->options.bootstrap_token_file),
        .clock = clock_system(),
        .render = render_all,
        .slot = server->views,
        .generation_max = starts_begin(&server->starts, &server->options),
        .event_queue_bytes_max = server->options.event_queue_bytes_max,
        .waiting_max = server->options.changes_waiting_max,
        .rehearsal_ms = (uint32_t)server->options.rehearsal_ms,
        .on_published = on_published,
        .on_catalog = on_catalog,
        .on_token = on_token,
        .context = server,
        .notebooks = server->notebooks,
        .notebook_count = COUNT_OF(server->notebooks),
    };
    struct fault degraded;
    struct fault fault =
        change_open(&server->changer, &config, &server->arena, bootstrap, &degraded);
    if (str_equal(fault.where, STR("bootstrap-token")))
        fault.why = arena_format(&server->arena, "%.*s: %.*s",
                                 STR_ARG(server->options.bootstrap_token_file), STR_ARG(fault.why));
    if (failed(fault))
        return fault;
    uint64_t served = change_counters_read(server->changer).served_generation;
    starts_note_served(&server->starts, served);
    if (served != 0)
        log_error("crash_loop",
                  "why=\"%.*s\" serving=\"the snapshot on disk, generation %llu; changes are "
                  "refused\" way_out=\"roll back behind a server started with "
                  "--crash-window-ms 0 where no traffic reaches it\"",
                  STR_ARG(degraded.why), (unsigned long long)served);
    else if (failed(degraded))
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
    const struct options *options = &server->options;
    server->rates = rates_open(clock_system(), options_environment_rates(options));
    server->admin_rates = rates_open(clock_system(), options_credential_rates(options));
}

static void open_sign_in(struct server *server)
{
    server->sign_in = sign_in_open((struct sign_in_limits){
        .per_address = (uint32_t)server->options.sign_ins_per_address,
        .per_account = (uint32_t)server->options.sign_ins_per_account,
    });
    server->device_logins = device_logins_open(clock_system());
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
        .sign_in = server->sign_in,
        .device_logins = server->device_logins,
        .public_url = server->options.public_url,
        .is_encrypted = server->watch.tls != NULL,
        .trusted_proxies = server->options.trusted_proxies,
    };
    const struct http_config config = {
        .listen = numeric_listen(server),
        .listeners = server->watch.handover.main,
        .listener_count = server->watch.handover.main_count,
        .loop_count = loop_count(&server->options),
        .tls = server->watch.tls,
        .limits = options_http_limits(&server->options),
        .callbacks = dispatch_callbacks(&server->services),
        .clock = clock_system(),
    };
    struct fault fault = http_open(&server->http, &config);
    server->watch.handover.main_count = 0;
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
    server->operations.listeners = server->watch.handover.operations;
    server->operations.listener_count = server->watch.handover.operations_count;
    server->watch.handover.operations_count = 0;
    return operations_open(&server->operations, server->options.operations_listen,
                           (uint16_t)(http_port(server->http) + 1));
}

/* Without TLS there is nothing to open. */
static struct fault open_tls(struct server *server)
{
    const struct options *options = &server->options;
    if (str_is_empty(options->tls_certificate))
        return fault_none();
    struct fault fault = http_tls_open(&server->watch.tls, &server->arena, options->tls_certificate,
                                       options->tls_key);
    if (!failed(fault))
        log_info("tls_loaded", "valid_for_s=%lld",
                 (long long)http_tls_valid_for_s(server->watch.tls));
    return fault;
}

static struct str origin_of(struct server *server, const char *scheme, struct str listen,
                            uint16_t port)
{
    size_t colon = listen.size;
    while (colon > 0 && listen.data[colon - 1] != ':')
        colon--;
    struct str host = str_slice(listen, 0, colon == 0 ? 0 : colon - 1);
    return arena_format(&server->arena, "%s://%.*s:%u", scheme, STR_ARG(host), (unsigned)port);
}

static struct str operations_origin_of(struct server *server)
{
    struct str listen = server->options.operations_listen;
    return origin_of(server, "http", str_is_empty(listen) ? STR("127.0.0.1:0") : listen,
                     http_port(server->operations.server));
}

/* ---- running ------------------------------------------------------------------------------- */

/* A disk that hangs must not keep us: what was acknowledged is on it, the rest may go. */
static void bound_the_end(const struct server *server)
{
    alarm((unsigned)(server->options.drain_timeout_ms / 1000) + 2);
}

/* Clients leave the connections they keep, then everything ends but the listening sockets. */
static enum watch_order hand_over(struct server *server)
{
    struct handover *handover = &server->watch.handover;
    notify_reloading(&server->watch.notifier);
    log_info("restarting", "binary=%s", handover->path);
    http_retire(server->http);
    if (watch_pause(&server->watch, (uint32_t)server->options.restart_grace_ms) == WATCH_STOP)
        return WATCH_STOP;
    handover->began_us = clock_monotonic_us();
    handover->main_count =
        http_keep_listeners(server->http, handover->main, COUNT_OF(handover->main));
    handover->operations_count =
        http_keep_listeners(server->operations.server, handover->operations, 1);
    stream_hub_hurry(server->streams);
    return WATCH_RESTART;
}

/* Whoever connects from now on is not ours any more: the supervisor starts the next on its sockets.
 * The duplicates end with the process. */
static void leave_lent_sockets(struct server *server)
{
    struct handover *handover = &server->watch.handover;
    if (handover->is_lent)
        handover->main_count =
            http_keep_listeners(server->http, handover->main, COUNT_OF(handover->main));
}

static void tell_started(struct server *server, struct str origin)
{
    struct str operations = operations_origin_of(server);
    const struct handover *handover = &server->watch.handover;
    say(arena_format(&server->arena, "listening on %.*s (operations on %.*s)\n", STR_ARG(origin),
                     STR_ARG(operations)));
    notify_say(&server->watch.notifier, "READY=1\nSTATUS=Listening on %.*s, operations on %.*s",
               STR_ARG(origin), STR_ARG(operations));
    if (handover->began_us > 0)
        log_info("took_over", "gap_us=%lld",
                 (long long)(clock_monotonic_us() - handover->began_us));
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
    open_sign_in(server);
    for (size_t i = 0; i < server_language_count; i++)
        server->dialects[i] = server_languages[i].dialect;
    server->description = description_open(server->dialects, server_language_count);
}

static void close_parts(struct server *server)
{
    description_close(server->description);
    device_logins_close(server->device_logins);
    sign_in_close(server->sign_in);
    rates_close(server->admin_rates);
    rates_close(server->rates);
    stream_hub_close(server->streams);
    for (size_t i = 0; i < COUNT_OF(server->notebooks); i++)
        notebook_close(server->notebooks[i]);
    view_slot_close(server->views);
}

/* Memory counts for more here than the allocator's parallelism. Left alone, the allocator raises
 * its threshold with every large block it sees freed, and keeps what a start or a saved snapshot
 * needed for a moment. Tables made at the start come from the system, untouched where nothing was
 * written; answers come and go, and are not to cost a mapping each. */
static void bound_allocator(size_t large_bytes)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, (int)large_bytes);
    mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}

/* Nothing was acknowledged yet, and what is stored is whole at any instant: no need to close. */
static void start_loops(struct http_server *http)
{
    if (http_start(http))
        return;
    fprintf(stderr, "guidon: there is no room for a thread\n");
    fflush(stderr);
    _exit(EXIT_FAILED);
}

/* Who starts without enough would only be slower to fail. */
static struct fault refuse_when_memory_is_short(void)
{
    if (memory_is_short())
        return fault_make(FAULT_UNAVAILABLE, STR("memory"), STR("there is not enough memory"));
    return fault_none();
}

static void look_at_generations(void *context)
{
    struct server *server = context;
    starts_look(&server->starts, change_counters_read(server->changer).saved_generation,
                http_counters_read(server->http).requests);
}

static void watch_generations(struct server *server)
{
    enum { LOOK_LEAST_MS = 100, LOOK_MOST_MS = 5000 };
    uint64_t every_ms = server->options.good_after_ms / 4;
    every_ms = every_ms < LOOK_LEAST_MS ? LOOK_LEAST_MS : every_ms;
    server->watch.look_every_ms = (uint32_t)(every_ms > LOOK_MOST_MS ? LOOK_MOST_MS : every_ms);
    server->watch.look = look_at_generations;
    server->watch.context = server;
}

/* From "listening" until it is told to stop, or a successor is to go on. */
static enum watch_order run(struct server *server, const struct bootstrap *bootstrap)
{
    const char *scheme = server->watch.tls == NULL ? "http" : "https";
    struct str origin = origin_of(server, scheme, server->options.listen, http_port(server->http));
    if (bootstrap->is_first_start)
        show_examples(
            server,
            bootstrap_shown(&server->arena, server->options.bootstrap_token_file, bootstrap),
            origin);
    bound_allocator(ANSWER_BYTES);
    memory_trim(); /* what starting needed in between */
    start_loops(server->http);
    tell_started(server, origin);
    struct watch *watch = &server->watch;
    watch->rates = server->rates;
    watch->admin_rates = server->admin_rates;
    watch->servers[0] = server->http;
    watch->servers[1] = server->operations.server;
    watch_generations(server);
    enum watch_order order = watch_wait(watch);
    if (order == WATCH_RESTART)
        order = hand_over(server);
    bound_the_end(server);
    if (order == WATCH_STOP) {
        notify_say(&watch->notifier, "STOPPING=1");
        operations_begin_stop(&server->operations);
        leave_lent_sockets(server);
    } else {
        operations_forget_main(&server->operations);
    }
    close_http(server);
    operations_close(&server->operations);
    return order;
}

/* One life: all rooms opened, and closed again. */
static int serve(struct server *server, enum watch_order *order)
{
    *order = WATCH_STOP;
    open_parts(server);
    struct bootstrap bootstrap;
    struct fault fault = open_change(server, &bootstrap);
    if (bootstrap.is_first_start)
        bootstrap_hand_over(&server->arena, server->options.bootstrap_token_file, &bootstrap);
    if (failed(fault)) {
        starts_end(&server->starts);
        close_parts(server);
        return complain(fault, EXIT_FAILED);
    }
    server->assignments = assignments_open(change_ingest(server->changer));
    fault = open_http(server);
    if (!failed(fault)) {
        fault = refuse_when_memory_is_short();
        if (!failed(fault))
            fault = open_operations(server);
        if (failed(fault))
            close_http(server);
    }
    if (!failed(fault)) {
        fault = sandbox_confine_calls(&server->sandbox, &server->arena);
        if (failed(fault)) {
            close_http(server);
            operations_close(&server->operations);
        }
    }
    if (!failed(fault))
        *order = run(server, &bootstrap);
    change_close(server->changer);
    starts_end(&server->starts);
    assignments_close(server->assignments);
    close_parts(server);
    return failed(fault) ? complain(fault, EXIT_FAILED) : 0;
}

/* Comes back when there is no successor after all: then we go on ourselves. */
static void become_successor(struct server *server)
{
    struct watch *watch = &server->watch;
    alarm(0);
    notify_hand_over(&watch->notifier);
    struct fault fault = handover_become(&watch->handover);
    log_error("restart_failed", "why=\"%.*s\"", STR_ARG(fault.why));
    notify_open(&watch->notifier, &server->arena);
}

static int serve_to_the_end(struct server *server, int count, char **arguments)
{
    enum watch_order order = WATCH_STOP;
    int status = 0;
    watch_open(&server->watch, &server->arena, count, arguments);
    log_open(STDERR_FILENO, options_log_level(&server->options));
    server->watch.options = &server->options;
    struct fault fault = open_tls(server);
    if (failed(fault))
        return complain(fault, EXIT_FAILED);
    sandbox_open(&server->sandbox, &server->options, &server->watch.handover);
    fault = sandbox_confine_files(&server->sandbox, &server->options, &server->arena,
                                  notify_is_abstract(&server->watch.notifier));
    if (failed(fault))
        return complain(fault, EXIT_FAILED);
    do {
        status = serve(server, &order);
        if (order == WATCH_RESTART)
            become_successor(server);
    } while (order == WATCH_RESTART);
    http_tls_close(server->watch.tls);
    return status;
}

static int say_and_close(struct buf *buf)
{
    say(buf_str(buf));
    buf_close(buf);
    return 0;
}

/* What would stop a start, as far as it can be told without touching the store. */
static int check(struct server *server)
{
    struct fault fault = open_tls(server);
    if (failed(fault))
        return complain(fault, EXIT_FAILED);
    http_tls_close(server->watch.tls);
    fault = sandbox_check(&server->options, &server->arena);
    if (failed(fault))
        return complain(fault, EXIT_FAILED);
    say(STR("the settings are good\n"));
    return 0;
}

int serve_run(int count, char **arguments)
{
    bound_allocator(TABLE_BYTES);
    forbid_dumps();
    if (!memory_open_reserve())
        return complain(
            fault_make(FAULT_UNAVAILABLE, STR("memory"), STR("there is not enough memory")),
            EXIT_FAILED);
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
        status = check(&server);
    } else if (str_equal(server.options.config, STR("print"))) {
        options_print(&server.options, &buf);
        status = say_and_close(&buf);
    } else {
        status = serve_to_the_end(&server, count, arguments);
    }
    arena_close(&server.arena);
    return status;
}
