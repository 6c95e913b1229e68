/* SPDX-License-Identifier: Apache-2.0 */
/* history - what a flag or a segment was, and what changed from one to the next, in words. */
#include <string.h>

#include "cli/describe.h"
#include "cli/document.h"
#include "client/address.h"

static const struct column columns[] = {
    {"REVISION", "revision", COLUMN_TEXT}, {"VERSION", "version", COLUMN_TEXT},
    {"AT", "at", COLUMN_INSTANT},          {"BY", "actor", COLUMN_TEXT},
    {"WHAT", "what", COLUMN_TEXT},
};

/* ---- in words -----------------------------------------------------------------------------------
 */

static struct str what_changed(struct session *session, const struct json *older,
                               const struct json *newer)
{
    const struct json *before = older == NULL ? NULL : json_find(older, STR("document"));
    const struct json *after = json_find(newer, STR("document"));
    if (after == NULL || after->type != JSON_OBJECT)
        return STR("deleted");
    if (before == NULL || before->type != JSON_OBJECT)
        return STR("created");
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json changes = describe_compare(session, STR(""), STR(""), before, after, false);
    if (changes.count > 0)
        describe_differences(&buf, json_find(&changes.elements[0], STR("diff")), STR("; "));
    struct str text =
        buf_str(&buf).size == 0 ? STR("nothing") : arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* The same object with one member more. */
static struct json with_what(struct session *session, const struct json *item, struct str what)
{
    struct json more = {.type = JSON_OBJECT, .count = item->count + 1};
    more.members = ARENA_NEW_ARRAY(&session->arena, struct json_member, more.count);
    memcpy(more.members, item->members, item->count * sizeof(*item->members));
    more.members[item->count] = (struct json_member){STR("what"), json_make_string(what)};
    return more;
}

/* Newest first. A program gets the server's items, documents and all. */
int document_history(struct session *session, const struct invocation *invocation)
{
    const struct document_kind *kind = document_kind_of(invocation);
    struct str path =
        arena_format(&session->arena, "%.*s/history",
                     STR_ARG(document_path(session, kind, invocation_argument(invocation, 0))));
    path = address_with(&session->arena, path, "id", invocation_text(invocation, "id"));
    struct json *items = NULL;
    size_t count = 0;
    struct answer answer = session_list(session, path, &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    for (size_t i = 0; session->format != OUTPUT_JSON && i < count; i++) {
        const struct json *older = i + 1 < count ? &items[i + 1] : NULL;
        items[i] = with_what(session, &items[i], what_changed(session, older, &items[i]));
    }
    output_list(session, columns, COUNT_OF(columns), items, count);
    return EXIT_OK;
}

/* ---- diff ---------------------------------------------------------------------------------------
 */

static struct answer read_at(struct session *session, const struct document_kind *kind,
                             struct str key, struct str at)
{
    return session_get(session,
                       address_with(&session->arena, document_path(session, kind, key), "at", at));
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
        return session_fail(session, EXIT_FAILED, STR("the server sent no document"), NULL);
    bool is_whole = session->format != OUTPUT_TABLE;
    struct json changes =
        describe_compare(session, str_of(kind->noun), key, before, after, is_whole);
    if (is_whole)
        output_json(&changes);
    else
        describe_changes(session, &changes);
    return changes.count > 0 ? EXIT_CHANGES : EXIT_OK;
}
