/* SPDX-License-Identifier: Apache-2.0 */
/* routes - what the server needs of this dialect, beside its renderer (read_config.h). */
#ifndef SUPERFLAG_ROUTES_H
#define SUPERFLAG_ROUTES_H

#include "dialect/exchange.h"

extern const struct dialect superflag_dialect;

#endif
