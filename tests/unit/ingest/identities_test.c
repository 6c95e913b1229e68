/* SPDX-License-Identifier: Apache-2.0 */
/* Devices and their users: learned by one, known to all, kept over a restart. */
#include "ingest/identities.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "scratch.h"
#include "test.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct test_clock {
    struct clock clock;
    _Atomic int64_t now_ms;
};

static int64_t test_now(const struct clock *clock)
{
    return ((const struct test_clock *)clock)->now_ms;
}

struct fixture {
    struct scratch scratch;
    struct store *writer;
    struct arena arena;
    struct test_clock clock;
    _Atomic int woken;
    struct notebook *devices;
};

static void wake(void *context)
{
    ((struct fixture *)context)->woken++;
}

static void open_memory(struct fixture *fixture)
{
    fixture->devices = notebook_open(NOTE_DEVICE, &fixture->clock.clock, wake, fixture);
}

static void open_fixture(struct fixture *fixture)
{
    *fixture = (struct fixture){.clock = {{test_now, test_now}, 1000000}};
    arena_open(&fixture->arena, 4096);
    CHECK(scratch_open(&fixture->scratch));
    CHECK_OK(store_open(&fixture->writer, scratch_path(&fixture->scratch), STORE_WRITER));
    open_memory(fixture);
}

static void close_fixture(struct fixture *fixture)
{
    notebook_close(fixture->devices);
    store_close(fixture->writer);
    scratch_close(&fixture->scratch);
    arena_close(&fixture->arena);
}

static struct str resolve(struct fixture *fixture, uint64_t environment, const char *user,
                          const char *device)
{
    return identity_resolve(fixture->devices, environment, str_of(user), str_of(device),
                            &fixture->arena);
}

static void save(struct fixture *fixture)
{
    CHECK_OK(store_begin(fixture->writer));
    CHECK_OK(notebook_store(fixture->devices, fixture->writer));
    CHECK_OK(store_commit(fixture->writer));
}

/* As after a restart: nothing in memory but what the store has. */
static void forget_and_load(struct fixture *fixture)
{
    notebook_close(fixture->devices);
    open_memory(fixture);
    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, scratch_path(&fixture->scratch), STORE_READER));
    CHECK_OK(notebook_load(fixture->devices, reader));
    store_close(reader);
}

static struct str stored_text(struct fixture *fixture)
{
    struct note_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_notes(fixture->writer, &fixture->arena, NOTE_DEVICE, 9, &rows, &count));
    struct str text = STR("");
    for (size_t i = 0; i < count; i++)
        text = arena_format(&fixture->arena, "%.*s%s%.*s=%.*s", STR_ARG(text), i == 0 ? "" : " ",
                            STR_ARG(rows[i].key), STR_ARG(rows[i].value));
    return text;
}

/* ---- resolving ------------------------------------------------------------------------------ */

TEST(a_request_resolves_to_its_user_else_its_devices_user_else_its_device)
{
    struct fixture fixture;
    open_fixture(&fixture);
    CHECK(str_is_absent(resolve(&fixture, 1, NULL, NULL)));
    CHECK(str_is_absent(resolve(&fixture, 1, "", "")));
    CHECK_STR(resolve(&fixture, 1, NULL, "phone"), STR("phone"));
    CHECK_STR(resolve(&fixture, 1, "ann", NULL), STR("ann"));
    CHECK_STR(resolve(&fixture, 1, "ann", "phone"), STR("ann"));
    CHECK_STR(resolve(&fixture, 1, "", "phone"), STR("ann"));
    CHECK_STR(resolve(&fixture, 1, NULL, "tablet"), STR("tablet"));
    CHECK_STR(resolve(&fixture, 1, "bob", "phone"), STR("bob")); /* handed on */
    CHECK_STR(resolve(&fixture, 1, NULL, "phone"), STR("bob"));
    CHECK_STR(resolve(&fixture, 2, NULL, "phone"), STR("phone")); /* another environment */
    close_fixture(&fixture);
}

TEST(ids_of_any_length_resolve_and_long_ones_to_themselves)
{
    struct fixture fixture;
    open_fixture(&fixture);
    char text[IDENTITY_BYTES_MAX + 2];
    for (size_t size = 1; size <= IDENTITY_BYTES_MAX + 1; size++) {
        memset(text, 'a' + (int)(size % 26), size);
        struct str id = {text, size};
        char user[] = "user";
        CHECK_STR(identity_resolve(fixture.devices, 1, STR("user"), id, &fixture.arena),
                  str_of(user));
        bool is_kept = size <= IDENTITY_BYTES_MAX;
        CHECK_STR(identity_resolve(fixture.devices, 1, STR(""), id, &fixture.arena),
                  is_kept ? STR("user") : id);
        CHECK_STR(identity_resolve(fixture.devices, 2, id, id, &fixture.arena), id);
        CHECK_STR(identity_resolve(fixture.devices, 2, STR(""), id, &fixture.arena), id);
    }
    CHECK_INT(notebook_counters_read(fixture.devices).known, 2 * IDENTITY_BYTES_MAX);
    close_fixture(&fixture);
}

TEST(the_newest_user_wins_even_when_the_clock_was_set_back)
{
    struct fixture fixture;
    open_fixture(&fixture);
    resolve(&fixture, 1, "ann", "phone");
    save(&fixture);
    fixture.clock.now_ms -= 5000;
    resolve(&fixture, 1, "bob", "phone");
    save(&fixture);
    CHECK_STR(resolve(&fixture, 1, NULL, "phone"), STR("bob"));
    CHECK_STR(stored_text(&fixture), STR("phone=bob"));
    close_fixture(&fixture);
}

/* ---- the store ------------------------------------------------------------------------------- */

TEST(a_restart_keeps_identities)
{
    struct fixture fixture;
    open_fixture(&fixture);
    resolve(&fixture, 1, "ann", "phone");
    resolve(&fixture, 1, "ann", "tablet");
    resolve(&fixture, 2, "cyd", "phone");
    resolve(&fixture, 1, "bob", "tablet");
    save(&fixture);
    forget_and_load(&fixture);
    CHECK_STR(resolve(&fixture, 1, NULL, "phone"), STR("ann"));
    CHECK_STR(resolve(&fixture, 1, NULL, "tablet"), STR("bob"));
    CHECK_STR(resolve(&fixture, 2, NULL, "phone"), STR("cyd"));
    CHECK(!notebook_is_pending(fixture.devices)); /* what was loaded is stored */
    close_fixture(&fixture);
}

TEST(what_is_loaded_does_not_undo_what_was_learned_meanwhile)
{
    struct fixture fixture;
    open_fixture(&fixture);
    resolve(&fixture, 1, "ann", "phone");
    save(&fixture);
    resolve(&fixture, 1, "bob", "phone");
    CHECK_OK(notebook_load(fixture.devices, fixture.writer));
    CHECK_STR(resolve(&fixture, 1, NULL, "phone"), STR("bob"));
    CHECK(notebook_is_pending(fixture.devices));
    save(&fixture);
    CHECK_STR(stored_text(&fixture), STR("phone=bob"));
    close_fixture(&fixture);
}

TEST(only_news_is_written_and_announced_once)
{
    struct fixture fixture;
    open_fixture(&fixture);
    CHECK(!notebook_is_pending(fixture.devices));
    resolve(&fixture, 1, "ann", NULL);
    resolve(&fixture, 1, NULL, "phone");
    CHECK_INT(fixture.woken, 0);
    resolve(&fixture, 1, "ann", "phone");
    resolve(&fixture, 1, "ann", "phone");
    resolve(&fixture, 1, "bob", "tablet");
    CHECK_INT(fixture.woken, 1);
    CHECK(notebook_is_pending(fixture.devices));
    save(&fixture);
    CHECK(!notebook_is_pending(fixture.devices));
    resolve(&fixture, 1, "ann", "phone");
    CHECK_INT(fixture.woken, 1);
    fixture.clock.now_ms += DAY_MS;
    resolve(&fixture, 1, "ann", "phone"); /* still there: once a day */
    CHECK_INT(fixture.woken, 2);
    save(&fixture);
    CHECK_STR(stored_text(&fixture), STR("phone=ann tablet=bob"));
    CHECK_INT(notebook_counters_read(fixture.devices).learned, 3);
    close_fixture(&fixture);
}

static void tamper(struct fixture *fixture, const char *sql)
{
    char file[300];
    snprintf(file, sizeof(file), "%s/guidon.db", fixture->scratch.path);
    sqlite3 *database = NULL;
    CHECK_INT(sqlite3_open(file, &database), SQLITE_OK);
    CHECK_INT(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    CHECK_INT(sqlite3_close(database), SQLITE_OK);
}

TEST(what_the_store_refuses_comes_again)
{
    struct fixture fixture;
    open_fixture(&fixture);
    resolve(&fixture, 1, "ann", "phone");
    tamper(&fixture, "ALTER TABLE note RENAME TO hidden");
    CHECK_OK(store_begin(fixture.writer));
    CHECK_FAULT(notebook_store(fixture.devices, fixture.writer), FAULT_UNAVAILABLE);
    store_rollback(fixture.writer);
    CHECK(notebook_is_pending(fixture.devices));
    tamper(&fixture, "ALTER TABLE hidden RENAME TO note");
    save(&fixture);
    CHECK(!notebook_is_pending(fixture.devices));
    CHECK_STR(stored_text(&fixture), STR("phone=ann"));
    close_fixture(&fixture);
}

TEST(a_call_writes_down_so_much_and_asks_to_be_called_again)
{
    struct fixture fixture;
    open_fixture(&fixture);
    enum { COUNT = 2 * NOTES_PER_CALL_MAX + 100 };
    for (size_t i = 0; i < COUNT; i++)
        resolve(&fixture, 1, "ann", arena_format(&fixture.arena, "d%zu", i).data);
    CHECK_INT(fixture.woken, 1);
    size_t calls = 0;
    while (notebook_is_pending(fixture.devices)) {
        save(&fixture);
        calls++;
    }
    CHECK_INT(calls, 3);
    CHECK_INT(fixture.woken, 3);
    forget_and_load(&fixture);
    for (size_t i = 0; i < COUNT; i++)
        CHECK_STR(resolve(&fixture, 1, NULL, arena_format(&fixture.arena, "d%zu", i).data),
                  STR("ann"));
    close_fixture(&fixture);
}

/* ---- the bound --------------------------------------------------------------------------------
 */

static struct str numbered(char text[32], const char *prefix, size_t number)
{
    snprintf(text, 32, "%s%zu", prefix, number);
    return str_of(text);
}

static size_t count_known(struct fixture *fixture, size_t from, size_t to)
{
    size_t known = 0;
    for (size_t i = from; i < to; i++) {
        char device[32];
        struct str id = identity_resolve(fixture->devices, 1, STR(""),
                                         numbered(device, "device-", i), &fixture->arena);
        known += str_starts_with(id, STR("user-"));
        arena_reset(&fixture->arena);
    }
    return known;
}

static void learn_many(struct fixture *fixture, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        char user[32];
        char device[32];
        identity_resolve(fixture->devices, 1, numbered(user, "user-", i),
                         numbered(device, "device-", i), &fixture->arena);
    }
}

TEST(at_the_bound_the_oldest_go_first)
{
    struct fixture fixture;
    open_fixture(&fixture);
    enum { MORE = NOTES_MAX / 4, RECENT = NOTES_MAX / 2 };
    learn_many(&fixture, 0, NOTES_MAX + MORE);
    struct notebook_counters counters = notebook_counters_read(fixture.devices);
    CHECK(counters.known <= NOTES_MAX);
    CHECK(counters.known > NOTES_MAX * 97 / 100);
    CHECK_INT(counters.learned, NOTES_MAX + MORE);
    CHECK_INT(counters.unsaved, counters.learned - counters.known); /* nobody wrote them down */
    /* Shards fill by chance: a little of what is near the bound may be gone on either side. */
    CHECK(count_known(&fixture, 0, MORE * 9 / 10) < MORE / 100);
    size_t recent = count_known(&fixture, NOTES_MAX + MORE - RECENT, NOTES_MAX + MORE);
    print_message("%d of %d recent ones known\n", (int)recent, (int)RECENT);
    CHECK(recent > (size_t)RECENT - RECENT / 1000);
    close_fixture(&fixture);
}

/* Rings wrap many times while only few devices are known: dead records give way to live ones. */
TEST(a_device_that_changes_hands_all_the_time_pushes_nobody_out)
{
    struct fixture fixture;
    open_fixture(&fixture);
    learn_many(&fixture, 0, 1000);
    save(&fixture);
    char user[IDENTITY_BYTES_MAX];
    memset(user, 'u', sizeof(user));
    for (size_t i = 0; i < 20000; i++) {
        snprintf(user, sizeof(user), "%zu", i);
        struct str owner = {user, sizeof(user)};
        identity_resolve(fixture.devices, 1, owner, STR("shared"), &fixture.arena);
        CHECK_STR(identity_resolve(fixture.devices, 1, STR(""), STR("shared"), &fixture.arena),
                  owner);
        arena_reset(&fixture.arena);
    }
    CHECK_INT(count_known(&fixture, 0, 1000), 1000);
    struct notebook_counters counters = notebook_counters_read(fixture.devices);
    CHECK_INT(counters.known, 1001);
    CHECK_INT(counters.unsaved, 0);
    save(&fixture);
    CHECK(!notebook_is_pending(fixture.devices));
    struct note_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_notes(fixture.writer, &fixture.arena, NOTE_DEVICE, 2000, &rows, &count));
    CHECK_INT(count, 1001);
    close_fixture(&fixture);
}

/* ---- threads -----------------------------------------------------------------------------------
 */

enum { THREADS = 4, DEVICES = 300, ROUNDS = 4000 };

struct crowd {
    struct fixture *fixture;
    uint32_t seed;
    _Atomic int *wrong;
};

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* A device's users all bear its name: whoever reads must find one of them, whole. */
static void *live_in_the_crowd(void *argument)
{
    struct crowd *crowd = argument;
    struct notebook *devices = crowd->fixture->devices;
    struct arena arena;
    arena_open(&arena, 4096);
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t device = next_random(&crowd->seed) % DEVICES;
        char name[32];
        char user[256];
        snprintf(name, sizeof(name), "device-%u", device);
        if (next_random(&crowd->seed) % 3 == 0) {
            int size = snprintf(user, sizeof(user), "device-%u %0*u", device,
                                (int)(next_random(&crowd->seed) % 200 + 1), device);
            identity_resolve(devices, 1, (struct str){user, (size_t)size}, str_of(name), &arena);
        } else {
            struct str found = identity_resolve(devices, 1, STR(""), str_of(name), &arena);
            int size = snprintf(user, sizeof(user), "device-%u %0*u", device,
                                (int)(found.size - strlen(name) - 1), device);
            bool is_right = str_equal(found, str_of(name)) ||
                            (found.size > strlen(name) + 1 &&
                             str_equal(found, (struct str){user, (size_t)size}));
            if (!is_right)
                (*crowd->wrong)++;
        }
        arena_reset(&arena);
    }
    arena_close(&arena);
    return NULL;
}

TEST(many_threads_learn_and_ask_while_the_store_writes_down)
{
    struct fixture fixture;
    open_fixture(&fixture);
    pthread_t threads[THREADS];
    struct crowd crowds[THREADS];
    _Atomic int wrong = 0;
    for (uint32_t i = 0; i < THREADS; i++) {
        crowds[i] = (struct crowd){&fixture, 977 + i, &wrong};
        CHECK_INT(pthread_create(&threads[i], NULL, live_in_the_crowd, &crowds[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        save(&fixture);
    for (size_t i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    CHECK_INT(wrong, 0);
    while (notebook_is_pending(fixture.devices))
        save(&fixture);
    struct str before[DEVICES];
    for (size_t i = 0; i < DEVICES; i++)
        before[i] = resolve(&fixture, 1, NULL, arena_format(&fixture.arena, "device-%zu", i).data);
    forget_and_load(&fixture);
    for (size_t i = 0; i < DEVICES; i++)
        CHECK_STR(resolve(&fixture, 1, NULL, arena_format(&fixture.arena, "device-%zu", i).data),
                  before[i]);
    close_fixture(&fixture);
}

/* One thread teaches in order; others must never see a device go from known to unknown, a user
 * older than one they have seen, or half of one and half of another. */
enum { USER_BYTES = IDENTITY_BYTES_MAX, TEACHING_MS = 700 };

struct watching {
    struct fixture *fixture;
    _Atomic bool *is_over;
    _Atomic int *wrong;
};

/* The number, in eight digits, as often as it fits: every word of the record is the same. */
static struct str write_user(char user[USER_BYTES + 1], uint32_t number)
{
    snprintf(user, 9, "%08u", number);
    for (size_t at = 8; at < USER_BYTES; at += 8)
        memcpy(user + at, user, 8);
    return (struct str){user, USER_BYTES};
}

static void *watch(void *argument)
{
    struct watching *watching = argument;
    struct arena arena;
    uint64_t newest = 0;
    arena_open(&arena, 4096);
    while (!*watching->is_over) {
        uint64_t number = 0;
        char user[USER_BYTES + 1];
        struct str found =
            identity_resolve(watching->fixture->devices, 1, STR(""), STR("shared"), &arena);
        bool is_number = str_parse_u64(str_slice(found, 0, 8), &number);
        struct str expected = write_user(user, (uint32_t)number);
        if (!is_number || !str_equal(found, expected) || number < newest)
            (*watching->wrong)++;
        newest = number;
        arena_reset(&arena);
    }
    arena_close(&arena);
    return NULL;
}

TEST(what_is_known_is_never_unknown_older_or_torn_for_a_moment)
{
    struct fixture fixture;
    open_fixture(&fixture);
    pthread_t threads[THREADS];
    _Atomic bool is_over = false;
    _Atomic int wrong = 0;
    struct watching watching = {&fixture, &is_over, &wrong};
    char user[USER_BYTES + 1];
    identity_resolve(fixture.devices, 1, write_user(user, 0), STR("shared"), &fixture.arena);
    for (size_t i = 0; i < THREADS; i++)
        CHECK_INT(pthread_create(&threads[i], NULL, watch, &watching), 0);
    int64_t until_us = clock_monotonic_us() + TEACHING_MS * 1000;
    uint32_t taught = 0;
    while (clock_monotonic_us() < until_us) { /* the ring wraps again and again */
        struct str next = write_user(user, ++taught);
        identity_resolve(fixture.devices, 1, next, STR("shared"), &fixture.arena);
    }
    is_over = true;
    for (size_t i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    print_message("%u users of one device\n", taught);
    CHECK_INT(wrong, 0);
    close_fixture(&fixture);
}

TESTS(a_request_resolves_to_its_user_else_its_devices_user_else_its_device,
      ids_of_any_length_resolve_and_long_ones_to_themselves,
      the_newest_user_wins_even_when_the_clock_was_set_back, a_restart_keeps_identities,
      what_is_loaded_does_not_undo_what_was_learned_meanwhile,
      only_news_is_written_and_announced_once, what_the_store_refuses_comes_again,
      a_call_writes_down_so_much_and_asks_to_be_called_again, at_the_bound_the_oldest_go_first,
      a_device_that_changes_hands_all_the_time_pushes_nobody_out,
      many_threads_learn_and_ask_while_the_store_writes_down,
      what_is_known_is_never_unknown_older_or_torn_for_a_moment)
