/* SPDX-License-Identifier: Apache-2.0 */
/* events - an event stream is understood however its bytes are cut. */
#include "client/events.h"

#include <string.h>

#include "test.h"

struct heard {
    struct buf text;
    size_t wanted; /* no more than these; 0: all */
    size_t count;
};

static bool hear(const struct event *event, void *user)
{
    struct heard *heard = user;
    buf_append_format(&heard->text, "[%.*s|%.*s|%.*s]", STR_ARG(event->id), STR_ARG(event->name),
                      STR_ARG(event->data));
    return ++heard->count != heard->wanted;
}

/* What is heard of a stream that comes in pieces of that size. */
static void check(const char *stream, size_t piece_bytes, const char *expected)
{
    struct heard heard = {0};
    struct events events;
    struct str all = str_of(stream);
    buf_open(&heard.text, SIZE_MAX);
    events_open(&events, hear, &heard);
    for (size_t from = 0; from < all.size; from += piece_bytes)
        CHECK(events_take(&events, str_slice(all, from, from + piece_bytes)));
    CHECK_STR(buf_str(&heard.text), str_of(expected));
    events_close(&events);
    buf_close(&heard.text);
}

static void check_all_cuts(const char *stream, const char *expected)
{
    for (size_t bytes = 1; bytes <= str_of(stream).size; bytes++)
        check(stream, bytes, expected);
}

TEST(fields_make_an_event)
{
    check_all_cuts("id: 7\nevent: version\ndata: {\"a\":1}\n\n", "[7|version|{\"a\":1}]");
    check_all_cuts("data:one\ndata: two\ndata\n\n", "[|message|one\ntwo\n]");
}

TEST(lines_end_in_any_way)
{
    check_all_cuts("data: a\r\n\r\ndata: b\r\rdata: c\n\n", "[|message|a][|message|b][|message|c]");
}

TEST(comments_and_unknown_fields_are_passed_over)
{
    check_all_cuts(": ping\n\nretry: 5\nnonsense\n\ndata:  x\n\n", "[|message| x]");
}

TEST(an_id_holds_until_there_is_another)
{
    check_all_cuts("id: 1\ndata: a\n\ndata: b\n\nid\ndata: c\n\n",
                   "[1|message|a][1|message|b][|message|c]");
}

TEST(an_event_without_data_is_none)
{
    check_all_cuts("event: version\nid: 3\n\ndata: a\n\n", "[3|message|a]");
}

TEST(what_is_unfinished_is_forgotten_with_its_connection)
{
    struct heard heard = {0};
    struct events events;
    buf_open(&heard.text, SIZE_MAX);
    events_open(&events, hear, &heard);
    CHECK(events_take(&events, STR("id: 1\ndata: a\n\nevent: b\ndata: lost\nda")));
    events_restart(&events);
    CHECK(events_take(&events, STR("data: c\n\n")));
    CHECK_STR(buf_str(&heard.text), STR("[1|message|a][1|message|c]"));
    events_close(&events);
    buf_close(&heard.text);
}

TEST(who_has_enough_hears_no_more)
{
    struct heard heard = {.wanted = 1};
    struct events events;
    buf_open(&heard.text, SIZE_MAX);
    events_open(&events, hear, &heard);
    CHECK(!events_take(&events, STR("data: a\n\ndata: b\n\n")));
    CHECK(heard.count == 1);
    events_close(&events);
    buf_close(&heard.text);
}

TEST(an_endless_line_is_refused)
{
    struct heard heard = {0};
    struct events events;
    char piece[4096];
    bool goes_on = true;
    size_t taken = 0;
    memset(piece, 'x', sizeof(piece));
    buf_open(&heard.text, SIZE_MAX);
    events_open(&events, hear, &heard);
    for (; goes_on && taken < 1024; taken++)
        goes_on = events_take(&events, (struct str){piece, sizeof(piece)});
    CHECK(!goes_on);
    CHECK(taken <= 257);
    CHECK(heard.count == 0);
    events_close(&events);
    buf_close(&heard.text);
}

TESTS(fields_make_an_event, lines_end_in_any_way, comments_and_unknown_fields_are_passed_over,
      an_id_holds_until_there_is_another, an_event_without_data_is_none,
      what_is_unfinished_is_forgotten_with_its_connection, who_has_enough_hears_no_more,
      an_endless_line_is_refused)
