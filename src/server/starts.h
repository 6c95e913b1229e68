/* SPDX-License-Identifier: Apache-2.0 */
/*
 * starts - how the last starts ended, and what follows from it.
 *
 * What the server serves may be what crashes it, and a supervisor that starts it again only helps
 * the crash along. So every start and its end is noted in the data directory (`starts`, a line of
 * text each). The third start of a row of which two crashed within the window does not touch the
 * store: it serves an earlier generation of the snapshots on disk, read-only, and says so. When
 * that one crashes as well, the next goes one generation further back.
 *
 * Which generation: the newest that has proved good, or, where none has, the one before that which
 * was newest after the first crash. A generation has proved good when the process has served for so
 * long and answered so many requests since it was saved.
 *
 * A crash is what ends the process by a signal it raised itself (a fault, an abort, also a
 * watchdog's); SIGKILL, power and a full memory are none: they leave no note. A start that is
 * refused because another server has the data is no start.
 */
#ifndef SERVER_STARTS_H
#define SERVER_STARTS_H

#include <stdint.h>

#include "base/fault.h"
#include "server/options.h"

enum { STARTS_KEPT = 8 };

struct starts {
    struct str data;
    const struct options *options;
    int file;          /* -1: nothing can be noted */
    uint64_t sequence; /* of this start */
    int64_t began_ms;
    uint64_t served; /* generation; 0: the store */
    uint64_t newest; /* generation on disk when it began */
    /* Towards the next good generation. */
    uint64_t candidate;
    int64_t candidate_ms;
    uint64_t candidate_answers;
};

/* Notes that this start begins. Returns the newest generation that may be served, or 0: the store
 * may be. */
uint64_t starts_begin(struct starts *starts, const struct options *options);
/* Which it came to be; 0: the store after all. */
void starts_note_served(struct starts *starts, uint64_t generation);
/* Every now and then: what was saved last, and how much was answered in all. */
void starts_look(struct starts *starts, uint64_t saved_generation, uint64_t answers);
/* It ends as it should. */
void starts_end(struct starts *starts);

#endif
