/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sandbox_files - the fence round the files: Landlock (landlock(7)), as much of it as the kernel
 * has.
 *
 * What is not named is refused with EACCES. It holds for the calling thread and what it makes from
 * then on. With it goes what Landlock knows beside files: no TCP connection from ABI 4 on, no
 * signal to a process outside from ABI 6 on.
 */
#ifndef SERVER_SANDBOX_FILES_H
#define SERVER_SANDBOX_FILES_H

#include <stdbool.h>
#include <stddef.h>

enum reach {
    REACH_READ,    /* of a directory: all below it */
    REACH_WRITE,   /* and make, change and remove files */
    REACH_EXECUTE, /* read, and start programs */
};

struct reachable {
    const char *path;
    enum reach reach;
};

/* The ABI that is enforced, or 0 with errno set: ENOSYS or EOPNOTSUPP when the kernel has none.
 * What does not exist is left out. */
int sandbox_files_confine(const struct reachable *list, size_t count, bool has_abstract_socket);

#endif
