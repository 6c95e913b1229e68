/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stall_shim - a disk that stands still, loaded before the C library.
 *
 * While the page that STALL_SHIM_CONTROL names says so, whoever writes to a file or has it synced
 * waits; reading goes on. Sockets are no files. Which calls wait is counted.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct control {
    _Atomic uint64_t is_stalled;
    _Atomic uint64_t waiting; /* now */
    _Atomic uint64_t waited;  /* since the start */
};

static struct control *_Atomic control;

#define NEXT(function)                                                                             \
    __extension__({                                                                                \
        static __typeof__(function) *next;                                                         \
        if (next == NULL)                                                                          \
            next = (__typeof__(function) *)dlsym(RTLD_NEXT, #function);                            \
        next;                                                                                      \
    })

__attribute__((constructor)) static void attach(void)
{
    const char *path = getenv("STALL_SHIM_CONTROL");
    int descriptor = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (page != MAP_FAILED)
        control = page;
}

static void wait_for(int file)
{
    const struct timespec pause = {.tv_nsec = 2 * 1000 * 1000};
    struct control *shared = control;
    struct stat status;
    if (shared == NULL || !shared->is_stalled || fstat(file, &status) != 0 ||
        !S_ISREG(status.st_mode))
        return;
    shared->waiting++;
    shared->waited++;
    while (shared->is_stalled)
        nanosleep(&pause, NULL);
    shared->waiting--;
}

int fsync(int file)
{
    wait_for(file);
    return NEXT(fsync)(file);
}

int fdatasync(int file)
{
    wait_for(file);
    return NEXT(fdatasync)(file);
}

ssize_t write(int file, const void *data, size_t bytes)
{
    wait_for(file);
    return NEXT(write)(file, data, bytes);
}

ssize_t pwrite(int file, const void *data, size_t bytes, off_t at)
{
    wait_for(file);
    return NEXT(pwrite)(file, data, bytes, at);
}

ssize_t pwrite64(int file, const void *data, size_t bytes, off64_t at)
{
    wait_for(file);
    return NEXT(pwrite64)(file, data, bytes, at);
}
