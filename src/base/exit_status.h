/* SPDX-License-Identifier: Apache-2.0 */
/* exit_status - how a command ends. Stable: scripts rely on them; documented in docs/cli.md. */
#ifndef BASE_EXIT_STATUS_H
#define BASE_EXIT_STATUS_H

enum exit_status {
    EXIT_OK = 0,
    EXIT_FAILED = 1,      /* refused, or a document that is not valid */
    EXIT_CHANGES = 2,     /* plan and diff: there are changes */
    EXIT_NOT_FOUND = 3,   /* what was named is not there */
    EXIT_USAGE = 4,       /* the command line itself is wrong, or a confirmation is missing */
    EXIT_NOT_ALLOWED = 5, /* no token, a dead one, or one without the right */
    EXIT_CONFLICT = 6,    /* exists already, changed meanwhile, a stale plan */
    EXIT_LIMITED = 7,     /* too many requests, after waiting */
    EXIT_UNREACHABLE = 8, /* no answer, or the server failed */
};

#endif
