/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokens_create - a new token: for environments, for an app, for a person. See manage.h.
 *
 * Nobody hands out more than they have: administrators make all, but an owner's own are made by
 * owners; an app's token makes those of its environments; people make their own.
 */

#include "base/instant.h"
#include "base/numbers.h"
#include "dialect/admin/fields.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/rights.h"
#include "dialect/admin/tokens.h"
#include "model/limits.h"

static struct fault deny(const char *why)
{
    return fault_make(FAULT_DENIED, STR(""), str_of(why));
}

/* ---- who may ------------------------------------------------------------------------------- */

static struct fault allow_environments(const struct catalog *catalog, const struct caller *caller,
                                       const struct change *change)
{
    for (size_t i = 0; i < change->environment_count; i++) {
        uint64_t number = change->environments[i];
        struct fault fault = rights_demand_environment(catalog, caller, &number);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault allow_personal(const struct catalog *catalog, const struct caller *caller,
                                   const struct change *change)
{
    bool is_own =
        caller->kind == CREDENTIAL_PERSONAL && str_equal(caller->user_id, change->user_id);
    if (is_own)
        return caller->is_read_only ? deny("this credential may only read") : fault_none();
    if (!rights_administer(caller))
        return deny("only administrators make tokens for other people");
    const struct catalog_user *user = catalog_find_user(catalog, change->user_id);
    if (user == NULL)
        return fault_make(FAULT_MISSING, STR("/user"), STR("there is no such user"));
    return rights_manage_role(caller, user->role) ? fault_none()
                                                  : deny("an owner's token is an owner's to make");
}

static struct fault allow_create(const struct catalog *catalog, const struct caller *caller,
                                 void *input)
{
    const struct change *change = input;
    if (change->key_kind == CREDENTIAL_PERSONAL)
        return allow_personal(catalog, caller, change);
    if (change->key_kind == CREDENTIAL_ENVIRONMENT)
        return allow_environments(catalog, caller, change);
    return rights_administer(caller) ? fault_none()
                                     : deny("only administrators make tokens of apps");
}

/* Before the body is looked at: whether there is any token they could make. */
static bool may_make_any(struct exchange *x)
{
    bool may = x->caller->kind == CREDENTIAL_PERSONAL || x->caller->kind == CREDENTIAL_APP;
    if (may && !x->caller->is_read_only)
        return true;
    return admin_refuse_with(x, FAULT_DENIED, "",
                             may ? STR("this credential may only read")
                                 : STR("a token of environments makes no tokens"));
}

/* ---- what for ------------------------------------------------------------------------------ */

/* A number, or a text as in a path; one that the caller does not see is none. */
static bool read_environment(struct exchange *x, const struct json *item, uint32_t index,
                             uint64_t *number)
{
    struct str text = {0};
    const char *where = arena_format(x->arena, "/environments/%u", index).data;
    if (item->type == JSON_STRING)
        text = item->string;
    else if (item->type == JSON_NUMBER && item->number >= 1 && item->number <= 1e15 &&
             item->number == (double)(uint64_t)item->number)
        text = arena_format(x->arena, "%llu", (unsigned long long)item->number);
    if (str_is_empty(text))
        return admin_refuse_with(x, FAULT_INVALID, where,
                                 STR("must be the number or id of an environment"));
    const struct catalog_environment *environment = admin_seen_environment_named(x, text);
    if (environment == NULL)
        return admin_refuse_with(x, FAULT_MISSING, where, STR("there is no such environment"));
    *number = environment->number;
    return true;
}

/* Ascending, each once. */
static bool read_environments(struct exchange *x, const struct json *body, struct change *change)
{
    const struct json *list = json_find(body, STR("environments"));
    if (list == NULL || list->type != JSON_ARRAY || list->count == 0)
        return field_refuse(x, STR("environments"), STR("must be a list of environments"));
    uint64_t *numbers = ARENA_NEW_ARRAY(x->arena, uint64_t, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        if (!read_environment(x, &list->elements[i], i, &numbers[i]))
            return false;
    }
    change->key_kind = CREDENTIAL_ENVIRONMENT;
    change->environments = numbers;
    change->environment_count = numbers_sort(numbers, list->count);
    return true;
}

static bool read_app(struct exchange *x, const struct json *body, struct change *change)
{
    struct str id;
    if (!field_text(x, body, STR("app"), FIELD_NEEDED, &id))
        return false;
    const struct catalog_app *app = catalog_find_app(x->view->catalog, id);
    if (app == NULL || !caller_sees_app(x->caller, app->id))
        return admin_refuse_with(x, FAULT_MISSING, "/app", STR("there is no such app"));
    change->key_kind = CREDENTIAL_APP;
    change->app_id = app->id;
    return true;
}

/* Nobody named: oneself. Who else is there, allow_personal says to those who may know. */
static bool read_user(struct exchange *x, const struct json *body, struct change *change)
{
    if (!field_text(x, body, STR("user"), FIELD_OPTIONAL, &change->user_id))
        return false;
    change->key_kind = CREDENTIAL_PERSONAL;
    if (str_is_absent(change->user_id))
        change->user_id = x->caller->user_id;
    return !str_is_absent(change->user_id) ||
           admin_refuse_with(x, FAULT_DENIED, "/user", STR("this token belongs to nobody"));
}

static bool read_reach(struct exchange *x, const struct json *body, struct change *change)
{
    int kind = TOKEN_ENVIRONMENT;
    if (!field_word(x, body, STR("kind"), FIELD_OPTIONAL, &token_kinds, &kind))
        return false;
    static const struct str members[] = {STR("environments"), STR("app"), STR("user")};
    size_t own = kind < 0 ? TOKEN_ENVIRONMENT : (size_t)kind;
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (i != own && json_find(body, members[i]) != NULL)
            return field_refuse(x, members[i], STR("is not for tokens of this kind"));
    }
    if (own == TOKEN_PERSONAL)
        return read_user(x, body, change);
    return own == TOKEN_APP ? read_app(x, body, change) : read_environments(x, body, change);
}

static bool read_access(struct exchange *x, const struct json *body, struct change *change)
{
    static const struct str words[] = {STR("read"), STR("write")};
    static const struct name_list accesses = {words, COUNT_OF(words)};
    int access = 0;
    if (!field_word(x, body, STR("access"), FIELD_OPTIONAL, &accesses, &access))
        return false;
    change->is_read_only = access == 0;
    return true;
}

static bool read_expiry(struct exchange *x, const struct json *body, struct change *change)
{
    const struct json *expiry = json_find(body, STR("expiresAt"));
    if (expiry == NULL || expiry->type == JSON_NULL)
        return true;
    if (expiry->type == JSON_STRING && instant_parse(expiry->string, &change->expires_ms) &&
        instant_is_calendar_date(expiry->string) && change->expires_ms > x->now_ms)
        return true;
    return field_refuse(x, STR("expiresAt"),
                        STR("must be an instant to come, as 2027-01-31T12:00:00Z"));
}

void admin_create_token(struct exchange *x)
{
    static const struct str members[] = {STR("kind"),     STR("name"), STR("environments"),
                                         STR("app"),      STR("user"), STR("access"),
                                         STR("expiresAt")};
    struct json body;
    struct resource_guard guard = {.caller = x->caller, .arena = x->arena, .allow = allow_create};
    struct change change = {.kind = CHANGE_CREATE_TOKEN,
                            .action = STR("token.create"),
                            .guard = resource_guard_check,
                            .input = &guard};
    guard.input = &change;
    if (!may_make_any(x) || !admin_read_body(x, members, COUNT_OF(members), &body) ||
        !read_reach(x, &body, &change) ||
        !field_name(x, &body, STR("name"), FIELD_OPTIONAL, TEXT_BYTES_MAX, &change.name) ||
        !read_access(x, &body, &change) || !read_expiry(x, &body, &change) ||
        !resource_guard_admits(x, &guard) || !admin_apply(x, &change))
        return;
    const struct resource_name name = {.id = change.created_id};
    resource_answer_changed(x, token_write, &name, 201,
                            (struct resource_secret){STR("token"), change.secret});
}
