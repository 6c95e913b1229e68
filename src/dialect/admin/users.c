/* SPDX-License-Identifier: Apache-2.0 */
/* users - people and their roles. See manage.h; who is calling: me.c. */
#include "dialect/admin/users.h"

#include "dialect/admin/fields.h"
#include "dialect/admin/listing.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/resource.h"
#include "dialect/admin/rights.h"
#include "model/names.h"
#include "model/title.h"

/* ---- out ----------------------------------------------------------------------------------- */

static void write_members(struct json_writer *writer, const struct catalog_user *user)
{
    json_member_string(writer, STR("id"), user->id);
    json_member_string(writer, STR("email"), user->email);
    json_member_string(writer, STR("role"), name_at(&role_names, user->role));
    admin_member_instant(writer, STR("createdAt"), user->created_ms);
}

bool user_write(struct json_writer *writer, const struct catalog *catalog,
                const struct caller *caller, const struct resource_name *name)
{
    const struct catalog_user *user = catalog_find_user(catalog, name->id);
    bool is_seen = user != NULL && rights_see_user(caller, user);
    if (is_seen)
        write_members(writer, user);
    return is_seen;
}

void admin_list_users(struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    struct listing listing;
    if (!listing_begin(x, &listing))
        return;
    for (size_t i = 0; i < catalog->user_count; i++) {
        const struct catalog_user *user = &catalog->users[i];
        if (rights_see_user(x->caller, user) &&
            listing_takes(&listing, user->created_ms, user->id)) {
            json_object_begin(listing.writer);
            write_members(listing.writer, user);
            json_object_end(listing.writer);
        }
    }
    listing_end(&listing);
}

void admin_get_user(struct exchange *x)
{
    const struct resource_name name = {.id = x->parameters[0]};
    resource_answer(x, user_write, &name, STR("there is no such user"));
}

/* ---- who may ------------------------------------------------------------------------------- */

static struct fault demand_role(const struct caller *caller, enum role role)
{
    if (rights_manage_role(caller, role))
        return fault_none();
    return fault_make(FAULT_DENIED, STR(""),
                      rights_administer(caller) ? STR("only owners make, change or delete owners")
                                                : STR("only administrators do this"));
}

static struct fault allow_create(const struct catalog *catalog, const struct caller *caller,
                                 void *input)
{
    (void)catalog;
    const struct change *change = input;
    return demand_role(caller, change->role);
}

static bool is_last_owner(const struct catalog *catalog, const struct catalog_user *user)
{
    size_t owners = 0;
    for (size_t i = 0; i < catalog->user_count; i++)
        owners += catalog->users[i].role == ROLE_OWNER ? 1 : 0;
    return user->role == ROLE_OWNER && owners == 1;
}

/* What they are now and, unless they are to go, what they are to be. */
static struct fault allow_change(const struct catalog *catalog, const struct caller *caller,
                                 void *input)
{
    const struct change *change = input;
    bool is_deletion = change->kind == CHANGE_DELETE_USER;
    const struct catalog_user *user = catalog_find_user(catalog, change->user_id);
    if (user == NULL || !rights_see_user(caller, user))
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such user"));
    struct fault fault = demand_role(caller, user->role);
    if (!failed(fault) && !is_deletion)
        fault = demand_role(caller, change->role);
    if (failed(fault))
        return fault;
    if (is_last_owner(catalog, user) && (is_deletion || change->role != ROLE_OWNER))
        return fault_make(FAULT_CONFLICT, STR(""), STR("the last owner stays an owner"));
    return fault_none();
}

/* ---- in ------------------------------------------------------------------------------------ */

static bool read_email(struct exchange *x, const struct json *body, struct str *email)
{
    if (!field_text(x, body, STR("email"), FIELD_NEEDED, email))
        return false;
    if (!email_is_valid(*email))
        return field_refuse(x, STR("email"), STR("must be an e-mail address of 3 to 254 bytes"));
    if (catalog_find_user_by_email(x->view->catalog, *email) != NULL)
        return admin_refuse_with(x, FAULT_CONFLICT, "/email",
                                 STR("somebody has this e-mail address"));
    return true;
}

static bool read_role(struct exchange *x, const struct json *body, enum role *role)
{
    int index = -1;
    const struct name_list given = {role_names.names + ROLE_VIEWER, role_names.count - ROLE_VIEWER};
    if (!field_word(x, body, STR("role"), FIELD_NEEDED, &given, &index))
        return false;
    *role = (enum role)(index + ROLE_VIEWER);
    return true;
}

void admin_create_user(struct exchange *x)
{
    static const struct str members[] = {STR("email"), STR("role")};
    struct json body;
    struct resource_guard guard = {.caller = x->caller, .arena = x->arena, .allow = allow_create};
    struct change change = {.kind = CHANGE_CREATE_USER,
                            .action = STR("user.create"),
                            .role = ROLE_VIEWER,
                            .guard = resource_guard_check,
                            .input = &guard};
    guard.input = &change;
    /* First for the least there is, so that a stranger learns of nobody's address. */
    if (!resource_guard_admits(x, &guard) ||
        !admin_read_body(x, members, COUNT_OF(members), &body) ||
        !read_role(x, &body, &change.role) || !resource_guard_admits(x, &guard) ||
        !read_email(x, &body, &change.name))
        return;
    change.subject = change.name;
    if (!admin_apply(x, &change))
        return;
    const struct resource_name name = {.id = change.created_id};
    resource_answer_changed(x, user_write, &name, 201, (struct resource_secret){0});
}

/* What editing and deleting have in common; false when the exchange is answered. */
static bool begin_change(struct exchange *x, struct resource_guard *guard, struct change *change)
{
    struct str id = x->parameters[0];
    const struct catalog_user *user = catalog_find_user(x->view->catalog, id);
    if (user == NULL || !rights_see_user(x->caller, user))
        return admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such user"));
    if (!resource_guard_open(x, user_write, (struct resource_name){.id = id}, guard))
        return false;
    guard->allow = allow_change;
    guard->input = change;
    change->subject = user->email;
    change->user_id = id;
    change->role = user->role;
    change->guard = resource_guard_check;
    change->input = guard;
    return true;
}

void admin_edit_user(struct exchange *x)
{
    static const struct str members[] = {STR("role")};
    struct json body;
    struct resource_guard guard;
    struct change change = {.kind = CHANGE_EDIT_USER, .action = STR("user.update")};
    if (!begin_change(x, &guard, &change) || !resource_guard_admits(x, &guard) ||
        !admin_read_body(x, members, COUNT_OF(members), &body) ||
        !read_role(x, &body, &change.role) || !resource_guard_admits(x, &guard) ||
        !admin_apply(x, &change))
        return;
    /* Who gives up administering no longer sees others, but does see this. */
    resource_answer_changed(x, user_write, &guard.name, 200, (struct resource_secret){0});
}

void admin_delete_user(struct exchange *x)
{
    struct resource_guard guard;
    struct change change = {.kind = CHANGE_DELETE_USER, .action = STR("user.delete")};
    if (begin_change(x, &guard, &change) && resource_guard_admits(x, &guard) &&
        admin_apply(x, &change))
        admin_answer_nothing(x);
}
