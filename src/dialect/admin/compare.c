/* SPDX-License-Identifier: Apache-2.0 */
/* compare - what differs between two environments, or two versions of one. See manage.h. */
#include "dialect/admin/compare.h"
#include "dialect/admin/as_of.h"
#include "dialect/admin/difference.h"
#include "dialect/admin/manage.h"

/* "1", "env_…", "1@42", "1@2026-01-31T12:00:00Z" */
bool admin_side_open(struct exchange *x, struct str text, const char *where,
                     struct admin_side *side)
{
    size_t at = str_find_byte(text, '@', 0);
    struct str name = str_slice(text, 0, at);
    struct str moment = at < text.size ? str_slice(text, at + 1, text.size) : (struct str){0};
    *side = (struct admin_side){.environment = admin_seen_environment_named(x, name)};
    if (side->environment == NULL)
        return admin_refuse_with(x, FAULT_MISSING, where, STR("there is no such environment"));
    return admin_state_open_at(x, side->environment, moment, where, &side->state);
}

void admin_side_close(struct admin_side *side)
{
    admin_state_close(&side->state);
}

static void write_side(struct json_writer *writer, struct str key, const struct admin_side *side)
{
    json_key(writer, key);
    json_object_begin(writer);
    json_member_u64(writer, STR("environment"), side->environment->number);
    json_member_u64(writer, STR("version"), side->state.snapshot->version);
    json_object_end(writer);
}

static void answer_difference(struct exchange *x, const struct admin_side *from,
                              const struct admin_side *to)
{
    const struct change_item *items = NULL;
    size_t count =
        difference_of_states(x->arena, &from->state.snapshot->state, &to->state.snapshot->state,
                             from->environment != to->environment, &items);
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    write_side(writer, STR("from"), from);
    write_side(writer, STR("to"), to);
    json_key(writer, STR("changes"));
    difference_write_items(writer, items, count);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}

static bool read_side(struct exchange *x, struct str name, struct admin_side *side)
{
    struct str text = {0};
    if (!admin_read_query(x, name, &text))
        return false;
    if (str_is_empty(text))
        return admin_refuse_with(x, FAULT_INVALID, "",
                                 STR("from and to are needed: an environment, or one @ a version "
                                     "or an instant"));
    return admin_side_open(x, text, "", side);
}

void admin_compare(struct exchange *x)
{
    struct admin_side from;
    struct admin_side to;
    if (!read_side(x, STR("from"), &from))
        return;
    if (read_side(x, STR("to"), &to)) {
        answer_difference(x, &from, &to);
        admin_side_close(&to);
    }
    admin_side_close(&from);
}
