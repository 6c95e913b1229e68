/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_write - flags made, replaced, changed and deleted. See manage.h.
 *
 * A write is decided inside its edit, against the newest state: what it fills in, what it merges
 * with and what it must not deal anew is that of the flag it replaces, and not of one that was read
 * before.
 */
#include "dialect/admin/flag_write.h"
#include "change/edit.h"
#include "dialect/admin/definition.h"
#include "dialect/admin/flag_defaults.h"
#include "dialect/admin/flag_resource.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/problems.h"
#include "model/codec.h"

/* ---- what all writes keep -------------------------------------------------------------------- */

static bool is_listed(const struct flag *flag, uint64_t deployment)
{
    if (flag == NULL || flag->is_on_all_deployments)
        return false;
    for (size_t i = 0; i < flag->deployment_count; i++) {
        if (flag->deployments[i] == deployment)
            return true;
    }
    return false;
}

struct fault flag_write_check(struct flag_write *write, const struct flag *current,
                              const struct flag *flag)
{
    struct arena *arena = write->written.arena;
    for (size_t i = 0; !flag->is_on_all_deployments && i < flag->deployment_count; i++) {
        const struct catalog_deployment *deployment =
            catalog_find_deployment(write->catalog, flag->deployments[i]);
        bool is_there = deployment != NULL && deployment->environment == write->environment;
        if (!is_there && !is_listed(current, flag->deployments[i]))
            return fault_make(FAULT_INVALID, arena_format(arena, "/deployments/%zu", i),
                              STR("is no deployment of this environment"));
    }
    if (current == NULL || (write->acknowledged & ACKNOWLEDGE_RESHUFFLE) != 0)
        return fault_none();
    struct str where = {0};
    struct str why = flag_reshuffle(arena, current, flag, &where);
    if (str_is_absent(why))
        return fault_none();
    write->needs_acknowledgement = fault_make(FAULT_LIMIT, where, why);
    return write->needs_acknowledgement;
}

void flag_write_note_start(struct flag *flag, const struct flag *current)
{
    bool had_started = current != NULL && current->experiment.has_started;
    if (flag->kind == FLAG_KIND_EXPERIMENT && (flag->is_enabled || had_started))
        flag->experiment.has_started = true;
}

bool flag_write_apply(struct exchange *x, struct flag_write *write, struct change *change)
{
    change->kind = CHANGE_ENVIRONMENT;
    change->environment = write->environment;
    change->input = write;
    if ((write->acknowledged & ACKNOWLEDGE_REUSE) != 0)
        change->reuse = REUSE_ACKNOWLEDGED;
    if (admin_apply(x, change))
        return true;
    if (failed(write->needs_acknowledgement))
        problem_answer(x, problem_find(STR("needs_acknowledgement")), write->needs_acknowledgement,
                       STR(""), 0);
    return false;
}

bool flag_write_begin(struct exchange *x, struct flag_write *write)
{
    const struct catalog_environment *environment = NULL;
    *write = (struct flag_write){.written = {.arena = x->arena}, .catalog = x->view->catalog};
    if (!admin_find_environment(x, &environment) || !admin_may_write(x))
        return false;
    write->environment = environment->number;
    return true;
}

/* ---- made, replaced, changed ----------------------------------------------------------------- */

static struct fault decode(struct arena *arena, const struct json *tree, struct flag *flag)
{
    return definition_place_fault(arena, tree, flag_decode_tree(arena, tree, flag));
}

static struct fault edit_write(struct edit *edit, void *input)
{
    struct flag_write *write = input;
    struct arena *arena = edit_arena(edit);
    const struct definition_write *asked = &write->asked;
    const struct flag *current = edit_find_flag(edit, asked->key);
    struct str text = {0};
    struct json tree;
    struct flag flag;
    if (current != NULL)
        text =
            asked->manner == DEFINITION_PATCH ? definition_text_of_flag(arena, current) : STR("");
    struct fault fault = definition_tree(arena, asked, text, &tree);
    if (!failed(fault))
        fault = admin_condition_check(&asked->condition, flag_tag_in_edit(edit, asked->key), arena);
    if (failed(fault))
        return fault;
    flag_defaults_fill(arena, &tree, asked->key, current);
    fault = decode(arena, &tree, &flag);
    if (!failed(fault))
        fault = flag_write_check(write, current, &flag);
    if (failed(fault))
        return fault;
    write->is_new = current == NULL;
    flag_write_note_start(&flag, current);
    return flag_written_put(&write->written, edit, &flag, &tree);
}

/* What can be said to be meant: see the operations' queries. */
static unsigned acknowledgeable(enum definition_manner manner)
{
    return (manner != DEFINITION_CREATE ? ACKNOWLEDGE_RESHUFFLE : 0u) |
           (manner != DEFINITION_PATCH ? ACKNOWLEDGE_REUSE : 0u);
}

static void write_flag(struct exchange *x, enum definition_manner manner)
{
    struct flag_write write;
    if (!flag_write_begin(x, &write) ||
        !admin_read_acknowledgement(x, acknowledgeable(manner), &write.acknowledged) ||
        !definition_read(x, manner, &write.asked))
        return;
    struct change change = {
        .action = manner == DEFINITION_CREATE ? STR("flag.create") : STR("flag.update"),
        .subject = write.asked.key,
        .edit = edit_write,
    };
    if (!flag_write_apply(x, &write, &change))
        return;
    const struct flag_resource resource = flag_written_resource(&write.written, &change);
    flag_resource_answer(x, &resource, write.is_new ? 201 : 200);
}

void admin_create_flag(struct exchange *x)
{
    write_flag(x, DEFINITION_CREATE);
}

void admin_put_flag(struct exchange *x)
{
    write_flag(x, DEFINITION_PUT);
}

void admin_patch_flag(struct exchange *x)
{
    write_flag(x, DEFINITION_PATCH);
}

/* ---- deleted --------------------------------------------------------------------------------- */

struct deletion {
    struct str key;
    unsigned kinds; /* bit n: enum flag_kind n */
    struct admin_condition condition;
    struct str (*tag)(struct edit *edit, struct str key);
};

static struct fault edit_delete(struct edit *edit, void *input)
{
    const struct deletion *deletion = input;
    struct arena *arena = edit_arena(edit);
    const struct flag *flag = edit_find_flag(edit, deletion->key);
    if (flag == NULL || (deletion->kinds >> flag->kind & 1u) == 0)
        return fault_make(FAULT_MISSING, STR(""), STR("there is nothing under this key to delete"));
    struct fault fault =
        admin_condition_check(&deletion->condition, deletion->tag(edit, deletion->key), arena);
    if (failed(fault))
        return fault;
    const struct resource resource = {RESOURCE_FLAG, deletion->key};
    const struct definition_users users = definition_users_find(arena, edit_state(edit), resource);
    fault = definition_users_refuse(arena, &users);
    return failed(fault) ? fault : edit_delete_flag(edit, deletion->key);
}

void flag_delete(struct exchange *x, unsigned kinds, struct str action,
                 struct str (*tag)(struct edit *edit, struct str key))
{
    const struct catalog_environment *environment = NULL;
    struct deletion deletion = {.key = x->parameters[1], .kinds = kinds, .tag = tag};
    if (!admin_find_environment(x, &environment) || !admin_may_write(x) ||
        !admin_read_condition(x, &deletion.condition))
        return;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = action,
                            .subject = deletion.key,
                            .environment = environment->number,
                            .edit = edit_delete,
                            .input = &deletion};
    if (admin_apply(x, &change))
        admin_answer_nothing(x);
}

void admin_delete_flag(struct exchange *x)
{
    flag_delete(x, FLAG_FILTER_ALL_KINDS, STR("flag.delete"), flag_tag_in_edit);
}
