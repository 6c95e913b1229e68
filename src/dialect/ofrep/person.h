/* SPDX-License-Identifier: Apache-2.0 */
/*
 * person - who a subject is to what is remembered: to sticky experiments and to the statistics.
 *
 * The targeting key, else the user that the device was seen with last, else the device: the same
 * person as in the other languages.
 */
#ifndef OFREP_PERSON_H
#define OFREP_PERSON_H

#include "dialect/ofrep/decode.h"
#include "dialect/ofrep/pieces.h"
#include "dialect/sticky.h"

/* One request's. */
struct ofrep_person {
    const struct exchange *x;
    const struct ofrep_subject *subject;
    struct sticky sticky;
};

/* The person borrows the subject and stays where it is opened. */
void person_open(struct ofrep_person *person, const struct exchange *x,
                 const struct ofrep_subject *subject);

/* Notes what an experiment dealt, once a day for each person and variation: a server that asks
 * about one flag uses the answer, so evaluation is assignment. */
void person_note_assignment(const struct ofrep_person *person, const struct snapshot *snapshot,
                            const struct decision *decision);

#endif
