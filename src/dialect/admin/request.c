/* SPDX-License-Identifier: Apache-2.0 */
/* request - what admin calls name: see request.h. */
#include "dialect/admin/request.h"

#include "dialect/admin/answer.h"

bool admin_refuse_with(struct exchange *x, enum fault_kind kind, const char *where, struct str why)
{
    x->note = why;
    admin_refuse(x, fault_make(kind, str_of(where), why), 0, (struct str){0});
    return false;
}

static bool knows_members(struct exchange *x, const struct str *known, size_t known_count,
                          const struct json *body)
{
    for (uint32_t i = 0; i < body->count; i++) {
        size_t at = 0;
        while (at < known_count && !str_equal(body->members[i].key, known[at]))
            at++;
        if (at == known_count)
            return admin_refuse_with(
                x, FAULT_INVALID,
                arena_format(x->arena, "/%.*s", STR_ARG(body->members[i].key)).data,
                STR("this member is not known here"));
    }
    return true;
}

bool admin_read_body(struct exchange *x, const struct str *known, size_t known_count,
                     struct json *body)
{
    struct fault fault = json_parse(x->arena, x->request->body, &json_budget_default, body);
    if (failed(fault))
        return admin_refuse_with(x, FAULT_INVALID, "",
                                 arena_format(x->arena, "the body is not JSON: %.*s at %.*s",
                                              STR_ARG(fault.why), STR_ARG(fault.where)));
    if (body->type != JSON_OBJECT)
        return admin_refuse_with(x, FAULT_INVALID, "", STR("the body must be a JSON object"));
    return knows_members(x, known, known_count, body);
}

bool admin_read_query(struct exchange *x, struct str name, struct str *text)
{
    struct fault fault = exchange_query(x, name, text);
    if (!failed(fault))
        return true;
    admin_refuse(x, fault, 0, (struct str){0});
    return false;
}

bool admin_parse_number(struct str text, uint64_t *number)
{
    enum { DIGITS_MAX = 15 };
    *number = 0;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
        *number = *number * 10 + (uint64_t)(text.data[i] - '0');
    }
    return text.size > 0 && text.size <= DIGITS_MAX;
}

const struct catalog_environment *admin_seen_environment(const struct exchange *x)
{
    uint64_t number = 0;
    const struct catalog_environment *environment = NULL;
    if (admin_parse_number(x->parameters[0], &number))
        environment = catalog_find_environment(x->view->catalog, number);
    if (environment != NULL && caller_sees_environment(x->caller, environment->app_id, number))
        return environment;
    return NULL;
}

bool admin_find_environment(struct exchange *x, const struct catalog_environment **environment)
{
    *environment = admin_seen_environment(x);
    if (*environment != NULL)
        return true;
    return admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such environment"));
}

bool admin_may_write(struct exchange *x)
{
    return caller_may_write(x->caller) ||
           admin_refuse_with(x, FAULT_DENIED, "", STR("this credential may only read"));
}

bool admin_may_administer(struct exchange *x)
{
    bool may = x->caller->kind == CREDENTIAL_PERSONAL && x->caller->role >= ROLE_ADMIN;
    return may ||
           admin_refuse_with(x, FAULT_DENIED, "",
                             STR("only an administrator's or owner's own token may do this"));
}

bool admin_apply(struct exchange *x, struct change *change)
{
    change->caller = x->caller;
    change->arena = x->arena;
    struct fault fault = change_apply(x->services->changer, change);
    if (failed(fault)) {
        x->note = fault.why;
        admin_refuse(x, fault, 0, (struct str){0});
        return false;
    }
    x->version = change->version;
    return true;
}
