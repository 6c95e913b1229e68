/* SPDX-License-Identifier: Apache-2.0 */
/* deployment - the channels flags are handed out through. */
#include "cli/groups.h"
#include "cli/resource.h"
#include "client/address.h"

static const struct column columns[] = {
    {"NUMBER", "number", COLUMN_TEXT},     {"LABEL", "label", COLUMN_TEXT},
    {"KIND", "kind", COLUMN_TEXT},         {"KEY", "key", COLUMN_TEXT},
    {"ARCHIVED", "archived", COLUMN_TEXT}, {"CREATED", "createdAt", COLUMN_INSTANT},
};

static struct str all(struct session *session)
{
    return arena_format(&session->arena, "%.*s/deployments", STR_ARG(session->environment.path));
}

static int list(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    return resource_list(session, all(session), columns, COUNT_OF(columns));
}

static int create(struct session *session, const struct invocation *invocation)
{
    struct body body;
    body_begin(&body);
    body_text(&body, "label", invocation_argument(invocation, 0));
    body_text(&body, "kind", invocation_argument(invocation, 1));
    const struct edit edit = {.method = "POST",
                              .path = all(session),
                              .body = body_end(&body, &session->arena),
                              .columns = columns,
                              .column_count = COUNT_OF(columns)};
    return resource_edit(session, invocation, &edit);
}

/* By number or label. */
static int find(struct session *session, struct str word, struct str *path)
{
    struct json *items = NULL;
    size_t count = 0;
    uint64_t number = 0;
    bool is_number = str_parse_u64(word, &number);
    struct answer answer = session_list(session, all(session), &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    for (size_t i = 0; i < count; i++) {
        const struct json *its_number = json_find(&items[i], STR("number"));
        const struct json *label = json_find(&items[i], STR("label"));
        bool is_whole = its_number != NULL && label != NULL;
        if (is_whole && (str_equal(label->string, word) ||
                         (is_number && its_number->number == (double)number))) {
            *path = arena_format(&session->arena, "%.*s/%.0f", STR_ARG(all(session)),
                                 its_number->number);
            return EXIT_OK;
        }
    }
    return session_fail(
        session, EXIT_NOT_FOUND,
        arena_format(&session->arena, "there is no deployment \"%.*s\"", STR_ARG(word)),
        "`guidon deployment list` shows them all");
}

static int set(struct session *session, const struct invocation *invocation)
{
    struct str path;
    int status = find(session, invocation_argument(invocation, 0), &path);
    if (status != EXIT_OK)
        return status;
    struct str archived = invocation_text(invocation, "archived");
    struct body body;
    body_begin(&body);
    body_text(&body, "label", invocation_text(invocation, "label"));
    bool is_good = str_is_absent(archived) || body_switch(&body, "archived", archived);
    const struct edit edit = {.method = "PATCH",
                              .path = path,
                              .body = body_end(&body, &session->arena),
                              .environment = &session->environment,
                              .sentence = STR("change a deployment"),
                              .columns = columns,
                              .column_count = COUNT_OF(columns)};
    return is_good ? resource_edit(session, invocation, &edit)
                   : session_fail(session, EXIT_USAGE, STR("--archived is true or false"), NULL);
}

static int archive(struct session *session, const struct invocation *invocation)
{
    struct str word = invocation_argument(invocation, 0), path;
    int status = find(session, word, &path);
    const struct edit edit = {
        .method = "DELETE",
        .path = path,
        .environment = &session->environment,
        .sentence = arena_format(&session->arena, "archive the deployment %.*s", STR_ARG(word)),
        .done = "archived: its key is refused from now on"};
    return status == EXIT_OK ? resource_edit(session, invocation, &edit) : status;
}

static const struct command_option creation[] = {RESOURCE_DRY_RUN};
static const struct command_option edits[] = {RESOURCE_EDIT_OPTIONS};
static const struct command_option changes[] = {
    {"label", '\0', "LABEL", "a new label", COMPLETES_NOTHING, false},
    {"archived", '\0', "true|false", "whether its key is refused", COMPLETES_CHOICES, false},
    RESOURCE_EDIT_OPTIONS};

static const char *const list_examples[] = {"deployment list", NULL};
static const char *const create_examples[] = {"deployment create web client",
                                              "deployment create backend server", NULL};
static const char *const set_examples[] = {"deployment set web --label website", NULL};
static const char *const archive_examples[] = {"deployment archive web", NULL};

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show the environment's deployments and keys",
     .examples = list_examples,
     .needs = NEEDS_ENVIRONMENT,
     .run = list},
    {.verb = "create",
     .arguments = "LABEL client|server",
     .summary = "make one",
     .examples = create_examples,
     .options = creation,
     .option_count = COUNT_OF(creation),
     .argument_min = 2,
     .argument_max = 2,
     .needs = NEEDS_ENVIRONMENT,
     .run = create},
    {.verb = "set",
     .arguments = "LABEL",
     .summary = "rename it, archive it, take it back",
     .examples = set_examples,
     .options = changes,
     .option_count = COUNT_OF(changes),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = set},
    {.verb = "archive",
     .arguments = "LABEL",
     .summary = "refuse its key from now on",
     .examples = archive_examples,
     .options = edits,
     .option_count = COUNT_OF(edits),
     .argument_min = 1,
     .argument_max = 1,
     .needs = NEEDS_ENVIRONMENT,
     .run = archive},
};

const struct command_group group_deployment = {
    .noun = "deployment",
    .topic = "Access",
    .summary = "Deployments: each is a key and the flags it is handed.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
