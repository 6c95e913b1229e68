/* SPDX-License-Identifier: Apache-2.0 */
/* edit - staging what a change wants: see edit.h. */
#include "change/edit.h"

#include "auth/secret.h"
#include "change/internal.h"

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

void edit_open(struct edit *edit, struct arena *arena, const struct draft *draft)
{
    *edit = (struct edit){.arena = arena, .draft = draft};
    edit->state = draft_state(draft, arena);
    pattern_admission_open(&edit->patterns, arena);
    for (size_t i = 0; i < STAGED_KIND_COUNT; i++)
        map_open(&edit->places[i], arena, 8);
}

static const struct staged *find_staged(const struct edit *edit, enum staged_kind kind,
                                        struct str key)
{
    uint32_t place = map_find(&edit->places[kind], key);
    return place == MAP_ABSENT ? NULL : &edit->staged[place];
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

static void make_room(struct edit *edit)
{
    if (edit->staged_count < edit->staged_capacity)
        return;
    size_t capacity = edit->staged_capacity == 0 ? 8 : edit->staged_capacity * 2;
    struct staged *larger = ARENA_NEW_ARRAY(edit->arena, struct staged, capacity);
    for (size_t i = 0; i < edit->staged_count; i++)
        larger[i] = edit->staged[i];
    edit->staged = larger;
    edit->staged_capacity = capacity;
}

/* The place to stage under a key; was_there says whether it existed before the edit. */
static struct staged *stage(struct edit *edit, enum staged_kind kind, struct str key,
                            bool was_there)
{
    uint32_t place = map_find(&edit->places[kind], key);
    if (place != MAP_ABSENT) {
        struct staged *again = &edit->staged[place];
        *again = (struct staged){.kind = kind, .key = again->key, .was_there = again->was_there};
        return again;
    }
    make_room(edit);
    struct staged *staged = &edit->staged[edit->staged_count];
    *staged = (struct staged){
        .kind = kind, .key = arena_copy_str(edit->arena, key), .was_there = was_there};
    map_insert(&edit->places[kind], staged->key, (uint32_t)edit->staged_count++);
    return staged;
}

struct fault edit_put_flag(struct edit *edit, const struct flag *flag)
{
    const struct flag *current = edit_find_flag(edit, flag->key);
    struct fault fault = flag_check(edit->arena, flag);
    if (!failed(fault))
        fault = ruleset_check_flag(&edit->patterns, flag, current);
    if (failed(fault))
        return fault;
    struct flag *copy = ARENA_NEW(edit->arena, struct flag);
    *copy = flag_copy(edit->arena, flag);
    if (str_is_empty(copy->id))
        copy->id = current != NULL ? current->id : id_make(edit->arena, STR("flag"));
    struct staged *staged = stage(edit, STAGED_FLAG, flag->key, current != NULL);
    staged->flag = copy;
    staged->object_id = copy->id;
    return fault_none();
}

struct fault edit_put_segment(struct edit *edit, const struct segment *segment)
{
    const struct segment *current = edit_find_segment(edit, segment->key);
    struct fault fault = segment_check(edit->arena, segment);
    if (!failed(fault))
        fault = ruleset_check_segment(&edit->patterns, segment, current);
    if (failed(fault))
        return fault;
    struct segment *copy = ARENA_NEW(edit->arena, struct segment);
    *copy = segment_copy(edit->arena, segment);
    if (str_is_empty(copy->id))
        copy->id = current != NULL ? current->id : id_make(edit->arena, STR("segment"));
    struct staged *staged = stage(edit, STAGED_SEGMENT, segment->key, current != NULL);
    staged->segment = copy;
    staged->object_id = copy->id;
    return fault_none();
}

struct fault edit_delete_flag(struct edit *edit, struct str key)
{
    const struct flag *current = edit_find_flag(edit, key);
    if (current == NULL)
        return fault_make(FAULT_MISSING, key, STR("there is no such flag"));
    struct str id = current->id;
    stage(edit, STAGED_FLAG, key, true)->object_id = id;
    return fault_none();
}

struct fault edit_delete_segment(struct edit *edit, struct str key)
{
    const struct segment *current = edit_find_segment(edit, key);
    if (current == NULL)
        return fault_make(FAULT_MISSING, key, STR("there is no such segment"));
    struct str id = current->id;
    stage(edit, STAGED_SEGMENT, key, true)->object_id = id;
    return fault_none();
}

void edit_put_settings(struct edit *edit, const struct environment_settings *settings)
{
    struct staged *staged = stage(edit, STAGED_SETTINGS, STR("settings"), true);
    staged->object_id = edit->draft->environment_id;
    staged->settings = *settings;
    staged->settings.metadata = json_copy(edit->arena, &settings->metadata);
}
