/* SPDX-License-Identifier: Apache-2.0 */
/* policy - a route that does not say who may call it is served by no server. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "dialect/router.h"
#include "test.h"

static void handle(struct exchange *x)
{
    x->response.status = 200;
}

static const struct route declared = {HTTP_GET, STR("/x"), SCOPE_ANYONE, LANE_FAST, 0, handle};

/* How the process ends that opens a router over this one route. */
static int status_of_opening(const struct route *route)
{
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        static const struct str prefixes[] = {STR("/x")};
        const struct dialect dialect = {.name = "x",
                                        .prefixes = prefixes,
                                        .prefix_count = 1,
                                        .routes = route,
                                        .route_count = 1};
        const struct dialect *const dialects[] = {&dialect};
        struct router router;
        const struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        close(STDERR_FILENO); /* the complaint is expected */
        signal(SIGABRT, SIG_DFL);
        router_open(&router, dialects, 1);
        router_close(&router);
        _exit(0);
    }
    int status = 0;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

TEST(a_route_that_says_all_is_served)
{
    CHECK_INT(status_of_opening(&declared), 0);
}

TEST(a_route_without_a_scope_is_a_start_that_fails)
{
    struct route route = declared;
    route.scope = (enum scope)0;
    CHECK(WIFSIGNALED(status_of_opening(&route)));
}

TEST(a_route_without_a_handler_is_a_start_that_fails)
{
    struct route route = declared;
    route.handle = NULL;
    CHECK(WIFSIGNALED(status_of_opening(&route)));
}

TESTS(a_route_that_says_all_is_served, a_route_without_a_scope_is_a_start_that_fails,
      a_route_without_a_handler_is_a_start_that_fails)
