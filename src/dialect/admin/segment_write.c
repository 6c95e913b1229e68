/* SPDX-License-Identifier: Apache-2.0 */
/* segment_write - segments made, replaced, changed, deleted and restored. See manage.h. */
#include "change/edit.h"
#include "dialect/admin/as_of.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/segment_resource.h"
#include "model/codec.h"

struct segment_write {
    struct definition_write asked; /* of a document that was sent */
    const struct segment *past;    /* of one that is restored */
    uint64_t environment;
    struct arena *arena; /* the request's */
    /* Filled inside the edit. */
    struct segment written;
    bool is_new;
};

static bool begin(struct exchange *x, struct segment_write *write)
{
    const struct catalog_environment *environment = NULL;
    *write = (struct segment_write){.arena = x->arena};
    if (!admin_find_environment(x, &environment) || !admin_may_write(x))
        return false;
    write->environment = environment->number;
    return true;
}

static bool apply(struct exchange *x, struct segment_write *write, struct change *change)
{
    change->kind = CHANGE_ENVIRONMENT;
    change->environment = write->environment;
    change->input = write;
    return admin_apply(x, change);
}

static void answer(struct exchange *x, const struct segment_write *write,
                   const struct change *change)
{
    const struct segment_resource resource = {&write->written, change->version, NULL};
    segment_resource_answer(x, &resource, write->is_new ? 201 : 200);
}

static struct fault put(struct segment_write *write, struct edit *edit,
                        const struct segment *segment, const struct json *tree)
{
    struct fault fault = edit_put_segment(edit, segment);
    if (failed(fault))
        return definition_place_fault(edit_arena(edit), tree, fault);
    write->written = segment_copy(write->arena, edit_find_segment(edit, segment->key));
    return fault_none();
}

/* ---- made, replaced, changed ----------------------------------------------------------------- */

static struct fault decode(struct arena *arena, const struct definition_write *asked,
                           struct json *tree, struct segment *segment)
{
    definition_set_member(arena, tree, STR("id"), json_make_string(STR("")));
    definition_set_member(arena, tree, STR("key"), json_make_string(asked->key));
    return definition_place_fault(arena, tree, segment_decode_tree(arena, tree, segment));
}

static struct fault edit_write(struct edit *edit, void *input)
{
    struct segment_write *write = input;
    struct arena *arena = edit_arena(edit);
    const struct definition_write *asked = &write->asked;
    const struct segment *current = edit_find_segment(edit, asked->key);
    struct str text = {0};
    struct json tree;
    struct segment segment;
    if (current != NULL)
        text = definition_text_of_segment(arena, current);
    struct fault fault = definition_tree(arena, asked, text, &tree);
    if (!failed(fault))
        fault =
            admin_condition_check(&asked->condition, segment_tag_in_edit(edit, asked->key), arena);
    if (!failed(fault))
        fault = decode(arena, asked, &tree, &segment);
    if (failed(fault))
        return fault;
    write->is_new = current == NULL;
    return put(write, edit, &segment, &tree);
}

static void write_segment(struct exchange *x, enum definition_manner manner)
{
    struct segment_write write;
    unsigned said = 0;
    unsigned acknowledgeable = manner != DEFINITION_PATCH ? ACKNOWLEDGE_REUSE : 0;
    if (!begin(x, &write) || !admin_read_acknowledgement(x, acknowledgeable, &said) ||
        !definition_read(x, manner, &write.asked))
        return;
    struct change change = {
        .action = manner == DEFINITION_CREATE ? STR("segment.create") : STR("segment.update"),
        .subject = write.asked.key,
        .edit = edit_write,
        .reuse = said != 0 ? REUSE_ACKNOWLEDGED : REUSE_REFUSED,
    };
    if (apply(x, &write, &change))
        answer(x, &write, &change);
}

void admin_create_segment(struct exchange *x)
{
    write_segment(x, DEFINITION_CREATE);
}

void admin_put_segment(struct exchange *x)
{
    write_segment(x, DEFINITION_PUT);
}

void admin_patch_segment(struct exchange *x)
{
    write_segment(x, DEFINITION_PATCH);
}

/* ---- restored -------------------------------------------------------------------------------- */

static struct fault edit_restore(struct edit *edit, void *input)
{
    struct segment_write *write = input;
    struct arena *arena = edit_arena(edit);
    struct fault fault = admin_condition_check(&write->asked.condition,
                                               segment_tag_in_edit(edit, write->past->key), arena);
    const struct json nothing = {.type = JSON_NULL};
    return failed(fault) ? fault : put(write, edit, write->past, &nothing);
}

void admin_restore_segment(struct exchange *x)
{
    struct segment_write write;
    struct str version = {0};
    struct admin_state state;
    const struct catalog_environment *environment = NULL;
    if (!begin(x, &write) || !admin_find_environment(x, &environment) ||
        !admin_read_condition(x, &write.asked.condition) || !definition_read_version(x, &version) ||
        !admin_state_open_at(x, environment, version, "/version", &state))
        return;
    if (segment_find(x, state.snapshot, &write.past)) {
        struct change change = {.action = STR("segment.restore"),
                                .subject = write.past->key,
                                .edit = edit_restore,
                                .reuse = REUSE_UNASKED};
        if (apply(x, &write, &change))
            answer(x, &write, &change);
    }
    admin_state_close(&state);
}

/* ---- deleted --------------------------------------------------------------------------------- */

static struct fault edit_delete(struct edit *edit, void *input)
{
    const struct segment_write *write = input;
    struct arena *arena = edit_arena(edit);
    struct str key = write->asked.key;
    if (edit_find_segment(edit, key) == NULL)
        return fault_make(FAULT_MISSING, STR(""), STR("there is nothing under this key to delete"));
    struct fault fault =
        admin_condition_check(&write->asked.condition, segment_tag_in_edit(edit, key), arena);
    if (failed(fault))
        return fault;
    const struct resource resource = {RESOURCE_SEGMENT, key};
    const struct definition_users users = definition_users_find(arena, edit_state(edit), resource);
    fault = definition_users_refuse(arena, &users);
    return failed(fault) ? fault : edit_delete_segment(edit, key);
}

void admin_delete_segment(struct exchange *x)
{
    struct segment_write write;
    if (!begin(x, &write) || !admin_read_condition(x, &write.asked.condition))
        return;
    write.asked.key = x->parameters[1];
    struct change change = {
        .action = STR("segment.delete"), .subject = write.asked.key, .edit = edit_delete};
    if (apply(x, &write, &change))
        admin_answer_nothing(x);
}
