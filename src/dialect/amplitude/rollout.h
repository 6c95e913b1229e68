/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rollout - percentages, weights and target segments, to serves and rules, and back.
 * amplitude-management-api.md 3.4, amplitude-evaluation.md 9.6.
 *
 * A segment is a rule: its name the description, its conditions all of `when`, its percentage and
 * weights one slice of a bucket, everybody else "off". The all-users segment is the fallthrough in
 * the same shape. Weights stand in the order of the variants, whatever order they were written in:
 * the order decides who gets which.
 */
#ifndef AMPLITUDE_ROLLOUT_H
#define AMPLITUDE_ROLLOUT_H

#include "dialect/amplitude/wire.h"
#include "model/flag.h"

extern const struct str variant_off; /* "off": there in every flag, shown in none */

/* Compares text and deals by murmur3, as this API's own flags do. */
bool flag_is_managed(const struct flag *flag);

struct rollout {
    uint32_t percentage;
    struct allocation *allocations; /* in the order of the variants, "off" never among them */
    size_t allocation_count;
    struct str bucket_by; /* selector; absent: the flag's */
};

/* What a serve says in these words. False when it says more or something else; the rollout is then
 * the nearest, to be shown and never written back. */
bool rollout_of(struct arena *arena, const struct flag *flag, const struct serve *serve,
                struct rollout *rollout);
struct serve rollout_serve(struct arena *arena, const struct rollout *rollout);

/* The weight of each variant, 1 each: what holds where no weights are given. */
void rollout_weigh_evenly(struct arena *arena, const struct flag *flag, struct rollout *rollout);
/* {"control":1,"treatment":3}: who is not named is dealt nothing; an empty object deals evenly. */
void rollout_read_weights(struct wire *wire, const struct json *json, struct str path,
                          const struct flag *flag, struct rollout *rollout);
void rollout_put_weights(struct json_writer *writer, const struct rollout *rollout);
/* 0 for a variant without weight. */
uint32_t rollout_weight(const struct rollout *rollout, struct str variant);
/* Adds, changes or (is_dealt false) removes the weight of one variant. */
void rollout_set_weight(struct arena *arena, const struct flag *flag, struct rollout *rollout,
                        struct str variant, bool is_dealt, uint32_t weight);

/* Replaces the flag's rules by these segments. is_old: the members that the old API did not insist
 * on may be missing, and sets are unknown (section 9). */
void segments_read(struct wire *wire, const struct json *list, struct str path, bool is_old,
                   struct flag *flag);
/* Whether all rules can be said as segments. */
bool segments_are_exact(struct arena *arena, const struct flag *flag);
void segments_put(struct json_writer *writer, struct arena *arena, const struct flag *flag);

/* bucketingKey of a selector; the default when there is none. */
struct str bucketing_key(struct arena *arena, const struct flag *flag, struct str bucket_by);

#endif
