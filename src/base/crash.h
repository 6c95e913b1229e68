/* SPDX-License-Identifier: Apache-2.0 */
/*
 * crash - a byte written to a file when the process crashes.
 *
 * A crash is a signal that the process raised itself: a fault, an abort. It ends then as it would
 * have without us. The sanitizers have their own handlers, which stay: they say more.
 */
#ifndef BASE_CRASH_H
#define BASE_CRASH_H

#include <sys/types.h>

/* From now on; the file stays the caller's, and open until crash_forget. */
void crash_watch(int file, off_t at, char letter);
void crash_forget(void);

#endif
