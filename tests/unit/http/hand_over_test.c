/* SPDX-License-Identifier: Apache-2.0 */
/* hand_over - a server goes, its listening sockets stay, and the next one is let in by them. */
#include <pthread.h>

#include "client.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

enum { LOOPS = 2, SOCKETS_MAX = 8 };

/* The next server on sockets of the one before. */
static struct site *succeed(const int *listeners, size_t count, unsigned loop_count)
{
    struct site *site = calloc(1, sizeof(struct site));
    CHECK(site != NULL);
    site->limits = http_limits_default;
    struct http_callbacks callbacks = site_callbacks;
    callbacks.context = site;
    const struct http_config config = {
        .listeners = listeners,
        .listener_count = count,
        .loop_count = loop_count,
        .limits = http_limits_default,
        .callbacks = callbacks,
    };
    CHECK_OK(http_open(&site->server, &config));
    http_start(site->server);
    return site;
}

static void *site_close_server(void *argument)
{
    struct site *site = argument;
    http_close(site->server);
    return NULL;
}

TEST(who_is_retired_still_lets_in_and_says_that_it_closes)
{
    struct site *site = site_open(http_limits_default, LOOPS);
    struct client kept = client_open(site);
    struct reply reply = client_ask(&kept, STR(GET("/e")));
    CHECK(str_is_absent(reply_header(&reply, "Connection")));
    http_retire(site->server);
    usleep(20000);
    reply = client_ask(&kept, STR(GET("/e")));
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&kept);
    client_close(&kept);
    struct client fresh = client_open(site);
    reply = client_ask(&fresh, STR(GET("/e")));
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&fresh);
    client_close(&fresh);
    site_close(site);
}

TEST(who_connects_in_between_is_answered_by_the_successor)
{
    struct site *site = site_open(http_limits_default, LOOPS);
    uint16_t port = http_port(site->server);
    int sockets[SOCKETS_MAX];
    CHECK_INT(http_keep_listeners(site->server, sockets, SOCKETS_MAX), LOOPS);
    http_close(site->server);

    struct client waiting[20]; /* connected, as far as they can tell */
    for (size_t i = 0; i < COUNT_OF(waiting); i++) {
        waiting[i] = client_open_to(port);
        client_send(&waiting[i], STR(GET("/e")));
    }
    struct site *next = succeed(sockets, LOOPS, LOOPS);
    CHECK_INT(http_port(next->server), port);
    for (size_t i = 0; i < COUNT_OF(waiting); i++) {
        CHECK_STR(client_read(&waiting[i], false).body, STR("GET /e? []"));
        client_close(&waiting[i]);
    }
    site_close(next);
    site_free(site);
}

TEST(fewer_sockets_are_shared_and_more_make_more_loops)
{
    struct site *site = site_open(http_limits_default, LOOPS);
    int sockets[SOCKETS_MAX];
    CHECK_INT(http_keep_listeners(site->server, sockets, SOCKETS_MAX), LOOPS);
    http_close(site->server);
    struct site *one = succeed(sockets, LOOPS, 1); /* a socket without a loop would hang clients */
    for (int i = 0; i < 40; i++) {
        struct client client = client_open(one);
        CHECK_INT(client_ask(&client, STR(GET("/e"))).status, 200);
        client_close(&client);
    }
    CHECK_INT(http_keep_listeners(one->server, sockets, SOCKETS_MAX), LOOPS);
    http_close(one->server);
    struct site *four = succeed(sockets, LOOPS, 4);
    for (int i = 0; i < 40; i++) {
        struct client client = client_open(four);
        CHECK_INT(client_ask(&client, STR(GET("/e"))).status, 200);
        client_close(&client);
    }
    site_close(four);
    site_free(one);
    site_free(site);
}

TEST(what_does_not_listen_is_refused_and_closed)
{
    int stranger = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct http_server *server = NULL;
    const struct http_config config = {
        .listeners = &stranger,
        .listener_count = 1,
        .loop_count = 1,
        .limits = http_limits_default,
        .callbacks = site_callbacks,
    };
    CHECK_FAULT(http_open(&server, &config), FAULT_INVALID);
    CHECK_INT(close(stranger), -1);
}

/* Who is silent since a moment ago may have a request on the way; who has been for long, has not.
 */
TEST(a_silent_newcomer_is_waited_for_a_moment)
{
    struct site *site = site_open(http_limits_default, 1);
    struct client served = client_open(site);
    CHECK_INT(client_ask(&served, STR(GET("/e"))).status, 200);
    struct client fresh = client_open(site);
    while (http_counters_read(site->server).connections_open < 2)
        usleep(1000);
    int sockets[SOCKETS_MAX];
    CHECK_INT(http_keep_listeners(site->server, sockets, SOCKETS_MAX), 1);
    pthread_t closer;
    CHECK_INT(pthread_create(&closer, NULL, site_close_server, site), 0);
    client_expect_end(&served);
    struct reply reply = client_ask(&fresh, STR(GET("/e")));
    CHECK_INT(reply.status, 200);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&fresh);
    pthread_join(closer, NULL);
    client_close(&served);
    client_close(&fresh);
    close(sockets[0]);
    site_free(site);
}

TEST(a_loop_that_hangs_is_silent)
{
    struct site *site = site_open(http_limits_default, LOOPS);
    http_silent_loops(site->server);
    usleep(50000);
    CHECK_INT(http_silent_loops(site->server), 0);
    struct client client = client_open(site);
    client_send(&client, STR(GET("/hang")));
    while (atomic_load(&site->works_begun) == 0)
        usleep(1000);
    http_silent_loops(site->server);
    usleep(50000);
    CHECK_INT(http_silent_loops(site->server), 1);
    atomic_store(&site->may_finish, true);
    CHECK_INT(client_read(&client, false).status, 200);
    usleep(50000);
    CHECK_INT(http_silent_loops(site->server), 0);
    client_close(&client);
    site_close(site);
}

TESTS(who_is_retired_still_lets_in_and_says_that_it_closes,
      who_connects_in_between_is_answered_by_the_successor,
      fewer_sockets_are_shared_and_more_make_more_loops, what_does_not_listen_is_refused_and_closed,
      a_silent_newcomer_is_waited_for_a_moment, a_loop_that_hangs_is_silent)
