/* SPDX-License-Identifier: Apache-2.0 */
/* reach - what this protocol does with a flag: see exchange.h. */
#ifndef OFREP_REACH_H
#define OFREP_REACH_H

#include "dialect/exchange.h"

/* "ofrep.evaluate": evaluated here, exactly. */
size_t ofrep_reach(const struct snapshot *snapshot, const struct flag *flag, struct arena *arena,
                   struct reach reaches[REACHES_PER_DIALECT_MAX]);

#endif
