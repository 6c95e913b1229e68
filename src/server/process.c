/* SPDX-License-Identifier: Apache-2.0 */
/* process - what a server asks of the system for itself: see process.h. */
#include "server/process.h"

#include <malloc.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/memory.h"
#include "base/sanitized.h"

/* Larger blocks come from the system and go back to it. */
enum { TABLE_BYTES = 128 * 1024, ANSWER_BYTES = 512 * 1024, TRIM_BYTES = 256 * 1024 };

void process_forbid_dumps(void)
{
    const struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !IS_SANITIZED
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}

static void bound_allocator(int large_bytes)
{
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, large_bytes);
    mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
}

void process_bound_memory_to_start(void)
{
    bound_allocator(TABLE_BYTES);
}

void process_bound_memory_to_serve(void)
{
    bound_allocator(ANSWER_BYTES);
    memory_trim(); /* what starting needed in between */
}
