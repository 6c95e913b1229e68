/* SPDX-License-Identifier: Apache-2.0 */
/* keys - what browsers and servers read an environment with. See manage.h. */
#include "dialect/admin/fields.h"
#include "dialect/admin/listing.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/resource.h"
#include "dialect/admin/rights.h"
#include "model/limits.h"

/* ---- out ----------------------------------------------------------------------------------- */

/* Keys of deployments are shown with these. */
static bool is_key(const struct catalog_credential *credential)
{
    return credential->kind == CREDENTIAL_BROWSER_KEY || credential->kind == CREDENTIAL_SERVER_KEY;
}

static void write_members(struct json_writer *writer, const struct catalog_credential *key)
{
    json_member_string(writer, STR("id"), key->id);
    json_member_string(writer, STR("kind"),
                       key->kind == CREDENTIAL_BROWSER_KEY ? STR("browser") : STR("server"));
    json_member_string_or_null(writer, STR("name"), key->name);
    json_member_string(writer, STR("prefix"), key->shown);
    json_member_string(writer, STR("tail"), key->tail);
    admin_member_instant(writer, STR("createdAt"), key->created_ms);
    admin_member_instant(writer, STR("expiresAt"), key->expires_ms);
}

static bool write_key(struct json_writer *writer, const struct catalog *catalog,
                      const struct caller *caller, const struct resource_name *name)
{
    (void)caller; /* nothing of a key is anybody's alone once it has been shown */
    const struct catalog_credential *key = catalog_find_credential(catalog, name->id);
    bool is_there = key != NULL && is_key(key);
    if (is_there)
        write_members(writer, key);
    return is_there;
}

void admin_list_keys(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    const struct catalog *catalog = x->view->catalog;
    struct listing listing;
    if (!admin_find_environment(x, &environment) || !listing_begin(x, &listing))
        return;
    for (size_t i = 0; i < catalog->credential_count; i++) {
        const struct catalog_credential *key = &catalog->credentials[i];
        if (is_key(key) && key->environment == environment->number &&
            listing_takes(&listing, key->created_ms, key->id)) {
            json_object_begin(listing.writer);
            write_members(listing.writer, key);
            json_object_end(listing.writer);
        }
    }
    listing_end(&listing);
}

static bool find_key(struct exchange *x, const struct catalog_credential **key)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return false;
    *key = catalog_find_credential(x->view->catalog, x->parameters[1]);
    if (*key != NULL && is_key(*key) && (*key)->environment == environment->number)
        return true;
    return admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such key"));
}

void admin_get_key(struct exchange *x)
{
    const struct catalog_credential *key = NULL;
    if (!find_key(x, &key))
        return;
    const struct resource_name name = {.id = key->id};
    resource_answer(x, write_key, &name, STR("there is no such key"));
}

/* ---- in ------------------------------------------------------------------------------------ */

static bool read_new(struct exchange *x, struct change *change)
{
    static const struct str words[] = {STR("browser"), STR("server")};
    static const struct name_list kinds = {words, COUNT_OF(words)};
    static const struct str members[] = {STR("kind"), STR("name")};
    struct json body;
    int kind = -1;
    if (!admin_read_body(x, members, COUNT_OF(members), &body) ||
        !field_word(x, &body, STR("kind"), FIELD_NEEDED, &kinds, &kind) ||
        !field_name(x, &body, STR("name"), FIELD_OPTIONAL, TEXT_BYTES_MAX, &change->name))
        return false;
    change->key_kind = kind == 0 ? CREDENTIAL_BROWSER_KEY : CREDENTIAL_SERVER_KEY;
    return true;
}

void admin_create_key(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    uint64_t number = environment->number;
    struct resource_guard guard = {.caller = x->caller,
                                   .arena = x->arena,
                                   .allow = rights_demand_environment,
                                   .input = &number};
    struct change change = {.kind = CHANGE_CREATE_KEY,
                            .action = STR("key.create"),
                            .environment = number,
                            .guard = resource_guard_check,
                            .input = &guard};
    if (!resource_guard_admits(x, &guard) || !read_new(x, &change) || !admin_apply(x, &change))
        return;
    const struct resource_name name = {.id = change.created_id};
    resource_answer_changed(x, write_key, &name, 201,
                            (struct resource_secret){STR("key"), change.secret});
}

void admin_revoke_key(struct exchange *x)
{
    const struct catalog_credential *key = NULL;
    struct resource_guard guard;
    if (!find_key(x, &key) ||
        !resource_guard_open(x, write_key, (struct resource_name){.id = key->id}, &guard))
        return;
    uint64_t number = key->environment;
    guard.allow = rights_demand_environment;
    guard.input = &number;
    struct change change = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("key.revoke"),
                            .subject = key->id,
                            .environment = number,
                            .credential_id = key->id,
                            .guard = resource_guard_check,
                            .input = &guard};
    if (resource_guard_admits(x, &guard) && admin_apply(x, &change))
        admin_answer_nothing(x);
}
