/* SPDX-License-Identifier: Apache-2.0 */
/* An outcome is new once a day, whoever asks; what is posted is stored without making anyone wait.
 */
#include "ingest/assignments.h"

#include <pthread.h>
#include <stdatomic.h>

#include "scratch.h"
#include "test.h"

#include "base/memory.h"

static void wake(void *context)
{
    (void)context;
}

struct fixture {
    struct ingest *ingest;
    struct assignments *assignments;
};

static void open_fixture(struct fixture *fixture)
{
    fixture->ingest = ingest_open(NULL, 1 << 20, wake, NULL);
    fixture->assignments = assignments_open(fixture->ingest);
}

static void close_fixture(struct fixture *fixture)
{
    assignments_close(fixture->assignments);
    ingest_close(fixture->ingest);
}

/* A digest as a hash would give it. */
static uint64_t digest_of(uint64_t number)
{
    uint64_t value = (number + 1) * 0x9E3779B97F4A7C15u;
    value = (value ^ value >> 29) * 0xBF58476D1CE4E5B9u;
    return value ^ value >> 32;
}

TEST(an_outcome_is_new_once_a_day)
{
    struct fixture fixture;
    open_fixture(&fixture);
    struct assignments *assignments = fixture.assignments;
    static const uint64_t digests[] = {0, 1, 2, UINT64_MAX, 0x8000000000000000u, 77};
    for (int64_t day = 20000; day < 20003; day++) {
        for (size_t i = 0; i < COUNT_OF(digests); i++)
            CHECK(assignments_is_new(assignments, digests[i], day));
        for (size_t i = 0; i < COUNT_OF(digests); i++)
            CHECK(!assignments_is_new(assignments, digests[i], day));
    }
    CHECK(!assignments_is_new(assignments, 77, 20001)); /* around midnight days may mingle */
    close_fixture(&fixture);
}

TEST(a_day_of_any_number_is_a_day)
{
    static const int64_t days[] = {0, 1, 32767, 32768, 65535, 65536 + 2, -1};
    struct fixture fixture;
    open_fixture(&fixture);
    for (size_t i = 0; i < COUNT_OF(days); i++) {
        CHECK(assignments_is_new(fixture.assignments, digest_of(i), days[i]));
        CHECK(!assignments_is_new(fixture.assignments, digest_of(i), days[i]));
    }
    close_fixture(&fixture);
}

static size_t count_new(struct assignments *assignments, size_t count, int64_t day)
{
    size_t fresh = 0;
    for (size_t i = 0; i < count; i++)
        fresh += assignments_is_new(assignments, digest_of(i), day);
    return fresh;
}

TEST(half_of_what_may_be_remembered_is_remembered_and_yesterday_gives_way)
{
    enum { COUNT = ASSIGNMENTS_REMEMBERED_MAX / 2 };
    struct fixture fixture;
    open_fixture(&fixture);
    for (int64_t day = 20000; day < 20004; day++) {
        CHECK_INT(count_new(fixture.assignments, COUNT, day), COUNT);
        size_t again = count_new(fixture.assignments, COUNT, day);
        print_message("%zu of %d counted as new again\n", again, (int)COUNT);
        CHECK(again < COUNT / 20); /* buckets fill by chance */
    }
    close_fixture(&fixture);
}

TEST(more_than_can_be_remembered_counts_as_new_again)
{
    enum { COUNT = ASSIGNMENTS_REMEMBERED_MAX * 2 };
    struct fixture fixture;
    open_fixture(&fixture);
    CHECK_INT(count_new(fixture.assignments, COUNT, 20000), COUNT);
    CHECK(count_new(fixture.assignments, COUNT, 20000) > COUNT / 4);
    close_fixture(&fixture);
}

/* ---- threads -----------------------------------------------------------------------------------
 */

enum { THREADS = 4, OFFERED = 20000, EVENTS = 200 };

struct offering {
    struct assignments *assignments;
    _Atomic uint8_t *fresh; /* how often each was new */
    size_t first;
};

/* All in the same order but each from a place of its own, so that they meet again and again. */
static void *offer_all(void *argument)
{
    struct offering *offering = argument;
    for (size_t i = 0; i < OFFERED; i++) {
        size_t number = (offering->first + i) % OFFERED;
        if (assignments_is_new(offering->assignments, digest_of(number), 20000))
            offering->fresh[number]++;
    }
    return NULL;
}

TEST(of_several_threads_one_is_told)
{
    struct fixture fixture;
    open_fixture(&fixture);
    pthread_t threads[THREADS];
    struct offering offerings[THREADS];
    _Atomic uint8_t *fresh = MEMORY_NEW_ARRAY(_Atomic uint8_t, OFFERED);
    for (size_t i = 0; i < THREADS; i++) {
        offerings[i] = (struct offering){fixture.assignments, fresh, i * 3};
        CHECK_INT(pthread_create(&threads[i], NULL, offer_all, &offerings[i]), 0);
    }
    for (size_t i = 0; i < THREADS; i++)
        CHECK_INT(pthread_join(threads[i], NULL), 0);
    size_t twice = 0;
    for (size_t i = 0; i < OFFERED; i++) {
        CHECK(fresh[i] >= 1);
        twice += fresh[i] > 1;
    }
    CHECK_INT(twice, 0); /* no bucket runs over with so few */
    memory_free((void *)fresh);
    close_fixture(&fixture);
}

/* ---- posting -----------------------------------------------------------------------------------
 */

struct store_fixture {
    struct scratch scratch;
    struct store *writer;
    struct ingest *ingest;
    struct assignments *assignments;
    _Atomic int woken;
};

static void count_wake(void *context)
{
    ((struct store_fixture *)context)->woken++;
}

static void open_store_fixture(struct store_fixture *fixture, size_t queue_bytes_max)
{
    struct store *reader = NULL;
    CHECK(scratch_open(&fixture->scratch));
    CHECK_OK(store_open(&fixture->writer, scratch_path(&fixture->scratch), STORE_WRITER));
    CHECK_OK(store_open(&reader, scratch_path(&fixture->scratch), STORE_READER));
    fixture->ingest = ingest_open(reader, queue_bytes_max, count_wake, fixture);
    fixture->assignments = assignments_open(fixture->ingest);
    fixture->woken = 0;
}

static void close_store_fixture(struct store_fixture *fixture)
{
    assignments_close(fixture->assignments);
    ingest_close(fixture->ingest);
    store_close(fixture->writer);
    scratch_close(&fixture->scratch);
}

static struct event_row event(struct str id)
{
    return (struct event_row){.environment = 1,
                              .event_id = id,
                              .kind = STR("assignment"),
                              .flag_key = STR("checkout"),
                              .variation = STR("on"),
                              .subject_id = STR("ann"),
                              .document = STR("{}")};
}

struct posting {
    struct store_fixture *fixture;
    int thread;
    size_t posted;
};

static void *post_all(void *argument)
{
    struct posting *posting = argument;
    for (int i = 0; i < EVENTS; i++) {
        char ids[2][32];
        snprintf(ids[0], sizeof(ids[0]), "own-%d-%d", posting->thread, i);
        snprintf(ids[1], sizeof(ids[1]), "same-%d", i);
        const struct event_row events[] = {event(str_of(ids[0])), event(str_of(ids[1]))};
        posting->posted += assignments_post(posting->fixture->assignments, events, 2) ? 2 : 0;
    }
    return NULL;
}

TEST(many_threads_post_while_the_writer_stores)
{
    struct store_fixture fixture;
    open_store_fixture(&fixture, 16 << 20);
    pthread_t threads[THREADS];
    struct posting postings[THREADS];
    for (int i = 0; i < THREADS; i++) {
        postings[i] = (struct posting){&fixture, i, 0};
        CHECK_INT(pthread_create(&threads[i], NULL, post_all, &postings[i]), 0);
    }
    for (int i = 0; i < 20; i++)
        ingest_store_batch(fixture.ingest, fixture.writer, 50);
    size_t posted = 0;
    for (size_t i = 0; i < THREADS; i++) {
        CHECK_INT(pthread_join(threads[i], NULL), 0);
        posted += postings[i].posted;
    }
    CHECK_INT(posted, THREADS * EVENTS * 2);
    while (ingest_store_batch(fixture.ingest, fixture.writer, 100) > 0)
        ;
    struct ingest_counters counters = ingest_counters_read(fixture.ingest);
    CHECK_INT(counters.accepted, posted);
    CHECK_INT(counters.stored, THREADS * EVENTS + EVENTS);
    CHECK_INT(counters.duplicates, (THREADS - 1) * EVENTS);
    CHECK_INT(counters.queued_bytes, 0);
    CHECK_INT(counters.queued_count, 0);
    CHECK_INT(counters.dropped, 0);
    CHECK(fixture.woken > 0);
    close_store_fixture(&fixture);
}

TESTS(an_outcome_is_new_once_a_day, a_day_of_any_number_is_a_day,
      half_of_what_may_be_remembered_is_remembered_and_yesterday_gives_way,
      more_than_can_be_remembered_counts_as_new_again, of_several_threads_one_is_told,
      many_threads_post_while_the_writer_stores)
