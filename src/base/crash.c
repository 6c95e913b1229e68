/* SPDX-License-Identifier: Apache-2.0 */
/* crash - see crash.h. */
#include "base/crash.h"

#include <signal.h>
#include <stddef.h>
#include <unistd.h>

#include "base/str.h"

/* What a signal handler needs: nothing can be handed to it. */
static volatile int crash_file = -1;
static volatile off_t crash_at;
static volatile char crash_letter;

static void on_crash(int signal_number)
{
    const char letter = crash_letter;
    if (crash_file >= 0 && pwrite(crash_file, &letter, 1, crash_at) != 1)
        crash_file = -1;
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

void crash_watch(int file, off_t at, char letter)
{
    static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGSYS};
    crash_at = at;
    crash_letter = letter;
    crash_file = file;
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        struct sigaction before;
        const struct sigaction action = {.sa_handler = on_crash, .sa_flags = SA_RESETHAND};
        if (sigaction(signals[i], NULL, &before) == 0 && before.sa_handler == SIG_DFL)
            sigaction(signals[i], &action, NULL);
    }
}

void crash_forget(void)
{
    crash_file = -1;
}
