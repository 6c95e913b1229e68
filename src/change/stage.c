/* SPDX-License-Identifier: Apache-2.0 */
/* stage - the processes of a rehearsal: see stage.h. */
#include "change/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"

enum {
    STILL_TIMES = 10, /* this often the processor time of a step, on the clock: it stands still */
    STILL_LEAST_MS = 1000,
    LOOK_EVERY_MS = 50,
    TRIES = 2,
    KEY_BYTES = 256,
    SCRIPT_BYTES_PER_MS = 16384, /* a slow processor reads more */
};

struct scene {
    _Atomic uint64_t script; /* the number of the one that a player has taken */
    _Atomic uint32_t player; /* which player, counted from 1 by the rehearser that made it */
    _Atomic pid_t process;
    _Atomic uint32_t steps;        /* so far */
    _Atomic uint32_t allowance_ms; /* of the step it is at */
    uint32_t step_ms;
    const char *what; /* the same address on both sides: a literal */
    const char *why;
    uint32_t key_size;
    char key[KEY_BYTES];
};

struct order { /* to a player; the script follows */
    uint64_t script;
    uint64_t size;
};

struct word { /* of a player: all is well; of the rehearser: how it ended */
    uint32_t player;
    bool is_end;
    int status;
};

struct stage {
    struct stage_config config;
    struct scene *scene;
    int orders[2]; /* both ends are kept, so that nobody is told of a broken pipe by a signal */
    int words;
    pid_t rehearser;  /* 0: there is none */
    uint64_t script;  /* the last one's number */
    uint32_t settled; /* players up to this one are known about */
    int status;
};

/* ---- the player's side ----------------------------------------------------------------------- */

void scene_step(struct scene *scene, const char *what, struct str key, uint32_t allowance_ms)
{
    uint32_t ms = scene->step_ms + allowance_ms;
    scene->key_size = key.size < KEY_BYTES ? (uint32_t)key.size : KEY_BYTES;
    if (scene->key_size > 0)
        memcpy(scene->key, key.data, scene->key_size);
    scene->what = what;
    scene->allowance_ms = ms;
    scene->steps++;
    const struct itimerval timer = {.it_value = {ms / 1000, (suseconds_t)(ms % 1000) * 1000}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

bool scene_fail(struct scene *scene, const char *why)
{
    scene->why = why;
    return false;
}

/* Signals end a player as they end any process: what the server does about its own is not for us.
 * Those that are meant for the server go to the whole group at a terminal, and are not for us
 * either: we end when it has ended. */
static void take_own_signals(void)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGSYS, SIGPROF};
    static const int foreign[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGALRM};
    sigset_t set;
    sigemptyset(&set);
    for (size_t i = 0; i < COUNT_OF(deadly); i++) {
        signal(deadly[i], SIG_DFL);
        sigaddset(&set, deadly[i]);
    }
    for (size_t i = 0; i < COUNT_OF(foreign); i++)
        signal(foreign[i], SIG_IGN);
    signal(SIGCHLD, SIG_DFL);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
}

static void end_with(pid_t parent)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) /* it died before that */
        _exit(1);
}

static bool say(int end, struct word word)
{
    return write(end, &word, sizeof(word)) == (ssize_t)sizeof(word); /* whole: PIPE_BUF */
}

static bool read_whole(int end, void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t got = read(end, (char *)bytes + at, size - at);
        if (got <= 0)
            return false;
        at += (size_t)got;
    }
    return true;
}

/* All is well is said before the end, which takes its time: a process is taken apart. */
_Noreturn static void play(const struct stage *stage, int orders, int words, uint32_t number)
{
    struct scene *scene = stage->scene;
    struct order order;
    if (!read_whole(orders, &order, sizeof(order)))
        _exit(1);
    scene->player = number;
    scene->process = getpid();
    scene->script = order.script;
    scene_step(scene, "reading", STR("the script"), (uint32_t)(order.size / SCRIPT_BYTES_PER_MS));
    char *text = memory_allocate(order.size);
    bool is_good =
        read_whole(orders, text, order.size) &&
        stage->config.play(scene, (struct str){text, order.size}, stage->config.play_context);
    if (is_good && !say(words, (struct word){.player = number}))
        _exit(1);
    _exit(is_good ? 0 : 1);
}

/* ---- the rehearser's side -------------------------------------------------------------------- */

/* Of what the server has open, only what is said here, and where it complains. */
static void close_others(int orders, int words)
{
    unsigned first = (unsigned)(orders < words ? orders : words);
    unsigned second = (unsigned)(orders < words ? words : orders);
    if (first > STDERR_FILENO + 1)
        close_range(STDERR_FILENO + 1, first - 1, 0);
    if (second > first + 1)
        close_range(first + 1, second - 1, 0);
    close_range(second + 1, ~0U, 0);
}

_Noreturn static void rehearse_for_ever(const struct stage *stage, int orders, int words,
                                        pid_t server)
{
    prctl(PR_SET_NAME, "rehearser", 0, 0, 0);
    take_own_signals();
    end_with(server);
    close_others(orders, words);
    if (stage->config.fence != NULL)
        stage->config.fence(stage->config.fence_context);
    pid_t self = getpid();
    for (uint32_t number = 1;; number++) {
        pid_t player = fork();
        if (player == 0) {
            end_with(self);
            play(stage, orders, words, number);
        }
        int status = 0;
        if (player < 0 || waitpid(player, &status, 0) != player)
            _exit(1);
        if (!say(words, (struct word){.player = number, .is_end = true, .status = status}))
            _exit(1);
    }
}

/* ---- the server's side ----------------------------------------------------------------------- */

static void close_all(int *ends, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (ends[i] >= 0)
            close(ends[i]);
        ends[i] = -1;
    }
}

static void dismiss(struct stage *stage)
{
    int why = errno;
    if (stage->rehearser > 0) {
        kill(stage->rehearser, SIGKILL); /* its player goes with it */
        while (waitpid(stage->rehearser, NULL, 0) < 0 && errno == EINTR)
            continue;
    }
    stage->rehearser = 0;
    close_all(stage->orders, COUNT_OF(stage->orders));
    close_all(&stage->words, 1);
    errno = why;
}

/* False: there is none, errno says why. */
static bool engage(struct stage *stage)
{
    int words[2] = {-1, -1};
    if (stage->rehearser > 0)
        return true;
    if (pipe2(stage->orders, O_CLOEXEC) != 0)
        return false;
    fcntl(stage->orders[1], F_SETFL, O_NONBLOCK);
    if (pipe2(words, O_CLOEXEC) == 0) {
        pid_t server = getpid();
        stage->settled = 0;
        stage->rehearser = fork();
        if (stage->rehearser == 0)
            rehearse_for_ever(stage, stage->orders[0], words[1], server);
    }
    int why = errno;
    stage->words = words[0];
    close_all(&words[1], 1);
    if (stage->rehearser <= 0)
        dismiss(stage);
    errno = why;
    return stage->rehearser > 0;
}

struct stage *stage_open(const struct stage_config *config)
{
    void *page =
        mmap(NULL, sizeof(struct scene), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (page == MAP_FAILED)
        return NULL;
    struct stage *stage = MEMORY_NEW(struct stage);
    *stage = (struct stage){.config = *config, .scene = page, .orders = {-1, -1}, .words = -1};
    (void)engage(stage); /* else when it is needed */
    return stage;
}

void stage_close(struct stage *stage)
{
    if (stage == NULL)
        return;
    dismiss(stage);
    munmap(stage->scene, sizeof(*stage->scene));
    memory_free(stage);
}

/* True when that settles it. What others before have come to is only noted, and so is one that died
 * while it waited: the next takes the script. */
static bool settles(struct stage *stage, const struct word *word, enum outcome *outcome)
{
    if (word->player <= stage->settled)
        return false;
    stage->settled = word->player;
    stage->status = word->status;
    *outcome = word->is_end ? OUTCOME_BAD : OUTCOME_GOOD;
    return stage->scene->script == stage->script;
}

static bool hear(const struct stage *stage, struct word *word)
{
    return read_whole(stage->words, word, sizeof(*word));
}

/* A player that ends before it has the whole script leaves the rest to nobody: false. */
static bool write_whole(struct stage *stage, const void *bytes, size_t size)
{
    for (size_t at = 0; at < size;) {
        ssize_t put = write(stage->orders[1], (const char *)bytes + at, size - at);
        if (put < 0 && errno != EAGAIN)
            return false;
        at += put > 0 ? (size_t)put : 0;
        struct pollfd ends[] = {{.fd = stage->words, .events = POLLIN},
                                {.fd = stage->orders[1], .events = POLLOUT}};
        struct word word;
        enum outcome outcome;
        if (at < size && poll(ends, 2, (int)stage->config.step_ms * STILL_TIMES) <= 0)
            return false;
        if (ends[0].revents != 0 && (!hear(stage, &word) || settles(stage, &word, &outcome)))
            return false;
    }
    return true;
}

static bool hand_script(struct stage *stage, struct str script)
{
    const struct order order = {.script = ++stage->script, .size = script.size};
    stage->scene->allowance_ms = stage->scene->step_ms = stage->config.step_ms;
    stage->scene->what = stage->scene->why = NULL;
    stage->scene->key_size = 0;
    return write_whole(stage, &order, sizeof(order)) &&
           write_whole(stage, script.data, script.size);
}

/* Whoever has the script is ended; when nobody has taken it, whoever should have made somebody. */
static enum outcome give_up(struct stage *stage)
{
    bool is_taken = stage->scene->script == stage->script;
    if (is_taken && stage->scene->player > stage->settled) {
        kill(stage->scene->process, SIGKILL);
        stage->settled = stage->scene->player;
    } else {
        dismiss(stage);
    }
    return OUTCOME_STILL;
}

static enum outcome watch(struct stage *stage)
{
    struct pollfd words = {.fd = stage->words, .events = POLLIN};
    uint32_t seen = 0;
    uint64_t still_ms = 0;
    for (;;) {
        struct word word;
        enum outcome outcome = OUTCOME_NO_CHILD;
        if (poll(&words, 1, LOOK_EVERY_MS) > 0) {
            if (!hear(stage, &word)) {
                errno = ECHILD;
                return OUTCOME_NO_CHILD;
            }
            if (settles(stage, &word, &outcome))
                return outcome;
            continue;
        }
        uint64_t limit_ms = (uint64_t)stage->scene->allowance_ms * STILL_TIMES;
        still_ms = stage->scene->steps == seen ? still_ms + LOOK_EVERY_MS : 0;
        seen = stage->scene->steps;
        if (still_ms >= (limit_ms < STILL_LEAST_MS ? STILL_LEAST_MS : limit_ms))
            return give_up(stage);
    }
}

static enum outcome play_once(struct stage *stage, struct str script)
{
    if (!engage(stage))
        return OUTCOME_NO_CHILD;
    enum outcome outcome = hand_script(stage, script) ? watch(stage) : OUTCOME_NO_CHILD;
    if (outcome == OUTCOME_NO_CHILD)
        dismiss(stage);
    return outcome;
}

enum outcome stage_play(struct stage *stage, struct str script)
{
    enum outcome outcome = OUTCOME_STILL;
    for (int i = 0; i < TRIES && (outcome == OUTCOME_STILL || outcome == OUTCOME_NO_CHILD); i++)
        outcome = play_once(stage, script);
    return outcome;
}

struct ending stage_ending(const struct stage *stage)
{
    const struct scene *scene = stage->scene;
    int killer = WIFSIGNALED(stage->status) ? WTERMSIG(stage->status) : 0;
    const char *said = scene->why == NULL ? "fails" : scene->why;
    return (struct ending){
        .what = scene->what == NULL ? "beginning" : scene->what,
        .key = {scene->key, scene->key_size},
        .how = killer == SIGPROF ? "takes too long"
               : killer > 0      ? "crashes"
                                 : said,
        .signal = killer,
    };
}
