/* SPDX-License-Identifier: Apache-2.0 */
/*
 * story - what a snapshot says, as one text: flags, their provenance, cohorts and their members.
 * Two snapshots that tell the same story are the same to every reader.
 */
#ifndef CHANGE_STORY_H
#define CHANGE_STORY_H

#include "model/codec.h"
#include "snapshot/cohort_document.h"

#include "town.h"

static inline void story_of_flag(const struct flag_revision *revision, struct buf *buf)
{
    const struct provenance *provenance = &revision->provenance;
    buf_append_format(buf, "%llu/%llu %lld-%lld %.*s %.*s ", (unsigned long long)provenance->number,
                      (unsigned long long)provenance->sequence, (long long)provenance->created_ms,
                      (long long)provenance->modified_ms, STR_ARG(provenance->created_by),
                      STR_ARG(provenance->modified_by));
    flag_encode(&revision->flag, buf);
    buf_append_byte(buf, '\n');
}

static inline void story_of_cohort(const struct cohort_revision *revision, struct buf *buf)
{
    cohort_document_encode(&revision->cohort, &revision->digest, buf);
    for (size_t i = 0; i < cohort_members_count(revision->cohort.members); i++) {
        buf_append_byte(buf, ' ');
        buf_append(buf, cohort_member_at(revision->cohort.members, i));
    }
    buf_append_byte(buf, '\n');
}

static inline struct str story_of(struct arena *arena, const struct snapshot *snapshot)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        story_of_flag(snapshot->flags[i], &buf);
    for (size_t i = 0; i < snapshot->state.cohort_count; i++)
        story_of_cohort(snapshot->cohorts[i], &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static inline struct str story_now(struct town *town, uint64_t environment)
{
    struct view *view = view_acquire(town->views);
    struct str text = story_of(&town->arena, view_find(view, environment));
    view_release(view);
    return text;
}

/* "<prefix>0" to "<prefix><count - 1>"; one reference, the caller's. */
static inline struct cohort_members *story_members(const char *prefix, size_t count)
{
    struct cohort_builder *builder = cohort_builder_open();
    for (size_t i = 0; i < count; i++) {
        char id[64];
        snprintf(id, sizeof(id), "%s%zu", prefix, i);
        CHECK_OK(cohort_builder_add(builder, str_of(id)));
    }
    struct cohort_members *members = NULL;
    CHECK_OK(cohort_builder_finish(builder, &members));
    return members;
}

struct story_cohort {
    struct cohort cohort;
    bool is_deletion;
};

static inline struct fault story_edit_cohort(struct edit *edit, void *input)
{
    const struct story_cohort *put = input;
    return put->is_deletion ? edit_delete_cohort(edit, put->cohort.id)
                            : edit_put_cohort(edit, &put->cohort);
}

static inline struct fault story_put_cohort(struct town *town, uint64_t environment, struct str id,
                                            const struct cohort_members *members)
{
    struct story_cohort put = {.cohort = {.id = id, .group_type = STR("User"), .members = members}};
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.put"),
                            .subject = id,
                            .environment = environment,
                            .edit = story_edit_cohort,
                            .input = &put,
                            .members = members,
                            .reuse = REUSE_UNASKED};
    return town_apply(town, &change);
}

static inline struct fault story_delete_cohort(struct town *town, uint64_t environment,
                                               struct str id)
{
    struct story_cohort put = {.cohort = {.id = id}, .is_deletion = true};
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.delete"),
                            .subject = id,
                            .environment = environment,
                            .edit = story_edit_cohort,
                            .input = &put};
    return town_apply(town, &change);
}

#endif
