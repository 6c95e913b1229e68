/* SPDX-License-Identifier: Apache-2.0 */
/*
 * backup - a copy of the whole store as of one moment, made while changes go on.
 *
 * The copy is a file without a name: whoever dies, it is gone with the last descriptor. While it is
 * made it has one, in the data directory, so that a crash then leaves it behind; the next start
 * sweeps. One backup at a time, from its beginning until it is closed: each needs as much room as
 * the store.
 */
#ifndef CHANGE_BACKUP_H
#define CHANGE_BACKUP_H

#include "change/change.h"
#include "store/care.h"

struct backup {
    int descriptor; /* of the copy, which is a store's file; read with pread(2) */
    uint64_t size;
    unsigned char digest[32]; /* SHA-256 */
    int64_t at_ms;            /* not older than this */
    struct changer *changer;
};

/* Blocks for as long as the copying takes; for pool threads. FAULT_UNAVAILABLE, where "backup",
 * when another one is under way; without a place for a copy on the disk; when `copying` says so. */
struct fault change_open_backup(struct changer *changer, const struct copying *copying,
                                struct backup **backup) MUST_CHECK;
/* From any thread, before change_close. */
void change_close_backup(struct backup *backup);

#endif
