/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow - the store's rows become what readers see. See follow.h.
 *
 * Runs whole at start-up, and for the catalog after every change to it, inside the transaction
 * that made the change, so that what is published is what was compiled before the commit.
 */
#include "change/follow.h"

#include "base/memory.h"
#include "model/codec.h"

struct fault follow_catalog(struct store *store, struct catalog **catalog)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct user_row *users = NULL;
    struct app_row *apps = NULL;
    struct environment_row *environments = NULL;
    struct credential_row *credentials = NULL;
    struct catalog_parts parts = {0};
    struct fault fault = store_load_users(store, &arena, &users, &parts.user_count);
    if (!failed(fault))
        fault = store_load_apps(store, &arena, &apps, &parts.app_count);
    if (!failed(fault))
        fault = store_load_environments(store, &arena, &environments, &parts.environment_count);
    if (!failed(fault))
        fault = store_load_credentials(store, &arena, &credentials, &parts.credential_count);
    if (!failed(fault)) {
        parts.users = users;
        parts.apps = apps;
        parts.environments = environments;
        parts.credentials = credentials;
        *catalog = catalog_make(&parts);
    }
    arena_close(&arena);
    return fault;
}

/* One row into the parts of a snapshot under construction. */
static struct fault decode_row(struct arena *arena, const struct revision_row *row,
                               struct snapshot_parts *parts, struct flag_revision **flags,
                               struct segment_revision **segments)
{
    struct fault fault = fault_none();
    switch (row->kind) {
    case REVISION_FLAG: {
        struct flag flag;
        fault = flag_decode(arena, row->document, &flag);
        if (!failed(fault))
            flags[parts->flag_count++] = flag_revision_make(&flag);
        break;
    }
    case REVISION_SEGMENT: {
        struct segment segment;
        fault = segment_decode(arena, row->document, &segment);
        if (!failed(fault))
            segments[parts->segment_count++] = segment_revision_make(&segment);
        break;
    }
    case REVISION_SETTINGS:
        fault = settings_decode(arena, row->document, &parts->settings);
        break;
    }
    if (failed(fault)) /* the fault names a place in the document; say whose document it is */
        fault = fault_make(FAULT_UNAVAILABLE, STR("revision"), STR("a stored document is refused"));
    return fault;
}

static struct fault decode_rows(struct arena *arena, const struct revision_row *rows, size_t count,
                                struct snapshot_parts *parts, struct snapshot **snapshot)
{
    struct flag_revision **flags = ARENA_NEW_ARRAY(arena, struct flag_revision *, count);
    struct segment_revision **segments = ARENA_NEW_ARRAY(arena, struct segment_revision *, count);
    parts->flags = flags;
    parts->segments = segments;
    struct fault fault = fault_none();
    for (size_t i = 0; i < count && !failed(fault); i++)
        fault = decode_row(arena, &rows[i], parts, flags, segments);
    if (!failed(fault))
        *snapshot = snapshot_make(parts);
    for (size_t i = 0; i < parts->flag_count; i++)
        flag_revision_release(flags[i]);
    for (size_t i = 0; i < parts->segment_count; i++)
        segment_revision_release(segments[i]);
    return fault;
}

struct fault follow_environment(struct store *store, const struct catalog_environment *environment,
                                bool hides_flags_by_default, uint64_t version, int64_t now_ms,
                                struct snapshot **snapshot)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct revision_row *rows = NULL;
    size_t count = 0;
    struct fault fault =
        store_load_environment_at(store, &arena, environment->number, version, &rows, &count);
    if (!failed(fault)) {
        struct snapshot_parts parts = {
            .environment = environment->number,
            .version = version,
            .now_ms = now_ms,
            .app_id = environment->app_id,
            .name = environment->name,
            .settings = {.hides_flags_by_default = hides_flags_by_default},
        };
        fault = decode_rows(&arena, rows, count, &parts, snapshot);
    }
    arena_close(&arena);
    return fault;
}

struct fault follow_environment_at_instant(struct store *store,
                                           const struct catalog_environment *environment,
                                           bool hides_flags_by_default, int64_t at_ms,
                                           int64_t now_ms, struct snapshot **snapshot)
{
    if (at_ms < environment->created_ms)
        return fault_make(FAULT_MISSING, STR("at"), STR("the environment did not exist yet"));
    uint64_t version = 0; /* until its first change an environment is empty */
    struct fault fault = store_find_version_at(store, environment->number, at_ms, &version);
    if (failed(fault) && fault.kind != FAULT_MISSING)
        return fault;
    return follow_environment(store, environment, hides_flags_by_default, version, now_ms,
                              snapshot);
}

static struct fault follow_environments(struct store *store, const struct catalog *catalog,
                                        snapshot_renderer render, int64_t now_ms,
                                        const struct environment_row *rows, size_t count,
                                        struct snapshot **snapshots, size_t *made)
{
    for (*made = 0; *made < count; (*made)++) {
        const struct catalog_environment *environment = &catalog->environments[*made];
        const struct catalog_app *app = &catalog->apps[environment->app];
        struct fault fault = follow_environment(store, environment, app->hides_flags_by_default,
                                                rows[*made].version, now_ms, &snapshots[*made]);
        if (failed(fault))
            return fault;
        render(snapshots[*made]);
    }
    return fault_none();
}

struct fault follow_everything(struct store *store, snapshot_renderer render, int64_t now_ms,
                               struct view **view)
{
    struct catalog *catalog = NULL;
    struct fault fault = follow_catalog(store, &catalog);
    if (failed(fault))
        return fault;
    struct arena arena;
    arena_open(&arena, 4096);
    struct environment_row *rows = NULL;
    size_t count = 0;
    size_t made = 0;
    struct snapshot **snapshots = NULL;
    fault = store_load_environments(store, &arena, &rows, &count);
    if (!failed(fault)) {
        snapshots = ARENA_NEW_ARRAY(&arena, struct snapshot *, count);
        fault = follow_environments(store, catalog, render, now_ms, rows, count, snapshots, &made);
    }
    if (!failed(fault))
        *view = view_make(catalog, snapshots, false);
    for (size_t i = 0; i < made; i++)
        snapshot_release(snapshots[i]);
    arena_close(&arena);
    catalog_release(catalog);
    return fault;
}
