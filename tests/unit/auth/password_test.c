/* SPDX-License-Identifier: Apache-2.0 */
/* password - what is kept opens for one password alone, and few wait for the two threads. */
#include "auth/password.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/random.h"
#include "test.h"

struct room {
    struct arena arena;
    struct passwords *passwords;
};

static void room_open(struct room *room)
{
    random_open();
    arena_open(&room->arena, 4096);
    room->passwords = passwords_open();
}

static void room_close(struct room *room)
{
    passwords_close(room->passwords);
    arena_close(&room->arena);
}

static const struct str battery = {"correct horse battery", 21};

TEST(one_password_fits)
{
    struct room room;
    struct str verifier;
    room_open(&room);
    CHECK(passwords_make(room.passwords, &room.arena, battery, &verifier));
    CHECK_INT(passwords_check(room.passwords, verifier, battery), PASSWORD_RIGHT);
    CHECK_INT(passwords_check(room.passwords, verifier, STR("correct horse batterz")),
              PASSWORD_WRONG);
    CHECK_INT(passwords_check(room.passwords, verifier, STR("")), PASSWORD_WRONG);
    CHECK_INT(passwords_check(room.passwords, verifier, str_slice(battery, 0, 20)), PASSWORD_WRONG);
    room_close(&room);
}

/* security checklist, rule 27; another program can check it, too. */
TEST(what_is_kept_says_its_costs_and_is_salted)
{
    struct room room;
    struct str first, second;
    room_open(&room);
    CHECK(passwords_make(room.passwords, &room.arena, battery, &first));
    CHECK(passwords_make(room.passwords, &room.arena, battery, &second));
    CHECK(str_starts_with(first, STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    CHECK(!str_equal(first, second));
    const char *text = arena_format(&room.arena, "%.*s", STR_ARG(first)).data;
    CHECK_INT(crypto_pwhash_str_verify(text, battery.data, battery.size), 0);
    CHECK_INT(crypto_pwhash_str_needs_rehash(text, 2, 19 * 1024 * 1024), 0);
    room_close(&room);
}

/* Of what libsodium makes of a password, each part changed. */
TEST(what_is_nearly_a_verifier_is_none)
{
    static const struct {
        const char *find, *replace;
    } sins[] = {
        {"$argon2id", "$argon2i"}, {"v=19", "v=18"},     {"$m=", "$n="},
        {"m=19456", "m=-9456"},    {"m=19456", "m=1"},   {"m=19456", "m=99999999999999999"},
        {",t=2", ",t=x"},          {",t=2", ",t=0"},     {",t=2", ""},
        {",p=1$", ",p=2$"},        {",p=1$", ",p=1"},    {",p=1$", ",p=1$AA"},
        {",p=1$", ",p=1$$"},       {",p=1$", ",p=1$?$"},
    };
    struct room room;
    struct str verifier;
    room_open(&room);
    CHECK(passwords_make(room.passwords, &room.arena, battery, &verifier));
    const char *text = arena_format(&room.arena, "%.*s", STR_ARG(verifier)).data;
    for (size_t i = 0; i < COUNT_OF(sins); i++) {
        const char *at = strstr(text, sins[i].find);
        assert_non_null(at);
        struct str other = arena_format(&room.arena, "%.*s%s%s", (int)(at - text), text,
                                        sins[i].replace, at + strlen(sins[i].find));
        CHECK_INT(passwords_check(room.passwords, other, battery), PASSWORD_WRONG);
    }
    for (size_t size = 0; size < verifier.size; size++)
        CHECK_INT(passwords_check(room.passwords, str_slice(verifier, 0, size), battery),
                  PASSWORD_WRONG);
    struct str longer = arena_format(&room.arena, "%sAA", text);
    CHECK_INT(passwords_check(room.passwords, longer, battery), PASSWORD_WRONG);
    room_close(&room);
}

TEST(without_one_no_password_is_right)
{
    struct room room;
    room_open(&room);
    CHECK_INT(passwords_check(room.passwords, (struct str){0}, battery), PASSWORD_WRONG);
    CHECK_INT(passwords_check(room.passwords, (struct str){0}, STR("")), PASSWORD_WRONG);
    CHECK_INT(passwords_check(room.passwords, STR("no verifier at all"), battery), PASSWORD_WRONG);
    room_close(&room);
}

/* Processor time, so that who else is on the machine does not count. */
static int64_t cost_us(struct passwords *passwords, struct str verifier)
{
    struct timespec before, after;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &before);
    CHECK_INT(passwords_check(passwords, verifier, STR("not this one at all")), PASSWORD_WRONG);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &after);
    return (after.tv_sec - before.tv_sec) * 1000000 + (after.tv_nsec - before.tv_nsec) / 1000;
}

static int64_t least(int64_t one, int64_t other)
{
    return one < other ? one : other;
}

/* The cheapest of several in turn: what shares the processor's caches makes some dearer, none
 * cheaper. */
TEST(finding_out_that_there_is_none_costs_as_much)
{
    enum { ROUNDS = 12 };
    struct room room;
    struct str verifier;
    room_open(&room);
    CHECK(passwords_make(room.passwords, &room.arena, battery, &verifier));
    int64_t with_us = INT64_MAX;
    int64_t without_us = INT64_MAX;
    for (size_t i = 0; i < ROUNDS; i++) {
        with_us = least(with_us, cost_us(room.passwords, verifier));
        without_us = least(without_us, cost_us(room.passwords, (struct str){0}));
    }
    CHECK(without_us > with_us / 2);
    CHECK(without_us < with_us * 2);
    room_close(&room);
}

/* ---- many at once ------------------------------------------------------------------------------
 */

struct crowd {
    struct passwords *passwords;
    struct str verifier;
    pthread_barrier_t start;
    _Atomic size_t right, busy;
};

static void *knock(void *argument)
{
    struct crowd *crowd = argument;
    pthread_barrier_wait(&crowd->start);
    enum password_answer answer = passwords_check(crowd->passwords, crowd->verifier, battery);
    CHECK(answer != PASSWORD_WRONG);
    atomic_fetch_add(answer == PASSWORD_RIGHT ? &crowd->right : &crowd->busy, 1);
    return NULL;
}

/* One that takes seconds to check: whoever comes late still finds the first ones at it. */
static struct str make_slow(struct arena *arena)
{
    enum { PASSES = 12, BYTES = 19 * 1024 * 1024 };
    char text[crypto_pwhash_STRBYTES];
    CHECK_INT(crypto_pwhash_str_alg(text, battery.data, battery.size, PASSES, BYTES,
                                    crypto_pwhash_ALG_ARGON2ID13),
              0);
    return arena_format(arena, "%s", text);
}

static size_t count_threads(void)
{
    size_t count = 0;
    DIR *folder = opendir("/proc/self/task");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += entry->d_name[0] != '.';
    closedir(folder);
    return count;
}

TEST(few_wait_and_the_rest_are_turned_away)
{
    enum { KNOCKING = 24 };
    struct room room;
    struct crowd crowd = {0};
    pthread_t threads[KNOCKING];
    size_t others = count_threads();
    room_open(&room);
    crowd.verifier = make_slow(&room.arena);
    crowd.passwords = room.passwords;
    pthread_barrier_init(&crowd.start, NULL, KNOCKING);
    for (size_t i = 0; i < KNOCKING; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, knock, &crowd), 0);
    for (size_t i = 0; i < KNOCKING; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(crowd.right + crowd.busy, KNOCKING);
    CHECK(crowd.right >= PASSWORD_THREADS + PASSWORD_WAITING_MAX);
    CHECK(crowd.busy > 0);
    CHECK_INT(passwords_check(room.passwords, crowd.verifier, battery), PASSWORD_RIGHT);
    CHECK_INT(count_threads(), others + PASSWORD_THREADS);
    pthread_barrier_destroy(&crowd.start);
    room_close(&room);
}

static rlim_t address_bytes(void)
{
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    assert_non_null(file);
    CHECK_INT(fscanf(file, "%llu", &pages), 1);
    fclose(file);
    return (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE);
}

/* Stretching takes 19 MiB. */
TEST(for_want_of_memory_nobody_is_wrong)
{
    enum { ROOM = 4 * 1024 * 1024 };
    struct room room;
    struct str verifier, other;
    struct rlimit usual;
    room_open(&room);
    CHECK(passwords_make(room.passwords, &room.arena, battery, &verifier));
    CHECK_INT(getrlimit(RLIMIT_AS, &usual), 0);
    const struct rlimit tight = {.rlim_cur = address_bytes() + ROOM, .rlim_max = usual.rlim_max};
    CHECK_INT(setrlimit(RLIMIT_AS, &tight), 0);
    enum password_answer answer = passwords_check(room.passwords, verifier, battery);
    bool is_made = passwords_make(room.passwords, &room.arena, battery, &other);
    CHECK_INT(setrlimit(RLIMIT_AS, &usual), 0);
    CHECK_INT(answer, PASSWORD_BUSY);
    CHECK(!is_made);
    CHECK_INT(passwords_check(room.passwords, verifier, battery), PASSWORD_RIGHT);
    room_close(&room);
}

/* Who asks first starts a thread, and hears signals as before. */
TEST(who_asks_still_hears_signals)
{
    struct room room;
    struct str verifier;
    sigset_t before, after;
    room_open(&room);
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    CHECK(passwords_make(room.passwords, &room.arena, battery, &verifier));
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    CHECK_INT(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
    CHECK_INT(sigismember(&after, SIGTERM), 0);
    room_close(&room);
}

TEST(what_is_forgotten_is_gone)
{
    char text[] = "correct horse battery";
    password_forget((struct str){text, sizeof(text) - 1});
    for (size_t i = 0; i < sizeof(text); i++)
        CHECK_INT(text[i], 0);
    password_forget((struct str){0});
}

TESTS(one_password_fits, what_is_kept_says_its_costs_and_is_salted,
      what_is_nearly_a_verifier_is_none, without_one_no_password_is_right,
      finding_out_that_there_is_none_costs_as_much, few_wait_and_the_rest_are_turned_away,
      who_asks_still_hears_signals, what_is_forgotten_is_gone, for_want_of_memory_nobody_is_wrong)
