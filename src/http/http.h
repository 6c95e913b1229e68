/* SPDX-License-Identifier: Apache-2.0 */
/*
 * http - bytes to request, response to bytes.
 *
 * A strict HTTP/1.1 server over libuv and llhttp: one loop per thread, each with its own listener
 * on the same address (SO_REUSEPORT), one write per read event. It owns limits, timeouts and
 * framing, and refuses and closes whatever leaves a message boundary in doubt. It knows no flag:
 * a complete request goes to one callback, which answers now or later.
 *
 * Threads: a request and its connection belong to the loop that read it. http_respond may be
 * called on that loop only; work done elsewhere comes back through http_offload.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "http/header.h"

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_OTHER_METHOD,
};

/* Every limit, with its default in limits.c; all are settings. */
struct http_limits {
    size_t request_line_bytes; /* without its line end: 414 */
    size_t header_bytes;       /* all header lines with their line ends: 431 */
    size_t header_count;       /* 431 */
    size_t header_value_bytes; /* one: 431 */
    size_t body_bytes;         /* the most any route takes; 413 without reading on */
    size_t connections;        /* per loop; more wait in the kernel */
    size_t requests_per_connection;
    size_t pipelined_requests; /* complete requests waiting behind one; more: close */
    uint32_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, write_timeout_ms,
        handler_timeout_ms;
    uint32_t body_bytes_per_second_min;
    uint32_t drain_timeout_ms;
};

extern const struct http_limits http_limits_default;

struct http_loop; /* one event loop and its thread */
struct http_server;

struct http_request {
    enum http_method method;
    struct str method_text;
    struct str target; /* as received: path and query */
    struct str path;   /* percent-decoded once, slashes collapsed as http_canonical_path says */
    struct str query;  /* behind the '?', still encoded; absent when there is none */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    struct str peer;        /* numeric address of the other side, without the port */
    struct arena *arena;    /* request lifetime: reset when the response has been handed over */
    struct http_loop *loop; /* the one it belongs to */
    void *user;             /* the callback's own, NULL at first */
    int64_t began_us;       /* monotonic, when its first byte was seen */
};

struct http_response {
    int status;
    struct str headers; /* ready lines "Name: value\r\n"…; Content-Length and Date are added here */
    struct str body; /* copied or written before http_respond returns, unless body_owner is set */
    /* A body that is shared, not copied: http calls release(owner) on the loop when it is done. */
    void *body_owner;
    void (*release)(void *owner);
    bool closes; /* answer, then close the connection */
};

struct http_callbacks {
    /* A whole request is here. The callback calls http_respond once, now or later on this loop. */
    void (*on_request)(struct http_request *request, void *context);
    /* Called when only the head is read: the most body bytes this route takes. NULL: body_bytes. */
    size_t (*body_bytes_max)(const struct http_request *head, void *context);
    /* The answer to a request that framing, limits or time refused: fills headers and body for
     * the given status (400, 408, 413, 414, 417, 431, 501, 503, 505). Strings live in the arena. */
    void (*on_refusal)(int status, struct str path, struct arena *arena,
                       struct http_response *response, void *context);
    /* A loop has ended and its slot (http_loop_set_user) was filled: let go of what is in it. May
     * be NULL. */
    void (*on_loop_end)(void *user, void *context);
    void *context;
};

struct http_config {
    struct str listen; /* "127.0.0.1:8080", "[::1]:0"; port 0 picks one */
    unsigned loop_count;
    struct http_limits limits;
    struct http_callbacks callbacks;
    const struct clock *clock;
};

/* Binds and listens but accepts nothing yet. On refusal nothing is left open. */
struct fault http_open(struct http_server **server, const struct http_config *config) MUST_CHECK;
/* Starts the loops; accepts from now on. */
void http_start(struct http_server *server);
uint16_t http_port(const struct http_server *server); /* the port that was bound */

/* Stops accepting, answers what is under way, closes idle connections, and returns when all are
 * gone or drain_timeout_ms have passed. Then frees the server. From any thread but the loops'.
 * Work already running on a pool thread is waited for; work still queued then is dropped. */
void http_close(struct http_server *server);

/* Answers, once. The request and its arena are gone when it returns; inside on_request and the
 * `done` of http_offload they stay good until that callback returns. When the other side has left
 * or the handler's time is up, the answer is dropped and the body released all the same. */
void http_respond(struct http_request *request, const struct http_response *response);

/* Runs work(request) on a pool thread and then done(request) back on the request's loop. The
 * request and its arena belong to the pool thread in between. At most a bounded number of
 * requests wait; beyond that it returns false and calls nothing. */
bool http_offload(struct http_request *request, void (*work)(struct http_request *),
                  void (*done)(struct http_request *));

struct str http_header(const struct http_request *request, struct str name); /* absent if none */

/* The first value of a query member, percent-decoded and with '+' as blank, in the request's
 * arena; absent when it is missing. A malformed escape makes it absent and *is_malformed true. */
struct str http_query(const struct http_request *request, struct str name, bool *is_malformed);

/* Decodes a path once and in one way: percent escapes resolved, repeated slashes collapsed, and
 * refused when it holds a dot segment, an encoded slash, backslash or NUL, or is not UTF-8. */
struct fault http_canonical_path(struct arena *arena, struct str raw, struct str *path) MUST_CHECK;

/* Per-loop storage of the user's: a slot for what one thread keeps (its view of the snapshot). */
void *http_loop_user(struct http_loop *loop);
void http_loop_set_user(struct http_loop *loop, void *user);

struct http_counters {
    uint64_t connections_open, connections_total, requests, refusals, bytes_in, bytes_out;
};
struct http_counters http_counters_read(struct http_server *server);

const char *http_status_text(int status);

#endif
