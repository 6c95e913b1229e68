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
#include "server/options_table.h"
#include "server/server.h"

static void each_setting(void (*tell)(const struct command_setting *setting, void *context),
                         void *context)
{
    for (size_t i = 0; i < options_table_count; i++) {
        const struct option *option = &options_table[i];
        const struct command_setting setting = {option->name, option->fallback, option->help};
        tell(&setting, context);
    }
}

static int run_serve(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return serve_run(invocation->raw_count, invocation->raw);
}

static int run_livez(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return livez_run(invocation->raw_count, invocation->raw);
}

static int run_readyz(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return readyz_run(invocation->raw_count, invocation->raw);
}

static int run_restore(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return restore_run(invocation->raw_count, invocation->raw);
}

static int run_doctor(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return doctor_run(invocation->raw_count, invocation->raw);
}

static int run_keygen(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return keygen_run(invocation->raw_count, invocation->raw);
}

static int run_config_print(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return config_run("print", invocation->raw_count, invocation->raw);
}

static int run_config_check(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return config_run("check", invocation->raw_count, invocation->raw);
}

static int run_owner_token(struct session *session, const struct invocation *invocation)
{
    (void)session;
    return owner_token_run(invocation->raw_count, invocation->raw);
}

static const struct command server_commands[] = {
    {.verb = "serve",
     .arguments = "[SETTING]...",
     .summary = "run the server",
     .is_raw = true,
     .each_setting = each_setting,
     .run = run_serve},
    {.verb = "livez",
     .arguments = "[SETTING]...",
     .summary = "ask a server on this machine whether it is alive",
     .is_raw = true,
     .run = run_livez},
    {.verb = "readyz",
     .arguments = "[SETTING]...",
     .summary = "ask a server on this machine whether it is ready",
     .is_raw = true,
     .run = run_readyz},
    {.verb = "restore",
     .arguments = "FILE --data DIR",
     .summary = "make a backup the store of a stopped server",
     .completes = COMPLETES_FILES,
     .is_raw = true,
     .run = run_restore},
    {.verb = "doctor",
     .arguments = "[SETTING]...",
     .summary = "look over the settings, the data directory and the machine of a server",
     .is_raw = true,
     .run = run_doctor},
    {.verb = "keygen",
     .arguments = "[token|check]",
     .summary = "make a token for a server's first owner, or check one",
     .is_raw = true,
     .run = run_keygen},
    {.verb = "owner-token",
     .arguments = "--data DIR",
     .summary = "make a token for an owner who lost theirs, while the server is stopped",
     .is_raw = true,
     .run = run_owner_token},
};

static const struct command_group server_group = {
    .topic = "Operate",
    .commands = server_commands,
    .command_count = COUNT_OF(server_commands),
};

/* `config` is a noun of another group as well, which says what it is about. */
static const struct command config_commands[] = {
    {.verb = "print",
     .arguments = "[--origin] [SETTING]...",
     .summary = "show the settings the server would have, and where each comes from",
     .is_raw = true,
     .run = run_config_print},
    {.verb = "check",
     .arguments = "[SETTING]...",
     .summary = "say whether the server's settings are good",
     .is_raw = true,
     .run = run_config_check},
};

static const struct command_group config_group = {
    .noun = "config",
    .topic = "Operate",
    .commands = config_commands,
    .command_count = COUNT_OF(config_commands),
};

static const struct command_group *const server_groups[] = {&server_group, &config_group};

int main(int count, char **arguments)
{
    random_open();
    return cli_run(count, arguments, server_groups, COUNT_OF(server_groups));
}
