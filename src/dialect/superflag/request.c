/* SPDX-License-Identifier: Apache-2.0 */
/* request - what management calls name: see request.h. */
#include "dialect/superflag/request.h"

#include "dialect/superflag/answer.h"
#include "model/limits.h"

static bool refused(struct exchange *x, int status, struct str text)
{
    superflag_refuse_with(x, status, text);
    return false;
}

/* A missing Content-Type is taken for JSON; any other type is refused, which also keeps plain
 * cross-site forms away. */
static bool is_json_type(struct str type)
{
    if (str_is_absent(type))
        return true;
    struct str essence = str_trim(str_slice(type, 0, str_find_byte(type, ';', 0)));
    return str_equal_ignoring_case(essence, STR("application/json"));
}

static bool read_body(struct exchange *x, const struct json_budget *budget, struct json *body)
{
    if (!is_json_type(http_header(x->request, STR("content-type"))))
        return refused(x, 415, STR("Content-Type must be application/json"));
    struct fault fault = json_parse(x->arena, x->request->body, budget, body);
    if (failed(fault))
        return refused(x, 400,
                       arena_format(x->arena, "Invalid JSON: %.*s at %.*s", STR_ARG(fault.why),
                                    STR_ARG(fault.where)));
    if (body->type != JSON_OBJECT)
        return refused(x, 400, STR("Request body must be a JSON object"));
    return true;
}

bool superflag_read_body(struct exchange *x, struct json *body)
{
    return read_body(x, &json_budget_default, body);
}

bool superflag_read_document_body(struct exchange *x, struct json *body)
{
    struct json_budget budget = json_budget_default;
    budget.members_max = FLAGS_PER_ENVIRONMENT_MAX + 1; /* one more is told apart by the model */
    budget.values_max = DOCUMENT_VALUES_MAX;
    return read_body(x, &budget, body);
}

bool superflag_knows_members(struct exchange *x, const struct json *body, const struct str *known,
                             size_t known_count)
{
    for (uint32_t i = 0; i < body->count; i++) {
        size_t at = 0;
        while (at < known_count && !str_equal(body->members[i].key, known[at]))
            at++;
        if (at == known_count)
            return refused(
                x, 400,
                arena_format(x->arena, "Unknown member: %.*s", STR_ARG(body->members[i].key)));
    }
    return true;
}

bool superflag_read_text(struct exchange *x, const struct json *body, struct str name,
                         struct str *text)
{
    const struct json *member = json_find(body, name);
    *text = (struct str){0};
    if (member == NULL)
        return true;
    if (member->type != JSON_STRING)
        return refused(x, 400, arena_format(x->arena, "%.*s must be a string", STR_ARG(name)));
    *text = member->string;
    return true;
}

bool superflag_read_query(struct exchange *x, struct str name, struct str *text)
{
    bool is_malformed = false;
    *text = http_query(x->request, name, &is_malformed);
    if (is_malformed)
        return refused(x, 400, arena_format(x->arena, "%.*s is malformed", STR_ARG(name)));
    return true;
}

bool superflag_find_app(struct exchange *x, struct str app_id, const struct catalog_app **app)
{
    if (str_is_empty(app_id))
        return refused(x, 400, STR("appId is required"));
    /* Said before the app is looked up: what exists elsewhere is not an app key's business. */
    if (!caller_sees_app(x->caller, app_id))
        return refused(x, 403, STR("Insufficient permissions"));
    *app = catalog_find_app(x->view->catalog, app_id);
    return *app != NULL || refused(x, 404, STR("App not found"));
}

/* By name or id within the app. */
static bool superflag_find_environment(struct exchange *x, struct str app_id, struct str name,
                                       const struct catalog_environment **environment)
{
    const struct catalog_app *app = NULL;
    if (!superflag_find_app(x, app_id, &app))
        return false;
    if (str_is_empty(name))
        return refused(x, 400, STR("env is required"));
    *environment = catalog_find_environment_of(x->view->catalog, app, name);
    return *environment != NULL || refused(x, 404, STR("Environment not found"));
}

bool superflag_environment_of_query(struct exchange *x,
                                    const struct catalog_environment **environment)
{
    struct str app_id;
    struct str name;
    return superflag_read_query(x, STR("appId"), &app_id) &&
           superflag_read_query(x, STR("env"), &name) &&
           superflag_find_environment(x, app_id, name, environment);
}

bool superflag_environment_of_body(struct exchange *x, const struct json *body,
                                   const struct catalog_environment **environment)
{
    struct str app_id;
    struct str name;
    return superflag_read_text(x, body, STR("appId"), &app_id) &&
           superflag_read_text(x, body, STR("env"), &name) &&
           superflag_find_environment(x, app_id, name, environment);
}

bool superflag_may_write(struct exchange *x)
{
    return caller_may_write(x->caller) || refused(x, 403, STR("Insufficient permissions"));
}

bool superflag_begin_change(struct exchange *x, const struct str *known, size_t known_count,
                            struct json *body, const struct catalog_environment **environment)
{
    return superflag_may_write(x) && superflag_read_body(x, body) &&
           superflag_knows_members(x, body, known, known_count) &&
           superflag_environment_of_body(x, body, environment);
}

struct fault superflag_try(struct exchange *x, struct change *change)
{
    change->caller = x->caller;
    change->arena = x->arena;
    change->acknowledges_growth = exchange_acknowledges(x, STR("growth"));
    change->reuse = exchange_acknowledges(x, STR("reuse")) ? REUSE_ACKNOWLEDGED : REUSE_UNASKED;
    struct fault fault = change_apply(x->services->changer, change);
    if (failed(fault))
        x->note = fault.where;
    else
        x->version = change->version;
    return fault;
}

bool superflag_apply(struct exchange *x, struct change *change)
{
    struct fault fault = superflag_try(x, change);
    if (!failed(fault))
        return true;
    superflag_refuse(x, fault, 0, (struct str){0});
    return false;
}
