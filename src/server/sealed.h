/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sealed - a text at an address that is always the same, and that nothing can change any more.
 *
 * A filter of system calls sees the address of a path, not the path; so the one path that may be
 * started lies where it cannot be written to, unmapped or mapped over (mseal(2), Linux 6.10;
 * before, it is read-only). The address is fixed because a successor inherits the filter, not the
 * memory.
 */
#ifndef SERVER_SEALED_H
#define SERVER_SEALED_H

/* Once per process. NULL: too long, or something is there already. */
const char *sealed_text(const char *text);

#endif
