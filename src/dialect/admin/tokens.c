/* SPDX-License-Identifier: Apache-2.0 */
/* tokens - credentials that manage: people's own, those of apps and of environments. See manage.h;
 * how one comes to be: tokens_create.c. */
#include "dialect/admin/tokens.h"

#include "dialect/admin/listing.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/rights.h"

static const struct str kind_words[] = {STR("environment"), STR("app"), STR("personal")};
const struct name_list token_kinds = {kind_words, COUNT_OF(kind_words)};

/* ---- out ----------------------------------------------------------------------------------- */

static void write_reach(struct json_writer *writer, const struct catalog_credential *token)
{
    if (token->kind == CREDENTIAL_PERSONAL) {
        json_member_string(writer, STR("userId"), token->user_id);
        return;
    }
    if (token->kind == CREDENTIAL_APP) {
        json_member_string(writer, STR("appId"), token->app_id);
        return;
    }
    json_key(writer, STR("environments"));
    json_array_begin(writer);
    for (size_t i = 0; i < token->environment_count; i++)
        json_u64(writer, token->environments[i]);
    json_array_end(writer);
}

static enum token_kind kind_of(const struct catalog_credential *token)
{
    if (token->kind == CREDENTIAL_PERSONAL)
        return TOKEN_PERSONAL;
    return token->kind == CREDENTIAL_APP ? TOKEN_APP : TOKEN_ENVIRONMENT;
}

static void write_members(struct json_writer *writer, const struct catalog_credential *token)
{
    json_member_string(writer, STR("id"), token->id);
    json_member_string(writer, STR("kind"), name_at(&token_kinds, kind_of(token)));
    json_member_string_or_null(writer, STR("name"), token->name);
    json_member_string(writer, STR("prefix"), token->shown);
    json_member_string(writer, STR("tail"), token->tail);
    json_member_string(writer, STR("access"), token->is_read_only ? STR("read") : STR("write"));
    write_reach(writer, token);
    admin_member_instant(writer, STR("createdAt"), token->created_ms);
    admin_member_instant(writer, STR("expiresAt"), token->expires_ms);
}

/* One that is not theirs to see is not there. */
static const struct catalog_credential *find_token(const struct catalog *catalog,
                                                   const struct caller *caller, struct str id)
{
    const struct catalog_credential *token = catalog_find_credential(catalog, id);
    bool is_seen =
        token != NULL && rights_is_token(token) && rights_see_token(catalog, caller, token);
    return is_seen ? token : NULL;
}

bool token_write(struct json_writer *writer, const struct catalog *catalog,
                 const struct caller *caller, const struct resource_name *name)
{
    const struct catalog_credential *token = find_token(catalog, caller, name->id);
    if (token != NULL)
        write_members(writer, token);
    return token != NULL;
}

void admin_list_tokens(struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    struct listing listing;
    if (!listing_begin(x, &listing))
        return;
    for (size_t i = 0; i < catalog->credential_count; i++) {
        const struct catalog_credential *token = &catalog->credentials[i];
        if (rights_is_token(token) && rights_see_token(catalog, x->caller, token) &&
            listing_takes(&listing, token->created_ms, token->id)) {
            json_object_begin(listing.writer);
            write_members(listing.writer, token);
            json_object_end(listing.writer);
        }
    }
    listing_end(&listing);
}

void admin_get_token(struct exchange *x)
{
    const struct resource_name name = {.id = x->parameters[0]};
    resource_answer(x, token_write, &name, STR("there is no such token"));
}

/* ---- giving up ----------------------------------------------------------------------------- */

static struct fault allow_revoke(const struct catalog *catalog, const struct caller *caller,
                                 void *input)
{
    const struct str *id = input;
    const struct catalog_credential *token = find_token(catalog, caller, *id);
    if (token == NULL)
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such token"));
    if (rights_revoke_token(catalog, caller, token))
        return fault_none();
    return fault_make(FAULT_DENIED, STR(""),
                      caller->is_read_only ? STR("this credential may only read")
                                           : STR("an owner's token is an owner's to revoke"));
}

void admin_revoke_token(struct exchange *x)
{
    struct str id = x->parameters[0];
    struct resource_guard guard;
    if (!resource_guard_open(x, token_write, (struct resource_name){.id = id}, &guard))
        return;
    guard.allow = allow_revoke;
    guard.input = &id;
    struct change change = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("token.revoke"),
                            .subject = id,
                            .credential_id = id,
                            .guard = resource_guard_check,
                            .input = &guard};
    if (resource_guard_admits(x, &guard) && admin_apply(x, &change))
        admin_answer_nothing(x);
}
