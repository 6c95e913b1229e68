/* SPDX-License-Identifier: Apache-2.0 */
/* draft - an environment being changed: pointers to revisions, shared with its snapshots. */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "change/internal.h"

void draft_open(struct draft *draft, const struct snapshot *snapshot,
                const struct catalog_environment *environment)
{
    struct draft borrowed = {
        .environment = snapshot->environment,
        .environment_id = environment->id,
        .app_id = snapshot->state.app_id,
        .name = snapshot->state.name,
        .version = snapshot->version,
        .settings = snapshot->settings,
        .flags = snapshot->flags,
        .flag_count = snapshot->state.flag_count,
        .segments = snapshot->segments,
        .segment_count = snapshot->state.segment_count,
        .cohorts = snapshot->cohorts,
        .cohort_count = snapshot->state.cohort_count,
    };
    draft_copy(draft, &borrowed);
}

void draft_copy(struct draft *copy, const struct draft *draft)
{
    *copy = *draft;
    copy->flags = MEMORY_NEW_ARRAY(struct flag_revision *, draft->flag_count + 1);
    for (size_t i = 0; i < draft->flag_count; i++) {
        copy->flags[i] = draft->flags[i];
        flag_revision_acquire(copy->flags[i]);
    }
    copy->segments = MEMORY_NEW_ARRAY(struct segment_revision *, draft->segment_count + 1);
    for (size_t i = 0; i < draft->segment_count; i++) {
        copy->segments[i] = draft->segments[i];
        segment_revision_acquire(copy->segments[i]);
    }
    copy->cohorts = MEMORY_NEW_ARRAY(struct cohort_revision *, draft->cohort_count + 1);
    for (size_t i = 0; i < draft->cohort_count; i++) {
        copy->cohorts[i] = draft->cohorts[i];
        cohort_revision_acquire(copy->cohorts[i]);
    }
}

void draft_close(struct draft *draft)
{
    for (size_t i = 0; i < draft->flag_count; i++)
        flag_revision_release(draft->flags[i]);
    for (size_t i = 0; i < draft->segment_count; i++)
        segment_revision_release(draft->segments[i]);
    for (size_t i = 0; i < draft->cohort_count; i++)
        cohort_revision_release(draft->cohorts[i]);
    memory_free(draft->flags);
    memory_free(draft->segments);
    memory_free(draft->cohorts);
    *draft = (struct draft){0};
}

struct environment_state draft_state(const struct draft *draft, struct arena *arena)
{
    const struct flag **flags = ARENA_NEW_ARRAY(arena, const struct flag *, draft->flag_count);
    for (size_t i = 0; i < draft->flag_count; i++)
        flags[i] = &draft->flags[i]->flag;
    const struct segment **segments =
        ARENA_NEW_ARRAY(arena, const struct segment *, draft->segment_count);
    for (size_t i = 0; i < draft->segment_count; i++)
        segments[i] = &draft->segments[i]->segment;
    const struct cohort **cohorts =
        ARENA_NEW_ARRAY(arena, const struct cohort *, draft->cohort_count);
    for (size_t i = 0; i < draft->cohort_count; i++)
        cohorts[i] = &draft->cohorts[i]->cohort;
    return (struct environment_state){
        .app_id = draft->app_id,
        .name = draft->name,
        .version = draft->version,
        .settings = draft->settings,
        .flags = flags,
        .flag_count = draft->flag_count,
        .segments = segments,
        .segment_count = draft->segment_count,
        .cohorts = cohorts,
        .cohort_count = draft->cohort_count,
    };
}

/* Where key is, or where it belongs; *is_there says which. */
static size_t find_flag_place(const struct draft *draft, struct str key, bool *is_there)
{
    size_t low = 0;
    size_t high = draft->flag_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (str_compare(draft->flags[middle]->flag.key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *is_there = low < draft->flag_count && str_equal(draft->flags[low]->flag.key, key);
    return low;
}

void draft_put_flag(struct draft *draft, struct str key, struct flag_revision *revision)
{
    bool is_there = false;
    size_t at = find_flag_place(draft, key, &is_there);
    size_t behind = draft->flag_count - at;
    if (is_there) {
        flag_revision_release(draft->flags[at]);
        if (revision == NULL) {
            memmove(&draft->flags[at], &draft->flags[at + 1], (behind - 1) * sizeof(*draft->flags));
            draft->flag_count--;
            return;
        }
    } else {
        assert(revision != NULL);
        draft->flags = memory_resize(draft->flags, (draft->flag_count + 1) * sizeof(*draft->flags));
        memmove(&draft->flags[at + 1], &draft->flags[at], behind * sizeof(*draft->flags));
        draft->flag_count++;
    }
    draft->flags[at] = revision;
}

static size_t find_segment_place(const struct draft *draft, struct str key, bool *is_there)
{
    size_t at = 0;
    while (at < draft->segment_count && str_compare(draft->segments[at]->segment.key, key) < 0)
        at++;
    *is_there = at < draft->segment_count && str_equal(draft->segments[at]->segment.key, key);
    return at;
}

void draft_put_segment(struct draft *draft, struct str key, struct segment_revision *revision)
{
    bool is_there = false;
    size_t at = find_segment_place(draft, key, &is_there);
    size_t behind = draft->segment_count - at;
    if (is_there) {
        segment_revision_release(draft->segments[at]);
        if (revision == NULL) {
            memmove(&draft->segments[at], &draft->segments[at + 1],
                    (behind - 1) * sizeof(*draft->segments));
            draft->segment_count--;
            return;
        }
    } else {
        assert(revision != NULL);
        draft->segments =
            memory_resize(draft->segments, (draft->segment_count + 1) * sizeof(*draft->segments));
        memmove(&draft->segments[at + 1], &draft->segments[at], behind * sizeof(*draft->segments));
        draft->segment_count++;
    }
    draft->segments[at] = revision;
}

static size_t find_cohort_place(const struct draft *draft, struct str id, bool *is_there)
{
    size_t at = 0;
    while (at < draft->cohort_count && str_compare(draft->cohorts[at]->cohort.id, id) < 0)
        at++;
    *is_there = at < draft->cohort_count && str_equal(draft->cohorts[at]->cohort.id, id);
    return at;
}

void draft_put_cohort(struct draft *draft, struct str id, struct cohort_revision *revision)
{
    bool is_there = false;
    size_t at = find_cohort_place(draft, id, &is_there);
    size_t behind = draft->cohort_count - at;
    if (is_there) {
        cohort_revision_release(draft->cohorts[at]);
        if (revision == NULL) {
            memmove(&draft->cohorts[at], &draft->cohorts[at + 1],
                    (behind - 1) * sizeof(*draft->cohorts));
            draft->cohort_count--;
            return;
        }
    } else {
        assert(revision != NULL);
        draft->cohorts =
            memory_resize(draft->cohorts, (draft->cohort_count + 1) * sizeof(*draft->cohorts));
        memmove(&draft->cohorts[at + 1], &draft->cohorts[at], behind * sizeof(*draft->cohorts));
        draft->cohort_count++;
    }
    draft->cohorts[at] = revision;
}

struct flag_revision *draft_find_flag(const struct draft *draft, struct str key)
{
    bool is_there = false;
    size_t at = find_flag_place(draft, key, &is_there);
    return is_there ? draft->flags[at] : NULL;
}

struct cohort_revision *draft_find_cohort(const struct draft *draft, struct str id)
{
    bool is_there = false;
    size_t at = find_cohort_place(draft, id, &is_there);
    return is_there ? draft->cohorts[at] : NULL;
}

struct snapshot_parts draft_parts(const struct draft *draft, int64_t now_ms)
{
    return (struct snapshot_parts){
        .environment = draft->environment,
        .version = draft->version,
        .now_ms = now_ms,
        .app_id = draft->app_id,
        .name = draft->name,
        .settings = draft->settings,
        .flags = draft->flags,
        .flag_count = draft->flag_count,
        .segments = draft->segments,
        .segment_count = draft->segment_count,
        .cohorts = draft->cohorts,
        .cohort_count = draft->cohort_count,
    };
}

struct snapshot *draft_compile(const struct draft *draft, int64_t now_ms)
{
    const struct snapshot_parts parts = draft_parts(draft, now_ms);
    return snapshot_make(&parts);
}
