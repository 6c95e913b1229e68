/* SPDX-License-Identifier: Apache-2.0 */
/*
 * status - how a command ends. Stable: scripts rely on them; documented in docs/cli.md.
 *
 * Called by the name of the vendor's tool, the binary ends as that tool is documented to
 * (superflag/manner.c translates).
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

enum cli_status {
    CLI_OK = 0,
    CLI_FAILED = 1,      /* refused, or a document that is not valid */
    CLI_CHANGES = 2,     /* plan and diff: there are changes */
    CLI_NOT_FOUND = 3,   /* what was named is not there */
    CLI_USAGE = 4,       /* the command line itself is wrong, or a confirmation is missing */
    CLI_NOT_ALLOWED = 5, /* no token, a dead one, or one without the right */
    CLI_CONFLICT = 6,    /* exists already, changed meanwhile, a stale plan */
    CLI_LIMITED = 7,     /* too many requests, after waiting */
    CLI_UNREACHABLE = 8, /* no answer, or the server failed */
};

#endif
