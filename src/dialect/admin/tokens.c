/* SPDX-License-Identifier: Apache-2.0 */
/* tokens - credentials that manage some environments: list, create, revoke. See manage.h. */
#include <stdlib.h>

#include "base/instant.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/request.h"
#include "model/limits.h"

/* Those who administer see all; a token sees itself. */
static bool may_see(const struct caller *caller, const struct catalog_credential *token)
{
    if (caller->kind == CREDENTIAL_PERSONAL && caller->role >= ROLE_ADMIN)
        return true;
    return str_equal(caller->credential_id, token->id);
}

static void write_token(struct json_writer *writer, const struct catalog_credential *token)
{
    json_object_begin(writer);
    json_member_string(writer, STR("id"), token->id);
    if (!str_is_absent(token->name))
        json_member_string(writer, STR("name"), token->name);
    json_member_string(writer, STR("prefix"), token->shown);
    json_member_string(writer, STR("tail"), token->tail);
    json_key(writer, STR("environments"));
    json_array_begin(writer);
    for (size_t i = 0; i < token->environment_count; i++)
        json_u64(writer, token->environments[i]);
    json_array_end(writer);
    admin_member_instant(writer, STR("createdAt"), token->created_ms);
    admin_member_instant(writer, STR("expiresAt"), token->expires_ms);
    json_object_end(writer);
}

void admin_list_tokens(struct exchange *x)
{
    const struct catalog *catalog = x->view->catalog;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_key(writer, STR("tokens"));
    json_array_begin(writer);
    for (size_t i = 0; i < catalog->credential_count; i++) {
        const struct catalog_credential *token = &catalog->credentials[i];
        if (token->kind == CREDENTIAL_ENVIRONMENT && may_see(x->caller, token))
            write_token(writer, token);
    }
    json_array_end(writer);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}

/* ---- creating ------------------------------------------------------------------------------ */

static int compare_numbers(const void *a, const void *b)
{
    uint64_t first = *(const uint64_t *)a;
    uint64_t second = *(const uint64_t *)b;
    return (first > second) - (first < second);
}

static bool is_environment(const struct exchange *x, const struct json *item, uint64_t *number)
{
    if (item->type == JSON_STRING)
        return admin_parse_number(item->string, number) &&
               catalog_find_environment(x->view->catalog, *number) != NULL;
    if (item->type != JSON_NUMBER || item->number < 1 || item->number > 1e15)
        return false;
    *number = (uint64_t)item->number;
    return (double)*number == item->number &&
           catalog_find_environment(x->view->catalog, *number) != NULL;
}

/* Ascending, each once. */
static bool read_environments(struct exchange *x, const struct json *body, struct change *change)
{
    const struct json *list = json_find(body, STR("environments"));
    if (list == NULL || list->type != JSON_ARRAY || list->count == 0)
        return admin_refuse_with(x, FAULT_INVALID, "/environments",
                                 STR("must be a list of environment numbers"));
    uint64_t *numbers = ARENA_NEW_ARRAY(x->arena, uint64_t, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        if (!is_environment(x, &list->elements[i], &numbers[i]))
            return admin_refuse_with(x, FAULT_INVALID,
                                     arena_format(x->arena, "/environments/%u", i).data,
                                     STR("there is no such environment"));
    }
    qsort(numbers, list->count, sizeof(*numbers), compare_numbers);
    size_t count = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        if (count == 0 || numbers[count - 1] != numbers[i])
            numbers[count++] = numbers[i];
    }
    change->environments = numbers;
    change->environment_count = count;
    return true;
}

static bool read_name(struct exchange *x, const struct json *body, struct change *change)
{
    const struct json *name = json_find(body, STR("name"));
    if (name == NULL)
        return true;
    if (name->type != JSON_STRING || str_is_empty(name->string) ||
        name->string.size > TEXT_BYTES_MAX)
        return admin_refuse_with(x, FAULT_INVALID, "/name",
                                 STR("must be a text of 1 to 2048 bytes"));
    change->name = name->string;
    return true;
}

static bool read_expiry(struct exchange *x, const struct json *body, struct change *change)
{
    const struct json *expiry = json_find(body, STR("expiresAt"));
    if (expiry == NULL || expiry->type == JSON_NULL)
        return true;
    if (expiry->type != JSON_STRING || !instant_parse_date(expiry->string, &change->expires_ms) ||
        change->expires_ms <= x->now_ms)
        return admin_refuse_with(x, FAULT_INVALID, "/expiresAt",
                                 STR("must be an instant to come, as 2027-01-31T12:00:00Z"));
    return true;
}

void admin_create_token(struct exchange *x)
{
    static const struct str members[] = {STR("name"), STR("environments"), STR("expiresAt")};
    struct json body;
    struct change change = {.kind = CHANGE_CREATE_TOKEN, .action = STR("token.create")};
    if (!admin_may_administer(x) || !admin_read_body(x, members, COUNT_OF(members), &body) ||
        !read_environments(x, &body, &change) || !read_name(x, &body, &change) ||
        !read_expiry(x, &body, &change) || !admin_apply(x, &change))
        return;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("id"), change.created_id);
    json_member_string(writer, STR("token"), change.secret);
    if (!str_is_absent(change.name))
        json_member_string(writer, STR("name"), change.name);
    json_key(writer, STR("environments"));
    json_array_begin(writer);
    for (size_t i = 0; i < change.environment_count; i++)
        json_u64(writer, change.environments[i]);
    json_array_end(writer);
    admin_member_instant(writer, STR("createdAt"), change.at_ms);
    admin_member_instant(writer, STR("expiresAt"), change.expires_ms);
    json_object_end(writer);
    admin_answer_end(x, &answer, 201);
}

/* A token may give itself up. */
void admin_revoke_token(struct exchange *x)
{
    const struct catalog_credential *token =
        catalog_find_credential(x->view->catalog, x->parameters[0]);
    if (token == NULL || token->kind != CREDENTIAL_ENVIRONMENT || !may_see(x->caller, token)) {
        admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such token"));
        return;
    }
    struct change change = {.kind = CHANGE_REVOKE_CREDENTIAL,
                            .action = STR("token.revoke"),
                            .subject = token->id,
                            .credential_id = token->id};
    if (admin_apply(x, &change))
        admin_answer_nothing(x);
}
