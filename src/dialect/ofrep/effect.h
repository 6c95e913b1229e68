/* SPDX-License-Identifier: Apache-2.0 */
/*
 * effect - a digest of all that decides a flag.
 *
 * A flag's own essence (model/essence.h), and, since it may lean on flags, segments
 * and cohorts, the effects of these: whoever has the same effect twice is decided the same way
 * twice. The same for the same documents in every process. What a document contributes and names is
 * worked out once per revision; putting them together costs nothing for flags that lean on nothing.
 */
#ifndef OFREP_EFFECT_H
#define OFREP_EFFECT_H

#include "base/arena.h"
#include "snapshot/snapshot.h"

struct effect_names {
    const struct str *names;
    size_t count;
};

/* What a document says by itself, and what it names. Kept with its revision. */
struct effect_source {
    struct annex annex;
    uint64_t stamp;
    bool is_timed; /* something in it is scheduled, or on its way */
    struct effect_names flags, segments, cohorts;
};

/* Set in the effects of what another moment may decide otherwise: it is scheduled, or leans on what
 * is. */
enum { EFFECT_IS_TIMED = 1 };

/* The effects of a snapshot's flags, by place: made when first asked for, by event streams, and
 * kept with the snapshot. */
const uint64_t *ofrep_effects_of(const struct snapshot *snapshot);

#endif
