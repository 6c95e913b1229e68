/* SPDX-License-Identifier: Apache-2.0 */
/*
 * parser - llhttp, run once over a complete head.
 *
 * A unit of its own because llhttp.h and http.h both name the methods. head.c looks at the bytes
 * first: it refuses what some llhttp releases let through, so that all of them behave alike.
 */
#ifndef HTTP_PARSER_H
#define HTTP_PARSER_H

#include "http/header.h"

enum parser_verdict { PARSER_ACCEPTS, PARSER_KNOWS_NO_SUCH_METHOD, PARSER_REFUSES };

struct parser_result {
    struct str target;
    size_t header_count;
    bool is_keep_alive;
};

/* head: from the request line to the empty line, all there. Fills up to `capacity` headers. */
enum parser_verdict parser_run(struct str head, struct http_header *headers, size_t capacity,
                               struct parser_result *result);

#endif
