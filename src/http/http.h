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
 * called on that loop only; work done elsewhere comes back through http_offload. An answer without
 * an end is a stream: http_stream_begin instead of http_respond.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"
#include "base/str.h"
#include "http/header.h"
#include "http/tls.h"

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

/* Every limit, with its default in limits.c; most are settings (server/options.c). */
struct http_limits {
    size_t request_line_bytes; /* without its line end: 414 */
    size_t header_bytes;       /* all header lines with their line ends: 431 */
    size_t header_count;       /* 431 */
    size_t header_value_bytes; /* one: 431 */
    size_t body_bytes;         /* the most that is held of one; 413 without reading on */
    size_t large_bodies_bytes; /* per loop, of all that are held, beyond the first 64 KiB of each:
                                  503, so that the memory of many at once is bounded, too */
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
    bool has_encoded_slash; /* path still has it, as "%2F", or a backslash, "%5C": see
                               takes_encoded_slashes */
    struct str query;       /* behind the '?', still encoded; absent when there is none */
    const struct http_header *headers;
    size_t header_count;
    struct str body;
    bool is_secure;         /* came over TLS */
    struct str peer;        /* numeric address of the other side, without the port */
    struct arena *arena;    /* request lifetime: reset when the response has been handed over */
    struct http_loop *loop; /* the one it belongs to */
    void *user;             /* the callback's own, NULL at first */
    struct http_body_sink *sink; /* took the body; NULL: it is in `body` */
    int64_t began_us;            /* monotonic, when its first byte was seen */
};

struct http_response {
    int status;
    struct str headers; /* ready lines "Name: value\r\n"…; Content-Length and Date are added here */
    struct str body; /* copied or written before http_respond returns, unless body_owner is set */
    /* A body that is shared, not copied: http calls release(owner) on the loop when it is done. */
    void *body_owner;
    void (*release)(void *owner);
    bool closes; /* answer, then close the connection */
    /* A body from a file, instead of `body`: read from its beginning and sent piece by piece, as
     * the other side takes it, so that it may be larger than memory. body_owner is let go of when
     * the last piece is read or the other side has left; the descriptor is its to close. The
     * connection closes behind it. NULL: no file. */
    const struct http_file *file;
};

struct http_file {
    int descriptor; /* of a regular file, good until release */
    uint64_t size;  /* bytes to send; a file that turns out to be shorter is cut off */
};

/*
 * Takes a body in pieces instead of holding it whole. All calls come on the request's loop; it must
 * not wait. Exactly one of `abandon` and the request's handler ends its life: after the last piece
 * on_request is called with request.sink set and an empty body. Such a body may be as long as
 * body_bytes_max says, whatever http_limits.body_bytes is, and has body_timeout_ms for each
 * http_limits.body_bytes of that.
 */
struct http_body_sink {
    bool (*write)(struct http_body_sink *sink, struct str piece); /* false: no more is wanted, the
                     handler is called with what there is, and the connection closes after it */
    void (*abandon)(
        struct http_body_sink *sink); /* the client left, took too long or was refused */
};

/*
 * An answer without an end, on the request's loop. Begun instead of http_respond; the connection
 * serves nothing else afterwards, and what still comes in on it is thrown away. No timeout applies:
 * who begins a stream looks after slow readers. HTTP/1.1 gets it chunked, so that an end can be
 * told from a loss; HTTP/1.0 gets the bare bytes; both are told that the connection closes.
 */
struct http_stream;
struct http_stream_events { /* static: kept as a pointer */
    /* The stream is gone when this returns. Called exactly once for each that was begun, in a later
     * turn of the loop: the other side has left, an error, an end, a cut, the server's end. */
    void (*on_close)(struct http_stream *stream, void *user);
    /* Everything handed over so far has been taken by the socket, after it had to wait for some
     * time (http_stream_unsent_bytes was not 0 when http_stream_send returned). May be NULL. */
    void (*on_drained)(struct http_stream *stream, void *user);
};

/* The request and its arena are gone when this returns, as with http_respond. NULL: the other side
 * has left already, and nothing more will be heard. The answer to a HEAD ends with its head. */
struct http_stream *http_stream_begin(struct http_request *request, int status, struct str headers,
                                      const struct http_stream_events *events, void *user);
/* The bytes are shared, not copied: release(owner) is called on the loop when they are written or
 * dropped, maybe before this returns. release NULL: they are copied and nobody is told. */
void http_stream_send(struct http_stream *stream, struct str bytes, void *owner,
                      void (*release)(void *owner));
size_t http_stream_unsent_bytes(const struct http_stream *stream);
void http_stream_end(struct http_stream *stream); /* what was handed over is written, then closed */
void http_stream_cut(struct http_stream *stream); /* closed at once */

struct http_callbacks {
    /* Called on each loop: after http_wake or http_wake_after, and about once a second while it has
     * streams. NULL: no streams. is_draining: the server is closing, streams should come to their
     * end; those that have not within drain_timeout_ms are cut. */
    void (*on_wake)(struct http_loop *loop, bool is_draining, void *context);
    /* When the head of a request with a body is read: a sink for it, or NULL to hold it whole.
     * *is_refused: it is not to be read; on_request is called with an empty body (and finds its
     * reason by request.user) and the connection closes after the answer. May be NULL. */
    struct http_body_sink *(*body_sink)(struct http_request *head, bool *is_refused, void *context);
    /* A whole request is here. The callback calls http_respond once, now or later on this loop. */
    void (*on_request)(struct http_request *request, void *context);
    /* Called when only the head is read: the most body bytes this route takes. NULL: body_bytes. */
    size_t (*body_bytes_max)(const struct http_request *head, void *context);
    /* The answer to a request that framing, limits or time refused: fills headers and body for
     * the given status (400, 408, 413, 414, 417, 431, 501, 503, 505). Strings live in the arena. */
    void (*on_refusal)(int status, struct str path, struct arena *arena,
                       struct http_response *response, void *context);
    /* Asked of a whole request when more come than can be answered: whether it is of those by which
     * the server is ruled, and has the reserve (patience.h). May be NULL: none is. */
    bool (*is_control)(const struct http_request *request, void *context);
    /* A loop has ended and its slot (http_loop_set_user) was filled: let go of what is in it. May
     * be NULL. */
    void (*on_loop_end)(void *user, void *context);
    void *context;
    /* Paths with an encoded slash or backslash are passed on, marked has_encoded_slash, and
     * on_request refuses those it does not take segment by segment. Else they are 400. */
    bool takes_encoded_slashes;
};

struct http_config {
    struct str listen; /* "127.0.0.1:8080", "[::1]:0"; port 0 picks one */
    /* Listening sockets that somebody else opened, instead of `listen`; taken over whatever comes
     * of it. When there are more of them than loops, so many loops there are: each is listened to.
     */
    const int *listeners;
    size_t listener_count; /* 0: `listen` it is */
    unsigned loop_count;
    struct http_tls *tls; /* NULL: plain; outlives the server */
    struct http_limits limits;
    struct http_callbacks callbacks;
    const struct clock *clock;
};

/* Binds and listens but accepts nothing yet. On refusal nothing is left open. */
struct fault http_open(struct http_server **server, const struct http_config *config) MUST_CHECK;
/* Starts the loops; accepts from now on. False: the system has no room for their threads; those
 * that began go on, and the process had better end. */
bool http_start(struct http_server *server);
uint16_t http_port(const struct http_server *server); /* the port that was bound */

/*
 * A successor is to go on with the same listening sockets, so that nobody is turned away:
 * http_retire, a while for those who keep connections to notice, http_keep_listeners, http_close,
 * and then the successor is told their descriptors. Whoever connects in between waits in the
 * kernel.
 */
/* From now on every answer says that its connection closes. New ones are accepted as before. */
void http_retire(struct http_server *server);
/* Duplicates of the listening sockets, for the caller to close; their number, at most `most`, or 0
 * when one cannot be had. http_close then leaves who waits in the kernel to the successor. */
size_t http_keep_listeners(struct http_server *server, int *descriptors, size_t most);

/* Asks every loop for a sign of life, and says how many have not given the one they were asked for
 * last time. From one thread at a time. */
unsigned http_silent_loops(struct http_server *server);

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

/* Within on_request: handler_timeout_ms does not count for this one, which takes as long as it
 * takes. Its work asks now and then whether anybody still waits. */
void http_take_time(struct http_request *request);
/* From any thread: the other side has broken off, or the server's end does not wait any longer. */
bool http_is_abandoned(const struct http_request *request);

struct str http_header(const struct http_request *request, struct str name); /* absent if none */

/* The first value of a query member, percent-decoded and with '+' as blank, in the request's
 * arena; absent when it is missing. A malformed escape makes it absent and *is_malformed true. */
struct str http_query(const struct http_request *request, struct str name, bool *is_malformed);

/* Decodes a path once and in one way: percent escapes resolved, repeated slashes collapsed, and
 * refused when it holds a dot segment, an encoded slash, backslash or NUL, or is not UTF-8. */
struct fault http_canonical_path(struct arena *arena, struct str raw, struct str *path) MUST_CHECK;

/* One segment of a path that http_canonical_path takes but for encoded slashes: the same decoding,
 * and "%2F" is a slash, "%5C" a backslash. Borrowed when there is nothing to decode. */
struct str http_decode_segment(struct arena *arena, struct str raw);

/* Per-loop storage: a slot for what one thread keeps between requests (its view of the snapshot),
 * and one for its streams. The second is not handed to on_loop_end. */
void *http_loop_user(struct http_loop *loop);
void http_loop_set_user(struct http_loop *loop, void *user);
void *http_loop_streams(struct http_loop *loop);
void http_loop_set_streams(struct http_loop *loop, void *streams);

/* From any thread: on_wake on every loop, soon; several become one. Not once http_close began. */
void http_wake(struct http_server *server);
/* On the loop's own thread: on_wake that soon, or sooner when that was asked for already. */
void http_wake_after(struct http_loop *loop, uint32_t delay_ms);

/* Whether the answer may be compressed (RFC 9110 section 12.5.3): gzip or "*" is listed, not with
 * q=0, and nothing says that the plain form is liked better. Without the header: no. */
bool http_accepts_gzip(const struct http_request *request);

struct http_counters {
    uint64_t connections_open, connections_total, requests, refusals, bytes_in, bytes_out,
        streams_open, handshakes, handshakes_failed, sheds;
};
struct http_counters http_counters_read(struct http_server *server);

const char *http_status_text(int status);

#endif
