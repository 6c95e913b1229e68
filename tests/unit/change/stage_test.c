/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stage - scripts of a test's own, played by real processes: what a player comes to, what is known
 * of it afterwards, and that processes that are killed from outside are made again.
 */
#include "change/stage.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

/* What players tell the test, in memory both see. */
struct notes {
    _Atomic pid_t player, rehearser;
    _Atomic uint32_t played, fenced;
    _Atomic uint64_t bytes, sum;
};

static void note_fence(void *context)
{
    struct notes *notes = context;
    notes->fenced++;
    notes->rehearser = getpid();
}

static void do_as_told(struct scene *scene, struct str script)
{
    scene_step(scene, "doing", script, 0);
    if (str_equal(script, STR("abort")))
        abort();
    while (str_equal(script, STR("spin")))
        continue;
    while (str_equal(script, STR("sleep")))
        pause();
    if (str_equal(script, STR("exit")))
        _exit(3);
}

static bool play(struct scene *scene, struct str script, void *context)
{
    struct notes *notes = context;
    notes->player = getpid();
    notes->rehearser = getppid();
    notes->played++;
    notes->bytes = script.size;
    uint64_t sum = 0;
    for (size_t i = 0; i < script.size; i++)
        sum += (unsigned char)script.data[i];
    notes->sum = sum;
    do_as_told(scene, script);
    return !str_equal(script, STR("no")) || scene_fail(scene, "is refused");
}

struct house {
    struct notes *notes;
    struct stage *stage;
};

static void house_open(struct house *house)
{
    void *page =
        mmap(NULL, sizeof(struct notes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(page != MAP_FAILED);
    house->notes = page;
    const struct stage_config config = {
        .play = play,
        .fence = note_fence,
        .play_context = page,
        .fence_context = page,
        .step_ms = 100,
    };
    house->stage = stage_open(&config);
    CHECK(house->stage != NULL);
}

static void house_close(struct house *house)
{
    stage_close(house->stage);
    munmap(house->notes, sizeof(*house->notes));
}

static void check_good(struct house *house, struct str script)
{
    CHECK_INT(stage_play(house->stage, script), OUTCOME_GOOD);
    CHECK_INT(house->notes->bytes, script.size);
}

static void check_bad(struct house *house, struct str script, const char *how, int killer)
{
    CHECK_INT(stage_play(house->stage, script), OUTCOME_BAD);
    struct ending ending = stage_ending(house->stage);
    CHECK_STR(str_of(ending.what), STR("doing"));
    CHECK_STR(ending.key, script);
    CHECK_STR(str_of(ending.how), str_of(how));
    CHECK_INT(ending.signal, killer);
}

TEST(each_script_has_a_player_of_its_own)
{
    struct house house;
    house_open(&house);
    pid_t last = 0;
    for (int i = 0; i < 50; i++) {
        check_good(&house, STR("well"));
        CHECK(house.notes->player != last);
        CHECK(house.notes->player != getpid());
        CHECK(house.notes->rehearser != getpid());
        last = house.notes->player;
    }
    CHECK_INT(house.notes->played, 50);
    CHECK_INT(house.notes->fenced, 1);
    house_close(&house);
}

TEST(what_became_of_a_player_is_known)
{
    struct house house;
    house_open(&house);
    for (int round = 0; round < 3; round++) {
        check_bad(&house, STR("abort"), "crashes", SIGABRT);
        check_bad(&house, STR("spin"), "takes too long", SIGPROF);
        check_bad(&house, STR("no"), "is refused", 0);
        check_bad(&house, STR("exit"), "fails", 0);
        check_good(&house, STR("well"));
    }
    house_close(&house);
}

TEST(who_stands_still_is_given_up_twice)
{
    struct house house;
    house_open(&house);
    CHECK_INT(stage_play(house.stage, STR("sleep")), OUTCOME_STILL);
    CHECK_INT(house.notes->played, 2);
    check_good(&house, STR("well"));
    house_close(&house);
}

/* More than a pipe holds. */
TEST(a_long_script_arrives_whole)
{
    enum { BYTES = 20 * 1024 * 1024 };
    struct house house;
    house_open(&house);
    char *text = memory_allocate(BYTES);
    uint64_t sum = 0;
    for (size_t i = 0; i < BYTES; i++) {
        text[i] = (char)(i * 31 % 251);
        sum += (unsigned char)text[i];
    }
    check_good(&house, (struct str){text, BYTES});
    CHECK(house.notes->sum == sum);
    check_good(&house, STR("well"));
    memory_free(text);
    house_close(&house);
}

/* Killed by somebody else, an operator or a kernel that is short of memory. */
TEST(a_rehearser_that_is_gone_is_made_anew)
{
    struct house house;
    house_open(&house);
    for (int round = 0; round < 5; round++) {
        check_good(&house, STR("well"));
        CHECK(kill(house.notes->rehearser, SIGKILL) == 0);
        check_good(&house, STR("well"));
    }
    CHECK(house.notes->fenced >= 6);
    house_close(&house);
}

/* The player there is: 0 while there is none. */
static pid_t find_player(pid_t rehearser)
{
    char path[64];
    int player = 0;
    snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)rehearser, (int)rehearser);
    FILE *file = fopen(path, "r");
    if (file != NULL && fscanf(file, "%d", &player) != 1)
        player = 0;
    if (file != NULL)
        fclose(file);
    return player;
}

/* Whether the next one is there already when the script comes, or not. */
TEST(a_player_that_dies_while_it_waits_leaves_the_script_to_the_next)
{
    enum { ROUNDS = 20 };
    struct house house;
    house_open(&house);
    check_good(&house, STR("well"));
    for (int round = 0; round < ROUNDS; round++) {
        pid_t rehearser = house.notes->rehearser;
        pid_t waiting = find_player(rehearser);
        if (waiting > 0)
            kill(waiting, SIGKILL);
        while (round % 2 == 0 && (find_player(rehearser) == waiting || find_player(rehearser) == 0))
            sched_yield();
        check_good(&house, STR("well"));
    }
    house_close(&house);
}

struct killer {
    struct house *house;
    pthread_t thread;
    atomic_bool is_over;
};

static void *kill_players(void *argument)
{
    struct killer *killer = argument;
    const struct timespec pause = {.tv_nsec = 500000};
    while (!killer->is_over) {
        pid_t player = find_player(killer->house->notes->rehearser);
        if (player > 0)
            kill(player, SIGKILL);
        nanosleep(&pause, NULL);
    }
    return NULL;
}

/* Whatever they come to: it comes to an end, and others find no rest of their scripts. */
TEST(players_that_die_while_they_read_leave_nothing_behind)
{
    enum { BYTES = 4 * 1024 * 1024, ROUNDS = 20 };
    struct house house;
    house_open(&house);
    check_good(&house, STR("well"));
    char *text = memory_allocate(BYTES);
    memset(text, 'x', BYTES);
    for (int round = 0; round < ROUNDS; round++) {
        struct killer killer = {.house = &house};
        CHECK(pthread_create(&killer.thread, NULL, kill_players, &killer) == 0);
        (void)stage_play(house.stage, (struct str){text, round % 2 == 0 ? BYTES : 1000});
        killer.is_over = true;
        pthread_join(killer.thread, NULL);
        check_good(&house, STR("well"));
    }
    memory_free(text);
    house_close(&house);
}

/* With SIGKILL, which nobody can clean up after. Orphans come to us, to be seen. */
TEST(nobody_is_left_when_the_server_is_gone)
{
    struct house house;
    int ends[2];
    CHECK(pipe(ends) == 0);
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0);
    pid_t server = fork();
    CHECK(server >= 0);
    if (server == 0) {
        house_open(&house);
        pid_t made = stage_play(house.stage, STR("well")) == OUTCOME_GOOD
                         ? (pid_t)house.notes->rehearser
                         : 0;
        if (write(ends[1], &made, sizeof(made)) == (ssize_t)sizeof(made))
            pause();
        _exit(1);
    }
    pid_t rehearser = 0;
    int status = 0;
    CHECK(read(ends[0], &rehearser, sizeof(rehearser)) == (ssize_t)sizeof(rehearser));
    CHECK(rehearser > 0);
    CHECK(kill(server, SIGKILL) == 0);
    CHECK(waitpid(server, NULL, 0) == server);
    CHECK(waitpid(rehearser, &status, 0) == rehearser);
    CHECK(WIFSIGNALED(status));
    CHECK_INT(WTERMSIG(status), SIGKILL);
    while (waitpid(-1, NULL, 0) > 0) /* its player, too */
        continue;
    CHECK(prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) == 0);
    close(ends[0]);
    close(ends[1]);
}

TEST(signals_meant_for_the_server_are_not_for_a_player)
{
    struct house house;
    house_open(&house);
    check_good(&house, STR("well"));
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    pid_t rehearser = house.notes->rehearser;
    for (size_t i = 0; i < COUNT_OF(signals); i++)
        CHECK(kill(rehearser, signals[i]) == 0);
    check_good(&house, STR("well"));
    CHECK_INT(house.notes->rehearser, rehearser);
    house_close(&house);
}

TESTS(each_script_has_a_player_of_its_own, what_became_of_a_player_is_known,
      who_stands_still_is_given_up_twice, a_long_script_arrives_whole,
      a_rehearser_that_is_gone_is_made_anew,
      a_player_that_dies_while_it_waits_leaves_the_script_to_the_next,
      players_that_die_while_they_read_leave_nothing_behind, nobody_is_left_when_the_server_is_gone,
      signals_meant_for_the_server_are_not_for_a_player)
