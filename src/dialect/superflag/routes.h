/* SPDX-License-Identifier: Apache-2.0 */
/* routes - what the server needs of this dialect: the dialect itself, and (config.h) its renderer.
 */
#ifndef SUPERFLAG_ROUTES_H
#define SUPERFLAG_ROUTES_H

#include "dialect/exchange.h"

extern const struct dialect superflag_dialect;

#endif
