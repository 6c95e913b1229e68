/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group - many changes, one transaction, one publication.
 *
 *   begin; for each change: savepoint, apply, release (or roll back and refuse);
 *   compile and render what changed; commit; publish; announce.
 *
 * Compiling comes before the commit: nothing is committed that does not compile or is too large.
 */
#include "change/group.h"

#include <assert.h>

#include "base/memory.h"
#include "model/limits.h"

enum { GROUP_ENVIRONMENTS_MAX = GROUP_CHANGES_MAX };

struct group {
    struct changer *changer;
    const struct view *base;
    int64_t now_ms;
    struct draft *drafts;
    size_t draft_count;
    struct catalog *catalog;     /* the candidate: base's or a new one; one reference */
    struct snapshot **snapshots; /* the candidates, by catalog->environments; one reference each */
    size_t snapshot_count;
};

/* environments[i] of the catalog is the one of snapshots[i]. */
static struct draft *find_draft(struct group *group, uint64_t environment)
{
    const struct catalog_environment *found = catalog_find_environment(group->catalog, environment);
    if (found == NULL)
        return NULL;
    for (size_t i = 0; i < group->draft_count; i++) {
        struct draft *draft = &group->drafts[i];
        if (draft->environment != environment)
            continue;
        draft->environment_id =
            found->id; /* of a newer catalog, maybe: the older one may be gone */
        return draft;
    }
    assert(group->draft_count < GROUP_ENVIRONMENTS_MAX);
    struct draft *draft = &group->drafts[group->draft_count++];
    draft_open(draft, group->snapshots[found - group->catalog->environments], found);
    return draft;
}

static void replace_catalog(struct group *group, struct catalog *catalog)
{
    catalog_release(group->catalog);
    group->catalog = catalog;
}

/* A new environment has no revisions yet: an empty snapshot at version 0. */
static struct snapshot *make_empty(const struct catalog *catalog,
                                   const struct catalog_environment *environment, int64_t now_ms)
{
    struct snapshot_parts parts = {
        .environment = environment->number,
        .now_ms = now_ms,
        .app_id = environment->app_id,
        .name = environment->name,
        .settings = {.hides_flags_by_default =
                         catalog->apps[environment->app].hides_flags_by_default},
    };
    return snapshot_make(&parts);
}

/* Environments are only ever added, in the order of their numbers. */
static void cover_new_environments(struct group *group)
{
    size_t count = group->catalog->environment_count;
    if (count == group->snapshot_count)
        return;
    group->snapshots = memory_resize(group->snapshots, count * sizeof(*group->snapshots));
    for (size_t i = group->snapshot_count; i < count; i++) {
        const struct catalog_environment *environment = &group->catalog->environments[i];
        group->snapshots[i] = make_empty(group->catalog, environment, group->now_ms);
        group->changer->config.render(group->snapshots[i]);
        quotas_cover(&group->changer->quotas, environment->number);
    }
    group->snapshot_count = count;
}

/* The caller was let in when the request came; a credential may be revoked while a change waits. */
static struct fault check_caller(const struct group *group, const struct change *change)
{
    if (catalog_find_credential(group->catalog, change->caller->credential_id) != NULL)
        return fault_none();
    return fault_make(FAULT_UNAUTHENTICATED, STR("caller"), STR("Not authenticated"));
}

static struct fault apply_in_savepoint(struct group *group, const struct job *job)
{
    struct change *change = job->change;
    struct store *store = group->changer->store;
    struct fault fault = check_caller(group, change);
    if (failed(fault))
        return fault;
    change->at_ms = group->now_ms;
    if (change->kind == CHANGE_ENVIRONMENT) {
        struct draft *draft = find_draft(group, change->environment);
        if (draft == NULL)
            return fault_make(FAULT_MISSING, STR("environment"),
                              STR("there is no such environment"));
        return apply_environment_change(store, draft, change, &job->stored);
    }
    return apply_catalog_change(store, group->catalog, change);
}

/* The next change of the group must see this one's app or key: the catalog is read back, before
 * the savepoint is let go, so that a change that cannot be shown is not kept either. */
static struct fault apply_and_show(struct group *group, const struct job *job)
{
    struct fault fault = apply_in_savepoint(group, job);
    if (failed(fault) || job->change->kind == CHANGE_ENVIRONMENT)
        return fault;
    struct catalog *catalog = NULL;
    fault = follow_catalog(group->changer->store, &catalog);
    if (failed(fault))
        return fault;
    replace_catalog(group, catalog);
    cover_new_environments(group);
    return fault_none();
}

/* How the change itself went goes to its job; what comes back befell the whole group. */
static struct fault apply_one(struct group *group, struct job *job)
{
    struct store *store = group->changer->store;
    struct fault fault = store_savepoint(store);
    if (failed(fault))
        return fault;
    job->fault = apply_and_show(group, job);
    if (!failed(job->fault))
        return store_release_savepoint(store);
    store_rollback_savepoint(store);
    return fault_none();
}

static size_t rendered_bytes(const struct snapshot *snapshot)
{
    size_t bytes = 0;
    for (size_t i = 0; i < RENDERINGS_MAX; i++)
        bytes += snapshot->renderings[i].body.size;
    return bytes;
}

/* Compiles and renders every changed environment; the candidates replace their predecessors. */
static struct fault compile_candidates(struct group *group)
{
    for (size_t i = 0; i < group->draft_count; i++) {
        if (!group->drafts[i].is_changed)
            continue;
        struct snapshot *next = draft_compile(&group->drafts[i], group->now_ms);
        group->changer->config.render(next);
        size_t at = 0;
        while (group->snapshots[at]->environment != next->environment)
            at++;
        snapshot_release(group->snapshots[at]);
        group->snapshots[at] = next;
        if (rendered_bytes(next) > SNAPSHOT_BYTES_MAX)
            return fault_make(FAULT_LIMIT, STR("environment"),
                              STR("the environment's documents would pass 32 MiB"));
    }
    return fault_none();
}

static void open_group(struct group *group, struct changer *changer)
{
    const struct view *base = changer->view;
    *group = (struct group){
        .changer = changer,
        .base = base,
        .now_ms = clock_wall_ms(changer->config.clock),
        .catalog = base->catalog,
        .snapshot_count = base->catalog->environment_count,
    };
    catalog_acquire(group->catalog);
    group->drafts = MEMORY_NEW_ARRAY(struct draft, GROUP_ENVIRONMENTS_MAX);
    group->snapshots = MEMORY_NEW_ARRAY(struct snapshot *, group->snapshot_count);
    for (size_t i = 0; i < group->snapshot_count; i++) {
        group->snapshots[i] = base->snapshots[i];
        snapshot_acquire(group->snapshots[i]);
    }
}

static void close_group(struct group *group)
{
    for (size_t i = 0; i < group->draft_count; i++)
        draft_close(&group->drafts[i]);
    for (size_t i = 0; i < group->snapshot_count; i++)
        snapshot_release(group->snapshots[i]);
    memory_free(group->drafts);
    memory_free(group->snapshots);
    catalog_release(group->catalog);
}

static bool has_change(const struct group *group)
{
    for (size_t i = 0; i < group->draft_count; i++) {
        if (group->drafts[i].is_changed)
            return true;
    }
    return group->catalog != group->base->catalog;
}

static void publish(struct group *group)
{
    struct changer *changer = group->changer;
    struct view *next = view_make(group->catalog, group->snapshots, false);
    struct view *held = next;
    atomic_fetch_add_explicit(&held->references, 1, memory_order_relaxed);
    view_publish(changer->config.slot, next);
    view_release(changer->view);
    changer->view = held;
}

static void announce(const struct group *group)
{
    const struct change_config *config = &group->changer->config;
    for (size_t i = 0; config->on_published != NULL && i < group->draft_count; i++) {
        if (group->drafts[i].is_changed)
            config->on_published(group->drafts[i].environment, group->drafts[i].version,
                                 config->context);
    }
}

/* A fault here belongs to the whole group. */
static struct fault run(struct group *group, struct job *const *jobs, size_t count)
{
    struct store *store = group->changer->store;
    struct fault fault = store_begin(store);
    if (failed(fault))
        return fault;
    for (size_t i = 0; i < count && !failed(fault); i++)
        fault = apply_one(group, jobs[i]);
    if (!failed(fault))
        fault = compile_candidates(group);
    if (failed(fault)) {
        store_rollback(store);
        return fault;
    }
    return store_commit(store);
}

static struct fault run_group(struct changer *changer, struct job *const *jobs, size_t count)
{
    struct group group;
    open_group(&group, changer);
    struct fault fault = run(&group, jobs, count);
    if (!failed(fault) && has_change(&group)) {
        publish(&group);
        announce(&group);
    }
    close_group(&group);
    return fault;
}

void group_apply(struct changer *changer, struct job *const *jobs, size_t count)
{
    assert(count <= GROUP_CHANGES_MAX);
    struct fault fault = run_group(changer, jobs, count);
    if (!failed(fault))
        return;
    /* Too large once compiled: find whose change it is by taking them one by one. */
    for (size_t i = 0; i < count; i++) {
        if (fault.kind != FAULT_LIMIT || count == 1)
            jobs[i]->fault = fault;
        else
            group_apply(changer, &jobs[i], 1);
    }
}
