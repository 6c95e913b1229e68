/* SPDX-License-Identifier: Apache-2.0 */
/* disk_payload - a view as JSON and back: see disk_payload.h. */
#include "snapshot/disk_payload.h"

#include <sodium.h>

#include "base/memory.h"
#include "model/codec.h"
#include "json/write.h"

/* ---- encode ---------------------------------------------------------------------------- */

static void member_optional(struct json_writer *writer, struct str key, struct str value)
{
    if (!str_is_absent(value))
        json_member_string(writer, key, value);
}

static void encode_users(struct json_writer *writer, const struct catalog *catalog)
{
    json_key(writer, STR("users"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->user_count; i++) {
        json_object_begin(writer);
        json_member_string(writer, STR("id"), catalog->users[i].id);
        json_member_string(writer, STR("email"), catalog->users[i].email);
        json_member_u64(writer, STR("role"), (uint64_t)catalog->users[i].role);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_apps(struct json_writer *writer, const struct catalog *catalog)
{
    json_key(writer, STR("apps"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->app_count; i++) {
        const struct catalog_app *app = &catalog->apps[i];
        json_object_begin(writer);
        json_member_string(writer, STR("id"), app->id);
        json_member_string(writer, STR("name"), app->name);
        member_optional(writer, STR("ownerUserId"), app->owner_user_id);
        json_member_boolean(writer, STR("hidesFlagsByDefault"), app->hides_flags_by_default);
        json_member_u64(writer, STR("createdMs"), (uint64_t)app->created_ms);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_credentials(struct json_writer *writer, const struct catalog *catalog)
{
    json_key(writer, STR("credentials"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->credential_count; i++) {
        const struct catalog_credential *credential = &catalog->credentials[i];
        char hash[CREDENTIAL_HASH_BYTES * 2 + 1];
        sodium_bin2hex(hash, sizeof(hash), credential->hash.bytes, CREDENTIAL_HASH_BYTES);
        json_object_begin(writer);
        json_member_string(writer, STR("id"), credential->id);
        json_member_string(writer, STR("shown"), credential->shown);
        json_member_string(writer, STR("tail"), credential->tail);
        json_member_string(writer, STR("hash"), str_of(hash));
        json_member_u64(writer, STR("kind"), (uint64_t)credential->kind);
        member_optional(writer, STR("userId"), credential->user_id);
        member_optional(writer, STR("appId"), credential->app_id);
        json_member_u64(writer, STR("environment"), credential->environment);
        json_member_u64(writer, STR("createdMs"), (uint64_t)credential->created_ms);
        json_member_u64(writer, STR("expiresMs"), (uint64_t)credential->expires_ms);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void document_string(struct json_writer *writer, struct buf *scratch)
{
    json_string(writer, buf_str(scratch));
    buf_clear(scratch);
}

static void encode_documents(struct json_writer *writer, const struct snapshot *snapshot)
{
    struct buf scratch;
    buf_open(&scratch, SIZE_MAX);
    json_key(writer, STR("settings"));
    settings_encode(&snapshot->settings, &scratch);
    document_string(writer, &scratch);
    json_key(writer, STR("flags"));
    json_array_begin(writer);
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        flag_encode(snapshot->state.flags[i], &scratch);
        document_string(writer, &scratch);
    }
    json_array_end(writer);
    json_key(writer, STR("segments"));
    json_array_begin(writer);
    for (size_t i = 0; i < snapshot->state.segment_count; i++) {
        segment_encode(snapshot->state.segments[i], &scratch);
        document_string(writer, &scratch);
    }
    json_array_end(writer);
    buf_close(&scratch);
}

static void encode_environments(struct json_writer *writer, const struct view *view)
{
    json_key(writer, STR("environments"));
    json_array_begin(writer);
    for (size_t i = 0; i < view->catalog->environment_count; i++) {
        const struct catalog_environment *environment = &view->catalog->environments[i];
        json_object_begin(writer);
        json_member_u64(writer, STR("number"), environment->number);
        json_member_string(writer, STR("id"), environment->id);
        json_member_string(writer, STR("name"), environment->name);
        json_member_string(writer, STR("appId"), environment->app_id);
        json_member_u64(writer, STR("version"), view->snapshots[i]->version);
        json_member_u64(writer, STR("createdMs"), (uint64_t)environment->created_ms);
        json_member_u64(writer, STR("monthlyQuota"), environment->monthly_quota);
        encode_documents(writer, view->snapshots[i]);
        json_object_end(writer);
    }
    json_array_end(writer);
}

void disk_payload_encode(const struct view *view, struct buf *buf)
{
    struct json_writer writer;
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    encode_users(&writer, view->catalog);
    encode_apps(&writer, view->catalog);
    encode_environments(&writer, view);
    encode_credentials(&writer, view->catalog);
    json_object_end(&writer);
}

/* ---- decode ---------------------------------------------------------------------------- */

/* A member that is missing or of the wrong type leaves zero or absent: the checksum has already
 * vouched for the bytes, so this is about a format nobody wrote, and the model's check decides. */
static struct str text_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static uint64_t number_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_NUMBER && member->number >= 0
               ? (uint64_t)member->number
               : 0;
}

static bool boolean_of(const struct json *json, struct str key)
{
    const struct json *member = json_find(json, key);
    return member != NULL && member->type == JSON_BOOLEAN && member->boolean;
}

static const struct json *list_of(const struct json *json, struct str key, size_t *count)
{
    const struct json *member = json_find(json, key);
    *count = member != NULL && member->type == JSON_ARRAY ? member->count : 0;
    return *count == 0 ? NULL : member->elements;
}

static void decode_users(struct arena *arena, const struct json *json, struct catalog_parts *parts)
{
    const struct json *items = list_of(json, STR("users"), &parts->user_count);
    struct user_row *rows = ARENA_NEW_ARRAY(arena, struct user_row, parts->user_count);
    for (size_t i = 0; i < parts->user_count; i++) {
        rows[i].id = text_of(&items[i], STR("id"));
        rows[i].email = text_of(&items[i], STR("email"));
        uint64_t role = number_of(&items[i], STR("role"));
        rows[i].role = role <= ROLE_OWNER ? (enum role)role : ROLE_NONE;
    }
    parts->users = rows;
}

static void decode_apps(struct arena *arena, const struct json *json, struct catalog_parts *parts)
{
    const struct json *items = list_of(json, STR("apps"), &parts->app_count);
    struct app_row *rows = ARENA_NEW_ARRAY(arena, struct app_row, parts->app_count);
    for (size_t i = 0; i < parts->app_count; i++) {
        rows[i].id = text_of(&items[i], STR("id"));
        rows[i].name = text_of(&items[i], STR("name"));
        rows[i].owner_user_id = text_of(&items[i], STR("ownerUserId"));
        rows[i].hides_flags_by_default = boolean_of(&items[i], STR("hidesFlagsByDefault"));
        rows[i].created_ms = (int64_t)number_of(&items[i], STR("createdMs"));
    }
    parts->apps = rows;
}

static void decode_environments(struct arena *arena, const struct json *json,
                                struct catalog_parts *parts)
{
    const struct json *items = list_of(json, STR("environments"), &parts->environment_count);
    struct environment_row *rows =
        ARENA_NEW_ARRAY(arena, struct environment_row, parts->environment_count);
    for (size_t i = 0; i < parts->environment_count; i++) {
        rows[i].number = number_of(&items[i], STR("number"));
        rows[i].id = text_of(&items[i], STR("id"));
        rows[i].name = text_of(&items[i], STR("name"));
        rows[i].app_id = text_of(&items[i], STR("appId"));
        rows[i].version = number_of(&items[i], STR("version"));
        rows[i].created_ms = (int64_t)number_of(&items[i], STR("createdMs"));
        rows[i].monthly_quota = number_of(&items[i], STR("monthlyQuota"));
    }
    parts->environments = rows;
}

static void decode_credentials(struct arena *arena, const struct json *json,
                               struct catalog_parts *parts)
{
    size_t count = 0;
    const struct json *items = list_of(json, STR("credentials"), &count);
    struct credential_row *rows = ARENA_NEW_ARRAY(arena, struct credential_row, count);
    for (size_t i = 0; i < count; i++) {
        uint64_t kind = number_of(&items[i], STR("kind"));
        if (kind >= CREDENTIAL_KIND_COUNT)
            continue; /* nobody knows what it may do: nothing */
        struct credential_row *row = &rows[parts->credential_count++];
        row->id = text_of(&items[i], STR("id"));
        row->shown = text_of(&items[i], STR("shown"));
        row->tail = text_of(&items[i], STR("tail"));
        struct str hex = text_of(&items[i], STR("hash"));
        size_t size = 0;
        sodium_hex2bin(row->hash.bytes, sizeof(row->hash.bytes), hex.data, hex.size, NULL, &size,
                       NULL);
        row->kind = (enum credential_kind)kind;
        row->user_id = text_of(&items[i], STR("userId"));
        row->app_id = text_of(&items[i], STR("appId"));
        row->environment = number_of(&items[i], STR("environment"));
        row->created_ms = (int64_t)number_of(&items[i], STR("createdMs"));
        row->expires_ms = (int64_t)number_of(&items[i], STR("expiresMs"));
    }
    parts->credentials = rows;
}

static struct fault decode_flags(struct arena *arena, const struct json *json,
                                 struct snapshot_parts *parts)
{
    const struct json *items = list_of(json, STR("flags"), &parts->flag_count);
    struct flag_revision **revisions =
        ARENA_NEW_ARRAY(arena, struct flag_revision *, parts->flag_count);
    parts->flags = revisions;
    size_t wanted = parts->flag_count;
    parts->flag_count = 0;
    for (size_t i = 0; i < wanted; i++) {
        struct flag flag;
        struct fault fault = items[i].type == JSON_STRING
                                 ? flag_decode(arena, items[i].string, &flag)
                                 : fault_make(FAULT_INVALID, STR("flags"), STR("not a document"));
        if (failed(fault))
            return fault;
        revisions[parts->flag_count++] = flag_revision_make(&flag);
    }
    return fault_none();
}

static struct fault decode_segments(struct arena *arena, const struct json *json,
                                    struct snapshot_parts *parts)
{
    const struct json *items = list_of(json, STR("segments"), &parts->segment_count);
    struct segment_revision **revisions =
        ARENA_NEW_ARRAY(arena, struct segment_revision *, parts->segment_count);
    parts->segments = revisions;
    size_t wanted = parts->segment_count;
    parts->segment_count = 0;
    for (size_t i = 0; i < wanted; i++) {
        struct segment segment;
        struct fault fault =
            items[i].type == JSON_STRING
                ? segment_decode(arena, items[i].string, &segment)
                : fault_make(FAULT_INVALID, STR("segments"), STR("not a document"));
        if (failed(fault))
            return fault;
        revisions[parts->segment_count++] = segment_revision_make(&segment);
    }
    return fault_none();
}

static void release_parts(struct snapshot_parts *parts)
{
    for (size_t i = 0; i < parts->flag_count; i++)
        flag_revision_release(parts->flags[i]);
    for (size_t i = 0; i < parts->segment_count; i++)
        segment_revision_release(parts->segments[i]);
}

static struct fault decode_snapshot(struct arena *arena, const struct json *json,
                                    const struct environment_row *row, int64_t now_ms,
                                    struct snapshot **snapshot)
{
    struct snapshot_parts parts = {
        .environment = row->number,
        .version = row->version,
        .now_ms = now_ms,
        .app_id = row->app_id,
        .name = row->name,
    };
    struct fault fault = settings_decode(arena, text_of(json, STR("settings")), &parts.settings);
    if (!failed(fault))
        fault = decode_flags(arena, json, &parts);
    if (!failed(fault))
        fault = decode_segments(arena, json, &parts);
    if (!failed(fault))
        *snapshot = snapshot_make(&parts);
    release_parts(&parts);
    return fault;
}

struct fault disk_payload_decode(struct arena *arena, struct str payload, snapshot_renderer render,
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
    decode_credentials(arena, &json, &parts);

    size_t count = 0;
    const struct json *items = list_of(&json, STR("environments"), &count);
    struct snapshot **snapshots = ARENA_NEW_ARRAY(arena, struct snapshot *, count);
    size_t made = 0;
    while (made < count && !failed(fault)) {
        fault = decode_snapshot(arena, &items[made], &parts.environments[made], now_ms,
                                &snapshots[made]);
        made += failed(fault) ? 0 : 1;
    }
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
