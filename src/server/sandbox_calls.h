/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_calls - the filter of system calls: seccomp(2), a list of what is allowed.
 *
 * What a bound server needs, and what the C library, SQLite and libuv need for it. All else is
 * refused with EPERM; with ENOSYS where the C library knows another way. Without sockets that are
 * not there yet: none is made, bound or connected. execve takes one address: that of the sealed
 * path (sealed.h).
 */
#ifndef SERVER_SANDBOX_CALLS_H
#define SERVER_SANDBOX_CALLS_H

#include <stdbool.h>
#include <stdint.h>

/* For all threads. path: the only program that may be started, or NULL. False, with errno set:
 * the kernel cannot, or the machine is one we have no table for. */
bool sandbox_calls_confine(const char *path, uint32_t revision);

/* The revision of the filter we live behind; 0 when there is none of ours. */
uint32_t sandbox_calls_inherited(void);

#endif
