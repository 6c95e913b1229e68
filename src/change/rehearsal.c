/* SPDX-License-Identifier: Apache-2.0 */
/* rehearsal - the child, seen from its parent: see rehearsal.h. */
#include "change/rehearsal.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"

enum {
    STILL_TIMES = 10, /* this often the processor time of a step, on the clock: it stands still */
    STILL_LEAST_MS = 1000,
    LOOK_EVERY_MS = 50,
    TRIES = 2,
};

struct stage {
    _Atomic uint32_t steps;        /* so far */
    _Atomic uint32_t allowance_ms; /* of the step it is at */
    uint32_t step_ms;              /* what a step has that asks for nothing more */
    const char *what;              /* the same address in both: a literal */
    const char *why;
    uint32_t key_size;
    char key[STAGE_KEY_BYTES];
};

struct stage *stage_open(void)
{
    void *memory =
        mmap(NULL, sizeof(struct stage), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

void stage_close(struct stage *stage)
{
    if (stage != NULL)
        munmap(stage, sizeof(*stage));
}

/* ---- the child's side ------------------------------------------------------------------------ */

void stage_step(struct stage *stage, const char *what, struct str key, uint32_t allowance_ms)
{
    uint32_t ms = stage->step_ms + allowance_ms;
    stage->key_size = key.size < STAGE_KEY_BYTES ? (uint32_t)key.size : STAGE_KEY_BYTES;
    if (stage->key_size > 0)
        memcpy(stage->key, key.data, stage->key_size);
    stage->what = what;
    stage->allowance_ms = ms;
    stage->steps++;
    const struct itimerval timer = {.it_value = {ms / 1000, (suseconds_t)(ms % 1000) * 1000}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

bool stage_fail(struct stage *stage, const char *why)
{
    stage->why = why;
    return false;
}

/* Signals end the child as they end any process: what the parent does about its own is not for us.
 */
static void take_default_signals(void)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGPROF};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT_OF(signals); i++) {
        signal(signals[i], SIG_DFL);
        sigaddset(&set, signals[i]);
    }
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

/* All is well is said before the end, which takes its time: a process is taken apart. */
_Noreturn static void play(struct stage *stage, int end, pid_t parent, snapshot_renderer render,
                           const struct rehearsal_part *parts, size_t count, int64_t now_ms)
{
    take_default_signals();
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) /* it died before that */
        _exit(1);
    bool is_good = true;
    for (size_t i = 0; i < count && is_good; i++)
        is_good = rehearse_part(stage, render, &parts[i], now_ms);
    if (is_good && write(end, "", 1) != 1)
        _exit(1);
    _exit(is_good ? 0 : 1);
}

/* ---- the parent's side ----------------------------------------------------------------------- */

enum outcome { OUTCOME_GOOD, OUTCOME_BAD, OUTCOME_STILL, OUTCOME_NO_CHILD };

/* Until the child has said that all is well, or is gone and so its end of the pipe. */
static enum outcome watch_child(const struct stage *stage, int end)
{
    struct pollfd ended = {.fd = end, .events = POLLIN};
    uint32_t seen = 0;
    uint64_t still_ms = 0;
    for (;;) {
        int ready = poll(&ended, 1, LOOK_EVERY_MS);
        char said;
        if (ready > 0)
            return read(end, &said, 1) == 1 ? OUTCOME_GOOD : OUTCOME_BAD;
        uint64_t limit_ms = (uint64_t)stage->allowance_ms * STILL_TIMES;
        still_ms = stage->steps == seen ? still_ms + LOOK_EVERY_MS : 0;
        seen = stage->steps;
        if (still_ms >= (limit_ms < STILL_LEAST_MS ? STILL_LEAST_MS : limit_ms))
            return OUTCOME_STILL;
    }
}

static int reap(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
        if (errno != EINTR)
            return 0; /* somebody else has seen it off: what it said, it said on the stage */
    }
    return status;
}

/* The one that all was well with. */
void rehearsal_end(struct changer *changer)
{
    if (changer->rehearser > 0)
        reap(changer->rehearser);
    changer->rehearser = 0;
}

static enum outcome run_once(struct changer *changer, const struct rehearsal_part *parts,
                             size_t count, int64_t now_ms, int *status)
{
    struct stage *stage = changer->stage;
    *stage = (struct stage){.step_ms = changer->config.rehearsal_ms,
                            .allowance_ms = changer->config.rehearsal_ms};
    int ends[2];
    rehearsal_end(changer);
    if (pipe2(ends, O_CLOEXEC) != 0)
        return OUTCOME_NO_CHILD;
    pid_t parent = getpid();
    pid_t child = fork();
    int why = errno;
    if (child == 0)
        play(stage, ends[1], parent, changer->config.render, parts, count, now_ms);
    close(ends[1]);
    enum outcome outcome = child > 0 ? watch_child(stage, ends[0]) : OUTCOME_NO_CHILD;
    close(ends[0]);
    errno = why;
    if (outcome == OUTCOME_STILL)
        kill(child, SIGKILL);
    if (outcome == OUTCOME_GOOD)
        changer->rehearser = child;
    else if (outcome != OUTCOME_NO_CHILD)
        *status = reap(child);
    return outcome;
}

static const char *how(const struct stage *stage, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
        return "takes too long";
    if (WIFSIGNALED(status))
        return "crashes";
    return stage->why == NULL ? "fails" : stage->why;
}

static struct fault refuse(struct changer *changer, struct arena *arena, int status)
{
    const struct stage *stage = changer->stage;
    const char *what = stage->what == NULL ? "beginning" : stage->what;
    struct str key = arena_copy_str(arena, (struct str){stage->key, stage->key_size});
    log_error("rehearsal_failed", "step=\"%s\" key=\"%.*s\" how=\"%s\" signal=%d", what,
              STR_ARG(key), how(stage, status), WIFSIGNALED(status) ? WTERMSIG(status) : 0);
    return fault_make(FAULT_LIMIT, STR("rehearsal"),
                      arena_format(arena, "the rehearsal of this change failed: %s %.*s %s", what,
                                   STR_ARG(key), how(stage, status)));
}

static void count_rehearsal(struct changer *changer, enum outcome outcome)
{
    pthread_mutex_lock(&changer->lock);
    changer->counters.rehearsals++;
    if (outcome == OUTCOME_BAD)
        changer->counters.rehearsals_failed++;
    if (outcome == OUTCOME_NO_CHILD)
        changer->counters.rehearsals_skipped++;
    pthread_mutex_unlock(&changer->lock);
}

struct fault rehearsal_run(struct changer *changer, struct arena *arena,
                           const struct rehearsal_part *parts, size_t count, int64_t now_ms)
{
    if (changer->config.rehearsal_ms == 0 || count == 0)
        return fault_none();
    enum outcome outcome = OUTCOME_STILL;
    int status = 0;
    for (int i = 0; i < TRIES && outcome == OUTCOME_STILL; i++)
        outcome = run_once(changer, parts, count, now_ms, &status);
    count_rehearsal(changer, outcome);
    switch (outcome) {
    case OUTCOME_GOOD:
        return fault_none();
    case OUTCOME_BAD:
        return refuse(changer, arena, status);
    case OUTCOME_STILL:
        log_error("rehearsal_stood_still", "step=\"%s\"",
                  changer->stage->what == NULL ? "beginning" : changer->stage->what);
        return fault_make(FAULT_UNAVAILABLE, STR("rehearsal"),
                          STR("the rehearsal of this change did not come to an end"));
    case OUTCOME_NO_CHILD:
        log_warn("rehearsal_skipped", "why=\"no process could be made: %s\"",
                 strerrorname_np(errno));
        break;
    }
    return fault_none();
}
