/* SPDX-License-Identifier: Apache-2.0 */
/* handover - listening sockets from whoever came before, and to the next: see handover.h. */
#include "server/handover.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"

enum {
    FIRST_DESCRIPTOR = 3, /* SD_LISTEN_FDS_START */
    CHECK_MS = 5000,
    COMPLAINT_BYTES_MAX = 400,
    NOT_RUN = 127, /* what posix_spawn's child says when there is nothing to run */
};
static const char began_variable[] = "GUIDON_HANDED_OVER_AT";
static const char lent_variable[] = "GUIDON_SOCKETS_ARE_LENT"; /* to the first of us, before us */

/* ---- from whoever came before ------------------------------------------------------------- */

static uint64_t number_of(const char *variable)
{
    uint64_t number = 0;
    const char *text = getenv(variable);
    return text != NULL && str_parse_u64(str_of(text), &number) ? number : 0;
}

/* The name of the socket at `index` of "a:b:c"; empty when there are no more. */
static struct str name_at(struct str names, size_t index)
{
    size_t from = 0;
    for (; index > 0 && from < names.size; index--)
        from = str_find_byte(names, ':', from) + 1;
    return str_slice(names, from, str_find_byte(names, ':', from < names.size ? from : names.size));
}

static bool has_name(struct str names, size_t count, struct str wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(name_at(names, i), wanted))
            return true;
    }
    return false;
}

/* A socket unit that names nothing gives the unit's name to all: then the first is the main one. */
static void take_sockets(struct handover *handover, size_t count, struct str names)
{
    bool is_named = has_name(names, count, STR("main"));
    for (size_t i = 0; i < count; i++) {
        int descriptor = FIRST_DESCRIPTOR + (int)i;
        struct str name = name_at(names, i);
        bool is_main = is_named ? str_equal(name, STR("main")) : i == 0;
        fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        if (is_main && handover->main_count < HANDOVER_SOCKETS_MAX)
            handover->main[handover->main_count++] = descriptor;
        else if (str_equal(name, STR("operations")) && handover->operations_count == 0)
            handover->operations[handover->operations_count++] = descriptor;
        else
            close(descriptor);
    }
}

static void receive(struct handover *handover)
{
    handover->main_count = 0;
    handover->operations_count = 0;
    const char *names = getenv("LISTEN_FDNAMES");
    uint64_t count = number_of("LISTEN_FDS");
    if (number_of("LISTEN_PID") == (uint64_t)getpid() && count > 0 && count <= HANDOVER_SOCKETS_MAX)
        take_sockets(handover, (size_t)count, names == NULL ? STR("") : str_of(names));
    handover->began_us = handover->main_count == 0 ? 0 : (int64_t)number_of(began_variable);
    bool is_first = handover->began_us == 0;
    if (handover->main_count > 0 && (is_first || number_of(lent_variable) > 0))
        handover->is_lent = true;
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDNAMES");
    unsetenv(began_variable);
    unsetenv(lent_variable);
}

/* ---- who comes after ---------------------------------------------------------------------- */

/* As the kernel was asked for it, links and all: behind them an upgrade puts the next one. Started
 * by a descriptor, or by a sanitizer, it is no path that lasts. */
static const char *own_path(struct arena *arena)
{
    const char *started = (const char *)(uintptr_t)getauxval(AT_EXECFN);
    char target[4096];
    bool lasts = started != NULL && strncmp(started, "/proc/", 6) != 0 &&
                 strncmp(started, "/dev/fd/", 8) != 0;
    if (lasts)
        return arena_format(arena, "%s", started).data;
    ssize_t size = readlink("/proc/self/exe", target, sizeof(target));
    return size <= 0 ? NULL : arena_format(arena, "%.*s", (int)size, target).data;
}

static char *keep(struct arena *arena, const char *text)
{
    return (char *)(uintptr_t)arena_format(arena, "%s", text).data;
}

static char **argument_list(struct arena *arena, const char *path, int count, char **arguments,
                            bool only_checks)
{
    char **list = ARENA_NEW_ARRAY(arena, char *, (size_t)count + 5);
    size_t size = 0;
    list[size++] = keep(arena, path);
    list[size++] = keep(arena, "serve");
    for (int i = 0; i < count; i++)
        list[size++] = keep(arena, arguments[i]);
    if (only_checks) {
        list[size++] = keep(arena, "--config");
        list[size++] = keep(arena, "check");
    }
    return list;
}

void handover_open(struct handover *handover, struct arena *arena, int count, char **arguments)
{
    *handover = (struct handover){.path = own_path(arena)};
    receive(handover);
    if (handover->path == NULL)
        return;
    handover->arguments = argument_list(arena, handover->path, count, arguments, false);
    handover->check = argument_list(arena, handover->path, count, arguments, true);
}

/* ---- looking before leaping --------------------------------------------------------------- */

static struct fault refuse(struct str why)
{
    return fault_make(FAULT_UNAVAILABLE, STR("restart"), why);
}

/* Its standard error goes into the pipe, the rest nowhere; signals are as for a fresh process. */
static bool start_check(const struct handover *handover, int complaints, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none;
    sigemptyset(&none);
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, complaints, STDERR_FILENO);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    int problem =
        posix_spawn(child, handover->path, &actions, &attributes, handover->check, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return problem == 0;
}

/* What it says, until it ends or its time is up: then false. */
static bool hear_out(int complaints, char *text, size_t *size)
{
    int64_t until_ms = clock_monotonic_ms(clock_system()) + CHECK_MS;
    char beyond[256];
    *size = 0;
    for (;;) {
        int64_t left_ms = until_ms - clock_monotonic_ms(clock_system());
        struct pollfd wait = {.fd = complaints, .events = POLLIN};
        if (left_ms <= 0 || poll(&wait, 1, (int)left_ms) == 0)
            return false;
        bool has_room = *size < COMPLAINT_BYTES_MAX;
        ssize_t got = has_room ? read(complaints, text + *size, COMPLAINT_BYTES_MAX - *size)
                               : read(complaints, beyond, sizeof(beyond));
        if (got == 0)
            return true;
        if (got < 0 && errno != EINTR)
            return false;
        *size += has_room && got > 0 ? (size_t)got : 0;
    }
}

static struct fault judge(const struct handover *handover, struct arena *arena, int status,
                          struct str complaint)
{
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return fault_none();
    if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_RUN && complaint.size == 0)
        return refuse(arena_format(arena, "%s cannot be run", handover->path));
    if (WIFSIGNALED(status))
        return refuse(
            arena_format(arena, "%s died of signal %d", handover->path, WTERMSIG(status)));
    struct str line = str_slice(complaint, 0, str_find_byte(complaint, '\n', 0));
    return refuse(arena_format(arena, "%s says: %.*s", handover->path, STR_ARG(line)));
}

static struct fault watch_check(const struct handover *handover, struct arena *arena, pid_t child,
                                int complaints)
{
    char text[COMPLAINT_BYTES_MAX];
    size_t size = 0;
    int status = 0;
    bool has_ended = hear_out(complaints, text, &size);
    if (!has_ended)
        kill(child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!has_ended)
        return refuse(arena_format(arena, "%s did not answer in time", handover->path));
    return judge(handover, arena, status, (struct str){text, size});
}

struct fault handover_check(const struct handover *handover, struct arena *arena)
{
    int ends[2];
    pid_t child = 0;
    if (handover->path == NULL)
        return refuse(STR("where our binary lies is not known"));
    if (pipe2(ends, O_CLOEXEC) != 0)
        return refuse(STR("no pipe can be had"));
    bool is_started = start_check(handover, ends[1], &child);
    close(ends[1]);
    struct fault fault = is_started
                             ? watch_check(handover, arena, child, ends[0])
                             : refuse(arena_format(arena, "%s cannot be run", handover->path));
    close(ends[0]);
    return fault;
}

/* ---- leaping ------------------------------------------------------------------------------ */

/* To the numbers from 3 on, where they are expected: first out of the way of each other. */
static bool line_up(int *descriptors, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int away = fcntl(descriptors[i], F_DUPFD_CLOEXEC, FIRST_DESCRIPTOR + (int)count);
        if (away < 0)
            return false;
        close(descriptors[i]);
        descriptors[i] = away;
    }
    for (size_t i = 0; i < count; i++) {
        int place = FIRST_DESCRIPTOR + (int)i;
        if (dup2(descriptors[i], place) < 0)
            return false;
        close(descriptors[i]);
        descriptors[i] = place;
    }
    return true;
}

static void set_number(const char *variable, long long number)
{
    char text[24];
    snprintf(text, sizeof(text), "%lld", number);
    setenv(variable, text, 1);
}

static void describe(const struct handover *handover)
{
    char names[HANDOVER_SOCKETS_MAX * sizeof("main:") + sizeof("operations")];
    size_t size = 0;
    for (size_t i = 0; i < handover->main_count; i++)
        size += (size_t)snprintf(names + size, sizeof(names) - size, "main:");
    snprintf(names + size, sizeof(names) - size,
             handover->operations_count > 0 ? "operations" : "");
    set_number("LISTEN_FDS",
               (long long)handover->main_count + (long long)handover->operations_count);
    set_number("LISTEN_PID", (long long)getpid());
    set_number(began_variable, (long long)handover->began_us);
    set_number(lent_variable, handover->is_lent ? 1 : 0);
    setenv("LISTEN_FDNAMES", names, 1);
}

/* The lists from one array and back, so that they can be lined up together. */
static size_t gather(const struct handover *handover, int *all)
{
    size_t count = handover->main_count;
    memcpy(all, handover->main, count * sizeof(int));
    if (handover->operations_count > 0)
        all[count++] = handover->operations[0];
    return count;
}

static void scatter(struct handover *handover, const int *all)
{
    memcpy(handover->main, all, handover->main_count * sizeof(int));
    if (handover->operations_count > 0)
        handover->operations[0] = all[handover->main_count];
}

struct fault handover_become(struct handover *handover)
{
    int all[HANDOVER_SOCKETS_MAX + 1];
    size_t count = gather(handover, all);
    bool is_lined_up = line_up(all, count);
    scatter(handover, all);
    if (is_lined_up) {
        describe(handover);
        execv(handover->path, handover->arguments);
        receive(handover); /* still here */
    }
    return refuse(STR("the successor could not be started"));
}
