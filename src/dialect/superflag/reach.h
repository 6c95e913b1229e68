/* SPDX-License-Identifier: Apache-2.0 */
/* reach - whether this vendor's readers are told of a flag, and why not: see exchange.h. */
#ifndef SUPERFLAG_REACH_H
#define SUPERFLAG_REACH_H

#include "dialect/exchange.h"

/* "superflag.config" and "superflag.public-config". */
size_t superflag_reach(const struct snapshot *snapshot, const struct flag *flag,
                       struct arena *arena, struct reach reaches[REACHES_PER_DIALECT_MAX]);

#endif
