/* SPDX-License-Identifier: Apache-2.0 */
/* answer - plain JSON and problem documents: see answer.h. */
#include "dialect/admin/answer.h"

#include "base/instant.h"

struct problem {
    int status;
    const char *title, *code;
};

static struct problem problem_of(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_UNAUTHENTICATED:
        return (struct problem){401, "Not authenticated", "unauthenticated"};
    case FAULT_DENIED:
        return (struct problem){403, "Not allowed", "denied"};
    case FAULT_MISSING:
        return (struct problem){404, "Not found", "not_found"};
    case FAULT_CONFLICT:
        return (struct problem){409, "Conflict", "conflict"};
    case FAULT_LIMIT:
        return (struct problem){422, "A limit is passed", "limit"};
    case FAULT_UNAVAILABLE:
        return (struct problem){503, "Not available now", "unavailable"};
    case FAULT_NONE:
    case FAULT_INVALID:
        break;
    }
    return (struct problem){400, "Invalid request", "invalid"};
}

/* What the transport asks for carries its own status. */
static struct problem problem_of_status(int status, struct fault fault)
{
    switch (status) {
    case 0:
        return problem_of(fault.kind);
    case 404:
        return problem_of(FAULT_MISSING);
    case 405:
        return (struct problem){405, "Method not allowed", "method_not_allowed"};
    case 408:
        return (struct problem){408, "The request took too long", "timeout"};
    case 413:
        return (struct problem){413, "The body is too large", "too_large"};
    case 414:
        return (struct problem){414, "The request line is too long", "too_long"};
    case 415:
        return (struct problem){415, "The content type is not known", "content_type"};
    case 431:
        return (struct problem){431, "The headers are too large", "headers_too_large"};
    case 503:
        return problem_of(FAULT_UNAVAILABLE);
    default:
        return (struct problem){status, "Bad request", "invalid"};
    }
}

static const char *more_headers(struct exchange *x, int status, struct str allow)
{
    if (!str_is_absent(allow))
        return arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow)).data;
    if (status == 503)
        return "Retry-After: 1\r\n";
    return status == 401 ? "WWW-Authenticate: Bearer\r\n" : "";
}

void admin_refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    struct problem problem = problem_of_status(status, fault);
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("type"), STR("about:blank"));
    json_member_string(&writer, STR("title"), str_of(problem.title));
    json_member_u64(&writer, STR("status"), (uint64_t)problem.status);
    json_member_string(&writer, STR("code"), str_of(problem.code));
    if (!str_is_empty(fault.why))
        json_member_string(&writer, STR("detail"), fault.why);
    if (!str_is_empty(fault.where) && !str_is_empty(fault.why)) {
        json_key(&writer, STR("errors"));
        json_array_begin(&writer);
        json_object_begin(&writer);
        json_member_string(&writer, STR("pointer"), fault.where);
        json_member_string(&writer, STR("detail"), fault.why);
        json_object_end(&writer);
        json_array_end(&writer);
    }
    json_object_end(&writer);
    x->response.status = problem.status;
    x->response.headers = arena_format(x->arena,
                                       "Content-Type: application/problem+json\r\n"
                                       "Cache-Control: no-store\r\n%s",
                                       more_headers(x, problem.status, allow));
    x->response.body = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
}

void admin_preflight(struct exchange *x, struct str allow)
{
    if (str_is_absent(allow)) {
        admin_refuse(x, fault_none(), 404, allow);
        return;
    }
    x->response.status = 204;
    x->response.headers = arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow));
}

struct json_writer *admin_answer_begin(struct admin_answer *answer)
{
    buf_open(&answer->buf, SIZE_MAX);
    json_writer_open(&answer->writer, &answer->buf);
    return &answer->writer;
}

void admin_answer_end(struct exchange *x, struct admin_answer *answer, int status)
{
    x->response.status = status;
    x->response.headers = STR("Content-Type: application/json\r\nCache-Control: no-store\r\n");
    x->response.body = arena_copy_str(x->arena, buf_str(&answer->buf));
    buf_close(&answer->buf);
}

void admin_answer_nothing(struct exchange *x)
{
    x->response.status = 204;
    x->response.headers = STR("Cache-Control: no-store\r\n");
}

void admin_member_instant(struct json_writer *writer, struct str key, int64_t ms)
{
    json_key(writer, key);
    if (ms == 0) {
        json_null(writer);
        return;
    }
    char text[INSTANT_TEXT_BYTES];
    instant_format_seconds(ms, text);
    json_string(writer, str_of(text));
}
