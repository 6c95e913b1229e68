/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client - asking a server over HTTP, from a program that does one thing and ends.
 *
 * One call at a time, over one kept-alive connection. libcurl does the work; it is loaded when the
 * first call is made, because linking it would cost every start of the binary 6 ms (decision 14).
 * What is refused comes back in words: the problem document's, the vendor's `error` member, or the
 * transport's own.
 *
 * Nothing is printed here, and the token is sent nowhere but to the origin it was given for:
 * redirects are not followed.
 */
#ifndef CLIENT_CLIENT_H
#define CLIENT_CLIENT_H

#include "base/arena.h"
#include "base/fault.h"
#include "json/json.h"

struct client;

struct client_config {
    struct str origin;  /* http://127.0.0.1:8080, without a slash at its end */
    struct str token;   /* sent as a bearer token; absent: none */
    struct str ca_file; /* whom to trust, for https; absent: the system's */
    struct str program; /* name and version, for the server's log */
};

/* What a call came to: each kind of answer a caller treats differently. */
enum answer_kind {
    ANSWER_OK,              /* 2xx, 304 */
    ANSWER_INVALID,         /* the server says that the request is wrong */
    ANSWER_MISSING,         /* what it names is not there */
    ANSWER_UNAUTHENTICATED, /* no token, or one nobody knows */
    ANSWER_DENIED,          /* the token may not */
    ANSWER_CONFLICT,    /* it is there already, somebody was faster, it is not what we thought */
    ANSWER_LIMITED,     /* too much in too short a time, after waiting as long as we were told */
    ANSWER_FAILED,      /* the server could not */
    ANSWER_UNREACHABLE, /* no answer: `message` says why */
    ANSWER_STOPPED      /* take_piece said so */
};

struct answer {
    enum answer_kind kind;
    int status;             /* 0: none */
    struct str text;        /* the body */
    struct json json;       /* the body when it is JSON, else null */
    struct str etag;        /* empty: none was sent */
    struct str digest;      /* Repr-Digest as sent; empty: none */
    struct str type;        /* media type without parameters; empty: none */
    struct str next;        /* cursor of the next page, from the body's `next`; empty: last */
    struct str code;        /* a problem's code; empty: none */
    struct str message;     /* when refused: one sentence of the server's, or ours */
    struct str pointer;     /* where in the request, when it is said; empty: nowhere */
    struct str request_id;  /* for a support case; empty: none */
    uint64_t retry_after_s; /* ANSWER_LIMITED: what was left to wait */
};

struct call {
    const char *method; /* GET when NULL */
    struct str path; /* from the first slash, query included, percent-encoded: client/address.h */
    struct str body; /* absent: none */
    struct str body_type; /* absent: application/json */
    struct str accept;    /* absent: anything */
    struct str if_match, if_none_match, last_seen /* Last-Event-ID */; /* absent: not sent */
    struct str key; /* Idempotency-Key; absent: none. With one, a call whose answer was lost is
                       sent once more */
    const struct str *headers; /* further ones, "Name: value"; each replaces ours of that name */
    size_t header_count;
    /* Gets a 2xx body in pieces instead of answer.text; false stops. expected_bytes is 0 when the
     * server did not say. There is no time limit on such a call. */
    bool (*take_piece)(struct str piece, uint64_t expected_bytes, void *user);
    /* Told how much of the body has left, now and then; NULL: nobody. There is no time limit on
     * such a call. */
    void (*on_sent)(uint64_t sent_bytes, void *user);
    void *user;
};

/* Nothing is loaded and nothing is opened yet. Everything borrowed lives as long as the client. */
struct client *client_open(const struct client_config *config);
void client_close(struct client *client);

/* Asks and waits. What is in the answer lives in the arena. 429 and 503 that name a time up to ten
 * seconds are waited for and asked again, three times at most. */
struct answer client_ask(struct client *client, struct arena *arena, const struct call *call);

/* A fresh Idempotency-Key. */
struct str client_new_key(struct arena *arena);

#endif
