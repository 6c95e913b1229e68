/* SPDX-License-Identifier: Apache-2.0 */
/* A cohort answers as the plain list of its ids would, however it came about. */
#include <time.h>

#include "base/map.h"
#include "model/cohort.h"

#include "fixture.h"

static const struct cohort_members *members_of(const struct str *ids, size_t count)
{
    struct cohort_builder *builder = cohort_builder_open();
    for (size_t i = 0; i < count; i++)
        CHECK_OK(cohort_builder_add(builder, ids[i]));
    struct cohort_members *members = NULL;
    CHECK_OK(cohort_builder_finish(builder, &members));
    return members;
}

static bool has(const struct cohort_members *members, struct str id)
{
    struct cohort cohort = {.id = STR("c"), .members = members};
    return cohort_has(&cohort, id);
}

static struct buf encode(const struct cohort_members *members)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    cohort_members_encode(members, &buf);
    CHECK(!buf_failed(&buf));
    return buf;
}

TEST(members_are_sorted_and_there_once)
{
    const struct str ids[] = {STR("b"), STR("a"), STR("\xc3\xa9"), STR("ab"), STR("b"), STR("A")};
    const struct str sorted[] = {STR("A"), STR("a"), STR("ab"), STR("b"), STR("\xc3\xa9")};
    const struct cohort_members *members = members_of(ids, COUNT_OF(ids));
    CHECK_INT(cohort_members_count(members), COUNT_OF(sorted));
    for (size_t i = 0; i < COUNT_OF(sorted); i++) {
        CHECK_STR(cohort_member_at(members, i), sorted[i]);
        CHECK(has(members, sorted[i]));
    }
    CHECK(!has(members, STR("B")));
    CHECK(!has(members, STR("")));
    CHECK(!has(members, STR("abc")));
    cohort_members_release(members);
}

TEST(nobody_is_in_an_empty_cohort)
{
    const struct cohort_members *members = members_of(NULL, 0);
    CHECK_INT(cohort_members_count(members), 0);
    CHECK(!has(members, STR("a")));
    CHECK(!has(NULL, STR("a")));
    struct buf bytes = encode(members);
    struct cohort_members *again = NULL;
    CHECK_OK(cohort_members_decode(buf_str(&bytes), &again));
    CHECK_INT(cohort_members_count(again), 0);
    buf_close(&bytes);
    cohort_members_release(again);
    cohort_members_release(members);
}

TEST(a_member_is_a_short_text)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct cohort_builder *builder = cohort_builder_open();
    struct str longest = fixture_repeat(&arena, 'x', COHORT_MEMBER_BYTES_MAX);
    CHECK_OK(cohort_builder_add(builder, longest));
    CHECK_FAULT(cohort_builder_add(builder, fixture_repeat(&arena, 'x', longest.size + 1)),
                FAULT_INVALID);
    CHECK_FAULT(cohort_builder_add(builder, STR("")), FAULT_INVALID);
    CHECK_FAULT(cohort_builder_add(builder, STR("caf\xe9")), FAULT_INVALID);
    cohort_builder_abandon(builder);
    arena_close(&arena);
}

TEST(members_live_as_long_as_somebody_holds_them)
{
    const struct str ids[] = {STR("a")};
    const struct cohort_members *members = members_of(ids, 1);
    cohort_members_acquire(members);
    cohort_members_release(members);
    CHECK(has(members, STR("a")));
    cohort_members_release(members);
    cohort_members_release(NULL);
}

/* ---- against an oracle ---------------------------------------------------------------------- */

struct dice {
    uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (uint32_t)((dice->state * 0x2545F4914F6CDD1DULL) >> 32) % sides;
}

/* Short texts over few letters, so that they repeat and share beginnings. */
static struct str some_id(struct dice *dice, struct arena *arena)
{
    const char *const letters[] = {"a", "b", "\xc3\xa9", "\xc3\xa8", "\xf0\x9f\x9a\x80", "-"};
    struct str id = STR("");
    size_t length = 1 + roll(dice, 5);
    for (size_t i = 0; i < length; i++)
        id = arena_format(arena, "%.*s%s", STR_ARG(id), letters[roll(dice, COUNT_OF(letters))]);
    return id;
}

static void check_same(const struct cohort_members *members, const struct map *oracle)
{
    CHECK_INT(cohort_members_count(members), oracle->count);
    for (size_t i = 0; i < oracle->count; i++) {
        struct str id = cohort_member_at(members, i);
        CHECK(map_find(oracle, id) != MAP_ABSENT);
        CHECK(i == 0 || str_compare(cohort_member_at(members, i - 1), id) < 0);
    }
}

static void check_round_trip(const struct cohort_members *members, const struct map *oracle)
{
    struct buf bytes = encode(members);
    struct cohort_members *again = NULL;
    CHECK_OK(cohort_members_decode(buf_str(&bytes), &again));
    check_same(again, oracle);
    struct buf bytes_again = encode(again);
    CHECK_STR(buf_str(&bytes_again), buf_str(&bytes));
    buf_close(&bytes_again);
    buf_close(&bytes);
    cohort_members_release(again);
}

TEST(any_cohort_answers_as_its_list_would)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct dice dice = {20250101};
    for (size_t round = 0; round < 300; round++) {
        struct map oracle;
        map_open(&oracle, &arena, 16);
        struct cohort_builder *builder = cohort_builder_open();
        size_t count = roll(&dice, round % 10 == 0 ? 3000 : 60);
        for (size_t i = 0; i < count; i++) {
            struct str id = some_id(&dice, &arena);
            map_insert(&oracle, id, 0);
            CHECK_OK(cohort_builder_add(builder, id));
        }
        struct cohort_members *members = NULL;
        CHECK_OK(cohort_builder_finish(builder, &members));
        check_same(members, &oracle);
        for (size_t i = 0; i < 200; i++) {
            struct str id = some_id(&dice, &arena);
            CHECK(has(members, id) == (map_find(&oracle, id) != MAP_ABSENT));
        }
        check_round_trip(members, &oracle);
        cohort_members_release(members);
        arena_reset(&arena);
    }
    arena_close(&arena);
}

/* ---- damage --------------------------------------------------------------------------------- */

/* zlib keeps a checksum, so a changed byte anywhere behind the head is found out; in the head it
 * contradicts what follows. */
TEST(damaged_bytes_are_refused)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct dice dice = {7};
    struct str ids[50];
    for (size_t i = 0; i < COUNT_OF(ids); i++)
        ids[i] = some_id(&dice, &arena);
    const struct cohort_members *members = members_of(ids, COUNT_OF(ids));
    struct buf bytes = encode(members);
    struct cohort_members *again = NULL;
    for (size_t i = 0; i < bytes.size; i++) {
        char *copy = arena_copy(&arena, bytes.data, bytes.size);
        copy[i] ^= (char)(1 + roll(&dice, 255));
        struct fault fault = cohort_members_decode((struct str){copy, bytes.size}, &again);
        CHECK(failed(fault) == (again == NULL));
        if (failed(fault))
            continue;
        /* Only the compressor's own remarks about itself may differ. */
        struct buf same = encode(again);
        CHECK_STR(buf_str(&same), buf_str(&bytes));
        buf_close(&same);
        cohort_members_release(again);
    }
    for (size_t size = 0; size < bytes.size; size++)
        CHECK_FAULT(cohort_members_decode(str_slice(buf_str(&bytes), 0, size), &again),
                    FAULT_INVALID);
    buf_append_byte(&bytes, 0);
    CHECK_FAULT(cohort_members_decode(buf_str(&bytes), &again), FAULT_INVALID);
    buf_close(&bytes);
    cohort_members_release(members);
    arena_close(&arena);
}

/* ---- a million ------------------------------------------------------------------------------ */

static double seconds_since(const struct timespec *begin)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - begin->tv_sec) + (double)(now.tv_nsec - begin->tv_nsec) / 1e9;
}

/* Scattered over the range, so that they do not come in order. */
static struct str nth_id(size_t i, char text[32])
{
    int size = snprintf(text, 32, "user-%07zu", i * 7919 % 9999991);
    return (struct str){text, (size_t)size};
}

static void build_a_million(const struct cohort_members **members)
{
    struct cohort_builder *builder = cohort_builder_open();
    char text[32];
    for (size_t i = 0; i < COHORT_MEMBERS_MAX; i++)
        CHECK_OK(cohort_builder_add(builder, nth_id(i, text)));
    CHECK_OK(cohort_builder_add(builder, nth_id(17, text))); /* there already */
    CHECK_FAULT(cohort_builder_add(builder, nth_id(COHORT_MEMBERS_MAX, text)), FAULT_LIMIT);
    struct cohort_members *built = NULL;
    CHECK_OK(cohort_builder_finish(builder, &built));
    *members = built;
}

/* Bounds are wide: they are to tell linear from worse, on a busy machine and under sanitizers. */
TEST(a_million_members_are_built_asked_and_stored_in_bounded_time_and_memory)
{
    enum { ID_BYTES = 12, BUILD_SECONDS_MAX = 30, ASK_SECONDS_MAX = 15, CODE_SECONDS_MAX = 30 };
    struct timespec begin;
    char text[32];
    const struct cohort_members *members = NULL;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    build_a_million(&members);
    double built = seconds_since(&begin);
    size_t overhead = cohort_members_bytes(members) - (size_t)COHORT_MEMBERS_MAX * ID_BYTES;
    CHECK_INT(cohort_members_count(members), COHORT_MEMBERS_MAX);
    CHECK(overhead <= (size_t)COHORT_MEMBERS_MAX * 10 + 1024);

    clock_gettime(CLOCK_MONOTONIC, &begin);
    for (size_t i = 0; i < 2 * (size_t)COHORT_MEMBERS_MAX; i++)
        CHECK(has(members, nth_id(i, text)) == (i < COHORT_MEMBERS_MAX));
    double asked = seconds_since(&begin);

    clock_gettime(CLOCK_MONOTONIC, &begin);
    struct buf bytes = encode(members);
    double encoded = seconds_since(&begin);
    clock_gettime(CLOCK_MONOTONIC, &begin);
    struct cohort_members *again = NULL;
    CHECK_OK(cohort_members_decode(buf_str(&bytes), &again));
    double decoded = seconds_since(&begin);
    CHECK_INT(cohort_members_count(again), COHORT_MEMBERS_MAX);
    printf("1000000 members: built in %.2f s, 2000000 asked in %.2f s, encoded in %.2f s to %zu "
           "bytes, decoded in %.2f s, %.1f bytes each beside the text\n",
           built, asked, encoded, bytes.size, decoded, (double)overhead / COHORT_MEMBERS_MAX);
    CHECK(built < BUILD_SECONDS_MAX);
    CHECK(asked < ASK_SECONDS_MAX);
    CHECK(encoded + decoded < CODE_SECONDS_MAX);
    CHECK(bytes.size < (size_t)COHORT_MEMBERS_MAX * ID_BYTES / 2);
    buf_close(&bytes);
    cohort_members_release(again);
    cohort_members_release(members);
}

TESTS(members_are_sorted_and_there_once, nobody_is_in_an_empty_cohort, a_member_is_a_short_text,
      members_live_as_long_as_somebody_holds_them, any_cohort_answers_as_its_list_would,
      damaged_bytes_are_refused,
      a_million_members_are_built_asked_and_stored_in_bounded_time_and_memory)
