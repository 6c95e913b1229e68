/* SPDX-License-Identifier: Apache-2.0 */
/* catalog - who and what exists, made of the store's rows. See snapshot.h. */
#include <assert.h>

#include "base/memory.h"
#include "snapshot/snapshot.h"

static void copy_users(struct catalog *catalog, const struct catalog_parts *parts)
{
    catalog->user_count = parts->user_count;
    catalog->users = ARENA_NEW_ARRAY(&catalog->arena, struct catalog_user, parts->user_count);
    for (size_t i = 0; i < parts->user_count; i++) {
        catalog->users[i] = (struct catalog_user){
            .id = arena_copy_str(&catalog->arena, parts->users[i].id),
            .email = arena_copy_str(&catalog->arena, parts->users[i].email),
            .role = parts->users[i].role,
            .created_ms = parts->users[i].created_ms,
        };
    }
}

static void copy_apps(struct catalog *catalog, const struct catalog_parts *parts)
{
    catalog->app_count = parts->app_count;
    catalog->apps = ARENA_NEW_ARRAY(&catalog->arena, struct catalog_app, parts->app_count);
    for (size_t i = 0; i < parts->app_count; i++) {
        const struct app_row *row = &parts->apps[i];
        catalog->apps[i] = (struct catalog_app){
            .id = arena_copy_str(&catalog->arena, row->id),
            .name = arena_copy_str(&catalog->arena, row->name),
            .owner_user_id = arena_copy_str(&catalog->arena, row->owner_user_id),
            .hides_flags_by_default = row->hides_flags_by_default,
            .created_ms = row->created_ms,
        };
    }
}

static uint32_t find_app_index(const struct catalog *catalog, struct str id)
{
    const struct catalog_app *app = catalog_find_app(catalog, id);
    assert(app != NULL);
    return (uint32_t)(app - catalog->apps);
}

static void copy_environments(struct catalog *catalog, const struct catalog_parts *parts)
{
    struct arena *arena = &catalog->arena;
    catalog->environment_count = parts->environment_count;
    catalog->environments =
        ARENA_NEW_ARRAY(arena, struct catalog_environment, parts->environment_count);
    for (size_t i = 0; i < parts->environment_count; i++) {
        const struct environment_row *row = &parts->environments[i];
        assert(i == 0 || row->number > parts->environments[i - 1].number);
        uint32_t app = find_app_index(catalog, row->app_id);
        catalog->environments[i] = (struct catalog_environment){
            .number = row->number,
            .id = arena_copy_str(arena, row->id),
            .name = arena_copy_str(arena, row->name),
            .app_id = catalog->apps[app].id,
            .app = app,
            .created_ms = row->created_ms,
            .monthly_quota = row->monthly_quota,
            .hides_flags_by_default = row->hides_flags_by_default,
        };
        catalog->apps[app].environment_count++;
    }
}

static void list_environments_of_apps(struct catalog *catalog)
{
    uint32_t **lists = ARENA_NEW_ARRAY(&catalog->arena, uint32_t *, catalog->app_count);
    for (size_t i = 0; i < catalog->app_count; i++) {
        lists[i] = ARENA_NEW_ARRAY(&catalog->arena, uint32_t, catalog->apps[i].environment_count);
        catalog->apps[i].environments = lists[i];
        catalog->apps[i].environment_count = 0;
    }
    for (size_t i = 0; i < catalog->environment_count; i++) {
        uint32_t app = catalog->environments[i].app;
        lists[app][catalog->apps[app].environment_count++] = (uint32_t)i;
    }
}

static void copy_deployments(struct catalog *catalog, const struct catalog_parts *parts)
{
    struct arena *arena = &catalog->arena;
    catalog->deployments =
        ARENA_NEW_ARRAY(arena, struct catalog_deployment, parts->deployment_count);
    for (size_t i = 0; i < parts->deployment_count; i++) {
        const struct deployment_row *row = &parts->deployments[i];
        assert(i == 0 || row->number > parts->deployments[i - 1].number);
        if (catalog_find_environment(catalog, row->environment) == NULL)
            continue;
        catalog->deployments[catalog->deployment_count++] = (struct catalog_deployment){
            .number = row->number,
            .environment = row->environment,
            .label = arena_copy_str(arena, row->label),
            .key = arena_copy_str(arena, row->key),
            .kind = row->kind,
            .is_archived = row->is_archived,
            .created_ms = row->created_ms,
        };
    }
}

/* Those of the listed environments that are there. */
static uint64_t *copy_environment_list(struct catalog *catalog, const struct credential_row *row,
                                       size_t *count)
{
    uint64_t *list = ARENA_NEW_ARRAY(&catalog->arena, uint64_t, row->environment_count);
    *count = 0;
    for (size_t i = 0; i < row->environment_count; i++) {
        assert(i == 0 || row->environments[i] > row->environments[i - 1]);
        if (catalog_find_environment(catalog, row->environments[i]) != NULL)
            list[(*count)++] = row->environments[i];
    }
    return list;
}

static bool has_open_deployment(const struct catalog *catalog, const struct credential_row *row)
{
    const struct catalog_deployment *deployment = catalog_find_deployment(catalog, row->deployment);
    return deployment != NULL && !deployment->is_archived &&
           deployment->environment == row->environment;
}

static bool lists_an_environment(const struct catalog *catalog, const struct credential_row *row)
{
    for (size_t i = 0; i < row->environment_count; i++) {
        if (catalog_find_environment(catalog, row->environments[i]) != NULL)
            return true;
    }
    return false;
}

static bool belongs_somewhere(const struct catalog *catalog, const struct credential_row *row)
{
    if (row->kind == CREDENTIAL_ENVIRONMENT)
        return lists_an_environment(catalog, row);
    if (row->deployment != 0)
        return has_open_deployment(catalog, row);
    if (row->environment != 0)
        return catalog_find_environment(catalog, row->environment) != NULL;
    if (!str_is_absent(row->app_id))
        return catalog_find_app(catalog, row->app_id) != NULL;
    return catalog_find_user(catalog, row->user_id) != NULL;
}

static struct caller make_caller(const struct catalog *catalog,
                                 const struct catalog_credential *credential)
{
    struct caller caller = {
        .kind = credential->kind,
        .credential_id = credential->id,
        .actor = credential->id,
        .app_id = credential->app_id,
        .environment = credential->environment,
        .deployment = credential->deployment,
        .environments = credential->environments,
        .environment_count = credential->environment_count,
        .is_read_only = credential->is_read_only,
        .expires_ms = credential->expires_ms,
    };
    const struct catalog_user *user = catalog_find_user(catalog, credential->user_id);
    if (credential->kind == CREDENTIAL_PERSONAL && user != NULL) {
        caller.actor = user->email;
        caller.user_id = user->id;
        caller.role = user->role;
    }
    if (credential->environment != 0)
        caller.app_id = catalog_find_environment(catalog, credential->environment)->app_id;
    return caller;
}

static void copy_credential(struct catalog *catalog, const struct credential_row *row)
{
    struct arena *arena = &catalog->arena;
    struct catalog_credential *credential = &catalog->credentials[catalog->credential_count++];
    *credential = (struct catalog_credential){
        .id = arena_copy_str(arena, row->id),
        .shown = arena_copy_str(arena, row->shown),
        .tail = arena_copy_str(arena, row->tail),
        .name = arena_copy_str(arena, row->name),
        .hash = row->hash,
        .kind = row->kind,
        .user_id = arena_copy_str(arena, row->user_id),
        .app_id = arena_copy_str(arena, row->app_id),
        .environment = row->environment,
        .deployment = row->deployment,
        .created_ms = row->created_ms,
        .expires_ms = row->expires_ms,
        .is_read_only = row->is_read_only,
    };
    credential->environments = copy_environment_list(catalog, row, &credential->environment_count);
}

static void copy_credentials(struct catalog *catalog, const struct catalog_parts *parts)
{
    struct arena *arena = &catalog->arena;
    catalog->credentials =
        ARENA_NEW_ARRAY(arena, struct catalog_credential, parts->credential_count);
    struct keyring_entry *entries =
        ARENA_NEW_ARRAY(arena, struct keyring_entry, parts->credential_count);
    map_open(&catalog->credential_places, arena, parts->credential_count);
    for (size_t i = 0; i < parts->credential_count; i++) {
        size_t at = catalog->credential_count;
        if (!belongs_somewhere(catalog, &parts->credentials[i]))
            continue;
        copy_credential(catalog, &parts->credentials[i]);
        map_insert(&catalog->credential_places, catalog->credentials[at].id, (uint32_t)at);
        entries[at] = (struct keyring_entry){parts->credentials[i].hash,
                                             make_caller(catalog, &catalog->credentials[at])};
    }
    catalog->keyring = keyring_build(arena, entries, catalog->credential_count);
}

struct catalog *catalog_make(const struct catalog_parts *parts)
{
    struct catalog *catalog = MEMORY_NEW(struct catalog);
    atomic_init(&catalog->references, 1);
    arena_open(&catalog->arena, 2048);
    copy_users(catalog, parts);
    copy_apps(catalog, parts);
    copy_environments(catalog, parts);
    list_environments_of_apps(catalog);
    copy_deployments(catalog, parts);
    copy_credentials(catalog, parts);
    return catalog;
}
