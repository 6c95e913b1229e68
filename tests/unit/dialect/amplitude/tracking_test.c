/* SPDX-License-Identifier: Apache-2.0 */
/* Reported events as rows, and what is refused: amplitude-evaluation.md 8. */
#include "dialect/amplitude/tracking.h"

#include <string.h>

#include "base/random.h"
#include "dialect/amplitude/assignment.h"

#include "test.h"

static struct str find_subject(struct str user_id, struct str device_id, void *context)
{
    (void)context;
    return user_id.size > 0 ? user_id : device_id;
}

static void open(struct tracking *tracking, struct arena *arena)
{
    random_open();
    arena_open(arena, 4096);
    *tracking = (struct tracking){
        .arena = arena,
        .environment = 7,
        .now_ms = 1746000000000,
        .find_subject = find_subject,
    };
}

static struct fault add(struct tracking *tracking, const char *text)
{
    struct json json;
    CHECK_OK(json_parse(tracking->arena, str_of(text), &json_budget_default, &json));
    return tracking_add(tracking, &json);
}

TEST(an_assignment_is_a_row_per_flag_with_and_without_the_prefix)
{
    struct arena arena;
    struct tracking tracking;
    open(&tracking, &arena);
    CHECK_OK(add(&tracking, "{\"event_type\":\"[Experiment] Assignment\",\"user_id\":\"u-1\","
                            "\"device_id\":\"d-1\",\"time\":1745999999999,"
                            "\"event_properties\":{\"button-colour.variant\":\"treatment\","
                            "\"button-colour.details\":\"v12 rule:Nordics\","
                            "\"[Experiment] new-checkout.variant\":\"off\","
                            "\"[Experiment] new-checkout.details\":\"v4 rule:All Other Users\"},"
                            "\"user_properties\":{\"$set\":{\"secret\":\"x\"}},"
                            "\"insert_id\":\"u-1 d-1 7 20210\"}"));
    CHECK_INT(tracking.row_count, 2);
    const struct event_row *row = &tracking.rows[0];
    CHECK_INT(row->environment, 7);
    CHECK_STR(row->kind, STR("assignment"));
    CHECK_STR(row->event_id, STR("u-1 d-1 7 20210 button-colour"));
    CHECK_STR(row->flag_key, STR("button-colour"));
    CHECK_STR(row->variation, STR("treatment"));
    CHECK_STR(row->subject_id, STR("u-1"));
    CHECK(row->at_ms == 1745999999999);
    CHECK(row->received_ms == 1746000000000);
    CHECK_STR(row->document,
              STR("{\"device_id\":\"d-1\",\"event_properties\":{"
                  "\"button-colour.details\":\"v12 rule:Nordics\","
                  "\"button-colour.variant\":\"treatment\"},"
                  "\"event_type\":\"[Experiment] Assignment\",\"insert_id\":\"u-1 d-1 7 20210\","
                  "\"time\":1745999999999,\"user_id\":\"u-1\"}"));
    CHECK_STR(tracking.rows[1].flag_key, STR("new-checkout"));
    CHECK_STR(tracking.rows[1].variation, STR("off"));
    arena_close(&arena);
}

TEST(exposures_come_in_two_spellings)
{
    static const char *const events[] = {
        "{\"event_type\":\"$exposure\",\"device_id\":\"d\",\"insert_id\":\"i\","
        "\"event_properties\":{\"flag_key\":\"f\",\"variant\":\"on\",\"metadata\":{\"a\":1}}}",
        "{\"event_type\":\"[Experiment] Exposure\",\"user_id\":null,\"device_id\":\"d\","
        "\"insert_id\":\"i\",\"event_properties\":{\"[Experiment] Flag Key\":\"f\","
        "\"[Experiment] Variant\":\"on\"}}",
        "{\"event_type\":\"[Experiment] Exposure\",\"device_id\":\"d\",\"insert_id\":\"i\","
        "\"event_properties\":{\"[Experiment] flag_key\":\"f\",\"Variant\":\"on\"}}",
    };
    struct arena arena;
    struct tracking tracking;
    open(&tracking, &arena);
    for (size_t i = 0; i < COUNT_OF(events); i++) {
        CHECK_OK(add(&tracking, events[i]));
        const struct event_row *row = &tracking.rows[i];
        CHECK_STR(row->kind, STR("exposure"));
        CHECK_STR(row->event_id, STR("i f"));
        CHECK_STR(row->flag_key, STR("f"));
        CHECK_STR(row->variation, STR("on"));
        CHECK_STR(row->subject_id, STR("d"));
    }
    CHECK_OK(add(&tracking, "{\"event_type\":\"$exposure\",\"device_id\":\"d\","
                            "\"event_properties\":{\"flag_key\":\"f\"}}"));
    CHECK_STR(tracking.rows[3].variation, STR(""));
    CHECK_FAULT(add(&tracking, "{\"event_type\":\"$exposure\",\"device_id\":\"d\"}"),
                FAULT_INVALID);
    arena_close(&arena);
}

TEST(other_events_are_outcomes_without_what_is_personal)
{
    struct arena arena;
    struct tracking tracking;
    open(&tracking, &arena);
    CHECK_OK(add(&tracking,
                 "{\"event_type\":\"bought\",\"user_id\":\"u\",\"revenue\":2.5,"
                 "\"ip\":\"198.51.100.1\",\"user_properties\":{\"mail\":\"x@y\"},"
                 "\"event_properties\":{\"sku\":9},\"insert_id\":\"i-1\",\"city\":\"Oslo\"}"));
    CHECK_STR(tracking.rows[0].kind, STR("outcome"));
    CHECK_STR(tracking.rows[0].event_id, STR("i-1"));
    CHECK_STR(tracking.rows[0].flag_key, STR(""));
    CHECK(tracking.rows[0].at_ms == tracking.now_ms);
    CHECK_STR(tracking.rows[0].document,
              STR("{\"event_properties\":{\"sku\":9},\"event_type\":\"bought\","
                  "\"insert_id\":\"i-1\",\"revenue\":2.5,\"user_id\":\"u\"}"));
    arena_close(&arena);
}

TEST(without_an_insert_id_every_event_is_its_own)
{
    struct arena arena;
    struct tracking tracking;
    open(&tracking, &arena);
    CHECK_OK(add(&tracking, "{\"event_type\":\"a\",\"user_id\":\"u\"}"));
    CHECK_OK(add(&tracking, "{\"event_type\":\"a\",\"user_id\":\"u\"}"));
    CHECK(!str_equal(tracking.rows[0].event_id, tracking.rows[1].event_id));
    arena_close(&arena);
}

TEST(wrong_events_are_refused_by_member)
{
    static const struct {
        const char *event, *where;
    } rows[] = {
        {"5", "events"},
        {"{\"user_id\":\"u\"}", "event_type"},
        {"{\"event_type\":\"\",\"user_id\":\"u\"}", "event_type"},
        {"{\"event_type\":5,\"user_id\":\"u\"}", "event_type"},
        {"{\"event_type\":\"a\"}", "user_id"},
        {"{\"event_type\":\"a\",\"user_id\":\"\",\"device_id\":null}", "user_id"},
        {"{\"event_type\":\"a\",\"user_id\":7}", "user_id"},
        {"{\"event_type\":\"a\",\"user_id\":\"u\",\"time\":\"soon\"}", "time"},
        {"{\"event_type\":\"a\",\"user_id\":\"u\",\"time\":-1}", "time"},
        {"{\"event_type\":\"a\",\"user_id\":\"u\",\"event_properties\":[]}", "event_properties"},
        {"{\"event_type\":\"a\",\"user_id\":\"u\",\"insert_id\":5}", "insert_id"},
        {"{\"event_type\":\"[Experiment] Assignment\",\"user_id\":\"u\","
         "\"event_properties\":{\"f.variant\":5}}",
         "event_properties"},
    };
    struct arena arena;
    struct tracking tracking;
    open(&tracking, &arena);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct fault fault = add(&tracking, rows[i].event);
        CHECK_FAULT(fault, FAULT_INVALID);
        CHECK_STR(fault.where, str_of(rows[i].where));
        CHECK_INT(tracking.row_count, 0);
    }
    arena_close(&arena);
}

TEST(documents_and_rows_are_bounded)
{
    struct arena arena;
    struct tracking tracking;
    open(&tracking, &arena);
    char *filler = arena_allocate(&arena, 20001);
    memset(filler, 'x', 20000);
    struct str large = arena_format(&arena,
                                    "{\"event_type\":\"a\",\"user_id\":\"u\","
                                    "\"event_properties\":{\"a\":\"%s\"}}",
                                    filler);
    CHECK_FAULT(add(&tracking, large.data), FAULT_INVALID);
    tracking.row_count = ROWS_PER_CALL_MAX;
    CHECK_FAULT(add(&tracking, "{\"event_type\":\"a\",\"user_id\":\"u\"}"), FAULT_LIMIT);
    arena_close(&arena);
}

/* As java.lang.String.hashCode; beyond U+FFFF it sees two units. */
/* One event about many flags repeats what they share in each row: a small body, much to keep. */
TEST(what_one_call_makes_of_little_is_bounded)
{
    struct arena arena;
    struct tracking tracking;
    struct buf text;
    open(&tracking, &arena);
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{\"event_type\":\"[Experiment] Assignment\",\"user_id\":\"u\","
                          "\"insert_id\":\"i\",\"groups\":{\"g\":\""));
    for (int i = 0; i < 15000; i++)
        buf_append_byte(&text, 'g');
    buf_append(&text, STR("\"},\"event_properties\":{\"f0.variant\":\"on\""));
    for (int i = 1; i < 900; i++)
        buf_append_format(&text, ",\"f%d.variant\":\"on\"", i);
    buf_append(&text, STR("}}"));
    struct json event;
    CHECK_OK(json_parse(&arena, buf_str(&text), &json_budget_default, &event));
    CHECK_OK(tracking_add(&tracking, &event));
    CHECK_INT(tracking.row_count, 900);
    struct fault fault = tracking_add(&tracking, &event);
    CHECK_INT(fault.kind, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("events"));
    buf_close(&text);
    arena_close(&arena);
}

TEST(the_text_hash_is_javas)
{
    CHECK_INT(hash_java(0, STR("")), 0);
    CHECK_INT(hash_java(0, STR("hello")), 99162322);
    CHECK_INT(hash_java(0, STR("u-1 d-1 button-colour treatment new-checkout off ")), 1128330270);
    CHECK_INT(hash_java(0, STR("gr\xc3\xbc\xc3\x9f")), 3186062);
    CHECK_INT(hash_java(0, STR("\xf0\x9f\x98\x80")), 1772899);
    CHECK_INT(hash_java(hash_java(0, STR("hel")), STR("lo")), 99162322);
}

TESTS(an_assignment_is_a_row_per_flag_with_and_without_the_prefix, exposures_come_in_two_spellings,
      other_events_are_outcomes_without_what_is_personal,
      without_an_insert_id_every_event_is_its_own, wrong_events_are_refused_by_member,
      documents_and_rows_are_bounded, what_one_call_makes_of_little_is_bounded,
      the_text_hash_is_javas)
