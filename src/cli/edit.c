/* SPDX-License-Identifier: Apache-2.0 */
/*
 * edit - a document in the person's own editor, put back only if nobody changed it meanwhile.
 *
 * What is refused stays in its file, so that no work is lost.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/document.h"

enum { DOCUMENT_BYTES_MAX = 16 * 1024 * 1024, OWN_FILE = 0600 };

static struct str editor_of(void)
{
    struct str editor = session_variable("VISUAL");
    if (str_is_absent(editor))
        editor = session_variable("EDITOR");
    return str_is_absent(editor) ? STR("vi") : editor;
}

/* Through the shell, as git does: editors are set with arguments ("code --wait"). */
static bool run_editor(struct session *session, struct str file)
{
    const char *command = arena_format(&session->arena, "%.*s \"$1\"", STR_ARG(editor_of())).data;
    fflush(NULL);
    pid_t child = fork();
    if (child == 0) {
        execl("/bin/sh", "sh", "-c", command, "editor", file.data, (char *)NULL);
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static struct str scratch_file(struct session *session, struct str key)
{
    struct str folder = session_variable("TMPDIR");
    char name[64];
    size_t size = 0;
    for (size_t i = 0; i < key.size && size + 1 < sizeof(name); i++) {
        char byte = key.data[i];
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                        (byte >= '0' && byte <= '9') || byte == '-' || byte == '_';
        name[size++] = is_plain ? byte : '_';
    }
    struct str unique = client_new_key(&session->arena);
    return arena_format(&session->arena, "%.*s/guidon-%.*s-%.*s.json",
                        STR_ARG(str_is_absent(folder) ? STR("/tmp") : folder), (int)size, name,
                        STR_ARG(str_slice(unique, 0, 8)));
}

static struct fault write_scratch(struct session *session, struct str file,
                                  const struct json *document)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    document_append_pretty(&buf, document);
    struct fault fault = home_write_file(&session->arena, file, buf_str(&buf), OWN_FILE);
    buf_close(&buf);
    return fault;
}

static int put_back(struct session *session, const struct invocation *invocation, struct str key,
                    struct str text, struct str tag)
{
    const struct document_kind *kind = document_kind_of(invocation);
    const struct edit edit = {
        .method = "PUT",
        .path = document_path(session, kind, key),
        .body = text,
        .if_match = tag,
        .environment = &session->environment,
        .sentence = arena_format(&session->arena, "replace the %s %.*s", kind->noun, STR_ARG(key))};
    struct answer answer;
    bool is_done = false;
    int status = resource_send(session, invocation, &edit, &answer, &is_done);
    return status == EXIT_OK && is_done ? document_show_changed(session, &answer) : status;
}

int document_edit(struct session *session, const struct invocation *invocation)
{
    if (!session->is_input_terminal || !session->is_output_terminal)
        return session_fail(session, EXIT_USAGE, STR("an editor needs a terminal"),
                            "use patch or put instead");
    const struct document_kind *kind = document_kind_of(invocation);
    struct str key = invocation_argument(invocation, 0);
    struct answer answer;
    const struct json *document = NULL;
    int status = document_fetch(session, kind, key, &answer, &document);
    if (status != EXIT_OK)
        return status;
    struct str file = scratch_file(session, key), before, after;
    struct fault fault = write_scratch(session, file, document);
    if (!failed(fault))
        fault = home_read_file(&session->arena, file, DOCUMENT_BYTES_MAX, &before);
    if (failed(fault))
        return session_fail_fault(session, fault);
    bool is_edited = run_editor(session, file);
    fault = home_read_file(&session->arena, file, DOCUMENT_BYTES_MAX, &after);
    if (!is_edited || failed(fault))
        return session_fail(
            session, EXIT_FAILED, STR("the editor failed, nothing was changed"),
            arena_format(&session->arena, "the text is in %.*s", STR_ARG(file)).data);
    if (str_equal(before, after))
        output_note(session, "nothing was changed");
    else
        status = put_back(session, invocation, key, after, answer.etag);
    if (status == EXIT_OK)
        unlink(file.data);
    else
        output_note(session, "your text is in %.*s", STR_ARG(file));
    return status;
}
