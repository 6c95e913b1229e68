/* SPDX-License-Identifier: Apache-2.0 */
/* groups - mutual exclusion and holdouts: lists, one, made, deleted. See manage.h; members are
 * group_members.c's. */
#include "dialect/admin/as_of.h"
#include "dialect/admin/flag_defaults.h"
#include "dialect/admin/flag_resource.h"
#include "dialect/admin/flag_write.h"
#include "dialect/admin/manage.h"
#include "model/group.h"
#include "model/limits.h"
#include "model/names.h"

/* ---- as they are shown ----------------------------------------------------------------------- */

static void write_members(struct json_writer *writer, const struct flag *group,
                          struct str variation, const struct environment_state *state,
                          const struct group_members *members)
{
    uint32_t i = members == NULL ? MAP_ABSENT : group_members_first(members, group->key);
    json_key(writer, STR("members"));
    json_array_begin(writer);
    for (; i != MAP_ABSENT; i = members->list[i].next) {
        if (str_equal(members->list[i].variation, variation))
            json_string(writer, state->flags[members->list[i].flag]->key);
    }
    json_array_end(writer);
}

static void write_slots(struct json_writer *writer, const struct flag *group,
                        const struct environment_state *state, const struct group_members *members)
{
    json_key(writer, STR("slots"));
    json_array_begin(writer);
    for (size_t i = 0; i < group->variation_count; i++) {
        struct str slot = group->variations[i].id;
        if (!group_is_slot(slot))
            continue;
        json_object_begin(writer);
        json_member_string(writer, STR("name"), slot);
        json_member_u64(writer, STR("percent"), group_percent(group, slot));
        write_members(writer, group, slot, state, members);
        json_object_end(writer);
    }
    json_array_end(writer);
}

/* members: of the state the group was read in; NULL: it has none yet. */
static void group_resource_write(struct json_writer *writer, const struct flag_resource *resource,
                                 const struct environment_state *state,
                                 const struct group_members *members)
{
    const struct flag *group = resource->flag;
    json_object_begin(writer);
    json_member_string(writer, STR("key"), group->key);
    json_member_string(writer, STR("kind"), name_at(&flag_kind_names, group->kind));
    json_member_string(writer, STR("name"), str_is_absent(group->name) ? group->key : group->name);
    json_member_string(writer, STR("description"),
                       str_is_absent(group->description) ? STR("") : group->description);
    json_member_string(writer, STR("id"), group->id);
    json_member_u64(writer, STR("number"), resource->provenance.number);
    json_member_u64(writer, STR("revision"), resource->provenance.sequence);
    json_member_u64(writer, STR("version"), resource->version);
    json_member_boolean(writer, STR("archived"), group->is_archived);
    if (group->kind == FLAG_KIND_MUTEX) {
        write_slots(writer, group, state, members);
    } else {
        json_member_u64(writer, STR("percent"), group_percent(group, STR("holdout")));
        write_members(writer, group, group_not_held_out, state, members);
    }
    json_object_end(writer);
}

/* A group is what its document says and who its members are. */
static struct str tag_of(struct arena *arena, const struct flag *group,
                         const struct provenance *provenance, const struct environment_state *state,
                         const struct group_members *members)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, admin_tag_of_flag(arena, provenance));
    uint32_t i = members == NULL ? MAP_ABSENT : group_members_first(members, group->key);
    for (; i != MAP_ABSENT; i = members->list[i].next) {
        const struct group_member *member = &members->list[i];
        buf_append_format(&text, " %.*s %.*s", STR_ARG(member->variation),
                          STR_ARG(state->flags[member->flag]->key));
    }
    struct str tag = admin_tag_of_text(arena, buf_str(&text));
    buf_close(&text);
    return tag;
}

static struct str tag_in_edit(struct edit *edit, struct str key)
{
    const struct environment_state *state = edit_state(edit);
    const struct group_members members = group_members_find(edit_arena(edit), state);
    return tag_of(edit_arena(edit), edit_find_flag(edit, key), edit_flag_provenance(edit, key),
                  state, &members);
}

static void write_listed(struct json_writer *writer, const struct snapshot *snapshot,
                         const struct flag_revision *revision, void *input)
{
    const struct flag_resource group = {&revision->flag, revision->provenance, snapshot->version};
    group_resource_write(writer, &group, &snapshot->state, input);
}

void admin_list_groups(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct admin_page page;
    struct admin_state state;
    const struct flag_filter filter = {.kinds = FLAG_FILTER_GROUPS};
    if (!admin_find_environment(x, &environment) || !admin_read_page(x, &page) ||
        !admin_state_open(x, environment, &state))
        return;
    struct group_members members = group_members_find(x->arena, &state.snapshot->state);
    flag_list_answer(x, state.snapshot, &page, &filter, write_listed, &members);
    admin_state_close(&state);
}

static void answer_group(struct exchange *x, const struct flag_resource *group,
                         const struct environment_state *state, const struct group_members *members,
                         int status)
{
    struct admin_answer answer;
    x->version = group->version;
    group_resource_write(admin_answer_begin(&answer), group, state, members);
    admin_answer_tag(x, tag_of(x->arena, group->flag, &group->provenance, state, members));
    admin_answer_end(x, &answer, status);
}

void admin_get_group(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct admin_state state;
    if (!admin_find_environment(x, &environment) || !admin_state_open(x, environment, &state))
        return;
    const struct flag_revision *revision = snapshot_find_flag(state.snapshot, x->parameters[1]);
    if (revision != NULL && flag_is_group(&revision->flag)) {
        const struct flag_resource group = {&revision->flag, revision->provenance,
                                            state.snapshot->version};
        const struct group_members members = group_members_find(x->arena, &state.snapshot->state);
        answer_group(x, &group, &state.snapshot->state, &members, 200);
    } else {
        admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such group"));
    }
    admin_state_close(&state);
}

/* ---- made ------------------------------------------------------------------------------------ */

static bool read_percent(struct exchange *x, const struct json *object, const char *where,
                         uint32_t max, uint32_t *percent)
{
    const struct json *json = json_find(object, STR("percent"));
    bool is_good = json != NULL && json->type == JSON_NUMBER && json->number >= 1 &&
                   json->number <= max && json->number == (double)(uint32_t)json->number;
    if (!is_good)
        return admin_refuse_with(
            x, FAULT_INVALID, where,
            arena_format(x->arena, "must be a whole number from 1 to %u", max));
    *percent = (uint32_t)json->number;
    return true;
}

static bool read_slot(struct exchange *x, const struct json *slot, uint32_t index,
                      uint32_t *percent)
{
    const char *where = arena_format(x->arena, "/slots/%u", index).data;
    if (slot->type != JSON_OBJECT)
        return admin_refuse_with(x, FAULT_INVALID, where, STR("must be an object"));
    for (uint32_t i = 0; i < slot->count; i++) {
        if (!str_equal(slot->members[i].key, STR("percent")))
            return admin_refuse_with(x, FAULT_INVALID, where, STR("knows percent alone"));
    }
    return read_percent(x, slot, arena_format(x->arena, "%s/percent", where).data, 100, percent);
}

static bool read_mutex(struct exchange *x, const struct json *body, struct flag *group)
{
    uint32_t percents[SLOTS_PER_MUTEX_MAX];
    uint32_t total = 0;
    const struct json *slots = json_find(body, STR("slots"));
    if (json_find(body, STR("percent")) != NULL)
        return admin_refuse_with(x, FAULT_INVALID, "/percent", STR("is only for holdouts"));
    if (slots == NULL || slots->type != JSON_ARRAY || slots->count == 0 ||
        slots->count > SLOTS_PER_MUTEX_MAX)
        return admin_refuse_with(x, FAULT_INVALID, "/slots", STR("must be a list of 1 to 20"));
    for (uint32_t i = 0; i < slots->count; i++) {
        if (!read_slot(x, &slots->elements[i], i, &percents[i]))
            return false;
        total += percents[i];
    }
    if (total > 100)
        return admin_refuse_with(x, FAULT_INVALID, "/slots",
                                 STR("must have at most 100 percent together"));
    *group = group_make_mutex(x->arena, percents, slots->count);
    return true;
}

static bool read_holdout(struct exchange *x, const struct json *body, struct flag *group)
{
    uint32_t percent = 0;
    if (json_find(body, STR("slots")) != NULL)
        return admin_refuse_with(x, FAULT_INVALID, "/slots",
                                 STR("is only for mutual exclusion groups"));
    if (!read_percent(x, body, "/percent", 99, &percent))
        return false;
    *group = group_make_holdout(x->arena, percent);
    return true;
}

static bool read_text(struct exchange *x, const struct json *body, const char *where,
                      bool is_needed, struct str *text)
{
    const struct json *json = json_find(body, str_of(where + 1));
    if (json == NULL && !is_needed)
        return true;
    if (json == NULL || json->type != JSON_STRING)
        return admin_refuse_with(x, FAULT_INVALID, where, STR("must be a string"));
    *text = json->string.data == NULL ? STR("") : json->string;
    return true;
}

static bool read_group(struct exchange *x, struct flag *group)
{
    static const struct str members[] = {STR("kind"),        STR("key"),     STR("name"),
                                         STR("description"), STR("percent"), STR("slots")};
    struct json body;
    struct str kind = {0};
    if (!admin_read_body(x, members, COUNT_OF(members), &body) ||
        !read_text(x, &body, "/kind", true, &kind))
        return false;
    bool is_mutex = str_equal(kind, STR("mutex"));
    if (!is_mutex && !str_equal(kind, STR("holdout")))
        return admin_refuse_with(x, FAULT_INVALID, "/kind", STR("must be mutex or holdout"));
    if (!(is_mutex ? read_mutex(x, &body, group) : read_holdout(x, &body, group)))
        return false;
    group->salt = flag_random_salt(x->arena);
    group->bucket_by = flag_default_selector;
    group->description = STR("");
    group->owner = STR("");
    return read_text(x, &body, "/key", true, &group->key) &&
           read_text(x, &body, "/name", false, &group->name) &&
           read_text(x, &body, "/description", false, &group->description);
}

struct creation {
    struct flag_write write; /* first: the edit's input */
    struct flag group;
};

static struct fault edit_create(struct edit *edit, void *input)
{
    struct creation *creation = input;
    const struct json nothing = {.type = JSON_NULL};
    if (edit_find_flag(edit, creation->group.key) != NULL)
        return fault_make(FAULT_CONFLICT, STR("/key"), STR("is taken in this environment"));
    return flag_written_put(&creation->write.written, edit, &creation->group, &nothing);
}

void admin_create_group(struct exchange *x)
{
    struct creation creation;
    if (!flag_write_begin(x, &creation.write) ||
        !admin_read_acknowledgement(x, ACKNOWLEDGE_REUSE, &creation.write.acknowledged) ||
        !read_group(x, &creation.group))
        return;
    struct change change = {
        .action = STR("group.create"), .subject = creation.group.key, .edit = edit_create};
    if (!flag_write_apply(x, &creation.write, &change))
        return;
    const struct flag_resource group = flag_written_resource(&creation.write.written, &change);
    answer_group(x, &group, NULL, NULL, 201);
    x->response.headers = arena_format(
        x->arena, "%.*sLocation: /admin/v1/environments/%.*s/groups/%.*s\r\n",
        STR_ARG(x->response.headers), STR_ARG(x->parameters[0]), STR_ARG(group.flag->key));
}

void admin_delete_group(struct exchange *x)
{
    flag_delete(x, FLAG_FILTER_GROUPS, STR("group.delete"), tag_in_edit);
}
