/* SPDX-License-Identifier: Apache-2.0 */
/*
 * inspect - where in a document we are, and the first thing wrong with it.
 *
 * Decoders and checks walk a document with a place on the stack for every level. Nothing is
 * spelled out until something is refused; then the chain of places becomes the path of the fault
 * ("$.rules[0].when.operator"). An inspection keeps the first refusal and ignores later ones, so
 * that a row of checks reads as a list; loops ask inspection_failed. Private to model/.
 */
#ifndef MODEL_INSPECT_H
#define MODEL_INSPECT_H

#include "base/arena.h"
#include "base/fault.h"
#include "json/json.h"

struct place {
    const struct place *outer; /* NULL at the root */
    struct str name;           /* the root's text, or a member's key; absent for an item */
    size_t index;              /* of an item in its array */
};

static inline struct place place_root(struct str text)
{
    return (struct place){.name = text};
}

static inline struct place place_member(const struct place *outer, struct str name)
{
    return (struct place){.outer = outer, .name = name};
}

static inline struct place place_item(const struct place *outer, size_t index)
{
    return (struct place){.outer = outer, .index = index};
}

struct str place_text(struct arena *arena, const struct place *place);

struct inspection {
    struct arena *arena; /* where a refusal's texts live */
    struct fault fault;  /* the first one */
};

static inline bool inspection_failed(const struct inspection *inspection)
{
    return inspection->fault.kind != FAULT_NONE;
}

void inspect_refuse(struct inspection *inspection, const struct place *place, struct str why);

/* As the above, about the member `name` of the place. */
void inspect_refuse_member(struct inspection *inspection, const struct place *outer,
                           struct str name, struct str why);

/* FAULT_LIMIT when count > max: "must have at most <max> <what>", or for bytes and the like "must
 * be at most <max> <what>". */
void inspect_count(struct inspection *inspection, const struct place *place, size_t count,
                   size_t max, const char *what);
void inspect_size(struct inspection *inspection, const struct place *place, size_t size, size_t max,
                  const char *what);

/* Text that may be absent: UTF-8, at most bytes_max long. */
void inspect_text(struct inspection *inspection, const struct place *outer, struct str name,
                  struct str text, size_t bytes_max);

/* A JSON value that has to stay within `bytes_max` of canonical text and VALUE_DEPTH_MAX. */
void inspect_json(struct inspection *inspection, const struct place *place, const struct json *json,
                  size_t bytes_max);

/* Metadata: null when there is none, else an object within METADATA_BYTES_MAX. */
void inspect_metadata(struct inspection *inspection, const struct place *outer,
                      const struct json *metadata);

#endif
