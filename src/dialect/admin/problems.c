/* SPDX-License-Identifier: Apache-2.0 */
/* problems - how the admin API says no: see problems.h. */
#include "dialect/admin/problems.h"

#include <assert.h>

#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"
#include "dialect/admin/visit.h"

/* The first of a status answers for the transport's refusals with it. */
const struct problem problems[] = {
    {400, STR("invalid"), STR("Invalid request"),
     STR("Something in the request is malformed or breaks a rule; `errors` says where. Change the "
         "request before sending it again.")},
    {401, STR("unauthenticated"), STR("Not authenticated"),
     STR("No credential was shown, or one that nobody knows, that has expired or was revoked. Send "
         "`Authorization: Bearer <token>`.")},
    {403, STR("denied"), STR("Not allowed"),
     STR("The credential is genuine, but its role or its kind may not do this.")},
    {404, STR("not_found"), STR("Not found"),
     STR("There is no such thing, or the credential may not see it.")},
    {405, STR("method_not_allowed"), STR("Method not allowed"),
     STR("The path is known, but not with this method; the Allow header lists those it has.")},
    {408, STR("timeout"), STR("The request took too long"),
     STR("The request did not arrive whole in time. Send it again.")},
    {409, STR("conflict"), STR("Conflict"),
     STR("It exists already, or it is not in a state in which this can be done.")},
    {409, STR("idempotency_unfinished"), STR("Asked for before, and the answer is not known"),
     STR("A request with this Idempotency-Key was carried out or still is, but its answer was not "
         "kept (yet). Ask again in a moment; if this stays, look at the object and go on with a "
         "new "
         "key.")},
    {412, STR("stale"), STR("It has changed since"),
     STR("The object is not the one that If-Match names, or it exists although If-None-Match says "
         "it must not. Read it again, and decide again.")},
    {413, STR("too_large"), STR("The body is too large"),
     STR("The body is larger than this route takes, or the route takes none: see the limits in the "
         "documentation.")},
    {414, STR("too_long"), STR("The request line is too long"),
     STR("The path and the query together pass the limit.")},
    {415, STR("content_type"), STR("The content type is not known"),
     STR("Bodies are application/json, if the operation does not say otherwise.")},
    {417, STR("expectation"), STR("The expectation is not known"),
     STR("Expect knows 100-continue alone.")},
    {422, STR("limit"), STR("A limit is passed"),
     STR("The request is well formed, but what it makes would be larger or more than is allowed: "
         "see the limits in the documentation.")},
    {422, STR("idempotency_mismatch"), STR("The Idempotency-Key was used for something else"),
     STR("This key came with another request before. A key names one request; use a new one.")},
    {422, STR("needs_acknowledgement"), STR("This does more than it looks like"),
     STR("The change is legal, but it also does what the detail says. If that is meant, send it "
         "again with the query member that the operation describes.")},
    {422, STR("rehearsal_failed"), STR("The rehearsal of this change failed"),
     STR("Before it is published a change is tried out in a process of its own. That crashed, took "
         "too long or found what cannot be, so nothing was changed. This is a fault of the server: "
         "please report it, with what the change was.")},
    {429, STR("rate_limited"), STR("Too many requests"),
     STR("The credential has used up its requests for this moment; Retry-After says when there are "
         "more.")},
    {431, STR("headers_too_large"), STR("The headers are too large"),
     STR("The headers together, one of them, or their number pass the limit.")},
    {501, STR("not_known"), STR("This is not known here"),
     STR("The request asks for something of HTTP that is not offered.")},
    {503, STR("unavailable"), STR("Not available now"),
     STR("The store is away, too many requests wait, the request took too long, or the server is "
         "stopping; Retry-After says when to ask again. A change that took too long may still be "
         "made: look first, or send it with an Idempotency-Key, under which it is made once.")},
    {505, STR("http_version"), STR("The version of HTTP is not known"),
     STR("HTTP/1.1 and HTTP/1.0 are spoken.")},
    {507, STR("full"), STR("There is no room"),
     STR("The server's disk is full, and nothing was changed. Changes are taken again as soon as "
         "there is room; no restart is needed. What is read and evaluated is not concerned.")},
};
const size_t problem_count = COUNT_OF(problems);

const struct problem *problem_find(struct str code)
{
    for (size_t i = 0; i < problem_count; i++) {
        if (str_equal(problems[i].code, code))
            return &problems[i];
    }
    return NULL;
}

static const struct problem *first_of_status(int status)
{
    for (size_t i = 0; i < problem_count; i++) {
        if (problems[i].status == status)
            return &problems[i];
    }
    return &problems[0];
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
    case FAULT_CONFLICT:
        return 409;
    case FAULT_STALE:
        return 412;
    case FAULT_LIMIT:
        return 422;
    case FAULT_UNAVAILABLE:
        return 503;
    case FAULT_FULL:
        return 507;
    case FAULT_NONE:
    case FAULT_INVALID:
        break;
    }
    return 400;
}

const struct problem *problem_of(struct fault fault, int status)
{
    if (fault.kind == FAULT_LIMIT &&
        (str_equal(fault.where, STR("growth")) || str_equal(fault.where, STR("reuse"))))
        return problem_find(STR("needs_acknowledgement"));
    if (fault.kind == FAULT_LIMIT && str_equal(fault.where, STR("rehearsal")))
        return problem_find(STR("rehearsal_failed"));
    bool is_media = fault.kind == FAULT_INVALID && str_equal(fault.where, STR("content-type"));
    if (status == 0) /* an upload is refused for its media type before its handler runs */
        status = is_media ? 415 : status_of(fault.kind);
    return first_of_status(status);
}

/* ---- where --------------------------------------------------------------------------------- */

void problem_append_step(struct buf *buf, struct str step)
{
    buf_append_byte(buf, '/');
    for (size_t i = 0; i < step.size; i++) {
        if (step.data[i] == '~')
            buf_append(buf, STR("~0"));
        else if (step.data[i] == '/')
            buf_append(buf, STR("~1"));
        else
            buf_append_byte(buf, step.data[i]);
    }
}

static size_t end_of_name(struct str path, size_t from)
{
    while (from < path.size && path.data[from] != '.' && path.data[from] != '[')
        from++;
    return from;
}

static void append_steps(struct buf *buf, struct str path)
{
    for (size_t at = 0; at < path.size;) {
        bool is_index = path.data[at] == '[';
        size_t end = is_index ? str_find_byte(path, ']', at) : end_of_name(path, at + 1);
        problem_append_step(buf, str_slice(path, at + 1, end));
        at = is_index ? end + 1 : end;
    }
}

struct str problem_pointer(struct arena *arena, struct str where)
{
    if (str_is_empty(where) || where.data[0] == '/')
        return where;
    if (where.data[0] != '$')
        return (struct str){0};
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    append_steps(&buf, str_slice(where, 1, where.size));
    struct str pointer = arena_copy_str(arena, buf.size == 0 ? STR("") : buf_str(&buf));
    buf_close(&buf);
    return pointer;
}

/* ---- the document ------------------------------------------------------------------------------
 */

/* "/" is the member with the empty name; the whole document is the empty pointer, and goes without
 * saying. */
static void write_errors(struct json_writer *writer, struct arena *arena, struct fault fault)
{
    bool is_query = !str_is_empty(fault.where) && fault.where.data[0] == '?';
    struct str place = is_query ? str_slice(fault.where, 1, fault.where.size)
                                : problem_pointer(arena, fault.where);
    if (str_is_empty(place) || str_is_empty(fault.why))
        return;
    json_key(writer, STR("errors"));
    json_array_begin(writer);
    json_object_begin(writer);
    json_member_string(writer, is_query ? STR("parameter") : STR("pointer"), place);
    json_member_string(writer, STR("detail"), fault.why);
    json_object_end(writer);
    json_array_end(writer);
}

static struct str type_of(struct arena *arena, const struct problem *problem)
{
    return arena_format(arena, "/problems/%.*s", STR_ARG(problem->code));
}

/* A reference to a URI may hold neither blanks nor bytes beyond ASCII, and a path that was refused
 * early is whatever came. */
static struct str instance_of(struct exchange *x)
{
    struct str path = x->request == NULL ? x->path : x->request->target;
    path = str_slice(path, 0, str_find_byte(path, '?', 0));
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < path.size; i++) {
        unsigned char byte = (unsigned char)path.data[i];
        bool is_plain =
            byte > ' ' && byte < 0x7f && str_find_byte(STR("\"<>\\^`{|}#"), (char)byte, 0) == 10;
        if (is_plain)
            buf_append_byte(&buf, (char)byte);
        else
            buf_append_format(&buf, "%%%02X", byte);
    }
    struct str instance = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
    return instance;
}

static struct str document(struct exchange *x, const struct problem *problem, struct fault fault,
                           uint64_t version)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("type"), type_of(x->arena, problem));
    json_member_string(&writer, STR("title"), problem->title);
    json_member_u64(&writer, STR("status"), (uint64_t)problem->status);
    json_member_string(&writer, STR("code"), problem->code);
    if (!str_is_empty(fault.why))
        json_member_string(&writer, STR("detail"), fault.why);
    struct str instance = instance_of(x);
    if (!str_is_empty(instance))
        json_member_string(&writer, STR("instance"), instance);
    json_member_string(&writer, STR("requestId"), visit_of(x)->request_id);
    if (version != 0)
        json_member_u64(&writer, STR("version"), version);
    write_errors(&writer, x->arena, fault);
    json_object_end(&writer);
    struct str body = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
    return body;
}

void problem_answer(struct exchange *x, const struct problem *problem, struct fault fault,
                    struct str more_headers, uint64_t version)
{
    struct str always = visit_of(x)->is_admitted ? STR("") : visit_lines(x);
    x->response.status = problem->status;
    x->response.headers = arena_format(x->arena,
                                       "Content-Type: application/problem+json\r\n"
                                       "Cache-Control: no-store\r\n%.*s%.*s",
                                       STR_ARG(more_headers), STR_ARG(always));
    x->response.body = document(x, problem, fault, version);
}

/* ---- what is known about a kind
 * ------------------------------------------------------------------ */

void admin_describe_problem(struct exchange *x)
{
    const struct problem *problem = problem_find(x->parameters[0]);
    if (problem == NULL) {
        admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such kind of problem"));
        return;
    }
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("type"), type_of(x->arena, problem));
    json_member_string(writer, STR("code"), problem->code);
    json_member_string(writer, STR("title"), problem->title);
    json_member_u64(writer, STR("status"), (uint64_t)problem->status);
    json_member_string(writer, STR("detail"), problem->detail);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}
