/* SPDX-License-Identifier: Apache-2.0 */
/* Members of cohorts, stored once; notes, the newest of each key. */
#include <sodium.h>

#include "store_contract.h"

static void put_members(struct lab *lab, struct str bytes, unsigned char digest[32])
{
    crypto_hash_sha256(digest, (const unsigned char *)bytes.data, bytes.size);
    CHECK_OK(store_begin(lab->store));
    CHECK_OK(store_put_members(lab->store, digest, bytes));
    CHECK_OK(store_commit(lab->store));
}

TEST(members_are_stored_once_and_come_back_whole)
{
    struct lab lab;
    lab_open(&lab);
    enum { LARGE = 3 << 20 };
    char *text = arena_allocate(&lab.arena, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        text[i] = (char)(i * 31 % 256); /* any bytes, zeros among them */
    const struct str bodies[] = {{text, LARGE}, {text, 1}, {"", 0}};
    unsigned char digests[COUNT_OF(bodies)][32];
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < COUNT_OF(bodies); i++)
            put_members(&lab, bodies[i], digests[i]);
    }
    lab_reopen(&lab);
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct str bytes = {0};
        CHECK_OK(store_load_members(lab.store, &lab.arena, digests[i], &bytes));
        CHECK(str_equal(bytes, bodies[i]));
        CHECK(!str_is_absent(bytes));
    }
    static const unsigned char nobody[32] = {1};
    struct str bytes = STR("x");
    CHECK_FAULT(store_load_members(lab.store, &lab.arena, nobody, &bytes), FAULT_MISSING);
    CHECK(str_is_absent(bytes));
    lab_close(&lab);
}

TEST(members_that_lost_a_bit_are_not_served)
{
    struct lab lab;
    lab_open(&lab);
    unsigned char digest[32];
    put_members(&lab, STR("\x01\x02\x03"), digest);
    store_close(lab.store);
    lab_tamper("UPDATE cohort_members SET bytes = x'010203ff'");
    CHECK_OK(store_open(&lab.store, lab_place(), STORE_WRITER));
    struct str bytes = {0};
    CHECK_FAULT(store_load_members(lab.store, &lab.arena, digest, &bytes), FAULT_UNAVAILABLE);
    lab_close(&lab);
}

/* ---- notes ----------------------------------------------------------------------------------- */

static void put(struct lab *lab, enum note_kind kind, const struct note_row *rows, size_t count)
{
    CHECK_OK(store_begin(lab->store));
    CHECK_OK(store_put_notes(lab->store, kind, rows, count));
    CHECK_OK(store_commit(lab->store));
}

static struct str notes_text(struct lab *lab, enum note_kind kind, size_t limit)
{
    struct note_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_notes(lab->store, &lab->arena, kind, limit, &rows, &count));
    struct str text = STR("");
    for (size_t i = 0; i < count; i++)
        text = arena_format(&lab->arena, "%.*s%s%d/%.*s=%.*s@%d", STR_ARG(text), i == 0 ? "" : " ",
                            (int)rows[i].environment, STR_ARG(rows[i].key), STR_ARG(rows[i].value),
                            (int)rows[i].at_ms);
    return text;
}

TEST(the_newest_note_of_a_key_counts)
{
    struct lab lab;
    lab_open(&lab);
    const struct note_row first[] = {{1, STR("d1"), STR("ann"), 10},
                                     {1, STR("d2"), STR("ann"), 20},
                                     {2, STR("d1"), STR("cyd"), 15}};
    const struct note_row second[] = {{1, STR("d1"), STR("bob"), 30},
                                      {1, STR("d2"), STR("late"), 19},
                                      {2, STR("d1"), STR("dan"), 15}};
    put(&lab, NOTE_DEVICE, first, COUNT_OF(first));
    put(&lab, NOTE_DEVICE, second, COUNT_OF(second));
    put(&lab, NOTE_DEVICE, NULL, 0);
    lab_reopen(&lab);
    CHECK_STR(notes_text(&lab, NOTE_DEVICE, 9), STR("1/d1=bob@30 1/d2=ann@20 2/d1=dan@15"));
    CHECK_STR(notes_text(&lab, NOTE_DEVICE, 2), STR("1/d1=bob@30 1/d2=ann@20"));
    CHECK_STR(notes_text(&lab, NOTE_DEVICE, 0), STR(""));
    lab_close(&lab);
}

TEST(notes_of_one_kind_know_nothing_of_the_other)
{
    struct lab lab;
    lab_open(&lab);
    const struct note_row device = {1, STR("k"), STR("ann"), 10};
    const struct note_row variation = {1, STR("k"), STR("red"), 5};
    put(&lab, NOTE_DEVICE, &device, 1);
    put(&lab, NOTE_VARIATION, &variation, 1);
    lab_reopen(&lab);
    CHECK_STR(notes_text(&lab, NOTE_DEVICE, 9), STR("1/k=ann@10"));
    CHECK_STR(notes_text(&lab, NOTE_VARIATION, 9), STR("1/k=red@5"));
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_trim_notes(lab.store, NOTE_DEVICE, 0));
    CHECK_OK(store_trim_notes(lab.store, NOTE_VARIATION, 1));
    CHECK_OK(store_commit(lab.store));
    CHECK_STR(notes_text(&lab, NOTE_DEVICE, 9), STR(""));
    CHECK_STR(notes_text(&lab, NOTE_VARIATION, 9), STR("1/k=red@5"));
    lab_close(&lab);
}

TEST(notes_are_trimmed_to_the_newest)
{
    struct lab lab;
    lab_open(&lab);
    const struct note_row rows[] = {{1, STR("a"), STR("u"), 10},
                                    {1, STR("b"), STR("u"), 20},
                                    {1, STR("c"), STR("u"), 20},
                                    {1, STR("d"), STR("u"), 30},
                                    {2, STR("e"), STR("u"), 40}};
    put(&lab, NOTE_DEVICE, rows, COUNT_OF(rows));
    static const struct {
        size_t kept;
        const char *left;
    } steps[] = {{9, "2/e=u@40 1/d=u@30 1/c=u@20 1/b=u@20 1/a=u@10"},
                 {5, "2/e=u@40 1/d=u@30 1/c=u@20 1/b=u@20 1/a=u@10"},
                 {3, "2/e=u@40 1/d=u@30 1/c=u@20 1/b=u@20"}, /* no telling c and b apart */
                 {1, "2/e=u@40"},
                 {0, ""}};
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        CHECK_OK(store_begin(lab.store));
        CHECK_OK(store_trim_notes(lab.store, NOTE_DEVICE, steps[i].kept));
        CHECK_OK(store_commit(lab.store));
        CHECK_STR(notes_text(&lab, NOTE_DEVICE, 9), str_of(steps[i].left));
    }
    lab_close(&lab);
}

#define STORE_CONTRACT_AUDIENCE                                                                    \
    members_are_stored_once_and_come_back_whole, members_that_lost_a_bit_are_not_served,           \
        the_newest_note_of_a_key_counts, notes_of_one_kind_know_nothing_of_the_other,              \
        notes_are_trimmed_to_the_newest
