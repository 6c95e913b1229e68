/* SPDX-License-Identifier: Apache-2.0 */
/* answer - how this protocol says no, and what it tells browsers before: see answer.h. */
#include "dialect/ofrep/answer.h"

#include <assert.h>

#include "base/utf.h"
#include "dialect/ofrep/evaluate.h"

static struct str ofrep_error_name(enum ofrep_error error)
{
    switch (error) {
    case OFREP_FLAG_NOT_FOUND:
        return STR("FLAG_NOT_FOUND");
    case OFREP_TARGETING_KEY_MISSING:
        return STR("TARGETING_KEY_MISSING");
    case OFREP_INVALID_CONTEXT:
        return STR("INVALID_CONTEXT");
    case OFREP_PARSE_ERROR:
        return STR("PARSE_ERROR");
    case OFREP_GENERAL:
        return STR("GENERAL");
    }
    assert(false);
    return STR("");
}

/* ---- refusals -------------------------------------------------------------------------------- */

/* What stands behind the slash of a single evaluation's path; absent elsewhere. Requests that were
 * refused before they had a route are told apart by their path. */
static struct str key_of(const struct exchange *x)
{
    const struct str single = STR("/ofrep/v1/evaluate/flags/");
    if (x->route != NULL)
        return x->route->handle == ofrep_evaluate_one ? x->parameters[0] : (struct str){0};
    bool is_single = x->path.size > single.size && str_starts_with(x->path, single);
    if (!is_single)
        return (struct str){0};
    struct str key = str_slice(x->path, single.size, x->path.size);
    return utf8_is_valid(key) ? key : STR("");
}

static struct str write_refusal(struct exchange *x, enum ofrep_error error, struct str details)
{
    struct str key = key_of(x);
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    if (!str_is_absent(key))
        json_member_string(&writer, STR("key"), key);
    json_member_string(&writer, STR("errorCode"), ofrep_error_name(error));
    json_member_string(&writer, STR("errorDetails"), details);
    json_key(&writer, STR("metadata"));
    json_object_begin(&writer);
    json_object_end(&writer);
    json_object_end(&writer);
    struct str body = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
    return body;
}

void ofrep_refuse_with(struct exchange *x, int status, enum ofrep_error error, struct str details)
{
    x->note = ofrep_error_name(error);
    x->response = (struct http_response){
        .status = status,
        .headers = STR(OFREP_JSON_LINES),
        .body = write_refusal(x, error, details),
    };
}

static int status_of(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_UNAUTHENTICATED:
        return 401;
    case FAULT_DENIED:
        return 403;
    case FAULT_MISSING:
        return 404;
    case FAULT_LIMIT: /* of a credential: too many streams */
        return 429;
    case FAULT_UNAVAILABLE:
    case FAULT_FULL: /* of changes, which are not made here */
        return 503;
    case FAULT_NONE:
    case FAULT_INVALID:
    case FAULT_CONFLICT:
    case FAULT_STALE:
        break;
    }
    return 400;
}

static struct str text_of_status(int status)
{
    switch (status) {
    case 401:
        return STR("the credential is missing or unknown");
    case 403:
        return STR("the credential does not evaluate flags");
    case 404:
        return STR("there is no such path");
    case 405:
        return STR("the method is not allowed");
    case 408:
        return STR("the request took too long");
    case 413:
        return STR("the request body is too large");
    case 414:
        return STR("the request line is too long");
    case 429:
        return STR("too many at once");
    case 431:
        return STR("the request headers are too large");
    case 500:
        return STR("internal error");
    case 503:
        return STR("temporarily unavailable");
    default:
        return STR("the request is malformed");
    }
}

/* Whole seconds are the one form of Retry-After that every provider reads. */
static const char *more_headers(struct exchange *x, int status, struct str allow)
{
    if (!str_is_absent(allow))
        return arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow)).data;
    switch (status) {
    case 401:
        return "WWW-Authenticate: Bearer\r\n";
    case 429:
        return "Retry-After: 15\r\n";
    case 503:
        return "Retry-After: 1\r\n";
    default:
        return "";
    }
}

void ofrep_refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    if (status == 0)
        status = status_of(fault.kind);
    ofrep_refuse_with(x, status, OFREP_GENERAL, text_of_status(status));
    x->response.headers =
        arena_format(x->arena, OFREP_JSON_LINES "%s", more_headers(x, status, allow));
}

/* ---- before browsers ask --------------------------------------------------------------------- */

#define BASE_HEADERS "Content-Type, If-None-Match, Authorization, X-API-Key"

/* Names of headers, commas and blanks: what goes back into a header of ours. */
static bool is_list_of_names(struct str list)
{
    for (size_t i = 0; i < list.size; i++) {
        char byte = list.data[i];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && byte != '-' && byte != '_' && byte != ',' && byte != ' ')
            return false;
    }
    return list.size > 0;
}

/* Providers let their users set any header, so what is asked for is allowed, too. */
void ofrep_preflight(struct exchange *x, struct str allow)
{
    enum { REQUESTED_BYTES_MAX = 1024 };
    if (str_is_absent(allow)) {
        ofrep_refuse(x, fault_none(), 404, allow);
        return;
    }
    struct str asked = str_trim(http_header(x->request, STR("access-control-request-headers")));
    bool is_echoed = asked.size <= REQUESTED_BYTES_MAX && is_list_of_names(asked);
    x->response.status = 204;
    x->response.headers = arena_format(
        x->arena,
        "Allow: %.*s\r\n" OFREP_CORS_LINES "Access-Control-Allow-Methods: POST, GET, OPTIONS\r\n"
        "Access-Control-Allow-Headers: " BASE_HEADERS "%s%.*s\r\n"
        "Access-Control-Max-Age: 600\r\n",
        STR_ARG(allow), is_echoed ? ", " : "", is_echoed ? (int)asked.size : 0,
        asked.data == NULL ? "" : asked.data);
}
