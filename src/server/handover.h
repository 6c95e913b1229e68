/* SPDX-License-Identifier: Apache-2.0 */
/*
 * handover - listening sockets from whoever came before, and to whoever comes after.
 *
 * Both ways by the environment (sd_listen_fds(3)): descriptors from 3 on, LISTEN_FDS says how many,
 * LISTEN_PID for whom, LISTEN_FDNAMES which is which: "main", as many as there were loops, and
 * "operations". A supervisor that opens them gives them to us the same way as we give them to our
 * successor: a newer binary in the same process, so that a supervisor sees no end.
 */
#ifndef SERVER_HANDOVER_H
#define SERVER_HANDOVER_H

#include "base/arena.h"
#include "base/fault.h"

enum { HANDOVER_SOCKETS_MAX = 72 };

struct handover {
    int main[HANDOVER_SOCKETS_MAX]; /* listening sockets we have for a server not opened yet */
    size_t main_count;
    int operations[1];
    size_t operations_count;
    bool is_lent;     /* a supervisor gave them to us: they outlive us, and the next gets them */
    int64_t began_us; /* monotonic: when they were listened to last; 0: this is no successor */
    const char *path; /* of the binary, as it was started: there the next one will be */
    char **arguments; /* of a successor; ends with NULL */
    char **check;     /* of one that only looks whether it could serve */
};

/* Takes what is in the environment. count and arguments: what stands behind `serve`. */
void handover_open(struct handover *handover, struct arena *arena, int count, char **arguments);

/* Whether there is a binary that runs and takes the settings as they are now. Waits a few seconds
 * for it at most. */
struct fault handover_check(const struct handover *handover, struct arena *arena) MUST_CHECK;

/* Becomes the successor. Returns when that is impossible, and the sockets are as they were. */
struct fault handover_become(struct handover *handover) MUST_CHECK;

#endif
