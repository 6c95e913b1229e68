/* SPDX-License-Identifier: Apache-2.0 */
/* place - the directory the file of data lies in: whose it is, and whether it will do. */
#ifndef STORE_SQLITE_PLACE_H
#define STORE_SQLITE_PLACE_H

#include <limits.h>

#include "base/fault.h"

struct place {
    char file[PATH_MAX]; /* DIRECTORY/guidon.db, absolute */
    int lock;            /* held while the place is the writer's, else -1 */
};

/* For the writer: the directory (0700) and an empty file (0600) are there afterwards, and the lock
 * is held. For a reader: only where the file is. A network file system is refused. */
struct fault place_prepare(struct place *place, struct str directory, bool is_writer) MUST_CHECK;
/* The lock of a directory, which is made when it is missing, without a look at its file.
 * FAULT_CONFLICT when another process has it. */
struct fault place_claim(struct place *place, struct str directory) MUST_CHECK;
/* Whether a process has the lock now. */
bool place_is_claimed(struct str directory);
void place_leave(struct place *place);

/* By what statfs(2) and the mount table say. */
bool filesystem_is_remote(uint64_t magic, struct str type);

#endif
