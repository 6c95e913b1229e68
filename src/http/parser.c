/* SPDX-License-Identifier: Apache-2.0 */
/* parser - llhttp, run once over a complete head: see parser.h. */
#include "http/parser.h"

#include <llhttp.h>

struct run {
    struct http_header *headers;
    size_t capacity;
    struct parser_result *result;
    bool is_complete;
};

static int on_target(llhttp_t *parser, const char *at, size_t size)
{
    struct run *run = parser->data;
    run->result->target = (struct str){at, size};
    return 0;
}

static int on_name(llhttp_t *parser, const char *at, size_t size)
{
    struct run *run = parser->data;
    if (run->result->header_count == run->capacity)
        return -1;
    run->headers[run->result->header_count] =
        (struct http_header){.name = {at, size}, .value = STR("")};
    run->result->header_count++;
    return 0;
}

static int on_value(llhttp_t *parser, const char *at, size_t size)
{
    struct run *run = parser->data;
    if (run->result->header_count == 0)
        return -1;
    run->headers[run->result->header_count - 1].value = str_trim((struct str){at, size});
    return 0;
}

/* Pauses: what follows the head is not llhttp's to read. */
static int on_head_end(llhttp_t *parser)
{
    struct run *run = parser->data;
    run->result->is_keep_alive = llhttp_should_keep_alive(parser) != 0;
    run->is_complete = true;
    return HPE_PAUSED;
}

enum parser_verdict parser_run(struct str head, struct http_header *headers, size_t capacity,
                               struct parser_result *result)
{
    static const llhttp_settings_t settings = {
        .on_url = on_target,
        .on_header_field = on_name,
        .on_header_value = on_value,
        .on_headers_complete = on_head_end,
    };
    *result = (struct parser_result){0};
    struct run run = {.headers = headers, .capacity = capacity, .result = result};
    llhttp_t parser;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &run;
    enum llhttp_errno problem = (enum llhttp_errno)llhttp_execute(&parser, head.data, head.size);
    if (problem == HPE_INVALID_METHOD)
        return PARSER_KNOWS_NO_SUCH_METHOD;
    return run.is_complete && problem == HPE_PAUSED ? PARSER_ACCEPTS : PARSER_REFUSES;
}
