/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in beside changes: identities are written down and known again; the store is read by
 * others than the writer. */
#include <pthread.h>
#include <time.h>

#include "ingest/identities.h"

#include "story.h"

static void notice(void *context)
{
    struct town *town = context;
    change_notice_notes(town->changer);
}

static void open_notebook(struct town *town)
{
    town->notebook = notebook_open(NOTE_DEVICE, &town->clock, notice, town);
}

static struct str resolve(struct town *town, const char *user, const char *device)
{
    return identity_resolve(town->notebook, 1, str_of(user), str_of(device), &town->arena);
}

static size_t count_stored(const struct town *town)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct store *reader = NULL;
    struct note_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_open(&reader, scratch_path(&town->scratch), STORE_READER));
    CHECK_OK(store_load_notes(reader, &arena, NOTE_DEVICE, 100000, &rows, &count));
    store_close(reader);
    arena_close(&arena);
    return count;
}

/* Waits until the store has so many; the writer is woken, so this is no matter of its turns. */
static bool are_stored(const struct town *town, size_t expected)
{
    const struct timespec pause = {.tv_nsec = 5000000};
    for (size_t i = 0; i < 2000; i++) {
        if (count_stored(town) == expected)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

TEST(identities_are_written_down_when_they_come)
{
    struct town town;
    random_open();
    town_open(&town);
    town_stop(&town);
    open_notebook(&town);
    CHECK_OK(town_start(&town));
    CHECK_STR(resolve(&town, "ann", "phone"), STR("ann"));
    CHECK(are_stored(&town, 1));
    CHECK_STR(resolve(&town, "ben", "tablet"), STR("ben"));
    CHECK(are_stored(&town, 2));
    town_stop(&town);
    notebook_close(town.notebook);
    town_close(&town);
}

TEST(identities_are_known_again_after_a_restart)
{
    enum { DEVICES = NOTES_PER_CALL_MAX * 2 + 7 };
    struct town town;
    town_open(&town);
    town_stop(&town);
    open_notebook(&town);
    CHECK_OK(town_start(&town));
    char user[32];
    char device[32];
    for (size_t i = 0; i < DEVICES; i++) {
        snprintf(user, sizeof(user), "user-%zu", i);
        snprintf(device, sizeof(device), "device-%zu", i);
        resolve(&town, user, device);
    }
    town_stop(&town); /* what was not written yet is now, however much it is */
    notebook_close(town.notebook);
    CHECK_INT(count_stored(&town), DEVICES);
    open_notebook(&town);
    CHECK_OK(town_start(&town));
    for (size_t i = 0; i < DEVICES; i++) {
        snprintf(user, sizeof(user), "user-%zu", i);
        snprintf(device, sizeof(device), "device-%zu", i);
        CHECK_STR(resolve(&town, NULL, device), str_of(user));
    }
    town_stop(&town);
    notebook_close(town.notebook);
    town_close(&town);
}

TEST(without_a_store_identities_are_remembered_and_lost)
{
    struct town town;
    town_open(&town);
    town_app(&town, STR("shop"));
    town_stop(&town);
    town_lose_store(&town);
    open_notebook(&town);
    CHECK_OK(town_start(&town));
    CHECK_FAULT(town.degraded, FAULT_UNAVAILABLE);
    resolve(&town, "ann", "phone"); /* notices, and nobody is there to hear */
    CHECK_STR(resolve(&town, NULL, "phone"), STR("ann"));
    town_stop(&town);
    notebook_close(town.notebook);
    town_close(&town);
}

/* ---- reading -------------------------------------------------------------------------------- */

struct reading {
    struct town *town;
    uint64_t environment, number;
    size_t count;
    _Atomic uint32_t *inside;
    uint32_t most_inside;
    struct fault fault;
    pthread_t thread;
};

static struct fault read_history(struct store *store, void *input)
{
    struct reading *reading = input;
    uint32_t inside = atomic_fetch_add(reading->inside, 1) + 1;
    if (inside > reading->most_inside)
        reading->most_inside = inside;
    struct arena arena;
    arena_open(&arena, 1024);
    struct revision_row *rows = NULL;
    struct fault fault = store_load_object_history(
        store, &arena, reading->number, (struct history_page){0}, &rows, &reading->count);
    arena_close(&arena);
    atomic_fetch_sub(reading->inside, 1);
    return fault;
}

static void *read_often(void *argument)
{
    struct reading *reading = argument;
    for (size_t i = 0; i < 100 && !failed(reading->fault); i++)
        reading->fault = change_read_store(reading->town->changer, read_history, reading);
    return NULL;
}

TEST(the_store_is_read_by_one_caller_at_a_time_while_changes_go_on)
{
    enum { READERS = 4, PUTS = 40 };
    struct town town;
    town_open(&town);
    uint64_t environment = town_app(&town, STR("shop"));
    CHECK_OK(town_put(&town, environment, STR("a"), true));
    _Atomic uint32_t inside = 0;
    struct reading readings[READERS];
    for (size_t i = 0; i < READERS; i++) {
        readings[i] = (struct reading){.town = &town, .number = 1, .inside = &inside};
        pthread_create(&readings[i].thread, NULL, read_often, &readings[i]);
    }
    for (size_t i = 0; i < PUTS; i++)
        CHECK_OK(town_put(&town, environment, STR("a"), i % 2 == 1));
    for (size_t i = 0; i < READERS; i++) {
        pthread_join(readings[i].thread, NULL);
        CHECK_OK(readings[i].fault);
        CHECK_INT(readings[i].most_inside, 1);
    }
    struct reading last = {.town = &town, .number = 1, .inside = &inside};
    CHECK_OK(change_read_store(town.changer, read_history, &last));
    CHECK_INT(last.count, PUTS + 1); /* who is answered reads their own write */
    town_close(&town);
}

static struct fault refuse(struct store *store, void *input)
{
    (void)store;
    (void)input;
    return fault_make(FAULT_CONFLICT, STR("test"), STR("handed on"));
}

TEST(a_reader_is_told_what_happened)
{
    struct town town;
    town_open(&town);
    town_app(&town, STR("shop"));
    CHECK_FAULT(change_read_store(town.changer, refuse, NULL), FAULT_CONFLICT);
    town_stop(&town);
    town_lose_store(&town);
    CHECK_OK(town_start(&town));
    CHECK_FAULT(change_read_store(town.changer, refuse, NULL), FAULT_UNAVAILABLE);
    town_close(&town);
}

TESTS(identities_are_written_down_when_they_come, identities_are_known_again_after_a_restart,
      without_a_store_identities_are_remembered_and_lost,
      the_store_is_read_by_one_caller_at_a_time_while_changes_go_on, a_reader_is_told_what_happened)
