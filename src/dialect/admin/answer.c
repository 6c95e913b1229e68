/* SPDX-License-Identifier: Apache-2.0 */
/* answer - plain JSON, tags and refusals: see answer.h. */
#include "dialect/admin/answer.h"

#include <assert.h>

#include "base/instant.h"
#include "dialect/admin/condition.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/request.h"
#include "dialect/admin/visit.h"

/* ---- no ----------------------------------------------------------------------------------------
 */

static struct str more_headers(struct exchange *x, int status, struct str allow)
{
    if (!str_is_absent(allow))
        return arena_format(x->arena, "Allow: %.*s\r\n", STR_ARG(allow));
    if (status == 503)
        return STR("Retry-After: 1\r\n");
    return status == 401 ? STR("WWW-Authenticate: Bearer\r\n") : STR("");
}

void admin_refuse(struct exchange *x, struct fault fault, int status, struct str allow)
{
    const struct problem *problem = problem_of(fault, status);
    problem_answer(x, problem, fault, more_headers(x, problem->status, allow), 0);
}

void admin_preflight(struct exchange *x, struct str allow)
{
    if (str_is_absent(allow)) {
        admin_refuse(x, fault_none(), 404, allow);
        return;
    }
    x->response.status = 204;
    x->response.headers =
        arena_format(x->arena, "Allow: %.*s\r\n%.*s", STR_ARG(allow), STR_ARG(visit_lines(x)));
}

/* ---- yes ---------------------------------------------------------------------------------------
 */

struct json_writer *admin_answer_begin(struct admin_answer *answer)
{
    buf_open(&answer->buf, SIZE_MAX);
    json_writer_open(&answer->writer, &answer->buf);
    return &answer->writer;
}

void admin_answer_tag(struct exchange *x, struct str tag)
{
    visit_of(x)->tag = tag;
}

static bool is_read(const struct exchange *x)
{
    return x->request->method == HTTP_GET || x->request->method == HTTP_HEAD;
}

/* A body made elsewhere, in the exchange's arena or longer. */
static void admin_answer_body(struct exchange *x, int status, struct str media, struct str body)
{
    struct str tag = visit_of(x)->tag;
    bool is_detected = status == 200 && is_read(x);
    if (is_detected && str_is_absent(tag))
        tag = admin_tag_of_text(x->arena, body);
    bool is_known =
        is_detected && condition_names(http_header(x->request, STR("if-none-match")), tag);
    struct str tag_line = STR("");
    if (!str_is_absent(tag))
        tag_line = arena_format(x->arena, "ETag: %.*s\r\n", STR_ARG(tag));
    struct str media_line = STR("");
    if (!is_known)
        media_line = arena_format(x->arena, "Content-Type: %.*s\r\n", STR_ARG(media));
    x->response.status = is_known ? 304 : status;
    x->response.headers = arena_format(x->arena, "%.*sCache-Control: no-store\r\n%.*s",
                                       STR_ARG(media_line), STR_ARG(tag_line));
    x->response.body = is_known ? STR("") : body;
}

void admin_answer_end(struct exchange *x, struct admin_answer *answer, int status)
{
    assert(!buf_failed(&answer->buf));
    struct str body = arena_copy_str(x->arena, buf_str(&answer->buf));
    buf_close(&answer->buf);
    admin_answer_body(x, status, STR("application/json"), body);
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
    instant_format(ms, text);
    json_string(writer, str_of(text));
}
