/* SPDX-License-Identifier: Apache-2.0 */
/* disk_payload - a view as JSON: see disk_payload.h; the way back: disk_payload_decode.c. */
#include "snapshot/disk_payload.h"

#include <sodium.h>

#include "snapshot/documents.h"
#include "snapshot/member.h"

static void encode_users(struct json_writer *writer, const struct catalog *catalog)
{
    json_key(writer, STR("users"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->user_count; i++) {
        json_object_begin(writer);
        json_member_string(writer, STR("id"), catalog->users[i].id);
        json_member_string(writer, STR("email"), catalog->users[i].email);
        json_member_u64(writer, STR("role"), (uint64_t)catalog->users[i].role);
        json_member_u64(writer, STR("createdMs"), (uint64_t)catalog->users[i].created_ms);
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
        member_optional(writer, STR("name"), credential->name);
        member_optional(writer, STR("userId"), credential->user_id);
        member_optional(writer, STR("appId"), credential->app_id);
        json_member_u64(writer, STR("environment"), credential->environment);
        json_member_u64(writer, STR("deployment"), credential->deployment);
        json_key(writer, STR("environments"));
        json_array_begin(writer);
        for (size_t j = 0; j < credential->environment_count; j++)
            json_u64(writer, credential->environments[j]);
        json_array_end(writer);
        json_member_u64(writer, STR("createdMs"), (uint64_t)credential->created_ms);
        json_member_u64(writer, STR("expiresMs"), (uint64_t)credential->expires_ms);
        json_member_boolean(writer, STR("isReadOnly"), credential->is_read_only);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void encode_deployments(struct json_writer *writer, const struct catalog *catalog)
{
    json_key(writer, STR("deployments"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        const struct catalog_deployment *deployment = &catalog->deployments[i];
        json_object_begin(writer);
        json_member_u64(writer, STR("number"), deployment->number);
        json_member_u64(writer, STR("environment"), deployment->environment);
        json_member_string(writer, STR("label"), deployment->label);
        json_member_string(writer, STR("key"), deployment->key);
        json_member_u64(writer, STR("kind"), (uint64_t)deployment->kind);
        json_member_boolean(writer, STR("isArchived"), deployment->is_archived);
        json_member_u64(writer, STR("createdMs"), (uint64_t)deployment->created_ms);
        json_object_end(writer);
    }
    json_array_end(writer);
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
        json_member_boolean(writer, STR("hidesFlagsByDefault"),
                            environment->hides_flags_by_default);
        const struct snapshot_parts parts = documents_of(view->snapshots[i]);
        documents_encode(&parts, writer);
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
    encode_deployments(&writer, view->catalog);
    encode_credentials(&writer, view->catalog);
    json_object_end(&writer);
}
