/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cli - everything of the binary that is not the server: commands for people and scripts.
 *
 *   program/main.c -> cli.c: which command -> session.c: where and who -> the command's run
 *                  -> client/: ask the server -> output.c: a table, JSON lines or TSV
 *
 * A command is a row in one of the tables that commands.c lists; help, completion and man pages
 * are made of the same rows.
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include <stddef.h>

struct command_group;

/* The whole of argv; returns the exit status (base/exit_status.h). more: groups beside this room's.
 */
int cli_run(int count, char **arguments, const struct command_group *const *more,
            size_t more_count);

#endif
