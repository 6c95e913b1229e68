/* SPDX-License-Identifier: Apache-2.0 */
/* routes - OpenFeature's remote evaluation protocol, 0.3: the whole of it. */
#include "dialect/ofrep/routes.h"

#include "dialect/ofrep/answer.h"
#include "dialect/ofrep/evaluate.h"
#include "dialect/ofrep/operations.h"
#include "dialect/ofrep/reach.h"
#include "model/limits.h"

static const struct route routes[] = {
    {.method = HTTP_POST,
     .path = STR("/ofrep/v1/evaluate/flags/{key*}"),
     .scope = SCOPE_EVALUATE,
     .lane = LANE_FAST,
     .body_bytes_max = BODY_BYTES_EVALUATION_MAX,
     .handle = ofrep_evaluate_one,
     .operation = &ofrep_operation_evaluate_one},
    {.method = HTTP_POST,
     .path = STR("/ofrep/v1/evaluate/flags"),
     .scope = SCOPE_EVALUATE,
     .lane = LANE_FAST,
     .body_bytes_max = BODY_BYTES_EVALUATION_MAX,
     .handle = ofrep_evaluate_all,
     .operation = &ofrep_operation_evaluate_all},
    {.method = HTTP_GET,
     .path = STR("/ofrep/v1/events"),
     .scope = SCOPE_EVENT_ADDRESS,
     .lane = LANE_FAST,
     .handle = ofrep_follow,
     .operation = &ofrep_operation_follow},
};

static const struct operation_schemas *const schemas[] = {&ofrep_schemas};

static const struct str prefixes[] = {STR("/ofrep")};

const struct dialect ofrep_dialect = {
    .name = "ofrep",
    .prefixes = prefixes,
    .prefix_count = COUNT_OF(prefixes),
    .takes_repeated_slashes = true, /* a base URL that ends in a slash */
    .routes = routes,
    .route_count = COUNT_OF(routes),
    .refuse = ofrep_refuse,
    .preflight = ofrep_preflight,
    .schemas = schemas,
    .schemas_count = COUNT_OF(schemas),
    .reach = ofrep_reach,
};
