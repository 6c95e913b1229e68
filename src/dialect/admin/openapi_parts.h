/* SPDX-License-Identifier: Apache-2.0 */
/* openapi_parts - the pieces a description is put together from: see openapi.h. */
#ifndef ADMIN_OPENAPI_PARTS_H
#define ADMIN_OPENAPI_PARTS_H

#include "dialect/exchange.h"
#include "dialect/operation.h"

/* {"$ref": "#/components/<kind>/<name>"} */
void openapi_reference(struct json_writer *writer, const char *kind, struct str name);

static inline bool operation_has(const struct operation *operation, enum operation_trait trait)
{
    return (operation->traits & (unsigned)trait) != 0;
}

static inline bool operation_takes_dry_run(const struct operation *operation)
{
    return operation_has(operation, OPERATION_MUTATES) &&
           !operation_has(operation, OPERATION_NO_DRY_RUN);
}

/* An operation's members, between its braces: openapi_operation.c. has_problems: its dialect says
 * no with problem documents. */
void openapi_write_operation(struct json_writer *writer, const struct route *route,
                             bool has_problems);

/* "parameters": of the path, of the query, and headers: openapi_parameters.c. */
void openapi_write_parameters(struct json_writer *writer, const struct route *route,
                              bool has_problems);

/* components.{parameters, headers, responses, securitySchemes}: openapi_components.c. */
void openapi_write_components(struct json_writer *writer);

/* The name of the component that describes a problem with this status. */
struct str openapi_problem_name(int status);

/* "path/{name*}" without the star, as templates are written there. */
void openapi_append_template(struct buf *buf, struct str path);

#endif
