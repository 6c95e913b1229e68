/* SPDX-License-Identifier: Apache-2.0 */
/* groups - every group of commands in this room; commands.c says in which order. */
#ifndef CLI_GROUPS_H
#define CLI_GROUPS_H

#include "cli/command.h"

extern const struct command_group group_flag, group_segment, group_eval, group_why, group_change;
extern const struct command_group group_experiment, group_group, group_cohort;
extern const struct command_group group_app, group_env;
extern const struct command_group group_key, group_token, group_user, group_deployment;
extern const struct command_group group_move, group_transfer;
extern const struct command_group group_login, group_person;

#endif
