/* SPDX-License-Identifier: Apache-2.0 */
/* response - an answer as bytes: status line, the lines every answer carries, its own, its body. */
#ifndef HTTP_RESPONSE_H
#define HTTP_RESPONSE_H

#include "http/loop.h"

enum response_connection { RESPONSE_SAYS_NOTHING, RESPONSE_SAYS_CLOSE, RESPONSE_SAYS_KEEP_ALIVE };

/* Adds the answer to the loop's output and lets go of the body or hands it to the output. True: a
 * body was borrowed that nobody owns, so the output must be flushed before the caller returns. */
bool response_append(struct http_loop *loop, const struct http_response *response, bool is_head,
                     enum response_connection connection);

/* How the other side tells where the body ends. */
enum response_framing { FRAMED_BY_NOTHING, FRAMED_BY_LENGTH, FRAMED_BY_CHUNKS };

/* Adds the head of an answer whose body comes later. */
void response_append_stream_head(struct http_loop *loop, int status, struct str headers,
                                 enum response_framing framing, uint64_t body_bytes);

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7); 29 bytes, no NUL. */
enum { HTTP_DATE_BYTES = 29 };
void response_format_date(int64_t wall_ms, char date[HTTP_DATE_BYTES]);

#endif
