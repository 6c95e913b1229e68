/* SPDX-License-Identifier: Apache-2.0 */
/* ask - asking the person, who must be there: see session.h. */
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"

enum { LINE_BYTES_MAX = 4096 };

static void set_echo(const struct termios *before, bool is_on)
{
    struct termios now = *before;
    if (!is_on)
        now.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
}

static bool read_line(struct session *session, struct str *line)
{
    char *text = arena_allocate(&session->arena, LINE_BYTES_MAX);
    size_t size = 0;
    char byte = 0;
    while (read(STDIN_FILENO, &byte, 1) == 1 && byte != '\n') {
        if (size < LINE_BYTES_MAX)
            text[size++] = byte;
    }
    *line = str_trim((struct str){text, size});
    return byte == '\n';
}

bool session_ask(struct session *session, const char *prompt, bool is_secret, struct str *line)
{
    *line = (struct str){0};
    if (!session->is_input_terminal || !session->is_error_terminal)
        return false;
    fflush(stdout);
    struct termios before;
    bool is_hidden = is_secret && tcgetattr(STDIN_FILENO, &before) == 0;
    if (is_hidden)
        set_echo(&before, false); /* before the prompt: who answers at once is not shown either */
    fprintf(stderr, "%s", prompt);
    fflush(stderr);
    bool is_whole = read_line(session, line);
    if (is_hidden) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fputc('\n', stderr);
    }
    return is_whole;
}

bool session_confirm(struct session *session, const struct session_environment *environment,
                     struct str sentence)
{
    if (!environment->is_critical || session->says_yes || session->is_vendor)
        return true;
    struct str where = arena_format(&session->arena, "%.*s in %.*s", STR_ARG(sentence),
                                    STR_ARG(environment->name));
    if (!session->is_input_terminal || !session->is_error_terminal) {
        session_fail(session, CLI_USAGE,
                     arena_format(&session->arena, "%.*s needs a confirmation", STR_ARG(where)),
                     "add --yes, or run it at a terminal");
        return false;
    }
    output_note(session, "About to %.*s.", STR_ARG(where));
    struct str typed;
    const char *prompt =
        arena_format(&session->arena, "Type %.*s to go on: ", STR_ARG(environment->name)).data;
    if (session_ask(session, prompt, false, &typed) && str_equal(typed, environment->name))
        return true;
    session_fail(session, CLI_USAGE, STR("not confirmed, nothing was changed"), NULL);
    return false;
}
