/* SPDX-License-Identifier: Apache-2.0 */
/*
 * script - what a rehearsal is told: the environments about to change, as text.
 *
 * Of each the part that the change is about (choice.h), as the store and the snapshot on disk keep
 * it, and which flags and segments are asked. A player reads them as a start would. Members of
 * cohorts are not carried along: there may be millions, and they are ids, looked up. Each cohort
 * has the one probe that has a name (probe.h) for its member.
 */
#ifndef CHANGE_SCRIPT_H
#define CHANGE_SCRIPT_H

#include "change/choice.h"

void script_write(struct buf *buf, const struct choice *choices, size_t count, int64_t now_ms);

struct script_part {
    struct snapshot_parts parts;
    const struct json *asked_flags;    /* positions */
    const struct json *asked_segments; /* positions */
    size_t asked_flag_count, asked_segment_count;
};

struct script {
    struct arena *arena;
    struct json json;
    size_t part_count;
    int64_t now_ms;
};

/* text must live as long as the script and its parts. */
struct fault script_open(struct script *script, struct arena *arena, struct str text) MUST_CHECK;
/* Revisions are never given back: a player ends. */
struct fault script_read(const struct script *script, size_t index,
                         struct script_part *part) MUST_CHECK;

#endif
