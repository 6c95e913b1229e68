/* SPDX-License-Identifier: Apache-2.0 */
/* notify - telling a supervisor how the server is: see notify.h. */
#include "server/notify.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"

enum { MESSAGE_BYTES_MAX = 512, SIGNS_PER_PERIOD = 3, WATCHDOG_MS_MIN = 10 };

/* Above where a successor finds its listening sockets (handover.h). */
enum { DESCRIPTOR_LEAST = 128 };
static const char descriptor_variable[] = "GUIDON_NOTIFY_DESCRIPTOR";

/* A variable's value, kept, and the variable gone. */
static const char *take_variable(struct arena *arena, const char *name)
{
    const char *value = getenv(name);
    if (value != NULL)
        value = arena_format(arena, "%s", value).data;
    unsetenv(name);
    return value;
}

/* WATCHDOG_PID names whom it is for; without it, it is for us. */
static bool is_ours(const char *pid)
{
    uint64_t number = 0;
    return pid == NULL || (str_parse_u64(str_of(pid), &number) && number == (uint64_t)getpid());
}

/* Whether it is what the one before us left, and not just a number. */
static bool is_sender(int descriptor)
{
    int domain = 0;
    int type = 0;
    socklen_t size = sizeof(int);
    return getsockopt(descriptor, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && domain == AF_UNIX &&
           type == SOCK_DGRAM && fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

static int open_sender(const char *inherited)
{
    uint64_t number = 0;
    if (inherited != NULL && str_parse_u64(str_of(inherited), &number) && number <= INT32_MAX &&
        is_sender((int)number))
        return (int)number;
    return socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
}

void notify_open(struct notifier *notifier, struct arena *arena)
{
    const char *inherited = take_variable(arena, descriptor_variable);
    *notifier = (struct notifier){
        .descriptor = -1,
        .socket_path = take_variable(arena, "NOTIFY_SOCKET"),
    };
    if (notifier->socket_path != NULL)
        notifier->descriptor = open_sender(inherited);
    const char *period = take_variable(arena, "WATCHDOG_USEC");
    const char *pid = take_variable(arena, "WATCHDOG_PID");
    uint64_t period_us = 0;
    bool is_wanted = notifier->socket_path != NULL && period != NULL && is_ours(pid) &&
                     str_parse_u64(str_of(period), &period_us) && period_us > 0;
    if (!is_wanted)
        return;
    uint64_t every_ms = period_us / 1000 / SIGNS_PER_PERIOD;
    notifier->watchdog_us = period;
    notifier->watchdog_every_ms = every_ms < WATCHDOG_MS_MIN ? WATCHDOG_MS_MIN
                                  : every_ms > INT32_MAX     ? INT32_MAX
                                                             : (uint32_t)every_ms;
}

/* Out of the way of the listening sockets, and open beyond the leap. */
static void hand_over_sender(struct notifier *notifier)
{
    char text[16];
    int descriptor = fcntl(notifier->descriptor, F_DUPFD, DESCRIPTOR_LEAST);
    if (descriptor < 0)
        return;
    close(notifier->descriptor);
    notifier->descriptor = descriptor;
    snprintf(text, sizeof(text), "%d", descriptor);
    setenv(descriptor_variable, text, 1);
}

void notify_hand_over(struct notifier *notifier)
{
    if (notifier->socket_path != NULL) {
        setenv("NOTIFY_SOCKET", notifier->socket_path, 1);
        hand_over_sender(notifier);
    }
    if (notifier->watchdog_us != NULL)
        setenv("WATCHDOG_USEC", notifier->watchdog_us, 1);
}

/* False: the path is no socket's. */
static bool fill_address(const char *path, struct sockaddr_un *address, socklen_t *size)
{
    size_t path_bytes = strlen(path);
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if ((path[0] != '/' && path[0] != '@') || path_bytes >= sizeof(address->sun_path))
        return false;
    memcpy(address->sun_path, path, path_bytes);
    if (path[0] == '@')
        address->sun_path[0] = '\0';
    *size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + path_bytes);
    return true;
}

static void send_message(const struct notifier *notifier, const char *message, size_t size)
{
    struct sockaddr_un address;
    socklen_t address_size = 0;
    if (fill_address(notifier->socket_path, &address, &address_size))
        sendto(notifier->descriptor, message, size, MSG_NOSIGNAL | MSG_DONTWAIT,
               (const struct sockaddr *)&address, address_size);
}

bool notify_is_abstract(const struct notifier *notifier)
{
    return notifier->socket_path != NULL && notifier->socket_path[0] == '@';
}

void notify_say(const struct notifier *notifier, const char *format, ...)
{
    char message[MESSAGE_BYTES_MAX];
    if (notifier->descriptor < 0)
        return;
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(message, sizeof(message), format, arguments);
    va_end(arguments);
    if (size > 0 && (size_t)size < sizeof(message))
        send_message(notifier, message, (size_t)size);
}

void notify_reloading(const struct notifier *notifier)
{
    notify_say(notifier, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)clock_monotonic_us());
}
