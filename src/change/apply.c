/* SPDX-License-Identifier: Apache-2.0 */
/*
 * apply - one change inside the group's transaction.
 *
 * A change to an environment: edit (memory), check (memory), then version, revisions and audit row
 * (store). A change to the catalog: check against the catalog, then rows and audit row.
 */
#include <string.h>

#include "auth/secret.h"
#include "base/memory.h"
#include "change/internal.h"
#include "model/codec.h"
#include "model/limits.h"
#include "json/write.h"

/* ---- environments ---------------------------------------------------------------------- */

static struct str staged_kind_name(enum staged_kind kind)
{
    switch (kind) {
    case STAGED_FLAG:
        return STR("flag");
    case STAGED_SEGMENT:
        return STR("segment");
    case STAGED_SETTINGS:
        return STR("settings");
    }
    return STR("");
}

static bool is_deletion(const struct staged *staged)
{
    return staged->kind != STAGED_SETTINGS && staged->flag == NULL && staged->segment == NULL;
}

/* Put and deleted again within one edit: it never was. */
static bool leaves_no_trace(const struct staged *staged)
{
    return is_deletion(staged) && !staged->was_there;
}

static void merge_into(struct draft *draft, const struct edit *edit)
{
    for (size_t i = 0; i < edit->staged_count; i++) {
        const struct staged *staged = &edit->staged[i];
        switch (staged->kind) {
        case STAGED_FLAG:
            if (staged->flag != NULL || staged->was_there)
                draft_put_flag(draft, staged->key,
                               staged->flag == NULL ? NULL : flag_revision_make(staged->flag));
            break;
        case STAGED_SEGMENT:
            if (staged->segment != NULL || staged->was_there)
                draft_put_segment(draft, staged->key,
                                  staged->segment == NULL ? NULL
                                                          : segment_revision_make(staged->segment));
            break;
        case STAGED_SETTINGS:
            draft->settings = staged->settings;
            break;
        }
    }
}

static struct fault write_staged(struct store *store, const struct draft *draft,
                                 const struct staged *staged)
{
    struct buf document;
    buf_open(&document, SIZE_MAX);
    struct revision_row row = {
        .object_id = staged->object_id,
        .key = staged->key,
        .version_from = draft->version,
        .is_tombstone = is_deletion(staged),
    };
    switch (staged->kind) {
    case STAGED_FLAG:
        row.kind = REVISION_FLAG;
        if (staged->flag != NULL)
            flag_encode(staged->flag, &document);
        break;
    case STAGED_SEGMENT:
        row.kind = REVISION_SEGMENT;
        if (staged->segment != NULL)
            segment_encode(staged->segment, &document);
        break;
    case STAGED_SETTINGS:
        row.kind = REVISION_SETTINGS;
        settings_encode(&staged->settings, &document);
        break;
    }
    row.document = buf_str(&document);
    struct fault fault = store_write_revision(store, draft->environment, &row);
    buf_close(&document);
    return fault;
}

/* {"changes":[{"kind":"flag","key":"dark-mode","op":"update"}]} */
static void describe(const struct edit *edit, struct buf *detail)
{
    struct json_writer writer;
    json_writer_open(&writer, detail);
    json_object_begin(&writer);
    json_key(&writer, STR("changes"));
    json_array_begin(&writer);
    for (size_t i = 0; i < edit->staged_count; i++) {
        const struct staged *staged = &edit->staged[i];
        if (leaves_no_trace(staged))
            continue;
        json_object_begin(&writer);
        json_member_string(&writer, STR("key"), staged->key);
        json_member_string(&writer, STR("kind"), staged_kind_name(staged->kind));
        json_member_string(&writer, STR("op"),
                           is_deletion(staged) ? STR("delete")
                           : staged->was_there ? STR("update")
                                               : STR("create"));
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
}

static struct fault write_everything(struct store *store, struct draft *draft,
                                     struct change *change, const struct edit *edit)
{
    struct fault fault =
        store_advance_version(store, draft->environment, change->at_ms, &change->version);
    if (failed(fault))
        return fault;
    draft->version = change->version;
    for (size_t i = 0; i < edit->staged_count; i++) {
        if (leaves_no_trace(&edit->staged[i]))
            continue;
        fault = write_staged(store, draft, &edit->staged[i]);
        if (failed(fault))
            return fault;
    }
    struct buf detail;
    buf_open(&detail, SIZE_MAX);
    describe(edit, &detail);
    fault = append_audit(store, change, draft->app_id, change->subject, buf_str(&detail));
    buf_close(&detail);
    return fault;
}

/* A fault made on the way lives in memory that dies with the group: move it to the caller's. */
static struct fault keep_fault(struct change *change, struct fault fault)
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
    merge_into(after, edit);
    struct environment_state state = draft_state(after, edit->arena);
    fault = environment_check(edit->arena, &state);
    if (failed(fault))
        return fault;
    return ruleset_check_environment(edit->arena, &state, &edit->state);
}

struct fault apply_environment_change(struct store *store, struct draft *draft,
                                      struct change *change)
{
    if (change->expects_version && change->expected_version != draft->version)
        return fault_make(FAULT_CONFLICT, STR("version"), STR("changed by someone else"));
    struct arena arena;
    arena_open(&arena, 8192);
    struct draft after;
    draft_copy(&after, draft);
    struct edit edit;
    edit_open(&edit, &arena, draft);
    struct fault fault = run_edit(&edit, change, &after);
    if (!failed(fault))
        fault = write_everything(store, &after, change, &edit);
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
    return store_append_audit(store, &row);
}

/* ---- catalog --------------------------------------------------------------------------- */

static struct str caller_user_id(const struct catalog *catalog, const struct caller *caller)
{
    const struct catalog_credential *credential =
        catalog_find_credential(catalog, caller->credential_id);
    return credential == NULL ? (struct str){0} : credential->user_id;
}

static struct fault create_environments(struct store *store, struct change *change)
{
    static const struct str names[] = {STR("development"), STR("staging"), STR("production")};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct environment_row row = {
            .id = id_make(change->arena, STR("env")),
            .app_id = change->created_id,
            .name = names[i],
            .created_ms = change->at_ms,
        };
        uint64_t number = 0;
        struct fault fault = store_insert_environment(store, &row, &number);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault create_app(struct store *store, const struct catalog *catalog,
                               struct change *change)
{
    struct str user_id = caller_user_id(catalog, change->caller);
    if (catalog->app_count >= APPS_MAX)
        return fault_make(FAULT_LIMIT, STR("name"), STR("there are 500 apps already"));
    const struct catalog_app *same = catalog_find_app_by_name(catalog, change->name);
    if (same != NULL)
        return fault_make(FAULT_CONFLICT, STR("name"), STR("App name already exists"));
    change->created_id = id_make(change->arena, STR("app"));
    const struct app_row row = {
        .id = change->created_id,
        .name = change->name,
        .owner_user_id = user_id,
        .created_ms = change->at_ms,
    };
    struct fault fault = store_insert_app(store, &row);
    if (!failed(fault))
        fault = create_environments(store, change);
    if (failed(fault))
        return fault;
    return append_audit(store, change, row.id, row.id, STR("{}"));
}

static struct fault create_key(struct store *store, const struct catalog *catalog,
                               struct change *change)
{
    const struct catalog_environment *environment =
        catalog_find_environment(catalog, change->environment);
    if (environment == NULL)
        return fault_make(FAULT_MISSING, STR("environment"), STR("there is no such environment"));
    if (catalog->credential_count >= KEYS_MAX)
        return fault_make(FAULT_LIMIT, STR("key"), STR("there are 2000 keys already"));
    struct str shown;
    change->secret = secret_make(change->arena, change->key_kind,
                                 secret_tag(change->arena, environment->name), &shown);
    change->created_id = id_make(change->arena, STR("key"));
    const struct credential_row row = {
        .id = change->created_id,
        .kind = change->key_kind,
        .hash = secret_hash(change->secret),
        .shown = shown,
        .tail = secret_tail(change->secret),
        .app_id = environment->app_id,
        .environment = environment->number,
        .created_ms = change->at_ms,
    };
    struct fault fault = store_insert_credential(store, &row);
    if (failed(fault))
        return fault;
    return append_audit(store, change, environment->app_id, row.id, STR("{}"));
}

static struct fault revoke_credential(struct store *store, const struct catalog *catalog,
                                      struct change *change)
{
    const struct catalog_credential *credential =
        catalog_find_credential(catalog, change->credential_id);
    if (credential == NULL)
        return fault_make(FAULT_MISSING, STR("key"), STR("there is no such key"));
    change->environment = credential->environment;
    struct fault fault = store_revoke_credential(store, credential->id, change->at_ms);
    if (failed(fault))
        return fault;
    return append_audit(store, change, credential->app_id, credential->id, STR("{}"));
}

static struct fault set_quota(struct store *store, const struct catalog *catalog,
                              struct change *change)
{
    const struct catalog_environment *environment =
        catalog_find_environment(catalog, change->environment);
    if (environment == NULL)
        return fault_make(FAULT_MISSING, STR("environment"), STR("there is no such environment"));
    struct fault fault = store_set_monthly_quota(store, environment->number, change->quota);
    if (failed(fault))
        return fault;
    struct str detail =
        arena_format(change->arena, "{\"monthlyQuota\":%llu}", (unsigned long long)change->quota);
    return append_audit(store, change, environment->app_id, environment->id, detail);
}

static struct fault change_catalog(struct store *store, const struct catalog *catalog,
                                   struct change *change)
{
    switch (change->kind) {
    case CHANGE_CREATE_APP:
        return create_app(store, catalog, change);
    case CHANGE_CREATE_KEY:
        return create_key(store, catalog, change);
    case CHANGE_REVOKE_CREDENTIAL:
        return revoke_credential(store, catalog, change);
    case CHANGE_SET_QUOTA:
        return set_quota(store, catalog, change);
    case CHANGE_ENVIRONMENT:
        break;
    }
    return fault_make(FAULT_INVALID, STR("change"), STR("not a change of the catalog"));
}

struct fault apply_catalog_change(struct store *store, const struct catalog *catalog,
                                  struct change *change)
{
    struct fault fault = change_catalog(store, catalog, change);
    return failed(fault) ? keep_fault(change, fault) : fault; /* it may name a row of the catalog */
}
