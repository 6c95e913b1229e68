/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage - where rehearsals are played: processes beside the server, and what is said between them.
 *
 *   server --fork, once, when it is small--> rehearser --fork, one ahead of need--> player
 *
 * The rehearser is made before the store is opened and before there is a second thread: it has no
 * file, no lock and next to no memory, and it does nothing but make players, see them off and say
 * how they ended. A player waits for one script, plays it and ends. So no change pays for a copy of
 * the server's memory, nothing is carried from one rehearsal into the next, and whatever a script
 * does to its player it does to nobody else.
 *
 * Scripts and what is said of them go through pipes, and how far a player got stands on the scene,
 * a page that all of them see. A rehearser that is gone, or whose player stood still, is made anew
 * when it is needed: that one has the server's memory and may have its locks, until it is made anew
 * in turn.
 */
#ifndef CHANGE_STAGE_H
#define CHANGE_STAGE_H

#include "base/str.h"

struct stage;
struct scene; /* the player's side */

struct stage_config {
    /* In the player: false when what must not be came out, and the scene says what. */
    bool (*play)(struct scene *scene, struct str script, void *context);
    void (*fence)(void *context); /* in the rehearser, before anything else; NULL: nothing */
    void *play_context, *fence_context;
    uint32_t step_ms; /* processor time of a step that asks for no more */
};

/* NULL: there is no memory for it. That there is no process yet is no fault. */
struct stage *stage_open(const struct stage_config *config);
void stage_close(struct stage *stage); /* NULL is fine */

enum outcome {
    OUTCOME_GOOD,
    OUTCOME_BAD,     /* the player crashed, took too long or said no */
    OUTCOME_STILL,   /* it stood still without using its processor time, and was ended */
    OUTCOME_NO_CHILD /* there is no process: errno */
};

/* Blocks until it is known. */
enum outcome stage_play(struct stage *stage, struct str script);

/* What is known of the last one. What lies in it lives until the next. */
struct ending {
    const char *what; /* the step it was at; NULL: none */
    struct str key;
    const char *how; /* "crashes" */
    int signal;      /* 0: none */
};
struct ending stage_ending(struct stage *stage);

/* ---- in the player --------------------------------------------------------------------------- */

/* Each step has so much processor time again; the other side sees how far the player got. what: a
 * few words. */
void scene_step(struct scene *scene, const char *what, struct str key, uint32_t allowance_ms);
bool scene_fail(struct scene *scene, const char *why); /* false; why: a few words */
/* What a step that reads so much may take beside. */
uint32_t scene_reading_ms(size_t bytes);

#endif
