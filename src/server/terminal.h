/* SPDX-License-Identifier: Apache-2.0 */
/* terminal - how the commands beside `serve` speak: to people or to a pipe. */
#ifndef SERVER_TERMINAL_H
#define SERVER_TERMINAL_H

#include "base/fault.h"

/* Stable, as everywhere in this program: docs/cli.md. */
enum exit_status {
    EXIT_WELL = 0,
    EXIT_FAILED = 1,
    EXIT_NOT_FOUND = 3,
    EXIT_USAGE = 4, /* or a confirmation that is missing */
    EXIT_CONFLICT = 6,
};

void terminal_say(struct str text); /* standard output, at once */
/* The exit status for a fault, whose sentence is said on standard error; EXIT_WELL without one. */
int terminal_status(struct fault fault);

/* Somebody can be asked. */
bool terminal_is_interactive(void);
/* Asks on standard error; whether the answer is that word. */
bool terminal_confirm(struct str prompt, struct str word);

#endif
