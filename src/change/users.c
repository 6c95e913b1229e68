/* SPDX-License-Identifier: Apache-2.0 */
/* users - people who manage: made, given a role, deleted with all their tokens. For
 * apply_catalog.c. There is always an owner: nobody else could make one. */
#include "auth/secret.h"
#include "change/internal.h"
#include "model/limits.h"
#include "model/names.h"
#include "model/title.h"
#include "json/write.h"

static struct fault check_role(enum role role)
{
    return role == ROLE_NONE ? fault_make(FAULT_INVALID, STR("role"),
                                          STR("must be viewer, editor, admin or owner"))
                             : fault_none();
}

/* {"email":"ann@example.com","role":"editor"} */
static struct fault append_user_audit(struct store *store, const struct change *change,
                                      struct str id, struct str email, enum role role)
{
    struct buf detail;
    struct json_writer writer;
    buf_open(&detail, SIZE_MAX);
    json_writer_open(&writer, &detail);
    json_object_begin(&writer);
    json_member_string(&writer, STR("email"), email);
    if (role != ROLE_NONE)
        json_member_string(&writer, STR("role"), name_at(&role_names, role));
    json_object_end(&writer);
    struct fault fault = append_audit(store, change, (struct str){0}, id, buf_str(&detail));
    buf_close(&detail);
    return fault;
}

static struct fault check_newcomer(const struct catalog *catalog, const struct change *change)
{
    if (catalog->user_count >= USERS_MAX)
        return fault_make(FAULT_LIMIT, STR("email"), STR("there are 1000 users already"));
    if (!email_is_valid(change->name))
        return fault_make(FAULT_INVALID, STR("email"), STR("must be an e-mail address"));
    if (catalog_find_user_by_email(catalog, change->name) != NULL)
        return fault_make(FAULT_CONFLICT, STR("email"), STR("a user has this e-mail address"));
    return check_role(change->role);
}

struct fault create_user(struct store *store, const struct catalog *catalog, struct change *change)
{
    struct fault fault = check_newcomer(catalog, change);
    if (failed(fault))
        return fault;
    const struct user_row row = {
        .id = id_make(change->arena, STR("user")),
        .email = change->name,
        .role = change->role,
        .created_ms = change->at_ms,
    };
    fault = store_insert_user(store, &row);
    if (failed(fault))
        return fault;
    change->created_id = row.id;
    return append_user_audit(store, change, row.id, row.email, row.role);
}

static struct fault find_user(const struct catalog *catalog, const struct change *change,
                              const struct catalog_user **user)
{
    *user = catalog_find_user(catalog, change->user_id);
    if (*user == NULL)
        return fault_make(FAULT_MISSING, STR("user"), STR("there is no such user"));
    return fault_none();
}

static struct fault check_not_last_owner(const struct catalog *catalog,
                                         const struct catalog_user *user)
{
    size_t owner_count = 0;
    for (size_t i = 0; i < catalog->user_count; i++)
        owner_count += catalog->users[i].role == ROLE_OWNER ? 1 : 0;
    if (user->role == ROLE_OWNER && owner_count == 1)
        return fault_make(FAULT_CONFLICT, STR("role"), STR("the last owner stays"));
    return fault_none();
}

struct fault edit_user(struct store *store, const struct catalog *catalog, struct change *change)
{
    const struct catalog_user *user = NULL;
    struct fault fault = find_user(catalog, change, &user);
    if (!failed(fault))
        fault = check_role(change->role);
    if (!failed(fault) && change->role != ROLE_OWNER)
        fault = check_not_last_owner(catalog, user);
    if (!failed(fault))
        fault = store_set_user_role(store, user->id, change->role);
    return failed(fault) ? fault
                         : append_user_audit(store, change, user->id, user->email, change->role);
}

static struct fault revoke_tokens_of(struct store *store, const struct catalog *catalog,
                                     const struct change *change, struct str user_id)
{
    struct fault fault = fault_none();
    for (size_t i = 0; i < catalog->credential_count && !failed(fault); i++) {
        const struct catalog_credential *credential = &catalog->credentials[i];
        if (credential->kind == CREDENTIAL_PERSONAL && str_equal(credential->user_id, user_id))
            fault = store_revoke_credential(store, credential->id, change->at_ms);
    }
    return fault;
}

struct fault delete_user(struct store *store, const struct catalog *catalog, struct change *change)
{
    const struct catalog_user *user = NULL;
    struct fault fault = find_user(catalog, change, &user);
    if (!failed(fault))
        fault = check_not_last_owner(catalog, user);
    if (!failed(fault))
        fault = revoke_tokens_of(store, catalog, change, user->id);
    if (!failed(fault))
        fault = store_delete_user(store, user->id, change->at_ms);
    return failed(fault) ? fault
                         : append_user_audit(store, change, user->id, user->email, ROLE_NONE);
}

/* ---- passwords ------------------------------------------------------------------------------ */

struct fault set_password(struct store *store, const struct catalog *catalog, struct change *change)
{
    const struct catalog_user *user = NULL;
    struct fault fault = find_user(catalog, change, &user);
    if (!failed(fault))
        fault = store_set_password(store, user->id, change->verifier);
    return failed(fault) ? fault
                         : append_user_audit(store, change, user->id, user->email, ROLE_NONE);
}

struct fault change_find_password(struct changer *changer, struct arena *arena, struct str user_id,
                                  struct str *verifier)
{
    *verifier = (struct str){0};
    if (changer->finder == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("store"), STR("the store is away"));
    pthread_mutex_lock(&changer->finding);
    struct fault fault = store_find_password(changer->finder, arena, user_id, verifier);
    pthread_mutex_unlock(&changer->finding);
    return fault;
}
