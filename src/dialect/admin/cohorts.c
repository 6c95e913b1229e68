/* SPDX-License-Identifier: Apache-2.0 */
/* cohorts - lists of ids, uploaded and replaced whole. See manage.h. */
#include "change/edit.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/cohort_upload.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/request.h"
#include "model/limits.h"
#include "snapshot/cohort_document.h"

/* ---- as they are shown ----------------------------------------------------------------------- */

static void write_cohort(struct json_writer *writer, const struct cohort *cohort, uint64_t version)
{
    json_object_begin(writer);
    json_member_string(writer, STR("id"), cohort->id);
    json_member_string(writer, STR("name"),
                       str_is_absent(cohort->name) ? cohort->id : cohort->name);
    if (!str_is_absent(cohort->description))
        json_member_string(writer, STR("description"), cohort->description);
    json_member_string(writer, STR("groupType"), cohort->group_type);
    json_member_u64(writer, STR("size"), cohort->size);
    admin_member_instant(writer, STR("modifiedAt"), cohort->modified_ms);
    json_member_u64(writer, STR("version"), version);
    json_object_end(writer);
}

/* Of what is stored: the members count by their digest. */
static struct str tag_of(struct arena *arena, const struct cohort *cohort,
                         const struct cohort_digest *digest)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    cohort_document_encode(cohort, digest, &text);
    struct str tag = admin_tag_of_text(arena, buf_str(&text));
    buf_close(&text);
    return tag;
}

static struct str tag_in_edit(struct edit *edit, struct str id)
{
    const struct cohort *cohort = edit_find_cohort(edit, id);
    const struct cohort_digest *digest = edit_cohort_digest(edit, id);
    return cohort == NULL ? (struct str){0} : tag_of(edit_arena(edit), cohort, digest);
}

static void answer_cohort(struct exchange *x, const struct cohort *cohort, struct str tag,
                          uint64_t version)
{
    struct admin_answer answer;
    x->version = version;
    write_cohort(admin_answer_begin(&answer), cohort, version);
    admin_answer_tag(x, tag);
    admin_answer_end(x, &answer, 200);
}

void admin_list_cohorts(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct admin_page page;
    if (!admin_find_environment(x, &environment) || !admin_read_page(x, &page))
        return;
    const struct snapshot *snapshot = view_of(x->view, environment);
    struct admin_answer answer;
    struct json_writer *writer = admin_page_begin(&answer);
    struct str last = {0};
    struct str next = {0};
    size_t count = 0;
    for (size_t i = 0; i < snapshot->state.cohort_count; i++) {
        const struct cohort *cohort = snapshot->state.cohorts[i];
        if (!str_is_absent(page.after) && str_compare(cohort->id, page.after) <= 0)
            continue;
        if (count++ == page.limit) {
            next = last;
            break;
        }
        write_cohort(writer, cohort, snapshot->version);
        last = cohort->id;
    }
    x->version = snapshot->version;
    admin_page_end(x, &answer, next);
}

void admin_get_cohort(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    const struct snapshot *snapshot = view_of(x->view, environment);
    const struct cohort_revision *revision = snapshot_find_cohort(snapshot, x->parameters[1]);
    if (revision == NULL) {
        admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such cohort"));
        return;
    }
    answer_cohort(x, &revision->cohort, tag_of(x->arena, &revision->cohort, &revision->digest),
                  snapshot->version);
}

/* ---- uploading ----------------------------------------------------------------------------- */

/* Whoever may not write it may not send hundreds of megabytes first. The handler asks again: by
 * then a credential may be gone. */
struct fault admin_open_upload(struct exchange *x, struct http_body_sink **sink)
{
    if (admin_seen_environment(x) == NULL)
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such environment"));
    if (!caller_may_write(x->caller))
        return fault_make(FAULT_DENIED, STR(""), STR("this credential may only read"));
    return cohort_upload_open(http_header(x->request, STR("content-type")), sink);
}

struct upload {
    struct cohort cohort;
    struct admin_condition condition;
    struct arena *arena; /* the request's */
    struct str tag;      /* filled inside the edit */
};

static struct str keep(struct upload *upload, struct str text)
{
    return arena_copy_str(upload->arena, text);
}

static struct fault put_cohort(struct edit *edit, void *input)
{
    struct upload *upload = input;
    struct cohort *cohort = &upload->cohort;
    const struct cohort *before = edit_find_cohort(edit, cohort->id);
    struct fault fault =
        admin_condition_check(&upload->condition, tag_in_edit(edit, cohort->id), edit_arena(edit));
    if (failed(fault))
        return fault;
    if (before != NULL && str_is_absent(cohort->name))
        cohort->name = keep(upload, before->name);
    if (before != NULL && str_is_absent(cohort->description))
        cohort->description = keep(upload, before->description);
    if (str_is_absent(cohort->group_type))
        cohort->group_type = before != NULL ? keep(upload, before->group_type) : STR("User");
    fault = edit_put_cohort(edit, cohort);
    if (!failed(fault))
        upload->tag = keep(upload, tag_in_edit(edit, cohort->id));
    else if (!str_equal(fault.where, STR("id"))) /* which is in the path, the rest in the query */
        fault.where = arena_format(upload->arena, "?%.*s", STR_ARG(fault.where));
    return fault;
}

static bool read_about(struct exchange *x, struct upload *upload)
{
    struct cohort *cohort = &upload->cohort;
    return admin_read_condition(x, &upload->condition) &&
           admin_read_query(x, STR("name"), &cohort->name) &&
           admin_read_query(x, STR("description"), &cohort->description) &&
           admin_read_query(x, STR("groupType"), &cohort->group_type);
}

static void apply_upload(struct exchange *x, const struct catalog_environment *environment,
                         struct cohort_members *members)
{
    struct upload upload = {.cohort = {.id = x->parameters[1],
                                       .modified_ms = x->now_ms,
                                       .size = cohort_members_count(members),
                                       .members = members},
                            .arena = x->arena};
    unsigned said = 0;
    if (!read_about(x, &upload) || !admin_read_acknowledgement(x, ACKNOWLEDGE_REUSE, &said))
        return;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.put"),
                            .subject = upload.cohort.id,
                            .environment = environment->number,
                            .edit = put_cohort,
                            .reuse = said != 0 ? REUSE_ACKNOWLEDGED : REUSE_REFUSED,
                            .input = &upload,
                            .members = members};
    if (admin_apply(x, &change))
        answer_cohort(x, &upload.cohort, upload.tag, change.version);
}

void admin_put_cohort(struct exchange *x)
{
    /* Whatever comes of it, the upload is this handler's to end. */
    struct cohort_members *members = NULL;
    struct fault fault = fault_make(FAULT_INVALID, STR("body"), STR("a body is missing"));
    if (x->request->sink != NULL)
        fault = cohort_upload_finish(x->request->sink, x->arena, &members);
    x->request->sink = NULL;
    const struct catalog_environment *environment = NULL;
    if (failed(fault))
        admin_refuse(x, fault, 0, (struct str){0});
    else if (admin_find_environment(x, &environment) && admin_may_write(x))
        apply_upload(x, environment, members);
    if (members != NULL)
        cohort_members_release(members);
}

/* ---- deleting ------------------------------------------------------------------------------ */

struct deletion {
    struct str id;
    struct admin_condition condition;
};

static struct fault delete_cohort(struct edit *edit, void *input)
{
    const struct deletion *deletion = input;
    if (edit_find_cohort(edit, deletion->id) == NULL)
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such cohort"));
    struct fault fault = admin_condition_check(&deletion->condition,
                                               tag_in_edit(edit, deletion->id), edit_arena(edit));
    return failed(fault) ? fault : edit_delete_cohort(edit, deletion->id);
}

void admin_delete_cohort(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    struct deletion deletion = {.id = x->parameters[1]};
    if (!admin_find_environment(x, &environment) || !admin_may_write(x) ||
        !admin_read_condition(x, &deletion.condition))
        return;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.delete"),
                            .subject = deletion.id,
                            .environment = environment->number,
                            .edit = delete_cohort,
                            .input = &deletion};
    if (admin_apply(x, &change))
        admin_answer_nothing(x);
}
