/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage_flags - flags: list, create, update, delete, bulk. See manage.h.
 *
 * The edits run on the writer thread against the newest state. Their input borrows from the
 * request, whose handler waits meanwhile.
 */
#include "change/edit.h"
#include "dialect/superflag/answer.h"
#include "dialect/superflag/legacy.h"
#include "dialect/superflag/manage.h"
#include "dialect/superflag/request.h"

void superflag_list_flags(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!superflag_environment_of_query(x, &environment))
        return;
    const struct snapshot *snapshot = view_of(x->view, environment);
    x->version = snapshot->version;
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        json_key(writer, snapshot->state.flags[i]->key);
        superflag_append_legacy_flag(writer, snapshot->state.flags[i], true);
    }
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
}

/* {"version": n, "flag": {…}} */
static void answer_flag(struct exchange *x, int status, uint64_t version, const struct flag *flag)
{
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_u64(writer, STR("version"), version);
    json_key(writer, STR("flag"));
    superflag_append_legacy_flag(writer, flag, true);
    json_object_end(writer);
    superflag_answer_end(x, &answer, status);
}

static struct fault flag_missing(void)
{
    return fault_make(FAULT_MISSING, STR("key"), STR("Flag not found"));
}

/* ---- create ------------------------------------------------------------------------------ */

static struct fault edit_create(struct edit *edit, void *input)
{
    const struct flag *flag = input;
    if (edit_find_flag(edit, flag->key) != NULL)
        return fault_make(FAULT_CONFLICT, STR("key"), STR("Flag already exists"));
    return edit_put_flag(edit, flag);
}

static bool read_key(struct exchange *x, const struct json *body, struct str *key)
{
    if (!superflag_read_text(x, body, STR("key"), key))
        return false;
    if (!str_is_empty(*key))
        return true;
    superflag_refuse_with(x, 400, STR("key is required"));
    return false;
}

static bool decode_flag(struct exchange *x, const struct json *body, struct flag *flag)
{
    struct str key;
    if (!read_key(x, body, &key))
        return false;
    /* Whatever is no known type, a missing one and a number too, is an invalid flag type. */
    const struct json *member = json_find(body, STR("type"));
    struct str type = member != NULL && member->type == JSON_STRING ? member->string : STR("");
    struct fault fault = superflag_decode_legacy_flag(
        x->arena, key, type, json_find(body, STR("value")), json_find(body, STR("rollout")),
        json_find(body, STR("variants")), json_find(body, STR("clientEnabled")), flag);
    if (!failed(fault))
        return true;
    superflag_refuse(x, fault, 0, (struct str){0});
    return false;
}

static bool knows_flag_members(struct exchange *x, const struct json *body)
{
    static const struct str members[] = {STR("appId"),    STR("env"),          STR("key"),
                                         STR("type"),     STR("value"),        STR("rollout"),
                                         STR("variants"), STR("clientEnabled")};
    static const struct str of_rollout[] = {STR("percentage")};
    static const struct str of_variant[] = {STR("value"), STR("weight"), STR("name")};
    const struct json *rollout = json_find(body, STR("rollout"));
    const struct json *variants = json_find(body, STR("variants"));
    bool knows = superflag_knows_members(x, body, members, COUNT_OF(members));
    if (knows && rollout != NULL && rollout->type == JSON_OBJECT)
        knows = superflag_knows_members(x, rollout, of_rollout, COUNT_OF(of_rollout));
    bool has_variants = variants != NULL && variants->type == JSON_ARRAY;
    for (uint32_t i = 0; knows && has_variants && i < variants->count; i++) {
        if (variants->elements[i].type == JSON_OBJECT)
            knows = superflag_knows_members(x, &variants->elements[i], of_variant,
                                            COUNT_OF(of_variant));
    }
    return knows;
}

void superflag_create_flag(struct exchange *x)
{
    struct json body;
    const struct catalog_environment *environment = NULL;
    struct flag flag;
    if (!superflag_may_write(x) || !superflag_read_body(x, &body) ||
        !knows_flag_members(x, &body) || !superflag_environment_of_body(x, &body, &environment) ||
        !decode_flag(x, &body, &flag))
        return;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("flag.create"),
                            .subject = flag.key,
                            .environment = environment->number,
                            .edit = edit_create,
                            .input = &flag};
    if (superflag_apply(x, &change))
        answer_flag(x, 201, change.version, &flag);
}

/* ---- update ------------------------------------------------------------------------------ */

struct patch {
    struct str key;
    const struct json *body;
    struct arena *arena; /* of the request: the patched flag is shown once the change is made */
    struct flag patched;
};

static struct fault edit_patch(struct edit *edit, void *input)
{
    struct patch *patch = input;
    const struct flag *current = edit_find_flag(edit, patch->key);
    if (current == NULL)
        return flag_missing();
    struct flag patched;
    struct fault fault =
        superflag_patch_legacy_flag(edit_arena(edit), current, patch->body, &patched);
    if (!failed(fault))
        fault = edit_put_flag(edit, &patched);
    if (!failed(fault))
        patch->patched = flag_copy(patch->arena, &patched);
    return fault;
}

void superflag_patch_flag(struct exchange *x)
{
    struct json body;
    const struct catalog_environment *environment = NULL;
    struct patch patch = {.body = &body, .arena = x->arena};
    if (!superflag_may_write(x) || !superflag_read_body(x, &body) ||
        !knows_flag_members(x, &body) || !superflag_environment_of_body(x, &body, &environment) ||
        !read_key(x, &body, &patch.key))
        return;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("flag.update"),
                            .subject = patch.key,
                            .environment = environment->number,
                            .edit = edit_patch,
                            .input = &patch};
    if (superflag_apply(x, &change))
        answer_flag(x, 200, change.version, &patch.patched);
}

/* ---- delete ------------------------------------------------------------------------------ */

static struct fault edit_delete(struct edit *edit, void *input)
{
    const struct str *key = input;
    return edit_find_flag(edit, *key) == NULL ? flag_missing() : edit_delete_flag(edit, *key);
}

void superflag_delete_flag(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct str key;
    if (!superflag_may_write(x) || !superflag_environment_of_query(x, &environment) ||
        !superflag_read_query(x, STR("key"), &key))
        return;
    if (str_is_empty(key)) {
        superflag_refuse_with(x, 400, STR("key is required"));
        return;
    }
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("flag.delete"),
                            .subject = key,
                            .environment = environment->number,
                            .edit = edit_delete,
                            .input = &key};
    if (!superflag_apply(x, &change))
        return;
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_u64(writer, STR("version"), change.version);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
}

/* ---- bulk -------------------------------------------------------------------------------- */

static struct fault edit_one_of_bulk(struct edit *edit, const struct json_member *member)
{
    const struct flag *current = edit_find_flag(edit, member->key);
    if (current == NULL)
        return fault_make(
            FAULT_MISSING, STR("flags"),
            arena_format(edit_arena(edit), "Flag not found: %.*s", STR_ARG(member->key)));
    struct flag patched;
    struct fault fault =
        superflag_patch_legacy_value(edit_arena(edit), current, &member->value, &patched);
    if (!failed(fault))
        return edit_put_flag(edit, &patched);
    fault.why =
        arena_format(edit_arena(edit), "%.*s: %.*s", STR_ARG(member->key), STR_ARG(fault.why));
    return fault;
}

static struct fault edit_bulk(struct edit *edit, void *input)
{
    const struct json *flags = input;
    for (uint32_t i = 0; i < flags->count; i++) {
        struct fault fault = edit_one_of_bulk(edit, &flags->members[i]);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

void superflag_bulk_flags(struct exchange *x)
{
    static const struct str members[] = {STR("appId"), STR("env"), STR("flags")};
    struct json body;
    const struct catalog_environment *environment = NULL;
    if (!superflag_begin_change(x, members, COUNT_OF(members), &body, &environment))
        return;
    const struct json *flags = json_find(&body, STR("flags"));
    if (flags == NULL || flags->type != JSON_OBJECT || flags->count == 0) {
        superflag_refuse_with(x, 400, STR("flags must be a non-empty object"));
        return;
    }
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("flag.bulk"),
                            .subject = environment->id,
                            .environment = environment->number,
                            .edit = edit_bulk,
                            .keeps_same_flags = true,
                            .input = (void *)flags};
    if (!superflag_apply(x, &change))
        return;
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_u64(writer, STR("version"), change.version);
    json_member_u64(writer, STR("updated"), flags->count);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
}
