/* SPDX-License-Identifier: Apache-2.0 */
/* stream - who follows an environment hears what is new, once, and at last the newest. */
#include <pthread.h>

#include "square.h"

TEST(the_newest_body_comes_at_once_and_each_change_after_it)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    pass_time(square, 1000);
    write_text(square, 1, "three");
    expect(&client, "three for 7\n");
    struct client late = follow(square, "/1/7");
    expect(&late, "three for 7\n");
    expect_silence(square, &client);
    leave(square, &late);
    leave(square, &client);
    struct stream_counters counters = stream_counters_read(square->hub);
    CHECK_INT(counters.opened, 2);
    CHECK_INT(counters.sent, 4);
    CHECK_INT(counters.skipped, 0);
    square_close(square);
}

TEST(a_body_is_rendered_once_for_all_who_follow_it_and_for_nobody_else)
{
    enum { CLIENTS = 20 };
    struct square *square = square_open();
    struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = follow(square, i % 2 == 0 ? "/1/7" : "/1/8");
        expect(&clients[i], i % 2 == 0 ? "one for 7\n" : "one for 8\n");
    }
    struct client other = follow(square, "/2/7");
    expect(&other, "one for 7\n");
    CHECK_INT(atomic_load(&rendered[1]), 2);
    CHECK_INT(atomic_load(&rendered[2]), 1);
    write_text(square, 1, "two");
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], i % 2 == 0 ? "two for 7\n" : "two for 8\n");
    expect_silence(square, &other);
    CHECK_INT(atomic_load(&rendered[1]), 4);
    CHECK_INT(atomic_load(&rendered[2]), 1);
    CHECK_INT(atomic_load(&rendered[3]), 0);
    for (size_t i = 0; i < CLIENTS; i++)
        leave(square, &clients[i]);
    leave(square, &other);
    square_close(square);
}

TEST(a_change_that_alters_nothing_is_not_sent)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "one");
    expect_silence(square, &client);
    pass_time(square, 1000);
    expect_silence(square, &client);
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    leave(square, &client);
    square_close(square);
}

TEST(changes_in_quick_succession_are_taken_together_and_the_last_one_comes)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "first"); /* after a pause: at once */
    expect(&client, "first for 7\n");
    for (int i = 0; i < 50; i++) {
        char text[32];
        snprintf(text, sizeof(text), "number %d", i);
        write_text(square, 1, text);
    }
    expect_silence(square, &client);
    unsigned before = atomic_load(&rendered[1]);
    pass_time(square, 60);
    expect(&client, "number 49 for 7\n");
    CHECK_INT(atomic_load(&rendered[1]), before + 1);
    expect_silence(square, &client);
    leave(square, &client);
    square_close(square);
}

TEST(who_comes_between_a_change_and_its_announcement_hears_it_once)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    gazette_write(&square->gazette, 1, STR("three")); /* visible, not announced yet */
    struct client late = follow(square, "/1/7");
    expect(&late, "three for 7\n");
    expect_silence(square, &client); /* the moment for the others has not come */
    pass_time(square, 1000);
    expect(&client, "three for 7\n");
    expect_silence(square, &late);
    write_text(square, 1, "four");
    pass_time(square, 1000);
    expect(&client, "four for 7\n");
    expect(&late, "four for 7\n");
    leave(square, &late);
    leave(square, &client);
    square_close(square);
}

TEST(more_streams_than_fit_into_one_turn_all_hear_it_on_every_loop)
{
    enum { CLIENTS = 700 };
    struct square *square = square_open_with(test_limits(), 2);
    static struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = follow(square, "/1/7");
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], "one for 7\n");
    CHECK(atomic_load(&rendered[1]) <= 2); /* both loops may have begun at the same moment */
    write_text(square, 1, "two");
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], "two for 7\n");
    CHECK(atomic_load(&rendered[1]) <= 4);
    pass_time(square, 15000);
    for (size_t i = 0; i < CLIENTS; i++)
        expect(&clients[i], "tick\n");
    CHECK_INT(stream_counters_read(square->hub).open, CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    wait_for_open(square, 0);
    square_close(square);
}

TEST(a_heartbeat_comes_after_silence_and_only_then)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    pass_time(square, 13000);
    expect_silence(square, &client);
    pass_time(square, 3000);
    expect(&client, "tick\n");
    for (int i = 0; i < 40; i++) {
        pass_time(square, 15000);
        expect(&client, "tick\n");
    }
    pass_time(square, 10000);
    write_text(square, 1, "two");
    expect(&client, "two for 7\n");
    pass_time(square, 10000); /* something was said meanwhile */
    expect_silence(square, &client);
    pass_time(square, 6000);
    expect(&client, "tick\n");
    CHECK_INT(stream_counters_read(square->hub).heartbeats, 42);
    leave(square, &client);
    square_close(square);
}

/* More than the kernel takes for a reader that does not read. */
static char *large_text(char letter, size_t size)
{
    char *text = malloc(size + 1);
    CHECK(text != NULL);
    memset(text, letter, size);
    text[size] = '\0';
    return text;
}

enum { LARGE = 12 * 1024 * 1024 };

TEST(a_slow_reader_skips_what_it_missed_and_gets_the_newest)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    char *large = large_text('x', LARGE);
    write_text(square, 1, large);
    for (int i = 0; stream_counters_read(square->hub).sent < 2; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    static const char *const later[] = {"two", "three", "four"};
    for (size_t i = 0; i < COUNT_OF(later); i++) {
        struct client quick = follow(square, "/1/7"); /* it is not waited for */
        client_close(&quick);
        write_text(square, 1, later[i]);
        pass_time(square, 100);
        struct client other = client_open(square->site);
        CHECK_INT(client_ask(&other, STR("GET /e HTTP/1.0\r\n\r\n")).status, 200);
        client_close(&other);
    }
    wait_for_open(square, 1);
    for (size_t left = LARGE; left > 0; left--) { /* now it reads */
        if (client_unread(&client).size == 0) {
            client.size = 0;
            client.taken = 0;
            CHECK(client_receive(&client));
        }
        CHECK(client_unread(&client).data[0] == 'x');
        client.taken++;
    }
    expect(&client, " for 7\n");
    expect(&client, "four for 7\n");
    CHECK_INT(stream_counters_read(square->hub).skipped, 2);
    expect_silence(square, &client);
    free(large);
    leave(square, &client);
    square_close(square);
}

TEST(who_takes_too_little_for_too_long_is_cut)
{
    struct square *square = square_open();
    struct client stalled = follow(square, "/1/7");
    struct client brisk = follow(square, "/1/7");
    char *large = large_text('x', LARGE);
    write_text(square, 1, large);
    for (int i = 0; stream_counters_read(square->hub).sent < 4; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    pass_time(square, 9000);
    for (int i = 0; stream_counters_read(square->hub).unsent_bytes <= 64 * 1024; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    CHECK_INT(stream_counters_read(square->hub).open, 2);
    size_t taken = 0; /* the brisk one takes a part, by far not all */
    while (taken < LARGE / 2) {
        CHECK(client_receive(&brisk));
        taken += brisk.size;
        brisk.size = 0;
    }
    pass_time(square, 2000);
    wait_for_open(square, 1);
    CHECK_INT(stream_counters_read(square->hub).cut, 1);
    while (client_receive(&stalled))
        stalled.size = 0;
    client_close(&stalled);
    while (taken < LARGE) {
        CHECK(client_receive(&brisk));
        taken += brisk.size;
        brisk.size = 0;
    }
    CHECK_INT(stream_counters_read(square->hub).cut, 1);
    leave(square, &brisk);
    free(large);
    square_close(square);
}

static void expect_end(struct client *client)
{
    client_expect_end(client);
    client_close(client);
}

TEST(a_stream_ends_with_its_credential)
{
    struct square *square = square_open();
    struct client one = follow(square, "/1/7");
    struct client other = follow(square, "/2/7");
    expect(&one, "one for 7\n");
    expect(&other, "one for 7\n");
    gazette_remove_credential(&square->gazette, STR("key_1"));
    gazette_publish(&square->gazette);
    stream_hub_notify(square->hub);
    expect_end(&one);
    expect_silence(square, &other);
    struct client refused = client_open(square->site);
    CHECK_INT(client_ask(&refused, STR("GET /1/7 HTTP/1.0\r\n\r\n")).status,
              500 + FAULT_UNAUTHENTICATED);
    client_close(&refused);
    leave(square, &other);
    square_close(square);
}

TEST(a_stream_ends_with_its_deployment_and_with_its_time)
{
    struct square *square = square_open();
    struct client archived = follow(square, "/1/7");
    struct client expiring = follow(square, "/2/7");
    struct client lasting = follow(square, "/3/7");
    expect(&archived, "one for 7\n");
    expect(&expiring, "one for 7\n");
    expect(&lasting, "one for 7\n");
    square->gazette.deployments[0].is_archived = true;
    square->gazette.credentials[1].expires_ms = gazette_now(&square->gazette.clock) + 5000;
    gazette_make_catalog(&square->gazette);
    gazette_publish(&square->gazette);
    stream_hub_notify(square->hub);
    expect_end(&archived);
    pass_time(square, 4000);
    expect_silence(square, &expiring);
    pass_time(square, 1000);
    expect_end(&expiring);
    expect_silence(square, &lasting);
    leave(square, &lasting);
    square_close(square);
}

TEST(where_there_is_nothing_to_send_a_stream_does_not_begin_or_ends)
{
    struct square *square = square_open();
    struct client client = follow(square, "/1/7");
    expect(&client, "one for 7\n");
    atomic_store(&renders_nothing, true);
    write_text(square, 1, "two");
    expect_end(&client);
    struct client refused = client_open(square->site);
    CHECK_INT(client_ask(&refused, STR("GET /1/7 HTTP/1.0\r\n\r\n")).status,
              500 + FAULT_UNAVAILABLE);
    client_close(&refused);
    wait_for_open(square, 0);
    CHECK_FAULT(stream_open(NULL, NULL, NULL), FAULT_UNAVAILABLE);
    square_close(square);
}

static void *close_site(void *argument)
{
    struct square *square = argument;
    stream_hub_attach(square->hub, NULL);
    site_close(square->site);
    return NULL;
}

/* Waits until the number of open streams rests within bounds; steps of a drain are 20 ms. */
static void expect_open_between(struct square *square, uint64_t least, uint64_t most)
{
    for (int i = 0; stream_counters_read(square->hub).open > most; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
    usleep(100000);
    CHECK(stream_counters_read(square->hub).open >= least);
}

TEST(streams_end_one_after_the_other_when_the_server_closes)
{
    enum { CLIENTS = 100 };
    struct square *square = square_open_with(test_limits(), 2);
    struct client clients[CLIENTS];
    for (size_t i = 0; i < CLIENTS; i++)
        clients[i] = follow(square, "/1/7");
    wait_for_open(square, CLIENTS);
    pthread_t closer;
    CHECK_INT(pthread_create(&closer, NULL, close_site, square), 0);
    usleep(100000);
    expect_open_between(square, CLIENTS - 4, CLIENTS); /* the clock stands still */
    atomic_fetch_add(&square->gazette.now_ms, 500);
    expect_open_between(square, 70, 75);
    atomic_fetch_add(&square->gazette.now_ms, 500);
    expect_open_between(square, 45, 50);
    atomic_fetch_add(&square->gazette.now_ms, 1000);
    CHECK_INT(pthread_join(closer, NULL), 0);
    for (size_t i = 0; i < CLIENTS; i++) {
        expect(&clients[i], "one for 7\n");
        client_expect_end(&clients[i]);
        client_close(&clients[i]);
    }
    square_free(square);
}

TESTS(the_newest_body_comes_at_once_and_each_change_after_it,
      a_body_is_rendered_once_for_all_who_follow_it_and_for_nobody_else,
      a_change_that_alters_nothing_is_not_sent,
      changes_in_quick_succession_are_taken_together_and_the_last_one_comes,
      who_comes_between_a_change_and_its_announcement_hears_it_once,
      more_streams_than_fit_into_one_turn_all_hear_it_on_every_loop,
      a_heartbeat_comes_after_silence_and_only_then,
      a_slow_reader_skips_what_it_missed_and_gets_the_newest,
      who_takes_too_little_for_too_long_is_cut, a_stream_ends_with_its_credential,
      a_stream_ends_with_its_deployment_and_with_its_time,
      where_there_is_nothing_to_send_a_stream_does_not_begin_or_ends,
      streams_end_one_after_the_other_when_the_server_closes)
