/* SPDX-License-Identifier: Apache-2.0 */
/* tokens - secrets that manage: a person's, an app's, some environments'. For apply_catalog.c. */
#include "change/internal.h"
#include "model/limits.h"
#include "json/write.h"

/* Those that were asked for, ascending, each once; all of them have to be there. */
static struct fault list_environments(const struct catalog *catalog, const struct change *change,
                                      struct credential_row *row)
{
    if (change->environment_count == 0)
        return fault_make(FAULT_INVALID, STR("environments"), STR("at least one is needed"));
    bool *is_listed = ARENA_NEW_ARRAY(change->arena, bool, catalog->environment_count);
    for (size_t i = 0; i < change->environment_count; i++) {
        const struct catalog_environment *environment = NULL;
        struct fault fault = find_environment(catalog, change->environments[i], &environment);
        if (failed(fault))
            return fault;
        is_listed[environment - catalog->environments] = true;
    }
    uint64_t *numbers = ARENA_NEW_ARRAY(change->arena, uint64_t, catalog->environment_count);
    for (size_t i = 0; i < catalog->environment_count; i++) {
        if (is_listed[i])
            numbers[row->environment_count++] = catalog->environments[i].number;
    }
    row->environments = numbers;
    return fault_none();
}

/* What the token opens. */
static struct fault add_scope(const struct catalog *catalog, const struct change *change,
                              struct credential_row *row)
{
    if (change->key_kind == CREDENTIAL_ENVIRONMENT)
        return list_environments(catalog, change, row);
    if (change->key_kind == CREDENTIAL_APP) {
        row->app_id = change->app_id;
        return catalog_find_app(catalog, change->app_id) != NULL
                   ? fault_none()
                   : fault_make(FAULT_MISSING, STR("app"), STR("there is no such app"));
    }
    if (change->key_kind == CREDENTIAL_PERSONAL) {
        row->user_id = change->user_id;
        return catalog_find_user(catalog, change->user_id) != NULL
                   ? fault_none()
                   : fault_make(FAULT_MISSING, STR("user"), STR("there is no such user"));
    }
    return fault_make(FAULT_INVALID, STR("kind"), STR("not a kind of token"));
}

/* {"access":"write","environments":[1,2]} */
static void describe_token(const struct credential_row *row, struct buf *detail)
{
    struct json_writer writer;
    json_writer_open(&writer, detail);
    json_object_begin(&writer);
    json_member_string(&writer, STR("access"), row->is_read_only ? STR("read") : STR("write"));
    if (row->kind == CREDENTIAL_ENVIRONMENT) {
        json_key(&writer, STR("environments"));
        json_array_begin(&writer);
        for (size_t i = 0; i < row->environment_count; i++)
            json_u64(&writer, row->environments[i]);
        json_array_end(&writer);
    } else if (row->kind == CREDENTIAL_APP) {
        json_member_string(&writer, STR("app"), row->app_id);
    } else {
        json_member_string(&writer, STR("user"), row->user_id);
    }
    json_object_end(&writer);
}

struct fault create_token(struct store *store, const struct catalog *catalog, struct change *change)
{
    struct fault fault = check_credential_room(catalog, 1);
    if (failed(fault))
        return fault;
    if (change->name.size > TEXT_BYTES_MAX)
        return fault_make(FAULT_INVALID, STR("name"), STR("longer than 2048 bytes"));
    struct credential_row scope = {0};
    fault = add_scope(catalog, change, &scope);
    if (failed(fault))
        return fault;
    struct credential_row row =
        make_credential(change, STR("token"), change->key_kind, STR(""), &change->secret);
    row.user_id = scope.user_id;
    row.app_id = scope.app_id;
    row.environments = scope.environments;
    row.environment_count = scope.environment_count;
    row.name = change->name;
    row.expires_ms = change->expires_ms;
    row.is_read_only = change->is_read_only;
    change->created_id = row.id;
    fault = store_insert_credential(store, &row);
    if (failed(fault))
        return fault;
    struct buf detail;
    buf_open(&detail, SIZE_MAX);
    describe_token(&row, &detail);
    fault = append_audit(store, change, row.app_id, row.id, buf_str(&detail));
    buf_close(&detail);
    return fault;
}
