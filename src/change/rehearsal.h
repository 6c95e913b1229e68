/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rehearsal - what is about to be published is tried out in a child process first.
 *
 * The child is a fork of the writer thread: it has the candidate, still uncommitted, in memory of
 * its own. It compiles and renders it, reads back what will be stored, and decides and explains
 * every flag that may decide otherwise than before, for people made from the flags themselves
 * (probe.h). When it crashes, hangs or finds something that cannot be, the change is refused; the
 * server has only lost a child.
 *
 * The child takes no lock of ours and opens nothing. Locks of the libraries below (the allocator's
 * are looked after by fork) may be held by another thread at that moment, for ever in the child: a
 * child that stands still without using its processor time is tried once more. Where no child can
 * be had (no memory, too many processes), the change goes on unrehearsed, and that is counted.
 */
#ifndef CHANGE_REHEARSAL_H
#define CHANGE_REHEARSAL_H

#include "change/internal.h"

/* An environment about to change. */
struct rehearsal_part {
    const struct draft *draft;
    const struct snapshot *before;
};

struct stage;                   /* what the child says, in memory both see */
struct stage *stage_open(void); /* NULL: there is no memory for it */
void stage_close(struct stage *stage);

/* FAULT_LIMIT at "rehearsal" when they must not be published; FAULT_UNAVAILABLE at "rehearsal" when
 * that could not be found out. The text lives in the arena. */
struct fault rehearsal_run(struct changer *changer, struct arena *arena,
                           const struct rehearsal_part *parts, size_t count,
                           int64_t now_ms) MUST_CHECK;

/* Sees off the child of the last one. */
void rehearsal_end(struct changer *changer);

/* In the child: false when something cannot be, and the stage says what. (rehearse.c) */
bool rehearse_part(struct stage *stage, snapshot_renderer render, const struct rehearsal_part *part,
                   int64_t now_ms);

enum { STAGE_KEY_BYTES = 256 };
/* Each step has so much processor time again; the parent sees how far the child got. */
void stage_step(struct stage *stage, const char *what, struct str key, uint32_t allowance_ms);
bool stage_fail(struct stage *stage, const char *why); /* false */

#endif
