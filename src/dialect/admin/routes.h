/* SPDX-License-Identifier: Apache-2.0 */
/* routes - our own API, the superset the command line and the dashboard speak. */
#ifndef ADMIN_ROUTES_H
#define ADMIN_ROUTES_H

#include "dialect/exchange.h"

extern const struct dialect admin_dialect;

#endif
