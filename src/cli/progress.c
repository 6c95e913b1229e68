/* SPDX-License-Identifier: Apache-2.0 */
/* progress - how far a long work is: see output.h. */
#include <stdio.h>

#include "base/clock.h"
#include "cli/output.h"

enum { BAR = 30, PATIENCE_MS = 300, REFRESH_MS = 100 };

static bool is_wanted(const struct progress *progress)
{
    return progress->session->is_error_terminal && !progress->session->is_quiet;
}

void progress_begin(struct progress *progress, struct session *session, const char *what,
                    uint64_t total)
{
    *progress = (struct progress){.session = session, .what = what, .total = total};
    /* Short work shows nothing. */
    progress->shown_ms = clock_monotonic_ms(clock_system()) + PATIENCE_MS - REFRESH_MS;
}

static void show(struct progress *progress)
{
    fflush(stdout);
    if (progress->total == 0) {
        fprintf(stderr, "\r%s  %llu", progress->what, (unsigned long long)progress->done);
    } else {
        uint64_t done = progress->done < progress->total ? progress->done : progress->total;
        int full = (int)(done * BAR / progress->total);
        fprintf(stderr, "\r%s  [%.*s%*s] %3d %%", progress->what, full,
                "##############################", BAR - full, "",
                (int)(done * 100 / progress->total));
    }
    fflush(stderr);
    progress->is_shown = true;
}

void progress_at(struct progress *progress, uint64_t done)
{
    progress->done = done;
    int64_t now_ms = clock_monotonic_ms(clock_system());
    if (!is_wanted(progress) || now_ms < progress->shown_ms + REFRESH_MS)
        return;
    progress->shown_ms = now_ms;
    show(progress);
}

void progress_end(struct progress *progress)
{
    if (progress->is_shown)
        fprintf(stderr, "\r\x1b[K"); /* only ever shown on a terminal */
}
