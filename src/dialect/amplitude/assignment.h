/* SPDX-License-Identifier: Apache-2.0 */
/*
 * assignment - what a remote evaluation answered, kept as the events that SDKs which evaluate by
 * themselves send. amplitude-evaluation.md 8.
 *
 * One row per person and flag, named by the event's insert id and the flag: the same set of results
 * is noted once a day, whoever reports it.
 */
#ifndef AMPLITUDE_ASSIGNMENT_H
#define AMPLITUDE_ASSIGNMENT_H

#include "dialect/amplitude/pieces.h"
#include "dialect/amplitude/user.h"
#include "dialect/exchange.h"

enum { MS_PER_DAY = 86400000 };

/* Whether the caller lets assignments be tracked: unless it says otherwise. */
bool assignment_is_tracked(const struct exchange *x);

/* As the caller's X-Amp-Exp-Track and X-Amp-Exp-Exposure-Track ask; never waits. subject is who the
 * person is to the statistics. */
void assignment_note(struct exchange *x, const struct snapshot *snapshot,
                     const struct amplitude_user *user, struct str subject,
                     const struct flag_results *results);

/* Who was told what, and when. */
struct assignment_source {
    uint64_t environment, version;
    int64_t now_ms;
    const struct amplitude_user *user;
    struct str subject;
};
enum tracked { TRACKED_ASSIGNMENT, TRACKED_EXPOSURE };

/* Writes the rows of one kind, at most results->count, and returns how many. They live in the arena
 * and borrow from the results. */
size_t assignment_rows(struct arena *arena, const struct assignment_source *source,
                       enum tracked tracked, const struct flag_results *results,
                       struct event_row *rows);

/* Java's hash of a text, over UTF-16 units; a longer one may be hashed in pieces. Section 8.1. */
int32_t hash_java(int32_t hash, struct str text); /* start: 0 */

#endif
