/* SPDX-License-Identifier: Apache-2.0 */
/* snapshot - what readers see: revisions, snapshots, catalog. See snapshot.h; views: view.c. */
#include "snapshot/snapshot.h"

#include <assert.h>

#include "base/memory.h"

/* Adds one to a count that somebody already holds, so it cannot reach zero meanwhile. */
static void acquire(_Atomic uint32_t *references)
{
    uint32_t before = atomic_fetch_add_explicit(references, 1, memory_order_relaxed);
    assert(before > 0);
    assert(before < UINT32_MAX);
}

/* True when this was the last reference and the owner must free. */
static bool release(_Atomic uint32_t *references)
{
    uint32_t before = atomic_fetch_sub_explicit(references, 1, memory_order_acq_rel);
    assert(before > 0);
    return before == 1;
}

struct flag_revision *flag_revision_make(const struct flag *flag)
{
    struct flag_revision *revision = MEMORY_NEW(struct flag_revision);
    atomic_init(&revision->references, 1);
    arena_open(&revision->arena, 512);
    revision->flag = flag_copy(&revision->arena, flag);
    return revision;
}

void flag_revision_acquire(struct flag_revision *revision)
{
    acquire(&revision->references);
}

void flag_revision_release(struct flag_revision *revision)
{
    if (!release(&revision->references))
        return;
    arena_close(&revision->arena);
    memory_free(revision);
}

struct segment_revision *segment_revision_make(const struct segment *segment)
{
    struct segment_revision *revision = MEMORY_NEW(struct segment_revision);
    atomic_init(&revision->references, 1);
    arena_open(&revision->arena, 512);
    revision->segment = segment_copy(&revision->arena, segment);
    return revision;
}

void segment_revision_acquire(struct segment_revision *revision)
{
    acquire(&revision->references);
}

void segment_revision_release(struct segment_revision *revision)
{
    if (!release(&revision->references))
        return;
    arena_close(&revision->arena);
    memory_free(revision);
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
    snapshot->flags = arena_copy(arena, parts->flags, parts->flag_count * sizeof(*parts->flags));
    snapshot->segments =
        arena_copy(arena, parts->segments, parts->segment_count * sizeof(*parts->segments));
    snapshot->settings = parts->settings;
    snapshot->settings.metadata = json_copy(arena, &parts->settings.metadata);

    const struct flag **flags = ARENA_NEW_ARRAY(arena, const struct flag *, parts->flag_count);
    for (size_t i = 0; i < parts->flag_count; i++) {
        flag_revision_acquire(snapshot->flags[i]);
        flags[i] = &snapshot->flags[i]->flag;
    }
    const struct segment **segments =
        ARENA_NEW_ARRAY(arena, const struct segment *, parts->segment_count);
    for (size_t i = 0; i < parts->segment_count; i++) {
        segment_revision_acquire(snapshot->segments[i]);
        segments[i] = &snapshot->segments[i]->segment;
    }
    snapshot->state = (struct environment_state){
        .app_id = arena_copy_str(arena, parts->app_id),
        .name = arena_copy_str(arena, parts->name),
        .version = parts->version,
        .settings = snapshot->settings,
        .flags = flags,
        .flag_count = parts->flag_count,
        .segments = segments,
        .segment_count = parts->segment_count,
    };
    snapshot->rules = ruleset_compile(arena, &snapshot->state);
    return snapshot;
}

void snapshot_acquire(struct snapshot *snapshot)
{
    acquire(&snapshot->references);
}

void snapshot_release(struct snapshot *snapshot)
{
    if (!release(&snapshot->references))
        return;
    ruleset_close(snapshot->rules);
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        flag_revision_release(snapshot->flags[i]);
    for (size_t i = 0; i < snapshot->state.segment_count; i++)
        segment_revision_release(snapshot->segments[i]);
    arena_close(&snapshot->arena);
    memory_free(snapshot);
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
    for (size_t i = 0; i < catalog->credential_count; i++) {
        if (str_equal(catalog->credentials[i].id, id))
            return &catalog->credentials[i];
    }
    return NULL;
}

void catalog_acquire(struct catalog *catalog)
{
    acquire(&catalog->references);
}

void catalog_release(struct catalog *catalog)
{
    if (!release(&catalog->references))
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
