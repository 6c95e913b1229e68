/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pieces - answers in pieces, made ahead.
 *
 * All that an answer says about a flag but which variation and why is known when its revision is
 * published, so that is when it is written: per variation the text up to the reason, and a stamp of
 * that text, the same in every process, so that an answer's digest is made of its pieces' stamps.
 * An answer is then two copies per flag.
 *
 * Written by ofrep_render (routes.h) on the writer's thread, into the revision's and the snapshot's
 * arena; read by evaluate.c and channel.c. What a variation's value is: README.md.
 */
#ifndef OFREP_PIECES_H
#define OFREP_PIECES_H

#include <string.h>

#include "dialect/ofrep/channel.h"
#include "dialect/ofrep/effect.h"
#include "eval/evaluate.h"

enum { OFREP_ANNEX = 2 }; /* this dialect's place in the annexes of snapshots and revisions */

/* ,{"key":"a","value":true,"variant":"on","metadata":{},"reason":" with its comma in front, so that
 * any number of them lie one behind the other. */
struct answer_piece {
    struct str text;
    uint64_t stamp;
};

/* One flag's, kept with its revision. Nobody is answered about groups: they have a source alone. */
struct ofrep_flag {
    const struct answer_piece *answers; /* by variation */
    struct answer_piece disabled;       /* without a value: it is off */
    struct answer_piece nothing;        /* without a value: no variation was dealt */
    struct answer_piece error;          /* up to the code of what went wrong */
    bool is_static;                     /* everybody is answered the same */
    struct effect_source source;
};

struct ofrep_pieces {
    const struct ofrep_flag *const *flags; /* by place in snapshot.flags */
    const uint64_t *effects;               /* by place: see effect.h */
    const struct channel_table *channels;
    struct str metadata; /* ,"metadata":{…} of the environment, or empty */
    uint64_t metadata_stamp;
    bool has_sticky; /* a flag keeps what people got: answers depend on more than the request */
};

/* Borrowed from the snapshot. */
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
