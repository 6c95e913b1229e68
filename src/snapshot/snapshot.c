/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot - what readers see: snapshots, and finding things in them and in the catalog. See
 * snapshot.h; revisions: revision.c, views: view.c. */
#include "snapshot/snapshot.h"

#include <assert.h>

#include "base/memory.h"
#include "snapshot/annex.h"
#include "snapshot/kept.h"
#include "snapshot/references.h"

static const struct flag *const *share_flags(struct snapshot *snapshot,
                                             const struct snapshot_parts *parts)
{
    struct arena *arena = &snapshot->arena;
    snapshot->flags = arena_copy(arena, parts->flags, parts->flag_count * sizeof(*parts->flags));
    snapshot->numbers = number_table_make(arena, snapshot->flags, parts->flag_count);
    const struct flag **flags = ARENA_NEW_ARRAY(arena, const struct flag *, parts->flag_count);
    for (size_t i = 0; i < parts->flag_count; i++) {
        flag_revision_acquire(snapshot->flags[i]);
        flags[i] = &snapshot->flags[i]->flag;
    }
    return flags;
}

static const struct segment *const *share_segments(struct snapshot *snapshot,
                                                   const struct snapshot_parts *parts)
{
    struct arena *arena = &snapshot->arena;
    snapshot->segments =
        arena_copy(arena, parts->segments, parts->segment_count * sizeof(*parts->segments));
    const struct segment **segments =
        ARENA_NEW_ARRAY(arena, const struct segment *, parts->segment_count);
    for (size_t i = 0; i < parts->segment_count; i++) {
        segment_revision_acquire(snapshot->segments[i]);
        segments[i] = &snapshot->segments[i]->segment;
    }
    return segments;
}

static const struct cohort *const *share_cohorts(struct snapshot *snapshot,
                                                 const struct snapshot_parts *parts)
{
    struct arena *arena = &snapshot->arena;
    snapshot->cohorts =
        arena_copy(arena, parts->cohorts, parts->cohort_count * sizeof(*parts->cohorts));
    const struct cohort **cohorts =
        ARENA_NEW_ARRAY(arena, const struct cohort *, parts->cohort_count);
    for (size_t i = 0; i < parts->cohort_count; i++) {
        cohort_revision_acquire(snapshot->cohorts[i]);
        cohorts[i] = &snapshot->cohorts[i]->cohort;
    }
    return cohorts;
}

struct snapshot *snapshot_make(const struct snapshot_parts *parts)
{
    struct snapshot *snapshot = MEMORY_NEW(struct snapshot);
    atomic_init(&snapshot->references, 1);
    arena_open(&snapshot->arena, 4096);
    struct arena *arena = &snapshot->arena;
    snapshot->environment = parts->environment;
    snapshot->version = parts->version;
    snapshot->published_ms = parts->now_ms;
    snapshot->settings = parts->settings;
    snapshot->settings.metadata = json_copy(arena, &parts->settings.metadata);
    snapshot->state = (struct environment_state){
        .app_id = arena_copy_str(arena, parts->app_id),
        .name = arena_copy_str(arena, parts->name),
        .version = parts->version,
        .settings = snapshot->settings,
        .flags = share_flags(snapshot, parts),
        .flag_count = parts->flag_count,
        .segments = share_segments(snapshot, parts),
        .segment_count = parts->segment_count,
        .cohorts = share_cohorts(snapshot, parts),
        .cohort_count = parts->cohort_count,
    };
    snapshot->rules = ruleset_compile(arena, &snapshot->state);
    return snapshot;
}

void snapshot_acquire(struct snapshot *snapshot)
{
    references_add(&snapshot->references);
}

void snapshot_release(struct snapshot *snapshot)
{
    if (!references_drop(&snapshot->references))
        return;
    kept_bodies_release(snapshot);
    annexes_close(snapshot->annexes);
    ruleset_close(snapshot->rules);
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        flag_revision_release(snapshot->flags[i]);
    for (size_t i = 0; i < snapshot->state.segment_count; i++)
        segment_revision_release(snapshot->segments[i]);
    for (size_t i = 0; i < snapshot->state.cohort_count; i++)
        cohort_revision_release(snapshot->cohorts[i]);
    arena_close(&snapshot->arena);
    memory_free(snapshot);
}

/* Readers hold it as const; that they came is the one thing they leave behind. Looked at first: a
 * line that all loops write would travel between their processors with every request. */
void snapshot_note_asked(const struct snapshot *snapshot, uint32_t answers)
{
    if (!snapshot_is_asked(snapshot, answers))
        atomic_fetch_or_explicit(&((struct snapshot *)snapshot)->asked, answers,
                                 memory_order_relaxed);
}

bool snapshot_is_asked(const struct snapshot *snapshot, uint32_t answer)
{
    return (atomic_load_explicit(&snapshot->asked, memory_order_relaxed) & answer) == answer;
}

void snapshot_expect(struct snapshot *next, const struct snapshot *last)
{
    snapshot_note_asked(next, atomic_load_explicit(&last->asked, memory_order_relaxed));
}

size_t snapshot_document_bytes(const struct snapshot *snapshot)
{
    size_t bytes = 0;
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        bytes += snapshot->flags[i]->arena.total_bytes;
    for (size_t i = 0; i < snapshot->state.segment_count; i++)
        bytes += snapshot->segments[i]->arena.total_bytes;
    return bytes;
}

struct flag_revision *snapshot_find_number(const struct snapshot *snapshot, uint64_t number)
{
    return number_table_find(&snapshot->numbers, snapshot->flags, number);
}

struct flag_revision *snapshot_find_flag(const struct snapshot *snapshot, struct str key)
{
    size_t low = 0;
    size_t high = snapshot->state.flag_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_compare(snapshot->state.flags[middle]->key, key);
        if (order == 0)
            return snapshot->flags[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct cohort_revision *snapshot_find_cohort(const struct snapshot *snapshot, struct str id)
{
    for (size_t i = 0; i < snapshot->state.cohort_count; i++) {
        if (str_equal(snapshot->cohorts[i]->cohort.id, id))
            return snapshot->cohorts[i];
    }
    return NULL;
}

const struct catalog_user *catalog_find_user(const struct catalog *catalog, struct str id)
{
    for (size_t i = 0; i < catalog->user_count; i++) {
        if (str_equal(catalog->users[i].id, id))
            return &catalog->users[i];
    }
    return NULL;
}

const struct catalog_user *catalog_find_user_by_email(const struct catalog *catalog,
                                                      struct str email)
{
    for (size_t i = 0; i < catalog->user_count; i++) {
        if (str_equal_ignoring_case(catalog->users[i].email, email))
            return &catalog->users[i];
    }
    return NULL;
}

const struct catalog_app *catalog_find_app(const struct catalog *catalog, struct str id)
{
    for (size_t i = 0; i < catalog->app_count; i++) {
        if (str_equal(catalog->apps[i].id, id))
            return &catalog->apps[i];
    }
    return NULL;
}

const struct catalog_app *catalog_find_app_by_name(const struct catalog *catalog, struct str name)
{
    for (size_t i = 0; i < catalog->app_count; i++) {
        if (str_equal(catalog->apps[i].name, name))
            return &catalog->apps[i];
    }
    return NULL;
}

/* Environments are sorted by number; numbers have gaps only where a creation was rolled back. */
static size_t find_environment_index(const struct catalog *catalog, uint64_t number)
{
    size_t low = 0;
    size_t high = catalog->environment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (catalog->environments[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < catalog->environment_count && catalog->environments[low].number == number)
        return low;
    return SIZE_MAX;
}

const struct catalog_environment *catalog_find_environment(const struct catalog *catalog,
                                                           uint64_t number)
{
    size_t index = find_environment_index(catalog, number);
    return index == SIZE_MAX ? NULL : &catalog->environments[index];
}

const struct catalog_environment *catalog_find_environment_of(const struct catalog *catalog,
                                                              const struct catalog_app *app,
                                                              struct str name_or_id)
{
    for (size_t i = 0; i < app->environment_count; i++) {
        const struct catalog_environment *environment =
            &catalog->environments[app->environments[i]];
        if (str_equal(environment->name, name_or_id) || str_equal(environment->id, name_or_id))
            return environment;
    }
    return NULL;
}

const struct catalog_credential *catalog_find_credential(const struct catalog *catalog,
                                                         struct str id)
{
    uint32_t place = map_find(&catalog->credential_places, id);
    return place == MAP_ABSENT ? NULL : &catalog->credentials[place];
}

const struct catalog_deployment *catalog_find_deployment(const struct catalog *catalog,
                                                         uint64_t number)
{
    size_t low = 0;
    size_t high = catalog->deployment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (catalog->deployments[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    if (low < catalog->deployment_count && catalog->deployments[low].number == number)
        return &catalog->deployments[low];
    return NULL;
}

const struct catalog_deployment *catalog_find_default_deployment(const struct catalog *catalog,
                                                                 uint64_t environment)
{
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        if (catalog->deployments[i].environment == environment &&
            catalog->deployments[i].kind == CREDENTIAL_PROJECT_KEY)
            return &catalog->deployments[i];
    }
    return NULL;
}

void catalog_acquire(struct catalog *catalog)
{
    references_add(&catalog->references);
}

void catalog_release(struct catalog *catalog)
{
    if (!references_drop(&catalog->references))
        return;
    arena_close(&catalog->arena);
    memory_free(catalog);
}

const struct snapshot *view_find(const struct view *view, uint64_t environment)
{
    size_t index = find_environment_index(view->catalog, environment);
    return index == SIZE_MAX ? NULL : view->snapshots[index];
}

const struct snapshot *view_of(const struct view *view,
                               const struct catalog_environment *environment)
{
    size_t index = (size_t)(environment - view->catalog->environments);
    assert(index < view->catalog->environment_count);
    return view->snapshots[index];
}
