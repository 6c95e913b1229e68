/* SPDX-License-Identifier: Apache-2.0 */
/*
 * server - opens the rooms bottom-up (rooms.h), waits, closes them top-down.
 *
 * When a successor takes over (watch.h) the same happens, the listening sockets are left open, and
 * the process goes on as the successor.
 */
#include "server/server.h"

#include <stdio.h>
#include <unistd.h>

#include "base/exit_status.h"
#include "base/log.h"
#include "base/memory.h"
#include "dialect/rate.h"
#include "ingest/assignments.h"
#include "server/bootstrap.h"
#include "server/process.h"
#include "server/rooms.h"
#include "stream/stream.h"

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

/* Nothing was acknowledged yet, and what is stored is whole at any instant: no need to close. */
static void start_loops(struct http_server *http)
{
    if (http_start(http))
        return;
    fprintf(stderr, "guidon: there is no room for a thread\n");
    fflush(stderr);
    _exit(EXIT_FAILED);
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

static void show_examples(struct server *server, const struct bootstrap *bootstrap,
                          struct str origin)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    bootstrap_examples(
        &server->arena,
        bootstrap_shown(&server->arena, server->options.bootstrap_token_file, bootstrap), origin,
        &buf);
    say(buf_str(&buf));
    buf_close(&buf);
}

/* From "listening" until it is told to stop, or a successor is to go on. */
static enum watch_order run(struct server *server, const struct bootstrap *bootstrap)
{
    const char *scheme = server->watch.tls == NULL ? "http" : "https";
    struct str origin = origin_of(server, scheme, server->options.listen, http_port(server->http));
    if (bootstrap->is_first_start)
        show_examples(server, bootstrap, origin);
    process_bound_memory_to_serve();
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
    rooms_close_http(server);
    operations_close(&server->operations);
    return order;
}

/* All that listens, and the last fence. What a fault leaves open is closed again. */
static struct fault open_network(struct server *server)
{
    struct fault fault = rooms_open_http(server);
    if (failed(fault))
        return fault;
    /* Who starts without enough would only be slower to fail. */
    fault = memory_refuse_when_short();
    if (!failed(fault))
        fault = rooms_open_operations(server);
    if (failed(fault)) {
        rooms_close_http(server);
        return fault;
    }
    fault = sandbox_confine_calls(&server->sandbox, &server->arena);
    if (failed(fault)) {
        rooms_close_http(server);
        operations_close(&server->operations);
    }
    return fault;
}

/* One life: all rooms opened, and closed again. */
static int serve(struct server *server, enum watch_order *order)
{
    *order = WATCH_STOP;
    rooms_open_parts(server);
    struct bootstrap bootstrap;
    struct fault fault = rooms_open_change(server, &bootstrap);
    if (bootstrap.is_first_start)
        bootstrap_hand_over(&server->arena, server->options.bootstrap_token_file, &bootstrap);
    if (failed(fault)) {
        starts_end(&server->starts);
        rooms_close_parts(server);
        return complain(fault, EXIT_FAILED);
    }
    server->assignments = assignments_open(change_ingest(server->changer));
    fault = open_network(server);
    if (!failed(fault))
        *order = run(server, &bootstrap);
    change_close(server->changer);
    starts_end(&server->starts);
    assignments_close(server->assignments);
    rooms_close_parts(server);
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
    struct fault fault = rooms_open_tls(server);
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
    struct fault fault = rooms_open_tls(server);
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
    process_bound_memory_to_start();
    process_forbid_dumps();
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
