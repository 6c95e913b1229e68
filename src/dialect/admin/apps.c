/* SPDX-License-Identifier: Apache-2.0 */
/* apps - products, each with environments of its own. See manage.h. */
#include "dialect/admin/environments.h"
#include "dialect/admin/fields.h"
#include "dialect/admin/listing.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/resource.h"
#include "dialect/admin/rights.h"
#include "model/title.h"

/* ---- out ----------------------------------------------------------------------------------- */

static void write_environments(struct json_writer *writer, const struct catalog *catalog,
                               const struct catalog_app *app)
{
    json_key(writer, STR("environments"));
    json_array_begin(writer);
    for (size_t i = 0; i < app->environment_count; i++) {
        const struct catalog_environment *environment =
            &catalog->environments[app->environments[i]];
        json_object_begin(writer);
        json_member_u64(writer, STR("number"), environment->number);
        json_member_string(writer, STR("id"), environment->id);
        json_member_string(writer, STR("name"), environment->name);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void write_members(struct json_writer *writer, const struct catalog *catalog,
                          const struct catalog_app *app)
{
    json_member_string(writer, STR("id"), app->id);
    json_member_string(writer, STR("name"), app->name);
    json_member_boolean(writer, STR("hidesFlagsByDefault"), app->hides_flags_by_default);
    admin_member_instant(writer, STR("createdAt"), app->created_ms);
    write_environments(writer, catalog, app);
}

/* One that is not theirs to see is not there. */
static const struct catalog_app *find_app(const struct catalog *catalog,
                                          const struct caller *caller, struct str id)
{
    const struct catalog_app *app = catalog_find_app(catalog, id);
    return app != NULL && caller_sees_app(caller, app->id) ? app : NULL;
}

static bool write_app(struct json_writer *writer, const struct catalog *catalog,
                      const struct caller *caller, const struct resource_name *name)
{
    const struct catalog_app *app = find_app(catalog, caller, name->id);
    if (app != NULL)
        write_members(writer, catalog, app);
    return app != NULL;
}

void admin_list_apps(struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    struct listing listing;
    if (!listing_begin(x, &listing))
        return;
    for (size_t i = 0; i < catalog->app_count; i++) {
        const struct catalog_app *app = &catalog->apps[i];
        if (caller_sees_app(x->caller, app->id) &&
            listing_takes(&listing, app->created_ms, app->id)) {
            json_object_begin(listing.writer);
            write_members(listing.writer, catalog, app);
            json_object_end(listing.writer);
        }
    }
    listing_end(&listing);
}

void admin_get_app(struct exchange *x)
{
    const struct resource_name name = {.id = x->parameters[0]};
    resource_answer(x, write_app, &name, STR("there is no such app"));
}

/* ---- in ------------------------------------------------------------------------------------ */

/* A name nobody else has; `app_id` is whose it may be already, absent for a new one. */
static bool read_name(struct exchange *x, const struct json *body, enum field_need need,
                      struct str app_id, struct str *name)
{
    if (!field_text(x, body, STR("name"), need, name))
        return false;
    if (str_is_absent(*name))
        return true;
    if (!app_name_is_valid(*name))
        return field_refuse(x, STR("name"),
                            STR("must be 1 to 96 characters, without controls and without a blank "
                                "at either end"));
    const struct catalog_app *same = catalog_find_app_by_name(x->view->catalog, *name);
    if (same == NULL || str_equal(same->id, app_id))
        return true;
    return admin_refuse_with(x, FAULT_CONFLICT, "/name", STR("another app has this name"));
}

static bool read_app(struct exchange *x, enum field_need need, struct str app_id,
                     struct change *change)
{
    static const struct str members[] = {STR("name"), STR("hidesFlagsByDefault")};
    struct json body;
    return admin_read_body(x, members, COUNT_OF(members), &body) &&
           fields_say_something(x, &body) && read_name(x, &body, need, app_id, &change->name) &&
           field_boolean(x, &body, STR("hidesFlagsByDefault"), &change->sets_hides_flags,
                         &change->hides_flags_by_default);
}

static struct fault allow_create(const struct catalog *catalog, const struct caller *caller,
                                 void *input)
{
    (void)catalog;
    (void)input;
    return rights_create_apps(caller)
               ? fault_none()
               : fault_make(FAULT_DENIED, STR(""),
                            STR("apps are made by people's own tokens that may write"));
}

void admin_create_app(struct exchange *x)
{
    struct resource_guard guard = {.caller = x->caller, .arena = x->arena, .allow = allow_create};
    struct change change = {.kind = CHANGE_CREATE_APP,
                            .action = STR("app.create"),
                            .guard = resource_guard_check,
                            .input = &guard};
    if (!resource_guard_admits(x, &guard) || !read_app(x, FIELD_NEEDED, (struct str){0}, &change))
        return;
    change.subject = change.name;
    if (!admin_apply(x, &change))
        return;
    const struct resource_name name = {.id = change.created_id};
    resource_answer_changed(x, write_app, &name, 201, (struct resource_secret){0});
}

static bool name_app(struct exchange *x, struct str *id)
{
    const struct catalog_app *app = find_app(x->view->catalog, x->caller, x->parameters[0]);
    if (app == NULL)
        return admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such app"));
    *id = app->id;
    return true;
}

void admin_edit_app(struct exchange *x)
{
    struct str id = {0};
    struct resource_guard guard;
    struct change change = {.kind = CHANGE_EDIT_APP,
                            .action = STR("app.update"),
                            .guard = resource_guard_check,
                            .input = &guard};
    if (!name_app(x, &id) ||
        !resource_guard_open(x, write_app, (struct resource_name){.id = id}, &guard))
        return;
    guard.allow = rights_demand_app;
    guard.input = &id;
    change.app_id = id;
    change.subject = id;
    if (resource_guard_admits(x, &guard) && read_app(x, FIELD_OPTIONAL, id, &change) &&
        admin_apply(x, &change))
        resource_answer_changed(x, write_app, &guard.name, 200, (struct resource_secret){0});
}

/* ---- one environment more ------------------------------------------------------------------- */

static bool read_environment_name(struct exchange *x, struct str app_id, struct str *name)
{
    static const struct str members[] = {STR("name")};
    struct json body;
    if (!admin_read_body(x, members, COUNT_OF(members), &body) ||
        !field_text(x, &body, STR("name"), FIELD_NEEDED, name))
        return false;
    if (!environment_name_is_valid(*name))
        return field_refuse(x, STR("name"),
                            STR("must be 1 to 64 letters, digits, '.', '_' and '-', beginning with "
                                "a letter or digit, and not with env_"));
    const struct catalog *catalog = x->view->catalog;
    const struct catalog_app *app = catalog_find_app(catalog, app_id);
    if (catalog_find_environment_of(catalog, app, *name) == NULL)
        return true;
    return admin_refuse_with(x, FAULT_CONFLICT, "/name",
                             STR("the app has an environment of this name"));
}

void admin_create_environment(struct exchange *x)
{
    struct str id = {0};
    struct resource_guard guard = {
        .caller = x->caller, .arena = x->arena, .allow = rights_demand_app, .input = &id};
    struct change change = {.kind = CHANGE_CREATE_ENVIRONMENT,
                            .action = STR("environment.create"),
                            .guard = resource_guard_check,
                            .input = &guard};
    if (!name_app(x, &id) || !resource_guard_admits(x, &guard) ||
        !read_environment_name(x, id, &change.name))
        return;
    change.app_id = id;
    change.subject = change.name;
    if (admin_apply(x, &change))
        admin_answer_environment(x, change.created_id, 201);
}
