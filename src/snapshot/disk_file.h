/* SPDX-License-Identifier: Apache-2.0 */
/* disk_file - whole files, written so that a crash leaves the old one or the new one, never a
 * mixture. For disk.c and disk_members.c. */
#ifndef SNAPSHOT_DISK_FILE_H
#define SNAPSHOT_DISK_FILE_H

#include "base/arena.h"
#include "base/fault.h"

enum { DISK_NAME_BYTES_MAX = 128 };

struct fault disk_fault(const char *why);

/* The pieces, one behind the other, under `name`: temporary -> write -> sync -> rename -> sync the
 * directory. */
struct fault disk_file_replace(int directory, const char *temporary, const char *name,
                               const struct str *pieces, size_t piece_count) MUST_CHECK;

/* Exactly `size` bytes from where the file stands. */
bool disk_file_read(int file, void *data, size_t size);

/* Calls visit for every name in the directory; false: it cannot be read. */
bool disk_list(int directory, void (*visit)(void *context, const char *name), void *context);

#endif
