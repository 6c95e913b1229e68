/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces - answers in pieces, made ahead.
 *
 * All that an answer says about a flag but which variation and why is known with its revision: per
 * variation the text up to the reason, and a stamp of that text, the same in every process, so that
 * an answer's digest is made of its pieces' stamps. An answer is then two copies per flag.
 *
 * Written when somebody first asks about the flag, and kept with its revision (snapshot.h: annex);
 * for who asks about all of them, they are listed once per snapshot. What a variation's value is:
 * README.md.
 */
#ifndef OFREP_PIECES_H
#define OFREP_PIECES_H

#include <string.h>

#include "dialect/ofrep/channel.h"
#include "eval/evaluate.h"

/* This dialect's places in the annexes of snapshots and revisions. */
enum {
    OFREP_ANNEX = 2,   /* of a flag's revision: ofrep_flag; of a snapshot: ofrep_pieces */
    OFREP_EFFECTS = 3, /* of both: effect.h */
    OFREP_ANSWERS = 4, /* of a snapshot: ofrep_answers */
};

/* ,{"key":"a","value":true,"variant":"on","metadata":{},"reason":" with its comma in front, so that
 * any number of them lie one behind the other. */
struct answer_piece {
    struct str text;
    uint64_t stamp;
};

/* One flag's. Nobody is answered about groups and archived flags: theirs is empty. */
struct ofrep_flag {
    struct annex annex;
    const struct answer_piece *answers; /* by variation */
    struct answer_piece disabled;       /* without a value: it is off */
    struct answer_piece nothing;        /* without a value: no variation was dealt */
    struct answer_piece error;          /* up to the code of what went wrong */
    bool is_static;                     /* everybody is answered the same */
};
const struct ofrep_flag *ofrep_flag_of(struct flag_revision *revision);

/* All of a snapshot's. */
struct ofrep_answers {
    struct annex annex;
    const struct ofrep_flag **flags; /* by place in snapshot.flags */
};
const struct ofrep_answers *ofrep_answers_of(const struct snapshot *snapshot);

/* What is said of a snapshot as a whole. */
struct ofrep_pieces {
    struct annex annex;
    const struct channel_table *channels;
    struct str metadata; /* ,"metadata":{…} of the environment, or empty */
    uint64_t metadata_stamp;
    bool has_sticky; /* a flag keeps what people got: answers depend on more than the request */
};

const struct ofrep_pieces *ofrep_pieces_of(const struct snapshot *snapshot);

/* What stands behind a piece: STATIC"} and the like. So many bytes are copied, whatever its size.
 */
enum { ANSWER_END_BYTES = 24, ANSWER_END_BYTES_MAX = 104 };
struct answer_end {
    char text[ANSWER_END_BYTES_MAX];
    uint32_t size;
    uint32_t stamp;
    bool is_error;
    struct str note; /* for the log line, of an error: its code */
};

/* A decision, as its piece and its end. */
struct answer_parts {
    const struct answer_piece *piece;
    const struct answer_end *end;
};
struct answer_parts ofrep_answer_parts(const struct ofrep_flag *flag,
                                       const struct decision *decision);

static inline size_t answer_parts_size(const struct answer_parts *parts)
{
    return parts->piece->text.size + parts->end->size;
}

/* Returns the place behind the last byte of it; up to ANSWER_END_BYTES more are written over. */
static inline char *answer_parts_put(char *at, const struct answer_parts *parts)
{
    const struct answer_end *end = parts->end;
    memcpy(at, parts->piece->text.data, parts->piece->text.size);
    at += parts->piece->text.size;
    memcpy(at, end->text, ANSWER_END_BYTES);
    if (end->size > ANSWER_END_BYTES)
        memcpy(at + ANSWER_END_BYTES, end->text + ANSWER_END_BYTES, end->size - ANSWER_END_BYTES);
    return at + end->size;
}

#endif
