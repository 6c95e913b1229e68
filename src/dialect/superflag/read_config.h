/* SPDX-License-Identifier: Apache-2.0 */
/* read_config - what SDKs poll: the two config endpoints and their bodies. superflag-api.md 5,
 * 8, 9. */
#ifndef SUPERFLAG_READ_CONFIG_H
#define SUPERFLAG_READ_CONFIG_H

#include "dialect/exchange.h"

/* The server's snapshot_renderer for this dialect: entity tags, header lines, and the bodies that
 * will be asked for. */
void superflag_render_config(struct snapshot *snapshot);

void superflag_get_public_config(struct exchange *x);
void superflag_get_config(struct exchange *x);

#endif
