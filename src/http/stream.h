/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - an answer without an end, on a connection of its own.
 *
 * What http_stream_… promises lies on top of a connection in the state STREAMING: framing here,
 * writing and closing there. Costs a few dozen bytes beside the connection while nothing is sent.
 */
#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

#include "http/connection.h"
#include "http/response.h"

/* For file.c: as http_stream_begin, but the end is known, and said beforehand: whoever began it
 * sends exactly body_bytes, or cuts it. A reader who stops is given up as with any other answer. */
struct http_stream *stream_begin_sized(struct http_request *request, int status, struct str headers,
                                       uint64_t body_bytes, const struct http_stream_events *events,
                                       void *user);

bool stream_is_open(const struct http_stream *stream); /* not ended, cut or broken */

/* For connection.c: what had to wait has been written; the connection's handle is closed. */
void stream_drained(struct http_stream *stream);
void stream_closed(struct http_stream *stream); /* frees it */

#endif
