/* SPDX-License-Identifier: Apache-2.0 */
/* Events: named once, kept within a bound, stored in batches. */
#include "ingest/ingest.h"

#include "scratch.h"
#include "test.h"

struct fixture {
    struct scratch scratch;
    struct store *writer;
    struct ingest *ingest;
    size_t woken;
};

static void wake(void *context)
{
    ((struct fixture *)context)->woken++;
}

static void open_fixture(struct fixture *fixture, size_t queue_bytes_max)
{
    memset(fixture, 0, sizeof(*fixture));
    assert_true(scratch_open(&fixture->scratch));
    struct store *reader = NULL;
    CHECK_OK(store_open(&fixture->writer, scratch_path(&fixture->scratch), STORE_WRITER));
    CHECK_OK(store_begin(fixture->writer));
    const struct user_row user = {STR("user_1"), STR("o@localhost"), ROLE_OWNER, 1};
    CHECK_OK(store_insert_user(fixture->writer, &user));
    const struct app_row app = {STR("app_1"), STR("shop"), STR("user_1"), false, 1};
    CHECK_OK(store_insert_app(fixture->writer, &app));
    for (size_t i = 0; i < 2; i++) {
        const struct environment_row environment = {
            .id = i == 0 ? STR("env_1") : STR("env_2"),
            .app_id = STR("app_1"),
            .name = i == 0 ? STR("one") : STR("two"),
            .created_ms = 1,
        };
        uint64_t number = 0;
        CHECK_OK(store_insert_environment(fixture->writer, &environment, &number));
    }
    CHECK_OK(store_commit(fixture->writer));
    CHECK_OK(store_open(&reader, scratch_path(&fixture->scratch), STORE_READER));
    fixture->ingest = ingest_open(reader, queue_bytes_max, wake, fixture);
}

static void close_fixture(struct fixture *fixture)
{
    ingest_close(fixture->ingest);
    store_close(fixture->writer);
    scratch_close(&fixture->scratch);
}

static struct event_row event(uint64_t environment, struct str id)
{
    return (struct event_row){
        .environment = environment,
        .event_id = id,
        .kind = STR("exposure"),
        .flag_key = STR("dark-mode"),
        .variation = STR("on"),
        .subject_id = STR("psn_AAAABBBBCCCCDDDD"),
        .version = 1,
        .at_ms = 2,
        .received_ms = 3,
        .document = STR("{}"),
    };
}

static enum offer_result offer_one(struct fixture *fixture, struct event_row row)
{
    enum offer_result result = OFFER_DUPLICATE;
    CHECK_OK(ingest_offer(fixture->ingest, &row, 1, &result));
    return result;
}

TEST(an_event_is_named_by_its_environment_and_id)
{
    struct fixture fixture;
    open_fixture(&fixture, 1 << 20);
    CHECK_INT(offer_one(&fixture, event(1, STR("e1"))), OFFER_ACCEPTED);
    CHECK_INT(offer_one(&fixture, event(1, STR("e1"))), OFFER_DUPLICATE); /* still queued */
    CHECK_INT(offer_one(&fixture, event(2, STR("e1"))), OFFER_ACCEPTED);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    CHECK_INT(offer_one(&fixture, event(1, STR("e1"))), OFFER_DUPLICATE); /* stored by now */
    struct ingest_counters counters = ingest_counters_read(fixture.ingest);
    CHECK_INT(counters.accepted, 2);
    CHECK_INT(counters.duplicates, 2);
    CHECK_INT(counters.stored, 2);
    CHECK_INT(counters.queued_bytes, 0);
    CHECK(fixture.woken > 0);
    close_fixture(&fixture);
}

TEST(a_batch_answers_in_order_and_knows_its_own_repeats)
{
    struct fixture fixture;
    open_fixture(&fixture, 1 << 20);
    CHECK_INT(offer_one(&fixture, event(1, STR("old"))), OFFER_ACCEPTED);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    const struct event_row events[] = {event(1, STR("new")), event(1, STR("old")),
                                       event(1, STR("new")), event(1, STR("newer"))};
    enum offer_result results[4];
    CHECK_OK(ingest_offer(fixture.ingest, events, 4, results));
    CHECK_INT(results[0], OFFER_ACCEPTED);
    CHECK_INT(results[1], OFFER_DUPLICATE);
    CHECK_INT(results[2], OFFER_DUPLICATE);
    CHECK_INT(results[3], OFFER_ACCEPTED);
    CHECK_INT(ingest_counters_read(fixture.ingest).queued_count, 2);
    close_fixture(&fixture);
}

TEST(batches_are_taken_oldest_first_and_within_their_size)
{
    struct fixture fixture;
    open_fixture(&fixture, 1 << 20);
    struct arena arena;
    arena_open(&arena, 256);
    for (int i = 0; i < 5; i++)
        CHECK_INT(offer_one(&fixture, event(1, arena_format(&arena, "e%d", i))), OFFER_ACCEPTED);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 2), 3);
    bool has = false;
    CHECK_OK(store_has_event(fixture.writer, 1, STR("e1"), &has));
    CHECK(has);
    CHECK_OK(store_has_event(fixture.writer, 1, STR("e2"), &has));
    CHECK(!has);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    arena_close(&arena);
    close_fixture(&fixture);
}

TEST(a_full_queue_refuses_the_whole_call_and_keeps_nothing_of_it)
{
    struct fixture fixture;
    open_fixture(&fixture, 1000);
    size_t accepted = 0;
    struct arena arena;
    arena_open(&arena, 256);
    struct fault fault = fault_none();
    enum offer_result result;
    while (!failed(fault)) {
        struct event_row row = event(1, arena_format(&arena, "e%zu", accepted));
        fault = ingest_offer(fixture.ingest, &row, 1, &result);
        accepted += failed(fault) ? 0 : 1;
    }
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK(accepted > 0);
    struct ingest_counters counters = ingest_counters_read(fixture.ingest);
    CHECK(counters.queued_bytes <= 1000);
    CHECK_INT(counters.queued_count, accepted);
    CHECK_INT(counters.refused, 1);
    /* Room again once they are stored; the refused one was not remembered as seen. */
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    struct event_row row = event(1, arena_format(&arena, "e%zu", accepted));
    CHECK_INT(offer_one(&fixture, row), OFFER_ACCEPTED);
    arena_close(&arena);
    close_fixture(&fixture);
}

/* ---- posting ----------------------------------------------------------------------------------
 */

TEST(what_is_posted_is_stored_in_order_and_only_if_it_is_new)
{
    struct fixture fixture;
    open_fixture(&fixture, 1 << 20);
    CHECK_INT(offer_one(&fixture, event(1, STR("e0"))), OFFER_ACCEPTED);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    size_t woken = fixture.woken;
    const struct event_row first[] = {event(1, STR("e1")), event(1, STR("e2"))};
    const struct event_row second[] = {event(1, STR("e3")), event(1, STR("e0")),
                                       event(1, STR("e1")), event(1, STR("e4"))};
    CHECK(ingest_post(fixture.ingest, first, 2));
    CHECK(ingest_post(fixture.ingest, second, 4));
    CHECK(ingest_post(fixture.ingest, NULL, 0));
    CHECK_INT(fixture.woken, woken + 1); /* the first says so for all */
    CHECK_INT(ingest_counters_read(fixture.ingest).queued_count, 6);

    static const char *const ids[] = {"e1", "e2", "e3"};
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 3), 3);
    bool has = false;
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        CHECK_OK(store_has_event(fixture.writer, 1, str_of(ids[i]), &has));
        CHECK(has);
    }
    CHECK_OK(store_has_event(fixture.writer, 1, STR("e4"), &has));
    CHECK(!has);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    struct ingest_counters counters = ingest_counters_read(fixture.ingest);
    CHECK_INT(counters.accepted, 7);
    CHECK_INT(counters.stored, 5);
    CHECK_INT(counters.duplicates, 2);
    CHECK_INT(counters.queued_bytes, 0);
    close_fixture(&fixture);
}

TEST(posts_stop_at_half_of_the_queue_and_drop_whole_batches)
{
    struct fixture fixture;
    open_fixture(&fixture, 3000);
    struct arena arena;
    arena_open(&arena, 256);
    size_t posted = 0;
    struct event_row row = event(1, STR("p0"));
    while (ingest_post(fixture.ingest, &row, 1))
        row.event_id = arena_format(&arena, "p%zu", ++posted);
    CHECK(posted > 1);
    struct ingest_counters counters = ingest_counters_read(fixture.ingest);
    CHECK(counters.queued_bytes <= 1500);
    CHECK_INT(counters.queued_count, posted);
    CHECK_INT(counters.dropped, 1);
    CHECK_INT(offer_one(&fixture, event(1, STR("o1"))), OFFER_ACCEPTED); /* has the other half */
    const struct event_row batch[] = {event(1, STR("b1")), event(1, STR("b2"))};
    CHECK(!ingest_post(fixture.ingest, batch, 2));
    CHECK_INT(ingest_counters_read(fixture.ingest).dropped, 3);
    CHECK_INT(ingest_store_batch(fixture.ingest, fixture.writer, 100), 0);
    bool has = true;
    CHECK_OK(store_has_event(fixture.writer, 1, STR("b1"), &has));
    CHECK(!has);
    CHECK(ingest_post(fixture.ingest, batch, 2)); /* room again */
    arena_close(&arena);
    close_fixture(&fixture); /* with what was not stored */
}

TEST(nothing_is_posted_when_the_store_is_away)
{
    struct fixture fixture;
    open_fixture(&fixture, 1 << 20);
    struct event_row row = event(1, STR("e1"));
    struct ingest *away = ingest_open(NULL, 1 << 20, wake, &fixture);
    CHECK(!ingest_post(away, &row, 1));
    CHECK_INT(ingest_counters_read(away).dropped, 1);
    ingest_close(away);
    ingest_shut(fixture.ingest);
    CHECK(!ingest_post(fixture.ingest, &row, 1));
    enum offer_result result;
    CHECK_FAULT(ingest_offer(fixture.ingest, &row, 1, &result), FAULT_UNAVAILABLE);
    close_fixture(&fixture);
}

TESTS(an_event_is_named_by_its_environment_and_id,
      a_batch_answers_in_order_and_knows_its_own_repeats,
      batches_are_taken_oldest_first_and_within_their_size,
      a_full_queue_refuses_the_whole_call_and_keeps_nothing_of_it,
      what_is_posted_is_stored_in_order_and_only_if_it_is_new,
      posts_stop_at_half_of_the_queue_and_drop_whole_batches,
      nothing_is_posted_when_the_store_is_away)
