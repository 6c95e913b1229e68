/* SPDX-License-Identifier: Apache-2.0 */
/* manage_apps - apps, their environments, and the caller itself. See manage.h. */
#include "base/instant.h"
#include "change/edit.h"
#include "dialect/superflag/answer.h"
#include "dialect/superflag/manage.h"
#include "dialect/superflag/request.h"
#include "model/title.h"

static void write_app(struct json_writer *writer, struct str id, struct str name,
                      int64_t created_ms)
{
    json_object_begin(writer);
    json_member_string(writer, STR("id"), id);
    json_member_string(writer, STR("name"), name);
    superflag_member_instant(writer, STR("createdAt"), created_ms);
    json_object_end(writer);
}

void superflag_list_apps(struct exchange *x)
{
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_array_begin(writer);
    for (size_t i = 0; i < x->view->catalog->app_count; i++) {
        const struct catalog_app *app = &x->view->catalog->apps[i];
        if (caller_sees_app(x->caller, app->id))
            write_app(writer, app->id, app->name, app->created_ms);
    }
    json_array_end(writer);
    superflag_answer_end(x, &answer, 200);
}

void superflag_create_app(struct exchange *x)
{
    static const struct str members[] = {STR("name")};
    struct json body;
    if (!superflag_may_write(x) || !superflag_read_body(x, &body) ||
        !superflag_knows_members(x, &body, members, COUNT_OF(members)))
        return;
    if (x->caller->kind != CREDENTIAL_PERSONAL) { /* an app's key stays inside its app */
        superflag_refuse_with(x, 403, STR("Insufficient permissions"));
        return;
    }
    const struct json *member = json_find(&body, STR("name"));
    struct str name =
        member != NULL && member->type == JSON_STRING ? title_trim(member->string) : STR("");
    if (!app_name_is_valid(name)) {
        superflag_refuse_with(x, 400, STR("Invalid app name"));
        return;
    }
    if (catalog_find_app_by_name(x->view->catalog, name) != NULL) {
        superflag_refuse_with(x, 400, STR("App name already exists"));
        return;
    }
    struct change change = {
        .kind = CHANGE_CREATE_APP, .action = STR("app.create"), .name = name, .subject = name};
    if (!superflag_apply(x, &change))
        return;
    struct superflag_answer answer;
    write_app(superflag_answer_begin(&answer), change.created_id, name, change.at_ms);
    superflag_answer_end(x, &answer, 201);
}

static void write_environment(struct json_writer *writer,
                              const struct catalog_environment *environment)
{
    json_object_begin(writer);
    json_member_string(writer, STR("id"), environment->id);
    json_member_string(writer, STR("name"), environment->name);
    json_member_string(writer, STR("appId"), environment->app_id);
    json_member_u64(writer, STR("number"), environment->number);
    json_object_end(writer);
}

void superflag_list_environments(struct exchange *x)
{
    struct str app_id;
    const struct catalog_app *app = NULL;
    if (!superflag_read_query(x, STR("appId"), &app_id) || !superflag_find_app(x, app_id, &app))
        return;
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_array_begin(writer);
    for (size_t i = 0; i < app->environment_count; i++)
        write_environment(writer, &x->view->catalog->environments[app->environments[i]]);
    json_array_end(writer);
    superflag_answer_end(x, &answer, 200);
}

/* ---- settings of an environment: an extension of ours ------------------------------------ */

struct settings_edit {
    bool has_form, has_default;
    enum document_form form;
    bool hides_flags_by_default;
};

static struct fault edit_settings(struct edit *edit, void *input)
{
    const struct settings_edit *wanted = input;
    struct environment_settings settings = edit_state(edit)->settings;
    if (wanted->has_form)
        settings.document_form = wanted->form;
    if (wanted->has_default)
        settings.hides_flags_by_default = wanted->hides_flags_by_default;
    edit_put_settings(edit, &settings);
    return fault_none();
}

static bool parse_form(struct str text, enum document_form *form)
{
    if (str_equal(text, STR("auto")))
        *form = DOCUMENT_FORM_AUTO;
    else if (str_equal(text, STR("legacy")))
        *form = DOCUMENT_FORM_LEGACY;
    else if (str_equal(text, STR("core")))
        *form = DOCUMENT_FORM_CORE;
    else
        return false;
    return true;
}

static bool read_settings(struct exchange *x, const struct json *body, struct settings_edit *wanted)
{
    const struct json *form = json_find(body, STR("documentFormat"));
    const struct json *visible = json_find(body, STR("defaultClientEnabled"));
    wanted->has_form = form != NULL;
    wanted->has_default = visible != NULL;
    if (form != NULL && (form->type != JSON_STRING || !parse_form(form->string, &wanted->form))) {
        superflag_refuse_with(x, 400, STR("documentFormat must be auto, legacy or core"));
        return false;
    }
    if (visible != NULL && visible->type != JSON_BOOLEAN) {
        superflag_refuse_with(x, 400, STR("defaultClientEnabled must be a boolean"));
        return false;
    }
    wanted->hides_flags_by_default = visible != NULL && !visible->boolean;
    return true;
}

/* A whole number of requests, or null for no limit. */
static bool read_quota(struct exchange *x, const struct json *body, bool *has_quota,
                       uint64_t *quota)
{
    const struct json *member = json_find(body, STR("monthlyQuota"));
    *has_quota = member != NULL;
    *quota = 0;
    if (member == NULL || member->type == JSON_NULL)
        return true;
    if (member->type == JSON_NUMBER && member->number >= 1 && member->number <= 1e12 &&
        member->number == (double)(uint64_t)member->number) {
        *quota = (uint64_t)member->number;
        return true;
    }
    superflag_refuse_with(x, 400, STR("monthlyQuota must be a positive integer or null"));
    return false;
}

static const char *form_name(enum document_form form)
{
    switch (form) {
    case DOCUMENT_FORM_LEGACY:
        return "legacy";
    case DOCUMENT_FORM_CORE:
        return "core";
    case DOCUMENT_FORM_AUTO:
        break;
    }
    return "auto";
}

static void answer_settings(struct exchange *x, uint64_t number)
{
    struct view *newest = view_acquire(x->services->views); /* reads its own write */
    const struct catalog_environment *environment =
        catalog_find_environment(newest->catalog, number);
    const struct snapshot *snapshot = view_of(newest, environment);
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_u64(writer, STR("version"), snapshot->version);
    json_member_string(writer, STR("documentFormat"),
                       str_of(form_name(snapshot->settings.document_form)));
    json_member_boolean(writer, STR("defaultClientEnabled"),
                        !snapshot->settings.hides_flags_by_default);
    json_member_u64_or_null(writer, STR("monthlyQuota"), environment->monthly_quota);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
    view_release(newest);
}

void superflag_patch_environment(struct exchange *x)
{
    static const struct str members[] = {STR("appId"), STR("env"), STR("documentFormat"),
                                         STR("defaultClientEnabled"), STR("monthlyQuota")};
    struct json body;
    const struct catalog_environment *environment = NULL;
    struct settings_edit wanted;
    bool has_quota = false;
    uint64_t quota = 0;
    if (!superflag_may_write(x) || !superflag_read_body(x, &body) ||
        !superflag_knows_members(x, &body, members, COUNT_OF(members)) ||
        !superflag_environment_of_body(x, &body, &environment) ||
        !read_settings(x, &body, &wanted) || !read_quota(x, &body, &has_quota, &quota))
        return;
    bool has_settings = wanted.has_form || wanted.has_default;
    if (!has_settings && !has_quota) {
        superflag_refuse_with(x, 400, STR("Nothing to change"));
        return;
    }
    struct change settings = {.kind = CHANGE_ENVIRONMENT,
                              .action = STR("environment.update"),
                              .subject = environment->id,
                              .environment = environment->number,
                              .edit = edit_settings,
                              .input = &wanted};
    if (has_settings && !superflag_apply(x, &settings))
        return;
    struct change limit = {.kind = CHANGE_SET_QUOTA,
                           .action = STR("environment.quota"),
                           .subject = environment->id,
                           .environment = environment->number,
                           .quota = quota};
    if (has_quota && !superflag_apply(x, &limit))
        return;
    answer_settings(x, environment->number);
}

/* ---- the caller: extensions of ours ------------------------------------------------------ */

void superflag_get_me(struct exchange *x)
{
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    if (x->caller->kind == CREDENTIAL_PERSONAL)
        json_member_string(writer, STR("email"), x->caller->actor);
    else
        json_member_string(writer, STR("appId"), x->caller->app_id);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
}

void superflag_get_usage(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!superflag_environment_of_query(x, &environment))
        return;
    int year = 0;
    int month = 0;
    instant_month(x->now_ms, &year, &month);
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("period"), arena_format(x->arena, "%04d-%02d", year, month));
    json_member_u64(writer, STR("used"),
                    change_config_requests_used(x->services->changer, environment->number));
    json_member_u64_or_null(writer, STR("limit"), environment->monthly_quota);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
}

void superflag_revoke_own_token(struct exchange *x)
{
    struct change change = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("token.revoke"),
                            .subject = x->caller->credential_id,
                            .credential_id = x->caller->credential_id};
    if (superflag_apply(x, &change))
        superflag_answer_success(x);
}
