/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage_document - a whole core document, read and written: an extension of ours, since the
 * vendor documents no way to write rules and segments. See manage.h and README.md.
 *
 * Writing replaces the environment's flags, segments and metadata in one version step; what is
 * equal to what is there gains no new revision, and what the document leaves out is deleted, unless
 * it is left out because no document can show it (projection.h).
 */
#include "change/edit.h"
#include "dialect/superflag/answer.h"
#include "dialect/superflag/document.h"
#include "dialect/superflag/manage.h"
#include "dialect/superflag/projection.h"
#include "dialect/superflag/request.h"
#include "model/codec.h"
#include "model/limits.h"

void superflag_get_document(struct exchange *x)
{
    const struct catalog_environment *environment = NULL;
    if (!superflag_environment_of_query(x, &environment))
        return;
    const struct snapshot *snapshot = view_of(x->view, environment);
    x->version = snapshot->version;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    superflag_append_core_document(&buf, &snapshot->state, SUPERFLAG_SERVER, true, false);
    struct superflag_answer answer;
    json_raw(superflag_answer_begin(&answer), buf_str(&buf));
    buf_close(&buf);
    superflag_answer_end(x, &answer, 200);
    x->response.headers =
        arena_format(x->arena, "%.*sETag: \"v%llu\"\r\n", STR_ARG(x->response.headers),
                     (unsigned long long)snapshot->version);
}

/* ---- write ------------------------------------------------------------------------------- */

/* A fault of one flag, told from the document's root. */
static struct fault below(struct edit *edit, struct str collection, struct str key,
                          struct fault fault)
{
    if (!str_starts_with(fault.where, STR("$")))
        return fault;
    struct str inner = str_slice(fault.where, 1, fault.where.size);
    fault.where = arena_format(edit_arena(edit), "$.%.*s.%.*s%.*s", STR_ARG(collection),
                               STR_ARG(key), STR_ARG(inner));
    return fault;
}

/* What the schema has no word for stays as it is. */
static struct flag merge_flag(struct edit *edit, const struct flag *current,
                              const struct flag *wanted)
{
    struct flag flag = *wanted;
    flag.id = current->id;
    flag.kind = current->kind;
    flag.name = current->name;
    if (str_equal(flag.description, superflag_description_of(current)))
        flag.description = current->description;
    if (str_equal(flag.owner, superflag_owner_of(current)))
        flag.owner = current->owner;
    flag.arithmetic = current->arithmetic;
    flag.evaluation_mode = current->evaluation_mode;
    flag.is_on_all_deployments = current->is_on_all_deployments;
    flag.deployments = current->deployments;
    flag.deployment_count = current->deployment_count;
    flag.experiment = current->experiment;
    flag.variations = arena_copy(edit_arena(edit), wanted->variations,
                                 wanted->variation_count * sizeof(wanted->variations[0]));
    superflag_keep_payloads(current, &flag);
    bool is_as_default = current->visibility == VISIBILITY_UNSET &&
                         (flag.visibility == VISIBILITY_CLIENT) ==
                             flag_is_client_visible(current, &edit_state(edit)->settings);
    if (is_as_default)
        flag.visibility = VISIBILITY_UNSET;
    return flag;
}

/* Such a flag is shown as an ordinary one, and that is what the document is merged with. */
static struct fault put_text_flag(struct edit *edit, const struct flag *current,
                                  const struct flag *wanted)
{
    struct flag shown = superflag_ordinary_flag(edit_arena(edit), current);
    struct flag merged = merge_flag(edit, &shown, wanted);
    struct flag flag;
    struct fault fault = superflag_apply_ordinary(edit_arena(edit), current, &merged, &flag);
    if (failed(fault))
        return fault;
    return flag_is_same(current, &flag) ? fault_none() : edit_put_flag(edit, &flag);
}

/* Flags no document shows are not the document's to change. */
static bool is_shown(struct edit *edit, const struct flag *flag)
{
    struct str leans_on;
    return superflag_absence_of(edit_arena(edit), edit_state(edit), SUPERFLAG_SERVER, flag,
                                &leans_on) == SUPERFLAG_PRESENT;
}

/* The document itself is left as it is: an edit may run again, against another state. */
static struct fault put_flag(struct edit *edit, const struct flag *wanted)
{
    struct fault fault = flag_check(edit_arena(edit), wanted); /* before anything encodes it */
    if (failed(fault))
        return fault;
    const struct flag *current = environment_find_flag(edit_state(edit), wanted->key);
    if (current == NULL) {
        fault = superflag_check_flag_key(wanted->key);
        return failed(fault) ? fault : edit_put_flag(edit, wanted);
    }
    if (!is_shown(edit, current))
        return fault_make(FAULT_CONFLICT, STR("$"),
                          STR("is the key of a flag that a document cannot show"));
    if (superflag_is_text(current))
        return put_text_flag(edit, current, wanted);
    struct flag flag = merge_flag(edit, current, wanted);
    return flag_is_same(current, &flag) ? fault_none() : edit_put_flag(edit, &flag);
}

static struct fault put_segment(struct edit *edit, const struct segment *wanted)
{
    struct fault fault = segment_check(edit_arena(edit), wanted);
    if (failed(fault))
        return fault;
    const struct segment *current = environment_find_segment(edit_state(edit), wanted->key);
    if (current == NULL)
        return edit_put_segment(edit, wanted);
    struct segment segment = *wanted;
    segment.id = current->id;
    return segment_is_same(current, &segment) ? fault_none() : edit_put_segment(edit, &segment);
}

static struct fault delete_the_rest(struct edit *edit, const struct environment_state *wanted)
{
    const struct environment_state *state = edit_state(edit);
    struct fault fault = fault_none();
    for (size_t i = 0; i < state->flag_count && !failed(fault); i++) {
        const struct flag *flag = state->flags[i];
        if (environment_find_flag(wanted, flag->key) == NULL && is_shown(edit, flag))
            fault = edit_delete_flag(edit, state->flags[i]->key);
    }
    for (size_t i = 0; i < state->segment_count && !failed(fault); i++) {
        if (environment_find_segment(wanted, state->segments[i]->key) == NULL)
            fault = edit_delete_segment(edit, state->segments[i]->key);
    }
    return fault;
}

static struct fault edit_document(struct edit *edit, void *input)
{
    const struct superflag_document *document = input;
    struct fault fault = fault_none();
    for (size_t i = 0; i < document->segment_count && !failed(fault); i++)
        fault = below(edit, STR("segments"), document->segments[i].key,
                      put_segment(edit, &document->segments[i]));
    for (size_t i = 0; i < document->flag_count && !failed(fault); i++)
        fault =
            below(edit, STR("flags"), document->flags[i].key, put_flag(edit, &document->flags[i]));
    struct environment_state wanted = superflag_document_state(edit_arena(edit), document);
    if (!failed(fault))
        fault = delete_the_rest(edit, &wanted);
    if (failed(fault))
        return fault;
    struct environment_settings settings = edit_state(edit)->settings;
    if (!json_equal(&settings.metadata, &document->settings.metadata)) {
        settings.metadata = document->settings.metadata;
        edit_put_settings(edit, &settings);
    }
    return fault_none();
}

static void refuse_issues(struct exchange *x, const struct issue *issues, size_t count)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(
        &writer, STR("error"),
        arena_format(x->arena, "%.*s: %.*s", STR_ARG(issues[0].path), STR_ARG(issues[0].message)));
    json_key(&writer, STR("issues"));
    json_array_begin(&writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(&writer);
        json_member_string(&writer, STR("path"), issues[i].path);
        json_member_string(&writer, STR("message"), issues[i].message);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    json_object_end(&writer);
    superflag_refuse_with(x, 400, STR(""));
    x->response.body = arena_copy_str(x->arena, buf_str(&buf));
    buf_close(&buf);
}

/* What the schema allows and this server does not is an issue like the others. */
static void refuse_change(struct exchange *x, struct fault fault)
{
    const struct issue issue = {fault.where, fault.why};
    if (str_starts_with(fault.where, STR("$")))
        refuse_issues(x, &issue, 1);
    else
        superflag_refuse(x, fault, fault.kind == FAULT_CONFLICT ? 412 : 0, (struct str){0});
}

/* A document names the environment it was made for: one meant for another is refused. */
static bool is_for(struct exchange *x, const struct superflag_document *document,
                   const struct catalog_environment *environment)
{
    if (!str_equal(document->app, environment->app_id)) {
        superflag_refuse_with(x, 400, STR("$.source.app: must be the id of this app"));
        return false;
    }
    if (!str_equal(document->environment, environment->name)) {
        superflag_refuse_with(x, 400,
                              STR("$.source.environment: must be the name of this environment"));
        return false;
    }
    return true;
}

/* If-Match: "v42" writes only over version 42; without it, over whatever is there. */
static bool read_expected_version(struct exchange *x, struct change *change)
{
    struct str tag = http_header(x->request, STR("if-match"));
    change->expects_version = !str_is_absent(tag) && !str_equal(tag, STR("*"));
    if (!change->expects_version)
        return true;
    if (str_starts_with(tag, STR("\"v")) && str_ends_with(tag, STR("\"")) && tag.size > 3 &&
        str_parse_u64(str_slice(tag, 2, tag.size - 1), &change->expected_version))
        return true;
    superflag_refuse_with(x, 400, STR("If-Match must be an entity tag of this environment"));
    return false;
}

void superflag_put_document(struct exchange *x)
{
    struct json body;
    const struct catalog_environment *environment = NULL;
    struct superflag_document document;
    struct change change = {.kind = CHANGE_ENVIRONMENT,
                            .action = STR("environment.replace"),
                            .edit = edit_document,
                            .input = &document};
    if (!superflag_may_write(x) || !superflag_environment_of_query(x, &environment) ||
        !read_expected_version(x, &change) || !superflag_read_document_body(x, &body))
        return;
    struct issue *issues = NULL;
    size_t issue_count = superflag_validate(x->arena, &body, &issues);
    if (issue_count > 0) {
        refuse_issues(x, issues, issue_count);
        return;
    }
    struct fault fault = superflag_decode_document(x->arena, &body, &document);
    if (failed(fault)) {
        superflag_refuse(x, fault, 0, (struct str){0});
        return;
    }
    if (!is_for(x, &document, environment))
        return;
    change.subject = environment->id;
    change.environment = environment->number;
    fault = superflag_try(x, &change);
    if (failed(fault)) {
        refuse_change(x, fault);
        return;
    }
    struct superflag_answer answer;
    struct json_writer *writer = superflag_answer_begin(&answer);
    json_object_begin(writer);
    json_member_u64(writer, STR("version"), change.version);
    json_member_u64(writer, STR("flags"), document.flag_count);
    json_member_u64(writer, STR("segments"), document.segment_count);
    json_object_end(writer);
    superflag_answer_end(x, &answer, 200);
}
