/* SPDX-License-Identifier: Apache-2.0 */
/* groups - every group of commands in this room; commands.c says in which order. */
#ifndef CLI_GROUPS_H
#define CLI_GROUPS_H

#include "cli/command.h"

extern const struct command_group group_flag, group_segment, group_eval, group_why, group_change;
extern const struct command_group group_experiment, group_group, group_cohort;
extern const struct command_group group_app, group_env;
extern const struct command_group group_key, group_token, group_user, group_deployment;
extern const struct command_group group_move, group_transfer, group_export, group_files,
    group_audit;
extern const struct command_group group_tail, group_open, group_api, group_backup;
extern const struct command_group group_gen, group_shell, group_complete;
extern const struct command_group group_login, group_person;

#endif
