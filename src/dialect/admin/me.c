/* SPDX-License-Identifier: Apache-2.0 */
/* me - who is calling, what they see and what they may. See manage.h. */
#include "dialect/admin/answer.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/rights.h"
#include "dialect/admin/users.h"
#include "model/names.h"

static struct str kind_word(enum credential_kind kind)
{
    if (kind == CREDENTIAL_PERSONAL)
        return STR("personal");
    return kind == CREDENTIAL_APP ? STR("app") : STR("environment");
}

static void write_apps(struct json_writer *writer, const struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    json_key(writer, STR("apps"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->app_count; i++) {
        if (caller_sees_app(x->caller, catalog->apps[i].id))
            json_string(writer, catalog->apps[i].id);
    }
    json_array_end(writer);
}

static void write_environments(struct json_writer *writer, const struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    json_key(writer, STR("environments"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->environment_count; i++) {
        const struct catalog_environment *environment = &catalog->environments[i];
        if (caller_sees_environment(x->caller, environment->app_id, environment->number))
            json_u64(writer, environment->number);
    }
    json_array_end(writer);
}

static void write_may(struct json_writer *writer, const struct caller *caller)
{
    json_key(writer, STR("may"));
    json_array_begin(writer);
    json_string(writer, STR("read"));
    if (caller_may_write(caller))
        json_string(writer, STR("write"));
    if (rights_create_apps(caller))
        json_string(writer, STR("createApps"));
    if (rights_administer(caller) || rights_administer_app(caller, caller->app_id))
        json_string(writer, STR("administer"));
    if (rights_administer(caller))
        json_string(writer, STR("manageUsers"));
    if (rights_manage_role(caller, ROLE_OWNER))
        json_string(writer, STR("manageOwners"));
    json_array_end(writer);
}

void admin_get_me(struct exchange *x)
{
    const struct caller *caller = x->caller;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("kind"), kind_word(caller->kind));
    json_member_string(writer, STR("actor"), caller->actor);
    json_member_string(writer, STR("tokenId"), caller->credential_id);
    if (caller->kind == CREDENTIAL_PERSONAL) {
        json_member_string(writer, STR("role"), name_at(&role_names, caller->role));
        json_member_string(writer, STR("userId"), caller->user_id);
    }
    json_member_string(writer, STR("access"), caller->is_read_only ? STR("read") : STR("write"));
    write_apps(writer, x);
    write_environments(writer, x);
    write_may(writer, caller);
    admin_member_instant(writer, STR("expiresAt"), caller->expires_ms);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}
