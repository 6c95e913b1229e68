/* SPDX-License-Identifier: Apache-2.0 */
/*
 * dispatch - from a whole request to the one handler that answers it.
 *
 * path -> dialect -> route -> view -> caller -> lane. The route found here (router.h) is the object
 * that is authorised (authorise.h), so no second spelling of a path can slip by.
 */
#include <assert.h>

#include "base/log.h"
#include "base/memory.h"
#include "dialect/authorise.h"
#include "dialect/router.h"
#include "eval/pattern.h"
#include "stream/stream.h"

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
    uint64_t bytes = x->response.file != NULL ? x->response.file->size : x->response.body.size;
    log_info(
        "request",
        "method=%.*s route=%.*s lane=%.*s caller=%.*s version=%llu status=%d us=%lld bytes=%llu "
        "note=\"%.*s\"",
        STR_ARG(request->method_text), STR_ARG(route), STR_ARG(lane), STR_ARG(caller),
        (unsigned long long)x->version, x->response.status,
        (long long)(clock_monotonic_us() - request->began_us), (unsigned long long)bytes,
        STR_ARG(x->note));
}

/* Who took the body in pieces hears that no handler will come for it. */
static void abandon_sink(struct exchange *x)
{
    struct http_body_sink *sink = x->request->sink;
    x->request->sink = NULL;
    if (sink != NULL && !x->is_handled)
        sink->abandon(sink);
}

static void finish(struct exchange *x)
{
    abandon_sink(x);
    if (x->is_streaming)
        x->response.status = 200;
    log_exchange(x);
    struct view *held = x->held;
    if (!x->is_streaming)
        http_respond(x->request, &x->response); /* x is gone with the request's arena */
    if (held != NULL)
        view_release(held);
}

static void handle(struct exchange *x)
{
    x->is_handled = true;
    if (x->dialect->admit == NULL || x->dialect->admit(x))
        x->route->handle(x);
    if (x->dialect->conclude != NULL)
        x->dialect->conclude(x);
}

static void refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    x->note = fault.where;
    x->dialect->refuse(x, fault, status, allow);
}

static void run_off_loop(struct http_request *request)
{
    handle(request->user);
}

static void finish_on_loop(struct http_request *request)
{
    finish(request->user);
}

static void run_store_lane(struct exchange *x)
{
    /* Deciding goes on from what is there already; what would need much is for later. */
    struct fault shortage = memory_refuse_when_short();
    if (failed(shortage)) {
        refuse(x, shortage, 0, (struct str){0});
        finish(x);
        return;
    }
    /* The handler outlives this turn of the loop: it needs a reference of its own. The loop's
     * reader holds the view now, so its count cannot be zero. */
    x->held = (struct view *)x->view;
    atomic_fetch_add_explicit(&x->held->references, 1, memory_order_relaxed);
    x->scratch = NULL;
    x->request->user = x;
    if (x->route->takes_time)
        http_take_time(x->request);
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
    struct router router;
    struct pattern_scratch *scratch;
};

static struct desk *find_desk(const struct services *services, struct http_loop *loop)
{
    struct desk *desk = http_loop_user(loop);
    if (desk == NULL) {
        desk = MEMORY_NEW(struct desk);
        desk->reader.slot = services->views;
        desk->scratch = pattern_scratch_open();
        keyring_memo_open(&desk->memo);
        router_open(&desk->router, services->dialects, services->dialect_count);
        http_loop_set_user(loop, desk);
    }
    return desk;
}

static void close_desk(void *user, void *context)
{
    (void)context;
    struct desk *desk = user;
    view_reader_close(&desk->reader);
    router_close(&desk->router);
    pattern_scratch_close(desk->scratch);
    memory_free(desk);
}

static struct exchange *open_exchange(struct desk *desk, const struct services *services,
                                      struct http_request *request,
                                      const struct router_match *match)
{
    struct exchange *x = ARENA_NEW(request->arena, struct exchange);
    x->request = request;
    x->services = services;
    x->dialect = match->dialect;
    x->route = match->route;
    x->view = view_reader_refresh(&desk->reader);
    x->arena = request->arena;
    for (size_t i = 0; i < match->parameter_count; i++)
        x->parameters[i] = match->parameters[i];
    x->parameter_count = match->parameter_count;
    x->scratch = desk->scratch;
    x->path = dialect_path(match->dialect, request->path);
    x->now_ms = clock_wall_ms(services->clock);
    return x;
}

static struct fault authorise_exchange(struct desk *desk, struct exchange *x)
{
    return authorise(&desk->memo, x->view, x->request, x->route->scope, x->now_ms, &x->caller);
}

/* http/ folds repeated slashes into one; who did not ask for that does not know the path. */
static bool is_spelled_otherwise(const struct dialect *dialect, const struct http_request *request)
{
    struct str raw = str_slice(request->target, 0, str_find_byte(request->target, '?', 0));
    return !dialect->takes_repeated_slashes && str_contains(raw, STR("//"));
}

static void refuse_route(struct desk *desk, struct exchange *x)
{
    struct str allow = router_list_methods(&desk->router, x->request);
    if (str_is_absent(allow))
        refuse(x, fault_make(FAULT_MISSING, STR("path"), STR("Not found")), 404, allow);
    else
        refuse(x, fault_make(FAULT_INVALID, STR("method"), STR("Method not allowed")), 405, allow);
}

/* As http/ refuses what two readers could understand differently: and the connection ends. */
static void refuse_path(struct exchange *x)
{
    refuse(x, fault_make(FAULT_INVALID, STR("request"), (struct str){0}), 400, (struct str){0});
    x->response.closes = true;
}

/* Answers all that never gets to a handler; false when there is a route and it is the caller's. */
static bool answer_early(struct desk *desk, struct exchange *x)
{
    const struct http_request *request = x->request;
    if (request->has_encoded_slash && !router_has_patterns(&desk->router, x->dialect)) {
        refuse_path(x);
        return true;
    }
    if (request->method == HTTP_OPTIONS) {
        x->dialect->preflight(x, router_list_methods(&desk->router, request));
        return true;
    }
    if (is_spelled_otherwise(x->dialect, request)) {
        refuse(x, fault_make(FAULT_MISSING, STR("path"), STR("Not found")), 404, (struct str){0});
        return true;
    }
    if (x->route == NULL) {
        refuse_route(desk, x);
        return true;
    }
    const struct fault *refused_at_head = request->user;
    struct fault fault = authorise_exchange(desk, x);
    if (!failed(fault) && refused_at_head != NULL)
        fault = *refused_at_head;
    /* A body was held whole for somebody who was a stranger when its head came. */
    if (!failed(fault) && x->route->open_sink != NULL && request->body.size > 0)
        fault = fault_make(FAULT_UNAUTHENTICATED, STR("authorization"), STR("Not authenticated"));
    if (failed(fault))
        refuse(x, fault, 0, (struct str){0});
    return failed(fault);
}

static void on_request(struct http_request *request, void *context)
{
    const struct services *services = context;
    struct desk *desk = find_desk(services, request->loop);
    struct router_match match = router_find(&desk->router, request);
    struct exchange *x = open_exchange(desk, services, request, &match);
    if (answer_early(desk, x)) {
        finish(x);
        return;
    }
    if (x->route->lane == LANE_STORE) {
        run_store_lane(x);
        return;
    }
    handle(x);
    finish(x);
}

/* A body is kept whole before its handler runs. Who has not shown a credential for the route gets
 * to send what fits into one read, so that strangers cannot fill the memory. */
static size_t body_bytes_max(const struct http_request *head, void *context)
{
    enum { STRANGER_BODY_BYTES_MAX = 64 * 1024 };
    const struct services *services = context;
    struct desk *desk = find_desk(services, head->loop);
    const struct route *route = router_find(&desk->router, head).route;
    if (route == NULL) /* its 404 or 405 comes whatever small body comes along */
        return STRANGER_BODY_BYTES_MAX;
    if (route->body_bytes_max <= STRANGER_BODY_BYTES_MAX || route->scope == SCOPE_ANYONE)
        return route->body_bytes_max;
    const struct caller *caller = NULL;
    struct fault fault = authorise(&desk->memo, view_reader_refresh(&desk->reader), head,
                                   route->scope, clock_wall_ms(services->clock), &caller);
    return failed(fault) ? STRANGER_BODY_BYTES_MAX : route->body_bytes_max;
}

/* Strangers get no sink: their body is small, and on_request says no. */
static struct http_body_sink *body_sink(struct http_request *head, bool *is_refused, void *context)
{
    const struct services *services = context;
    struct desk *desk = find_desk(services, head->loop);
    struct router_match match = router_find(&desk->router, head);
    if (match.route == NULL || match.route->open_sink == NULL)
        return NULL;
    struct exchange *x = open_exchange(desk, services, head, &match);
    if (is_spelled_otherwise(x->dialect, head) || failed(authorise_exchange(desk, x)))
        return NULL;
    struct http_body_sink *sink = NULL;
    struct fault fault = memory_refuse_when_short();
    if (!failed(fault))
        fault = x->route->open_sink(x, &sink);
    *is_refused = failed(fault);
    if (failed(fault))
        head->user = arena_copy(head->arena, &fault, sizeof(fault));
    return sink;
}

static void on_wake(struct http_loop *loop, bool is_draining, void *context)
{
    const struct services *services = context;
    struct desk *desk = http_loop_user(loop);
    if (desk != NULL)
        view_reader_refresh(&desk->reader); /* an idle loop must not keep an old view alive */
    if (services->streams != NULL)
        stream_hub_wake(services->streams, loop, is_draining);
}

/* What the server is ruled by has its turn when the rest is shed: a switch must work just then. */
static bool is_control(const struct http_request *request, void *context)
{
    const struct desk *desk = find_desk(context, request->loop);
    const struct route *route = router_find(&desk->router, request).route;
    return route != NULL &&
           (route->scope == SCOPE_MANAGE || route->scope == SCOPE_MANAGE_ENVIRONMENTS);
}

/* Framing, limits and time refused it before there was a request: answer in the dialect's form. */
static void on_refusal(int status, struct str path, struct arena *arena,
                       struct http_response *response, void *context)
{
    const struct services *services = context;
    struct exchange *x = ARENA_NEW(arena, struct exchange);
    x->services = services;
    x->arena = arena;
    x->dialect = dialects_find(services->dialects, services->dialect_count, path);
    x->path = dialect_path(x->dialect, path);
    x->dialect->refuse(x, fault_make(FAULT_INVALID, STR("request"), (struct str){0}), status,
                       (struct str){0});
    *response = x->response;
}

struct http_callbacks dispatch_callbacks(const struct services *services)
{
    struct router router; /* each loop makes its own; what is wrong in the tables shows here */
    router_open(&router, services->dialects, services->dialect_count);
    router_close(&router);
    return (struct http_callbacks){
        .on_wake = on_wake,
        .body_sink = body_sink,
        .on_request = on_request,
        .body_bytes_max = body_bytes_max,
        .on_refusal = on_refusal,
        .is_control = is_control,
        .on_loop_end = close_desk,
        .context = (void *)services,
        .takes_encoded_slashes = true,
    };
}
