/* SPDX-License-Identifier: Apache-2.0 */
/*
 * notify - telling a supervisor how the server is (sd_notify(3)), in one datagram each.
 *
 * Whoever started us named a socket in NOTIFY_SOCKET, or did not, and then nothing is sent. The
 * variables are taken out of the environment, so that nobody we start speaks in our name; a
 * successor in this same process gets them back by notify_hand_over, and the socket we send from
 * with them: behind the sandbox (sandbox.h) none can be made.
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"

struct notifier {
    int descriptor;             /* what we send from; -1: none */
    const char *socket_path;    /* NULL: nobody wants to hear; "@…" is an abstract one */
    const char *watchdog_us;    /* as it was given; NULL: no watchdog */
    uint32_t watchdog_every_ms; /* how often a sign of life is due; 0: never */
};

void notify_open(struct notifier *notifier, struct arena *arena);
void notify_hand_over(struct notifier *notifier);

/* Whether it is a name that is in no directory. */
bool notify_is_abstract(const struct notifier *notifier);

/* Lines as sd_notify has them: "READY=1\nSTATUS=…". Never waits, and a loss is no matter. */
void notify_say(const struct notifier *notifier, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void notify_reloading(const struct notifier *notifier); /* READY=1 ends it */

#endif
