/* SPDX-License-Identifier: Apache-2.0 */
/* What is made on demand, and what things take in memory: annexes, what readers ask for, revisions
 * of just their size, views that are freed where there is time. */
#include <string.h>

#include "fixture.h"

struct note {
    struct annex annex;
    struct str text;
};

static struct note *make_note(const char *text)
{
    struct note *note = annex_make(sizeof(*note), strlen(text) + 1);
    note->text = arena_copy_str(&note->annex.arena, str_of(text));
    return note;
}

TEST(an_annex_is_made_once_and_kept_for_all)
{
    struct snapshot *snapshot = fixture_snapshot(1, 2);
    CHECK(annex_find(&snapshot->annexes[1]) == NULL);
    const struct note *first = annex_keep(&snapshot->annexes[1], make_note("first"));
    CHECK_STR(first->text, STR("first"));
    CHECK(annex_keep(&snapshot->annexes[1], make_note("late")) == first);
    CHECK(annex_find(&snapshot->annexes[1]) == first);
    CHECK(annex_find(&snapshot->annexes[0]) == NULL);
    snapshot_release(snapshot); /* and the annex with it: the leak checker's to say */
}

TEST(an_annex_may_outgrow_its_estimate)
{
    struct note *note = annex_make(sizeof(*note), 0);
    for (size_t i = 0; i < 100; i++)
        note->text = arena_copy_str(&note->annex.arena, STR("as long as it takes"));
    struct snapshot *snapshot = fixture_snapshot(1, 2);
    struct flag_revision *revision = snapshot_find_flag(snapshot, STR("greeting"));
    const struct note *kept = annex_keep(&revision->annexes[2], note);
    CHECK_STR(kept->text, STR("as long as it takes"));
    snapshot_release(snapshot);
}

TEST(what_was_asked_of_a_version_is_expected_of_the_next)
{
    struct snapshot *last = fixture_snapshot(1, 2);
    struct snapshot *next = fixture_snapshot(2, 2);
    CHECK(!snapshot_is_asked(last, 1 << 1));
    snapshot_note_asked(last, 1 << 1);
    snapshot_note_asked(last, SNAPSHOT_BODIES_ASKED);
    snapshot_note_asked(last, 1 << 1);
    CHECK(snapshot_is_asked(last, 1 << 1));
    CHECK(!snapshot_is_asked(last, 1 << 2));
    CHECK(!snapshot_is_asked(next, 1 << 1));
    snapshot_expect(next, last);
    CHECK(snapshot_is_asked(next, 1 << 1));
    CHECK(snapshot_is_asked(next, SNAPSHOT_BODIES_ASKED));
    CHECK(!snapshot_is_asked(next, SNAPSHOT_BODIES_ASKED << 1));
    snapshot_release(next);
    snapshot_release(last);
}

/* Thousands of them are held for as long as the server runs: no chunk is half empty. */
TEST(a_revision_takes_one_chunk_of_its_own_size)
{
    struct snapshot *snapshot = fixture_snapshot(1, 2);
    size_t bytes = 0;
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        const struct arena *arena = &snapshot->flags[i]->arena;
        CHECK(arena_used_bytes(arena) > sizeof(struct flag_revision));
        CHECK(arena->total_bytes <= arena_used_bytes(arena) + (size_t)4 * ARENA_ALIGNMENT);
        bytes += arena->total_bytes;
    }
    CHECK_INT(snapshot_document_bytes(snapshot), bytes);
    snapshot_release(snapshot);
}

TEST(a_view_nobody_holds_is_freed_by_the_sweep_alone)
{
    struct view_slot *slot = view_slot_open();
    struct view *first = fixture_view(1, 2);
    struct snapshot *snapshot = first->snapshots[0];
    snapshot_acquire(snapshot);
    view_publish(slot, first);
    struct view_reader reader = {.slot = slot};
    view_reader_refresh(&reader);
    view_publish(slot, fixture_view(2, 2));
    CHECK_INT(atomic_load(&snapshot->references), 2); /* the reader's view, and the test */
    view_slot_sweep(slot);
    CHECK_INT(atomic_load(&snapshot->references), 2);
    view_reader_refresh(&reader);
    CHECK_INT(atomic_load(&snapshot->references), 2); /* let go of, not freed on this thread */
    view_slot_sweep(slot);
    CHECK_INT(atomic_load(&snapshot->references), 1);
    view_slot_sweep(slot);
    snapshot_release(snapshot);
    view_reader_close(&reader);
    view_slot_close(slot);
}

TESTS(an_annex_is_made_once_and_kept_for_all, an_annex_may_outgrow_its_estimate,
      what_was_asked_of_a_version_is_expected_of_the_next,
      a_revision_takes_one_chunk_of_its_own_size, a_view_nobody_holds_is_freed_by_the_sweep_alone)
