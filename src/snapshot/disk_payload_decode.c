/* SPDX-License-Identifier: Apache-2.0 */
/* disk_payload_decode - JSON as a view again: see disk_payload.h. */
#include <sodium.h>

#include "snapshot/disk_payload.h"
#include "snapshot/documents.h"
#include "snapshot/member.h"

static void decode_users(struct arena *arena, const struct json *json, struct catalog_parts *parts)
{
    const struct json *items = member_list(json, STR("users"), &parts->user_count);
    struct user_row *rows = ARENA_NEW_ARRAY(arena, struct user_row, parts->user_count);
    for (size_t i = 0; i < parts->user_count; i++) {
        rows[i].id = member_text(&items[i], STR("id"));
        rows[i].email = member_text(&items[i], STR("email"));
        uint64_t role = member_count(&items[i], STR("role"));
        rows[i].role = role <= ROLE_OWNER ? (enum role)role : ROLE_NONE;
        rows[i].created_ms = (int64_t)member_count(&items[i], STR("createdMs"));
    }
    parts->users = rows;
}

static void decode_apps(struct arena *arena, const struct json *json, struct catalog_parts *parts)
{
    const struct json *items = member_list(json, STR("apps"), &parts->app_count);
    struct app_row *rows = ARENA_NEW_ARRAY(arena, struct app_row, parts->app_count);
    for (size_t i = 0; i < parts->app_count; i++) {
        rows[i].id = member_text(&items[i], STR("id"));
        rows[i].name = member_text(&items[i], STR("name"));
        rows[i].owner_user_id = member_text(&items[i], STR("ownerUserId"));
        rows[i].hides_flags_by_default = member_boolean(&items[i], STR("hidesFlagsByDefault"));
        rows[i].created_ms = (int64_t)member_count(&items[i], STR("createdMs"));
    }
    parts->apps = rows;
}

static void decode_environments(struct arena *arena, const struct json *json,
                                struct catalog_parts *parts)
{
    const struct json *items = member_list(json, STR("environments"), &parts->environment_count);
    struct environment_row *rows =
        ARENA_NEW_ARRAY(arena, struct environment_row, parts->environment_count);
    for (size_t i = 0; i < parts->environment_count; i++) {
        rows[i].number = member_count(&items[i], STR("number"));
        rows[i].id = member_text(&items[i], STR("id"));
        rows[i].name = member_text(&items[i], STR("name"));
        rows[i].app_id = member_text(&items[i], STR("appId"));
        rows[i].version = member_count(&items[i], STR("version"));
        rows[i].created_ms = (int64_t)member_count(&items[i], STR("createdMs"));
        rows[i].monthly_quota = member_count(&items[i], STR("monthlyQuota"));
        rows[i].hides_flags_by_default = member_boolean(&items[i], STR("hidesFlagsByDefault"));
    }
    parts->environments = rows;
}

static bool has_app(const struct catalog_parts *parts, struct str id)
{
    for (size_t i = 0; i < parts->app_count; i++) {
        if (str_equal(parts->apps[i].id, id))
            return true;
    }
    return false;
}

/* What the catalog takes for granted of the store's rows. */
static struct fault check_environments(const struct catalog_parts *parts)
{
    uint64_t last = 0;
    for (size_t i = 0; i < parts->environment_count; i++) {
        const struct environment_row *row = &parts->environments[i];
        if (row->number <= last)
            return fault_make(FAULT_INVALID, STR("environments"), STR("out of order"));
        if (!has_app(parts, row->app_id))
            return fault_make(FAULT_INVALID, STR("environments"), STR("of no app"));
        last = row->number;
    }
    return fault_none();
}

static bool kind_of(const struct json *json, enum credential_kind *kind)
{
    uint64_t number = member_count(json, STR("kind"));
    *kind = number < CREDENTIAL_KIND_COUNT ? (enum credential_kind)number : CREDENTIAL_BROWSER_KEY;
    return number < CREDENTIAL_KIND_COUNT;
}

static void decode_deployments(struct arena *arena, const struct json *json,
                               struct catalog_parts *parts)
{
    size_t count = 0;
    uint64_t last = 0;
    const struct json *items = member_list(json, STR("deployments"), &count);
    struct deployment_row *rows = ARENA_NEW_ARRAY(arena, struct deployment_row, count);
    for (size_t i = 0; i < count; i++) {
        struct deployment_row row = {
            .number = member_count(&items[i], STR("number")),
            .environment = member_count(&items[i], STR("environment")),
            .label = member_text(&items[i], STR("label")),
            .key = member_text(&items[i], STR("key")),
            .is_archived = member_boolean(&items[i], STR("isArchived")),
            .created_ms = (int64_t)member_count(&items[i], STR("createdMs")),
        };
        if (!kind_of(&items[i], &row.kind) || row.number <= last)
            continue;
        last = row.number;
        rows[parts->deployment_count++] = row;
    }
    parts->deployments = rows;
}

/* Ascending, as the catalog wants them. */
static const uint64_t *numbers_of(struct arena *arena, const struct json *json, struct str key,
                                  size_t *count)
{
    size_t item_count = 0;
    const struct json *items = member_list(json, key, &item_count);
    uint64_t *numbers = ARENA_NEW_ARRAY(arena, uint64_t, item_count);
    *count = 0;
    for (size_t i = 0; i < item_count; i++) {
        uint64_t last = *count == 0 ? 0 : numbers[*count - 1];
        if (is_count(&items[i]) && items[i].number > (double)last)
            numbers[(*count)++] = (uint64_t)items[i].number;
    }
    return numbers;
}

static void decode_credentials(struct arena *arena, const struct json *json,
                               struct catalog_parts *parts)
{
    size_t count = 0;
    const struct json *items = member_list(json, STR("credentials"), &count);
    struct credential_row *rows = ARENA_NEW_ARRAY(arena, struct credential_row, count);
    for (size_t i = 0; i < count; i++) {
        enum credential_kind kind;
        if (!kind_of(&items[i], &kind))
            continue; /* nobody knows what it may do: nothing */
        struct credential_row *row = &rows[parts->credential_count++];
        row->id = member_text(&items[i], STR("id"));
        row->shown = member_text(&items[i], STR("shown"));
        row->tail = member_text(&items[i], STR("tail"));
        row->name = member_text(&items[i], STR("name"));
        struct str hex = member_text(&items[i], STR("hash"));
        size_t size = 0;
        sodium_hex2bin(row->hash.bytes, sizeof(row->hash.bytes), hex.data, hex.size, NULL, &size,
                       NULL);
        row->kind = kind;
        row->user_id = member_text(&items[i], STR("userId"));
        row->app_id = member_text(&items[i], STR("appId"));
        row->environment = member_count(&items[i], STR("environment"));
        row->deployment = member_count(&items[i], STR("deployment"));
        row->environments =
            numbers_of(arena, &items[i], STR("environments"), &row->environment_count);
        row->created_ms = (int64_t)member_count(&items[i], STR("createdMs"));
        row->expires_ms = (int64_t)member_count(&items[i], STR("expiresMs"));
        row->is_read_only = member_boolean(&items[i], STR("isReadOnly"));
    }
    parts->credentials = rows;
}

static struct fault decode_snapshot(struct arena *arena, const struct json *json,
                                    const struct environment_row *row, struct members_shelf *shelf,
                                    int64_t now_ms, struct snapshot **snapshot)
{
    struct snapshot_parts parts = {
        .environment = row->number,
        .version = row->version,
        .now_ms = now_ms,
        .app_id = row->app_id,
        .name = row->name,
    };
    struct fault fault = documents_decode(arena, json, shelf, &parts);
    if (!failed(fault))
        *snapshot = snapshot_make(&parts);
    documents_release(&parts);
    return fault;
}

static struct fault decode_snapshots(struct arena *arena, const struct json *json,
                                     const struct catalog_parts *catalog,
                                     struct members_source members, int64_t now_ms,
                                     struct snapshot **snapshots, size_t *made)
{
    size_t count = 0;
    const struct json *items = member_list(json, STR("environments"), &count);
    struct members_shelf shelf;
    members_shelf_open(&shelf, members);
    struct fault fault = fault_none();
    for (*made = 0; *made < count && !failed(fault); *made += failed(fault) ? 0 : 1)
        fault = decode_snapshot(arena, &items[*made], &catalog->environments[*made], &shelf, now_ms,
                                &snapshots[*made]);
    members_shelf_close(&shelf);
    return fault;
}

struct fault disk_payload_decode(struct arena *arena, struct str payload,
                                 struct members_source members, snapshot_renderer render,
                                 int64_t now_ms, struct view **view)
{
    const struct json_budget budget = {
        .depth_max = 8,
        .members_max = 64,
        .string_bytes_max = payload.size,
        .number_bytes_max = 64,
    };
    struct json json;
    struct fault fault = json_parse(arena, payload, &budget, &json);
    if (failed(fault))
        return fault;
    struct catalog_parts parts = {0};
    decode_users(arena, &json, &parts);
    decode_apps(arena, &json, &parts);
    decode_environments(arena, &json, &parts);
    decode_deployments(arena, &json, &parts);
    decode_credentials(arena, &json, &parts);
    fault = check_environments(&parts);
    if (failed(fault))
        return fault;

    struct snapshot **snapshots =
        ARENA_NEW_ARRAY(arena, struct snapshot *, parts.environment_count);
    size_t made = 0;
    fault = decode_snapshots(arena, &json, &parts, members, now_ms, snapshots, &made);
    if (!failed(fault)) {
        for (size_t i = 0; i < made; i++)
            render(snapshots[i]);
        struct catalog *catalog = catalog_make(&parts);
        *view = view_make(catalog, snapshots, true);
        catalog_release(catalog);
    }
    for (size_t i = 0; i < made; i++)
        snapshot_release(snapshots[i]);
    return fault;
}
