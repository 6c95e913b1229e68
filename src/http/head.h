/* SPDX-License-Identifier: Apache-2.0 */
/*
 * head - where a request's head ends, and whether it leaves a doubt.
 *
 * Pure: bytes and limits in, a verdict out. The scan walks lines as they arrive, refuses what must
 * never reach a parser (lone CR, lone LF, folded lines, control characters, names that are no
 * token) and enforces the limits. The parse runs llhttp over the complete head and then the rules
 * on Host, Content-Length, Transfer-Encoding and Expect (RFC 9112 sections 3.2 and 6).
 */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include "http/http.h"

/* How far a head has been looked at; zero before its first byte. Offsets count from there. */
struct head_scan {
    size_t begins_at;  /* behind the empty line some clients send first */
    size_t line_at;    /* start of the line being looked at */
    size_t headers_at; /* start of the first header line; 0 while in the request line */
    size_t seen;       /* no line end before here that has not been dealt with */
    size_t header_count;
};

struct head_verdict {
    int refusal;    /* a status; 0: none */
    size_t ends_at; /* behind the empty line; 0: not there yet */
};

/* bytes: everything since the head's first byte, growing from call to call. */
struct head_verdict head_scan(struct head_scan *scan, struct str bytes,
                              const struct http_limits *limits);

struct head {
    enum http_method method;
    struct str method_text;
    struct str target;
    size_t header_count;
    uint64_t content_length; /* 0 without one */
    bool is_chunked;
    bool is_keep_alive;
    bool is_http_1_0;
    bool expects_continue;
};

/* Reads the head that scan found complete in bytes: 0, or the status that refuses it. headers has
 * room for scan->header_count. */
int head_parse(const struct head_scan *scan, struct str bytes, struct http_header *headers,
               struct head *head);

/* What the first line of a head says that was refused, or never came whole: for the answer alone,
 * whose form may depend on the path. */
struct head_line {
    enum http_method method;
    struct str path; /* encoded, without the query; empty when the line is not to be read */
};
struct head_line head_peek(const struct head_scan *scan, struct str bytes);

#endif
