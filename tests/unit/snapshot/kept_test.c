/* SPDX-License-Identifier: Apache-2.0 */
/* Bodies made on demand: one per name, whoever comes first, for as long as anybody holds them. */
#include <pthread.h>

#include "fixture.h"

static struct shared_body *make_body(const char *text)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, str_of(text));
    struct shared_body *body = shared_body_make(&buf);
    CHECK_INT(buf.size, 0);
    CHECK(buf.data == NULL);
    return body;
}

TEST(equal_bodies_have_equal_digests)
{
    random_open();
    struct shared_body *one = make_body("[1,2,3]");
    struct shared_body *same = make_body("[1,2,3]");
    struct shared_body *other = make_body("[1,2,4]");
    struct shared_body *empty = make_body("");
    CHECK(one->digest == same->digest);
    CHECK(one->digest != other->digest);
    CHECK_STR(one->body, STR("[1,2,3]"));
    CHECK_INT(empty->body.size, 0);
    shared_body_release(one);
    shared_body_release(same);
    shared_body_release(other);
    shared_body_release(empty);
}

TEST(the_first_body_under_a_name_is_the_one)
{
    struct snapshot *snapshot = fixture_snapshot(1, 2);
    CHECK(snapshot_find_body(snapshot, 5) == NULL);
    struct shared_body *first = make_body("first");
    CHECK(snapshot_keep_body(snapshot, 5, first) == first);
    struct shared_body *late = make_body("late");
    CHECK(snapshot_keep_body(snapshot, 5, late) == first); /* late is gone */
    CHECK(snapshot_find_body(snapshot, 5) == first);
    for (uint64_t name = 6; name < 200; name++) /* more names than lists */
        snapshot_keep_body(snapshot, name, make_body("another"));
    CHECK(snapshot_find_body(snapshot, 5) == first);
    CHECK_STR(snapshot_find_body(snapshot, 123)->body, STR("another"));
    CHECK(snapshot_find_body(snapshot, 200) == NULL);
    snapshot_release(snapshot);
}

TEST(a_body_that_is_held_outlives_its_snapshot)
{
    struct snapshot *snapshot = fixture_snapshot(1, 2);
    struct shared_body *body = snapshot_keep_body(snapshot, 1, make_body("slow reader"));
    shared_body_acquire(body);
    snapshot_release(snapshot);
    CHECK_STR(body->body, STR("slow reader"));
    shared_body_release(body);
}

/* ---- many at once ------------------------------------------------------------------------- */

enum { KEEPERS = 6, ROUNDS = 200, NAMES = 24 };

struct keeper {
    const struct snapshot *snapshot;
    pthread_barrier_t *start;
    struct shared_body *found[NAMES];
    pthread_t thread;
};

static void *keep_all(void *argument)
{
    struct keeper *keeper = argument;
    pthread_barrier_wait(keeper->start);
    for (uint64_t name = 0; name < NAMES; name++) {
        struct shared_body *body = snapshot_find_body(keeper->snapshot, name);
        if (body == NULL)
            body = snapshot_keep_body(keeper->snapshot, name, make_body("made by whoever"));
        shared_body_acquire(body);
        if (!str_equal(body->body, STR("made by whoever")))
            body = NULL;
        keeper->found[name] = body;
    }
    return NULL;
}

TEST(readers_that_come_together_agree_on_one_body)
{
    for (size_t round = 0; round < ROUNDS; round++) {
        struct snapshot *snapshot = fixture_snapshot(1, 2);
        pthread_barrier_t start;
        pthread_barrier_init(&start, NULL, KEEPERS);
        struct keeper keepers[KEEPERS];
        for (size_t i = 0; i < KEEPERS; i++) {
            keepers[i] = (struct keeper){.snapshot = snapshot, .start = &start};
            pthread_create(&keepers[i].thread, NULL, keep_all, &keepers[i]);
        }
        for (size_t i = 0; i < KEEPERS; i++)
            pthread_join(keepers[i].thread, NULL);
        for (size_t name = 0; name < NAMES; name++) {
            for (size_t i = 0; i < KEEPERS; i++) {
                assert_non_null(keepers[i].found[name]);
                CHECK(keepers[i].found[name] == keepers[0].found[name]);
            }
        }
        snapshot_release(snapshot);
        for (size_t i = 0; i < KEEPERS; i++) {
            for (size_t name = 0; name < NAMES; name++)
                shared_body_release(keepers[i].found[name]);
        }
        pthread_barrier_destroy(&start);
    }
}

TESTS(equal_bodies_have_equal_digests, the_first_body_under_a_name_is_the_one,
      a_body_that_is_held_outlives_its_snapshot, readers_that_come_together_agree_on_one_body)
