/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Faults planted behind one flag's key, on the real way of a change: what crashes, hangs, stands
 * still or reads back otherwise never reaches the store nor a reader, whoever is innocent in the
 * same group gets through, and the process lives.
 */
#include <pthread.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "story.h"

enum { WRITERS = 8 };

static bool has_flag(const struct snapshot *snapshot, const char *key)
{
    return snapshot_find_flag(snapshot, str_of(key)) != NULL;
}

/* A renderer with a fault for each name. */
static void render_with_faults(struct snapshot *snapshot)
{
    if (has_flag(snapshot, "aborts"))
        abort();
    if (has_flag(snapshot, "writes-to-nowhere"))
        raise(SIGSEGV);
    while (has_flag(snapshot, "spins"))
        continue;
    while (has_flag(snapshot, "sleeps"))
        pause();
    town_render(snapshot);
}

static void open_faulty(struct town *town)
{
    town_open(town);
    town_stop(town);
    town->render = render_with_faults;
    CHECK_OK(town_start(town));
}

static void check_untouched(struct town *town, uint64_t environment, const char *key)
{
    struct view *view = view_acquire(town->views);
    const struct snapshot *snapshot = view_find(view, environment);
    CHECK(!has_flag(snapshot, key));
    CHECK(has_flag(snapshot, "good"));
    CHECK_INT(snapshot->version, 1);
    view_release(view);
}

static void check_refused(const char *key, enum fault_kind kind, const char *why)
{
    struct town town;
    open_faulty(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("good"), true));
    struct fault fault = town_put(&town, environment, str_of(key), true);
    CHECK_FAULT(fault, kind);
    CHECK_STR(fault.where, STR("rehearsal"));
    CHECK(str_contains(fault.why, str_of(why)));
    check_untouched(&town, environment, key);
    town_stop(&town); /* nor is it in the store: the real renderer would crash here */
    CHECK_OK(town_start(&town));
    CHECK_OK(town_put(&town, environment, STR("good"), false));
    CHECK_INT(town_version(&town, environment), 2);
    town_close(&town);
}

TEST(what_aborts_is_refused_and_the_process_lives)
{
    check_refused("aborts", FAULT_LIMIT, "rendering");
    check_refused("aborts", FAULT_LIMIT, "crashes");
}

TEST(what_crashes_is_refused_and_the_process_lives)
{
    check_refused("writes-to-nowhere", FAULT_LIMIT, "crashes");
}

TEST(what_never_ends_is_refused_by_its_processor_time)
{
    check_refused("spins", FAULT_LIMIT, "takes too long");
}

static void render_and_stand_still(struct snapshot *snapshot)
{
    while (has_flag(snapshot, "sleeps"))
        pause();
    town_render(snapshot);
}

/* A lock that another thread had at that moment looks like this. */
TEST(what_stands_still_is_given_up_and_may_be_asked_again)
{
    struct town town;
    town_open(&town);
    town_stop(&town);
    town.render = render_and_stand_still;
    town.rehearsal_ms = 50;
    CHECK_OK(town_start(&town));
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("good"), true));
    struct fault fault = town_put(&town, environment, STR("sleeps"), true);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    check_untouched(&town, environment, "sleeps");
    town_close(&town);
}

TEST(a_dry_run_is_rehearsed_too)
{
    struct town town;
    open_faulty(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("good"), true));
    struct town_put put = {.key = STR("aborts"), .value = true};
    struct change change = town_change(environment, &put);
    change.is_dry_run = true;
    CHECK_FAULT(town_apply(&town, &change), FAULT_LIMIT);
    check_untouched(&town, environment, "aborts");
    town_close(&town);
}

/* ---- many at once ------------------------------------------------------------------------------
 */

struct writer {
    struct town *town;
    struct arena arena;
    uint64_t environment;
    struct town_put put;
    struct fault fault;
    pthread_t thread;
};

static void *write_one(void *argument)
{
    struct writer *writer = argument;
    struct change change = town_change(writer->environment, &writer->put);
    change.caller = &writer->town->owner;
    change.arena = &writer->arena;
    writer->fault = change_apply(writer->town->changer, &change);
    return NULL;
}

/* Writers wait for each other's group: whichever way they are grouped, one is guilty alone. */
TEST(whoever_is_innocent_in_the_same_group_gets_through)
{
    struct town town;
    open_faulty(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    for (int round = 0; round < 5; round++) {
        struct writer writers[WRITERS];
        for (int i = 0; i < WRITERS; i++) {
            struct writer *writer = &writers[i];
            *writer = (struct writer){.town = &town, .environment = environment};
            arena_open(&writer->arena, 1024);
            writer->put.key =
                i == 3 ? STR("aborts") : arena_format(&writer->arena, "flag-%d-%d", round, i);
            assert_int_equal(pthread_create(&writer->thread, NULL, write_one, writer), 0);
        }
        for (int i = 0; i < WRITERS; i++) {
            pthread_join(writers[i].thread, NULL);
            CHECK_INT(writers[i].fault.kind, i == 3 ? FAULT_LIMIT : FAULT_NONE);
            arena_close(&writers[i].arena);
        }
    }
    CHECK_INT(town_version(&town, environment), 5 * (WRITERS - 1));
    struct change_counters counters = change_counters_read(town.changer);
    CHECK(counters.rehearsals_failed >= 5);
    CHECK_INT(counters.rehearsals_skipped, 0);
    town_close(&town);
}

TEST(without_a_rehearsal_nothing_is_forked)
{
    struct town town;
    town_open(&town);
    town_stop(&town);
    town.has_no_rehearsal = true;
    CHECK_OK(town_start(&town));
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("good"), true));
    CHECK_INT(change_counters_read(town.changer).rehearsals, 0);
    town_close(&town);
}

TESTS(what_aborts_is_refused_and_the_process_lives, what_crashes_is_refused_and_the_process_lives,
      what_never_ends_is_refused_by_its_processor_time,
      what_stands_still_is_given_up_and_may_be_asked_again, a_dry_run_is_rehearsed_too,
      whoever_is_innocent_in_the_same_group_gets_through, without_a_rehearsal_nothing_is_forked)
