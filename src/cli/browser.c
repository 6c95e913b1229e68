/* SPDX-License-Identifier: Apache-2.0 */
/* browser - showing a page to the person: see browser.h. */
#include "cli/browser.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static bool is_set(const char *variable)
{
    return !str_is_absent(session_variable(variable));
}

/* The path of a program found as a shell would; NULL: there is none. */
static const char *find_program(struct session *session, struct str name)
{
    struct arena *arena = &session->arena;
    if (str_find_byte(name, '/', 0) < name.size) {
        const char *path = arena_format(arena, "%.*s", STR_ARG(name)).data;
        return access(path, X_OK) == 0 ? path : NULL;
    }
    struct str folders = session_variable("PATH");
    for (size_t from = 0; from < folders.size;) {
        size_t to = str_find_byte(folders, ':', from);
        const char *path =
            arena_format(arena, "%.*s/%.*s", STR_ARG(str_slice(folders, from, to)), STR_ARG(name))
                .data;
        if (access(path, X_OK) == 0)
            return path;
        from = to + 1;
    }
    return NULL;
}

/* $BROWSER may be a list; whoever is there first is taken. */
static const char *find_browser(struct session *session)
{
    struct str list = session_variable("BROWSER");
    for (size_t from = 0; from < list.size;) {
        size_t to = str_find_byte(list, ':', from);
        const char *path = find_program(session, str_trim(str_slice(list, from, to)));
        if (path != NULL)
            return path;
        from = to + 1;
    }
    bool has_screen = is_set("DISPLAY") || is_set("WAYLAND_DISPLAY");
    return has_screen ? find_program(session, STR("xdg-open")) : NULL;
}

bool browser_is_here(struct session *session)
{
    bool is_far = is_set("SSH_CONNECTION") || is_set("SSH_CLIENT") || is_set("SSH_TTY");
    return !is_far && find_browser(session) != NULL;
}

/* In the child: what is ours ends here. */
static void let_go(void)
{
    setsid();
    int nothing = open("/dev/null", O_RDWR);
    for (int descriptor = 0; descriptor < 3 && nothing >= 0; descriptor++)
        dup2(nothing, descriptor);
    close_range(3, ~0U, 0);
    unsetenv("GUIDON_TOKEN");
    unsetenv("SUPERFLAG_TOKEN");
}

bool browser_open(struct session *session, struct str address)
{
    const char *program = find_browser(session);
    if (program == NULL)
        return false;
    char *arguments[] = {(char *)program,
                         (char *)arena_format(&session->arena, "%.*s", STR_ARG(address)).data,
                         NULL};
    pid_t child = fork();
    if (child < 0)
        return false;
    if (child == 0) {
        let_go();
        pid_t grandchild = fork(); /* nobody's child: it may outlive us and leaves no zombie */
        if (grandchild == 0)
            execv(program, arguments);
        _exit(grandchild > 0 ? 0 : 1);
    }
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status == 0;
}
