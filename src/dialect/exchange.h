/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exchange - one request and its answer, on the way through a dialect.
 *
 * dispatch.c finds the route, the caller and the view before a handler runs: a handler is one
 * paragraph that decodes, asks the domain, and answers. The view is pinned for the whole exchange.
 */
#ifndef DIALECT_EXCHANGE_H
#define DIALECT_EXCHANGE_H

#include "change/change.h"
#include "http/http.h"
#include "snapshot/snapshot.h"
#include "json/write.h"

/* FAST touches memory only and runs on the event loop; STORE may block and runs off it. */
enum lane { LANE_FAST, LANE_STORE };

/* Who may call. A route without a scope does not compile: there is no default. */
enum scope {
    SCOPE_ANYONE = 1,
    SCOPE_MANAGE,       /* personal and app tokens */
    SCOPE_READ_BROWSER, /* browser keys */
    SCOPE_READ_SERVER,  /* server keys */
    SCOPE_REPORT,       /* both kinds of keys: events */
};

struct exchange;
struct dialect;

struct route {
    enum http_method method;
    struct str path; /* canonical, exact */
    enum scope scope;
    enum lane lane;
    size_t body_bytes_max; /* 0: takes no body */
    void (*handle)(struct exchange *x);
};

/* What handlers ask; one per process, wired in server/main.c. */
struct services {
    struct changer *changer;
    struct view_slot *views;
    const struct clock *clock;
    bool logs_requests;
    const struct dialect *const *dialects;
    size_t dialect_count;
};

struct exchange {
    struct http_request *request; /* NULL when it was refused before it was whole */
    const struct services *services;
    const struct dialect *dialect;
    const struct route *route;
    const struct view *view;
    const struct caller *caller; /* NULL for SCOPE_ANYONE */
    struct arena *arena;         /* the request's */
    struct str path;             /* canonical, or what there was of it when it was refused early */
    int64_t now_ms;
    struct http_response response;
    struct str note;   /* for the log line: an error's short text; never content */
    uint64_t version;  /* for the log line: the version answered with */
    struct view *held; /* reference taken for work off the loop */
};

/* A language: its paths, its routes, and how it says no. */
struct dialect {
    const char *name;
    const struct str *prefixes; /* paths it speaks for */
    size_t prefix_count;
    bool takes_repeated_slashes; /* its clients are known to send //path; others get a 404 */
    const struct route *routes;
    size_t route_count;
    /* Fills x->response for a fault, or for a status the transport asks for (404, 405, 413 …);
     * status 0 lets the fault's kind decide. allow is the Allow list of a 405, else absent. */
    void (*refuse)(struct exchange *x, struct fault fault, int status, struct str allow);
    /* Answers an OPTIONS on any of its paths. */
    void (*preflight)(struct exchange *x, struct str allow);
};

/* Hands the server's callbacks (http.h) what they need; context is the services. */
struct http_callbacks dispatch_callbacks(const struct services *services);

#endif
