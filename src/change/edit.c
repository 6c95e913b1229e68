/* SPDX-License-Identifier: Apache-2.0 */
/* edit - staging what a change wants: see edit.h. */
#include "change/edit.h"

#include <string.h>

#include "auth/secret.h"
#include "base/utf.h"
#include "change/internal.h"
#include "model/limits.h"

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

void edit_open(struct edit *edit, struct arena *arena, const struct draft *draft,
               const struct stored_members *stored, int64_t now_ms)
{
    *edit = (struct edit){.arena = arena, .draft = draft, .stored = stored, .now_ms = now_ms};
    edit->numbers = ARENA_NEW(arena, struct number_table);
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

const struct cohort *edit_find_cohort(const struct edit *edit, struct str id)
{
    const struct staged *staged = find_staged(edit, STAGED_COHORT, id);
    return staged != NULL ? staged->cohort : environment_find_cohort(&edit->state, id);
}

const struct flag *edit_find_flag_by_number(const struct edit *edit, uint64_t number)
{
    const struct draft *draft = edit->draft;
    if (edit->numbers->slot_count == 0)
        *edit->numbers = number_table_make(edit->arena, draft->flags, draft->flag_count);
    const struct flag_revision *revision = number_table_find(edit->numbers, draft->flags, number);
    if (revision == NULL)
        return NULL;
    const struct flag *flag = edit_find_flag(edit, revision->flag.key);
    /* The key may be another flag's by now, which has no number yet. */
    return flag != NULL && str_equal(flag->id, revision->flag.id) ? flag : NULL;
}

uint64_t edit_flag_number(const struct edit *edit, struct str key)
{
    const struct flag_revision *revision = draft_find_flag(edit->draft, key);
    return revision == NULL ? 0 : revision->provenance.number;
}

const struct provenance *edit_flag_provenance(const struct edit *edit, struct str key)
{
    const struct flag_revision *revision = draft_find_flag(edit->draft, key);
    return revision == NULL ? NULL : &revision->provenance;
}

const struct cohort_digest *edit_cohort_digest(const struct edit *edit, struct str id)
{
    const struct staged *staged = find_staged(edit, STAGED_COHORT, id);
    if (staged != NULL)
        return staged->cohort == NULL ? NULL : &staged->digest;
    const struct cohort_revision *revision = draft_find_cohort(edit->draft, id);
    return revision == NULL ? NULL : &revision->digest;
}

bool staged_is_deletion(const struct staged *staged)
{
    return staged->kind != STAGED_SETTINGS && staged->flag == NULL && staged->segment == NULL &&
           staged->cohort == NULL;
}

bool staged_leaves_no_trace(const struct staged *staged)
{
    return staged_is_deletion(staged) && !staged->was_there;
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
    bool brings_id = !str_is_empty(copy->id);
    if (!brings_id)
        copy->id = current != NULL ? current->id : id_make(edit->arena, STR("flag"));
    struct staged *staged = stage(edit, STAGED_FLAG, flag->key, current != NULL);
    staged->flag = copy;
    staged->brings_id = brings_id;
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

/* ---- cohorts ----------------------------------------------------------------------------- */

static struct fault check_text(struct str name, struct str text)
{
    if (text.size > TEXT_BYTES_MAX)
        return fault_make(FAULT_INVALID, name, STR("longer than 2048 bytes"));
    return utf8_is_valid(text) ? fault_none()
                               : fault_make(FAULT_INVALID, name, STR("not valid UTF-8"));
}

static struct fault check_cohort(const struct cohort *cohort)
{
    if (cohort->id.size > COHORT_ID_BYTES_MAX || !flag_key_is_valid(cohort->id))
        return fault_make(FAULT_INVALID, STR("id"),
                          STR("a letter or digit, then letters, digits, '.', '_' and '-', at most "
                              "64"));
    if (str_is_empty(cohort->group_type))
        return fault_make(FAULT_INVALID, STR("groupType"), STR("is missing"));
    struct fault fault = check_text(STR("name"), cohort->name);
    if (!failed(fault))
        fault = check_text(STR("description"), cohort->description);
    if (!failed(fault))
        fault = check_text(STR("groupType"), cohort->group_type);
    return fault;
}

void stored_members_open(struct stored_members *stored, const struct cohort_members *members)
{
    *stored = (struct stored_members){.members = members};
    buf_open(&stored->bytes, SIZE_MAX);
    if (members == NULL)
        return;
    cohort_members_encode(members, &stored->bytes);
    stored->digest = cohort_digest_of(buf_str(&stored->bytes));
}

void stored_members_close(struct stored_members *stored)
{
    buf_close(&stored->bytes);
    stored->members = NULL;
}

static const struct cohort_revision *find_same_members(const struct draft *draft,
                                                       const struct cohort_digest *digest)
{
    for (size_t i = 0; i < draft->cohort_count; i++) {
        if (memcmp(draft->cohorts[i]->digest.bytes, digest->bytes, sizeof(digest->bytes)) == 0)
            return draft->cohorts[i];
    }
    return NULL;
}

/* Their name, and their stored form unless the store has it. */
static void name_members(struct edit *edit, struct staged *staged, struct cohort *cohort)
{
    const struct draft *draft = edit->draft;
    for (size_t i = 0; i < draft->cohort_count; i++) {
        if (draft->cohorts[i]->cohort.members == cohort->members) {
            staged->digest = draft->cohorts[i]->digest;
            return;
        }
    }
    if (edit->stored != NULL && edit->stored->members == cohort->members) {
        staged->digest = edit->stored->digest;
        staged->members = buf_str(&edit->stored->bytes);
    } else {
        struct stored_members made;
        stored_members_open(&made, cohort->members);
        staged->digest = made.digest;
        staged->members = arena_copy_str(edit->arena, buf_str(&made.bytes));
        stored_members_close(&made);
    }
    const struct cohort_revision *same = find_same_members(draft, &staged->digest);
    if (same != NULL) {
        cohort->members = same->cohort.members;
        staged->members = (struct str){0};
    }
}

struct fault edit_put_cohort(struct edit *edit, const struct cohort *cohort)
{
    struct fault fault = check_cohort(cohort);
    if (failed(fault))
        return fault;
    bool was_there = edit_find_cohort(edit, cohort->id) != NULL;
    struct staged *staged = stage(edit, STAGED_COHORT, cohort->id, was_there);
    struct cohort *copy = ARENA_NEW(edit->arena, struct cohort);
    *copy = (struct cohort){
        .id = staged->key,
        .name = arena_copy_str(edit->arena, cohort->name),
        .description = arena_copy_str(edit->arena, cohort->description),
        .group_type = arena_copy_str(edit->arena, cohort->group_type),
        .modified_ms = cohort->modified_ms == 0 ? edit->now_ms : cohort->modified_ms,
        .size = cohort_members_count(cohort->members),
        .members = cohort->members,
    };
    name_members(edit, staged, copy);
    staged->cohort = copy;
    staged->object_id = copy->id;
    return fault_none();
}

struct fault edit_delete_cohort(struct edit *edit, struct str id)
{
    const struct cohort *current = edit_find_cohort(edit, id);
    if (current == NULL)
        return fault_make(FAULT_MISSING, id, STR("there is no such cohort"));
    struct staged *staged = stage(edit, STAGED_COHORT, id, true);
    staged->object_id = staged->key;
    return fault_none();
}

void edit_put_settings(struct edit *edit, const struct environment_settings *settings)
{
    struct staged *staged = stage(edit, STAGED_SETTINGS, STR("settings"), true);
    staged->object_id = edit->draft->environment_id;
    staged->settings = *settings;
    staged->settings.metadata = json_copy(edit->arena, &settings->metadata);
}
