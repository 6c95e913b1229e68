/* SPDX-License-Identifier: Apache-2.0 */
/* whole - changes of an environment as a whole: see whole.h. */
#include "dialect/admin/whole.h"

#include "base/map.h"
#include "dialect/admin/difference.h"
#include "model/codec.h"

static struct str whole_tag(struct arena *arena, uint64_t version)
{
    return arena_format(arena, "\"v%llu\"", (unsigned long long)version);
}

struct fault whole_condition_check(const struct edit *edit, const struct admin_condition *condition)
{
    struct arena *arena = edit_arena((struct edit *)edit);
    return admin_condition_check(condition, whole_tag(arena, edit_next_version(edit) - 1), arena);
}

/* ---- putting ------------------------------------------------------------------------------- */

/* A segment that is as it was makes no revision; flags and cohorts are looked after by the change.
 */
static struct fault put_segment(struct edit *edit, const struct segment *segment)
{
    const struct segment *current = edit_find_segment(edit, segment->key);
    struct segment candidate = *segment;
    if (current != NULL && str_is_empty(candidate.id))
        candidate.id = current->id;
    if (current != NULL && segment_is_same(current, &candidate))
        return fault_none();
    return edit_put_segment(edit, &candidate);
}

static bool is_same_settings(const struct environment_settings *a,
                             const struct environment_settings *b)
{
    struct buf one;
    struct buf other;
    buf_open(&one, SIZE_MAX);
    buf_open(&other, SIZE_MAX);
    settings_encode(a, &one);
    settings_encode(b, &other);
    bool is_same = str_equal(buf_str(&one), buf_str(&other));
    buf_close(&one);
    buf_close(&other);
    return is_same;
}

static struct fault put_listed(struct edit *edit, const struct whole_state *state)
{
    struct fault fault = fault_none();
    for (size_t i = 0; i < state->cohort_count && !failed(fault) && !state->keeps_cohorts; i++)
        fault = edit_put_cohort(edit, state->cohorts[i]);
    for (size_t i = 0; i < state->segment_count && !failed(fault); i++)
        fault = put_segment(edit, state->segments[i]);
    for (size_t i = 0; i < state->flag_count && !failed(fault); i++)
        fault = edit_put_flag(edit, state->flags[i]);
    if (!failed(fault) && state->settings != NULL &&
        !is_same_settings(state->settings, &edit_state(edit)->settings))
        edit_put_settings(edit, state->settings);
    return fault;
}

static struct fault delete_other_flags(struct edit *edit, const struct whole_state *state)
{
    const struct environment_state *current = edit_state(edit);
    struct fault fault = fault_none();
    struct map listed;
    map_open(&listed, edit_arena(edit), state->flag_count);
    for (size_t i = 0; i < state->flag_count; i++)
        map_insert(&listed, state->flags[i]->key, 0);
    for (size_t i = 0; i < current->flag_count && !failed(fault); i++) {
        if (map_find(&listed, current->flags[i]->key) == MAP_ABSENT)
            fault = edit_delete_flag(edit, current->flags[i]->key);
    }
    return fault;
}

static struct fault delete_other_segments(struct edit *edit, const struct whole_state *state)
{
    const struct environment_state *current = edit_state(edit);
    struct fault fault = fault_none();
    struct map listed;
    map_open(&listed, edit_arena(edit), state->segment_count);
    for (size_t i = 0; i < state->segment_count; i++)
        map_insert(&listed, state->segments[i]->key, 0);
    for (size_t i = 0; i < current->segment_count && !failed(fault); i++) {
        if (map_find(&listed, current->segments[i]->key) == MAP_ABSENT)
            fault = edit_delete_segment(edit, current->segments[i]->key);
    }
    return fault;
}

static struct fault delete_other_cohorts(struct edit *edit, const struct whole_state *state)
{
    const struct environment_state *current = edit_state(edit);
    struct fault fault = fault_none();
    struct map listed;
    map_open(&listed, edit_arena(edit), state->cohort_count);
    for (size_t i = 0; i < state->cohort_count; i++)
        map_insert(&listed, state->cohorts[i]->id, 0);
    for (size_t i = 0; i < current->cohort_count && !failed(fault); i++) {
        if (map_find(&listed, current->cohorts[i]->id) == MAP_ABSENT)
            fault = edit_delete_cohort(edit, current->cohorts[i]->id);
    }
    return fault;
}

struct fault whole_put(struct edit *edit, const struct whole_state *state)
{
    struct fault fault = put_listed(edit, state);
    if (!state->is_whole)
        return fault;
    if (!failed(fault))
        fault = delete_other_flags(edit, state);
    if (!failed(fault))
        fault = delete_other_segments(edit, state);
    if (!failed(fault) && !state->keeps_cohorts)
        fault = delete_other_cohorts(edit, state);
    return fault;
}

bool whole_read_acknowledgement(struct exchange *x, unsigned known, struct change *change)
{
    unsigned said = 0;
    if (!admin_read_acknowledgement(x, known, &said))
        return false;
    change->acknowledges_growth = (said & ACKNOWLEDGE_GROWTH) != 0;
    if ((said & ACKNOWLEDGE_REUSE) != 0)
        change->reuse = REUSE_ACKNOWLEDGED;
    return true;
}

/* ---- answering ----------------------------------------------------------------------------- */

static void write_outcome(struct json_writer *writer, const struct change *change)
{
    json_object_begin(writer);
    json_member_u64(writer, STR("environment"), change->environment);
    json_member_u64(writer, STR("version"), change->version);
    difference_write_report(writer, &change->report);
    json_object_end(writer);
}

void whole_apply(struct exchange *x, struct change *change)
{
    change->keeps_same_flags = true;
    change->wants_report = true;
    if (!admin_apply(x, change))
        return;
    struct admin_answer answer;
    write_outcome(admin_answer_begin(&answer), change);
    admin_answer_tag(x, whole_tag(x->arena, change->version));
    admin_answer_end(x, &answer, 200);
}
