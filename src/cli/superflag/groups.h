/* SPDX-License-Identifier: Apache-2.0 */
/* groups - the vendor's commands; ../commands.c lists them among all. */
#ifndef CLI_SUPERFLAG_GROUPS_H
#define CLI_SUPERFLAG_GROUPS_H

#include "cli/command.h"

extern const struct command_group group_vendor_apps, group_vendor_environments;
extern const struct command_group group_vendor_flags, group_vendor_keys, group_vendor_config;
extern const struct command_group group_vendor_files; /* evaluate, types */

#endif
