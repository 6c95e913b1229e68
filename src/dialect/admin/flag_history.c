/* SPDX-License-Identifier: Apache-2.0 */
/* flag_history - what a flag was, and going back to it. See manage.h. */
#include "dialect/admin/as_of.h"
#include "dialect/admin/flag_write.h"
#include "dialect/admin/manage.h"

/* ---- history --------------------------------------------------------------------------------- */

struct lookup {
    uint64_t environment;
    struct str key;
    struct str id; /* absent: of the flag that has the key, or had it last */
    uint64_t number;
};

static struct fault find_number(struct store *store, void *input)
{
    struct lookup *lookup = input;
    if (!str_is_absent(lookup->id))
        return store_find_number_of_id(store, lookup->environment, lookup->key, lookup->id,
                                       &lookup->number);
    return store_find_number_of_key(store, lookup->environment, lookup->key, &lookup->number);
}

void admin_list_flag_history(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct lookup lookup = {.key = x->parameters[1]};
    if (!admin_find_environment(x, &environment) || !admin_read_query(x, STR("id"), &lookup.id))
        return;
    lookup.environment = environment->number;
    struct fault fault = change_read_store(x->services->changer, find_number, &lookup);
    if (!failed(fault) && lookup.number == 0)
        fault = fault_make(FAULT_MISSING, STR(""), STR("there never was such a flag"));
    if (failed(fault)) {
        admin_refuse(x, fault, 0, (struct str){0});
        return;
    }
    const struct definition_history history = {
        .x = x, .environment = environment->number, .number = lookup.number};
    definition_answer_history(&history);
}

/* ---- restore --------------------------------------------------------------------------------- */

struct restoring {
    struct flag_write write; /* first: the edit's input */
    const struct flag *past;
};

static struct fault edit_restore(struct edit *edit, void *input)
{
    struct restoring *restoring = input;
    struct flag flag = *restoring->past;
    const struct flag *current = edit_find_flag(edit, flag.key);
    struct fault fault = admin_condition_check(&restoring->write.asked.condition,
                                               flag_tag_in_edit(edit, flag.key), edit_arena(edit));
    if (!failed(fault))
        fault = flag_write_check(&restoring->write, current, &flag);
    if (failed(fault))
        return fault;
    const struct json nothing = {.type = JSON_NULL};
    flag_write_note_start(&flag, current);
    return flag_written_put(&restoring->write.written, edit, &flag, &nothing);
}

struct newest {
    struct arena *arena;
    struct provenance *provenance;
};

/* A flag that was deleted goes on where it ended, which is later than where it is taken from. */
static struct fault read_newest(struct store *store, void *input)
{
    const struct newest *newest = input;
    const struct history_page page = {.limit = 1};
    struct revision_row *rows = NULL;
    size_t count = 0;
    struct fault fault = store_load_object_history(store, newest->arena, newest->provenance->number,
                                                   page, &rows, &count);
    if (!failed(fault) && count > 0)
        newest->provenance->sequence = rows[0].sequence;
    return fault;
}

static void restore(struct exchange *x, struct restoring *restoring,
                    const struct flag_revision *past)
{
    struct flag_write *write = &restoring->write;
    struct newest newest = {.arena = x->arena, .provenance = &write->written.before};
    write->written.before = past->provenance;
    restoring->past = &past->flag;
    struct fault fault = change_read_store(x->services->changer, read_newest, &newest);
    if (failed(fault)) {
        admin_refuse(x, fault, 0, (struct str){0});
        return;
    }
    struct change change = {.action = STR("flag.restore"),
                            .subject = past->flag.key,
                            .edit = edit_restore,
                            .reuse = REUSE_UNASKED};
    if (!flag_write_apply(x, write, &change))
        return;
    const struct flag_resource resource = flag_written_resource(&write->written, &change);
    flag_resource_answer(x, &resource, 200);
}

void admin_restore_flag(struct exchange *x)
{
    struct restoring restoring;
    struct flag_write *write = &restoring.write;
    struct str version = {0};
    struct admin_state state;
    const struct catalog_environment *environment = NULL;
    if (!flag_write_begin(x, write) || !admin_find_environment(x, &environment) ||
        !admin_read_condition(x, &write->asked.condition) ||
        !admin_read_acknowledgement(x, ACKNOWLEDGE_RESHUFFLE, &write->acknowledged) ||
        !definition_read_version(x, &version) ||
        !admin_state_open_at(x, environment, version, "/version", &state))
        return;
    const struct flag_revision *past = NULL;
    if (flag_find(x, state.snapshot, &past))
        restore(x, &restoring, past);
    admin_state_close(&state);
}
