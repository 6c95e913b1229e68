/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes - every route of this server with its policy, one per line, for tests that are made of
 * them: language, method, path, scope, lane, body_bytes_max, whether repeated slashes are one, and
 * the operation's name; between tabs.
 */
#include <stdio.h>

#include "dialect/operation.h"
#include "server/routes.h"

static const char *scope_name(enum scope scope)
{
    switch (scope) {
    case SCOPE_ANYONE:
        return "anyone";
    case SCOPE_MANAGE:
        return "manage";
    case SCOPE_READ_BROWSER:
        return "read-browser";
    case SCOPE_READ_SERVER:
        return "read-server";
    case SCOPE_REPORT:
        return "report";
    case SCOPE_MANAGE_ENVIRONMENTS:
        return "manage-environments";
    case SCOPE_READ_DEPLOYMENT:
        return "read-deployment";
    case SCOPE_DOWNLOAD:
        return "download";
    case SCOPE_EVALUATE:
        return "evaluate";
    case SCOPE_EVENT_ADDRESS:
        return "event-address";
    }
    return "none";
}

static const char *method_name(enum http_method method)
{
    static const char *const names[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
    return (size_t)method < COUNT_OF(names) ? names[method] : "-";
}

static void print_route(const struct dialect *dialect, const struct route *route)
{
    struct str operation = route->operation == NULL ? STR("-") : route->operation->id;
    printf("%s\t%s\t%.*s\t%s\t%s\t%zu\t%d\t%.*s\n", dialect->name, method_name(route->method),
           STR_ARG(route->path), scope_name(route->scope),
           route->lane == LANE_FAST ? "fast" : "store", route->body_bytes_max,
           dialect->takes_repeated_slashes, STR_ARG(operation));
}

int main(void)
{
    for (size_t i = 0; i < server_language_count; i++) {
        const struct dialect *dialect = server_languages[i].dialect;
        for (size_t at = 0; at < dialect->route_count; at++)
            print_route(dialect, &dialect->routes[at]);
    }
    return 0;
}
