/* SPDX-License-Identifier: Apache-2.0 */
/* answer - yes and no of the management half: see answer.h. */
#include "dialect/amplitude/answer.h"

#include <string.h>

#include "base/memory.h"
#include "dialect/amplitude/evaluate.h"

#define JSON_LINES "Content-Type: application/json\r\nCache-Control: no-store\r\n"
#define TEXT_LINES "Content-Type: text/plain; charset=utf-8\r\nCache-Control: no-store\r\n"

/* ---- fields ---------------------------------------------------------------------------------- */

struct replacement {
    struct str from, to;
};

static struct str replace_first(struct arena *arena, struct str text, struct replacement pair)
{
    for (size_t at = 0; at + pair.from.size <= text.size; at++) {
        if (memcmp(text.data + at, pair.from.data, pair.from.size) != 0)
            continue;
        struct str before = str_slice(text, 0, at);
        struct str after = str_slice(text, at + pair.from.size, text.size);
        return arena_format(arena, "%.*s%.*s%.*s", STR_ARG(before), STR_ARG(pair.to),
                            STR_ARG(after));
    }
    return text;
}

/* "$.flags.KEY.prerequisites" is about the parents of one flag; keys may hold dots, so the end is
 * what tells. */
static bool is_about_parents(struct str where)
{
    return str_starts_with(where, STR("$.flags.")) && str_contains(where, STR(".prerequisites"));
}

struct str amplitude_field(struct arena *arena, struct str where)
{
    static const struct replacement parts[] = {
        {STR("$.fallthrough"), STR("rolloutWeights")},
        {STR("$.prerequisites"), STR("parentDependencies")},
        {STR("$.variations"), STR("variants")},
        {STR("$.experiment."), STR("")},
        {STR("bucketBy"), STR("bucketingKey")},
        {STR("$.salt"), STR("bucketingSalt")},
        {STR("$.rules"), STR("targetSegments")},
        {STR("$."), STR("")},
        {STR(".when.expressions"), STR(".conditions")},
        {STR(".when"), STR(".conditions")},
        {STR(".serve.bucket"), STR("")},
        {STR(".attribute"), STR(".prop")},
        {STR(".operator"), STR(".op")},
        {STR(".value"), STR(".values")},
        {STR(".id"), STR(".key")},
    };
    if (!str_starts_with(where, STR("$")))
        return where;
    if (is_about_parents(where))
        return STR("parentDependencies");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        where = replace_first(arena, where, parts[i]);
    return where;
}

/* ---- no -------------------------------------------------------------------------------------- */

static void put_error(struct exchange *x, struct str text, struct str code, struct str field,
                      const char *headers)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("error"), text);
    json_member_string(&writer, STR("code"), code);
    if (!str_is_empty(field))
        json_member_string(&writer, STR("field"), field);
    json_object_end(&writer);
    x->note = code;
    x->response.headers = arena_format(x->arena, JSON_LINES "%s", headers);
    x->response.body = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
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
    case FAULT_UNAVAILABLE:
        return 503;
    case FAULT_FULL:
        return 507;
    case FAULT_NONE:
    case FAULT_INVALID:
    case FAULT_STALE:    /* asked for by the admin API alone */
    case FAULT_CONFLICT: /* the documented set has no 409 */
    case FAULT_LIMIT:
        break;
    }
    return 400;
}

struct wording {
    int status;
    struct str code, text;
};

static struct wording wording_of(int status)
{
    static const struct wording wordings[] = {
        {401, STR("unauthorized"), STR("Invalid or missing management API key")},
        {403, STR("forbidden"), STR("The key has no access to this")},
        {404, STR("not_found"), STR("Not found")},
        {405, STR("method_not_allowed"), STR("Method not allowed")},
        {408, STR("timeout"), STR("The request took too long")},
        {413, STR("payload_too_large"), STR("The request body is too large")},
        {414, STR("uri_too_long"), STR("The request line is too long")},
        {431, STR("headers_too_large"), STR("The request headers are too large")},
        {503, STR("unavailable"), STR("Temporarily unavailable")},
        {507, STR("full"), STR("The disk is full: nothing was changed")},
    };
    for (size_t i = 0; i < COUNT_OF(wordings); i++) {
        if (wordings[i].status == status)
            return wordings[i];
    }
    return (struct wording){status, STR("bad_request"), STR("Bad request")};
}

static const char *extra_headers(struct exchange *x, int status, struct str allow)
{
    if (!str_is_absent(allow))
        return arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow)).data;
    if (status == 503)
        return "Retry-After: 1\r\n";
    return status == 401 ? "WWW-Authenticate: Bearer\r\n" : "";
}

static void refuse_status(struct exchange *x, int status, struct str allow)
{
    struct wording wording = wording_of(status);
    x->response.status = status;
    put_error(x, wording.text, wording.code, (struct str){0}, extra_headers(x, status, allow));
}

static struct str code_of(enum fault_kind kind)
{
    if (kind == FAULT_LIMIT)
        return STR("limit_exceeded");
    return kind == FAULT_CONFLICT ? STR("already_exists") : STR("invalid_input");
}

/* "rolloutPercentage must be …": a reason that begins with its verb follows the field. */
static bool follows_field(struct str why)
{
    return str_starts_with(why, STR("must ")) || str_starts_with(why, STR("is ")) ||
           str_starts_with(why, STR("are ")) || str_starts_with(why, STR("names ")) ||
           str_starts_with(why, STR("cannot "));
}

static void refuse_input(struct exchange *x, struct fault fault)
{
    struct str field = amplitude_field(x->arena, fault.where);
    struct str text = fault.why;
    if (str_is_empty(text))
        text = STR("Bad request");
    else if (!str_is_empty(field))
        text = arena_format(x->arena, "%.*s%s%.*s", STR_ARG(field),
                            follows_field(text) ? " " : ": ", STR_ARG(text));
    x->response.status = 400;
    put_error(x, text, code_of(fault.kind), field, "");
}

void amplitude_refuse_missing(struct exchange *x, struct str what)
{
    struct str text = arena_format(x->arena, "There is no such %.*s", STR_ARG(what));
    x->response.status = 404;
    put_error(x, text, STR("not_found"), (struct str){0}, "");
}

void amplitude_refuse_fault(struct exchange *x, struct fault fault)
{
    int status = status_of(fault.kind);
    if (status == 400)
        refuse_input(x, fault);
    else if (status == 404 && !str_is_empty(fault.why))
        amplitude_refuse_missing(x, fault.why);
    else
        refuse_status(x, status, (struct str){0});
}

void amplitude_refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    if (amplitude_is_evaluation_path(x->path))
        amplitude_refuse_evaluation(x, fault, status, allow);
    else if (status == 0)
        amplitude_refuse_fault(x, fault);
    else
        refuse_status(x, status, allow);
}

void amplitude_refuse_denied(struct exchange *x)
{
    refuse_status(x, 403, (struct str){0});
}

void amplitude_refuse_rate(struct exchange *x, uint32_t retry_after_s)
{
    x->response.status = 429;
    put_error(x, STR("Too many requests"), STR("rate_limited"), (struct str){0},
              arena_format(x->arena, "Retry-After: %u\r\n", retry_after_s).data);
}

/* No page of another origin manages (11, row 19): the answer just lists the methods. */
void amplitude_preflight(struct exchange *x, struct str allow)
{
    if (amplitude_is_evaluation_path(x->path)) {
        amplitude_preflight_evaluation(x, allow);
        return;
    }
    if (str_is_absent(allow)) {
        refuse_status(x, 404, allow);
        return;
    }
    x->response.status = 204;
    x->response.headers = arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow));
}

/* ---- yes ------------------------------------------------------------------------------------- */

void amplitude_answer_ok(struct exchange *x)
{
    x->response.status = 200;
    x->response.headers = STR(TEXT_LINES);
    x->response.body = STR("OK");
}

struct json_writer *amplitude_answer_begin(struct amplitude_answer *answer)
{
    buf_open(&answer->buf, SIZE_MAX);
    json_writer_open(&answer->writer, &answer->buf);
    return &answer->writer;
}

static void release_bytes(void *owner)
{
    memory_free(owner);
}

/* The bytes move to the response: pages are too large to be copied for nothing. */
void amplitude_answer_end(struct exchange *x, struct amplitude_answer *answer)
{
    x->response.status = 200;
    x->response.headers = STR(JSON_LINES);
    x->response.body = buf_str(&answer->buf);
    x->response.body_owner = answer->buf.data;
    x->response.release = release_bytes;
}

static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        bool is_safe = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '-' || c == ':' || c == '[' || c == ']';
        if (!is_safe)
            return false;
    }
    return host.size > 0;
}

void amplitude_answer_created(struct exchange *x, const char *collection, uint64_t id)
{
    struct str host = http_header(x->request, STR("host"));
    unsigned long long number = (unsigned long long)id;
    struct amplitude_answer answer;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    if (!is_host(host))
        host = STR("localhost");
    json_object_begin(writer);
    json_member_string(writer, STR("id"), arena_format(x->arena, "%llu", number));
    json_member_string(writer, STR("url"),
                       arena_format(x->arena, "%s://%.*s/api/1/%s/%llu",
                                    x->request->is_secure ? "https" : "http", STR_ARG(host),
                                    collection, number));
    json_object_end(writer);
    amplitude_answer_end(x, &answer);
}
