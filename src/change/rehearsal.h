/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rehearsal - what is about to be published is tried out in another process first.
 *
 *   drafts -> choice (choice.h): what it is about -> script (script.h): that as text
 *          -> stage (stage.h): a player takes the script -> rehearse.c: it plays it
 *
 * The player reads the documents as a start would, compiles and renders them, and decides and
 * explains every flag that may decide otherwise than before, for people made from the flags
 * themselves (probe.h). When it crashes, hangs or finds something that cannot be, the change is
 * refused; the server has only lost a player. What was read without harm there is read here then,
 * to see that it is what was written.
 *
 * A player that stands still without using its processor time is given up and the script is played
 * once more. Where no process can be had (no memory, too many processes), the change goes on
 * unrehearsed, and that is counted. Decision 19.
 */
#ifndef CHANGE_REHEARSAL_H
#define CHANGE_REHEARSAL_H

#include "change/choice.h"
#include "change/stage.h"

/* NULL when the config wants no rehearsals, or there is no memory for one. Before there is a second
 * thread, and while little is open. */
struct stage *rehearsal_open(const struct change_config *config);

/* FAULT_LIMIT at "rehearsal" when they must not be published; FAULT_UNAVAILABLE at "rehearsal" when
 * that could not be found out. The text lives in the arena. */
struct fault rehearsal_run(struct changer *changer, struct arena *arena,
                           const struct rehearsal_part *parts, size_t count,
                           int64_t now_ms) MUST_CHECK;

/* stage_config.play: render is a snapshot_renderer *. (rehearse.c) */
bool rehearse(struct scene *scene, struct str text, void *render);

#endif
