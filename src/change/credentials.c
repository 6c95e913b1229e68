/* SPDX-License-Identifier: Apache-2.0 */
/* credentials - keys and deployments, made and revoked. For apply_catalog.c; tokens: tokens.c. */
#include <string.h>

#include "auth/secret.h"
#include "change/internal.h"
#include "model/limits.h"
#include "json/write.h"

enum { LABEL_BYTES_MAX = 64 };

/* ---- what they share --------------------------------------------------------------------- */

struct fault find_environment(const struct catalog *catalog, uint64_t number,
                              const struct catalog_environment **environment)
{
    *environment = catalog_find_environment(catalog, number);
    if (*environment == NULL)
        return fault_make(FAULT_MISSING, STR("environment"), STR("there is no such environment"));
    return fault_none();
}

struct fault check_credential_room(const struct catalog *catalog, size_t more)
{
    if (catalog->credential_count + more > KEYS_MAX)
        return fault_make(FAULT_LIMIT, STR("key"), STR("there are 2000 keys already"));
    return fault_none();
}

struct credential_row make_credential(const struct change *change, struct str id_prefix,
                                      enum credential_kind kind, struct str tag, struct str *secret)
{
    struct str shown;
    *secret = secret_make(change->arena, kind, tag, &shown);
    return (struct credential_row){
        .id = id_make(change->arena, id_prefix),
        .kind = kind,
        .hash = secret_hash(*secret),
        .shown = shown,
        .tail = secret_tail(*secret),
        .created_ms = change->at_ms,
    };
}

/* ---- keys -------------------------------------------------------------------------------- */

struct fault create_key(struct store *store, const struct catalog *catalog, struct change *change)
{
    const struct catalog_environment *environment = NULL;
    struct fault fault = find_environment(catalog, change->environment, &environment);
    if (!failed(fault))
        fault = check_credential_room(catalog, 1);
    if (failed(fault))
        return fault;
    struct credential_row row =
        make_credential(change, STR("key"), change->key_kind,
                        secret_tag(change->arena, environment->name), &change->secret);
    row.app_id = environment->app_id;
    row.environment = environment->number;
    row.name = change->name;
    change->created_id = row.id;
    fault = store_insert_credential(store, &row);
    if (failed(fault))
        return fault;
    return append_audit(store, change, environment->app_id, row.id, STR("{}"));
}

struct fault revoke_credential(struct store *store, const struct catalog *catalog,
                               struct change *change)
{
    const struct catalog_credential *credential =
        catalog_find_credential(catalog, change->credential_id);
    if (credential == NULL)
        return fault_make(FAULT_MISSING, STR("key"), STR("there is no such key"));
    change->environment = credential->environment;
    struct fault fault = store_revoke_credential(store, credential->id, change->at_ms);
    if (failed(fault))
        return fault;
    return append_audit(store, change, credential->app_id, credential->id, STR("{}"));
}

/* ---- deployments ------------------------------------------------------------------------- */

static struct fault check_label(struct str label)
{
    bool is_good = label.size > 0 && label.size <= LABEL_BYTES_MAX;
    for (size_t i = 0; i < label.size && is_good; i++) {
        char byte = label.data[i];
        is_good = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z') ||
                  (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
    }
    return is_good ? fault_none()
                   : fault_make(FAULT_INVALID, STR("label"),
                                STR("must be 1 to 64 letters, digits, '_' and '-'"));
}

static struct fault check_deployment_room(const struct catalog *catalog, uint64_t environment)
{
    size_t count = 0;
    for (size_t i = 0; i < catalog->deployment_count; i++)
        count += catalog->deployments[i].environment == environment ? 1 : 0;
    if (count >= DEPLOYMENTS_PER_ENVIRONMENT_MAX)
        return fault_make(FAULT_LIMIT, STR("deployments"),
                          STR("the environment has 100 deployments already"));
    return fault_none();
}

/* A deployment with its key: the row of the one, and the credential that opens it. */
static struct fault insert_deployment(struct store *store, struct change *change,
                                      const struct catalog_environment *environment,
                                      struct str label, enum credential_kind kind)
{
    struct credential_row key = make_credential(change, STR("key"), kind, STR(""), &change->key);
    const struct deployment_row deployment = {
        .environment = environment->number,
        .label = label,
        .key = change->key,
        .kind = kind,
        .created_ms = change->at_ms,
    };
    struct fault fault = store_insert_deployment(store, &deployment, &change->created_number);
    key.app_id = environment->app_id;
    key.environment = environment->number;
    key.deployment = change->created_number;
    change->created_id = key.id;
    return failed(fault) ? fault : store_insert_credential(store, &key);
}

static struct str deployment_detail(const struct change *change, uint64_t number)
{
    return arena_format(change->arena, "{\"deployment\":%llu}", (unsigned long long)number);
}

struct fault create_deployment(struct store *store, const struct catalog *catalog,
                               struct change *change)
{
    const struct catalog_environment *environment = NULL;
    struct fault fault = find_environment(catalog, change->environment, &environment);
    if (!failed(fault))
        fault = check_label(change->name);
    if (!failed(fault) && change->key_kind != CREDENTIAL_CLIENT_DEPLOYMENT &&
        change->key_kind != CREDENTIAL_SERVER_DEPLOYMENT)
        fault = fault_make(FAULT_INVALID, STR("type"), STR("must be client or server"));
    if (!failed(fault))
        fault = check_deployment_room(catalog, environment->number);
    if (!failed(fault))
        fault = check_credential_room(catalog, 1);
    if (!failed(fault))
        fault = insert_deployment(store, change, environment, change->name, change->key_kind);
    if (failed(fault))
        return fault;
    return append_audit(store, change, environment->app_id, change->created_id,
                        deployment_detail(change, change->created_number));
}

/* {"archived":true,"deployment":7,"label":"web-prod"} */
static void describe_deployment(const struct change *change, bool is_archived, struct buf *detail)
{
    struct json_writer writer;
    json_writer_open(&writer, detail);
    json_object_begin(&writer);
    json_member_boolean(&writer, STR("archived"), is_archived);
    json_member_u64(&writer, STR("deployment"), change->deployment);
    if (!str_is_absent(change->name))
        json_member_string(&writer, STR("label"), change->name);
    json_object_end(&writer);
}

struct fault edit_deployment(struct store *store, const struct catalog *catalog,
                             struct change *change)
{
    const struct catalog_deployment *deployment =
        catalog_find_deployment(catalog, change->deployment);
    if (deployment == NULL)
        return fault_make(FAULT_MISSING, STR("deployment"), STR("there is no such deployment"));
    struct fault fault = str_is_absent(change->name) ? fault_none() : check_label(change->name);
    if (failed(fault))
        return fault;
    bool is_archived = change->sets_archived ? change->is_archived : deployment->is_archived;
    fault = store_update_deployment(store, deployment->number, change->name, is_archived);
    if (failed(fault))
        return fault;
    change->environment = deployment->environment;
    struct buf detail;
    buf_open(&detail, SIZE_MAX);
    describe_deployment(change, is_archived, &detail);
    struct str app_id = catalog_find_environment(catalog, deployment->environment)->app_id;
    fault = append_audit(store, change, app_id, change->subject, buf_str(&detail));
    buf_close(&detail);
    return fault;
}

/* ---- project keys ------------------------------------------------------------------------ */

/* From the store's own list: the catalog leaves the key of an archived deployment out. */
static struct fault revoke_pair(struct store *store, const struct change *change,
                                uint64_t environment, size_t *revoked)
{
    *revoked = 0;
    struct arena arena;
    arena_open(&arena, 4096);
    struct credential_row *rows = NULL;
    size_t count = 0;
    struct fault fault = store_load_credentials(store, &arena, &rows, &count);
    for (size_t i = 0; i < count && !failed(fault); i++) {
        bool is_of_project =
            rows[i].kind == CREDENTIAL_PROJECT_KEY || rows[i].kind == CREDENTIAL_PROJECT_SECRET;
        if (!is_of_project || rows[i].environment != environment)
            continue;
        fault = store_revoke_credential(store, rows[i].id, change->at_ms);
        (*revoked)++;
    }
    arena_close(&arena);
    return fault;
}

/* The default deployment gets a new key, and is restored if it was archived: a key that opens
 * nothing is not what was asked for. */
static struct fault renew_default(struct store *store, struct change *change,
                                  const struct catalog_environment *environment, uint64_t number)
{
    struct credential_row key =
        make_credential(change, STR("key"), CREDENTIAL_PROJECT_KEY, STR(""), &change->key);
    key.app_id = environment->app_id;
    key.environment = environment->number;
    key.deployment = number;
    change->created_id = key.id;
    change->created_number = number;
    struct fault fault = store_set_deployment_key(store, number, change->key);
    if (!failed(fault))
        fault = store_update_deployment(store, number, (struct str){0}, false);
    return failed(fault) ? fault : store_insert_credential(store, &key);
}

static struct fault insert_project_secret(struct store *store, struct change *change,
                                          const struct catalog_environment *environment)
{
    struct credential_row secret =
        make_credential(change, STR("key"), CREDENTIAL_PROJECT_SECRET, STR(""), &change->secret);
    secret.app_id = environment->app_id;
    secret.environment = environment->number;
    return store_insert_credential(store, &secret);
}

struct fault create_project_keys(struct store *store, const struct catalog *catalog,
                                 struct change *change)
{
    const struct catalog_environment *environment = NULL;
    struct fault fault = find_environment(catalog, change->environment, &environment);
    if (failed(fault))
        return fault;
    const struct catalog_deployment *standard =
        catalog_find_default_deployment(catalog, environment->number);
    size_t revoked = 0;
    fault = revoke_pair(store, change, environment->number, &revoked);
    if (!failed(fault) && revoked < 2)
        fault = check_credential_room(catalog, 2 - revoked);
    if (!failed(fault) && standard == NULL)
        fault = check_deployment_room(catalog, environment->number);
    if (!failed(fault))
        fault = standard == NULL ? insert_deployment(store, change, environment, STR("default"),
                                                     CREDENTIAL_PROJECT_KEY)
                                 : renew_default(store, change, environment, standard->number);
    if (!failed(fault))
        fault = insert_project_secret(store, change, environment);
    if (failed(fault))
        return fault;
    return append_audit(store, change, environment->app_id, change->created_id,
                        deployment_detail(change, change->created_number));
}
