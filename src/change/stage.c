/* SPDX-License-Identifier: Apache-2.0 */
/* stage - the processes of a rehearsal: see stage.h. */
#include "change/stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"

enum {
    STILL_TIMES = 10, /* this often the processor time of a step, on the clock: it stands still */
    STILL_LEAST_MS = 1000,
    LOOK_EVERY_MS = 50,
    ALLOWANCE_MS_MAX = 60000, /* that is believed of what a player says it has */
    TRIES = 2,
    KEY_BYTES = 256,
    WORDS_BYTES = 64,
    SCRIPT_BYTES_PER_MS = 16384, /* a slow processor reads more */
};

static const uint64_t order_mark = 0x9E3779B97F4A7C15u;

/* A player that breaks may have written anything here: the server copies, within bounds. */
struct scene {
    _Atomic uint64_t script;       /* the number of the one that a player has taken */
    _Atomic uint64_t read;         /* and of the one that was read to its end */
    _Atomic uint32_t player;       /* who took it, counted from 1 by the rehearser that made it */
    _Atomic uint32_t steps;        /* so far */
    _Atomic uint32_t allowance_ms; /* of the step it is at */
    uint32_t step_ms;
    char what[WORDS_BYTES]; /* empty: nothing was said */
    char why[WORDS_BYTES];
    uint32_t key_size;
    char key[KEY_BYTES];
};

struct order { /* to a player; the script follows */
    uint64_t script;
    uint64_t size;
    uint64_t check; /* else it is the rest of a script that another player left */
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
    char what[WORDS_BYTES], why[WORDS_BYTES], key[KEY_BYTES]; /* of the last ending */
};

uint32_t scene_reading_ms(size_t bytes)
{
    return (uint32_t)(bytes / SCRIPT_BYTES_PER_MS);
}

static uint64_t check_of(const struct order *order)
{
    return (order->script ^ order->size) * order_mark;
}

/* ---- the player's side ----------------------------------------------------------------------- */

void scene_step(struct scene *scene, const char *what, struct str key, uint32_t allowance_ms)
{
    uint32_t ms = scene->step_ms + allowance_ms;
    scene->key_size = key.size < KEY_BYTES ? (uint32_t)key.size : KEY_BYTES;
    if (scene->key_size > 0)
        memcpy(scene->key, key.data, scene->key_size);
    snprintf(scene->what, WORDS_BYTES, "%s", what);
    scene->allowance_ms = ms;
    scene->steps++;
    const struct itimerval timer = {.it_value = {ms / 1000, (suseconds_t)(ms % 1000) * 1000}};
    setitimer(ITIMER_PROF, &timer, NULL);
}

bool scene_fail(struct scene *scene, const char *why)
{
    snprintf(scene->why, WORDS_BYTES, "%s", why);
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
    if (!read_whole(orders, &order, sizeof(order)) || order.check != check_of(&order))
        _exit(1);
    scene->player = number;
    scene->script = order.script;
    scene_step(scene, "reading", STR("the script"), scene_reading_ms(order.size));
    char *text = memory_allocate(order.size);
    if (!read_whole(orders, text, order.size))
        _exit(1);
    scene->read = order.script;
    bool is_good =
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

/* True when that settles it. The end of a player that has been heard already is only noted. One
 * that died without having taken the script may have read the beginning of it: OUTCOME_STILL. */
static bool settles(struct stage *stage, const struct word *word, enum outcome *outcome)
{
    if (word->player <= stage->settled)
        return false;
    bool is_its = stage->scene->script == stage->script && stage->scene->player == word->player;
    stage->settled = word->player;
    stage->status = word->status;
    *outcome = !is_its ? OUTCOME_STILL : word->is_end ? OUTCOME_BAD : OUTCOME_GOOD;
    return true;
}

static bool hear(const struct stage *stage, struct word *word)
{
    return read_whole(stage->words, word, sizeof(*word));
}

/* How long it may look as if nothing happened. */
static int64_t patience_ms(uint32_t allowance_ms)
{
    int64_t believed_ms = allowance_ms < ALLOWANCE_MS_MAX ? allowance_ms : ALLOWANCE_MS_MAX;
    int64_t ms = believed_ms * STILL_TIMES;
    return ms < STILL_LEAST_MS ? STILL_LEAST_MS : ms;
}

static int64_t now_ms(void)
{
    return clock_monotonic_ms(clock_system());
}

/* Words of players that have ended: OUTCOME_GOOD when there is nothing among them that settles it.
 */
static enum outcome hear_of_others(struct stage *stage)
{
    struct word word;
    enum outcome outcome = OUTCOME_NO_CHILD;
    if (!hear(stage, &word))
        return OUTCOME_NO_CHILD;
    if (!settles(stage, &word, &outcome))
        return OUTCOME_GOOD;
    return outcome == OUTCOME_GOOD ? OUTCOME_STILL : outcome; /* good of a part is nonsense */
}

/* OUTCOME_GOOD: it is written. A player that ends before it has the whole script leaves the rest to
 * nobody. */
static enum outcome write_whole(struct stage *stage, const void *bytes, size_t size)
{
    int64_t moved_ms = now_ms();
    for (size_t at = 0; at < size;) {
        ssize_t put = write(stage->orders[1], (const char *)bytes + at, size - at);
        if (put < 0 && errno != EAGAIN)
            return OUTCOME_NO_CHILD;
        if (put > 0)
            moved_ms = now_ms();
        at += put > 0 ? (size_t)put : 0;
        struct pollfd ends[] = {{.fd = stage->words, .events = POLLIN},
                                {.fd = stage->orders[1], .events = POLLOUT}};
        if (now_ms() - moved_ms >= patience_ms(stage->config.step_ms))
            return OUTCOME_STILL;
        if (at < size)
            poll(ends, 2, LOOK_EVERY_MS);
        enum outcome outcome = ends[0].revents == 0 ? OUTCOME_GOOD : hear_of_others(stage);
        if (outcome != OUTCOME_GOOD)
            return outcome;
    }
    return OUTCOME_GOOD;
}

/* Who died while it waited for a script had nothing of this one. */
static bool forget_the_dead(struct stage *stage)
{
    struct pollfd words = {.fd = stage->words, .events = POLLIN};
    while (poll(&words, 1, 0) > 0) {
        struct word word;
        if (!hear(stage, &word))
            return false;
        if (word.player > stage->settled)
            stage->settled = word.player;
    }
    return true;
}

static enum outcome hand_script(struct stage *stage, struct str script)
{
    struct order order = {.script = ++stage->script, .size = script.size};
    order.check = check_of(&order);
    if (!forget_the_dead(stage))
        return OUTCOME_NO_CHILD;
    stage->scene->allowance_ms = stage->scene->step_ms = stage->config.step_ms;
    stage->scene->what[0] = stage->scene->why[0] = '\0';
    stage->scene->key_size = 0;
    enum outcome outcome = write_whole(stage, &order, sizeof(order));
    return outcome == OUTCOME_GOOD ? write_whole(stage, script.data, script.size) : outcome;
}

static enum outcome watch(struct stage *stage)
{
    struct pollfd words = {.fd = stage->words, .events = POLLIN};
    uint32_t seen = stage->scene->steps;
    int64_t moved_ms = now_ms();
    while (now_ms() - moved_ms < patience_ms(stage->scene->allowance_ms)) {
        struct word word;
        enum outcome outcome = OUTCOME_NO_CHILD;
        if (poll(&words, 1, LOOK_EVERY_MS) > 0) {
            if (!hear(stage, &word)) {
                errno = ECHILD;
                return OUTCOME_NO_CHILD;
            }
            if (settles(stage, &word, &outcome))
                return outcome;
        }
        if (stage->scene->steps != seen)
            moved_ms = now_ms();
        seen = stage->scene->steps;
    }
    return OUTCOME_STILL;
}

/* Who stood still may be a child of one that does; what was not read to its end is in the pipe. */
static enum outcome play_once(struct stage *stage, struct str script)
{
    if (!engage(stage))
        return OUTCOME_NO_CHILD;
    enum outcome outcome = hand_script(stage, script);
    if (outcome == OUTCOME_GOOD)
        outcome = watch(stage);
    if (outcome == OUTCOME_NO_CHILD || outcome == OUTCOME_STILL ||
        stage->scene->read != stage->script)
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

static const char *copy_words(char *copy, const char *words)
{
    memcpy(copy, words, WORDS_BYTES);
    copy[WORDS_BYTES - 1] = '\0';
    return copy;
}

struct ending stage_ending(struct stage *stage)
{
    const struct scene *scene = stage->scene;
    int killer = WIFSIGNALED(stage->status) ? WTERMSIG(stage->status) : 0;
    uint32_t key_size = scene->key_size;
    key_size = key_size < KEY_BYTES ? key_size : KEY_BYTES;
    memcpy(stage->key, scene->key, key_size);
    const char *what = copy_words(stage->what, scene->what);
    const char *why = copy_words(stage->why, scene->why);
    return (struct ending){
        .what = what[0] == '\0' ? "beginning" : what,
        .key = {stage->key, key_size},
        .how = killer == SIGPROF ? "takes too long"
               : killer > 0      ? "crashes"
               : why[0] == '\0'  ? "fails"
                                 : why,
        .signal = killer,
    };
}
