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

/* Who may call, and how the credential is shown. A route without a scope does not compile: there
 * is no default. */
enum scope {
    SCOPE_ANYONE = 1,
    SCOPE_MANAGE,              /* Bearer: personal and app tokens */
    SCOPE_READ_BROWSER,        /* Bearer: browser keys */
    SCOPE_READ_SERVER,         /* Bearer: server keys */
    SCOPE_REPORT,              /* Bearer: both kinds of keys: events */
    SCOPE_MANAGE_ENVIRONMENTS, /* Bearer: personal, app and environment tokens; the handler asks
                                  caller_sees_environment for each environment it touches */
    SCOPE_READ_DEPLOYMENT,     /* Api-Key: client and server deployment keys, project keys */
    SCOPE_DOWNLOAD,            /* Basic: project key and project secret of one environment */
    SCOPE_EVALUATE,      /* Bearer, X-API-Key, or Authorization without a scheme: keys of any kind
                            that read one environment */
    SCOPE_EVENT_ADDRESS, /* the query's `token` (auth/event_token.h), made of such a key */
};

struct exchange;
struct dialect;
struct operation; /* dialect/operation.h */
struct operation_schemas;

enum { ROUTE_PARAMETERS_MAX = 4 };

struct route {
    enum http_method method;
    /* Canonical, below one of the dialect's prefixes; a segment "{name}" takes any one non-empty
     * segment, decoded after splitting, into exchange.parameters, in order. A route without
     * parameters wins over one with; among these, the one declared first. GET is HEAD, too. A last
     * segment "{name*}" takes all that is left, slashes included, decoded once. */
    struct str path;
    enum scope scope;
    enum lane lane;
    size_t body_bytes_max; /* 0: takes no body */
    void (*handle)(struct exchange *x);
    /* For bodies too large to hold: once the head is read and the caller is known, where its pieces
     * go (http.h). Its fault refuses the request. The handler finds it in request->sink, NULL when
     * there was no body. x is another one there: nothing kept in it comes along. NULL: the body is
     * held whole. */
    struct fault (*open_sink)(struct exchange *x, struct http_body_sink **sink);
    /* What the API's description says of it; NULL: it is not described. */
    const struct operation *operation;
    bool takes_time; /* LANE_STORE: handler_timeout_ms does not count; see http_take_time */
};

/* What handlers ask; one per process, wired in server/rooms.c. */
struct services {
    struct changer *changer;
    struct view_slot *views;
    const struct clock *clock;
    bool logs_requests;
    const struct dialect *const *dialects;
    size_t dialect_count;
    struct stream_hub *streams;          /* stream/stream.h; NULL: no streams */
    struct notebook *devices;            /* whose they are: ingest/identities.h; NULL: not known */
    struct notebook *variations;         /* who keeps which; NULL: not known */
    struct assignments *assignments;     /* ingest/assignments.h */
    struct rates *rates;                 /* dialect/rate.h: management requests per environment */
    struct rates *admin_rates;           /* and of the admin API per credential; NULL: no limit */
    struct description *description;     /* of the API: admin/openapi.h; NULL: not served */
    struct sign_in *sign_in;             /* dialect/sign_in.h; NULL: no passwords, no pages */
    struct device_logins *device_logins; /* login/device_logins.h; together with the above */
    struct str public_url; /* "https://flags.example.com": where people reach us; empty: go by Host
                              and by is_encrypted */
    bool is_encrypted;     /* TLS ends in this process */
    struct str trusted_proxies; /* whose word about addresses counts: dialect/peer.h */
};

struct exchange {
    struct http_request *request; /* NULL when it was refused before it was whole */
    const struct services *services;
    const struct dialect *dialect;
    const struct route *route;
    const struct view *view;
    const struct caller *caller; /* NULL for SCOPE_ANYONE */
    struct arena *arena;         /* the request's */
    struct str parameters[ROUTE_PARAMETERS_MAX];
    size_t parameter_count;
    struct pattern_scratch *scratch; /* this loop's; NULL off the loop (LANE_STORE) */
    bool is_streaming;               /* stream_open took the request over: nothing is answered here;
                                        LANE_FAST alone */
    struct str path; /* canonical, or what there was of it when it was refused early */
    int64_t now_ms;
    struct http_response response;
    struct str note;   /* for the log line: an error's short text; never content */
    uint64_t version;  /* for the log line: the version answered with */
    struct view *held; /* reference taken for work off the loop */
    bool is_handled;   /* the handler has begun: the sink of the body, if any, is its */
    void *own;         /* what the dialect's admit leaves for its handlers and for conclude */
};

/* What one protocol does with a flag: exact or absent, never approximate. */
enum reach_kind { REACH_SERVED, REACH_STUB, REACH_ABSENT };
struct reach {
    struct str protocol; /* "<dialect>.<document>" */
    enum reach_kind kind;
    struct str why; /* one sentence; absent when served */
};
enum { REACHES_PER_DIALECT_MAX = 4 };

/* A language: its paths, its routes, and how it says no. */
struct dialect {
    const char *name;
    const struct str *prefixes; /* paths it speaks for; the longest of all dialects' decides */
    size_t prefix_count;
    bool takes_repeated_slashes; /* and one behind the path: its clients are known to send //path
                                    and path/; others get a 404 */
    const struct route *routes;
    size_t route_count;
    /* Fills x->response for a fault, or for a status the transport asks for (404, 405, 413 …);
     * status 0 lets the fault's kind decide. allow is the Allow list of a 405, else absent. */
    void (*refuse)(struct exchange *x, struct fault fault, int status, struct str allow);
    /* Answers an OPTIONS on any of its paths, without a credential. */
    void (*preflight)(struct exchange *x, struct str allow);
    /* Called on the handler's thread before and after the handlers of its routes; may be NULL. The
     * first returns false when it has answered instead. */
    bool (*admit)(struct exchange *x);
    void (*conclude)(struct exchange *x);
    /* Lists of schemas its operations name; NULL: none are described. */
    const struct operation_schemas *const *schemas;
    size_t schemas_count;
    /* What its protocols do with a flag of a snapshot; returns how many there are. NULL: none. */
    size_t (*reach)(const struct snapshot *snapshot, const struct flag *flag, struct arena *arena,
                    struct reach reaches[REACHES_PER_DIALECT_MAX]);
};

/* What a change does beside is meant: "X-Guidon-Acknowledge: growth, reuse", for languages of
 * others, which have no words of their own for it. */
bool exchange_acknowledges(const struct exchange *x, struct str what);

/* A query member as http_query has it, or the fault to answer with when it is malformed. */
struct fault exchange_query(struct exchange *x, struct str name, struct str *value) MUST_CHECK;

/* Hands the server's callbacks (http.h) what they need; context is the services, complete by now
 * and good until the server is closed. A bug in a dialect's tables ends the process here. */
struct http_callbacks dispatch_callbacks(const struct services *services);

#endif
