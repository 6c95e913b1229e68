/* SPDX-License-Identifier: Apache-2.0 */
/* reach - what this dialect's protocols do with a flag: see exchange.h. */
#ifndef AMPLITUDE_REACH_H
#define AMPLITUDE_REACH_H

#include "dialect/exchange.h"

/* "amplitude.vardata": evaluated here, exactly. "amplitude.flags": evaluated by SDKs. */
size_t amplitude_reach(const struct snapshot *snapshot, const struct flag *flag,
                       struct arena *arena, struct reach reaches[REACHES_PER_DIALECT_MAX]);

#endif
