/* SPDX-License-Identifier: Apache-2.0 */
/*
 * doctor - looks over what a server stands on, and says what to do about it.
 *
 * A list of findings, each well, doubtful or wrong; nothing is changed, and nothing is asked of
 * anybody but this machine. Beside a running server it finds what that server uses, and says so.
 */
#ifndef SERVER_DOCTOR_H
#define SERVER_DOCTOR_H

#include "server/options.h"

enum outcome { OUTCOME_OK, OUTCOME_WARNING, OUTCOME_FAILED };

struct finding {
    const char *name; /* "free space" */
    enum outcome outcome;
    struct str what; /* what is the case */
    struct str todo; /* what to do about it; absent when all is well */
};

enum { FINDINGS_MAX = 64 };

struct doctor {
    struct arena arena;
    struct options options;
    int64_t now_ms;
    bool is_served; /* a process holds the data directory */
    struct finding findings[FINDINGS_MAX];
    size_t count;
};

void doctor_find(struct doctor *doctor, const char *name, enum outcome outcome, struct str what,
                 struct str todo);
static inline void doctor_well(struct doctor *doctor, const char *name, struct str what)
{
    doctor_find(doctor, name, OUTCOME_OK, what, (struct str){0});
}

void doctor_look_at_directory(struct doctor *doctor); /* doctor_data.c */
void doctor_look_at_store(struct doctor *doctor);     /* doctor_store.c */
void doctor_look_at_machine(struct doctor *doctor);   /* doctor_machine.c */

#endif
