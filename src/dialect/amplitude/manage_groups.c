/* SPDX-License-Identifier: Apache-2.0 */
/* manage_groups - mutual exclusion and holdout groups. See manage.h; amplitude-management-api.md 6
 * and 7. An edit of a group and of its members is one change, one version of the project. */
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/dependencies.h"
#include "dialect/amplitude/group.h"
#include "dialect/amplitude/listing.h"
#include "dialect/amplitude/manage.h"

static bool is_about_mutexes(const struct exchange *x)
{
    return str_contains(x->route->path, STR("/mutexes"));
}

static bool find_group(struct exchange *x, struct found *found)
{
    bool is_mutex = is_about_mutexes(x);
    return request_find(x, is_mutex ? KIND_MUTEX : KIND_HOLDOUT,
                        is_mutex ? STR("mutual exclusion group") : STR("holdout group"), found);
}

/* ---- reading --------------------------------------------------------------------------------- */

static void put_group(struct json_writer *writer, struct exchange *x,
                      const struct catalog_environment *environment, const struct members *members,
                      const struct flag_revision *revision)
{
    const struct group_source source = {
        .flag = &revision->flag,
        .environment = environment->number,
        .provenance = &revision->provenance,
        .members = members,
    };
    if (revision->flag.kind == FLAG_KIND_MUTEX)
        mutex_put(writer, x->arena, &source);
    else
        holdout_put(writer, x->arena, &source);
}

/* Members are found once per project, not once per group. */
struct known_members {
    const struct snapshot **snapshots;
    const struct members **members;
    size_t count;
};

static const struct members *members_of(struct exchange *x, struct known_members *known,
                                        const struct snapshot *snapshot)
{
    for (size_t i = 0; i < known->count; i++) {
        if (known->snapshots[i] == snapshot)
            return known->members[i];
    }
    known->snapshots[known->count] = snapshot;
    known->members[known->count] = members_find(x->arena, snapshot);
    return known->members[known->count++];
}

static void put_listed(struct json_writer *writer, struct exchange *x, const struct listed *listed,
                       void *input)
{
    const struct members *members = members_of(x, input, listed->snapshot);
    put_group(writer, x, listed->environment, members, listed->revision);
}

void amplitude_list_groups(struct exchange *x)
{
    struct page page;
    struct listing listing;
    bool is_mutex = is_about_mutexes(x);
    if (!listing_collect(x, is_mutex ? KIND_MUTEX : KIND_HOLDOUT, &listing) ||
        !request_page(x, &page))
        return;
    size_t environments = x->view->catalog->environment_count;
    struct known_members known = {
        .snapshots = ARENA_NEW_ARRAY(x->arena, const struct snapshot *, environments),
        .members = ARENA_NEW_ARRAY(x->arena, const struct members *, environments),
    };
    listing_answer(x, &listing, &page, is_mutex ? STR("mutexes") : STR("holdouts"), put_listed,
                   &known);
}

void amplitude_get_group(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    if (!find_group(x, &found))
        return;
    put_group(amplitude_answer_begin(&answer), x, found.environment,
              members_find(x->arena, found.snapshot), found.revision);
    amplitude_answer_end(x, &answer);
}

/* ---- members --------------------------------------------------------------------------------- */

static void set_members(struct wire *wire, struct edit *edit, const struct flag *group,
                        struct str variation, bool holds_holdouts, const struct member_list *list)
{
    if (!list->is_given || wire_failed(wire))
        return;
    const struct membership membership = {
        .group = group->key,
        .mode = group->evaluation_mode,
        .variation = variation,
        .holds_holdouts = holds_holdouts,
        .numbers = list->numbers,
        .count = list->count,
        .where = list->where,
    };
    membership_set(wire, edit, &membership);
}

static void set_slot(struct wire *wire, struct edit *edit, const struct flag *group,
                     const struct slot_input *slot)
{
    set_members(wire, edit, group, slot->variation, false, &slot->experiments);
    set_members(wire, edit, group, slot->variation, true, &slot->holdouts);
}

static void put(struct wire *wire, struct edit *edit, const struct flag *flag)
{
    if (!wire_failed(wire))
        wire->fault = edit_put_flag(edit, flag);
}

/* ---- creating -------------------------------------------------------------------------------- */

struct group_input {
    const struct exchange *x;
    const struct flag *flag;
    struct slot_input slots[SLOTS_PER_MUTEX_MAX];
    size_t slot_count;
    struct member_list experiments; /* of a holdout */
};

static struct fault edit_create(struct edit *edit, void *input)
{
    const struct group_input *group = input;
    struct wire wire = {.arena = edit_arena(edit)};
    if (edit_find_flag(edit, group->flag->key) != NULL)
        return fault_make(FAULT_CONFLICT, STR("key"), STR("is taken in this project"));
    put(&wire, edit, group->flag);
    for (size_t i = 0; i < group->slot_count; i++)
        set_slot(&wire, edit, group->flag, &group->slots[i]);
    set_members(&wire, edit, group->flag, STR("on"), false, &group->experiments);
    return wire.fault;
}

static bool begin_create(struct exchange *x, struct json *body,
                         const struct catalog_environment **environment)
{
    struct wire wire = {.arena = x->arena};
    uint64_t number = 0;
    if (!request_read_body(x, body))
        return false;
    wire_require(&wire, wire_id(&wire, body, STR(""), STR("projectId"), &number), STR(""),
                 STR("projectId"));
    return request_accept(x, &wire) && request_find_project(x, number, environment) &&
           request_may_write(x);
}

static void create(struct exchange *x, const struct catalog_environment *environment,
                   struct group_input *group, const char *collection)
{
    struct change change = {
        .kind = CHANGE_ENVIRONMENT,
        .action = STR("group.create"),
        .subject = group->flag->key,
        .environment = environment->number,
        .edit = edit_create,
        .input = group,
    };
    if (request_apply(x, &change))
        amplitude_answer_created(x, collection, change.created_number);
}

void amplitude_create_mutex(struct exchange *x)
{
    struct json body;
    struct flag flag;
    struct wire wire = {.arena = x->arena};
    struct group_input group = {.x = x, .flag = &flag};
    const struct catalog_environment *environment = NULL;
    if (!begin_create(x, &body, &environment))
        return;
    mutex_create(&wire, &body, &flag, group.slots, &group.slot_count);
    if (str_is_absent(flag.key))
        flag.key = group_random_key(x->arena, "mutex");
    if (request_accept(x, &wire))
        create(x, environment, &group, "mutexes");
}

void amplitude_create_holdout(struct exchange *x)
{
    struct json body;
    struct flag flag;
    struct wire wire = {.arena = x->arena};
    struct group_input group = {.x = x, .flag = &flag};
    const struct catalog_environment *environment = NULL;
    if (!begin_create(x, &body, &environment))
        return;
    holdout_create(&wire, &body, &flag, &group.experiments);
    if (str_is_absent(flag.key))
        flag.key = group_random_key(x->arena, "holdout");
    if (request_accept(x, &wire))
        create(x, environment, &group, "holdouts");
}

/* ---- editing --------------------------------------------------------------------------------- */

struct group_edit {
    uint64_t number;
    const struct json *body;
    struct str slot_index; /* of an edit of one slot */
    void (*apply)(struct wire *wire, struct edit *edit, const struct group_edit *input,
                  struct flag *group);
};

static struct fault run_edit(struct edit *edit, void *input)
{
    const struct group_edit *group = input;
    struct wire wire = {.arena = edit_arena(edit)};
    const struct flag *current = edit_find_flag_by_number(edit, group->number);
    if (current == NULL)
        return fault_make(FAULT_MISSING, STR("id"), STR("group"));
    struct flag flag = flag_copy(wire.arena, current);
    group->apply(&wire, edit, group, &flag);
    return wire.fault;
}

/* A group that is archived lets its members go; one that is restored does not know them again. */
static void apply_patch(struct wire *wire, struct edit *edit, const struct group_edit *input,
                        struct flag *group)
{
    struct member_list experiments = {0};
    if (group->kind == FLAG_KIND_MUTEX)
        mutex_patch(wire, input->body, group);
    else
        holdout_patch(wire, input->body, group, &experiments);
    if (group->is_archived && !wire_failed(wire))
        membership_clear(wire, edit, group->key);
    put(wire, edit, group);
    set_members(wire, edit, group, STR("on"), false, &experiments);
}

static void apply_slot(struct wire *wire, struct edit *edit, const struct group_edit *input,
                       struct flag *group)
{
    struct slot_input slot = {.variation = slot_variation(wire->arena, group, input->slot_index)};
    if (str_is_absent(slot.variation)) {
        wire->fault = fault_make(FAULT_MISSING, STR("slotIndex"), STR("slot"));
        return;
    }
    slot_patch(wire, input->body, group, &slot);
    put(wire, edit, group);
    set_slot(wire, edit, group, &slot);
}

static void edit_group(struct exchange *x, struct group_edit *edit)
{
    struct found found;
    struct json *body = ARENA_NEW(x->arena, struct json);
    if (!find_group(x, &found) || !request_may_write(x) || !request_read_body(x, body))
        return;
    edit->number = found.number;
    edit->body = body;
    struct change change = {
        .kind = CHANGE_ENVIRONMENT,
        .action = STR("group.update"),
        .subject = found.flag->key,
        .environment = found.environment->number,
        .edit = run_edit,
        .input = edit,
    };
    if (request_apply(x, &change))
        amplitude_answer_ok(x);
}

void amplitude_patch_group(struct exchange *x)
{
    struct group_edit edit = {.apply = apply_patch};
    edit_group(x, &edit);
}

void amplitude_patch_slot(struct exchange *x)
{
    struct group_edit edit = {.slot_index = x->parameters[1], .apply = apply_slot};
    edit_group(x, &edit);
}
