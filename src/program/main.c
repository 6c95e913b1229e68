/* SPDX-License-Identifier: Apache-2.0 */
/*
 * main - one binary: `guidon serve` is the server, whatever else is asked is the command line's.
 *
 * The server's own commands are lent to the command line, so that help, completion and man pages
 * know them; it hands them what stands behind their names.
 */
#include "base/random.h"
#include "cli/cli.h"
#include "cli/command.h"
#include "server/server.h"

static int run_serve(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return serve_run(invocation->raw_count, invocation->raw);
}

static const struct command server_commands[] = {
    {.verb = "serve",
     .arguments = "[SETTING]...",
     .summary = "run the server",
     .is_raw = true,
     .run = run_serve},
};

static const struct command_group server_group = {
    .topic = "Operate",
    .commands = server_commands,
    .command_count = COUNT_OF(server_commands),
};

static const struct command_group *const server_groups[] = {&server_group};

int main(int count, char **arguments)
{
    random_open();
    return cli_run(count, arguments, server_groups, COUNT_OF(server_groups));
}
