/* SPDX-License-Identifier: Apache-2.0 */
/* document - commands on flags and segments, and their histories: see document.h. */
#include "cli/document.h"

#include <stdio.h>
#include <string.h>

#include "cli/describe.h"
#include "client/address.h"
#include "json/diff.h"

enum { DOCUMENT_BYTES_MAX = 16 * 1024 * 1024 };

static const struct column flag_columns[] = {
    {"KEY", "document.key", COLUMN_TEXT},      {"KIND", "document.kind", COLUMN_TEXT},
    {"TYPE", "document.type", COLUMN_TEXT},    {"STATE", "document.enabled", COLUMN_SWITCH},
    {"TAGS", "document.tags", COLUMN_TEXT},    {"BY", "modifiedBy", COLUMN_TEXT},
    {"CHANGED", "modifiedAt", COLUMN_INSTANT},
};
static const struct column flag_details[] = {
    {"Key", "document.key", COLUMN_TEXT},      {"State", "document.enabled", COLUMN_SWITCH},
    {"Kind", "document.kind", COLUMN_TEXT},    {"Id", "id", COLUMN_TEXT},
    {"Revision", "revision", COLUMN_TEXT},     {"Created", "createdAt", COLUMN_INSTANT},
    {"Created by", "createdBy", COLUMN_TEXT},  {"Changed", "modifiedAt", COLUMN_INSTANT},
    {"Changed by", "modifiedBy", COLUMN_TEXT},
};
static const struct column segment_columns[] = {
    {"KEY", "document.key", COLUMN_TEXT},
    {"DESCRIPTION", "document.description", COLUMN_TEXT},
    {"ID", "id", COLUMN_TEXT},
};
static const struct column segment_details[] = {
    {"Key", "document.key", COLUMN_TEXT},
    {"Id", "id", COLUMN_TEXT},
    {"Used by flags", "usedBy.flags", COLUMN_TEXT},
    {"Used by segments", "usedBy.segments", COLUMN_TEXT},
};

const struct document_kind document_flags = {
    "flag", "flags", flag_columns, COUNT_OF(flag_columns), flag_details, COUNT_OF(flag_details)};
const struct document_kind document_segments = {"segment",       "segments",
                                                segment_columns, COUNT_OF(segment_columns),
                                                segment_details, COUNT_OF(segment_details)};

const struct document_kind *document_kind_of(const struct invocation *invocation)
{
    bool is_segment = strcmp(invocation->group->noun, document_segments.noun) == 0;
    return is_segment ? &document_segments : &document_flags;
}

struct str document_path(struct session *session, const struct document_kind *kind, struct str key)
{
    struct str all =
        arena_format(&session->arena, "%.*s/%s", STR_ARG(session->environment.path), kind->path);
    if (str_is_absent(key))
        return all;
    return address_path(&session->arena,
                        arena_format(&session->arena, "%.*s/{}", STR_ARG(all)).data, 1, key);
}

/* ---- reading ------------------------------------------------------------------------------------
 */

int document_list(struct session *session, const struct invocation *invocation)
{
    static const char *const filters[] = {"kind", "tag", "q", "archived", "enabled", "at"};
    const struct document_kind *kind = document_kind_of(invocation);
    struct str path = document_path(session, kind, (struct str){0});
    for (size_t i = 0; i < COUNT_OF(filters); i++)
        path = address_with(&session->arena, path, filters[i],
                            invocation_text(invocation, filters[i]));
    return resource_list(session, path, kind->columns, kind->column_count);
}

static void print_pretty(const struct json *json)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    document_append_pretty(&buf, json);
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

int document_get(struct session *session, const struct invocation *invocation)
{
    const struct document_kind *kind = document_kind_of(invocation);
    struct str path = document_path(session, kind, invocation_argument(invocation, 0));
    path = address_with(&session->arena, path, "at", invocation_text(invocation, "at"));
    struct answer answer = session_get(session, path);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    const struct json *document = json_find(&answer.json, STR("document"));
    if (invocation_has(invocation, "document") && document != NULL) {
        print_pretty(document);
        return CLI_OK;
    }
    output_item(session, kind->details, kind->detail_count, &answer.json);
    if (session->format == OUTPUT_TABLE && document != NULL) {
        output_say(session, "%-12s%.*s\n", "Tag", STR_ARG(answer.etag));
        print_pretty(document);
    }
    return CLI_OK;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

int document_show_changed(struct session *session, const struct answer *answer)
{
    if (session->format != OUTPUT_TABLE && answer->json.type != JSON_NULL)
        output_json(&answer->json);
    else
        resource_say_version(session, &answer->json);
    return CLI_OK;
}

static int send(struct session *session, const struct invocation *invocation,
                const struct edit *edit)
{
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, edit, &answer, &is_done);
    return status == CLI_OK && is_done ? document_show_changed(session, &answer) : status;
}

static struct str sentence_of(struct session *session, const char *verb,
                              const struct document_kind *kind, struct str key)
{
    return arena_format(&session->arena, "%s the %s %.*s", verb, kind->noun, STR_ARG(key));
}

/* A change of salt or arithmetic moves people; the server wants that said. */
static struct str acknowledged(struct session *session, const struct invocation *invocation,
                               struct str path)
{
    bool is_said = invocation_has(invocation, "acknowledge-reshuffle");
    return address_with(&session->arena, path, "acknowledge",
                        is_said ? STR("reshuffle") : (struct str){0});
}

int document_put(struct session *session, const struct invocation *invocation)
{
    const struct document_kind *kind = document_kind_of(invocation);
    struct str key = invocation_argument(invocation, 0), text;
    struct fault fault = home_read_file(&session->arena, invocation_argument(invocation, 1),
                                        DOCUMENT_BYTES_MAX, &text);
    if (failed(fault))
        return session_fail_fault(session, fault);
    const struct edit edit = {
        .method = "PUT",
        .path = acknowledged(session, invocation, document_path(session, kind, key)),
        .body = text,
        .environment = &session->environment,
        .sentence = sentence_of(session, "replace", kind, key)};
    return send(session, invocation, &edit);
}

int document_send_patch(struct session *session, const struct invocation *invocation,
                        struct str key, struct str patch, const char *sentence)
{
    const struct document_kind *kind = document_kind_of(invocation);
    const struct edit edit = {
        .method = "PATCH",
        .path = acknowledged(session, invocation, document_path(session, kind, key)),
        .body = patch,
        .body_type = STR("application/merge-patch+json"),
        .environment = &session->environment,
        .sentence = sentence_of(session, sentence, kind, key)};
    return send(session, invocation, &edit);
}

/* JSON as it stands, or @FILE, or - for standard input. */
int document_patch(struct session *session, const struct invocation *invocation)
{
    struct str patch = invocation_argument(invocation, 1);
    bool is_file = str_starts_with(patch, STR("@")) || str_equal(patch, STR("-"));
    if (is_file) {
        struct str path = str_equal(patch, STR("-")) ? patch : str_slice(patch, 1, patch.size);
        struct fault fault = home_read_file(&session->arena, path, DOCUMENT_BYTES_MAX, &patch);
        if (failed(fault))
            return session_fail_fault(session, fault);
    }
    return document_send_patch(session, invocation, invocation_argument(invocation, 0), patch,
                               "change");
}

int document_delete(struct session *session, const struct invocation *invocation)
{
    const struct document_kind *kind = document_kind_of(invocation);
    struct str key = invocation_argument(invocation, 0);
    const struct edit edit = {.method = "DELETE",
                              .path = document_path(session, kind, key),
                              .environment = &session->environment,
                              .sentence = sentence_of(session, "delete", kind, key)};
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, &edit, &answer, &is_done);
    if (status != CLI_OK || !is_done)
        return status;
    output_say(session, "deleted; `guidon %s restore` brings it back", kind->noun);
    return document_show_changed(session, &answer);
}

int document_restore(struct session *session, const struct invocation *invocation)
{
    const struct document_kind *kind = document_kind_of(invocation);
    struct str key = invocation_argument(invocation, 0);
    uint64_t version = 0;
    if (!str_parse_u64(invocation_argument(invocation, 1), &version))
        return session_fail(session, CLI_USAGE, STR("VERSION is a number of the history"), NULL);
    struct body body;
    body_begin(&body);
    json_member_u64(&body.writer, STR("version"), version);
    struct str path =
        arena_format(&session->arena, "%.*s/restore", STR_ARG(document_path(session, kind, key)));
    const struct edit edit = {.method = "POST",
                              .path = acknowledged(session, invocation, path),
                              .body = body_end(&body, &session->arena),
                              .environment = &session->environment,
                              .sentence = sentence_of(session, "restore", kind, key)};
    return send(session, invocation, &edit);
}

/* ---- history ------------------------------------------------------------------------------------
 */

static const struct column history_columns[] = {
    {"REVISION", "revision", COLUMN_TEXT},
    {"VERSION", "version", COLUMN_TEXT},
    {"AT", "at", COLUMN_INSTANT},
    {"BY", "actor", COLUMN_TEXT},
};

int document_history(struct session *session, const struct invocation *invocation)
{
    const struct document_kind *kind = document_kind_of(invocation);
    struct str path =
        arena_format(&session->arena, "%.*s/history",
                     STR_ARG(document_path(session, kind, invocation_argument(invocation, 0))));
    return resource_list(session, path, history_columns, COUNT_OF(history_columns));
}

static struct answer read_at(struct session *session, const struct document_kind *kind,
                             struct str key, struct str at)
{
    return session_get(session,
                       address_with(&session->arena, document_path(session, kind, key), "at", at));
}

/* As the API writes differences, so that describe.h reads them. */
static void append_difference(struct json_writer *writer, const struct json_difference *difference)
{
    static const char *const operations[] = {"add", "remove", "replace", "move"};
    bool is_move = difference->kind == JSON_MOVED;
    json_object_begin(writer);
    json_member_string(writer, STR("op"), str_of(operations[difference->kind]));
    json_member_string(writer, STR("path"), difference->path);
    if (is_move) {
        json_member_u64(writer, STR("from"), difference->older_index);
        json_member_u64(writer, STR("to"), difference->newer_index);
    } else {
        if (difference->older != NULL)
            json_member_tree(writer, STR("from"), difference->older);
        if (difference->newer != NULL)
            json_member_tree(writer, STR("to"), difference->newer);
    }
    json_object_end(writer);
}

static struct json changes_between(struct session *session, const struct document_kind *kind,
                                   struct str key, const struct json *older,
                                   const struct json *newer)
{
    const struct json_difference *differences = NULL;
    size_t count = json_diff(&session->arena, older, newer, &differences);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_array_begin(&writer);
    if (count > 0) {
        json_object_begin(&writer);
        json_member_string(&writer, STR("kind"), str_of(kind->noun));
        json_member_string(&writer, STR("key"), key);
        json_member_string(&writer, STR("op"), STR("update"));
        json_key(&writer, STR("diff"));
        json_array_begin(&writer);
        for (size_t i = 0; i < count; i++)
            append_difference(&writer, &differences[i]);
        json_array_end(&writer);
        json_object_end(&writer);
    }
    json_array_end(&writer);
    struct json changes = json_make_null();
    struct json_budget budget = json_budget_default;
    budget.values_max = 0;
    struct str text = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    if (failed(json_parse(&session->arena, text, &budget, &changes)))
        changes = json_make_null();
    return changes;
}

int document_diff(struct session *session, const struct invocation *invocation)
{
    const struct document_kind *kind = document_kind_of(invocation);
    struct str key = invocation_argument(invocation, 0);
    struct answer older = read_at(session, kind, key, invocation_argument(invocation, 1));
    if (older.kind != ANSWER_OK)
        return session_refuse(session, &older);
    struct answer newer = read_at(session, kind, key, invocation_argument(invocation, 2));
    if (newer.kind != ANSWER_OK)
        return session_refuse(session, &newer);
    const struct json *before = json_find(&older.json, STR("document"));
    const struct json *after = json_find(&newer.json, STR("document"));
    if (before == NULL || after == NULL)
        return session_fail(session, CLI_FAILED, STR("the server sent no document"), NULL);
    struct json changes = changes_between(session, kind, key, before, after);
    if (session->format == OUTPUT_TABLE)
        describe_changes(session, &changes);
    else
        output_json(&changes);
    return changes.count > 0 ? CLI_CHANGES : CLI_OK;
}
