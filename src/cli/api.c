/* SPDX-License-Identifier: Apache-2.0 */
/*
 * api - any call of the API, with the token that is in use.
 *
 * For what has no command of its own, and for scripts. Nothing is asked and nothing is shown but
 * what the server answers.
 */
#include <stdio.h>

#include "cli/document.h"
#include "cli/groups.h"

enum { BODY_BYTES_MAX = 64 * 1024 * 1024 };

static int read_body(struct session *session, const struct invocation *invocation, struct str *body)
{
    struct str data = invocation_text(invocation, "data");
    *body = data;
    bool is_file = str_starts_with(data, STR("@")) || str_equal(data, STR("-"));
    if (!is_file)
        return EXIT_OK;
    struct str path = str_equal(data, STR("-")) ? data : str_slice(data, 1, data.size);
    struct fault fault = home_read_file(&session->arena, path, BODY_BYTES_MAX, body);
    return failed(fault) ? session_fail_fault(session, fault) : EXIT_OK;
}

/* A name, a colon, and nothing that would begin another line. */
static bool is_header(struct str line)
{
    size_t colon = str_find_byte(line, ':', 0);
    for (size_t i = 0; i < line.size; i++) {
        unsigned char byte = (unsigned char)line.data[i];
        bool is_blank_in_name = i < colon && byte <= ' ';
        if (byte < ' ' || byte == 0x7F || is_blank_in_name)
            return false;
    }
    return colon > 0 && colon < line.size;
}

static int read_headers(struct session *session, const struct invocation *invocation,
                        struct call *call)
{
    struct str *lines = ARENA_NEW_ARRAY(&session->arena, struct str, invocation->value_count + 1);
    struct str line = invocation_nth(invocation, "header", 0);
    for (size_t i = 0; !str_is_absent(line); line = invocation_nth(invocation, "header", ++i)) {
        if (!is_header(line))
            return session_fail(
                session, EXIT_USAGE,
                arena_format(&session->arena, "\"%.*s\" is no header", STR_ARG(line)),
                "-H 'Name: value'");
        lines[call->header_count++] = line;
    }
    call->headers = lines;
    return EXIT_OK;
}

static bool is_method(struct str word)
{
    for (size_t i = 0; i < word.size; i++) {
        if (word.data[i] < 'A' || word.data[i] > 'Z')
            return false;
    }
    return word.size > 0;
}

/* "me" is /admin/v1/me. */
static bool read_path(struct session *session, struct str word, struct str *path)
{
    for (size_t i = 0; i < word.size; i++) {
        unsigned char byte = (unsigned char)word.data[i];
        if (byte <= ' ' || byte >= 0x7F || byte == '#')
            return false;
    }
    bool is_whole = str_starts_with(word, STR("/"));
    *path = is_whole ? word : arena_format(&session->arena, "/admin/v1/%.*s", STR_ARG(word));
    return word.size > 0;
}

static bool changes_something(struct str method)
{
    return !str_equal(method, STR("GET")) && !str_equal(method, STR("HEAD")) &&
           !str_equal(method, STR("OPTIONS"));
}

static int read_call(struct session *session, const struct invocation *invocation,
                     struct call *call)
{
    struct str method = invocation_argument(invocation, 0);
    if (!is_method(method))
        return session_fail(session, EXIT_USAGE,
                            arena_format(&session->arena, "\"%.*s\" is no method", STR_ARG(method)),
                            "guidon api GET /admin/v1/me");
    if (!read_path(session, invocation_argument(invocation, 1), &call->path))
        return session_fail(session, EXIT_USAGE, STR("that is no path"),
                            "encode what is no letter, digit or -._~ as %XX");
    call->method = arena_format(&session->arena, "%.*s", STR_ARG(method)).data;
    int status = read_body(session, invocation, &call->body);
    if (status == EXIT_OK)
        status = read_headers(session, invocation, call);
    if (changes_something(method) && str_starts_with(call->path, STR("/admin/")))
        call->key = client_new_key(&session->arena);
    return status;
}

/* ---- answers ------------------------------------------------------------------------------------
 */

static void show(struct session *session, const struct answer *answer)
{
    bool is_tree = answer->json.type == JSON_OBJECT || answer->json.type == JSON_ARRAY;
    if (session->format != OUTPUT_TABLE || !is_tree) {
        output_raw(answer->text);
        bool is_open = answer->text.size > 0 && !str_ends_with(answer->text, STR("\n"));
        if (is_open && (is_tree || session->is_output_terminal))
            output_raw(STR("\n"));
        return;
    }
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    document_append_pretty(&buf, &answer->json);
    output_raw(buf_str(&buf));
    buf_close(&buf);
}

static int refuse(struct session *session, const struct answer *answer)
{
    if (answer->status != 0)
        show(session, answer);
    return session_refuse(session, answer);
}

/* One item a line, page after page. */
static int show_items(struct session *session, const struct call *call)
{
    struct json *items = NULL;
    size_t count = 0;
    struct answer answer = session_list(session, call->path, &items, &count);
    if (answer.kind != ANSWER_OK)
        return refuse(session, &answer);
    for (size_t i = 0; i < count; i++)
        output_json(&items[i]);
    return EXIT_OK;
}

static int run_api(struct session *session, const struct invocation *invocation)
{
    struct call call = {0};
    int status = read_call(session, invocation, &call);
    if (status != EXIT_OK)
        return status;
    if (invocation_has(invocation, "paginate")) {
        bool is_get = str_equal(str_of(call.method), STR("GET")) && call.header_count == 0;
        return is_get
                   ? show_items(session, &call)
                   : session_fail(session, EXIT_USAGE, STR("--paginate is for a plain GET"), NULL);
    }
    struct answer answer = client_ask(session->client, &session->arena, &call);
    if (answer.kind != ANSWER_OK)
        return refuse(session, &answer);
    if (invocation_has(invocation, "include")) {
        output_note(session, "status %d", answer.status);
        if (!str_is_empty(answer.etag))
            output_note(session, "tag %.*s", STR_ARG(answer.etag));
    }
    show(session, &answer);
    return EXIT_OK;
}

static const struct command_option options[] = {
    {"data", 'd', "JSON|@FILE|-", "the body", COMPLETES_FILES, false},
    {"header", 'H', "LINE", "a header: 'Name: value'", COMPLETES_NOTHING, true},
    {"paginate", '\0', NULL, "all pages of a list, one item a line", COMPLETES_NOTHING, false},
    {"include", 'i', NULL, "the status and the tag, on standard error", COMPLETES_NOTHING, false}};
static const char *const examples[] = {
    "api GET me", "api GET /admin/v1/environments --paginate",
    "api PATCH environments/3/flags/dark-mode -d '{\"tags\":[\"shop\"]}'", "api GET /api/v1/apps",
    NULL};
static const char *const detail[] = {
    "Sends one request with the token in use and shows the answer as it came; at a terminal, JSON "
    "is spread over lines. A path without a slash in front is below /admin/v1/. A refusal's "
    "document goes to standard output as well, and the exit status says what kind it is.",
    "Nothing is confirmed here, in production neither.", NULL};

static const struct command commands[] = {
    {.verb = "api",
     .arguments = "METHOD PATH",
     .summary = "send a request of your own",
     .examples = examples,
     .detail = detail,
     .options = options,
     .option_count = COUNT_OF(options),
     .argument_min = 2,
     .argument_max = 2,
     .needs = NEEDS_TOKEN,
     .run = run_api},
};

const struct command_group group_api = {
    .topic = "Understand",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
