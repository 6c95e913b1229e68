/* SPDX-License-Identifier: Apache-2.0 */
/*
 * condition - {"type","prop","op","values"} to a match of the text family, and back.
 * amplitude-management-api.md 3.4, amplitude-evaluation.md 9.10 and 9.11.
 *
 * Comparisons of versions become the operators for versions, and globs stay globs; both read back
 * as they were written. What engines would decide differently is refused here or by flag_check.
 */
#ifndef AMPLITUDE_CONDITION_H
#define AMPLITUDE_CONDITION_H

#include "dialect/amplitude/wire.h"
#include "model/rule.h"

/* has_sets: whether the four set operators are known; the old API has them not (section 9). */
void condition_read(struct wire *wire, const struct json *json, struct str path, bool has_sets,
                    struct expression *match);

/* Whether a match can be said as a condition; then it is written, unless writer is NULL. */
bool condition_put(struct json_writer *writer, struct arena *arena, const struct expression *match);

#endif
