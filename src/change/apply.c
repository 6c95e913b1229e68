/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply - one change to an environment, inside the group's transaction.
 *
 * Edit (memory), check (memory), then version, revisions, members and audit row (store). Changes
 * to the catalog: apply_catalog.c.
 */
#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "change/growth.h"
#include "change/reuse.h"
#include "model/codec.h"
#include "snapshot/cohort_document.h"
#include "json/write.h"

/* ---- what is the same -------------------------------------------------------------------- */

static bool is_same_cohort(const struct cohort_revision *before, const struct staged *staged)
{
    struct buf old;
    struct buf new;
    buf_open(&old, SIZE_MAX);
    buf_open(&new, SIZE_MAX);
    cohort_document_encode(&before->cohort, &before->digest, &old);
    cohort_document_encode(staged->cohort, &staged->digest, &new);
    bool is_same = str_equal(buf_str(&old), buf_str(&new));
    buf_close(&old);
    buf_close(&new);
    return is_same;
}

/* What is put as it was makes no revision, and keeps what was prepared for the one there is: flags
 * where many are put of which few may differ, cohorts always. */
static void mark_same(struct edit *edit, const struct change *change)
{
    for (size_t i = 0; i < edit->staged_count; i++) {
        struct staged *staged = &edit->staged[i];
        if (staged->flag != NULL && change->keeps_same_flags) {
            const struct flag_revision *before = draft_find_flag(edit->draft, staged->key);
            staged->is_same = before != NULL && flag_is_same(&before->flag, staged->flag);
        } else if (staged->cohort != NULL) {
            const struct cohort_revision *before = draft_find_cohort(edit->draft, staged->key);
            staged->is_same = before != NULL && is_same_cohort(before, staged);
        }
    }
}

bool staged_makes_a_revision(const struct staged *staged)
{
    return !staged->is_same && !staged_leaves_no_trace(staged);
}

/* ---- memory ------------------------------------------------------------------------------ */

/* A key created again is another flag: the id tells. Its number comes with the store's part. */
static struct provenance make_provenance(const struct draft *draft, const struct staged *staged,
                                         const struct change *change)
{
    struct provenance provenance = {
        .sequence = 1,
        .created_ms = change->at_ms,
        .created_by = change->caller->actor,
    };
    const struct flag_revision *before = draft_find_flag(draft, staged->key);
    if (before != NULL && str_equal(before->flag.id, staged->object_id)) {
        provenance = before->provenance;
        provenance.sequence++;
    }
    provenance.modified_ms = change->at_ms;
    provenance.modified_by = change->caller->actor;
    return provenance;
}

static void merge_flag(struct draft *after, const struct edit *edit, const struct staged *staged,
                       const struct change *change)
{
    struct flag_revision *revision = NULL;
    if (staged->flag != NULL) {
        struct provenance provenance = make_provenance(edit->draft, staged, change);
        revision = flag_revision_make(staged->flag, &provenance);
    }
    draft_put_flag(after, staged->key, revision);
}

static void merge_into(struct draft *after, const struct edit *edit, const struct change *change)
{
    for (size_t i = 0; i < edit->staged_count; i++) {
        const struct staged *staged = &edit->staged[i];
        if (!staged_makes_a_revision(staged))
            continue;
        switch (staged->kind) {
        case STAGED_FLAG:
            merge_flag(after, edit, staged, change);
            break;
        case STAGED_SEGMENT:
            draft_put_segment(after, staged->key,
                              staged->segment == NULL ? NULL
                                                      : segment_revision_make(staged->segment));
            break;
        case STAGED_COHORT:
            draft_put_cohort(after, staged->key,
                             staged->cohort == NULL
                                 ? NULL
                                 : cohort_revision_make(staged->cohort, &staged->digest));
            break;
        case STAGED_SETTINGS:
            after->settings = staged->settings;
            break;
        }
    }
}

/* ---- store ------------------------------------------------------------------------------- */

/* A flag that came with an id of its own may be one that was there once: its history goes on. */
static struct fault continue_history(struct store *store, struct arena *arena,
                                     struct flag_revision *revision)
{
    struct provenance *provenance = &revision->provenance;
    struct revision_row *rows = NULL;
    size_t count = 0;
    const struct history_page newest = {.limit = 1};
    struct fault fault =
        store_load_object_history(store, arena, provenance->number, newest, &rows, &count);
    if (failed(fault) || count == 0)
        return fault;
    provenance->sequence = rows[0].sequence + 1;
    provenance->created_ms = rows[0].created_ms;
    provenance->created_by = arena_copy_str(&revision->arena, rows[0].created_by);
    return fault_none();
}

/* The revision is this change's own still: nobody else has seen it. */
static struct fault number_flag(struct store *store, const struct draft *after,
                                struct change *change, const struct edit *edit,
                                const struct staged *staged)
{
    struct flag_revision *revision = draft_find_flag(after, staged->key);
    assert(revision != NULL);
    if (revision->provenance.number != 0)
        return fault_none();
    struct fault fault =
        store_assign_number(store, after->environment, staged->object_id, (int)staged->flag->kind,
                            change->caller->actor, change->at_ms, &revision->provenance.number);
    if (!failed(fault) && staged->brings_id)
        fault = continue_history(store, edit->arena, revision);
    if (!failed(fault) && change->created_number == 0)
        change->created_number = revision->provenance.number;
    return fault;
}

/* The document as it is stored, and what has to be there before it. */
static struct fault prepare_staged(struct store *store, const struct draft *after,
                                   struct change *change, const struct edit *edit,
                                   const struct staged *staged, struct revision_row *row,
                                   struct buf *document)
{
    switch (staged->kind) {
    case STAGED_FLAG:
        row->kind = REVISION_FLAG;
        if (staged->flag == NULL)
            break;
        flag_encode(staged->flag, document);
        return number_flag(store, after, change, edit, staged);
    case STAGED_SEGMENT:
        row->kind = REVISION_SEGMENT;
        if (staged->segment != NULL)
            segment_encode(staged->segment, document);
        break;
    case STAGED_COHORT:
        row->kind = REVISION_COHORT;
        if (staged->cohort == NULL)
            break;
        cohort_document_encode(staged->cohort, &staged->digest, document);
        if (!str_is_absent(staged->members))
            return store_put_members(store, staged->digest.bytes, staged->members);
        break;
    case STAGED_SETTINGS:
        row->kind = REVISION_SETTINGS;
        settings_encode(&staged->settings, document);
        break;
    }
    return fault_none();
}

static struct fault write_staged(struct store *store, const struct draft *after,
                                 struct change *change, const struct edit *edit,
                                 const struct staged *staged)
{
    struct buf document;
    buf_open(&document, SIZE_MAX);
    struct revision_row row = {
        .object_id = staged->object_id,
        .key = staged->key,
        .version_from = after->version,
        .is_tombstone = staged_is_deletion(staged),
        .actor = change->caller->actor,
    };
    struct fault fault = prepare_staged(store, after, change, edit, staged, &row, &document);
    row.document = buf_str(&document);
    if (!failed(fault))
        fault = store_write_revision(store, after->environment, &row);
    buf_close(&document);
    return fault;
}

static void write_acknowledged(struct json_writer *writer, const struct edit *edit)
{
    if (!edit->is_growth_acknowledged && !edit->is_reuse_acknowledged)
        return;
    json_key(writer, STR("acknowledged"));
    json_array_begin(writer);
    if (edit->is_growth_acknowledged)
        json_string(writer, STR("growth"));
    if (edit->is_reuse_acknowledged)
        json_string(writer, STR("reuse"));
    json_array_end(writer);
}

/* {"changes":[{"kind":"flag","key":"dark-mode","op":"update"}]}, and "acknowledged":["growth"]
 * where it was needed. What takes over a key that was another's says whose, and in which version
 * that one was deleted: "reuses":{"deletedIn":7,"id":"flag_…"}. */
static void describe(const struct edit *edit, struct buf *detail)
{
    struct json_writer writer;
    json_writer_open(&writer, detail);
    json_object_begin(&writer);
    json_key(&writer, STR("changes"));
    json_array_begin(&writer);
    for (size_t i = 0; i < edit->staged_count; i++) {
        const struct staged *staged = &edit->staged[i];
        if (!staged_makes_a_revision(staged))
            continue;
        json_object_begin(&writer);
        json_member_string(&writer, STR("key"), staged->key);
        json_member_string(&writer, STR("kind"),
                           revision_kind_name(staged_revision_kind(staged->kind)));
        json_member_string(&writer, STR("op"),
                           staged_is_deletion(staged) ? STR("delete")
                           : staged->was_there        ? STR("update")
                                                      : STR("create"));
        reused_write(&writer, &staged->reused);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    write_acknowledged(&writer, edit);
    json_object_end(&writer);
}

static struct fault write_everything(struct store *store, struct draft *after,
                                     struct change *change, const struct edit *edit)
{
    change->created_number = 0;
    struct fault fault =
        store_advance_version(store, after->environment, change->at_ms, &change->version);
    if (failed(fault))
        return fault;
    after->version = change->version;
    for (size_t i = 0; i < edit->staged_count; i++) {
        if (!staged_makes_a_revision(&edit->staged[i]))
            continue;
        fault = write_staged(store, after, change, edit, &edit->staged[i]);
        if (failed(fault))
            return fault;
    }
    struct buf detail;
    buf_open(&detail, SIZE_MAX);
    describe(edit, &detail);
    fault = append_audit(store, change, after->app_id, change->subject, buf_str(&detail));
    buf_close(&detail);
    return fault;
}

/* ---- all of it --------------------------------------------------------------------------- */

struct fault keep_fault(struct change *change, struct fault fault)
{
    fault.where = arena_copy_str(change->arena, fault.where);
    fault.why = arena_copy_str(change->arena, fault.why);
    return fault;
}

static struct fault run_edit(struct edit *edit, struct change *change, struct draft *after)
{
    struct fault fault = change->edit(edit, change->input);
    if (failed(fault))
        return fault;
    mark_same(edit, change);
    merge_into(after, edit, change);
    fault = growth_check(change, edit, after);
    if (failed(fault))
        return fault;
    struct environment_state state = draft_state(after, edit->arena);
    fault = environment_check(edit->arena, &state);
    if (failed(fault))
        return fault;
    return ruleset_check_environment(edit->arena, &state, &edit->state);
}

struct fault apply_environment_change(struct store *store, struct draft *draft,
                                      struct change *change, const struct stored_members *stored)
{
    if (change->expects_version && change->expected_version != draft->version)
        return fault_make(FAULT_CONFLICT, STR("version"), STR("changed by someone else"));
    struct arena arena;
    arena_open(&arena, 8192);
    struct draft after;
    draft_copy(&after, draft);
    struct edit edit;
    edit_open(&edit, &arena, draft, stored, change->at_ms);
    struct fault fault = run_edit(&edit, change, &after);
    if (!failed(fault))
        fault = reuse_check(store, change, &edit);
    if (!failed(fault))
        fault = write_everything(store, &after, change, &edit);
    if (!failed(fault) && change->wants_report)
        report_fill(change, &edit, &after);
    if (failed(fault)) {
        fault = keep_fault(change, fault);
        draft_close(&after);
    } else {
        /* Settings may borrow from the edit's arena; the snapshot copies them when it compiles,
         * so they move to the caller's arena, which outlives the group. */
        after.settings.metadata = json_copy(change->arena, &after.settings.metadata);
        after.is_changed = true;
        draft_close(draft);
        *draft = after;
    }
    arena_close(&arena);
    return fault;
}

/* The change's last write, so that one that is refused for it has touched nothing else. */
static struct fault remember_once(struct store *store, const struct change *change)
{
    if (change->once == NULL || change->is_dry_run)
        return fault_none();
    struct once_row row = {
        .at_ms = change->at_ms,
        .version = change->kind == CHANGE_ENVIRONMENT ? change->version : 0,
        .created_id = change->created_id,
    };
    memcpy(row.key, change->once->key, sizeof(row.key));
    memcpy(row.fingerprint, change->once->fingerprint, sizeof(row.fingerprint));
    return store_insert_once(store, &row);
}

struct fault append_audit(struct store *store, const struct change *change, struct str app_id,
                          struct str subject, struct str detail)
{
    const struct audit_row row = {
        .at_ms = change->at_ms,
        .actor = change->caller->actor,
        .action = change->action,
        .app_id = app_id,
        .environment = change->environment,
        .version = change->version,
        .subject = subject,
        .detail = detail,
    };
    struct fault fault = store_append_audit(store, &row);
    return failed(fault) ? fault : remember_once(store, change);
}
