/* SPDX-License-Identifier: Apache-2.0 */
/* terminal - how the commands beside `serve` speak: to people or to a pipe. */
#ifndef SERVER_TERMINAL_H
#define SERVER_TERMINAL_H

#include "base/exit_status.h"
#include "base/fault.h"

void terminal_say(struct str text); /* standard output, at once */
/* The exit status for a fault, whose sentence is said on standard error; EXIT_OK without one. */
int terminal_status(struct fault fault);

/* Somebody can be asked. */
bool terminal_is_interactive(void);
/* Asks on standard error; whether the answer is that word. */
bool terminal_confirm(struct str prompt, struct str word);

#endif
