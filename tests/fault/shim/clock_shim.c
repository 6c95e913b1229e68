/* SPDX-License-Identifier: Apache-2.0 */
/*
 * clock_shim - a clock on the wall that says what a tester wants, loaded before the C library.
 *
 * The page that CLOCK_SHIM_CONTROL names is shared with the tester: the wall clock is put forward
 * or back by `offset_ns`, or stands at `frozen_ns` where that is not 0. The monotonic clocks are
 * the system's, always.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct control {
    _Atomic int64_t offset_ns, frozen_ns;
    _Atomic uint64_t reads;
};

static struct control *_Atomic control;
static int (*next_clock_gettime)(clockid_t, struct timespec *);
static const int64_t second_ns = 1000000000;

__attribute__((constructor)) static void attach(void)
{
    *(void **)&next_clock_gettime = dlsym(RTLD_NEXT, "clock_gettime");
    const char *path = getenv("CLOCK_SHIM_CONTROL");
    int descriptor = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    close(descriptor);
    if (page != MAP_FAILED)
        control = page;
}

/* Before this library is attached others' constructors may ask. */
static int read_real(clockid_t id, struct timespec *now)
{
    return next_clock_gettime == NULL ? (int)syscall(SYS_clock_gettime, id, now)
                                      : next_clock_gettime(id, now);
}

static void tell(struct timespec *now)
{
    struct control *shared = control;
    if (shared == NULL)
        return;
    shared->reads++;
    int64_t frozen_ns = shared->frozen_ns;
    int64_t told_ns = frozen_ns != 0
                          ? frozen_ns
                          : (int64_t)now->tv_sec * second_ns + now->tv_nsec + shared->offset_ns;
    now->tv_sec = told_ns / second_ns;
    now->tv_nsec = told_ns % second_ns;
    if (now->tv_nsec < 0) {
        now->tv_sec--;
        now->tv_nsec += second_ns;
    }
}

int clock_gettime(clockid_t id, struct timespec *now)
{
    int status = read_real(id, now);
    if (status == 0 && (id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE))
        tell(now);
    return status;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec exact = {0};
    (void)zone;
    int status = clock_gettime(CLOCK_REALTIME, &exact);
    now->tv_sec = exact.tv_sec;
    now->tv_usec = exact.tv_nsec / 1000;
    return status;
}

time_t time(time_t *kept)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept != NULL)
        *kept = now.tv_sec;
    return now.tv_sec;
}
