/* SPDX-License-Identifier: Apache-2.0 */
/* routes - how command lines get tokens: pages for people, codes for machines. README.md. */
#ifndef LOGIN_ROUTES_H
#define LOGIN_ROUTES_H

#include "dialect/exchange.h"

extern const struct dialect login_dialect;

#endif
