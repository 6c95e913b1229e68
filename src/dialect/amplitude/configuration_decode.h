/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configuration_decode - flag configurations (amplitude-evaluation.md 4.2) as flags, raw: as they
 * are evaluated, not as they were managed.
 *
 * Every segment becomes a rule, named by its metadata's segmentName; dependencies become
 * prerequisites that gate nothing; ranges become slices and weights, the tickets of each as its
 * weight. What an engine makes nothing of (an unknown operator, an unknown variant) is kept as that
 * which never holds and serves nothing. The model's own limits are not the schema's: such a flag is
 * for ruleset_compile, not for the store.
 */
#ifndef AMPLITUDE_CONFIGURATION_DECODE_H
#define AMPLITUDE_CONFIGURATION_DECODE_H

#include "base/fault.h"
#include "model/flag.h"

/* An array of configurations; flags come in its order. FAULT_INVALID, with a path, for shapes that
 * the schema forbids, members outside of it among them, and ranges that are none. Borrows from the
 * tree. */
struct fault configuration_decode(struct arena *arena, const struct json *document,
                                  struct flag **flags, size_t *count) MUST_CHECK;

/* One segment's "allocations", of which `where` is the path. */
struct fault configuration_decode_allocations(struct arena *arena, const struct json *allocations,
                                              struct str where, struct bucket *bucket) MUST_CHECK;

/* Whether json is an object without members but those in `known`. */
bool configuration_object_is_known(const struct json *json, const struct str *known, size_t count);

#endif
