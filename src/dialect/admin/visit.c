/* SPDX-License-Identifier: Apache-2.0 */
/* visit - before and after every handler of the admin API: see visit.h. */
#include "dialect/admin/visit.h"

#include "base/random.h"
#include "dialect/admin/idempotency.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/request.h"
#include "dialect/admin/upload_digest.h"
#include "dialect/operation.h"

enum { REQUEST_ID_BYTES = 22, REQUEST_ID_BYTES_MAX = 128 };

/* ---- the request's id
 * ----------------------------------------------------------------------------- */

static bool is_request_id(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '!' || text.data[i] > '~')
            return false;
    }
    return text.size >= 1 && text.size <= REQUEST_ID_BYTES_MAX;
}

static struct str request_id_of(const struct exchange *x)
{
    struct str theirs = {0};
    if (x->request != NULL)
        theirs = http_header(x->request, STR("x-request-id"));
    if (is_request_id(theirs))
        return theirs;
    char *made = arena_allocate(x->arena, REQUEST_ID_BYTES);
    random_base62(made, REQUEST_ID_BYTES);
    return (struct str){made, REQUEST_ID_BYTES};
}

struct visit *visit_of(struct exchange *x)
{
    if (x->own == NULL) {
        struct visit *visit = ARENA_NEW(x->arena, struct visit);
        visit->request_id = request_id_of(x);
        x->own = visit;
    }
    return x->own;
}

struct str visit_lines(struct exchange *x)
{
    return arena_format(x->arena, "X-Request-Id: %.*s\r\n", STR_ARG(visit_of(x)->request_id));
}

/* ---- rates
 * ------------------------------------------------------------------------------------------ */

static bool is_within_rate(struct exchange *x)
{
    struct visit *visit = visit_of(x);
    if (x->services->admin_rates == NULL || x->caller == NULL)
        return true;
    visit->rate = rates_take_named(x->services->admin_rates, x->caller->credential_id);
    visit->has_rate = visit->rate.limit > 0;
    if (visit->rate.is_allowed)
        return true;
    x->note = STR("rate_limited");
    problem_answer(
        x, problem_find(x->note),
        fault_make(FAULT_LIMIT, STR(""), STR("this credential sends too many requests")),
        arena_format(x->arena, "Retry-After: %u\r\n", (unsigned)visit->rate.retry_after_s), 0);
    return false;
}

/* draft-ietf-httpapi-ratelimit-headers: structured fields. */
static struct str rate_lines(struct exchange *x)
{
    const struct rate_answer *rate = &visit_of(x)->rate;
    if (!visit_of(x)->has_rate)
        return STR("");
    return arena_format(x->arena,
                        "RateLimit-Policy: \"management\";q=%u;w=1\r\n"
                        "RateLimit: \"management\";r=%u;t=%u\r\n",
                        (unsigned)rate->limit, (unsigned)rate->remaining, (unsigned)rate->reset_s);
}

/* ---- the query
 * ---------------------------------------------------------------------------------------- */

static bool is_brought_along(unsigned traits, struct str name)
{
    bool takes_dry_run = (traits & OPERATION_MUTATES) != 0 && (traits & OPERATION_NO_DRY_RUN) == 0;
    return (str_equal(name, STR("dryRun")) && takes_dry_run) ||
           (str_equal(name, STR("at")) && (traits & OPERATION_AS_OF) != 0) ||
           ((str_equal(name, STR("limit")) || str_equal(name, STR("cursor"))) &&
            (traits & OPERATION_LISTS) != 0);
}

static bool is_known(const struct operation *operation, struct str name)
{
    for (size_t i = 0; i < operation->query_count; i++) {
        if (str_equal(operation->query[i].name, name))
            return true;
    }
    return is_brought_along(operation->traits, name);
}

static bool refuse_member(struct exchange *x, struct str name, struct str why)
{
    return admin_refuse_with(x, FAULT_INVALID, arena_format(x->arena, "?%.*s", STR_ARG(name)).data,
                             why);
}

static bool comes_again(struct str query, size_t from, struct str name)
{
    for (size_t at = from; at < query.size; at = str_find_byte(query, '&', at) + 1) {
        struct str member = str_slice(query, at, str_find_byte(query, '&', at));
        if (str_equal(str_slice(member, 0, str_find_byte(member, '=', 0)), name))
            return true;
    }
    return false;
}

/* Names are plain letters: one that is spelled with escapes is not known. */
static bool has_known_query(struct exchange *x, const struct operation *operation)
{
    struct str query = x->request->query;
    for (size_t at = 0; at < query.size;) {
        size_t end = str_find_byte(query, '&', at);
        struct str member = str_slice(query, at, end);
        struct str name = str_slice(member, 0, str_find_byte(member, '=', 0));
        at = end + 1;
        if (member.size == 0)
            continue;
        if (!is_known(operation, name))
            return refuse_member(x, name, STR("this member is not known here"));
        if (comes_again(query, at, name))
            return refuse_member(x, name, STR("comes more than once"));
    }
    return true;
}

static bool has_required_query(struct exchange *x, const struct operation *operation)
{
    for (size_t i = 0; i < operation->query_count; i++) {
        struct str value;
        if (!admin_read_query(x, operation->query[i].name, &value))
            return false;
        if (operation->query[i].is_required && str_is_absent(value))
            return refuse_member(x, operation->query[i].name, STR("is missing"));
    }
    return true;
}

static bool read_dry_run(struct exchange *x, const struct operation *operation)
{
    struct str value;
    if (!is_brought_along(operation->traits, STR("dryRun")))
        return true;
    if (!admin_read_query(x, STR("dryRun"), &value))
        return false;
    if (str_is_absent(value) || str_equal(value, STR("false")))
        return true;
    if (!str_equal(value, STR("true")))
        return refuse_member(x, STR("dryRun"), STR("must be true or false"));
    visit_of(x)->is_dry_run = true;
    return true;
}

/* ---- headers
 * ------------------------------------------------------------------------------------------ */

static bool is_json(const struct http_request *request)
{
    struct str type = http_header(request, STR("content-type"));
    struct str media = str_trim(str_slice(type, 0, str_find_byte(type, ';', 0)));
    return str_equal_ignoring_case(media, STR("application/json")) ||
           (request->method == HTTP_PATCH &&
            str_equal_ignoring_case(media, STR("application/merge-patch+json")));
}

/* Operations that take other forms look at the type themselves. */
static bool has_known_media(struct exchange *x, const struct operation *operation)
{
    if (x->request->body.size == 0 || !str_is_absent(operation->body_media) || is_json(x->request))
        return true;
    x->note = STR("content_type");
    problem_answer(x, problem_find(x->note),
                   fault_make(FAULT_INVALID, STR(""),
                              x->request->method == HTTP_PATCH
                                  ? STR("send application/json or application/merge-patch+json")
                                  : STR("send application/json")),
                   STR(""), 0);
    return false;
}

/* Who says If-Match counts on it: where it means nothing, that is said. */
static bool has_sensible_condition(struct exchange *x, const struct operation *operation)
{
    bool creates = (operation->traits & OPERATION_CREATES) != 0;
    if (!creates || str_is_absent(http_header(x->request, STR("if-match"))))
        return true;
    return admin_refuse_with(x, FAULT_INVALID, "",
                             STR("If-Match has no meaning where something is created"));
}

/* ---- before and after
 * ---------------------------------------------------------------------------------- */

static bool is_sensible(struct exchange *x)
{
    const struct operation *operation = x->route->operation;
    if (operation == NULL)
        return true;
    if (!has_known_query(x, operation) || !has_required_query(x, operation) ||
        !read_dry_run(x, operation) || !has_known_media(x, operation) ||
        !has_sensible_condition(x, operation))
        return false;
    return (operation->traits & OPERATION_MUTATES) == 0 || idempotency_begin(x);
}

bool admin_admit(struct exchange *x)
{
    visit_of(x)->is_admitted = true;
    visit_of(x)->upload = upload_digest_take(x->arena, &x->request->sink);
    if (is_within_rate(x) && is_sensible(x))
        return true;
    /* A body that came in pieces is the handler's to end, and it is not going to be called. */
    struct http_body_sink *sink = x->request->sink;
    x->request->sink = NULL;
    if (sink != NULL)
        sink->abandon(sink);
    return false;
}

void admin_conclude(struct exchange *x)
{
    if (x->is_streaming)
        return;
    idempotency_keep(x);
    x->response.headers = arena_format(x->arena, "%.*s%.*s%.*s", STR_ARG(x->response.headers),
                                       STR_ARG(rate_lines(x)), STR_ARG(visit_lines(x)));
}
