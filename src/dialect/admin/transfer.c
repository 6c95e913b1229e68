/* SPDX-License-Identifier: Apache-2.0 */
/* transfer - export and import of an environment. See manage.h, transfer.h. */
#include "dialect/admin/transfer.h"

#include "dialect/admin/as_of.h"
#include "dialect/admin/manage.h"

/* ---- export -------------------------------------------------------------------------------- */

static bool read_wants_cohorts(struct exchange *x, bool *wants)
{
    struct str text = {0};
    if (!admin_read_query(x, STR("cohorts"), &text))
        return false;
    *wants = str_is_absent(text) || str_equal(text, STR("whole"));
    if (*wants || str_equal(text, STR("none")))
        return true;
    return admin_refuse_with(x, FAULT_INVALID, "", STR("cohorts must be whole or none"));
}

static void export_state(struct exchange *x, const struct admin_state *state, bool wants_cohorts)
{
    struct admin_answer answer;
    admin_answer_begin(&answer);
    struct fault fault =
        transfer_write(&answer.buf, x->view->catalog, state->snapshot, wants_cohorts);
    if (failed(fault)) {
        buf_close(&answer.buf);
        admin_refuse(x, fault, 0, (struct str){0});
        return;
    }
    admin_answer_end(x, &answer, 200);
}

void admin_export_environment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct admin_state state;
    bool wants_cohorts = false;
    if (!admin_find_environment(x, &environment) || !read_wants_cohorts(x, &wants_cohorts) ||
        !admin_state_open(x, environment, &state))
        return;
    export_state(x, &state, wants_cohorts);
    admin_state_close(&state);
}

/* ---- import -------------------------------------------------------------------------------- */

struct import {
    struct admin_condition condition;
    struct transfer transfer;
};

static struct fault put_import(struct edit *edit, void *input)
{
    const struct import *import = input;
    struct fault fault = whole_condition_check(edit, &import->condition);
    return failed(fault) ? fault : whole_put(edit, &import->transfer.state);
}

static bool read_mode(struct exchange *x, bool *is_whole)
{
    struct str mode = {0};
    if (!admin_read_query(x, STR("mode"), &mode))
        return false;
    *is_whole = str_equal(mode, STR("replace"));
    if (*is_whole || str_equal(mode, STR("merge")))
        return true;
    return admin_refuse_with(x, FAULT_INVALID, "",
                             STR("mode must be replace or merge: whether what the text does not "
                                 "have is deleted"));
}

static void apply_import(struct exchange *x, const struct catalog_environment *environment,
                         struct import *import)
{
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("environment.import"),
                            .subject = environment->id,
                            .environment = environment->number,
                            .edit = put_import,
                            .input = import};
    if (whole_read_acknowledgement(x, ACKNOWLEDGE_GROWTH | ACKNOWLEDGE_REUSE, &change))
        whole_apply(x, &change);
}

void admin_import_environment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct import import = {0};
    bool is_whole = false;
    if (!admin_find_environment(x, &environment) || !admin_may_write(x) ||
        !read_mode(x, &is_whole) || !admin_read_condition(x, &import.condition))
        return;
    struct fault fault = transfer_read(x->arena, x->view->catalog, environment->number,
                                       x->request->body, &import.transfer);
    import.transfer.state.is_whole = is_whole;
    if (failed(fault))
        admin_refuse(x, fault, 0, (struct str){0});
    else
        apply_import(x, environment, &import);
    transfer_close(&import.transfer);
}
