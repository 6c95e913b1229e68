/* SPDX-License-Identifier: Apache-2.0 */
/* environments - what there is, the keys of one, and where its flags are served. See manage.h. */
#include "dialect/admin/answer.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/request.h"

static void write_environment(struct json_writer *writer, const struct view *view,
                              const struct catalog_environment *environment)
{
    json_object_begin(writer);
    json_member_u64(writer, STR("number"), environment->number);
    json_member_string(writer, STR("id"), environment->id);
    json_member_string(writer, STR("name"), environment->name);
    json_member_string(writer, STR("appId"), environment->app_id);
    json_member_string(writer, STR("appName"), view->catalog->apps[environment->app].name);
    json_member_u64(writer, STR("version"), view_of(view, environment)->version);
    admin_member_instant(writer, STR("createdAt"), environment->created_ms);
    json_object_end(writer);
}

void admin_list_environments(struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_key(writer, STR("environments"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->environment_count; i++) {
        const struct catalog_environment *environment = &catalog->environments[i];
        if (caller_sees_environment(x->caller, environment->app_id, environment->number))
            write_environment(writer, x->view, environment);
    }
    json_array_end(writer);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}

void admin_create_project_keys(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment) || !admin_may_administer(x))
        return;
    struct change change = {.kind = CHANGE_CREATE_PROJECT_KEYS,
                            .action = STR("project-keys.create"),
                            .subject = environment->id,
                            .environment = environment->number};
    if (!admin_apply(x, &change))
        return;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("apiKey"), change.key);
    json_member_string(writer, STR("secretKey"), change.secret);
    json_key(writer, STR("deployment"));
    json_string(writer, arena_format(x->arena, "%llu", (unsigned long long)change.created_number));
    admin_member_instant(writer, STR("createdAt"), change.at_ms);
    json_object_end(writer);
    admin_answer_end(x, &answer, 201);
}

/* ---- reach --------------------------------------------------------------------------------- */

static struct str reach_word(enum reach_kind kind)
{
    switch (kind) {
    case REACH_SERVED:
        return STR("yes");
    case REACH_STUB:
        return STR("stub");
    case REACH_ABSENT:
        break;
    }
    return STR("no");
}

static void write_reaches(struct exchange *x, const struct dialect *dialect,
                          const struct snapshot *snapshot, const struct flag *flag,
                          struct json_writer *writer)
{
    if (dialect->reach == NULL)
        return;
    struct reach reaches[REACHES_PER_DIALECT_MAX];
    size_t count = dialect->reach(snapshot, flag, x->arena, reaches);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(writer);
        json_member_string(writer, STR("protocol"), reaches[i].protocol);
        json_member_string(writer, STR("served"), reach_word(reaches[i].kind));
        if (!str_is_absent(reaches[i].why))
            json_member_string(writer, STR("why"), reaches[i].why);
        json_object_end(writer);
    }
}

void admin_explain_reach(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    const struct snapshot *snapshot = view_of(x->view, environment);
    const struct flag *flag = environment_find_flag(&snapshot->state, x->parameters[1]);
    if (flag == NULL) {
        admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such flag"));
        return;
    }
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("flag"), flag->key);
    json_member_u64(writer, STR("version"), snapshot->version);
    json_key(writer, STR("reach"));
    json_array_begin(writer);
    for (size_t i = 0; i < x->services->dialect_count; i++)
        write_reaches(x, x->services->dialects[i], snapshot, flag, writer);
    json_array_end(writer);
    json_object_end(writer);
    x->version = snapshot->version;
    admin_answer_end(x, &answer, 200);
}
