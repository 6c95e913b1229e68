/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces - answers in pieces, made ahead.
 *
 * All that an evaluation's answer says about a flag but which variation and why is known with its
 * revision: per variation the text up to the name of the segment, per rule that name. An answer is
 * then three copies per flag. The same goes for a flag's configuration. Per snapshot, the flags of
 * each deployment are listed by key, so that nothing is looked up.
 *
 * Each is written when somebody first asks for it, and kept with its revision or snapshot
 * (snapshot.h: annex); read by vardata.c and flags.c.
 */
#ifndef AMPLITUDE_PIECES_H
#define AMPLITUDE_PIECES_H

#include "eval/evaluate.h"
#include "snapshot/snapshot.h"

/* This dialect's places in the annexes of snapshots and revisions. */
enum {
    AMPLITUDE_CONFIGURATION = 0, /* of a flag's revision: flag_configuration */
    AMPLITUDE_LISTS = 0,         /* of a snapshot: snapshot_pieces */
    AMPLITUDE_ANSWERS = 1,       /* of a flag's revision: flag_pieces; of a snapshot:
                                    snapshot_answers */
};

/* What is answered when a variation was decided: ,"flag":{"key":"on","value":"on" and so on up to
 * "metadata":{…,"segmentName": where the segment's name follows, then what the request adds. */
struct answer_piece {
    struct str text;
    uint32_t plain_size; /* of the beginning without metadata, as the v1 form has it */
    bool is_default;     /* the variation is "off": clients take it for none */
    struct str name;     /* the variation's key as JSON text */
    uint64_t stamp;      /* hash of flag key and variation: two sets of results, two digests */
};

/* Groups are never answered: theirs are empty. */
struct flag_pieces {
    struct annex annex;
    const struct answer_piece *answers; /* by variation */
    const struct str *segments;         /* by rule: its name as JSON text */
    struct str experiment_member;       /* ,"expKey":"exp-1" for an experiment, else empty */
};

struct flag_configuration {
    struct annex annex;
    struct str text; /* behind {"metadata":{"deployed":true; groups have none: flags.c */
};
const struct flag_configuration *pieces_configuration(struct flag_revision *revision);

/* Places in snapshot.flags, ascending: by key. */
struct flag_list {
    const uint32_t *places;
    size_t count;
};
struct deployment_list {
    uint64_t deployment;
    struct flag_list flags;
};
struct snapshot_pieces {
    struct annex annex;
    const struct deployment_list *deployments; /* by number: those some flag names */
    size_t deployment_count;
    struct flag_list everywhere; /* on every deployment */
};
struct snapshot_answers {
    struct annex annex;
    const struct flag_pieces **flags; /* by place in snapshot.flags; NULL for archived ones */
};

/* What was decided about one flag for one caller. */
struct flag_result {
    const struct flag_revision *revision;
    const struct flag_pieces *pieces;
    const struct answer_piece *answer;
    struct str segment; /* JSON text */
};
struct flag_results {
    struct flag_result *items; /* by flag key */
    size_t count;
    size_t text_bytes; /* of their pieces, whatever the form of the answer */
};

/* The variation's key. */
struct str result_variation(const struct flag_result *result);

/* The server's snapshot_renderer for this dialect: what was asked of the version before. */
void amplitude_render(struct snapshot *snapshot);

/* Borrowed from the snapshot. */
const struct snapshot_pieces *pieces_of(const struct snapshot *snapshot);
const struct snapshot_answers *pieces_answers(const struct snapshot *snapshot);

/* The flags and experiments on a deployment: groups and archived ones are not. */
struct flag_list pieces_on(const struct snapshot_pieces *pieces, uint64_t deployment);

/* Those of a list that are asked for by key, each once; unknown keys are nobody's. */
struct flag_list pieces_select(struct arena *arena, const struct ruleset *rules,
                               const struct flag_list *list, const struct str *keys,
                               size_t key_count);

/* The name of the segment that decided, as JSON text; section 9.2. */
struct str pieces_segment_of_none(enum reason reason);

static inline struct str pieces_segment(const struct flag_pieces *pieces,
                                        const struct decision *decision)
{
    return decision->rule != RULE_NONE ? pieces->segments[decision->rule]
                                       : pieces_segment_of_none(decision->reason);
}

#endif
