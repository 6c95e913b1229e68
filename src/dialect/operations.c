/* SPDX-License-Identifier: Apache-2.0 */
/* operations - the listener for those who run the server: see operations.h. */
#include "dialect/operations.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/memory.h"

#define TEXT_HEADERS "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"
#define METRICS_HEADERS                                                                            \
    "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\nCache-Control: no-store\r\n"

static void respond(struct http_request *request, int status, struct str headers, struct str body)
{
    const struct http_response response = {.status = status, .headers = headers, .body = body};
    http_respond(request, &response);
}

/* The second number of statm, in pages. */
static uint64_t resident_bytes(void)
{
    char text[128];
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof(text));
    if (file >= 0)
        close(file);
    if (size <= 0)
        return 0;
    struct str numbers = {text, (size_t)size};
    size_t from = str_find_byte(numbers, ' ', 0) + 1;
    uint64_t pages = 0;
    bool is_number =
        str_parse_u64(str_slice(numbers, from, str_find_byte(numbers, ' ', from)), &pages);
    return is_number ? pages * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void metric(struct buf *buf, const char *name, const char *kind, const char *help,
                   uint64_t value)
{
    buf_append_format(buf, "# HELP guidon_%s %s\n# TYPE guidon_%s %s\nguidon_%s %llu\n", name, help,
                      name, kind, name, (unsigned long long)value);
}

static bool read_http_counters(struct operations *operations, struct http_counters *counters)
{
    pthread_mutex_lock(&operations->lock);
    bool is_there = operations->main_server != NULL;
    if (is_there)
        *counters = http_counters_read(operations->main_server);
    pthread_mutex_unlock(&operations->lock);
    return is_there;
}

static void write_http(struct buf *buf, struct operations *operations)
{
    struct http_counters http;
    if (!read_http_counters(operations, &http))
        return;
    metric(buf, "http_connections_open", "gauge", "Connections open now.", http.connections_open);
    metric(buf, "http_connections_total", "counter", "Connections accepted.",
           http.connections_total);
    metric(buf, "http_requests_total", "counter", "Requests read whole.", http.requests);
    metric(buf, "http_refusals_total", "counter", "Requests refused before they were whole.",
           http.refusals);
    metric(buf, "http_sheds_total", "counter",
           "Requests answered 503 because more came than could be answered.", http.sheds);
    metric(buf, "http_handshakes_total", "counter", "TLS handshakes done.", http.handshakes);
    metric(buf, "http_handshakes_failed_total", "counter", "TLS handshakes that failed.",
           http.handshakes_failed);
    metric(buf, "http_received_bytes_total", "counter", "Bytes read.", http.bytes_in);
    metric(buf, "http_sent_bytes_total", "counter", "Bytes written.", http.bytes_out);
}

static void write_streams(struct buf *buf, const struct operations *operations)
{
    if (operations->streams == NULL)
        return;
    struct stream_counters streams = stream_counters_read(operations->streams);
    metric(buf, "streams_open", "gauge", "Event streams open now.", streams.open);
    metric(buf, "streams_opened_total", "counter", "Event streams begun.", streams.opened);
    metric(buf, "stream_bodies_sent_total", "counter", "States sent on streams.", streams.sent);
    metric(buf, "stream_bodies_skipped_total", "counter",
           "States slow readers never got: a newer one was there.", streams.skipped);
    metric(buf, "stream_heartbeats_total", "counter", "Keep-alives sent on streams.",
           streams.heartbeats);
    metric(buf, "streams_cut_total", "counter", "Streams cut for reading too slowly.", streams.cut);
    metric(buf, "streams_aged_total", "counter", "Streams ended because they were old.",
           streams.aged);
    metric(buf, "streams_refused_total", "counter", "Streams not begun, for a limit.",
           streams.refused);
    metric(buf, "stream_unsent_bytes", "gauge", "Bytes slow readers have not taken.",
           streams.unsent_bytes);
}

static void write_changes(struct buf *buf, const struct operations *operations)
{
    struct change_counters changes = change_counters_read(operations->changer);
    metric(buf, "changes_applied_total", "counter", "Changes made.", changes.applied);
    metric(buf, "changes_refused_total", "counter", "Changes refused.", changes.refused);
    metric(buf, "change_groups_total", "counter", "Transactions that carried them.",
           changes.groups);
    metric(buf, "rehearsals_total", "counter", "Groups of changes tried out in another process.",
           changes.rehearsals);
    metric(buf, "snapshot_saves_failed_total", "counter",
           "Snapshots that could not be written to disk; they are tried again.",
           changes.saves_failed);
    metric(buf, "rehearsals_failed_total", "counter", "Rehearsals that refused a change.",
           changes.rehearsals_failed);
    metric(buf, "rehearsals_skipped_total", "counter",
           "Rehearsals for which no child could be had.", changes.rehearsals_skipped);
    metric(buf, "changes_waiting", "gauge", "Changes waiting for the writer.", changes.waiting);
    metric(buf, "served_generation", "gauge",
           "Snapshot on disk that is served because the store's state crashed us; 0: none.",
           changes.served_generation);
    metric(buf, "store_read_only", "gauge",
           "1 when changes are refused: no store, or a failed one.", changes.is_read_only ? 1 : 0);
    struct ingest_counters events = ingest_counters_read(change_ingest(operations->changer));
    metric(buf, "events_accepted_total", "counter", "Events accepted.", events.accepted);
    metric(buf, "events_duplicate_total", "counter", "Events seen before.", events.duplicates);
    metric(buf, "events_stored_total", "counter", "Events written down.", events.stored);
    metric(buf, "events_dropped_total", "counter", "Events lost to the store.", events.dropped);
    metric(buf, "events_refused_total", "counter", "Events refused for want of room.",
           events.refused);
    metric(buf, "events_queued_bytes", "gauge", "Bytes of events waiting.", events.queued_bytes);
}

static void write_view(struct buf *buf, const struct operations *operations)
{
    struct view *view = view_acquire(operations->views);
    if (view == NULL)
        return;
    size_t flags = 0;
    for (size_t i = 0; i < view->catalog->environment_count; i++)
        flags += view->snapshots[i]->state.flag_count;
    metric(buf, "snapshot_generation", "counter", "Views published.", view->generation);
    metric(buf, "apps", "gauge", "Apps.", view->catalog->app_count);
    metric(buf, "environments", "gauge", "Environments.", view->catalog->environment_count);
    metric(buf, "credentials", "gauge", "Live keys and tokens.", view->catalog->credential_count);
    metric(buf, "flags", "gauge", "Flags in all environments.", flags);
    view_release(view);
}

static void write_memory(struct buf *buf)
{
    struct memory_figures figures = memory_figures_read();
    metric(buf, "memory_refusals_total", "counter", "Times the system refused memory.",
           figures.refusals);
    metric(buf, "memory_reserve_used_bytes", "gauge", "In use of the reserve for such times.",
           figures.reserve_used_bytes);
}

static void answer_metrics(struct operations *operations, struct http_request *request)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    int64_t now_ms = clock_monotonic_ms(operations->clock);
    metric(&buf, "uptime_seconds", "gauge", "Seconds since the start.",
           (uint64_t)(now_ms - operations->began_ms) / 1000);
    metric(&buf, "resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    write_memory(&buf);
    write_http(&buf, operations);
    write_streams(&buf, operations);
    write_changes(&buf, operations);
    write_view(&buf, operations);
    struct str body = arena_copy_str(request->arena, buf_str(&buf));
    buf_close(&buf);
    respond(request, 200, STR(METRICS_HEADERS), body);
}

static void answer_ready(struct operations *operations, struct http_request *request)
{
    struct view *view = view_acquire(operations->views);
    bool has_view = view != NULL;
    bool is_from_disk = has_view && view->is_read_only;
    if (has_view)
        view_release(view);
    if (atomic_load(&operations->is_stopping))
        respond(request, 503, STR(TEXT_HEADERS), STR("stopping\n"));
    else if (!has_view)
        respond(request, 503, STR(TEXT_HEADERS), STR("starting\n"));
    else if (change_counters_read(operations->changer).served_generation != 0)
        respond(request, 200, STR(TEXT_HEADERS),
                STR("degraded: after crashes in a row an earlier snapshot on disk is served, "
                    "changes are refused\n"));
    else if (is_from_disk)
        respond(request, 200, STR(TEXT_HEADERS),
                STR("degraded: serving from the snapshot on disk, changes are refused\n"));
    else if (change_counters_read(operations->changer).is_read_only)
        respond(request, 200, STR(TEXT_HEADERS),
                STR("degraded: the store has failed, changes are refused until a restart\n"));
    else
        respond(request, 200, STR(TEXT_HEADERS), STR("ready\n"));
}

static void on_request(struct http_request *request, void *context)
{
    struct operations *operations = context;
    if (request->method != HTTP_GET && request->method != HTTP_HEAD)
        respond(request, 405, STR(TEXT_HEADERS "Allow: GET, HEAD\r\n"), STR("GET only\n"));
    else if (str_equal(request->path, STR("/livez")))
        respond(request, 200, STR(TEXT_HEADERS), STR("alive\n"));
    else if (str_equal(request->path, STR("/readyz")))
        answer_ready(operations, request);
    else if (str_equal(request->path, STR("/metrics")))
        answer_metrics(operations, request);
    else
        respond(request, 404, STR(TEXT_HEADERS), STR("not found\n"));
}

static void on_refusal(int status, struct str path, struct arena *arena,
                       struct http_response *response, void *context)
{
    (void)path;
    (void)arena;
    (void)context;
    response->status = status;
    response->headers = STR(TEXT_HEADERS);
    response->body = STR("refused\n");
}

static struct fault listen_on(struct operations *operations, struct str listen)
{
    struct http_config config = {
        .listen = listen,
        .listeners = operations->listeners,
        .listener_count = operations->listener_count,
        .loop_count = 1,
        .limits = http_limits_default,
        .clock = operations->clock,
        .callbacks = {.on_request = on_request, .on_refusal = on_refusal, .context = operations},
    };
    config.limits.connections = 256;
    config.limits.body_bytes = 0;
    config.limits.drain_timeout_ms = 200;
    return http_open(&operations->server, &config);
}

struct fault operations_open(struct operations *operations, struct str listen,
                             uint16_t preferred_port)
{
    struct fault fault;
    pthread_mutex_init(&operations->lock, NULL);
    if (!str_is_empty(listen) || operations->listener_count > 0) {
        fault = listen_on(operations, listen);
    } else {
        char address[32];
        snprintf(address, sizeof(address), "127.0.0.1:%u", (unsigned)preferred_port);
        fault = listen_on(operations, str_of(address));
        if (failed(
                fault)) /* nobody asked for that very port: any will do, and the log says which */
            fault = listen_on(operations, STR("127.0.0.1:0"));
    }
    if (!failed(fault) && !http_start(operations->server))
        fault = fault_make(FAULT_UNAVAILABLE, STR("memory"), STR("there is no room for a thread"));
    return fault;
}

void operations_forget_main(struct operations *operations)
{
    pthread_mutex_lock(&operations->lock);
    operations->main_server = NULL;
    pthread_mutex_unlock(&operations->lock);
}

void operations_begin_stop(struct operations *operations)
{
    atomic_store(&operations->is_stopping, true);
    operations_forget_main(operations);
}

void operations_close(struct operations *operations)
{
    http_close(operations->server);
    pthread_mutex_destroy(&operations->lock);
}
