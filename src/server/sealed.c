/* SPDX-License-Identifier: Apache-2.0 */
/* sealed - a text at a fixed address that nothing can change: see sealed.h. */
#include "server/sealed.h"

#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* 128 GiB: below programs, heaps and libraries of every layout that Linux has for 39 bits or more,
 * and above what is mapped low on request. */
static const uintptr_t place = (uintptr_t)32 << 32;
enum { PAGE_BYTES = 65536 }; /* a multiple of every page size */
#ifndef SYS_mseal
#define SYS_mseal 462
#endif

const char *sealed_text(const char *text)
{
    size_t size = strlen(text) + 1;
    if (size > PAGE_BYTES)
        return NULL;
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): an address is what is wanted */
    char *page = mmap((void *)place, PAGE_BYTES, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    if ((uintptr_t)page == place) { /* kernels before 4.17 take the flag for a wish */
        memcpy(page, text, size);
        if (mprotect(page, PAGE_BYTES, PROT_READ) == 0) {
            (void)syscall(SYS_mseal, page, (size_t)PAGE_BYTES, 0UL); /* where the kernel can */
            return page;
        }
    }
    munmap(page, PAGE_BYTES);
    return NULL;
}
