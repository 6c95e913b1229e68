/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bucket - from weights to ranges of tickets, and what a bucket hashes: model/rule.h has the
 * nouns, the text family's wire reference (10.4, 9.7) the arithmetic.
 *
 * The compiler deals tickets by these ranges, and who hands a flag out to be evaluated elsewhere
 * writes the same ranges down, so that both deal alike.
 */
#ifndef EVAL_BUCKET_H
#define EVAL_BUCKET_H

#include "base/arena.h"
#include "model/flag.h"

/* Tickets [start, end). Ranges come in order and may overlap by a ticket or two: the first that has
 * the ticket owns it. */
struct bucket_range {
    struct str variation; /* absent: nobody's */
    uint32_t start, end;
};

/* Writes a slice's ranges, at most allocation_count of them, and returns how many: weights of 0
 * have none. */
size_t bucket_ranges(const struct slice *slice, struct bucket_range *ranges);

/* Where a slice of a progressive bucket ends (or a percent that is on its way anywhere is) between
 * the two percents: model/rule.h. */
uint32_t bucket_percent_at(uint32_t from, uint32_t to, const struct schedule *way, int64_t now_ms);

/* What a flag's bucket hashes: its own selector and salt, else the flag's. A flag that buckets
 * groups hashes the group's name, whatever its segments say about people: one group, one answer.
 * Absent: nothing. */
struct str bucket_selector(struct arena *arena, const struct flag *flag,
                           const struct bucket *bucket);
struct str bucket_salt(const struct flag *flag, const struct bucket *bucket);

#endif
