/* SPDX-License-Identifier: Apache-2.0 */
/* process - what a server asks of the system for itself. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

/* Secrets pass through this process: nobody gets to read its memory from outside. */
void process_forbid_dumps(void);

/*
 * Memory counts for more here than the allocator's parallelism. Left alone, the allocator raises
 * its threshold with every large block it sees freed, and keeps what a start or a saved snapshot
 * needed for a moment.
 */
/* Tables made at the start come from the system, untouched where nothing was written. */
void process_bound_memory_to_start(void);
/* Answers come and go, and are not to cost a mapping each. */
void process_bound_memory_to_serve(void);

#endif
