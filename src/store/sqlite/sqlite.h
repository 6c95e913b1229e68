/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sqlite - the store on one machine: a file of data in a directory of its own.
 *
 * One process, one writer connection, and that one alone checkpoints: releases before 3.51.3 can
 * damage a write-ahead log when two connections checkpoint at once. A commit has reached the disk
 * when it returns (WAL with synchronous=FULL, read back at opening and refused otherwise).
 */
#ifndef STORE_SQLITE_SQLITE_H
#define STORE_SQLITE_SQLITE_H

#include "store/engine.h"

/* Opens DIRECTORY/guidon.db. The writer makes directory and file when they are missing, takes the
 * lock of the directory and looks for damage; a reader never writes and never checkpoints. */
struct fault sqlite_open(struct engine **engine, struct str directory, bool is_writer) MUST_CHECK;

/* Opens it for a look, whatever is in it: store_open with STORE_EXAMINER. */
struct fault sqlite_examine(struct engine **engine, struct str directory) MUST_CHECK;

/* store_settle: the log goes into the file and is removed. */
struct fault sqlite_settle(struct str directory) MUST_CHECK;

#endif
