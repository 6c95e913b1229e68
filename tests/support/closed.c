/* SPDX-License-Identifier: Apache-2.0 */
/*
 * closed - what libuv closes, made known to the thread sanitizer. libuv closes descriptors by a raw
 * system call; the sanitizer takes such a number for still open, and its next life, in another
 * thread, for a race on the descriptor. This stands before the C library's syscall() and tells.
 * Linked by MODE=tsan alone.
 */
#include <dlfcn.h>
#include <stdarg.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Of <sanitizer/linux_syscall_hooks.h>, which gcc leaves out. */
void __sanitizer_syscall_pre_impl_close(long descriptor);

enum { ARGUMENTS = 6 };

/* As many arguments as any call has are passed on: which of them count, the kernel knows. */
long syscall(long number, ...)
{
    long given[ARGUMENTS];
    va_list arguments;
    va_start(arguments, number);
    for (int i = 0; i < ARGUMENTS; i++)
        given[i] = va_arg(arguments, long);
    va_end(arguments);
    if (number == SYS_close)
        __sanitizer_syscall_pre_impl_close(given[0]);
    long (*next)(long, ...) = (long (*)(long, ...))dlsym(RTLD_NEXT, "syscall");
    return next(number, given[0], given[1], given[2], given[3], given[4], given[5]);
}
