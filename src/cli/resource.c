/* SPDX-License-Identifier: Apache-2.0 */
/* resource - show a list, show one thing, change one thing: see resource.h. */
#include "cli/resource.h"

#include <stdio.h>

#include "cli/describe.h"
#include "client/address.h"

int resource_list(struct session *session, struct str path, const struct column *columns,
                  size_t column_count)
{
    struct json *items = NULL;
    size_t count = 0;
    struct answer answer = session_list(session, path, &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    output_list(session, columns, column_count, items, count);
    return EXIT_OK;
}

int resource_show(struct session *session, struct str path, const struct column *columns,
                  size_t column_count)
{
    struct answer answer = session_get(session, path);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    output_item(session, columns, column_count, &answer.json);
    return EXIT_OK;
}

/* ---- changes ------------------------------------------------------------------------------------
 */

static void show_affected(struct session *session, const struct json *report)
{
    const struct json *affected = json_find(report, STR("affected"));
    if (affected == NULL || affected->type != JSON_ARRAY)
        return;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (uint32_t i = 0; i < affected->count; i++) {
        buf_append(&buf, i == 0 ? STR("") : STR(", "));
        output_append_cell(&buf, &affected->elements[i], COLUMN_TEXT);
    }
    output_say(session, "%s%.*s",
               affected->count == 0 ? "no flag decides otherwise" : "may decide otherwise: ",
               STR_ARG(buf_str(&buf)));
    buf_close(&buf);
}

struct str resource_acknowledged(struct session *session, const struct invocation *invocation,
                                 struct str path)
{
    static const struct {
        const char *option, *word;
    } known[] = {{"acknowledge-reshuffle", "reshuffle"},
                 {"acknowledge-growth", "growth"},
                 {"acknowledge-reuse", "reuse"}};
    struct str words = {0};
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (invocation_has(invocation, known[i].option))
            words = arena_format(&session->arena, "%.*s%s%s", STR_ARG(words),
                                 str_is_absent(words) ? "" : ",", known[i].word);
    }
    return address_with(&session->arena, path, "acknowledge", words);
}

void resource_show_report(struct session *session, const struct json *report)
{
    if (session->format != OUTPUT_TABLE) {
        output_json(report);
        return;
    }
    const struct json *changes = json_find(report, STR("changes"));
    if (changes != NULL && changes->type == JSON_ARRAY)
        describe_changes(session, changes);
    show_affected(session, report);
}

void resource_say_version(struct session *session, const struct json *answer)
{
    const struct json *version = json_find(answer, STR("version"));
    if (version != NULL && version->type == JSON_NUMBER)
        output_say(session, "version %.0f", version->number);
}

static void show_sent(uint64_t sent_bytes, void *user)
{
    progress_at(user, sent_bytes);
}

int resource_send(struct session *session, const struct invocation *invocation,
                  const struct edit *edit, struct answer *answer, bool *is_done)
{
    bool is_dry = invocation_has(invocation, "dry-run");
    *is_done = !is_dry;
    if (!is_dry && edit->environment != NULL &&
        !session_confirm(session, edit->environment, edit->sentence))
        return EXIT_USAGE;
    struct str path = edit->path;
    if (is_dry)
        path = address_with(&session->arena, path, "dryRun", STR("true"));
    struct str seen = edit->if_match;
    if (str_is_absent(seen))
        seen = invocation_text(invocation, "if-match");
    struct progress progress;
    progress_begin(&progress, session, edit->upload, edit->body.size);
    const struct call call = {.method = edit->method,
                              .path = path,
                              .body = edit->body,
                              .body_type = edit->body_type,
                              .if_match = seen,
                              .key = is_dry ? (struct str){0} : client_new_key(&session->arena),
                              .on_sent = edit->upload == NULL ? NULL : show_sent,
                              .user = &progress};
    *answer = client_ask(session->client, &session->arena, &call);
    progress_end(&progress);
    if (answer->kind != ANSWER_OK)
        return session_refuse(session, answer);
    if (is_dry)
        resource_show_report(session, &answer->json);
    return EXIT_OK;
}

int resource_edit(struct session *session, const struct invocation *invocation,
                  const struct edit *edit)
{
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, edit, &answer, &is_done);
    if (status != EXIT_OK || !is_done)
        return status;
    const struct json *secret =
        edit->secret == NULL ? NULL : json_find(&answer.json, str_of(edit->secret));
    if (session->format == OUTPUT_JSON && answer.json.type != JSON_NULL) {
        output_json(&answer.json);
        return EXIT_OK;
    }
    if (edit->done != NULL)
        output_say(session, "%s", edit->done);
    if (edit->column_count > 0 && answer.json.type == JSON_OBJECT)
        output_item(session, edit->columns, edit->column_count, &answer.json);
    if (secret != NULL && secret->type == JSON_STRING) {
        output_note(session, "This is shown once; keep it safe:");
        printf("%.*s\n", STR_ARG(secret->string));
    }
    return EXIT_OK;
}

/* ---- bodies -------------------------------------------------------------------------------------
 */

void body_begin(struct body *body)
{
    buf_open(&body->buf, SIZE_MAX);
    json_writer_open(&body->writer, &body->buf);
    json_object_begin(&body->writer);
}

void body_text(struct body *body, const char *name, struct str text)
{
    if (!str_is_absent(text))
        json_member_string(&body->writer, str_of(name), text);
}

void body_boolean(struct body *body, const char *name, bool value)
{
    json_member_boolean(&body->writer, str_of(name), value);
}

bool body_switch(struct body *body, const char *name, struct str text)
{
    bool is_on = str_equal(text, STR("true")) || str_equal(text, STR("on"));
    if (!is_on && !str_equal(text, STR("false")) && !str_equal(text, STR("off")))
        return false;
    body_boolean(body, name, is_on);
    return true;
}

struct str body_end(struct body *body, struct arena *arena)
{
    json_object_end(&body->writer);
    struct str text = arena_copy_str(arena, buf_str(&body->buf));
    buf_close(&body->buf);
    return text;
}
