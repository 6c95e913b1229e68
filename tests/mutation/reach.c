/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reach - which functions a test calls.
 *
 * Linked with sources compiled with -finstrument-functions into a library that is loaded before
 * the program's own. Each function's offset is written once, as a line, into the file REACH_FILE
 * names; processes that the test forks write into the same.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { SLOTS = 1 << 16, DESCRIPTOR = 900 };

static _Atomic uintptr_t seen[SLOTS];
static uintptr_t base_address;
static int descriptor = -1;

__attribute__((constructor)) static void reach_open(void)
{
    Dl_info about;
    const char *path = getenv("REACH_FILE");
    if (path == NULL || dladdr((const void *)reach_open, &about) == 0)
        return;
    base_address = (uintptr_t)about.dli_fbase;
    int opened = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (opened < 0)
        return;
    /* Out of the way of tests that count descriptors. */
    descriptor = fcntl(opened, F_DUPFD_CLOEXEC, DESCRIPTOR);
    close(opened);
}

/* False when it was there already; a full table forgets, which only writes a line twice. */
static int note(uintptr_t address)
{
    size_t slot = (address >> 2) % SLOTS;
    for (int tries = 0; tries < 16; tries++, slot = (slot + 1) % SLOTS) {
        uintptr_t free_slot = 0;
        if (atomic_compare_exchange_strong(&seen[slot], &free_slot, address))
            return 1;
        if (free_slot == address)
            return 0;
    }
    return 1;
}

void __cyg_profile_func_enter(void *function, void *site)
{
    (void)site;
    if (descriptor < 0 || !note((uintptr_t)function))
        return;
    char line[32];
    int size =
        snprintf(line, sizeof(line), "%lx\n", (unsigned long)((uintptr_t)function - base_address));
    if (write(descriptor, line, (size_t)size) != size)
        descriptor = -1;
}

void __cyg_profile_func_exit(void *function, void *site)
{
    (void)function;
    (void)site;
}
