/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_store - the store and the snapshots beside it, read as they lie. See doctor.h. */
#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/instant.h"
#include "server/doctor.h"
#include "snapshot/disk.h"
#include "store/care.h"

enum { SNAPSHOT_LAG_MS = 60000, CLOCK_SLACK_MS = 60000 };

static void fail_store(struct doctor *doctor, const char *name, struct fault fault)
{
    doctor_find(doctor, name, OUTCOME_FAILED, fault.why,
                STR("stop the server and restore a backup (guidon restore --help); until then "
                    "it serves the snapshot on disk"));
}

/* ---- the store ------------------------------------------------------------------------------ */

static void look_at_schema(struct doctor *doctor, const struct store_facts *facts)
{
    struct str what =
        arena_format(&doctor->arena, "%llu of %llu steps", (unsigned long long)facts->schema,
                     (unsigned long long)facts->schema_known);
    if (facts->schema < facts->schema_known)
        doctor_find(doctor, "schema", OUTCOME_WARNING, what,
                    STR("take a backup; the next start of this version brings it up to date"));
    else
        doctor_well(doctor, "schema", what);
}

static void look_at_trail(struct doctor *doctor, struct store *store,
                          const struct store_facts *facts)
{
    struct fault fault = store_verify_audit(store, &doctor->arena);
    if (fault.kind == FAULT_INVALID)
        doctor_find(
            doctor, "audit trail", OUTCOME_FAILED,
            arena_format(&doctor->arena, "row %.*s is not as it was written", STR_ARG(fault.where)),
            STR("compare it with a backup: somebody has changed the trail"));
    else if (failed(fault))
        fail_store(doctor, "audit trail", fault);
    else
        doctor_well(doctor, "audit trail",
                    arena_format(&doctor->arena, "%llu rows, as they were written",
                                 (unsigned long long)facts->audit_sequence));
}

/* Versions have instants, and people ask by them. */
static void compare_clocks(struct doctor *doctor, const struct store_facts *facts)
{
    char at[INSTANT_TEXT_BYTES];
    if (facts->last_ms <= doctor->now_ms + CLOCK_SLACK_MS)
        return;
    instant_format_seconds(facts->last_ms, at);
    doctor_find(
        doctor, "clock", OUTCOME_WARNING,
        arena_format(&doctor->arena, "the store's last change was at %s, in the future", at),
        STR("set the clock (timedatectl): it was ahead then, or is behind now"));
}

static void look_into(struct doctor *doctor, struct store *store, struct store_facts *facts)
{
    struct fault fault = store_check_pages(store, true);
    if (!failed(fault))
        fault = store_examine(store, facts);
    if (failed(fault)) {
        fail_store(doctor, "store", fault);
        return;
    }
    doctor_well(doctor, "store",
                arena_format(&doctor->arena, "its pages are sound (%.*s)",
                             STR_ARG(store_engine_version(store))));
    look_at_schema(doctor, facts);
    look_at_trail(doctor, store, facts);
    compare_clocks(doctor, facts);
}

/* ---- snapshots ------------------------------------------------------------------------------ */

static int64_t newest_snapshot_ms(struct doctor *doctor)
{
    int64_t newest = 0;
    DIR *listing =
        opendir(arena_format(&doctor->arena, "%.*s", STR_ARG(doctor->options.data)).data);
    if (listing == NULL)
        return 0;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        struct stat status;
        if (!str_starts_with(str_of(entry->d_name), STR("snapshot-")) ||
            fstatat(dirfd(listing), entry->d_name, &status, 0) != 0)
            continue;
        int64_t at = (int64_t)status.st_mtim.tv_sec * 1000;
        newest = at > newest ? at : newest;
    }
    closedir(listing);
    return newest;
}

static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

static void look_at_snapshot(struct doctor *doctor, const struct store_facts *facts)
{
    struct view *view = NULL;
    char at[INSTANT_TEXT_BYTES];
    struct fault fault = disk_load(doctor->options.data, render_nothing, doctor->now_ms, &view);
    if (failed(fault)) {
        doctor_find(doctor, "snapshot", OUTCOME_WARNING, STR("none is whole"),
                    STR("a running server writes one after each change; if it does not, its log "
                        "says why"));
        return;
    }
    int64_t saved_ms = newest_snapshot_ms(doctor);
    instant_format_seconds(saved_ms, at);
    struct str what = arena_format(&doctor->arena, "of %s, with %u environments", at,
                                   (unsigned)view->catalog->environment_count);
    view_release(view);
    if (saved_ms + SNAPSHOT_LAG_MS < facts->last_ms)
        doctor_find(doctor, "snapshot", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "%.*s: older than the last change", STR_ARG(what)),
                    STR("restart the server, and look for snapshot_not_saved in its log"));
    else
        doctor_well(doctor, "snapshot", what);
}

void doctor_look_at_store(struct doctor *doctor)
{
    struct stat status;
    struct store_facts facts = {0};
    const char *file =
        arena_format(&doctor->arena, "%.*s/" STORE_FILE_NAME, STR_ARG(doctor->options.data)).data;
    if (stat(file, &status) != 0)
        return; /* before the first start, or in a place of no use: that was said */
    if (((unsigned)status.st_mode & 077U) != 0)
        doctor_find(doctor, "store's mode", OUTCOME_WARNING, STR("others can read it"),
                    arena_format(&doctor->arena, "chmod 0600 %s", file));
    struct store *store = NULL;
    struct fault fault = store_open(&store, doctor->options.data, STORE_EXAMINER);
    if (failed(fault))
        fail_store(doctor, "store", fault);
    else
        look_into(doctor, store, &facts);
    store_close(store);
    look_at_snapshot(doctor, &facts);
}
