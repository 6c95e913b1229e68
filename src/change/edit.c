/* SPDX-License-Identifier: Apache-2.0 */
/* edit - staging what a change wants: see edit.h. */
#include "change/edit.h"

#include "auth/secret.h"
#include "change/internal.h"
#include "eval/ruleset.h"

struct arena *edit_arena(struct edit *edit)
{
    return edit->arena;
}

const struct environment_state *edit_state(const struct edit *edit)
{
    return &edit->state;
}

uint64_t edit_next_version(const struct edit *edit)
{
    return edit->draft->version + 1;
}

static const struct staged *find_staged(const struct edit *edit, enum staged_kind kind,
                                        struct str key)
{
    const struct staged *found = NULL;
    for (const struct staged *staged = edit->first; staged != NULL; staged = staged->next) {
        if (staged->kind == kind && str_equal(staged->key, key))
            found = staged;
    }
    return found;
}

const struct flag *edit_find_flag(const struct edit *edit, struct str key)
{
    const struct staged *staged = find_staged(edit, STAGED_FLAG, key);
    return staged != NULL ? staged->flag : environment_find_flag(&edit->state, key);
}

const struct segment *edit_find_segment(const struct edit *edit, struct str key)
{
    const struct staged *staged = find_staged(edit, STAGED_SEGMENT, key);
    return staged != NULL ? staged->segment : environment_find_segment(&edit->state, key);
}

static struct staged *stage(struct edit *edit, enum staged_kind kind, struct str key)
{
    struct staged *staged = ARENA_NEW(edit->arena, struct staged);
    staged->kind = kind;
    staged->key = arena_copy_str(edit->arena, key);
    if (edit->last == NULL)
        edit->first = staged;
    else
        edit->last->next = staged;
    edit->last = staged;
    return staged;
}

struct fault edit_put_flag(struct edit *edit, const struct flag *flag)
{
    struct fault fault = flag_check(edit->arena, flag);
    if (!failed(fault))
        fault = ruleset_check_flag(edit->arena, flag);
    if (failed(fault))
        return fault;
    const struct flag *current = edit_find_flag(edit, flag->key);
    struct flag *copy = ARENA_NEW(edit->arena, struct flag);
    *copy = flag_copy(edit->arena, flag);
    if (str_is_empty(copy->id))
        copy->id = current != NULL ? current->id : id_make(edit->arena, STR("flag"));
    struct staged *staged = stage(edit, STAGED_FLAG, flag->key);
    staged->flag = copy;
    staged->object_id = copy->id;
    staged->was_there = current != NULL;
    return fault_none();
}

struct fault edit_put_segment(struct edit *edit, const struct segment *segment)
{
    struct fault fault = segment_check(edit->arena, segment);
    if (!failed(fault))
        fault = ruleset_check_segment(edit->arena, segment);
    if (failed(fault))
        return fault;
    const struct segment *current = edit_find_segment(edit, segment->key);
    struct segment *copy = ARENA_NEW(edit->arena, struct segment);
    *copy = segment_copy(edit->arena, segment);
    if (str_is_empty(copy->id))
        copy->id = current != NULL ? current->id : id_make(edit->arena, STR("segment"));
    struct staged *staged = stage(edit, STAGED_SEGMENT, segment->key);
    staged->segment = copy;
    staged->object_id = copy->id;
    staged->was_there = current != NULL;
    return fault_none();
}

struct fault edit_delete_flag(struct edit *edit, struct str key)
{
    const struct flag *current = edit_find_flag(edit, key);
    if (current == NULL)
        return fault_make(FAULT_MISSING, key, STR("there is no such flag"));
    struct staged *staged = stage(edit, STAGED_FLAG, key);
    staged->object_id = current->id;
    staged->was_there = true;
    return fault_none();
}

struct fault edit_delete_segment(struct edit *edit, struct str key)
{
    const struct segment *current = edit_find_segment(edit, key);
    if (current == NULL)
        return fault_make(FAULT_MISSING, key, STR("there is no such segment"));
    struct staged *staged = stage(edit, STAGED_SEGMENT, key);
    staged->object_id = current->id;
    staged->was_there = true;
    return fault_none();
}

void edit_put_settings(struct edit *edit, const struct environment_settings *settings)
{
    struct staged *staged = stage(edit, STAGED_SETTINGS, STR(""));
    staged->settings = *settings;
    staged->settings.metadata = json_copy(edit->arena, &settings->metadata);
    staged->was_there = true;
}
