/* SPDX-License-Identifier: Apache-2.0 */
/* answer - how this dialect says yes and no: see answer.h. */
#include "dialect/superflag/answer.h"

#include "base/instant.h"

#define JSON_LINE "Content-Type: application/json\r\n"
#define NO_STORE_LINE "Cache-Control: no-store\r\n"
#define CORS_LINES                                                                                 \
    "Access-Control-Allow-Origin: *\r\n"                                                           \
    "Access-Control-Expose-Headers: ETag, Retry-After, X-Request-ID\r\n"

/* Whether browsers call this path from other origins. */
static bool superflag_is_browser_path(struct str path)
{
    return str_equal(path, STR("/api/v1/public-config")) ||
           str_equal(path, STR("/api/v1/events/batch"));
}

static struct str json_headers(struct exchange *x, const char *more)
{
    return arena_format(x->arena, JSON_LINE NO_STORE_LINE "%s%s",
                        superflag_is_browser_path(x->path) ? CORS_LINES : "", more);
}

static void refuse_with_headers(struct exchange *x, int status, struct str text, const char *more)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("error"), text);
    json_object_end(&writer);
    x->response.status = status;
    x->response.headers = json_headers(x, more);
    x->response.body = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
}

void superflag_refuse_with(struct exchange *x, int status, struct str text)
{
    refuse_with_headers(x, status, text, "");
}

static bool is_read_with_key(const struct exchange *x)
{
    return x->route != NULL &&
           (x->route->scope == SCOPE_READ_BROWSER || x->route->scope == SCOPE_READ_SERVER ||
            x->route->scope == SCOPE_REPORT);
}

static int status_of(const struct exchange *x, enum fault_kind kind)
{
    switch (kind) {
    case FAULT_UNAUTHENTICATED:
        return 401;
    case FAULT_DENIED: /* a config endpoint knows only one answer to a key it does not like */
        return is_read_with_key(x) ? 401 : 403;
    case FAULT_MISSING:
        return 404;
    case FAULT_UNAVAILABLE:
        return 503;
    case FAULT_FULL:
        return 507;
    case FAULT_NONE:
    case FAULT_INVALID:
    case FAULT_STALE:    /* asked for by the admin API alone */
    case FAULT_CONFLICT: /* the documented set of statuses has neither 409 nor 422 */
    case FAULT_LIMIT:
        break;
    }
    return 400;
}

static struct str text_of_status(int status)
{
    switch (status) {
    case 404:
        return STR("Not found");
    case 405:
        return STR("Method not allowed");
    case 408:
        return STR("Request took too long");
    case 413:
        return STR("Payload too large");
    case 414:
        return STR("Request line too long");
    case 415:
        return STR("Content-Type must be application/json");
    case 431:
        return STR("Request headers too large");
    case 503:
        return STR("Temporarily unavailable");
    default:
        return STR("Bad request");
    }
}

static struct str text_of(struct exchange *x, struct fault fault, int status)
{
    if (status == 401)
        return is_read_with_key(x) ? STR("Invalid or unauthorized client key")
                                   : STR("Not authenticated");
    if (status == 403)
        return STR("Insufficient permissions");
    if (str_is_empty(fault.why))
        return text_of_status(status);
    if (!str_starts_with(fault.where, STR("$")))
        return fault.why;
    return arena_format(x->arena, "%.*s: %.*s", STR_ARG(fault.where), STR_ARG(fault.why));
}

void superflag_refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    if (status == 0)
        status = status_of(x, fault.kind);
    const char *more = "";
    if (!str_is_absent(allow))
        more = arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow)).data;
    else if (status == 503)
        more = "Retry-After: 1\r\n";
    else if (status == 401)
        more = "WWW-Authenticate: Bearer\r\n";
    refuse_with_headers(x, status, text_of(x, fault, status), more);
}

/* Browsers ask before a request with Authorization; the question carries no key. */
void superflag_preflight(struct exchange *x, struct str allow)
{
    if (str_is_absent(allow)) {
        superflag_refuse(x, fault_none(), 404, allow);
        return;
    }
    x->response.status = 204;
    if (!superflag_is_browser_path(x->path)) {
        x->response.headers = arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow));
        return;
    }
    struct str asked = http_header(x->request, STR("access-control-request-headers"));
    if (str_is_absent(asked))
        asked = STR("Authorization, Content-Type, If-None-Match, X-Request-ID");
    x->response.headers =
        arena_format(x->arena,
                     "Allow: %.*s\r\n"
                     "Access-Control-Allow-Origin: *\r\n"
                     "Access-Control-Allow-Methods: GET, POST, PATCH, DELETE, OPTIONS\r\n"
                     "Access-Control-Allow-Headers: %.*s\r\n"
                     "Access-Control-Max-Age: 86400\r\n"
                     "Vary: Access-Control-Request-Headers\r\n",
                     STR_ARG(allow), STR_ARG(asked));
}

struct json_writer *superflag_answer_begin(struct superflag_answer *answer)
{
    buf_open(&answer->buf, SIZE_MAX);
    json_writer_open(&answer->writer, &answer->buf);
    json_object_begin(&answer->writer);
    json_key(&answer->writer, STR("data"));
    return &answer->writer;
}

void superflag_answer_bare(struct exchange *x, int status, struct str body)
{
    x->response.status = status;
    x->response.headers = json_headers(x, "");
    x->response.body = arena_copy_str(x->arena, body);
}

void superflag_answer_end(struct exchange *x, struct superflag_answer *answer, int status)
{
    json_object_end(&answer->writer);
    superflag_answer_bare(x, status, buf_str(&answer->buf));
    buf_close(&answer->buf);
}

void superflag_answer_success(struct exchange *x)
{
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_boolean(writer, STR("success"), true);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
}

void superflag_member_instant(struct json_writer *writer, struct str key, int64_t ms)
{
    char text[INSTANT_TEXT_BYTES];
    instant_format_seconds(ms, text);
    json_member_string(writer, key, str_of(text));
}

struct str superflag_unchanged_headers(struct str config_headers)
{
    return str_slice(config_headers, sizeof(JSON_LINE) - 1, config_headers.size);
}

/* No max-age: a page's first request carries no If-None-Match, and a browser's own cache could
 * then answer with an older version, which the SDK rejects as a downgrade (section 3). */
struct str superflag_config_headers(struct arena *arena, struct str etag, bool is_for_browsers)
{
    return arena_format(arena,
                        JSON_LINE "Cache-Control: private, no-cache\r\n"
                                  "Vary: Authorization, Accept-Encoding\r\n"
                                  "ETag: %.*s\r\n%s",
                        STR_ARG(etag), is_for_browsers ? CORS_LINES : "");
}
