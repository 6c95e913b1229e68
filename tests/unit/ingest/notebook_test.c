/* SPDX-License-Identifier: Apache-2.0 */
/* Texts by key, of two kinds beside each other; identities_test.c has what both have in common:
 * the bound, restarts, threads. */
#include "ingest/notebook.h"

#include <string.h>

#include "scratch.h"
#include "test.h"

enum { DAY_MS = 24 * 3600 * 1000 };

struct test_clock {
    struct clock clock;
    int64_t now_ms;
};

static int64_t test_now(const struct clock *clock)
{
    return ((const struct test_clock *)clock)->now_ms;
}

struct fixture {
    struct scratch scratch;
    struct store *writer;
    struct test_clock clock;
    int woken;
    struct notebook *devices, *variations;
};

static void wake(void *context)
{
    ((struct fixture *)context)->woken++;
}

static void open_notebooks(struct fixture *fixture)
{
    const struct clock *clock = &fixture->clock.clock;
    fixture->devices = notebook_open(NOTE_DEVICE, clock, wake, fixture);
    fixture->variations = notebook_open(NOTE_VARIATION, clock, wake, fixture);
    CHECK_OK(notebook_load(fixture->devices, fixture->writer));
    CHECK_OK(notebook_load(fixture->variations, fixture->writer));
}

static void close_notebooks(struct fixture *fixture)
{
    notebook_close(fixture->devices);
    notebook_close(fixture->variations);
}

static void open_fixture(struct fixture *fixture)
{
    *fixture = (struct fixture){.clock = {{test_now, test_now}, 1000000}};
    CHECK(scratch_open(&fixture->scratch));
    CHECK_OK(store_open(&fixture->writer, scratch_path(&fixture->scratch), STORE_WRITER));
    open_notebooks(fixture);
}

static void close_fixture(struct fixture *fixture)
{
    close_notebooks(fixture);
    store_close(fixture->writer);
    scratch_close(&fixture->scratch);
}

static void save(struct fixture *fixture, struct notebook *notebook)
{
    CHECK_OK(store_begin(fixture->writer));
    CHECK_OK(notebook_store(notebook, fixture->writer));
    CHECK_OK(store_commit(fixture->writer));
}

static void check_known(struct notebook *notebook, const char *key, const char *value)
{
    char room[NOTE_BYTES_MAX];
    struct str found = notebook_find(notebook, 1, str_of(key), room);
    if (value == NULL)
        CHECK(str_is_absent(found));
    else
        CHECK_STR(found, str_of(value));
}

TEST(kinds_are_kept_apart_over_a_restart)
{
    struct fixture fixture;
    open_fixture(&fixture);
    notebook_note(fixture.devices, 1, STR("k"), STR("ann"));
    notebook_note(fixture.variations, 1, STR("k"), STR("red"));
    notebook_note(fixture.variations, 1, STR("l"), STR("blue"));
    check_known(fixture.devices, "k", "ann");
    check_known(fixture.devices, "l", NULL);
    save(&fixture, fixture.devices);
    save(&fixture, fixture.variations);
    close_notebooks(&fixture);
    open_notebooks(&fixture);
    check_known(fixture.devices, "k", "ann");
    check_known(fixture.devices, "l", NULL);
    check_known(fixture.variations, "k", "red");
    check_known(fixture.variations, "l", "blue");
    close_fixture(&fixture);
}

TEST(a_repetition_is_news_once_a_day_and_changes_nothing)
{
    struct fixture fixture;
    open_fixture(&fixture);
    notebook_repeat(fixture.variations, 1, STR("k")); /* nothing is known */
    CHECK_INT(fixture.woken, 0);
    notebook_note(fixture.variations, 1, STR("k"), STR("red"));
    save(&fixture, fixture.variations);
    fixture.clock.now_ms += DAY_MS - 1;
    notebook_repeat(fixture.variations, 1, STR("k"));
    CHECK(!notebook_is_pending(fixture.variations));
    fixture.clock.now_ms++;
    notebook_repeat(fixture.variations, 1, STR("k"));
    notebook_repeat(fixture.variations, 1, STR("k"));
    CHECK_INT(notebook_counters_read(fixture.variations).learned, 2);
    save(&fixture, fixture.variations);
    check_known(fixture.variations, "k", "red");
    close_notebooks(&fixture);
    open_notebooks(&fixture);
    notebook_repeat(fixture.variations, 1, STR("k")); /* what was written down is a day younger */
    CHECK(!notebook_is_pending(fixture.variations));
    close_fixture(&fixture);
}

TEST(texts_up_to_the_bound_are_remembered_and_longer_ones_are_not)
{
    struct fixture fixture;
    open_fixture(&fixture);
    char text[NOTE_BYTES_MAX + 1];
    char room[NOTE_BYTES_MAX];
    memset(text, 'x', sizeof(text));
    const struct str longest = {text, NOTE_BYTES_MAX};
    const struct str too_long = {text, NOTE_BYTES_MAX + 1};
    notebook_note(fixture.variations, 1, longest, longest);
    notebook_note(fixture.variations, 1, too_long, STR("v"));
    notebook_note(fixture.variations, 1, STR("k"), too_long);
    notebook_note(fixture.variations, 1, STR(""), STR("v"));
    notebook_note(fixture.variations, 1, STR("l"), STR(""));
    notebook_repeat(fixture.variations, 1, too_long);
    CHECK_STR(notebook_find(fixture.variations, 1, longest, room), longest);
    CHECK(str_is_absent(notebook_find(fixture.variations, 2, longest, room)));
    CHECK(str_is_absent(notebook_find(fixture.variations, 1, too_long, room)));
    CHECK(str_is_absent(notebook_find(fixture.variations, 1, (struct str){0}, room)));
    CHECK_INT(notebook_counters_read(fixture.variations).known, 1);
    close_fixture(&fixture);
}

TESTS(kinds_are_kept_apart_over_a_restart, a_repetition_is_news_once_a_day_and_changes_nothing,
      texts_up_to_the_bound_are_remembered_and_longer_ones_are_not)
