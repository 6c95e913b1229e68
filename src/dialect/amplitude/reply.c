/* SPDX-License-Identifier: Apache-2.0 */
/* reply - see reply.h; and how this half says no. */
#include "dialect/amplitude/reply.h"

#include <string.h>

#include "base/gzip.h"
#include "base/memory.h"
#include "dialect/amplitude/evaluate.h"

/* Browsers call from any page. No cookies are used, so there are no credentials to allow. */
#define CORS_LINES                                                                                 \
    "Access-Control-Allow-Origin: *\r\n"                                                           \
    "Access-Control-Expose-Headers: Retry-After\r\n"
#define JSON_LINE "Content-Type: application/json\r\n"
#define FRESH_LINES "Cache-Control: no-store\r\n" CORS_LINES
#define GZIP_LINES "Content-Encoding: gzip\r\n"
#define VARY_LINE "Vary: Authorization, Accept-Encoding\r\n"

/* ---- queries --------------------------------------------------------------------------------- */

static struct str *split_keys(struct arena *arena, struct str list, size_t *count)
{
    size_t most = 1;
    for (size_t i = 0; i < list.size; i++)
        most += list.data[i] == ',';
    struct str *keys = ARENA_NEW_ARRAY(arena, struct str, most);
    for (size_t at = 0; at < list.size;) {
        size_t end = str_find_byte(list, ',', at);
        struct str key = str_trim(str_slice(list, at, end));
        if (key.size > 0)
            keys[(*count)++] = key;
        at = end + 1;
    }
    return keys;
}

struct fault reply_query_keys(struct exchange *x, const struct str **keys, size_t *count)
{
    struct str list = {0};
    *keys = NULL;
    *count = 0;
    struct fault fault = exchange_query(x, STR("flag_keys"), &list);
    if (!failed(fault) && str_is_empty(list))
        fault = exchange_query(x, STR("flag_key"), &list);
    if (!failed(fault) && !str_is_empty(list))
        *keys = split_keys(x->arena, list, count);
    return fault;
}

/* ---- bodies ---------------------------------------------------------------------------------- */

static void release_bytes(void *owner)
{
    memory_free(owner);
}

static void answer_with(struct exchange *x, struct buf *body, struct str headers)
{
    x->response.headers = headers;
    x->response.body = buf_str(body);
    x->response.body_owner = body->data;
    x->response.release = release_bytes;
}

void reply_json(struct exchange *x, int status, struct buf *body)
{
    x->response.status = status;
    if (body->size < GZIP_BODY_BYTES_MIN || !http_accepts_gzip(x->request)) {
        answer_with(x, body, STR(JSON_LINE VARY_LINE FRESH_LINES));
        return;
    }
    struct buf gzip;
    buf_open(&gzip, SIZE_MAX);
    gzip_compress(buf_str(body), &gzip, GZIP_LEVEL_FAST);
    buf_close(body);
    answer_with(x, &gzip, STR(JSON_LINE GZIP_LINES VARY_LINE FRESH_LINES));
}

void reply_shared(struct exchange *x, struct shared_body *body, bool is_gzip)
{
    shared_body_acquire(body);
    x->response.status = 200;
    x->response.headers = is_gzip ? STR(JSON_LINE GZIP_LINES VARY_LINE FRESH_LINES)
                                  : STR(JSON_LINE VARY_LINE FRESH_LINES);
    x->response.body = body->body;
    x->response.body_owner = body;
    x->response.release = shared_body_release;
}

void reply_empty(struct exchange *x, int status)
{
    x->response.status = status;
    x->response.headers = STR(FRESH_LINES);
}

/* ---- refusals -------------------------------------------------------------------------------- */

static bool is_events_path(struct str path)
{
    return str_equal(path, STR("/2/httpapi")) || str_equal(path, STR("/batch"));
}

/* Objects, never arrays: one SDK decodes whatever comes as a list of flags (section 2.2). Those of
 * events have the form of the events' own API. */
static struct str error_body(struct exchange *x, int status, struct str text)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    if (is_events_path(x->path))
        json_member_u64(&writer, STR("code"), (uint64_t)status);
    json_member_string(&writer, STR("error"), text);
    json_object_end(&writer);
    struct str body = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
    return body;
}

void reply_error(struct exchange *x, int status, struct str text)
{
    x->response = (struct http_response){
        .status = status,
        .headers = STR(JSON_LINE FRESH_LINES),
        .body = error_body(x, status, text),
    };
}

/* Only 429 and 5xx make SDKs ask again (section 2.2): what may be better later is a 503. */
static int status_of(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_UNAUTHENTICATED:
    case FAULT_DENIED: /* a key of another kind is no key here */
        return 401;
    case FAULT_MISSING:
        return 404;
    case FAULT_UNAVAILABLE:
    case FAULT_FULL:
    case FAULT_LIMIT:
        return 503;
    case FAULT_NONE:
    case FAULT_INVALID:
    case FAULT_STALE: /* asked for by the admin API alone */
    case FAULT_CONFLICT:
        break;
    }
    return 400;
}

static struct str text_of_status(const struct exchange *x, int status)
{
    bool is_download = x->route != NULL && x->route->scope == SCOPE_DOWNLOAD;
    switch (status) {
    case 401:
        return is_download ? STR("invalid project key or secret") : STR("invalid deployment key");
    case 404:
        return STR("not found");
    case 405:
        return STR("method not allowed");
    case 408:
        return STR("request took too long");
    case 413:
        return STR("payload too large");
    case 414:
        return STR("request line too long");
    case 429:
        return STR("too many streams");
    case 431:
        return STR("request headers too large");
    case 503:
        return STR("temporarily unavailable");
    default:
        return STR("bad request");
    }
}

static struct str text_of(struct exchange *x, struct fault fault, int status)
{
    if (status != 400 || str_is_empty(fault.why))
        return text_of_status(x, status);
    if (str_is_empty(fault.where))
        return fault.why;
    return arena_format(x->arena, "%.*s: %.*s", STR_ARG(fault.where), STR_ARG(fault.why));
}

void amplitude_refuse_evaluation(struct exchange *x, struct fault fault, int status,
                                 struct str allow)
{
    if (status == 0)
        status = status_of(fault.kind);
    reply_error(x, status, text_of(x, fault, status));
    const char *more = "";
    if (!str_is_absent(allow))
        more = arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow)).data;
    else if (status == 503)
        more = "Retry-After: 1\r\n";
    else if (status == 429)
        more = "Retry-After: 15\r\n";
    x->response.headers = arena_format(x->arena, "%.*s%s", STR_ARG(x->response.headers), more);
}

bool amplitude_is_evaluation_path(struct str path)
{
    static const struct str others[] = {
        {"/v1/vardata", 11}, {"/v1/flags", 9}, {"/2/httpapi", 10}, {"/batch", 6}, {"/status", 7}};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (str_equal(path, others[i]))
            return true;
    }
    return str_equal(path, STR("/sdk")) || str_starts_with(path, STR("/sdk/"));
}

/* Every header by name: "*" would not cover Authorization (section 2.6). */
void amplitude_preflight_evaluation(struct exchange *x, struct str allow)
{
    if (str_is_absent(allow)) {
        amplitude_refuse_evaluation(x, fault_none(), 404, allow);
        return;
    }
    x->response.status = 204;
    x->response.headers = arena_format(
        x->arena,
        "Allow: %.*s\r\n"
        "Access-Control-Allow-Origin: *\r\n"
        "Access-Control-Allow-Methods: GET, POST, OPTIONS\r\n"
        "Access-Control-Allow-Headers: Authorization, Content-Type, X-Amp-Exp-User, "
        "X-Amp-Exp-Flag-Keys, X-Amp-Exp-Track, X-Amp-Exp-Exposure-Track, X-Amp-Exp-Library\r\n"
        "Access-Control-Max-Age: 86400\r\n",
        STR_ARG(allow));
}
