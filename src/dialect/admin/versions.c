/* SPDX-License-Identifier: Apache-2.0 */
/* versions - what was changed when, one version, and going back to one. See manage.h. */
#include "dialect/admin/as_of.h"
#include "dialect/admin/definition.h"
#include "dialect/admin/difference.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/whole.h"
#include "model/codec.h"

/* ---- the list ------------------------------------------------------------------------------ */

enum { LOOKED_MAX = 50000 }; /* rows of the trail for one page, as in audit.c */

struct audit_page {
    struct audit_query query;
    struct arena *arena;
    struct audit_row *rows;
    size_t count;
};

static struct fault read_audit(struct store *store, void *input)
{
    struct audit_page *page = input;
    return store_query_audit(store, page->arena, &page->query, &page->rows, &page->count);
}

static bool load_audit(struct exchange *x, struct audit_page *page)
{
    struct fault fault = change_read_store(x->services->changer, read_audit, page);
    if (failed(fault))
        admin_refuse(x, fault, 0, (struct str){0});
    return !failed(fault);
}

static void write_step(struct exchange *x, struct json_writer *writer, const struct audit_row *row)
{
    struct json detail;
    json_member_u64(writer, STR("version"), row->version);
    admin_member_instant(writer, STR("at"), row->at_ms);
    json_member_string(writer, STR("actor"), row->actor);
    json_member_string(writer, STR("action"), row->action);
    json_member_string(writer, STR("subject"), row->subject);
    struct fault fault = json_parse(x->arena, row->detail, &json_budget_default, &detail);
    const struct json *changes = failed(fault) ? NULL : json_find(&detail, STR("changes"));
    json_key(writer, STR("touched"));
    if (changes != NULL) {
        json_tree(writer, changes);
        return;
    }
    json_array_begin(writer);
    json_array_end(writer);
}

void admin_list_versions(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct admin_page page;
    if (!admin_find_environment(x, &environment) || !admin_read_page(x, &page))
        return;
    uint64_t looked_to = 0;
    struct audit_page rows = {.arena = x->arena,
                              .query = {.environments = &environment->number,
                                        .environment_count = 1,
                                        .only_versions = true,
                                        .limit = page.limit + 1,
                                        .looked_max = LOOKED_MAX,
                                        .looked_to = &looked_to}};
    if (!str_is_absent(page.after) && !admin_parse_number(page.after, &rows.query.below)) {
        admin_refuse_with(x, FAULT_INVALID, "", STR("the cursor is none of ours"));
        return;
    }
    if (!load_audit(x, &rows))
        return;
    size_t count = rows.count > page.limit ? page.limit : rows.count;
    struct admin_answer answer;
    struct json_writer *writer = admin_page_begin(&answer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(writer);
        write_step(x, writer, &rows.rows[i]);
        json_object_end(writer);
    }
    struct str next = {0};
    if (rows.count > count)
        looked_to = rows.rows[count - 1].sequence;
    if (looked_to != 0)
        next = arena_format(x->arena, "%llu", (unsigned long long)looked_to);
    admin_page_end(x, &answer, next);
}

/* ---- one ----------------------------------------------------------------------------------- */

struct step {
    uint64_t environment, version;
    struct arena *arena;
    struct revision_row *rows, *before;
    size_t count;
};

static struct fault read_step(struct store *store, void *input)
{
    struct step *step = input;
    return store_load_step(store, step->arena, step->environment, step->version, &step->rows,
                           &step->before, &step->count);
}

static struct str document_of(const struct revision_row *row)
{
    return row->is_tombstone || str_is_empty(row->document) ? (struct str){0} : row->document;
}

static enum change_operation operation_of(struct str before, struct str after)
{
    if (str_is_absent(before))
        return CHANGED_CREATE;
    return str_is_absent(after) ? CHANGED_DELETE : CHANGED_UPDATE;
}

/* As the change that made the version had it (change/reuse.h). */
static struct reused reused_of(const struct revision_row *before, const struct revision_row *after)
{
    bool comes_back =
        after->kind != REVISION_COHORT && str_equal(before->object_id, after->object_id);
    if (!before->is_tombstone || after->is_tombstone || comes_back)
        return (struct reused){0};
    return (struct reused){before->version_from, before->object_id};
}

/* Settings are there before anybody writes them. */
static struct str first_settings(struct arena *arena, const struct catalog_environment *environment)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    const struct environment_settings settings = {.hides_flags_by_default =
                                                      environment->hides_flags_by_default};
    settings_encode(&settings, &buf);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

static const struct change_item *
items_of(struct exchange *x, const struct catalog_environment *environment, const struct step *step)
{
    struct change_item *items = ARENA_NEW_ARRAY(x->arena, struct change_item, step->count);
    for (size_t i = 0; i < step->count; i++) {
        struct change_item *item = &items[i];
        item->kind = step->rows[i].kind;
        item->key = item->kind == REVISION_SETTINGS ? STR("") : step->rows[i].key;
        item->before = document_of(&step->before[i]);
        item->after = document_of(&step->rows[i]);
        if (item->kind == REVISION_SETTINGS && str_is_absent(item->before))
            item->before = first_settings(x->arena, environment);
        item->operation = operation_of(item->before, item->after);
        item->reused = reused_of(&step->before[i], &step->rows[i]);
    }
    return items;
}

static bool find_version(struct exchange *x, struct str text, const char *where, uint64_t *version)
{
    return admin_parse_number(text, version) ||
           admin_refuse_with(x, FAULT_MISSING, where, STR("there is no such version"));
}

void admin_get_version(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct step step = {.arena = x->arena};
    if (!admin_find_environment(x, &environment) ||
        !find_version(x, x->parameters[1], "", &step.version))
        return;
    step.environment = environment->number;
    struct audit_page page = {.arena = x->arena,
                              .query = {.environments = &environment->number,
                                        .environment_count = 1,
                                        .only_versions = true,
                                        .version = step.version,
                                        .limit = 1}};
    if (!load_audit(x, &page))
        return;
    if (page.count == 0 || step.version == 0) {
        admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such version"));
        return;
    }
    struct fault fault = change_read_store(x->services->changer, read_step, &step);
    if (failed(fault)) {
        admin_refuse(x, fault, 0, (struct str){0});
        return;
    }
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_u64(writer, STR("environment"), environment->number);
    write_step(x, writer, &page.rows[0]);
    json_key(writer, STR("changes"));
    difference_write_items(writer, items_of(x, environment, &step), step.count);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}

/* ---- going back ---------------------------------------------------------------------------- */

enum { ROLLBACK_STEPS_MAX = 8 };

struct restoring {
    struct admin_condition condition;
    const struct snapshot *past;
};

static struct fault restore(struct edit *edit, void *input)
{
    const struct restoring *restoring = input;
    struct fault fault = whole_condition_check(edit, &restoring->condition);
    if (failed(fault))
        return fault;
    const struct environment_state *past = &restoring->past->state;
    const struct whole_state state = {
        .flags = past->flags,
        .flag_count = past->flag_count,
        .segments = past->segments,
        .segment_count = past->segment_count,
        .cohorts = past->cohorts,
        .cohort_count = past->cohort_count,
        .settings = &past->settings,
        .is_whole = true,
    };
    return whole_put(edit, &state);
}

static void restore_version(struct exchange *x, const struct catalog_environment *environment,
                            struct str version, struct change *change)
{
    struct restoring *restoring = change->input;
    struct admin_state state;
    if (!admin_state_open_at(x, environment, version, "/version", &state))
        return;
    restoring->past = state.snapshot;
    change->kind = CHANGE_ENVIRONMENT;
    change->subject = arena_format(x->arena, "version %.*s", STR_ARG(version));
    change->environment = environment->number;
    change->edit = restore;
    whole_apply(x, change);
    admin_state_close(&state);
}

void admin_restore_environment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct restoring restoring = {0};
    struct str version = {0};
    if (!admin_find_environment(x, &environment) || !admin_may_write(x) ||
        !admin_read_condition(x, &restoring.condition) || !definition_read_version(x, &version))
        return;
    struct change change = {
        .action = STR("environment.restore"), .input = &restoring, .reuse = REUSE_UNASKED};
    if (whole_read_acknowledgement(x, ACKNOWLEDGE_GROWTH, &change))
        restore_version(x, environment, version, &change);
}

/* Of the newest that there is: whoever slips a change in between has it undone as well, unless
 * If-Match says otherwise. The way back must not need anything said. */
static bool read_steps_back(struct exchange *x, const struct catalog_environment *environment,
                            struct str *version)
{
    struct str text = {0};
    uint64_t steps = 1;
    if (!admin_read_query(x, STR("steps"), &text))
        return false;
    if (!str_is_absent(text) &&
        (!admin_parse_number(text, &steps) || steps < 1 || steps > ROLLBACK_STEPS_MAX))
        return admin_refuse_with(x, FAULT_INVALID, "?steps", STR("must be 1 to 8"));
    uint64_t newest = view_of(x->view, environment)->version;
    if (newest < steps)
        return admin_refuse_with(x, FAULT_CONFLICT, "",
                                 STR("the environment has not so many versions"));
    *version = arena_format(x->arena, "%llu", (unsigned long long)(newest - steps));
    return true;
}

void admin_roll_back_environment(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct restoring restoring = {0};
    struct str version = {0};
    if (!admin_find_environment(x, &environment) || !admin_may_write(x) ||
        !admin_read_condition(x, &restoring.condition) ||
        !read_steps_back(x, environment, &version))
        return;
    struct change change = {.action = STR("environment.rollback"),
                            .input = &restoring,
                            .acknowledges_growth = true,
                            .reuse = REUSE_UNASKED};
    restore_version(x, environment, version, &change);
}
