/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open - the dashboard's page of a thing.
 *
 *     ORIGIN/ui/                              nothing chosen
 *     ORIGIN/ui/environments/3                the environment in use
 *     ORIGIN/ui/environments/3/flags/KEY      and segments, groups, experiments, cohorts
 */
#include <stdio.h>

#include "cli/browser.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "client/address.h"

struct page {
    const char *noun;
    const char *path; /* {}: the key */
};

/* An experiment is a flag, with its results beside it. */
static const struct page pages[] = {
    {"flag", "/flags/{}"},   {"segment", "/segments/{}"}, {"experiment", "/experiments/{}"},
    {"group", "/groups/{}"}, {"cohort", "/cohorts/{}"},   {"change", "/changes/{}"},
};
static const struct page lists[] = {
    {"flags", "/flags"},   {"segments", "/segments"}, {"experiments", "/experiments"},
    {"groups", "/groups"}, {"cohorts", "/cohorts"},   {"changes", "/changes"},
};

static const char *find_page(const struct page *from, size_t count, struct str noun)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(str_of(from[i].noun), noun))
            return from[i].path;
    }
    return NULL;
}

static int misuse(struct session *session)
{
    return session_fail(session, EXIT_USAGE,
                        STR("open takes flag, segment, experiment, group, cohort or change with "
                            "its key, or one of them in the plural"),
                        "guidon open flag dark-mode");
}

/* The rest of the address behind the environment's. */
static int find_path(struct session *session, const struct invocation *invocation, struct str *path)
{
    struct str noun = invocation_argument(invocation, 0), key = invocation_argument(invocation, 1);
    *path = STR("");
    if (str_is_absent(noun))
        return EXIT_OK;
    const char *form = str_is_absent(key) ? find_page(lists, COUNT_OF(lists), noun)
                                          : find_page(pages, COUNT_OF(pages), noun);
    if (form == NULL)
        return misuse(session);
    *path = str_is_absent(key) ? str_of(form) : address_path(&session->arena, form, 1, key);
    return EXIT_OK;
}

/* An address needs an environment when it is about something in one. */
static int find_address(struct session *session, const struct invocation *invocation,
                        struct str *address)
{
    struct str path;
    struct fault fault = session_prepare(session);
    if (failed(fault))
        return session_fail(session, EXIT_USAGE, fault.why, NULL);
    int status = find_path(session, invocation, &path);
    if (status != EXIT_OK)
        return status;
    bool has_choice =
        !str_is_empty(session->environment_option) || !str_is_empty(session->context.environment);
    if (str_is_empty(path) && !has_choice) {
        *address = arena_format(&session->arena, "%.*s/ui/", STR_ARG(session->origin));
        return EXIT_OK;
    }
    status = session_provide(session, NEEDS_ENVIRONMENT);
    if (status == EXIT_OK)
        *address =
            arena_format(&session->arena, "%.*s/ui/environments/%llu%.*s", STR_ARG(session->origin),
                         (unsigned long long)session->environment.number, STR_ARG(path));
    return status;
}

/* A server without a dashboard says so itself: its root of all pages is not there. */
static bool has_dashboard(struct session *session)
{
    return session_provide(session, NEEDS_SERVER) == EXIT_OK &&
           session_get(session, STR("/ui/")).kind != ANSWER_MISSING;
}

static int run_open(struct session *session, const struct invocation *invocation)
{
    struct str address = {0};
    int status = find_address(session, invocation, &address);
    if (status != EXIT_OK)
        return status;
    bool is_wanted = !invocation_has(invocation, "print") && session->is_output_terminal &&
                     browser_is_here(session);
    if (is_wanted && !has_dashboard(session))
        return session_fail(
            session, EXIT_NOT_FOUND,
            arena_format(&session->arena, "%.*s has no dashboard", STR_ARG(session->origin)),
            "its API is described at /openapi.json; --print shows the address");
    bool is_opened = is_wanted && browser_open(session, address);
    if (is_opened)
        output_note(session, "opened %.*s", STR_ARG(address));
    else
        printf("%.*s\n", STR_ARG(address));
    return EXIT_OK;
}

static const struct command_option options[] = {
    {"print", '\0', NULL, "only print the address", COMPLETES_NOTHING, false}};
static const char *const examples[] = {"open", "open flag dark-mode", "open flags --env staging",
                                       NULL};
static const char *const detail[] = {
    "Opens the dashboard's page in the browser: $BROWSER, else what xdg-open finds. Where there is "
    "none, over SSH and in a pipe the address is printed.",
    NULL};

static const struct command commands[] = {
    {.verb = "open",
     .arguments = "[THING [KEY]]",
     .summary = "show it in the dashboard",
     .examples = examples,
     .detail = detail,
     .options = options,
     .option_count = COUNT_OF(options),
     .argument_max = 2,
     .run = run_open},
};

const struct command_group group_open = {
    .topic = "Understand",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
