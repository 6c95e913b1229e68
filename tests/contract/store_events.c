/* SPDX-License-Identifier: Apache-2.0 */
/* Events are stored once each; quota use adds up. */
#include "store_contract.h"

static struct event_row event(uint64_t environment, const char *id)
{
    return (struct event_row){.environment = environment,
                              .event_id = str_of(id),
                              .kind = STR("exposure"),
                              .flag_key = STR("checkout"),
                              .variation = STR("on"),
                              .subject_id = STR("ユーザー"),
                              .version = 3,
                              .at_ms = lab_now_ms,
                              .received_ms = lab_now_ms + 1,
                              .document = STR("{}")};
}

TEST(an_event_is_stored_once)
{
    struct lab lab;
    lab_open(&lab);
    const struct event_row first[] = {event(1, "e1"), event(1, "e2"), event(1, "e1")};
    const struct event_row second[] = {event(1, "e2"), event(2, "e2"), event(1, "e3")};
    size_t stored = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_events(lab.store, first, COUNT_OF(first), &stored));
    CHECK_INT(stored, 2);
    CHECK_OK(store_commit(lab.store));
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_events(lab.store, second, COUNT_OF(second), &stored));
    CHECK_INT(stored, 2);
    CHECK_OK(store_insert_events(lab.store, NULL, 0, &stored));
    CHECK_INT(stored, 0);
    CHECK_OK(store_commit(lab.store));
    lab_close(&lab);
}

TEST(a_stored_event_is_known_in_its_environment)
{
    struct lab lab;
    lab_open(&lab);
    struct event_row bare = event(1, "bare");
    bare.flag_key = bare.variation = bare.subject_id = (struct str){0};
    const struct event_row events[] = {event(1, "e1"), bare};
    size_t stored = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_events(lab.store, events, COUNT_OF(events), &stored));
    CHECK_INT(stored, 2);
    CHECK_OK(store_commit(lab.store));

    struct store *reader = NULL;
    CHECK_OK(store_open(&reader, lab_place(), STORE_READER));
    bool has = false;
    CHECK_OK(store_has_event(reader, 1, STR("e1"), &has));
    CHECK(has);
    CHECK_OK(store_has_event(reader, 1, STR("bare"), &has));
    CHECK(has);
    CHECK_OK(store_has_event(reader, 2, STR("e1"), &has));
    CHECK(!has);
    CHECK_OK(store_has_event(reader, 1, STR("e"), &has));
    CHECK(!has);
    store_close(reader);
    lab_close(&lab);
}

TEST(a_large_batch_of_events_is_stored)
{
    struct lab lab;
    lab_open(&lab);
    enum { COUNT = 2000 };
    struct event_row *events = ARENA_NEW_ARRAY(&lab.arena, struct event_row, COUNT);
    for (size_t i = 0; i < COUNT; i++) {
        events[i] = event(1, "");
        events[i].event_id = arena_format(&lab.arena, "e%zu", i * 3 % COUNT);
    }
    size_t stored = 0;
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_insert_events(lab.store, events, COUNT, &stored));
    CHECK_INT(stored, COUNT); /* 3 and 2000 share no factor: all are different */
    CHECK_OK(store_commit(lab.store));
    lab_close(&lab);
}

TEST(quota_use_adds_up_by_environment_and_month)
{
    struct lab lab;
    lab_open(&lab);
    CHECK_OK(store_begin(lab.store));
    CHECK_OK(store_add_quota_use(lab.store, 2, 202601, 5));
    CHECK_OK(store_add_quota_use(lab.store, 1, 202601, 10));
    CHECK_OK(store_add_quota_use(lab.store, 2, 202601, 7));
    CHECK_OK(store_add_quota_use(lab.store, 1, 202602, 1));
    CHECK_OK(store_commit(lab.store));
    lab_reopen(&lab);
    struct quota_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_quota_use(lab.store, &lab.arena, 202601, &rows, &count));
    CHECK_INT(count, 2);
    CHECK_INT(rows[0].environment, 1);
    CHECK_INT(rows[0].used, 10);
    CHECK_INT(rows[1].environment, 2);
    CHECK_INT(rows[1].month, 202601);
    CHECK_INT(rows[1].used, 12);
    CHECK_OK(store_load_quota_use(lab.store, &lab.arena, 202603, &rows, &count));
    CHECK_INT(count, 0);
    lab_close(&lab);
}

#define STORE_CONTRACT_EVENTS                                                                      \
    an_event_is_stored_once, a_stored_event_is_known_in_its_environment,                           \
        a_large_batch_of_events_is_stored, quota_use_adds_up_by_environment_and_month
