/* SPDX-License-Identifier: Apache-2.0 */
/* routes - what the server needs of this dialect. */
#ifndef OFREP_ROUTES_H
#define OFREP_ROUTES_H

#include "dialect/exchange.h"

extern const struct dialect ofrep_dialect;

/* The server's snapshot_renderer for it: pieces.c. */
void ofrep_render(struct snapshot *snapshot);

#endif
