/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch - every request gets to the one route that is meant, or hears why not.
 *
 * Two made-up languages on a real server: "plain" knows whole paths only and speaks for /api/v1,
 * "paths" has parameters and speaks for several prefixes, one of them longer than plain's.
 */
#include "../http/client.h"
#include "dialect/exchange.h"
#include "gazette.h"
#include "stream/stream.h"

enum { LARGE_BODY_BYTES = 1024 * 1024 };

/* ---- languages ------------------------------------------------------------------------------ */

static _Atomic unsigned sinks_opened, sinks_abandoned, sinks_poured;

/* "<route> caller=<id> [parameter][parameter]… body=<bytes>" */
static void say_everything(struct exchange *x)
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

static bool pour(struct http_body_sink *sink, struct str piece)
{
    ((struct pail *)sink)->size += piece.size;
    return true;
}

static void abandon(struct http_body_sink *sink)
{
    atomic_fetch_add(&sinks_abandoned, 1);
    free(sink);
}

static struct fault open_sink(struct exchange *x, struct http_body_sink **sink)
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

static void finish_sink(struct exchange *x)
{
    struct pail *pail = (struct pail *)x->request->sink;
    x->response.status = 200;
    x->response.body = arena_format(x->arena, "poured %zu into %.*s", pail == NULL ? 0 : pail->size,
                                    STR_ARG(x->parameters[0]));
    atomic_fetch_add(&sinks_poured, pail != NULL);
    free(pail);
}

static void say_query(struct exchange *x)
{
    struct str value;
    struct fault fault = exchange_query(x, STR("a"), &value);
    x->response.status = failed(fault) ? 400 : 200;
    x->response.body = failed(fault) ? fault.where : str_is_absent(value) ? STR("absent") : value;
}

static struct shared_body *render(const struct view *view, const struct snapshot *snapshot,
                                  uint64_t channel)
{
    (void)view;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, snapshot->renderings[0].body);
    return snapshot_keep_body(snapshot, channel, shared_body_make(&buf));
}

static const struct stream_kind stream_kind = {
    .headers = STR("Content-Type: text/event-stream\r\n"),
    .heartbeat = STR("\n"),
    .heartbeat_ms = 15000,
    .render = render,
};

static void follow(struct exchange *x)
{
    const struct stream_request wanted = {&stream_kind, x->caller->environment,
                                          x->caller->deployment, x->caller->credential_id};
    struct fault fault = stream_open(x->services->streams, x->request, &wanted);
    x->response.status = 503;
    x->is_streaming = !failed(fault);
}

static void refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    x->response.status = status != 0 ? status : 600 - 100 - (int)fault.kind; /* 500 - kind */
    x->response.headers =
        str_is_absent(allow) ? STR("") : arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow));
    x->response.body = arena_format(x->arena, "%s says no", x->dialect->name);
}

static void preflight(struct exchange *x, struct str allow)
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
    {HTTP_GET, STR("/sdk/query"), SCOPE_ANYONE, LANE_FAST, 0, say_query, NULL},
    ROUTE(GET, "/api/v1/other/{id}", ANYONE, FAST, 0),
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

static struct str add_key(struct port *port, const char *id, enum credential_kind kind,
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

static struct port *port_open_with(bool has_streams)
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

static struct port *port_open(void)
{
    return port_open_with(false);
}

static void port_close(struct port *port)
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
static int ask(struct port *port, const char *line, const char *more, char *body, size_t size)
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

static void expect(struct port *port, const char *line, int status, const char *body)
{
    char got[512];
    int got_status = ask(port, line, "", got, sizeof(got));
    if (got_status != status || strcmp(got, body) != 0)
        fprintf(stderr, "%s: %d %s\n", line, got_status, got);
    CHECK_INT(got_status, status);
    assert_string_equal(got, body);
}

/* ---- finding -------------------------------------------------------------------------------- */

TEST(parameters_are_split_before_they_are_decoded)
{
    struct port *port = port_open();
    expect(port, "GET /api/1/flags/17", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET /api/1/flags/a%2Fb%2fc", 200, "/api/1/flags/{id} caller=- [a/b/c] body=0");
    expect(port, "GET /api/1/flags/a%20b%C3%BC+?x=/%2F", 200,
           "/api/1/flags/{id} caller=- [a b\xc3\xbc+] body=0");
    expect(port, "GET /api/1/flags/%2525", 200, "/api/1/flags/{id} caller=- [%25] body=0");
    expect(port, "GET /api/1/flags/a%252Fb", 200, "/api/1/flags/{id} caller=- [a%2Fb] body=0");
    expect(port, "GET /api/1/flags/..%2F..%2Fx", 200,
           "/api/1/flags/{id} caller=- [../../x] body=0");
    expect(port, "GET /api/1/fl%61gs/x%2Fy/vari%61nts/z%2Fw", 200,
           "/api/1/flags/{flag}/variants/{key} caller=- [x/y][z/w] body=0");
    expect(port, "DELETE /api/1/flags/x/variants/y", 200,
           "/api/1/flags/{number}/variants/{name} caller=- [x][y] body=0");
    port_close(port);
}

TEST(whole_paths_win_over_parameters_and_methods_are_looked_for_in_both)
{
    struct port *port = port_open();
    expect(port, "GET /api/1/flags/bulk", 200, "/api/1/flags/bulk caller=-  body=0");
    expect(port, "GET /api/1/flags/bul%6B", 200, "/api/1/flags/bulk caller=-  body=0");
    expect(port, "PATCH /api/1/flags/bulk", 200, "/api/1/flags/{id} caller=- [bulk] body=0");
    expect(port, "GET /api/1/flags/versions", 200,
           "/api/1/flags/{id} caller=- [versions] body=0"); /* declared before {kind}/versions */
    expect(port, "GET /api/1/cats/versions", 200, "/api/1/{kind}/versions caller=- [cats] body=0");
    port_close(port);
}

TEST(what_is_no_path_of_ours_is_404)
{
    struct port *port = port_open();
    static const char *const lines[] = {
        "GET /api/1",
        "GET /sdk",
        "GET /sdk/v2/nothing",
        "GET /api/1/flags/17/variants/x/y",
        "GET /api/1/a/b/c/d/e/f/g/h",
        "GET /api/1/flags%2F17",
        "GET /api/1/flags/%2F17/x",
        "GET /api/1/flags/17%2Fvariants/x/",
        "GET /api/1/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v",
    };
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        expect(port, lines[i], 404, "paths says no");
    expect(port, "GET /api/v1/nothing", 404, "plain says no");
    expect(port, "GET /nobody/speaks/for/this", 404, "plain says no");
    expect(port, "GET /api/1x/flags/17", 404, "plain says no");
    expect(port, "GET /sdk%2Fquery", 400, "plain says no"); /* not below /sdk at all */
    port_close(port);
}

TEST(the_longest_prefix_says_who_is_spoken_to)
{
    struct port *port = port_open();
    expect(port, "GET /api/v1/other/5", 200, "/api/v1/other/{id} caller=- [5] body=0");
    expect(port, "GET /api/v1/other", 404, "paths says no");
    expect(port, "GET /api/v1/others/5", 404, "plain says no");
    expect(port, "GET /api/v1/things", 200, "/api/v1/things caller=-  body=0");
    port_close(port);
}

TEST(slashes_are_a_matter_of_the_language)
{
    struct port *port = port_open();
    expect(port, "GET //api/1///flags//17", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET //sdk//query?a=b", 200, "b");
    expect(port, "GET //api/v1/things", 404, "plain says no");
    expect(port, "GET /api/1/flags/17/", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET /api/1/flags/17//", 200, "/api/1/flags/{id} caller=- [17] body=0");
    expect(port, "GET /api/1/flags/bulk/?x", 200, "/api/1/flags/bulk caller=-  body=0");
    expect(port, "GET /api/1/flags/x/variants/", 200,
           "/api/1/flags/{flag}/variants caller=- [x] body=0");
    expect(port, "GET /api/1/flags/a%2F", 200, "/api/1/flags/{id} caller=- [a/] body=0");
    expect(port, "GET /api/v1/things/", 404, "plain says no");
    /* An encoded slash leaves a doubt where there are no parameters: the connection ends, too. */
    struct client client = client_open(port->site);
    struct reply reply =
        client_ask(&client, STR("GET /api/v1%2Fthings HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 400);
    CHECK_STR(reply.body, STR("plain says no"));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
    port_close(port);
}

static struct str allow_of(struct port *port, struct client *client, const char *line)
{
    char text[256];
    int size = snprintf(text, sizeof(text), "%s HTTP/1.1\r\nHost: a\r\n\r\n", line);
    (void)port;
    struct reply reply = client_ask(client, (struct str){text, (size_t)size});
    CHECK_INT(reply.status, 405);
    return reply_header(&reply, "Allow");
}

TEST(another_method_is_405_and_says_which_there_are)
{
    struct port *port = port_open();
    struct client client = client_open(port->site);
    CHECK_STR(allow_of(port, &client, "DELETE /api/v1/things"), STR("GET, HEAD, POST, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "DELETE /api/1/flags/17"), STR("GET, HEAD, PATCH, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "PUT /api/1/flags/bulk"),
              STR("GET, HEAD, PATCH, DELETE, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "POST /api/1/flags/a%2Fb/variants/c"),
              STR("GET, HEAD, DELETE, OPTIONS"));
    CHECK_STR(allow_of(port, &client, "TRACE /api/1/flags"), STR("GET, HEAD, OPTIONS"));
    client_close(&client);
    port_close(port);
}

TEST(head_is_get_without_the_body)
{
    struct port *port = port_open();
    CHECK_INT(ask(port, "HEAD /api/1/flags/17", "", NULL, 0), 200);
    CHECK_INT(ask(port, "HEAD /api/v1/things", "", NULL, 0), 200);
    CHECK_INT(ask(port, "HEAD /api/1/pour/17", "", NULL, 0), 405);
    port_close(port);
}

TEST(a_preflight_needs_no_credential)
{
    struct port *port = port_open();
    struct client client = client_open(port->site);
    struct reply reply =
        client_ask(&client, STR("OPTIONS /sdk/deployment HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_INT(reply.status, 204);
    CHECK_STR(reply_header(&reply, "X-Language"), STR("paths"));
    CHECK_STR(reply_header(&reply, "X-Methods"), STR("GET, HEAD, OPTIONS"));
    reply = client_ask(&client, STR("OPTIONS /api/1/pour/a%2Fb HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_STR(reply_header(&reply, "X-Methods"), STR("PUT, OPTIONS"));
    reply = client_ask(&client, STR("OPTIONS /sdk/nothing HTTP/1.1\r\nHost: a\r\n\r\n"));
    CHECK_STR(reply_header(&reply, "X-Methods"), STR("none"));
    client_close(&client);
    port_close(port);
}

TEST(a_query_member_is_a_value_or_a_fault)
{
    struct port *port = port_open();
    expect(port, "GET /sdk/query?a=x%20y", 200, "x y");
    expect(port, "GET /sdk/query?b=1", 200, "absent");
    expect(port, "GET /sdk/query?a=%zz", 400, "a");
    port_close(port);
}

/* ---- who may -------------------------------------------------------------------------------- */

enum { UNAUTHENTICATED = 500 - FAULT_UNAUTHENTICATED, DENIED = 500 - FAULT_DENIED };

static const struct {
    const char *line;
    const char *scheme;
    unsigned admitted; /* a bit per kind of credential */
} scopes[] = {
    {"GET /api/v1/browser", "Bearer", 1U << CREDENTIAL_BROWSER_KEY},
    {"GET /api/v1/server", "Bearer", 1U << CREDENTIAL_SERVER_KEY},
    {"GET /api/v1/report", "Bearer", 1U << CREDENTIAL_BROWSER_KEY | 1U << CREDENTIAL_SERVER_KEY},
    {"POST /api/v1/things", "Bearer", 1U << CREDENTIAL_PERSONAL | 1U << CREDENTIAL_APP},
    {"GET /api/1/flags", "Bearer",
     1U << CREDENTIAL_PERSONAL | 1U << CREDENTIAL_APP | 1U << CREDENTIAL_ENVIRONMENT},
    {"GET /sdk/deployment", "Api-Key",
     1U << CREDENTIAL_CLIENT_DEPLOYMENT | 1U << CREDENTIAL_SERVER_DEPLOYMENT |
         1U << CREDENTIAL_PROJECT_KEY},
};

static int ask_as(struct port *port, const char *line, const char *scheme, struct str secret)
{
    char more[256];
    snprintf(more, sizeof(more), "Authorization: %s %.*s\r\n", scheme, STR_ARG(secret));
    return ask(port, line, more, NULL, 0);
}

TEST(every_scope_admits_its_kinds_and_no_other)
{
    struct port *port = port_open();
    for (size_t i = 0; i < COUNT_OF(scopes); i++) {
        for (size_t kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
            int expected = scopes[i].admitted >> kind & 1 ? 200 : DENIED;
            int got = ask_as(port, scopes[i].line, scopes[i].scheme, port->secrets[kind]);
            if (got != expected)
                fprintf(stderr, "%s as %s: %d\n", scopes[i].line, key_ids[kind], got);
            CHECK_INT(got, expected);
            const char *wrong = strcmp(scopes[i].scheme, "Bearer") == 0 ? "Api-Key" : "Bearer";
            CHECK_INT(ask_as(port, scopes[i].line, wrong, port->secrets[kind]), UNAUTHENTICATED);
            CHECK_INT(ask_as(port, scopes[i].line, "Basic", port->secrets[kind]), UNAUTHENTICATED);
        }
        CHECK_INT(ask(port, scopes[i].line, "", NULL, 0), UNAUTHENTICATED);
        CHECK_INT(ask_as(port, scopes[i].line, scopes[i].scheme, STR("nonsense")), UNAUTHENTICATED);
        CHECK_INT(ask_as(port, scopes[i].line, scopes[i].scheme, STR("")), UNAUTHENTICATED);
    }
    port_close(port);
}

TEST(the_word_before_a_key_is_read_with_leniency)
{
    struct port *port = port_open();
    struct str key = port->secrets[CREDENTIAL_CLIENT_DEPLOYMENT];
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "api-key", key), 200);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "API-KEY  ", key), 200);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Keys", key), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key:", key), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /api/1/flags", "bearer", port->secrets[CREDENTIAL_APP]), 200);
    port_close(port);
}

static void append_base64(struct buf *buf, struct str bytes, const char *alphabet, bool is_padded)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        uint32_t bits = 0;
        size_t count = bytes.size - i < 3 ? bytes.size - i : 3;
        for (size_t at = 0; at < 3; at++)
            bits = bits << 8 | (at < count ? (unsigned char)bytes.data[i + at] : 0);
        for (size_t at = 0; at < 4; at++) {
            if (at <= count)
                buf_append_byte(buf, alphabet[bits >> (18 - 6 * at) & 63]);
            else if (is_padded)
                buf_append_byte(buf, '=');
        }
    }
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static int download(struct port *port, struct str key, struct str secret, bool is_padded)
{
    struct buf pair;
    struct buf encoded;
    buf_open(&pair, SIZE_MAX);
    buf_open(&encoded, SIZE_MAX);
    buf_append_format(&pair, "%.*s:%.*s", STR_ARG(key), STR_ARG(secret));
    append_base64(&encoded, buf_str(&pair), is_padded ? LETTERS "+/" : LETTERS "-_", is_padded);
    int status = ask_as(port, "GET /sdk/download/5", "Basic", buf_str(&encoded));
    buf_close(&pair);
    buf_close(&encoded);
    return status;
}

TEST(a_download_needs_key_and_secret_of_one_environment)
{
    struct port *port = port_open();
    struct str key = port->secrets[CREDENTIAL_PROJECT_KEY];
    struct str secret = port->secrets[CREDENTIAL_PROJECT_SECRET];
    CHECK_INT(download(port, key, secret, true), 200);
    CHECK_INT(download(port, key, secret, false), 200);
    CHECK_INT(download(port, key, port->foreign_secret, true), UNAUTHENTICATED);
    CHECK_INT(download(port, key, STR(""), true), UNAUTHENTICATED);
    CHECK_INT(download(port, STR(""), secret, true), UNAUTHENTICATED);
    CHECK_INT(download(port, STR("00000000000000000000000000000000"), secret, true),
              UNAUTHENTICATED);
    CHECK_INT(download(port, secret, key, true), DENIED);
    CHECK_INT(download(port, secret, secret, true), DENIED);
    CHECK_INT(download(port, port->secrets[CREDENTIAL_SERVER_DEPLOYMENT], secret, true),
              UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("!!!!")), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("QQ")), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("Q")), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Bearer", secret), UNAUTHENTICATED);
    char longest[481];
    memset(longest, 'A', sizeof(longest));
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", (struct str){longest, 200}),
              UNAUTHENTICATED);
    port_close(port);
}

TEST(a_stale_view_does_not_call_a_genuine_key_unknown)
{
    struct port *port = port_open();
    struct str shown;
    struct str fresh =
        secret_make(&port->gazette.arena, CREDENTIAL_SERVER_DEPLOYMENT, STR(""), &shown);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key", fresh), UNAUTHENTICATED);
    port->gazette.is_read_only = true;
    gazette_publish(&port->gazette);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key", fresh), 500 - FAULT_UNAVAILABLE);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key", STR("typo")), UNAUTHENTICATED);
    port_close(port);
}

/* ---- bodies --------------------------------------------------------------------------------- */

static int send_body(struct port *port, const char *line, struct str secret, size_t size,
                     char *answer, size_t answer_size)
{
    char text[512];
    int length = snprintf(text, sizeof(text),
                          "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: %zu\r\n"
                          "Authorization: Bearer %.*s\r\n\r\n",
                          line, size, STR_ARG(secret));
    struct client client = client_open(port->site);
    client_send(&client, (struct str){text, (size_t)length});
    client_send(&client, (struct str){port->site->large, size});
    struct reply reply = client_read(&client, false);
    snprintf(answer, answer_size, "%.*s", STR_ARG(reply.body));
    client_close(&client);
    return reply.status;
}

TEST(routes_with_parameters_bound_their_bodies_too)
{
    struct port *port = port_open();
    struct str token = port->secrets[CREDENTIAL_ENVIRONMENT];
    char body[256];
    CHECK_INT(send_body(port, "PATCH /api/1/flags/a%2Fb", token, 10, body, sizeof(body)), 200);
    CHECK_INT(send_body(port, "PATCH /api/1/flags/a%2Fb", token, 11, body, sizeof(body)), 413);
    CHECK_INT(send_body(port, "POST /api/1/large/x", token, LARGE_BODY_BYTES, body, sizeof(body)),
              200);
    assert_string_equal(body, "/api/1/large/{id} caller=environment [x] body=1048576");
    CHECK_INT(
        send_body(port, "POST /api/1/large/x", token, LARGE_BODY_BYTES + 1, body, sizeof(body)),
        413);
    /* Strangers get what fits into one read, and hear who they are not. */
    struct str stranger = port->secrets[CREDENTIAL_BROWSER_KEY];
    CHECK_INT(send_body(port, "POST /api/1/large/x", stranger, 65536, body, sizeof(body)), DENIED);
    CHECK_INT(send_body(port, "POST /api/1/large/x", stranger, 65537, body, sizeof(body)), 413);
    CHECK_INT(send_body(port, "GET /api/1/flags/17", token, 1, body, sizeof(body)), 413);
    port_close(port);
}

TEST(a_sink_is_for_those_who_may_and_the_handler_finds_it)
{
    struct port *port = port_open();
    struct str token = port->secrets[CREDENTIAL_ENVIRONMENT];
    char body[256];
    CHECK_INT(send_body(port, "PUT /api/1/pour/x%2Fy", token, 300000, body, sizeof(body)), 200);
    assert_string_equal(body, "poured 300000 into x/y");
    CHECK_INT(send_body(port, "PUT /api/1/pour/x/later", token, 300000, body, sizeof(body)), 200);
    assert_string_equal(body, "poured 300000 into x");
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", token, 0, body, sizeof(body)), 200);
    assert_string_equal(body, "poured 0 into x");
    CHECK_INT(atomic_load(&sinks_opened), 2);
    CHECK_INT(send_body(port, "PUT /api/1/pour/unknown", token, 100, body, sizeof(body)),
              500 - FAULT_MISSING);
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", token, LARGE_BODY_BYTES + 1, body, sizeof(body)),
              413);
    struct str stranger = port->secrets[CREDENTIAL_BROWSER_KEY];
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", stranger, 100, body, sizeof(body)), DENIED);
    CHECK_INT(send_body(port, "PUT /api/1/pour/x", stranger, 65537, body, sizeof(body)), 413);
    CHECK_INT(atomic_load(&sinks_opened), 2);
    port_close(port);
}

TEST(a_credential_that_goes_during_an_upload_stops_it)
{
    struct port *port = port_open();
    char text[512];
    struct str token = port->secrets[CREDENTIAL_ENVIRONMENT];
    int length = snprintf(text, sizeof(text),
                          "PUT /api/1/pour/x HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n"
                          "Authorization: Bearer %.*s\r\n\r\nhalf",
                          STR_ARG(token));
    struct client client = client_open(port->site);
    client_send(&client, (struct str){text, (size_t)length});
    while (atomic_load(&sinks_opened) == 0)
        usleep(1000);
    gazette_remove_credential(&port->gazette, STR("environment"));
    gazette_publish(&port->gazette);
    CHECK_INT(client_ask(&client, STR("half")).status, UNAUTHENTICATED);
    CHECK_INT(atomic_load(&sinks_abandoned), 1);
    client_close(&client);
    port_close(port);
}

/* ---- streams -------------------------------------------------------------------------------- */

TEST(a_handler_may_turn_its_request_into_a_stream)
{
    struct port *port = port_open_with(true);
    stream_hub_attach(port->services.streams, port->site->server);
    char text[256];
    struct str key = port->secrets[CREDENTIAL_SERVER_DEPLOYMENT];
    int length =
        snprintf(text, sizeof(text),
                 "GET /sdk/stream HTTP/1.0\r\nAuthorization: Api-Key %.*s\r\n\r\n", STR_ARG(key));
    struct client client = client_open(port->site);
    CHECK_INT(client_ask(&client, (struct str){text, (size_t)length}).status, 200);
    while (client_unread(&client).size < 3)
        CHECK(client_receive(&client));
    gazette_write(&port->gazette, 1, STR("two"));
    stream_hub_notify(port->services.streams);
    while (client_unread(&client).size < 6)
        CHECK(client_receive(&client));
    CHECK_STR(client_unread(&client), STR("onetwo"));
    stream_hub_attach(port->services.streams, NULL);
    client_close(&client);
    port_close(port);
}

TEST(without_a_hub_there_are_no_streams)
{
    struct port *port = port_open();
    CHECK_INT(ask_as(port, "GET /sdk/stream", "Api-Key", port->secrets[CREDENTIAL_PROJECT_KEY]),
              503);
    port_close(port);
}

TESTS(parameters_are_split_before_they_are_decoded,
      whole_paths_win_over_parameters_and_methods_are_looked_for_in_both,
      what_is_no_path_of_ours_is_404, the_longest_prefix_says_who_is_spoken_to,
      slashes_are_a_matter_of_the_language, another_method_is_405_and_says_which_there_are,
      head_is_get_without_the_body, a_preflight_needs_no_credential,
      a_query_member_is_a_value_or_a_fault, every_scope_admits_its_kinds_and_no_other,
      the_word_before_a_key_is_read_with_leniency,
      a_download_needs_key_and_secret_of_one_environment,
      a_stale_view_does_not_call_a_genuine_key_unknown,
      routes_with_parameters_bound_their_bodies_too,
      a_sink_is_for_those_who_may_and_the_handler_finds_it,
      a_credential_that_goes_during_an_upload_stops_it,
      a_handler_may_turn_its_request_into_a_stream, without_a_hub_there_are_no_streams)
