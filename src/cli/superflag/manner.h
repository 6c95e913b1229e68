/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manner - behaving like the vendor's own tool when called by its name: superflag-cli.md 3.3, 3.5.
 *
 * Plain lines instead of JSON or tables, its exit codes, and no question but those of login.
 */
#ifndef CLI_SUPERFLAG_MANNER_H
#define CLI_SUPERFLAG_MANNER_H

#include "cli/session.h"

/* Looks at session->program. */
void manner_adopt(struct session *session);
/* The exit code of the name the program was called by, for an enum exit_status. */
int manner_status(const struct session *session, int status);

#endif
