/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch - from a whole request to the one handler that answers it.
 *
 * path -> dialect -> route -> view -> caller -> lane. The path is canonical already (http/); the
 * route found here is the object that is authorised, so no second spelling of a path can slip by.
 */
#include <assert.h>
#include <string.h>

#include "auth/secret.h"
#include "base/log.h"
#include "base/memory.h"
#include "dialect/exchange.h"

/* ---- finding --------------------------------------------------------------------------- */

static bool speaks_for(const struct dialect *dialect, struct str path)
{
    for (size_t i = 0; i < dialect->prefix_count; i++) {
        struct str prefix = dialect->prefixes[i];
        if (str_starts_with(path, prefix) &&
            (path.size == prefix.size || path.data[prefix.size] == '/'))
            return true;
    }
    return false;
}

/* The first dialect answers for paths nobody speaks for. */
static const struct dialect *find_dialect(const struct services *services, struct str path)
{
    for (size_t i = 0; i < services->dialect_count; i++) {
        if (speaks_for(services->dialects[i], path))
            return services->dialects[i];
    }
    return services->dialects[0];
}

/* http/ folds repeated slashes into one; who did not ask for that does not know the path. */
static bool is_spelled_otherwise(const struct dialect *dialect, const struct http_request *request)
{
    struct str raw = str_slice(request->target, 0, str_find_byte(request->target, '?', 0));
    return !dialect->takes_repeated_slashes && str_contains(raw, STR("//"));
}

static enum http_method route_method(enum http_method method)
{
    return method == HTTP_HEAD ? HTTP_GET : method; /* http/ leaves the body of a HEAD away */
}

static const struct route *find_route(const struct dialect *dialect, enum http_method method,
                                      struct str path)
{
    for (size_t i = 0; i < dialect->route_count; i++) {
        const struct route *route = &dialect->routes[i];
        if (route->method == method && str_equal(route->path, path))
            return route;
    }
    return NULL;
}

static struct str method_name(enum http_method method)
{
    switch (method) {
    case HTTP_GET:
        return STR("GET, HEAD");
    case HTTP_POST:
        return STR("POST");
    case HTTP_PUT:
        return STR("PUT");
    case HTTP_PATCH:
        return STR("PATCH");
    case HTTP_DELETE:
        return STR("DELETE");
    case HTTP_HEAD:
    case HTTP_OPTIONS:
    case HTTP_OTHER_METHOD:
        break;
    }
    return STR("");
}

/* "GET, HEAD, POST, OPTIONS"; absent when no route has the path. */
static struct str list_methods(struct arena *arena, const struct dialect *dialect, struct str path)
{
    struct str list = {0};
    for (size_t i = 0; i < dialect->route_count; i++) {
        if (!str_equal(dialect->routes[i].path, path))
            continue;
        struct str name = method_name(dialect->routes[i].method);
        list = str_is_absent(list)
                   ? name
                   : arena_format(arena, "%.*s, %.*s", STR_ARG(list), STR_ARG(name));
    }
    return str_is_absent(list) ? list : arena_format(arena, "%.*s, OPTIONS", STR_ARG(list));
}

/* ---- who calls ------------------------------------------------------------------------- */

static struct str bearer_secret(const struct http_request *request)
{
    struct str value = http_header(request, STR("authorization"));
    if (value.size < 7 || !str_equal_ignoring_case(str_slice(value, 0, 7), STR("bearer ")))
        return (struct str){0};
    return str_trim(str_slice(value, 7, value.size));
}

static bool may_call(const struct caller *caller, enum scope scope)
{
    switch (scope) {
    case SCOPE_ANYONE:
        return true;
    case SCOPE_MANAGE:
        return caller_may_read(caller);
    case SCOPE_READ_BROWSER:
        return caller->kind == CREDENTIAL_BROWSER_KEY;
    case SCOPE_READ_SERVER:
        return caller->kind == CREDENTIAL_SERVER_KEY;
    case SCOPE_REPORT:
        return caller->kind == CREDENTIAL_BROWSER_KEY || caller->kind == CREDENTIAL_SERVER_KEY;
    }
    return false;
}

/* A view from the disk may be older than a key: one that could be genuine is not called unknown,
 * because that would make clients throw away what they hold. */
static struct fault refuse_stranger(const struct exchange *x, struct str secret)
{
    enum credential_kind kind;
    if (x->view->is_read_only && secret_recognise(secret, &kind))
        return fault_make(FAULT_UNAVAILABLE, STR("authorization"), STR("the store is away"));
    return fault_make(FAULT_UNAUTHENTICATED, STR("authorization"), STR("Not authenticated"));
}

static struct fault authorise(struct exchange *x, struct keyring_memo *memo)
{
    if (x->route->scope == SCOPE_ANYONE)
        return fault_none();
    struct str secret = bearer_secret(x->request);
    x->caller =
        keyring_memo_find(memo, &x->view->catalog->keyring, x->view->generation, secret, x->now_ms);
    if (x->caller == NULL)
        return refuse_stranger(x, secret);
    if (!may_call(x->caller, x->route->scope))
        return fault_make(FAULT_DENIED, STR("authorization"), STR("Insufficient permissions"));
    return fault_none();
}

/* ---- answering ------------------------------------------------------------------------- */

static void log_exchange(const struct exchange *x)
{
    if (!x->services->logs_requests)
        return;
    const struct http_request *request = x->request;
    struct str route = STR("-");
    struct str lane = STR("fast");
    struct str caller = STR("-");
    if (x->route != NULL) {
        route = x->route->path;
        lane = x->route->lane == LANE_STORE ? STR("store") : STR("fast");
    }
    if (x->caller != NULL)
        caller = x->caller->credential_id;
    log_info(
        "request",
        "method=%.*s route=%.*s lane=%.*s caller=%.*s version=%llu status=%d us=%lld bytes=%zu "
        "note=\"%.*s\"",
        STR_ARG(request->method_text), STR_ARG(route), STR_ARG(lane), STR_ARG(caller),
        (unsigned long long)x->version, x->response.status,
        (long long)(clock_monotonic_us() - request->began_us), x->response.body.size,
        STR_ARG(x->note));
}

static void finish(struct exchange *x)
{
    log_exchange(x);
    struct view *held = x->held;
    http_respond(x->request, &x->response); /* x is gone with the request's arena */
    if (held != NULL)
        view_release(held);
}

static void refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    x->note = fault.where;
    x->dialect->refuse(x, fault, status, allow);
}

static void run_off_loop(struct http_request *request)
{
    struct exchange *x = request->user;
    x->route->handle(x);
}

static void finish_on_loop(struct http_request *request)
{
    finish(request->user);
}

static void run_store_lane(struct exchange *x)
{
    /* The handler outlives this turn of the loop: it needs a reference of its own. The loop's
     * reader holds the view now, so its count cannot be zero. */
    x->held = (struct view *)x->view;
    atomic_fetch_add_explicit(&x->held->references, 1, memory_order_relaxed);
    x->request->user = x;
    x->response.status = 503; /* unless its work is done in time */
    if (http_offload(x->request, run_off_loop, finish_on_loop))
        return;
    refuse(x, fault_make(FAULT_UNAVAILABLE, STR("lane"), STR("too many requests wait")), 0,
           (struct str){0});
    finish(x);
}

/* ---- the way through -------------------------------------------------------------------- */

/* What each loop keeps between requests. */
struct desk {
    struct view_reader reader;
    struct keyring_memo memo;
};

static struct desk *find_desk(const struct services *services, struct http_loop *loop)
{
    struct desk *desk = http_loop_user(loop);
    if (desk == NULL) {
        desk = MEMORY_NEW(struct desk);
        desk->reader.slot = services->views;
        keyring_memo_open(&desk->memo);
        http_loop_set_user(loop, desk);
    }
    return desk;
}

static void close_desk(void *user, void *context)
{
    (void)context;
    struct desk *desk = user;
    view_reader_close(&desk->reader);
    memory_free(desk);
}

static void refuse_route(struct exchange *x)
{
    struct str allow = list_methods(x->arena, x->dialect, x->request->path);
    if (str_is_absent(allow))
        refuse(x, fault_make(FAULT_MISSING, STR("path"), STR("Not found")), 404, allow);
    else
        refuse(x, fault_make(FAULT_INVALID, STR("method"), STR("Method not allowed")), 405, allow);
}

static void on_request(struct http_request *request, void *context)
{
    const struct services *services = context;
    struct exchange *x = ARENA_NEW(request->arena, struct exchange);
    x->request = request;
    x->services = services;
    x->arena = request->arena;
    x->path = request->path;
    x->dialect = find_dialect(services, request->path);
    struct desk *desk = find_desk(services, request->loop);
    x->view = view_reader_refresh(&desk->reader);
    x->now_ms = clock_wall_ms(services->clock);
    if (request->method == HTTP_OPTIONS) {
        x->dialect->preflight(x, list_methods(x->arena, x->dialect, request->path));
        finish(x);
        return;
    }
    if (is_spelled_otherwise(x->dialect, request)) {
        refuse(x, fault_make(FAULT_MISSING, STR("path"), STR("Not found")), 404, (struct str){0});
        finish(x);
        return;
    }
    x->route = find_route(x->dialect, route_method(request->method), request->path);
    if (x->route == NULL) {
        refuse_route(x);
        finish(x);
        return;
    }
    struct fault fault = authorise(x, &desk->memo);
    if (failed(fault)) {
        refuse(x, fault, 0, (struct str){0});
        finish(x);
        return;
    }
    if (x->route->lane == LANE_STORE) {
        run_store_lane(x);
        return;
    }
    x->route->handle(x);
    finish(x);
}

/* A body is kept whole before its handler runs. Who has not shown a credential for the route gets
 * to send what fits into one read, so that strangers cannot fill the memory. */
static size_t body_bytes_max(const struct http_request *head, void *context)
{
    enum { STRANGER_BODY_BYTES_MAX = 64 * 1024 };
    const struct services *services = context;
    const struct dialect *dialect = find_dialect(services, head->path);
    const struct route *route = find_route(dialect, route_method(head->method), head->path);
    if (route == NULL) /* its 404 or 405 comes whatever small body comes along */
        return STRANGER_BODY_BYTES_MAX;
    if (route->body_bytes_max <= STRANGER_BODY_BYTES_MAX || route->scope == SCOPE_ANYONE)
        return route->body_bytes_max;
    struct desk *desk = find_desk(services, head->loop);
    const struct view *view = view_reader_refresh(&desk->reader);
    const struct caller *caller =
        keyring_memo_find(&desk->memo, &view->catalog->keyring, view->generation,
                          bearer_secret(head), clock_wall_ms(services->clock));
    return caller != NULL && may_call(caller, route->scope) ? route->body_bytes_max
                                                            : STRANGER_BODY_BYTES_MAX;
}

/* Framing, limits and time refused it before there was a request: answer in the dialect's form. */
static void on_refusal(int status, struct str path, struct arena *arena,
                       struct http_response *response, void *context)
{
    const struct services *services = context;
    struct exchange *x = ARENA_NEW(arena, struct exchange);
    x->services = services;
    x->arena = arena;
    x->path = path;
    x->dialect = find_dialect(services, path);
    x->dialect->refuse(x, fault_make(FAULT_INVALID, STR("request"), (struct str){0}), status,
                       (struct str){0});
    *response = x->response;
}

struct http_callbacks dispatch_callbacks(const struct services *services)
{
    return (struct http_callbacks){
        .on_request = on_request,
        .body_bytes_max = body_bytes_max,
        .on_refusal = on_refusal,
        .on_loop_end = close_desk,
        .context = (void *)services,
    };
}
