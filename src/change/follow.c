/* SPDX-License-Identifier: Apache-2.0 */
/*
 * follow - the store's rows become what readers see. See follow.h.
 *
 * Runs whole at start-up, and for the catalog after every change to it, inside the transaction
 * that made the change, so that what is published is what was compiled before the commit.
 */
#include "change/follow.h"

#include <pthread.h>
#include <sched.h>

#include "model/codec.h"
#include "snapshot/cohort_document.h"

struct fault follow_catalog(struct store *store, struct catalog **catalog)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct user_row *users = NULL;
    struct app_row *apps = NULL;
    struct environment_row *environments = NULL;
    struct deployment_row *deployments = NULL;
    struct credential_row *credentials = NULL;
    struct catalog_parts parts = {0};
    struct fault fault = store_load_users(store, &arena, &users, &parts.user_count);
    if (!failed(fault))
        fault = store_load_apps(store, &arena, &apps, &parts.app_count);
    if (!failed(fault))
        fault = store_load_environments(store, &arena, &environments, &parts.environment_count);
    if (!failed(fault))
        fault = store_load_deployments(store, &arena, &deployments, &parts.deployment_count);
    if (!failed(fault))
        fault = store_load_credentials(store, &arena, &credentials, &parts.credential_count);
    if (!failed(fault)) {
        parts.users = users;
        parts.apps = apps;
        parts.environments = environments;
        parts.deployments = deployments;
        parts.credentials = credentials;
        *catalog = catalog_make(&parts);
    }
    arena_close(&arena);
    return fault;
}

/* ---- one environment --------------------------------------------------------------------- */

/* The parts of a snapshot under construction, one reference of each revision. */
struct gathered {
    struct arena *arena;
    struct members_shelf *shelf;
    struct flag_revision **flags;
    struct segment_revision **segments;
    struct cohort_revision **cohorts;
    size_t flag_count, segment_count, cohort_count;
    struct environment_settings settings;
};

static struct fault load_members(void *store, struct arena *arena,
                                 const struct cohort_digest *digest, struct str *stored_form)
{
    return store_load_members(store, arena, digest->bytes, stored_form);
}

static struct members_source members_of(struct store *store)
{
    return (struct members_source){load_members, store};
}

static struct fault make_flag(struct arena *arena, const struct revision_row *row,
                              struct flag_revision **revision)
{
    const struct provenance provenance = {
        .number = row->number,
        .sequence = row->sequence,
        .created_ms = row->created_ms,
        .modified_ms = row->at_ms,
        .created_by = row->created_by,
        .modified_by = row->actor,
    };
    struct flag flag;
    struct fault fault = flag_decode(arena, row->document, &flag);
    if (!failed(fault))
        *revision = flag_revision_make(&flag, &provenance);
    return fault;
}

/* Flags are by far the most of what a start reads, and each is read by itself: so by as many
 * threads as there are processors, when they are many. */
enum { SHARES_MAX = 4, SHARE_FLAGS_LEAST = 1000 };

struct share {
    const struct revision_row *const *rows;
    struct flag_revision **flags;
    size_t count;
    bool is_good;
    pthread_t thread;
};

static void *make_flags(void *argument)
{
    struct share *share = argument;
    struct arena arena;
    arena_open(&arena, 16384);
    share->is_good = true;
    for (size_t i = 0; i < share->count && share->is_good; i++) {
        share->is_good = !failed(make_flag(&arena, share->rows[i], &share->flags[i]));
        arena_reset(&arena);
    }
    arena_close(&arena);
    return NULL;
}

static size_t share_count(size_t flag_count)
{
    cpu_set_t processors;
    size_t wanted = flag_count / SHARE_FLAGS_LEAST;
    if (wanted <= 1 || sched_getaffinity(0, sizeof(processors), &processors) != 0)
        return 1;
    size_t most = (size_t)CPU_COUNT(&processors);
    most = most < SHARES_MAX ? most : SHARES_MAX;
    return wanted < most ? wanted : most;
}

/* flags: what could be made; the others are NULL. */
static bool gather_flags(const struct revision_row *const *rows, size_t count,
                         struct flag_revision **flags)
{
    struct share shares[SHARES_MAX];
    bool is_threaded[SHARES_MAX] = {false};
    size_t share_total = share_count(count);
    bool is_good = true;
    for (size_t i = 0; i < share_total; i++) {
        size_t from = count * i / share_total;
        shares[i] = (struct share){
            .rows = rows + from,
            .flags = flags + from,
            .count = count * (i + 1) / share_total - from,
        };
        is_threaded[i] = i + 1 < share_total &&
                         pthread_create(&shares[i].thread, NULL, make_flags, &shares[i]) == 0;
    }
    for (size_t i = share_total; i-- > 0;) { /* the last is our own */
        if (is_threaded[i])
            pthread_join(shares[i].thread, NULL);
        else
            make_flags(&shares[i]);
        is_good = is_good && shares[i].is_good;
    }
    return is_good;
}

static struct fault gather_segment(struct gathered *gathered, const struct revision_row *row)
{
    struct segment segment;
    struct fault fault = segment_decode(gathered->arena, row->document, &segment);
    if (!failed(fault))
        gathered->segments[gathered->segment_count++] = segment_revision_make(&segment);
    return fault;
}

static struct fault gather_cohort(struct gathered *gathered, const struct revision_row *row)
{
    struct cohort_revision *revision = NULL;
    struct fault fault = cohort_revision_load(gathered->shelf, row->document, &revision);
    if (!failed(fault))
        gathered->cohorts[gathered->cohort_count++] = revision;
    return fault;
}

/* All but flags. */
static struct fault gather_row(struct gathered *gathered, const struct revision_row *row)
{
    switch (row->kind) {
    case REVISION_SEGMENT:
        return gather_segment(gathered, row);
    case REVISION_COHORT:
        return gather_cohort(gathered, row);
    case REVISION_SETTINGS:
        return settings_decode(gathered->arena, row->document, &gathered->settings);
    case REVISION_FLAG:
        break;
    }
    return fault_none();
}

static void release_gathered(struct gathered *gathered)
{
    for (size_t i = 0; i < gathered->flag_count; i++) {
        if (gathered->flags[i] != NULL) /* else it could not be made */
            flag_revision_release(gathered->flags[i]);
    }
    for (size_t i = 0; i < gathered->segment_count; i++)
        segment_revision_release(gathered->segments[i]);
    for (size_t i = 0; i < gathered->cohort_count; i++)
        cohort_revision_release(gathered->cohorts[i]);
}

static struct fault gather_rows(struct gathered *gathered, const struct revision_row *rows,
                                size_t count)
{
    const struct revision_row **flag_rows =
        ARENA_NEW_ARRAY(gathered->arena, const struct revision_row *, count);
    gathered->flags = ARENA_NEW_ARRAY(gathered->arena, struct flag_revision *, count);
    gathered->segments = ARENA_NEW_ARRAY(gathered->arena, struct segment_revision *, count);
    gathered->cohorts = ARENA_NEW_ARRAY(gathered->arena, struct cohort_revision *, count);
    bool is_good = true;
    for (size_t i = 0; i < count && is_good; i++) {
        if (rows[i].kind == REVISION_FLAG)
            flag_rows[gathered->flag_count++] = &rows[i];
        else
            is_good = !failed(gather_row(gathered, &rows[i]));
    }
    if (is_good && gather_flags(flag_rows, gathered->flag_count, gathered->flags))
        return fault_none();
    /* a fault would name a place in the document; say whose document it is */
    return fault_make(FAULT_UNAVAILABLE, STR("revision"), STR("a stored document is refused"));
}

static struct fault follow_with_shelf(struct store *store,
                                      const struct catalog_environment *environment,
                                      bool hides_flags_by_default, uint64_t version, int64_t now_ms,
                                      struct members_shelf *shelf, struct snapshot **snapshot)
{
    struct arena arena;
    arena_open(&arena, 16384);
    struct gathered gathered = {
        .arena = &arena,
        .shelf = shelf,
        .settings = {.hides_flags_by_default = hides_flags_by_default},
    };
    struct revision_row *rows = NULL;
    size_t count = 0;
    struct fault fault =
        store_load_environment_at(store, &arena, environment->number, version, &rows, &count);
    if (!failed(fault))
        fault = gather_rows(&gathered, rows, count);
    if (!failed(fault)) {
        const struct snapshot_parts parts = {
            .environment = environment->number,
            .version = version,
            .now_ms = now_ms,
            .app_id = environment->app_id,
            .name = environment->name,
            .settings = gathered.settings,
            .flags = gathered.flags,
            .flag_count = gathered.flag_count,
            .segments = gathered.segments,
            .segment_count = gathered.segment_count,
            .cohorts = gathered.cohorts,
            .cohort_count = gathered.cohort_count,
        };
        *snapshot = snapshot_make(&parts);
    }
    release_gathered(&gathered);
    arena_close(&arena);
    return fault;
}

struct fault follow_environment(struct store *store, const struct catalog_environment *environment,
                                bool hides_flags_by_default, uint64_t version, int64_t now_ms,
                                struct snapshot **snapshot)
{
    bool has_version = false;
    struct fault fault = store_has_version(store, environment->number, version, &has_version);
    if (failed(fault))
        return fault;
    if (!has_version)
        return fault_make(FAULT_MISSING, STR("version"), STR("there is no such version"));
    struct members_shelf shelf;
    members_shelf_open(&shelf, members_of(store));
    fault = follow_with_shelf(store, environment, hides_flags_by_default, version, now_ms, &shelf,
                              snapshot);
    members_shelf_close(&shelf);
    return fault;
}

struct fault follow_find_version(struct store *store, const struct catalog_environment *environment,
                                 int64_t at_ms, uint64_t *version)
{
    *version = 0; /* until its first change an environment is empty */
    if (at_ms < environment->created_ms)
        return fault_make(FAULT_MISSING, STR("at"), STR("the environment did not exist yet"));
    struct fault fault = store_find_version_at(store, environment->number, at_ms, version);
    return fault.kind == FAULT_MISSING ? fault_none() : fault;
}

/* ---- everything -------------------------------------------------------------------------- */

static struct fault follow_environments(struct store *store, const struct catalog *catalog,
                                        snapshot_renderer render, int64_t now_ms,
                                        const struct environment_row *rows, size_t count,
                                        struct snapshot **snapshots, size_t *made)
{
    struct members_shelf shelf;
    members_shelf_open(&shelf, members_of(store));
    struct fault fault = fault_none();
    *made = 0;
    while (*made < count) {
        const struct catalog_environment *environment = &catalog->environments[*made];
        fault = follow_with_shelf(store, environment, environment->hides_flags_by_default,
                                  rows[*made].version, now_ms, &shelf, &snapshots[*made]);
        if (failed(fault))
            break;
        render(snapshots[(*made)++]);
    }
    members_shelf_close(&shelf);
    return fault;
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
