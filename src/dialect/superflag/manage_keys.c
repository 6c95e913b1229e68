/* SPDX-License-Identifier: Apache-2.0 */
/* manage_keys - reading keys of an environment: list, create, revoke. See manage.h. */
#include "auth/secret.h"
#include "dialect/superflag/answer.h"
#include "dialect/superflag/manage.h"
#include "dialect/superflag/request.h"

static bool is_reading_key(const struct catalog_credential *credential)
{
    return credential->kind == CREDENTIAL_BROWSER_KEY || credential->kind == CREDENTIAL_SERVER_KEY;
}

void superflag_list_keys(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!superflag_environment_of_query(x, &environment))
        return;
    const struct catalog *catalog = x->view->catalog;
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->credential_count; i++) {
        const struct catalog_credential *key = &catalog->credentials[i];
        if (key->environment != environment->number || !is_reading_key(key))
            continue;
        json_object_begin(writer);
        json_member_string(writer, STR("id"), key->id);
        json_member_string(writer, STR("type"), secret_prefix(key->kind));
        json_member_string(writer, STR("prefix"), key->shown);
        superflag_member_instant(writer, STR("createdAt"), key->created_ms);
        json_object_end(writer);
    }
    json_array_end(writer);
    superflag_answer_end(x, &answer, 200);
}

static bool parse_key_type(struct str text, enum credential_kind *kind)
{
    if (str_equal(text, STR("pub")))
        *kind = CREDENTIAL_BROWSER_KEY;
    else if (str_equal(text, STR("sdk")))
        *kind = CREDENTIAL_SERVER_KEY;
    else
        return false;
    return true;
}

void superflag_create_key(struct exchange *x)
{
    static const struct str members[] = {STR("appId"), STR("env"), STR("type")};
    struct json body;
    const struct catalog_environment *environment = NULL;
    if (!superflag_begin_change(x, members, COUNT_OF(members), &body, &environment))
        return;
    const struct json *type = json_find(&body, STR("type"));
    enum credential_kind kind = CREDENTIAL_BROWSER_KEY;
    if (type == NULL || type->type != JSON_STRING || !parse_key_type(type->string, &kind)) {
        superflag_refuse_with(x, 400, STR("Invalid key type"));
        return;
    }
    struct change change = {.kind = CHANGE_CREATE_KEY,
                            .action = STR("key.create"),
                            .environment = environment->number,
                            .key_kind = kind};
    if (!superflag_apply(x, &change))
        return;
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("id"), change.created_id);
    json_member_string(writer, STR("type"), secret_prefix(kind));
    json_member_string(writer, STR("key"), change.secret);
    superflag_member_instant(writer, STR("createdAt"), change.at_ms);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 201);
}

/* An id the caller may not see is answered as one that does not exist. */
static void revoke(struct exchange *x, struct str key_id)
{
    if (str_is_empty(key_id)) {
        superflag_refuse_with(x, 400, STR("keyId is required"));
        return;
    }
    const struct catalog_credential *key = catalog_find_credential(x->view->catalog, key_id);
    if (key == NULL || !is_reading_key(key) || !caller_sees_app(x->caller, key->app_id)) {
        superflag_refuse_with(x, 404, STR("Key not found"));
        return;
    }
    struct change change = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("key.revoke"),
                            .subject = key->id,
                            .credential_id = key->id};
    if (superflag_apply(x, &change))
        superflag_answer_success(x);
}

void superflag_delete_key(struct exchange *x)
{
    struct str key_id;
    if (superflag_may_write(x) && superflag_read_query(x, STR("keyId"), &key_id))
        revoke(x, key_id);
}

void superflag_patch_key(struct exchange *x)
{
    static const struct str members[] = {STR("keyId"), STR("revoked")};
    struct json body;
    struct str key_id;
    if (!superflag_may_write(x) || !superflag_read_body(x, &body) ||
        !superflag_knows_members(x, &body, members, COUNT_OF(members)) ||
        !superflag_read_text(x, &body, STR("keyId"), &key_id))
        return;
    const struct json *revoked = json_find(&body, STR("revoked"));
    if (revoked == NULL || revoked->type != JSON_BOOLEAN || !revoked->boolean) {
        superflag_refuse_with(x, 400, STR("revoked must be true"));
        return;
    }
    revoke(x, key_id);
}
