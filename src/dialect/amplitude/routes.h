/* SPDX-License-Identifier: Apache-2.0 */
/* routes - what the server needs of this dialect, beside its renderer (pieces.h). */
#ifndef AMPLITUDE_ROUTES_H
#define AMPLITUDE_ROUTES_H

#include "dialect/exchange.h"

extern const struct dialect amplitude_dialect;

#endif
