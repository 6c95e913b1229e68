/* SPDX-License-Identifier: Apache-2.0 */
/*
 * openapi - the API's description (OpenAPI 3.1), written from the tables that serve it.
 *
 * Every route that points at an operation is described: path and method, parameters and security
 * from the route, the rest from the operation and the schemas of its dialect. The same tables give
 * the same bytes. Made once, when it is first asked for.
 */
#ifndef ADMIN_OPENAPI_H
#define ADMIN_OPENAPI_H

#include "dialect/exchange.h"

/* dialects: must live as long as it does. */
struct description *description_open(const struct dialect *const *dialects, size_t count);
void description_close(struct description *description);
struct str description_text(struct description *description);

/* GET /openapi.json, GET /openapi.yaml: the same text, because JSON is YAML. */
void admin_get_description(struct exchange *x);
void admin_get_description_as_yaml(struct exchange *x);

#endif
