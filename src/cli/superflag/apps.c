/* SPDX-License-Identifier: Apache-2.0 */
/* apps - `apps` and `envs`: what there is to choose from. superflag-cli.md 3.2. */
#include "cli/superflag/groups.h"
#include "cli/superflag/vendor.h"

static const struct column app_columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},
    {"CREATED", "createdAt", COLUMN_TEXT},
};

/* Under the vendor's name there are two. */
static const struct column environment_columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},
    {"NUMBER", "number", COLUMN_TEXT},
};

static int list_apps(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    struct json data;
    int status = vendor_ask(session, NULL, STR("/api/v1/apps"), (struct str){0}, &data);
    if (status == EXIT_OK)
        vendor_show_array(session, app_columns, COUNT_OF(app_columns), &data);
    return status;
}

static struct str name_body(struct session *session, struct str name)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct json_writer writer;
    json_writer_open(&writer, &buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("name"), name);
    json_object_end(&writer);
    struct str body = arena_copy_str(&session->arena, buf_str(&buf));
    buf_close(&buf);
    return body;
}

static int create_app(struct session *session, const struct invocation *invocation)
{
    struct str name = invocation_argument(invocation, 0);
    struct json data;
    int status = vendor_ask(session, "POST", STR("/api/v1/apps"), name_body(session, name), &data);
    if (status != EXIT_OK)
        return status;
    vendor_show_list(session, app_columns, COUNT_OF(app_columns), &data, &data, 1);
    output_say(session, "`%.*s use %.*s production` makes it the one that commands are about",
               STR_ARG(session->program), STR_ARG(name));
    return EXIT_OK;
}

static int list_environments(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    struct vendor_place place;
    struct json data;
    int status = vendor_find_app(session, &place);
    if (status == EXIT_OK)
        status = vendor_ask(session, NULL, vendor_path(session, "/api/v1/envs", &place),
                            (struct str){0}, &data);
    if (status == EXIT_OK)
        vendor_show_array(session, environment_columns, session->is_vendor ? 2 : 3, &data);
    return status;
}

static const char *const app_list_examples[] = {"apps list", "apps list --json", NULL};
static const char *const app_create_examples[] = {"apps create storefront", NULL};
static const char *const environment_examples[] = {"envs list", "envs list --app storefront", NULL};

static const struct command app_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show your apps",
     .examples = app_list_examples,
     .needs = NEEDS_TOKEN,
     .run = list_apps},
    {.verb = "create",
     .arguments = "NAME",
     .summary = "make an app, with development, staging and production",
     .examples = app_create_examples,
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_TOKEN,
     .run = create_app},
};

static const struct command environment_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the app's environments",
     .examples = environment_examples,
     .needs = NEEDS_TOKEN,
     .run = list_environments},
};

const struct command_group group_vendor_apps = {
    .noun = "apps",
    .topic = "Superflag",
    .summary = "Apps: each has its own environments, flags and keys.",
    .commands = app_commands,
    .command_count = COUNT_OF(app_commands),
    .falls_to = "app",
};

const struct command_group group_vendor_environments = {
    .noun = "envs",
    .topic = "Superflag",
    .summary = "Environments of the app in use.",
    .commands = environment_commands,
    .command_count = COUNT_OF(environment_commands),
    .falls_to = "env",
};
