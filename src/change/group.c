/* SPDX-License-Identifier: Apache-2.0 */
/*
 * group - many changes, one transaction, one publication.
 *
 *   begin; for each change: savepoint, apply, release (or roll back and refuse);
 *   rehearse what changed in another process; compile and render it; commit; publish; announce.
 *
 * All of that comes before the commit: nothing is committed that crashes a rehearsal (rehearsal.h),
 * does not compile or is too large. Whose change it was is found by halving the group.
 */
#include "change/group.h"

#include <assert.h>

#include "base/memory.h"
#include "change/rehearsal.h"
#include "model/limits.h"
#include "snapshot/cost.h"

enum { GROUP_ENVIRONMENTS_MAX = GROUP_CHANGES_MAX };

struct group {
    struct changer *changer;
    const struct view *base;
    int64_t now_ms;
    struct draft *drafts;
    size_t draft_count;
    struct catalog *catalog;     /* the candidate: base's or a new one; one reference */
    struct snapshot **snapshots; /* the candidates, by catalog->environments; one reference each */
    struct arena *arena;         /* of the group's fault */
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
static struct snapshot *make_empty(const struct catalog_environment *environment, int64_t now_ms)
{
    struct snapshot_parts parts = {
        .environment = environment->number,
        .now_ms = now_ms,
        .app_id = environment->app_id,
        .name = environment->name,
        .settings = {.hides_flags_by_default = environment->hides_flags_by_default},
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
        group->snapshots[i] = make_empty(environment, group->now_ms);
        group->changer->config.render(group->snapshots[i]);
        quotas_cover(&group->changer->quotas, environment->number);
    }
    group->snapshot_count = count;
}

/* ---- one change ---------------------------------------------------------------------------- */

/* Who has shown a password and has no credential yet: to make one of their own. */
static struct fault check_newcomer(const struct group *group, const struct change *change)
{
    const struct catalog_user *user = catalog_find_user(group->catalog, change->caller->user_id);
    bool is_own = change->kind == CHANGE_CREATE_TOKEN && change->key_kind == CREDENTIAL_PERSONAL &&
                  str_equal(change->user_id, change->caller->user_id);
    if (user == NULL || user->role < ROLE_VIEWER || !is_own)
        return fault_make(FAULT_UNAUTHENTICATED, STR("caller"), STR("Not authenticated"));
    return fault_none();
}

/* The caller was let in when the request came; a credential may be revoked, a person demoted while
 * a change waits. */
static struct fault check_caller(const struct group *group, const struct change *change)
{
    if (str_is_empty(change->caller->credential_id))
        return check_newcomer(group, change);
    const struct catalog_credential *credential =
        catalog_find_credential(group->catalog, change->caller->credential_id);
    if (credential == NULL)
        return fault_make(FAULT_UNAUTHENTICATED, STR("caller"), STR("Not authenticated"));
    if (credential->kind != CREDENTIAL_PERSONAL || change->kind != CHANGE_ENVIRONMENT)
        return fault_none(); /* those of the catalog have their guards */
    const struct catalog_user *user = catalog_find_user(group->catalog, credential->user_id);
    if (user == NULL || user->role < ROLE_EDITOR)
        return fault_make(FAULT_DENIED, STR("caller"), STR("Insufficient permissions"));
    return fault_none();
}

/* Before anything else: whoever asks twice is told so, and not what the second time would have been
 * refused for. */
static struct fault check_once(struct store *store, const struct change *change)
{
    if (change->once == NULL || change->is_dry_run)
        return fault_none();
    struct once_row row;
    bool is_found = false;
    struct fault fault = store_find_once(store, change->arena, change->once->key, &row, &is_found);
    if (!failed(fault) && is_found)
        return fault_make(FAULT_CONFLICT, STR("idempotency-key"),
                          STR("this key was used for a request before"));
    return fault;
}

static struct fault check_guard(const struct group *group, struct change *change)
{
    if (change->guard == NULL)
        return fault_none();
    struct fault fault = change->guard(group->catalog, change->input);
    return failed(fault) ? keep_fault(change, fault) : fault;
}

static struct fault check_size(const struct snapshot *snapshot)
{
    if (snapshot_document_bytes(snapshot) > SNAPSHOT_BYTES_MAX)
        return fault_make(FAULT_LIMIT, STR("environment"),
                          STR("the environment's documents would pass 32 MiB"));
    return fault_none();
}

/* What an environment costs its clients already is not held against a change of it. */
static struct fault check_cost(const struct snapshot *next, const struct snapshot *last)
{
    size_t steps = snapshot_steps(next);
    if (steps <= SNAPSHOT_STEPS_MAX || steps <= snapshot_steps(last))
        return fault_none();
    return fault_make(FAULT_LIMIT, STR("environment"),
                      STR("all flags together would take one subject too many steps to evaluate"));
}

static struct snapshot **find_snapshot(const struct group *group, uint64_t environment)
{
    struct snapshot **at = group->snapshots;
    while ((*at)->environment != environment)
        at++;
    return at;
}

/* In another process, before anything is made of it here. */
static struct fault rehearse_drafts(const struct group *group, const struct draft *drafts,
                                    size_t count)
{
    struct rehearsal_part *parts = MEMORY_NEW_ARRAY(struct rehearsal_part, count);
    size_t part_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (drafts[i].is_changed)
            parts[part_count++] =
                (struct rehearsal_part){&drafts[i], *find_snapshot(group, drafts[i].environment)};
    }
    struct fault fault =
        rehearsal_run(group->changer, group->arena, parts, part_count, group->now_ms);
    memory_free(parts);
    return fault;
}

static struct snapshot *make_candidate(const struct group *group, const struct draft *draft)
{
    struct snapshot *candidate = draft_compile(draft, group->now_ms);
    snapshot_expect(candidate, *find_snapshot(group, draft->environment));
    group->changer->config.render(candidate);
    return candidate;
}

/* On a copy of the draft, which is rehearsed, compiled and measured like one that is to be kept. */
static struct fault run_dry(const struct group *group, const struct draft *draft,
                            const struct job *job)
{
    struct draft copy;
    draft_copy(&copy, draft);
    struct fault fault =
        apply_environment_change(group->changer->store, &copy, job->change, &job->stored);
    if (!failed(fault)) {
        fault = rehearse_drafts(group, &copy, 1);
        if (failed(fault))
            fault = keep_fault(job->change, fault);
    }
    if (!failed(fault)) {
        struct snapshot *candidate = make_candidate(group, &copy);
        fault = check_size(candidate);
        if (!failed(fault))
            fault = check_cost(candidate, *find_snapshot(group, copy.environment));
        snapshot_release(candidate);
    }
    draft_close(&copy);
    return fault;
}

static struct fault change_environment(struct group *group, const struct job *job)
{
    struct change *change = job->change;
    struct draft *draft = find_draft(group, change->environment);
    if (draft == NULL)
        return fault_make(FAULT_MISSING, STR("environment"), STR("there is no such environment"));
    if (change->is_dry_run)
        return run_dry(group, draft, job);
    return apply_environment_change(group->changer->store, draft, change, &job->stored);
}

/* The next change of the group must see this one's app or key: the catalog is read back, before
 * the savepoint is let go, so that a change that cannot be shown is not kept either. */
static struct fault change_catalog(struct group *group, struct change *change)
{
    struct store *store = group->changer->store;
    struct fault fault = apply_catalog_change(store, group->catalog, change);
    if (failed(fault) || change->is_dry_run)
        return fault;
    struct catalog *catalog = NULL;
    fault = follow_catalog(store, &catalog);
    if (failed(fault))
        return fault;
    replace_catalog(group, catalog);
    cover_new_environments(group);
    return fault_none();
}

static struct fault apply_change(struct group *group, const struct job *job)
{
    struct change *change = job->change;
    struct fault fault = check_caller(group, change);
    if (!failed(fault))
        fault = check_once(group->changer->store, change);
    if (!failed(fault))
        fault = check_guard(group, change);
    if (failed(fault))
        return fault;
    change->at_ms = group->now_ms;
    return change->kind == CHANGE_ENVIRONMENT ? change_environment(group, job)
                                              : change_catalog(group, change);
}

static struct fault run_job(struct group *group, const struct job *job)
{
    if (job->change != NULL)
        return apply_change(group, job);
    return store_keep_once_answer(group->changer->store, job->once->key, job->sealed);
}

/* How the change itself went goes to its job; what comes back befell the whole group. */
static struct fault apply_one(struct group *group, struct job *job)
{
    struct store *store = group->changer->store;
    bool is_dry_run = job->change != NULL && job->change->is_dry_run;
    struct fault fault = store_savepoint(store);
    if (failed(fault))
        return fault;
    job->fault = run_job(group, job);
    if (!failed(job->fault) && !is_dry_run)
        return store_release_savepoint(store);
    store_rollback_savepoint(store);
    if (is_dry_run) /* they open nothing, and never will */
        job->change->secret = job->change->key = (struct str){0};
    return fault_none();
}

/* ---- the group ----------------------------------------------------------------------------- */

/* Compiles and renders every changed environment; the candidates replace their predecessors. */
static struct fault compile_candidates(struct group *group)
{
    for (size_t i = 0; i < group->draft_count; i++) {
        if (!group->drafts[i].is_changed)
            continue;
        struct snapshot *next = make_candidate(group, &group->drafts[i]);
        size_t at = 0;
        while (group->snapshots[at]->environment != next->environment)
            at++;
        struct fault fault = check_size(next);
        if (!failed(fault))
            fault = check_cost(next, group->snapshots[at]);
        snapshot_release(group->snapshots[at]);
        group->snapshots[at] = next;
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static void open_group(struct group *group, struct changer *changer, struct arena *arena)
{
    const struct view *base = changer->view;
    *group = (struct group){
        .changer = changer,
        .base = base,
        .now_ms = clock_wall_ms(changer->config.clock),
        .catalog = base->catalog,
        .snapshot_count = base->catalog->environment_count,
        .arena = arena,
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

static bool has_other_catalog(const struct group *group)
{
    return group->catalog != group->base->catalog;
}

static bool has_change(const struct group *group)
{
    for (size_t i = 0; i < group->draft_count; i++) {
        if (group->drafts[i].is_changed)
            return true;
    }
    return has_other_catalog(group);
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

static void announce(const struct group *group, bool has_catalog)
{
    const struct change_config *config = &group->changer->config;
    if (config->on_catalog != NULL && has_catalog)
        config->on_catalog(config->context);
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
        fault = rehearse_drafts(group, group->drafts, group->draft_count);
    if (!failed(fault))
        fault = compile_candidates(group);
    if (!failed(fault)) /* what follows is published whatever it takes */
        fault = memory_refuse_when_short();
    if (failed(fault)) {
        store_rollback(store);
        return fault;
    }
    return store_commit(store);
}

/* The fault's text lives in the arena. */
static struct fault run_group(struct changer *changer, struct arena *arena, struct job *const *jobs,
                              size_t count)
{
    struct group group;
    open_group(&group, changer, arena);
    struct fault fault = run(&group, jobs, count);
    if (!failed(fault) && has_change(&group)) {
        bool has_catalog = has_other_catalog(&group); /* the base is gone once the next is there */
        publish(&group);
        announce(&group, has_catalog);
    }
    close_group(&group);
    return fault;
}

static void refuse_all(struct job *const *jobs, size_t count, struct fault fault)
{
    for (size_t i = 0; i < count; i++)
        jobs[i]->fault = jobs[i]->change == NULL ? fault : keep_fault(jobs[i]->change, fault);
}

void group_apply(struct changer *changer, struct job *const *jobs, size_t count)
{
    assert(count <= GROUP_CHANGES_MAX);
    struct arena arena;
    arena_open(&arena, 1024);
    /* Nothing is begun, and nothing committed, that lives on the reserve. */
    struct fault fault = memory_refuse_when_short();
    if (!failed(fault))
        fault = run_group(changer, &arena, jobs, count);
    if (fault.kind == FAULT_LIMIT && count > 1) { /* one's change, and the others are innocent */
        group_apply(changer, jobs, count / 2);
        group_apply(changer, jobs + count / 2, count - count / 2);
    } else if (failed(fault)) {
        refuse_all(jobs, count, fault);
    }
    arena_close(&arena);
}
