/* SPDX-License-Identifier: Apache-2.0 */
/* request - what management calls name: see request.h. */
#include "dialect/amplitude/request.h"

#include "dialect/amplitude/answer.h"
#include "dialect/rate.h"

/* ---- projects -------------------------------------------------------------------------------- */

static bool sees(const struct exchange *x, const struct catalog_environment *environment)
{
    return caller_sees_environment(x->caller, environment->app_id, environment->number);
}

static bool take_rate(struct exchange *x, const struct catalog_environment *environment)
{
    struct rate_answer answer = rates_take(x->services->rates, environment->number);
    if (!answer.is_allowed)
        amplitude_refuse_rate(x, answer.retry_after_s);
    return answer.is_allowed;
}

static bool may_touch(struct exchange *x, const struct catalog_environment *environment)
{
    if (sees(x, environment))
        return take_rate(x, environment);
    amplitude_refuse_denied(x);
    return false;
}

bool request_find_project(struct exchange *x, uint64_t number,
                          const struct catalog_environment **environment)
{
    *environment = catalog_find_environment(x->view->catalog, number);
    if (*environment != NULL)
        return may_touch(x, *environment);
    amplitude_refuse_missing(x, STR("project"));
    return false;
}

static bool cover_all(struct exchange *x, struct projects *projects)
{
    const struct catalog *catalog = x->view->catalog;
    projects->list =
        ARENA_NEW_ARRAY(x->arena, const struct catalog_environment *, catalog->environment_count);
    for (size_t i = 0; i < catalog->environment_count; i++) {
        const struct catalog_environment *environment = &catalog->environments[i];
        if (!sees(x, environment))
            continue;
        if (!take_rate(x, environment))
            return false;
        projects->list[projects->count++] = environment;
    }
    return true;
}

bool request_cover_projects(struct exchange *x, struct projects *projects)
{
    struct str text;
    uint64_t number = 0;
    *projects = (struct projects){0};
    if (!request_query(x, STR("projectId"), &text))
        return false;
    if (str_is_absent(text))
        return cover_all(x, projects);
    if (!str_parse_u64(text, &number)) {
        amplitude_refuse_fault(
            x, fault_make(FAULT_INVALID, STR("projectId"), STR("must be the id of a project")));
        return false;
    }
    projects->list = ARENA_NEW_ARRAY(x->arena, const struct catalog_environment *, 1);
    projects->count = 1;
    return request_find_project(x, number, &projects->list[0]);
}

/* ---- flags of any kind ----------------------------------------------------------------------- */

static bool look_in(const struct exchange *x, const struct catalog_environment *environment,
                    unsigned kinds, struct found *found)
{
    found->snapshot = view_of(x->view, environment);
    found->revision = snapshot_find_number(found->snapshot, found->number);
    if (found->revision == NULL || (kinds & (1u << found->revision->flag.kind)) == 0)
        return false;
    found->environment = environment;
    found->flag = &found->revision->flag;
    return true;
}

bool request_find(struct exchange *x, unsigned kinds, struct str what, struct found *found)
{
    const struct catalog *catalog = x->view->catalog;
    *found = (struct found){0};
    bool is_id = wire_parse_id(x->parameters[0], &found->number);
    for (size_t i = 0; is_id && i < catalog->environment_count; i++) {
        if (!look_in(x, &catalog->environments[i], kinds, found))
            continue;
        x->version = found->snapshot->version;
        return may_touch(x, found->environment);
    }
    amplitude_refuse_missing(x, what);
    return false;
}

/* ---- bodies ---------------------------------------------------------------------------------- */

bool request_may_write(struct exchange *x)
{
    if (caller_may_write(x->caller))
        return true;
    amplitude_refuse_denied(x);
    return false;
}

static bool refuse_invalid(struct exchange *x, struct str where, struct str why)
{
    amplitude_refuse_fault(x, fault_make(FAULT_INVALID, where, why));
    return false;
}

bool request_read_body(struct exchange *x, struct json *body)
{
    struct fault fault = json_parse(x->arena, x->request->body, &json_budget_default, body);
    if (failed(fault))
        return refuse_invalid(x, STR(""),
                              arena_format(x->arena, "The body is not JSON: %.*s at %.*s",
                                           STR_ARG(fault.why), STR_ARG(fault.where)));
    if (body->type != JSON_OBJECT)
        return refuse_invalid(x, STR(""), STR("The body must be a JSON object"));
    return true;
}

bool request_read_optional_body(struct exchange *x, struct json *body)
{
    if (str_trim(x->request->body).size > 0)
        return request_read_body(x, body);
    *body = (struct json){.type = JSON_OBJECT};
    return true;
}

bool request_query(struct exchange *x, struct str name, struct str *text)
{
    bool is_malformed = false;
    *text = http_query(x->request, name, &is_malformed);
    return !is_malformed || refuse_invalid(x, name, STR("is malformed"));
}

/* ---- pages ----------------------------------------------------------------------------------- */

static bool is_digits(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    }
    return text.size > 0;
}

/* Above the cap is the cap, not an error (1.5), however many digits it has. */
static bool read_limit(struct exchange *x, size_t *limit)
{
    struct str text;
    uint64_t value = PAGE_LIMIT_MAX;
    if (!request_query(x, STR("limit"), &text))
        return false;
    if (!str_is_absent(text) && !is_digits(text))
        return refuse_invalid(x, STR("limit"), STR("must be a whole number of at least 1"));
    if (!str_is_absent(text) && !str_parse_u64(text, &value))
        value = PAGE_LIMIT_MAX;
    if (value == 0)
        return refuse_invalid(x, STR("limit"), STR("must be a whole number of at least 1"));
    *limit = value > PAGE_LIMIT_MAX ? PAGE_LIMIT_MAX : (size_t)value;
    return true;
}

bool request_page(struct exchange *x, struct page *page)
{
    struct str text;
    uint64_t cursor = 0;
    if (!read_limit(x, &page->limit) || !request_query(x, STR("cursor"), &text))
        return false;
    if (!str_is_absent(text) && (!str_parse_u64(text, &cursor) || cursor > INT64_MAX))
        return refuse_invalid(x, STR("cursor"), STR("must be a whole number of at least 0"));
    page->cursor = (size_t)cursor;
    return true;
}

void page_put_next(struct json_writer *writer, const struct page *page, size_t returned,
                   size_t total)
{
    if (returned > 0 && page->cursor + returned < total)
        json_member_u64(writer, STR("nextCursor"), page->cursor + returned);
}

/* ---- changes --------------------------------------------------------------------------------- */

bool request_accept(struct exchange *x, const struct wire *wire)
{
    if (!wire_failed(wire))
        return true;
    amplitude_refuse_fault(x, wire->fault);
    return false;
}

bool request_apply(struct exchange *x, struct change *change)
{
    change->caller = x->caller;
    change->arena = x->arena;
    change->acknowledges_growth = exchange_acknowledges(x, STR("growth"));
    change->reuse = exchange_acknowledges(x, STR("reuse")) ? REUSE_ACKNOWLEDGED : REUSE_UNASKED;
    struct fault fault = change_apply(x->services->changer, change);
    if (failed(fault)) {
        amplitude_refuse_fault(x, fault);
        return false;
    }
    x->version = change->version;
    return true;
}
