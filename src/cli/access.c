/* SPDX-License-Identifier: Apache-2.0 */
/* access - what is asked with: SDK keys and management tokens. */
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

static const struct column key_columns[] = {
    {"ID", "id", COLUMN_TEXT},        {"KIND", "kind", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},    {"PREFIX", "prefix", COLUMN_TEXT},
    {"ENDS IN", "tail", COLUMN_TEXT}, {"CREATED", "createdAt", COLUMN_INSTANT},
};

static const struct column token_columns[] = {
    {"ID", "id", COLUMN_TEXT},
    {"KIND", "kind", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},
    {"ACCESS", "access", COLUMN_TEXT},
    {"ENDS IN", "tail", COLUMN_TEXT},
    {"CREATED", "createdAt", COLUMN_INSTANT},
    {"EXPIRES", "expiresAt", COLUMN_INSTANT},
};

static struct str in_environment(struct session *session, const char *rest)
{
    return arena_format(&session->arena, "%.*s%s", STR_ARG(session->environment.path), rest);
}

static struct str below(struct session *session, struct str path, struct str id)
{
    return address_path(&session->arena,
                        arena_format(&session->arena, "%.*s/{}", STR_ARG(path)).data, 1, id);
}

/* ---- keys ---------------------------------------------------------------------------------------
 */

static int list_keys(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    return resource_list(session, in_environment(session, "/keys"), key_columns,
                         COUNT_OF(key_columns));
}

static int create_key(struct session *session, const struct invocation *invocation)
{
    struct body body;
    body_begin(&body);
    body_text(&body, "kind", invocation_argument(invocation, 0));
    body_text(&body, "name", invocation_text(invocation, "name"));
    const struct edit edit = {.method = "POST",
                              .path = in_environment(session, "/keys"),
                              .body = body_end(&body, &session->arena),
                              .columns = key_columns,
                              .column_count = COUNT_OF(key_columns),
                              .secret = "key"};
    return resource_edit(session, invocation, &edit);
}

static int revoke_key(struct session *session, const struct invocation *invocation)
{
    struct str id = invocation_argument(invocation, 0);
    const struct edit edit = {.method = "DELETE",
                              .path = below(session, in_environment(session, "/keys"), id),
                              .environment = &session->environment,
                              .sentence =
                                  arena_format(&session->arena, "revoke the key %.*s", STR_ARG(id)),
                              .done = "revoked: SDKs that use it are refused from now on"};
    return resource_edit(session, invocation, &edit);
}

/* ---- tokens -------------------------------------------------------------------------------------
 */

static int list_tokens(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    return resource_list(session, STR("/admin/v1/tokens"), token_columns, COUNT_OF(token_columns));
}

/* --env may stand several times for a token of several environments: --for NAME each. */
static int append_environments(struct session *session, const struct invocation *invocation,
                               struct body *body)
{
    struct str word = invocation_nth(invocation, "for", 0);
    int status = EXIT_OK;
    json_key(&body->writer, STR("environments"));
    json_array_begin(&body->writer);
    if (str_is_absent(word)) {
        status = session_provide(session, NEEDS_ENVIRONMENT);
        json_u64(&body->writer, session->environment.number);
    }
    for (size_t i = 0; status == EXIT_OK && !str_is_absent(word); i++) {
        struct session_environment environment = {0};
        status = session_find_environment(session, word, &environment);
        json_u64(&body->writer, environment.number);
        word = invocation_nth(invocation, "for", i + 1);
    }
    json_array_end(&body->writer);
    return status;
}

static int create_token(struct session *session, const struct invocation *invocation)
{
    struct str kind = invocation_argument(invocation, 0);
    struct body body;
    body_begin(&body);
    body_text(&body, "kind", kind);
    body_text(&body, "name", invocation_text(invocation, "name"));
    body_text(&body, "access", invocation_text(invocation, "access"));
    body_text(&body, "expiresAt", invocation_text(invocation, "expires"));
    body_text(&body, "user", invocation_text(invocation, "user"));
    int status = EXIT_OK;
    if (str_equal(kind, STR("environment")))
        status = append_environments(session, invocation, &body);
    else if (str_equal(kind, STR("app")))
        body_text(&body, "app",
                  str_is_empty(session->app_option) ? session->context.app_id
                                                    : session->app_option);
    const struct edit edit = {.method = "POST",
                              .path = STR("/admin/v1/tokens"),
                              .body = body_end(&body, &session->arena),
                              .columns = token_columns,
                              .column_count = COUNT_OF(token_columns),
                              .secret = "token"};
    return status == EXIT_OK ? resource_edit(session, invocation, &edit) : status;
}

static int revoke_token(struct session *session, const struct invocation *invocation)
{
    const struct edit edit = {
        .method = "DELETE",
        .path = below(session, STR("/admin/v1/tokens"), invocation_argument(invocation, 0)),
        .done = "revoked"};
    return resource_edit(session, invocation, &edit);
}

/* ---- tables -------------------------------------------------------------------------------------
 */

static const struct command_option key_creation[] = {
    {"name", '\0', "NAME", "what it is for", COMPLETES_NOTHING, false}, RESOURCE_DRY_RUN};
static const struct command_option token_creation[] = {
    {"name", '\0', "NAME", "what it is for", COMPLETES_NOTHING, false},
    {"access", '\0', "read|write", "what it may do [write]", COMPLETES_CHOICES, false},
    {"expires", '\0', "INSTANT", "2027-01-31T00:00:00Z; left out: never", COMPLETES_NOTHING, false},
    {"for", '\0', "ENV", "an environment it is for [the one in use]", COMPLETES_ENVIRONMENTS, true},
    {"user", '\0', "ID", "whose, for a personal one [yours]", COMPLETES_NOTHING, false},
    RESOURCE_DRY_RUN};
static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};

static const char *const key_list_examples[] = {"key list --env production", NULL};
static const char *const key_create_examples[] = {"key create browser --name website",
                                                  "key create server", NULL};
static const char *const key_revoke_examples[] = {"key revoke key_4Gq7", NULL};
static const char *const token_list_examples[] = {"token list", NULL};
static const char *const token_create_examples[] = {
    "token create environment --for shop/production --name ci",
    "token create personal --access read --expires 2030-01-31T00:00:00Z", NULL};
static const char *const token_revoke_examples[] = {"token revoke token_9aXk", NULL};

static const struct command key_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the environment's SDK keys",
     .examples = key_list_examples,
     .needs = NEEDS_ENVIRONMENT,
     .run = list_keys},
    {.verb = "create",
     .arguments = "browser|server",
     .summary = "make a key; it is shown once",
     .examples = key_create_examples,
     .options = key_creation,
     .option_count = COUNT_OF(key_creation),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_CHOICES,
     .needs = NEEDS_ENVIRONMENT,
     .run = create_key},
    {.verb = "revoke",
     .arguments = "ID",
     .summary = "make a key useless, at once",
     .examples = key_revoke_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = revoke_key},
};

static const struct command token_commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show management tokens",
     .examples = token_list_examples,
     .needs = NEEDS_TOKEN,
     .run = list_tokens},
    {.verb = "create",
     .arguments = "environment|app|personal",
     .summary = "make a token; it is shown once",
     .examples = token_create_examples,
     .options = token_creation,
     .option_count = COUNT_OF(token_creation),
     .argument_min = 1,
     .argument_max = 1,
     .completes = COMPLETES_CHOICES,
     .needs = NEEDS_TOKEN,
     .run = create_token},
    {.verb = "revoke",
     .arguments = "ID",
     .summary = "make a token useless, at once",
     .examples = token_revoke_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_TOKEN,
     .run = revoke_token},
};

const struct command_group group_key = {
    .noun = "key",
    .topic = "Access",
    .summary = "Keys: what SDKs ask with.",
    .commands = key_commands,
    .command_count = COUNT_OF(key_commands),
};
const struct command_group group_token = {
    .noun = "token",
    .topic = "Access",
    .summary = "Tokens: what people and scripts manage with.",
    .commands = token_commands,
    .command_count = COUNT_OF(token_commands),
};
