/* SPDX-License-Identifier: Apache-2.0 */
/*
 * memory_shim - an allocator that fails when it is told to, loaded before the C library's.
 *
 * Counts malloc, calloc, realloc, aligned allocations, anonymous mmap and pthread_create of the
 * whole process while `fails_at` is set in the page it shares with the test, and has the n-th, or
 * all from the n-th on, find no memory.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

struct control {
    _Atomic uint64_t fails_at; /* 0: nothing is counted, nothing fails */
    _Atomic uint64_t goes_on;  /* all from there on, not one */
    _Atomic uint64_t count, hits;
    _Atomic int64_t live; /* blocks that were taken and not given back */
};

static struct control *_Atomic control;
static void *(*real_mmap)(void *, size_t, int, int, int, off_t);
static int (*real_pthread_create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* The C library's own, under the names it keeps for whoever stands in front of it. */
extern void *__libc_malloc(size_t bytes);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t bytes);
extern void *__libc_memalign(size_t alignment, size_t bytes);
extern void __libc_free(void *memory);

__attribute__((constructor)) static void attach(void)
{
    /* Found before anything can fail: the search itself wants memory. */
    *(void **)&real_mmap = dlsym(RTLD_NEXT, "mmap");
    *(void **)&real_pthread_create = dlsym(RTLD_NEXT, "pthread_create");
    const char *path = getenv("MEMORY_SHIM_CONTROL");
    int descriptor = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (page != MAP_FAILED)
        control = page;
}

static bool fails(void)
{
    struct control *shared = control;
    if (shared == NULL)
        return false;
    uint64_t at = shared->fails_at;
    if (at == 0)
        return false;
    uint64_t number = ++shared->count;
    if (number != at && !(shared->goes_on && number > at))
        return false;
    shared->hits++;
    errno = ENOMEM;
    return true;
}

static void *note(void *memory)
{
    struct control *shared = control;
    if (shared != NULL && memory != NULL)
        shared->live++;
    return memory;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : note(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t size)
{
    return fails() ? NULL : note(__libc_calloc(count, size));
}

void *realloc(void *memory, size_t bytes)
{
    if (fails())
        return NULL;
    void *resized = __libc_realloc(memory, bytes);
    return memory == NULL ? note(resized) : resized;
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return fails() ? NULL : note(__libc_memalign(alignment, bytes));
}

void *memalign(size_t alignment, size_t bytes)
{
    return aligned_alloc(alignment, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    void *taken = aligned_alloc(alignment, bytes);
    if (taken == NULL)
        return ENOMEM;
    *memory = taken;
    return 0;
}

void free(void *memory)
{
    struct control *shared = control;
    if (shared != NULL && memory != NULL)
        shared->live--;
    __libc_free(memory);
}

/* With a file behind it is the disk's: see disk_shim.c. */
void *mmap(void *where, size_t bytes, int protection, int flags, int descriptor, off_t offset)
{
    if (real_mmap == NULL) /* somebody's constructor came before ours */
        *(void **)&real_mmap = dlsym(RTLD_NEXT, "mmap");
    if (descriptor < 0 && fails())
        return MAP_FAILED;
    return real_mmap(where, bytes, protection, flags, descriptor, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *),
                   void *argument)
{
    return fails() ? EAGAIN : real_pthread_create(thread, attributes, start, argument);
}
