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

/* For connection.c: what had to wait has been written; the connection's handle is closed. */
void stream_drained(struct http_stream *stream);
void stream_closed(struct http_stream *stream); /* frees it */

#endif
