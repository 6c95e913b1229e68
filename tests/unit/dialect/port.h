/* SPDX-License-Identifier: Apache-2.0 */
/*
 * port - two made-up languages on a real server: "plain" knows whole paths only and speaks for
 * /api/v1, "paths" has parameters and speaks for several prefixes, one of them longer than plain's.
 */
#ifndef TESTS_UNIT_DIALECT_PORT_H
#define TESTS_UNIT_DIALECT_PORT_H

#include "../http/client.h"
#include "dialect/exchange.h"
#include "gazette.h"
#include "stream/stream.h"

enum { LARGE_BODY_BYTES = 1024 * 1024 };

/* ---- languages ------------------------------------------------------------------------------ */

static _Atomic unsigned sinks_opened, sinks_abandoned, sinks_poured;

/* "<route> caller=<id> [parameter][parameter]… body=<bytes>" */
static inline void say_everything(struct exchange *x)
{
    struct str text =
        arena_format(x->arena, "%.*s caller=%.*s ", STR_ARG(x->route->path),
                     STR_ARG(x->caller == NULL ? STR("-") : x->caller->credential_id));
    for (size_t i = 0; i < x->parameter_count; i++)
        text = arena_format(x->arena, "%.*s[%.*s]", STR_ARG(text), STR_ARG(x->parameters[i]));
    CHECK((x->scratch == NULL) == (x->route->lane == LANE_STORE));
    x->response.status = 200;
    x->response.body =
        arena_format(x->arena, "%.*s body=%zu", STR_ARG(text), x->request->body.size);
}

struct pail {
    struct http_body_sink sink; /* first */
    size_t size;
};

static inline bool pour(struct http_body_sink *sink, struct str piece)
{
    ((struct pail *)sink)->size += piece.size;
    return true;
}

static inline void abandon(struct http_body_sink *sink)
{
    atomic_fetch_add(&sinks_abandoned, 1);
    free(sink);
}

static inline struct fault open_sink(struct exchange *x, struct http_body_sink **sink)
{
    CHECK(x->caller != NULL);
    if (str_equal(x->parameters[0], STR("unknown")))
        return fault_make(FAULT_MISSING, STR("id"), STR("there is none"));
    struct pail *pail = calloc(1, sizeof(struct pail));
    CHECK(pail != NULL);
    pail->sink = (struct http_body_sink){pour, abandon};
    atomic_fetch_add(&sinks_opened, 1);
    *sink = &pail->sink;
    return fault_none();
}

static inline void finish_sink(struct exchange *x)
{
    struct pail *pail = (struct pail *)x->request->sink;
    x->response.status = 200;
    x->response.body = arena_format(x->arena, "poured %zu into %.*s", pail == NULL ? 0 : pail->size,
                                    STR_ARG(x->parameters[0]));
    atomic_fetch_add(&sinks_poured, pail != NULL);
    free(pail);
}

static inline void say_query(struct exchange *x)
{
    struct str value;
    struct fault fault = exchange_query(x, STR("a"), &value);
    x->response.status = failed(fault) ? 400 : 200;
    x->response.body = failed(fault) ? fault.where : str_is_absent(value) ? STR("absent") : value;
}

static inline struct shared_body *render(const struct view *view, const struct snapshot *snapshot,
                                         uint64_t channel, int64_t now_ms)
{
    (void)view;
    (void)channel;
    (void)now_ms;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, snapshot->renderings[0].headers);
    return shared_body_make(&buf);
}

static const struct stream_kind stream_kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"),
    .heartbeat = STR("\n"),
    .heartbeat_ms = 15000,
    .render = render,
};

static inline void follow(struct exchange *x)
{
    const struct stream_request wanted = {&stream_kind, x->caller->environment,
                                          x->caller->deployment, x->caller->credential_id};
    struct fault fault = stream_open(x->services->streams, x->request, &wanted);
    x->response.status = 503;
    x->is_streaming = !failed(fault);
}

static inline void refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    x->response.status = status != 0 ? status : 600 - 100 - (int)fault.kind; /* 500 - kind */
    x->response.headers = str_is_absent(allow)
                              ? arena_format(x->arena, "X-Path: %.*s\r\n", STR_ARG(x->path))
                              : arena_format(x->arena, "Allow: %.*s\r\nX-Path: %.*s\r\n",
                                             STR_ARG(allow), STR_ARG(x->path));
    x->response.body = arena_format(x->arena, "%s says no", x->dialect->name);
}

static inline void preflight(struct exchange *x, struct str allow)
{
    CHECK(x->caller == NULL);
    x->response.status = 204;
    x->response.headers =
        arena_format(x->arena, "X-Language: %s\r\nX-Methods: %.*s\r\n", x->dialect->name,
                     STR_ARG(str_is_absent(allow) ? STR("none") : allow));
}

#define ROUTE(method, path, scope, lane, body)                                                     \
    {                                                                                              \
        HTTP_##method, STR(path), SCOPE_##scope, LANE_##lane, body, say_everything, NULL           \
    }

static const struct route plain_routes[] = {
    ROUTE(GET, "/api/v1/things", ANYONE, FAST, 0),
    ROUTE(POST, "/api/v1/things", MANAGE, STORE, 100),
    ROUTE(GET, "/api/v1/browser", READ_BROWSER, FAST, 0),
    ROUTE(GET, "/api/v1/server", READ_SERVER, FAST, 0),
    ROUTE(GET, "/api/v1/report", REPORT, FAST, 0),
};
static const struct str plain_prefixes[] = {STR("/api/v1")};
static const struct dialect plain = {
    .name = "plain",
    .prefixes = plain_prefixes,
    .prefix_count = COUNT_OF(plain_prefixes),
    .routes = plain_routes,
    .route_count = COUNT_OF(plain_routes),
    .refuse = refuse,
    .preflight = preflight,
};

static const struct route path_routes[] = {
    ROUTE(GET, "/api/1/flags", MANAGE_ENVIRONMENTS, FAST, 0),
    ROUTE(GET, "/api/1/flags/{id}", ANYONE, FAST, 0),
    ROUTE(PATCH, "/api/1/flags/{id}", ANYONE, FAST, 10),
    ROUTE(GET, "/api/1/flags/bulk", ANYONE, FAST, 0),
    ROUTE(DELETE, "/api/1/flags/bulk", ANYONE, FAST, 0),
    ROUTE(GET, "/api/1/flags/{flag}/variants", ANYONE, FAST, 0),
    ROUTE(GET, "/api/1/flags/{flag}/variants/{key}", ANYONE, STORE, 0),
    ROUTE(DELETE, "/api/1/flags/{number}/variants/{name}", ANYONE, FAST, 0),
    ROUTE(GET, "/api/1/{kind}/versions", ANYONE, FAST, 0),
    ROUTE(POST, "/api/1/large/{id}", MANAGE_ENVIRONMENTS, FAST, LARGE_BODY_BYTES),
    {HTTP_PUT, STR("/api/1/pour/{id}"), SCOPE_MANAGE_ENVIRONMENTS, LANE_FAST, LARGE_BODY_BYTES,
     finish_sink, open_sink},
    {HTTP_PUT, STR("/api/1/pour/{id}/later"), SCOPE_MANAGE_ENVIRONMENTS, LANE_STORE,
     LARGE_BODY_BYTES, finish_sink, open_sink},
    ROUTE(GET, "/sdk/deployment", READ_DEPLOYMENT, FAST, 0),
    ROUTE(GET, "/sdk/download/{id}", DOWNLOAD, FAST, 0),
    {HTTP_GET, STR("/sdk/stream"), SCOPE_READ_DEPLOYMENT, LANE_FAST, 0, follow, NULL},
    ROUTE(GET, "/sdk/events", EVENT_ADDRESS, FAST, 0),
    {HTTP_GET, STR("/sdk/query"), SCOPE_ANYONE, LANE_FAST, 0, say_query, NULL},
    ROUTE(GET, "/api/v1/other/{id}", ANYONE, FAST, 0),
    ROUTE(GET, "/sdk/rest/{key*}", ANYONE, FAST, 0),
    ROUTE(GET, "/sdk/rest/{id}/one", ANYONE, FAST, 0),
    ROUTE(POST, "/sdk/rest", ANYONE, FAST, 10),
    ROUTE(GET, "/sdk/two/{id}/{key*}", ANYONE, FAST, 0),
    ROUTE(GET, "/sdk/evaluate", EVALUATE, FAST, 0),
};
static const struct str path_prefixes[] = {STR("/sdk"), STR("/api/1"), STR("/api/v1/other")};
static const struct dialect paths = {
    .name = "paths",
    .prefixes = path_prefixes,
    .prefix_count = COUNT_OF(path_prefixes),
    .takes_repeated_slashes = true,
    .routes = path_routes,
    .route_count = COUNT_OF(path_routes),
    .refuse = refuse,
    .preflight = preflight,
};

/* ---- the server ----------------------------------------------------------------------------- */

struct port {
    struct gazette gazette;
    struct services services;
    const struct dialect *dialects[2];
    struct site *site;
    struct str secrets[CREDENTIAL_KIND_COUNT]; /* of environment and deployment 1 */
    struct str foreign_secret;                 /* a project secret of environment 2 */
};

static inline struct str add_key(struct port *port, const char *id, enum credential_kind kind,
                                 uint64_t environment)
{
    static const uint64_t listed[] = {1};
    struct credential_row row = {.id = str_of(id), .kind = kind};
    if (kind == CREDENTIAL_PERSONAL)
        row.user_id = STR("user_1");
    else if (kind == CREDENTIAL_APP)
        row.app_id = STR("app_1");
    else if (kind == CREDENTIAL_ENVIRONMENT)
        row.environments = listed, row.environment_count = 1;
    else
        row.environment = environment;
    if (kind == CREDENTIAL_CLIENT_DEPLOYMENT || kind == CREDENTIAL_SERVER_DEPLOYMENT ||
        kind == CREDENTIAL_PROJECT_KEY)
        row.deployment = environment;
    return gazette_add_credential(&port->gazette, row);
}

static const char *const key_ids[CREDENTIAL_KIND_COUNT] = {
    "browser",       "server",        "personal",    "app",           "environment",
    "client_deploy", "server_deploy", "project_key", "project_secret"};

static inline struct port *port_open_with(bool has_streams)
{
    struct port *port = calloc(1, sizeof(struct port));
    CHECK(port != NULL);
    gazette_open(&port->gazette);
    for (size_t i = 0; i < CREDENTIAL_KIND_COUNT; i++)
        port->secrets[i] = add_key(port, key_ids[i], (enum credential_kind)i, 1);
    port->foreign_secret = add_key(port, "foreign", CREDENTIAL_PROJECT_SECRET, 2);
    gazette_publish(&port->gazette);
    port->dialects[0] = &plain;
    port->dialects[1] = &paths;
    port->services = (struct services){
        .views = port->gazette.views,
        .clock = &port->gazette.clock,
        .dialects = port->dialects,
        .dialect_count = COUNT_OF(port->dialects),
    };
    if (has_streams)
        port->services.streams =
            stream_hub_open(port->gazette.views, &port->gazette.clock, &stream_limits_default);
    port->site = site_open_with(http_limits_default, 1, dispatch_callbacks(&port->services));
    atomic_store(&sinks_opened, 0);
    atomic_store(&sinks_abandoned, 0);
    atomic_store(&sinks_poured, 0);
    return port;
}

static inline struct port *port_open(void)
{
    return port_open_with(false);
}

static inline void port_close(struct port *port)
{
    site_close(port->site);
    if (port->services.streams != NULL)
        stream_hub_close(port->services.streams);
    CHECK_INT(atomic_load(&sinks_opened),
              atomic_load(&sinks_abandoned) + atomic_load(&sinks_poured));
    gazette_close(&port->gazette);
    free(port);
}

/* "GET /path HTTP/1.1", the lines, an empty one; the answer's body, copied. */
static inline int ask(struct port *port, const char *line, const char *more, char *body,
                      size_t size)
{
    char text[1024];
    int length = snprintf(text, sizeof(text),
                          "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", line, more);
    struct client client = client_open(port->site);
    client_send(&client, (struct str){text, (size_t)length});
    struct reply reply = client_read(&client, strncmp(line, "HEAD ", 5) == 0);
    if (body != NULL)
        snprintf(body, size, "%.*s", STR_ARG(reply.body));
    client_close(&client);
    return reply.status;
}

static inline void expect(struct port *port, const char *line, int status, const char *body)
{
    char got[512];
    int got_status = ask(port, line, "", got, sizeof(got));
    if (got_status != status || strcmp(got, body) != 0)
        fprintf(stderr, "%s: %d %s\n", line, got_status, got);
    CHECK_INT(got_status, status);
    assert_string_equal(got, body);
}

enum { UNAUTHENTICATED = 500 - FAULT_UNAUTHENTICATED, DENIED = 500 - FAULT_DENIED };

static inline int ask_as(struct port *port, const char *line, const char *scheme, struct str secret)
{
    char more[256];
    snprintf(more, sizeof(more), "Authorization: %s %.*s\r\n", scheme, STR_ARG(secret));
    return ask(port, line, more, NULL, 0);
}

#endif
