/* SPDX-License-Identifier: Apache-2.0 */
/* routes - which languages this server speaks. */
#ifndef SERVER_ROUTES_H
#define SERVER_ROUTES_H

#include "dialect/exchange.h"

/* A language and the bodies it renders once per version (NULL: none). */
struct language {
    const struct dialect *dialect;
    snapshot_renderer render;
};

extern const struct language server_languages[];
extern const size_t server_language_count;

#endif
