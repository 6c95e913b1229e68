/* SPDX-License-Identifier: Apache-2.0 */
/* rooms - all that a server consists of: see rooms.h. */
#include "server/rooms.h"

#include <sched.h>

#include "base/log.h"
#include "dialect/admin/openapi.h"
#include "dialect/login/device_logins.h"
#include "dialect/rate.h"
#include "dialect/sign_in.h"
#include "ingest/assignments.h"
#include "ingest/notebook.h"
#include "server/bootstrap.h"
#include "server/routes.h"
#include "stream/stream.h"

enum { LOOPS_MAX = 8 };

/* ---- what the rooms call --------------------------------------------------------------------- */

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

static void fence(void *context)
{
    const struct server *server = context;
    sandbox_confine_child(&server->sandbox);
}

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

struct fault rooms_open_change(struct server *server, struct bootstrap *bootstrap)
{
    const struct change_config config = {
        .directory = server->options.data,
        .bootstrap_token =
            bootstrap_find_token(&server->arena, server->options.bootstrap_token_file),
        .clock = &server->clock.clock,
        .render = render_all,
        .slot = server->views,
        .generation_max = starts_begin(&server->starts, &server->options),
        .event_queue_bytes_max = server->options.event_queue_bytes_max,
        .waiting_max = server->options.changes_waiting_max,
        .rehearsal_ms = (uint32_t)server->options.rehearsal_ms,
        .fence = fence,
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
    return stream_hub_open(server->views, &server->clock.clock, &limits);
}

static void open_rates(struct server *server)
{
    const struct options *options = &server->options;
    server->rates = rates_open(&server->clock.clock, options_environment_rates(options));
    server->admin_rates = rates_open(&server->clock.clock, options_credential_rates(options));
}

static void open_sign_in(struct server *server)
{
    server->sign_in = sign_in_open((struct sign_in_limits){
        .per_address = (uint32_t)server->options.sign_ins_per_address,
        .per_account = (uint32_t)server->options.sign_ins_per_account,
    });
    server->device_logins = device_logins_open(&server->clock.clock);
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

struct fault rooms_open_http(struct server *server)
{
    server->services = (struct services){
        .changer = server->changer,
        .views = server->views,
        .clock = &server->clock.clock,
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
        .clock = &server->clock.clock,
    };
    struct fault fault = http_open(&server->http, &config);
    server->watch.handover.main_count = 0;
    if (!failed(fault))
        stream_hub_attach(server->streams, server->http);
    return fault;
}

void rooms_close_http(struct server *server)
{
    stream_hub_attach(server->streams, NULL);
    http_close(server->http);
}

struct fault rooms_open_operations(struct server *server)
{
    server->operations.changer = server->changer;
    server->operations.views = server->views;
    server->operations.clock = &server->clock.clock;
    server->operations.streams = server->streams;
    server->operations.began_ms = clock_monotonic_ms(&server->clock.clock);
    server->operations.main_server = server->http;
    server->operations.listeners = server->watch.handover.operations;
    server->operations.listener_count = server->watch.handover.operations_count;
    server->watch.handover.operations_count = 0;
    return operations_open(&server->operations, server->options.operations_listen,
                           (uint16_t)(http_port(server->http) + 1));
}

struct fault rooms_open_tls(struct server *server)
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

void rooms_open_parts(struct server *server)
{
    steady_clock_init(&server->clock, clock_system());
    server->views = view_slot_open();
    for (size_t i = 0; i < COUNT_OF(server->notebooks); i++)
        server->notebooks[i] =
            notebook_open((enum note_kind)i, &server->clock.clock, on_notes, server);
    server->streams = open_streams(server);
    open_rates(server);
    open_sign_in(server);
    for (size_t i = 0; i < server_language_count; i++)
        server->dialects[i] = server_languages[i].dialect;
    server->description = description_open(server->dialects, server_language_count);
}

void rooms_close_parts(struct server *server)
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
