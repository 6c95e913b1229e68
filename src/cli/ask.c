/* SPDX-License-Identifier: Apache-2.0 */
/* ask - asking the person, who must be there: see session.h. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "cli/output.h"

enum { LINE_BYTES_MAX = 4096 };

/* ---- what is not shown ------------------------------------------------------------------------
 */

/* While nothing is shown, signals that would end or stop us wait until the terminal is as it was.
 */
struct hiding {
    struct termios before;
    sigset_t signals, mask_before;
    int arrivals; /* a descriptor that tells of them; -1: they do as ever */
};

static void set_echo(const struct termios *before, bool is_on)
{
    struct termios now = *before;
    if (!is_on)
        now.c_lflag &= ~(tcflag_t)ECHO;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &now);
}

static bool hide(struct hiding *hiding)
{
    static const int numbers[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
    if (tcgetattr(STDIN_FILENO, &hiding->before) != 0)
        return false;
    sigemptyset(&hiding->signals);
    for (size_t i = 0; i < COUNT_OF(numbers); i++)
        sigaddset(&hiding->signals, numbers[i]);
    hiding->arrivals = signalfd(-1, &hiding->signals, SFD_CLOEXEC);
    if (hiding->arrivals >= 0)
        sigprocmask(SIG_BLOCK, &hiding->signals, &hiding->mask_before);
    set_echo(&hiding->before, false);
    return true;
}

static void show(struct hiding *hiding)
{
    set_echo(&hiding->before, true);
    if (hiding->arrivals < 0)
        return;
    close(hiding->arrivals);
    sigprocmask(SIG_SETMASK, &hiding->mask_before, NULL);
}

/* What it would have done at once. Whoever was only stopped comes back and is asked on. */
static void take_signal(struct hiding *hiding)
{
    struct signalfd_siginfo arrival;
    if (read(hiding->arrivals, &arrival, sizeof(arrival)) != sizeof(arrival))
        return;
    set_echo(&hiding->before, true);
    sigprocmask(SIG_SETMASK, &hiding->mask_before, NULL);
    raise((int)arrival.ssi_signo);
    sigprocmask(SIG_BLOCK, &hiding->signals, NULL);
    set_echo(&hiding->before, false);
}

static void wait_for_key(struct hiding *hiding)
{
    struct pollfd waits[] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = hiding->arrivals, .events = POLLIN}};
    while (waits[0].revents == 0) {
        if (poll(waits, COUNT_OF(waits), -1) > 0 && waits[1].revents != 0)
            take_signal(hiding);
    }
}

/* ---- a line -----------------------------------------------------------------------------------
 */

/* hiding: NULL when it is shown. */
static bool read_line(struct session *session, struct hiding *hiding, struct str *line)
{
    char *text = arena_allocate(&session->arena, LINE_BYTES_MAX);
    size_t size = 0;
    char byte = 0;
    for (;;) {
        if (hiding != NULL)
            wait_for_key(hiding);
        if (read(STDIN_FILENO, &byte, 1) != 1 || byte == '\n')
            break;
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
    struct hiding hiding;
    bool is_hidden = is_secret && hide(&hiding); /* before the prompt: an early answer, too */
    fprintf(stderr, "%s", prompt);
    fflush(stderr);
    bool is_whole = read_line(session, is_hidden ? &hiding : NULL, line);
    if (is_hidden) {
        show(&hiding);
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
        session_fail(session, EXIT_USAGE,
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
    session_fail(session, EXIT_USAGE, STR("not confirmed, nothing was changed"), NULL);
    return false;
}
