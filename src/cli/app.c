/* SPDX-License-Identifier: Apache-2.0 */
/* app - apps and their environments. */
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

static const struct column app_columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},
    {"HIDES FLAGS", "hidesFlagsByDefault", COLUMN_SWITCH},
    {"CREATED", "createdAt", COLUMN_INSTANT},
};

static const struct column environment_columns[] = {
    {"NUMBER", "number", COLUMN_TEXT}, {"APP", "appName", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},     {"VERSION", "version", COLUMN_TEXT},
    {"ID", "id", COLUMN_TEXT},         {"CREATED", "createdAt", COLUMN_INSTANT},
};

static const struct column environment_details[] = {
    {"Number", "number", COLUMN_TEXT},
    {"App", "appName", COLUMN_TEXT},
    {"Name", "name", COLUMN_TEXT},
    {"Version", "version", COLUMN_TEXT},
    {"Id", "id", COLUMN_TEXT},
    {"Document form", "documentForm", COLUMN_TEXT},
    {"Hides flags", "hidesFlagsByDefault", COLUMN_SWITCH},
    {"Monthly quota", "monthlyQuota", COLUMN_TEXT},
    {"Metadata", "metadata", COLUMN_TEXT},
    {"Created", "createdAt", COLUMN_INSTANT},
};

static const struct column key_columns[] = {
    {"API key", "apiKey", COLUMN_TEXT},
    {"Deployment", "deployment", COLUMN_TEXT},
    {"Created", "createdAt", COLUMN_INSTANT},
};

/* ---- apps ---------------------------------------------------------------------------------------
 */

static int list_apps(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    return resource_list(session, STR("/admin/v1/apps"), app_columns, COUNT_OF(app_columns));
}

/* By name or id. */
static int find_app(struct session *session, struct str word, struct str *id)
{
    struct json *items = NULL;
    size_t count = 0, found = 0;
    struct answer answer = session_list(session, STR("/admin/v1/apps"), &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    for (size_t i = 0; i < count; i++) {
        const struct json *its_id = json_find(&items[i], STR("id"));
        const struct json *name = json_find(&items[i], STR("name"));
        bool is_meant = its_id != NULL && name != NULL &&
                        (str_equal(its_id->string, word) || str_equal(name->string, word));
        if (is_meant && found++ == 0)
            *id = its_id->string;
    }
    if (found == 1)
        return EXIT_OK;
    return session_fail(session, found == 0 ? EXIT_NOT_FOUND : EXIT_USAGE,
                        arena_format(&session->arena, "%s app \"%.*s\"",
                                     found == 0 ? "there is no" : "there is more than one",
                                     STR_ARG(word)),
                        "`guidon app list` shows them all with their ids");
}

static int get_app(struct session *session, const struct invocation *invocation)
{
    struct str id;
    int status = find_app(session, invocation_argument(invocation, 0), &id);
    if (status != EXIT_OK)
        return status;
    return resource_show(session, address_path(&session->arena, "/admin/v1/apps/{}", 1, id),
                         app_columns, COUNT_OF(app_columns));
}

static int bad_switch(struct session *session)
{
    return session_fail(session, EXIT_USAGE, STR("--hides-flags is true or false"), NULL);
}

static int create_app(struct session *session, const struct invocation *invocation)
{
    struct str hides = invocation_text(invocation, "hides-flags");
    struct body body;
    body_begin(&body);
    body_text(&body, "name", invocation_argument(invocation, 0));
    bool is_good = str_is_absent(hides) || body_switch(&body, "hidesFlagsByDefault", hides);
    const struct edit edit = {.method = "POST",
                              .path = STR("/admin/v1/apps"),
                              .body = body_end(&body, &session->arena),
                              .columns = app_columns,
                              .column_count = COUNT_OF(app_columns)};
    return is_good ? resource_edit(session, invocation, &edit) : bad_switch(session);
}

static int set_app(struct session *session, const struct invocation *invocation)
{
    struct str id;
    int status = find_app(session, invocation_argument(invocation, 0), &id);
    if (status != EXIT_OK)
        return status;
    struct str hides = invocation_text(invocation, "hides-flags");
    struct body body;
    body_begin(&body);
    body_text(&body, "name", invocation_text(invocation, "name"));
    bool is_good = str_is_absent(hides) || body_switch(&body, "hidesFlagsByDefault", hides);
    const struct edit edit = {.method = "PATCH",
                              .path = address_path(&session->arena, "/admin/v1/apps/{}", 1, id),
                              .body = body_end(&body, &session->arena),
                              .columns = app_columns,
                              .column_count = COUNT_OF(app_columns)};
    return is_good ? resource_edit(session, invocation, &edit) : bad_switch(session);
}

/* ---- environments -------------------------------------------------------------------------------
 */

static int list_environments(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    return resource_list(session, STR("/admin/v1/environments"), environment_columns,
                         COUNT_OF(environment_columns));
}

/* The one that is named, or the one in use. */
static int find_environment(struct session *session, const struct invocation *invocation,
                            struct session_environment *environment)
{
    struct str word = invocation_argument(invocation, 0);
    if (!str_is_absent(word))
        return session_find_environment(session, word, environment);
    int status = session_provide(session, NEEDS_ENVIRONMENT);
    *environment = session->environment;
    return status;
}

static int get_environment(struct session *session, const struct invocation *invocation)
{
    struct session_environment environment;
    int status = find_environment(session, invocation, &environment);
    return status != EXIT_OK ? status
                             : resource_show(session, environment.path, environment_details,
                                             COUNT_OF(environment_details));
}

static int create_environment(struct session *session, const struct invocation *invocation)
{
    struct str word = session->app_option, id = {0};
    if (str_is_empty(word))
        word = session->context.app_id;
    if (str_is_empty(word))
        return session_fail(session, EXIT_USAGE, STR("no app is chosen"),
                            "add --app NAME, or run `guidon use APP ENVIRONMENT`");
    int status = find_app(session, word, &id);
    if (status != EXIT_OK)
        return status;
    struct body body;
    body_begin(&body);
    body_text(&body, "name", invocation_argument(invocation, 0));
    const struct edit edit = {
        .method = "POST",
        .path = address_path(&session->arena, "/admin/v1/apps/{}/environments", 1, id),
        .body = body_end(&body, &session->arena),
        .columns = environment_columns,
        .column_count = COUNT_OF(environment_columns)};
    return resource_edit(session, invocation, &edit);
}

static bool append_metadata(struct session *session, struct body *body, struct str text)
{
    struct json json;
    if (failed(json_parse(&session->arena, text, &json_budget_default, &json)))
        return false;
    json_member_tree(&body->writer, STR("metadata"), &json);
    return true;
}

static bool append_quota(struct body *body, struct str text)
{
    uint64_t quota = 0;
    bool is_none = str_equal(text, STR("none"));
    if (!is_none && !str_parse_u64(text, &quota))
        return false;
    json_key(&body->writer, STR("monthlyQuota"));
    if (is_none)
        json_null(&body->writer);
    else
        json_u64(&body->writer, quota);
    return true;
}

static int set_environment(struct session *session, const struct invocation *invocation)
{
    struct session_environment environment;
    int status = find_environment(session, invocation, &environment);
    if (status != EXIT_OK)
        return status;
    struct str hides = invocation_text(invocation, "hides-flags");
    struct str metadata = invocation_text(invocation, "metadata");
    struct str quota = invocation_text(invocation, "monthly-quota");
    struct body body;
    body_begin(&body);
    body_text(&body, "documentForm", invocation_text(invocation, "document-form"));
    bool is_good = (str_is_absent(hides) || body_switch(&body, "hidesFlagsByDefault", hides)) &&
                   (str_is_absent(metadata) || append_metadata(session, &body, metadata)) &&
                   (str_is_absent(quota) || append_quota(&body, quota));
    const struct edit edit = {.method = "PATCH",
                              .path = environment.path,
                              .body = body_end(&body, &session->arena),
                              .environment = &environment,
                              .sentence = STR("change settings"),
                              .columns = environment_details,
                              .column_count = COUNT_OF(environment_details)};
    if (!is_good)
        return session_fail(session, EXIT_USAGE,
                            STR("--hides-flags is true or false, --monthly-quota a number or none, "
                                "--metadata a JSON object"),
                            NULL);
    return resource_edit(session, invocation, &edit);
}

static int create_project_keys(struct session *session, const struct invocation *invocation)
{
    struct session_environment environment;
    int status = find_environment(session, invocation, &environment);
    if (status != EXIT_OK)
        return status;
    const struct edit edit = {
        .method = "POST",
        .path = arena_format(&session->arena, "%.*s/project-keys", STR_ARG(environment.path)),
        .columns = key_columns,
        .column_count = COUNT_OF(key_columns),
        .secret = "secretKey"};
    return resource_edit(session, invocation, &edit);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

#define HIDES                                                                                      \
    {                                                                                              \
        "hides-flags", '\0', "true|false", "whether browsers see only flags marked visible",       \
            COMPLETES_CHOICES, false                                                               \
    }

static const struct command_option dry_run[] = {RESOURCE_DRY_RUN};
static const struct command_option app_creation[] = {HIDES, RESOURCE_DRY_RUN};
static const struct command_option app_edit[] = {
    {"name", '\0', "NAME", "a new name", COMPLETES_NOTHING, false}, HIDES, RESOURCE_EDIT_OPTIONS};
static const struct command_option environment_edit[] = {
    {"document-form", '\0', "auto|legacy|core", "the form of whole configuration documents",
     COMPLETES_CHOICES, false},
    {"monthly-quota", '\0', "N|none", "config requests a month", COMPLETES_NOTHING, false},
    {"metadata", '\0', "JSON", "goes out with whole configuration documents", COMPLETES_NOTHING,
     false},
    HIDES,
    RESOURCE_EDIT_OPTIONS};

static const char *const app_list_examples[] = {"app list", "app create shop", NULL};
static const char *const app_get_examples[] = {"app get shop", NULL};
static const char *const app_create_examples[] = {"app create shop",
                                                  "app create shop --hides-flags true", NULL};
static const char *const app_set_examples[] = {"app set shop --name store", NULL};
static const char *const environment_list_examples[] = {"env list", "env list -o tsv", NULL};
static const char *const environment_get_examples[] = {"env get", "env get shop/staging", NULL};
static const char *const environment_create_examples[] = {"env create qa --app shop", NULL};
static const char *const environment_set_examples[] = {"env set staging --document-form core",
                                                       NULL};
static const char *const project_keys_examples[] = {"env project-keys production", NULL};

static const struct command app_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show every app",
     .examples = app_list_examples,
     .needs = NEEDS_TOKEN,
     .run = list_apps},
    {.verb = "get",
     .arguments = "APP",
     .summary = "show one, by name or id",
     .examples = app_get_examples,
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_APPS,
     .needs = NEEDS_TOKEN,
     .run = get_app},
    {.verb = "create",
     .arguments = "NAME",
     .summary = "create one with development, staging and production",
     .examples = app_create_examples,
     .options = app_creation,
     .option_count = COUNT_OF(app_creation),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_TOKEN,
     .run = create_app},
    {.verb = "set",
     .arguments = "APP",
     .summary = "change its name or defaults",
     .examples = app_set_examples,
     .options = app_edit,
     .option_count = COUNT_OF(app_edit),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_APPS,
     .needs = NEEDS_TOKEN,
     .run = set_app},
};

static const struct command environment_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show every environment you may see",
     .examples = environment_list_examples,
     .needs = NEEDS_TOKEN,
     .run = list_environments},
    {.verb = "get",
     .arguments = "[ENVIRONMENT]",
     .summary = "show one, or the one in use",
     .examples = environment_get_examples,
     .argument_max = 1,
     .completes = COMPLETES_ENVIRONMENTS,
     .needs = NEEDS_TOKEN,
     .run = get_environment},
    {.verb = "create",
     .arguments = "NAME",
     .summary = "add one to an app",
     .examples = environment_create_examples,
     .options = dry_run,
     .option_count = COUNT_OF(dry_run),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_TOKEN,
     .run = create_environment},
    {.verb = "set",
     .arguments = "[ENVIRONMENT]",
     .summary = "change its settings",
     .examples = environment_set_examples,
     .options = environment_edit,
     .option_count = COUNT_OF(environment_edit),
     .argument_max = 1,
     .completes = COMPLETES_ENVIRONMENTS,
     .needs = NEEDS_TOKEN,
     .run = set_environment},
    {.verb = "project-keys",
     .arguments = "[ENVIRONMENT]",
     .summary = "make an API key and its secret for cohorts and events",
     .examples = project_keys_examples,
     .options = dry_run,
     .option_count = COUNT_OF(dry_run),
     .argument_max = 1,
     .completes = COMPLETES_ENVIRONMENTS,
     .needs = NEEDS_TOKEN,
     .run = create_project_keys},
};

const struct command_group group_app = {
    .noun = "app",
    .topic = "Places",
    .summary = "Apps: each has environments of its own.",
    .commands = app_commands,
    .command_count = COUNT_OF(app_commands),
};

const struct command_group group_env = {
    .noun = "env",
    .topic = "Places",
    .summary = "Environments: where flags live and versions are counted.",
    .commands = environment_commands,
    .command_count = COUNT_OF(environment_commands),
};
