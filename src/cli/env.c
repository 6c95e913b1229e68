/* SPDX-License-Identifier: Apache-2.0 */
/* env - environments. */
#include "cli/groups.h"
#include "cli/output.h"

static const struct column columns[] = {
    {"NUMBER", "number", COLUMN_TEXT}, {"APP", "appName", COLUMN_TEXT},
    {"NAME", "name", COLUMN_TEXT},     {"VERSION", "version", COLUMN_TEXT},
    {"ID", "id", COLUMN_TEXT},         {"CREATED", "createdAt", COLUMN_INSTANT},
};

static int list(struct session *session, const struct invocation *invocation)
{
    (void)invocation;
    struct json *items = NULL;
    size_t count = 0;
    struct answer answer = session_list(session, STR("/admin/v1/environments"), &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    output_list(session, columns, COUNT_OF(columns), items, count);
    return CLI_OK;
}

static const char *const list_examples[] = {"env list", "env list -o tsv", NULL};

static const struct command commands[] = {
    {.verb = "list",
     .arguments = "",
     .summary = "show every environment you may see",
     .examples = list_examples,
     .needs = NEEDS_TOKEN,
     .run = list},
};

const struct command_group group_env = {
    .noun = "env",
    .topic = "Places",
    .summary = "Environments: where flags live and versions are counted.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
