/* SPDX-License-Identifier: Apache-2.0 */
/* group - experiments that exclude each other, and people held out of several; and cohorts. */

#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

enum { COHORT_BYTES_MAX = 272 * 1024 * 1024 }; /* a million ids of the longest kind */

static const struct column group_columns[] = {
    {"KEY", "key", COLUMN_TEXT},         {"KIND", "kind", COLUMN_TEXT},
    {"PERCENT", "percent", COLUMN_TEXT}, {"SLOTS", "slots", COLUMN_TEXT},
    {"MEMBERS", "members", COLUMN_TEXT},
};
static const struct column cohort_columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},
    {"OF", "groupType", COLUMN_TEXT},
    {"SIZE", "size", COLUMN_TEXT},
    {"CHANGED", "modifiedAt", COLUMN_INSTANT},
};

static struct str below(struct session *session, const char *format, unsigned count, struct str a,
                        struct str b)
{
    const char *whole =
        arena_format(&session->arena, "%.*s%s", STR_ARG(session->environment.path), format).data;
    return address_path(&session->arena, whole, count, a, b);
}

static const struct str none;

/* ---- groups -------------------------------------------------------------------------------------
 */

static int list_groups(struct session *session, const struct invocation *invocation)
{
    struct str path = below(session, "/groups", 0, none, none);
    path = address_with(&session->arena, path, "at", invocation_text(invocation, "at"));
    return resource_list(session, path, group_columns, COUNT_OF(group_columns));
}

static int get_group(struct session *session, const struct invocation *invocation)
{
    return resource_show(session,
                         below(session, "/groups/{}", 1, invocation_argument(invocation, 0), none),
                         group_columns, COUNT_OF(group_columns));
}

/* --slot 50 --slot 50 */
static bool append_slots(const struct invocation *invocation, struct body *body)
{
    struct str slot = invocation_nth(invocation, "slot", 0);
    bool is_good = !str_is_absent(slot);
    json_key(&body->writer, STR("slots"));
    json_array_begin(&body->writer);
    for (size_t i = 0; !str_is_absent(slot); slot = invocation_nth(invocation, "slot", ++i)) {
        uint64_t percent = 0;
        is_good = is_good && str_parse_u64(slot, &percent);
        json_object_begin(&body->writer);
        json_member_u64(&body->writer, STR("percent"), percent);
        json_object_end(&body->writer);
    }
    json_array_end(&body->writer);
    return is_good;
}

static int create_group(struct session *session, const struct invocation *invocation)
{
    struct str kind = invocation_argument(invocation, 1);
    uint64_t percent = 0;
    struct body body;
    body_begin(&body);
    body_text(&body, "key", invocation_argument(invocation, 0));
    body_text(&body, "kind", kind);
    body_text(&body, "name", invocation_text(invocation, "name"));
    bool is_good = true;
    if (str_equal(kind, STR("holdout"))) {
        is_good = str_parse_u64(invocation_text(invocation, "percent"), &percent);
        json_member_u64(&body.writer, STR("percent"), percent);
    } else {
        is_good = append_slots(invocation, &body);
    }
    const struct edit edit = {.method = "POST",
                              .path = resource_acknowledged(
                                  session, invocation, below(session, "/groups", 0, none, none)),
                              .body = body_end(&body, &session->arena),
                              .columns = group_columns,
                              .column_count = COUNT_OF(group_columns)};
    return is_good ? resource_edit(session, invocation, &edit)
                   : session_fail(session, EXIT_USAGE,
                                  STR("a mutex group wants --slot PERCENT for each slot, a holdout "
                                      "group --percent"),
                                  "guidon group create checkout mutex --slot 50 --slot 50");
}

static int delete_group(struct session *session, const struct invocation *invocation)
{
    struct str key = invocation_argument(invocation, 0);
    const struct edit edit = {
        .method = "DELETE",
        .path = below(session, "/groups/{}", 1, key, none),
        .environment = &session->environment,
        .sentence = arena_format(&session->arena, "delete the group %.*s", STR_ARG(key)),
        .done = "deleted"};
    return resource_edit(session, invocation, &edit);
}

static int add_member(struct session *session, const struct invocation *invocation)
{
    struct str group = invocation_argument(invocation, 0);
    struct str flag = invocation_argument(invocation, 1);
    struct body body;
    body_begin(&body);
    struct str slot = invocation_nth(invocation, "slot", 0);
    bool is_good = true;
    if (!str_is_absent(slot)) {
        json_key(&body.writer, STR("slots"));
        json_array_begin(&body.writer);
        for (size_t i = 0; !str_is_absent(slot); slot = invocation_nth(invocation, "slot", ++i)) {
            uint64_t number = 0;
            is_good = is_good && str_parse_u64(slot, &number);
            json_u64(&body.writer, number);
        }
        json_array_end(&body.writer);
    }
    const struct edit edit = {.method = "PUT",
                              .path = below(session, "/groups/{}/members/{}", 2, group, flag),
                              .body = body_end(&body, &session->arena),
                              .environment = &session->environment,
                              .sentence =
                                  arena_format(&session->arena, "put %.*s into the group %.*s",
                                               STR_ARG(flag), STR_ARG(group)),
                              .done = "it is in the group"};
    return is_good ? resource_edit(session, invocation, &edit)
                   : session_fail(session, EXIT_USAGE, STR("--slot is a number, from 1 on"), NULL);
}

static int remove_member(struct session *session, const struct invocation *invocation)
{
    struct str group = invocation_argument(invocation, 0);
    struct str flag = invocation_argument(invocation, 1);
    const struct edit edit = {.method = "DELETE",
                              .path = below(session, "/groups/{}/members/{}", 2, group, flag),
                              .environment = &session->environment,
                              .sentence =
                                  arena_format(&session->arena, "take %.*s out of the group %.*s",
                                               STR_ARG(flag), STR_ARG(group)),
                              .done = "it is out of the group"};
    return resource_edit(session, invocation, &edit);
}

/* ---- cohorts ------------------------------------------------------------------------------------
 */

static int list_cohorts(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    return resource_list(session, below(session, "/cohorts", 0, none, none), cohort_columns,
                         COUNT_OF(cohort_columns));
}

static int get_cohort(struct session *session, const struct invocation *invocation)
{
    return resource_show(session,
                         below(session, "/cohorts/{}", 1, invocation_argument(invocation, 0), none),
                         cohort_columns, COUNT_OF(cohort_columns));
}

static int put_cohort(struct session *session, const struct invocation *invocation)
{
    struct str id = invocation_argument(invocation, 0), text;
    struct fault fault = home_read_file(&session->arena, invocation_argument(invocation, 1),
                                        COHORT_BYTES_MAX, &text);
    if (failed(fault))
        return session_fail_fault(session, fault);
    struct str path = below(session, "/cohorts/{}", 1, id, none);
    path = address_with(&session->arena, path, "name", invocation_text(invocation, "name"));
    path = address_with(&session->arena, path, "description",
                        invocation_text(invocation, "description"));
    path = address_with(&session->arena, path, "groupType", invocation_text(invocation, "of"));
    path = resource_acknowledged(session, invocation, path);
    const struct edit edit = {
        .method = "PUT",
        .path = path,
        .body = text,
        .body_type = STR("text/plain"),
        .environment = &session->environment,
        .sentence =
            arena_format(&session->arena, "replace the members of the cohort %.*s", STR_ARG(id)),
        .columns = cohort_columns,
        .column_count = COUNT_OF(cohort_columns),
        .upload = "sending members"};
    return resource_edit(session, invocation, &edit);
}

static int delete_cohort(struct session *session, const struct invocation *invocation)
{
    struct str id = invocation_argument(invocation, 0);
    const struct edit edit = {
        .method = "DELETE",
        .path = below(session, "/cohorts/{}", 1, id, none),
        .environment = &session->environment,
        .sentence = arena_format(&session->arena, "delete the cohort %.*s", STR_ARG(id)),
        .done = "deleted"};
    return resource_edit(session, invocation, &edit);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option list_options[] = {
    {"at", '\0', "V", "as of a version or an instant", COMPLETES_NOTHING, false}};
static const struct command_option group_creation[] = {
    {"slot", '\0', "PERCENT", "a slot of a mutex group", COMPLETES_NOTHING, true},
    {"percent", '\0', "PERCENT", "held out of a holdout group's members", COMPLETES_NOTHING, false},
    {"name", '\0', "NAME", "for people", COMPLETES_NOTHING, false},
    RESOURCE_REUSE_OPTION,
    RESOURCE_DRY_RUN};
static const struct command_option membership[] = {
    {"slot", '\0', "N", "which slot of a mutex group, from 1 on", COMPLETES_NOTHING, true},
    RESOURCE_EDIT_OPTIONS};
static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};
static const struct command_option upload[] = {
    {"name", '\0', "NAME", "for people", COMPLETES_NOTHING, false},
    {"description", '\0', "TEXT", "for people", COMPLETES_NOTHING, false},
    {"of", '\0', "TYPE", "User, or the type of group its members are", COMPLETES_NOTHING, false},
    RESOURCE_REUSE_OPTION,
    RESOURCE_EDIT_OPTIONS};

static const char *const group_list_examples[] = {"group list", NULL};
static const char *const group_get_examples[] = {"group get checkout-tests", NULL};
static const char *const group_create_examples[] = {
    "group create checkout-tests mutex --slot 50 --slot 50",
    "group create year-holdout holdout --percent 5", NULL};
static const char *const group_delete_examples[] = {"group delete checkout-tests", NULL};
static const char *const group_add_examples[] = {"group add checkout-tests price --slot 1",
                                                 "group add year-holdout price", NULL};
static const char *const group_remove_examples[] = {"group remove checkout-tests price", NULL};
static const char *const cohort_list_examples[] = {"cohort list", NULL};
static const char *const cohort_get_examples[] = {"cohort get buyers", NULL};
static const char *const cohort_put_examples[] = {"cohort put buyers ids.txt --name Buyers", NULL};
static const char *const cohort_delete_examples[] = {"cohort delete buyers", NULL};

static const struct command group_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show mutex and holdout groups",
     .examples = group_list_examples,
     .options = list_options,
     .option_count = COUNT_OF(list_options),
     .needs = NEEDS_ENVIRONMENT,
     .run = list_groups},
    {.verb = "get",
     .arguments = "KEY",
     .summary = "show one",
     .examples = group_get_examples,
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = get_group},
    {.verb = "create",
     .arguments = "KEY mutex|holdout",
     .summary = "make one",
     .examples = group_create_examples,
     .options = group_creation,
     .option_count = COUNT_OF(group_creation),
     .argument_min = 2,
     .argument_max = 2,
     .needs = NEEDS_ENVIRONMENT,
     .run = create_group},
    {.verb = "delete",
     .arguments = "KEY",
     .summary = "remove it",
     .examples = group_delete_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = delete_group},
    {.verb = "add",
     .arguments = "GROUP FLAG",
     .summary = "put a flag into it",
     .examples = group_add_examples,
     .options = membership,
     .option_count = COUNT_OF(membership),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = add_member},
    {.verb = "remove",
     .arguments = "GROUP FLAG",
     .summary = "take a flag out of it",
     .examples = group_remove_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FLAGS,
     .needs = NEEDS_ENVIRONMENT,
     .run = remove_member},
};

static const struct command cohort_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the environment's cohorts",
     .examples = cohort_list_examples,
     .needs = NEEDS_ENVIRONMENT,
     .run = list_cohorts},
    {.verb = "get",
     .arguments = "ID",
     .summary = "show one",
     .examples = cohort_get_examples,
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = get_cohort},
    {.verb = "put",
     .arguments = "ID FILE",
     .summary = "upload its members, an id per line",
     .examples = cohort_put_examples,
     .options = upload,
     .option_count = COUNT_OF(upload),
     .argument_min = 2,
     .argument_max = 2,
     .completes = COMPLETES_FILES,
     .needs = NEEDS_ENVIRONMENT,
     .run = put_cohort},
    {.verb = "delete",
     .arguments = "ID",
     .summary = "remove it",
     .examples = cohort_delete_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = delete_cohort},
};

const struct command_group group_group = {
    .noun = "group",
    .topic = "Define",
    .summary = "Groups: experiments that exclude each other, people held out of several.",
    .commands = group_commands,
    .command_count = COUNT_OF(group_commands),
};
const struct command_group group_cohort = {
    .noun = "cohort",
    .topic = "Define",
    .summary = "Cohorts: uploaded lists of people.",
    .commands = cohort_commands,
    .command_count = COUNT_OF(cohort_commands),
};
