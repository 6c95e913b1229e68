/* SPDX-License-Identifier: Apache-2.0 */
/* document - commands on flags and segments, and their histories: see document.h. */
#include "cli/document.h"

#include <stdio.h>
#include <string.h>

#include "client/address.h"

enum { DOCUMENT_BYTES_MAX = 16 * 1024 * 1024, SETTING_DEPTH_MAX = 8 };

static const struct column flag_columns[] = {
    {"KEY", "document.key", COLUMN_TEXT},      {"KIND", "document.kind", COLUMN_TEXT},
    {"TYPE", "document.type", COLUMN_TEXT},    {"STATE", "document.enabled", COLUMN_SWITCH},
    {"TAGS", "document.tags", COLUMN_LIST},    {"BY", "modifiedBy", COLUMN_TEXT},
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
    {"Used by flags", "usedBy.flags", COLUMN_LIST},
    {"Used by segments", "usedBy.segments", COLUMN_LIST},
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

int document_fetch(struct session *session, const struct document_kind *kind, struct str key,
                   struct answer *answer, const struct json **document)
{
    *answer = session_get(session, document_path(session, kind, key));
    if (answer->kind != ANSWER_OK)
        return session_refuse(session, answer);
    *document = json_find(&answer->json, STR("document"));
    return *document != NULL ? EXIT_OK
                             : session_fail(session, EXIT_FAILED,
                                            STR("the server answered without a document"), NULL);
}

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
    struct buf buf, visible;
    buf_open(&buf, SIZE_MAX);
    buf_open(&visible, SIZE_MAX);
    document_append_pretty(&buf, json);
    output_append_visible_json(&visible, buf_str(&buf));
    output_raw(buf_str(&visible));
    buf_close(&visible);
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
        return EXIT_OK;
    }
    output_item(session, kind->details, kind->detail_count, &answer.json);
    if (session->format == OUTPUT_TABLE && document != NULL) {
        output_say(session, "%s%-10s%s  %.*s\n", output_colour(session, COLOUR_DIM), "Tag",
                   output_colour(session, COLOUR_NONE), STR_ARG(answer.etag));
        print_pretty(document);
    }
    return EXIT_OK;
}

/* ---- writing ------------------------------------------------------------------------------------
 */

int document_show_changed(struct session *session, const struct answer *answer)
{
    if (session->format != OUTPUT_TABLE && answer->json.type != JSON_NULL)
        output_json(&answer->json);
    else
        resource_say_version(session, &answer->json);
    return EXIT_OK;
}

static int send(struct session *session, const struct invocation *invocation,
                const struct edit *edit)
{
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, edit, &answer, &is_done);
    return status == EXIT_OK && is_done ? document_show_changed(session, &answer) : status;
}

static struct str sentence_of(struct session *session, const char *verb,
                              const struct document_kind *kind, struct str key)
{
    return arena_format(&session->arena, "%s the %s %.*s", verb, kind->noun, STR_ARG(key));
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
        .path = resource_acknowledged(session, invocation, document_path(session, kind, key)),
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
        .path = resource_acknowledged(session, invocation, document_path(session, kind, key)),
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

/* ---- experiment.owner=ann tags=["a"] description= : a merge patch -------------------------------
 */

/* Name and value of one, and how much of the name is written already. */
struct setting {
    struct str name, value;
    size_t from;
};

static struct str step_of(const struct setting *setting)
{
    size_t dot = str_find_byte(setting->name, '.', setting->from);
    return str_slice(setting->name, setting->from, dot);
}

static bool is_last_step(const struct setting *setting)
{
    return setting->from + step_of(setting).size == setting->name.size;
}

static bool is_of_same(const struct setting *a, const struct setting *b)
{
    return !is_last_step(a) && !is_last_step(b) && str_equal(step_of(a), step_of(b));
}

static void append_value(struct session *session, struct json_writer *writer,
                         const struct setting *setting)
{
    struct json value;
    if (setting->value.size == 0)
        value = json_make_null();
    else if (failed(json_parse(&session->arena, setting->value, &json_budget_default, &value)))
        value = json_make_string(setting->value);
    json_member_tree(writer, step_of(setting), &value);
}

static void append_settings(struct session *session, struct json_writer *writer,
                            const struct setting *settings, size_t count);

/* All that is below the same member, together. Depth: SETTING_DEPTH_MAX, is_setting. */
static void append_below(struct session *session, struct json_writer *writer,
                         const struct setting *settings, size_t first, size_t count)
{
    struct setting *below = ARENA_NEW_ARRAY(&session->arena, struct setting, count);
    size_t below_count = 0;
    for (size_t i = first; i < count; i++) {
        if (!is_of_same(&settings[first], &settings[i]))
            continue;
        below[below_count] = settings[i];
        below[below_count++].from += step_of(&settings[i]).size + 1;
    }
    json_key(writer, step_of(&settings[first]));
    json_object_begin(writer);
    append_settings(session, writer, below, below_count);
    json_object_end(writer);
}

static void append_settings(struct session *session, struct json_writer *writer,
                            const struct setting *settings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_done = false;
        for (size_t j = 0; j < i; j++)
            is_done = is_done || is_of_same(&settings[i], &settings[j]);
        if (is_last_step(&settings[i]))
            append_value(session, writer, &settings[i]);
        else if (!is_done)
            append_below(session, writer, settings, i, count);
    }
}

static bool is_setting(struct str pair)
{
    size_t equals = str_find_byte(pair, '=', 0), dots = 0;
    for (size_t i = 0; i < equals; i++) {
        bool is_dot = pair.data[i] == '.';
        dots += is_dot;
        if (is_dot && (i == 0 || i + 1 == equals || pair.data[i + 1] == '.'))
            return false;
    }
    return equals > 0 && equals < pair.size && dots <= SETTING_DEPTH_MAX;
}

int document_set(struct session *session, const struct invocation *invocation)
{
    size_t count = invocation->argument_count - 1;
    struct setting *settings = ARENA_NEW_ARRAY(&session->arena, struct setting, count);
    for (size_t i = 0; i < count; i++) {
        struct str pair = invocation->arguments[i + 1];
        size_t equals = str_find_byte(pair, '=', 0);
        if (!is_setting(pair))
            return session_fail(
                session, EXIT_USAGE,
                arena_format(&session->arena, "\"%.*s\" is no NAME=VALUE", STR_ARG(pair)),
                "e.g. guidon flag set dark-mode owner=ann 'tags=[\"web\"]'");
        settings[i] =
            (struct setting){str_slice(pair, 0, equals), str_slice(pair, equals + 1, pair.size), 0};
    }
    struct body body;
    body_begin(&body);
    append_settings(session, &body.writer, settings, count);
    return document_send_patch(session, invocation, invocation_argument(invocation, 0),
                               body_end(&body, &session->arena), "change");
}

/* ---- going -------------------------------------------------------------------------------------
 */

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
    if (status != EXIT_OK || !is_done)
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
        return session_fail(session, EXIT_USAGE, STR("VERSION is a number of the history"), NULL);
    struct body body;
    body_begin(&body);
    json_member_u64(&body.writer, STR("version"), version);
    struct str path =
        arena_format(&session->arena, "%.*s/restore", STR_ARG(document_path(session, kind, key)));
    const struct edit edit = {.method = "POST",
                              .path = resource_acknowledged(session, invocation, path),
                              .body = body_end(&body, &session->arena),
                              .environment = &session->environment,
                              .sentence = sentence_of(session, "restore", kind, key)};
    return send(session, invocation, &edit);
}
