/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configuration_encode - a flag as the configuration that SDKs evaluate themselves.
 * amplitude-evaluation.md 4.2-4.5 and 9.
 *
 * Strict SDKs refuse a whole download for one member outside the schema, so nothing of ours is in
 * here. What a configuration cannot say exactly is sent as the stub that remote flags are: its
 * variants, and "off" for everybody.
 */
#ifndef AMPLITUDE_CONFIGURATION_ENCODE_H
#define AMPLITUDE_CONFIGURATION_ENCODE_H

#include "model/environment.h"
#include "json/write.h"

/* Who leans on a group, and on which of its variations; an entry per pair. */
struct group_member {
    struct str group;     /* key */
    struct str variation; /* id */
    uint64_t number;      /* the member's numeric identity */
};

struct configuration_input {
    const struct flag *flag;
    uint64_t sequence;   /* flagVersion */
    bool is_remote_told; /* remote flags whole as well: section 4.1, eval_mode=remote */
    bool leans_on_stub;  /* what it leans on cannot be told: then neither can it */
    const struct group_member *members; /* of groups; others' entries may be among them */
    size_t member_count;
};

/* Appends the configuration but for its beginning, {"metadata":{"deployed": and a boolean, so that
 * one text serves deployments it is on and those where it is somebody's parent. */
void configuration_encode(struct buf *buf, struct arena *scratch,
                          const struct configuration_input *input);

/* Mutual exclusion and holdouts: never answered, sent along with who leans on them. */
bool configuration_is_group(const struct flag *flag);

/* Whether configuration_encode says more than the stub, as far as the flag itself goes. */
bool configuration_is_whole(const struct flag *flag, bool is_remote_told);

/* The first of the flags it leans on, near or far, that is a stub and would mislead who evaluates
 * this one by itself; NULL when there is none. Depth is bounded by PREREQUISITE_DEPTH_MAX. */
const struct flag *configuration_stub_below(const struct environment_state *state,
                                            const struct flag *flag, bool is_remote_told);

/* Why an SDK could not evaluate the flag by itself, whatever its mode, as one sentence; absent when
 * it can. */
struct str configuration_obstacle(const struct flag *flag);

/* The name a rule goes by in results: its description, else its id. */
struct str rule_segment_name(const struct rule *rule);

/* What only "off" is: a result that clients take for none. */
bool variation_is_off(const struct variation *variation);

/* Members of the object that is open, without what depends on the answer: key, payload and value of
 * a variation; the metadata behind `deployed`. */
void configuration_encode_variant(struct json_writer *writer, const struct flag *flag,
                                  const struct variation *variation);
void configuration_encode_metadata(struct json_writer *writer, const struct flag *flag,
                                   uint64_t sequence, bool leans_on_stub);

#define SEGMENT_NAME_OFF "default"
#define SEGMENT_NAME_INCLUDED "individual-inclusions"
#define SEGMENT_NAME_PREREQUISITES "flag-dependencies"
#define SEGMENT_NAME_STICKY "sticky-bucketing"
#define SEGMENT_NAME_OTHERS "All Other Users"
#define EXPERIMENT_KEY "exp-1" /* one run per experiment: nothing in the API begins another */

#endif
