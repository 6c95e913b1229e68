/* SPDX-License-Identifier: Apache-2.0 */
/* cohorts - lists of ids, uploaded and replaced whole. See manage.h. */
#include "change/edit.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/cohort_upload.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/request.h"
#include "model/limits.h"

static void write_cohort(struct json_writer *writer, const struct cohort *cohort)
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
    json_object_end(writer);
}

void admin_list_cohorts(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    const struct environment_state *state = &view_of(x->view, environment)->state;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_key(writer, STR("cohorts"));
    json_array_begin(writer);
    for (size_t i = 0; i < state->cohort_count; i++)
        write_cohort(writer, state->cohorts[i]);
    json_array_end(writer);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}

void admin_get_cohort(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment))
        return;
    const struct cohort *cohort =
        environment_find_cohort(&view_of(x->view, environment)->state, x->parameters[1]);
    if (cohort == NULL) {
        admin_refuse_with(x, FAULT_MISSING, "", STR("there is no such cohort"));
        return;
    }
    struct admin_answer answer;
    write_cohort(admin_answer_begin(&answer), cohort);
    admin_answer_end(x, &answer, 200);
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

static struct fault put_cohort(struct edit *edit, void *input)
{
    const struct cohort *uploaded = input;
    struct cohort cohort = *uploaded;
    const struct cohort *before = environment_find_cohort(edit_state(edit), cohort.id);
    if (before != NULL && str_is_absent(cohort.name))
        cohort.name = before->name;
    if (before != NULL && str_is_absent(cohort.description))
        cohort.description = before->description;
    if (str_is_absent(cohort.group_type))
        cohort.group_type = before != NULL ? before->group_type : STR("User");
    return edit_put_cohort(edit, &cohort);
}

static bool read_about(struct exchange *x, struct cohort *cohort)
{
    return admin_read_query(x, STR("name"), &cohort->name) &&
           admin_read_query(x, STR("description"), &cohort->description) &&
           admin_read_query(x, STR("groupType"), &cohort->group_type);
}

static void answer_cohort(struct exchange *x, const struct change *change,
                          const struct cohort *cohort)
{
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_string(writer, STR("id"), cohort->id);
    json_member_u64(writer, STR("size"), cohort->size);
    json_member_u64(writer, STR("version"), change->version);
    admin_member_instant(writer, STR("modifiedAt"), change->at_ms);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}

static void apply_upload(struct exchange *x, const struct catalog_environment *environment,
                         struct cohort_members *members)
{
    struct cohort cohort = {.id = x->parameters[1],
                            .modified_ms = x->now_ms,
                            .size = cohort_members_count(members),
                            .members = members};
    if (!read_about(x, &cohort))
        return;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.put"),
                            .subject = cohort.id,
                            .environment = environment->number,
                            .edit = put_cohort,
                            .input = &cohort,
                            .members = members};
    if (admin_apply(x, &change))
        answer_cohort(x, &change, &cohort);
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

static struct fault delete_cohort(struct edit *edit, void *input)
{
    const struct str *id = input;
    return edit_delete_cohort(edit, *id);
}

void admin_delete_cohort(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!admin_find_environment(x, &environment) || !admin_may_write(x))
        return;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("cohort.delete"),
                            .subject = x->parameters[1],
                            .environment = environment->number,
                            .edit = delete_cohort,
                            .input = &x->parameters[1]};
    if (admin_apply(x, &change))
        admin_answer_nothing(x);
}
