/* SPDX-License-Identifier: Apache-2.0 */
/* group_put - groups as answers show them: see group.h. */

#include "base/numbers.h"
#include "dialect/amplitude/group.h"
#include "model/group.h"

/* ---- members --------------------------------------------------------------------------------- */

struct members {
    const struct snapshot *snapshot;
    struct group_members found;
};

const struct members *members_find(struct arena *arena, const struct snapshot *snapshot)
{
    struct members *members = ARENA_NEW(arena, struct members);
    members->snapshot = snapshot;
    members->found = group_members_find(arena, &snapshot->state);
    return members;
}

static size_t take_members(const struct group_source *source, struct str variation,
                           bool are_holdouts, uint64_t *numbers)
{
    const struct group_members *found = &source->members->found;
    size_t count = 0;
    for (uint32_t i = group_members_first(found, source->flag->key); i != MAP_ABSENT;
         i = found->list[i].next) {
        const struct flag_revision *revision =
            source->members->snapshot->flags[found->list[i].flag];
        bool is_holdout = revision->flag.kind == FLAG_KIND_HOLDOUT;
        if (is_holdout != are_holdouts || !str_equal(found->list[i].variation, variation))
            continue;
        if (numbers != NULL)
            numbers[count] = revision->provenance.number;
        count++;
    }
    return count;
}

/* Ids as numbers (1.6), ascending. */
static void put_members(struct json_writer *writer, struct arena *arena,
                        const struct group_source *source, struct str variation, bool are_holdouts)
{
    size_t count = take_members(source, variation, are_holdouts, NULL);
    uint64_t *numbers = ARENA_NEW_ARRAY(arena, uint64_t, count);
    take_members(source, variation, are_holdouts, numbers);
    count = numbers_sort(numbers, count);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_u64(writer, numbers[i]);
    json_array_end(writer);
}

/* ---- what both have -------------------------------------------------------------------------- */

static void put_identity(struct json_writer *writer, struct arena *arena,
                         const struct group_source *source)
{
    const struct flag *flag = source->flag;
    wire_put_member_id(writer, STR("id"), source->provenance->number);
    wire_put_member_id(writer, STR("projectId"), source->environment);
    json_member_string(writer, STR("name"), str_is_absent(flag->name) ? flag->key : flag->name);
    json_member_string(writer, STR("key"), flag->key);
    json_member_string(writer, STR("evaluationMode"),
                       flag->evaluation_mode == EVALUATION_LOCAL ? STR("local") : STR("remote"));
    json_member_string(writer, STR("bucketingKey"), bucketing_key(arena, flag, (struct str){0}));
    wire_put_member_text(writer, STR("bucketingSalt"), flag->salt);
}

static void put_included(struct json_writer *writer, struct str name, const struct flag *flag,
                         struct str variation)
{
    int index = flag_find_variation(flag, variation);
    json_key(writer, name);
    if (index < 0)
        wire_put_texts(writer, NULL, 0);
    else
        wire_put_texts(writer, flag->variations[index].included,
                       flag->variations[index].included_count);
}

/* ---- mutual exclusion ------------------------------------------------------------------------ */

static void put_slot(struct json_writer *writer, struct arena *arena,
                     const struct group_source *source, size_t index)
{
    const struct variation *slot = &source->flag->variations[index];
    json_object_begin(writer);
    json_member_string(writer, STR("name"), arena_format(arena, "SLOT %zu", index + 1));
    json_member_u64(writer, STR("index"), index + 1);
    json_member_string(writer, STR("variantKey"), slot->id);
    json_member_u64(writer, STR("percentage"), group_percent(source->flag, slot->id));
    json_key(writer, STR("experiments"));
    put_members(writer, arena, source, slot->id, false);
    json_key(writer, STR("holdouts"));
    put_members(writer, arena, source, slot->id, true);
    put_included(writer, STR("individuals"), source->flag, slot->id);
    json_key(writer, STR("cohorts"));
    wire_put_texts(writer, slot->cohorts, slot->cohort_count);
    json_object_end(writer);
}

void mutex_put(struct json_writer *writer, struct arena *arena, const struct group_source *source)
{
    const struct flag *flag = source->flag;
    json_object_begin(writer);
    put_identity(writer, arena, source);
    struct str description = str_is_empty(flag->description) ? (struct str){0} : flag->description;
    json_member_string_or_null(writer, STR("description"), description);
    json_key(writer, STR("slots"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (group_is_slot(flag->variations[i].id))
            put_slot(writer, arena, source, i);
    }
    json_array_end(writer);
    json_member_boolean(writer, STR("deleted"), flag->is_archived);
    json_object_end(writer);
}

/* ---- holdouts -------------------------------------------------------------------------------- */

void holdout_put(struct json_writer *writer, struct arena *arena, const struct group_source *source)
{
    const struct flag *flag = source->flag;
    const struct provenance *provenance = source->provenance;
    json_object_begin(writer);
    put_identity(writer, arena, source);
    wire_put_member_text(writer, STR("description"), flag->description);
    json_member_u64(writer, STR("holdoutPercentage"), group_percent(flag, STR("holdout")));
    json_member_string(writer, STR("variantName"), STR("on"));
    json_key(writer, STR("experiments"));
    put_members(writer, arena, source, STR("on"), false);
    put_included(writer, STR("individualInclusion"), flag, STR("holdout"));
    put_included(writer, STR("individualExclusion"), flag, STR("on"));
    json_member_boolean(writer, STR("deleted"), flag->is_archived);
    wire_put_member_text(writer, STR("createdBy"), provenance->created_by);
    wire_put_member_text(writer, STR("lastModifiedBy"), provenance->modified_by);
    wire_put_member_instant(writer, STR("createdAt"), provenance->created_ms);
    wire_put_member_instant(writer, STR("lastModifiedAt"), provenance->modified_ms);
    json_object_end(writer);
}
