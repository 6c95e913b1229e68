/* SPDX-License-Identifier: Apache-2.0 */
/* turns - nobody keeps a loop to himself: not those who come all at once, nor work done in slices.
 */
#include <pthread.h>

#include "client.h"

enum { NEWCOMERS = 300, AHEAD_MAX = 100 };

/* /turn is answered with how many were before; /wait holds the loop until it may go on. */
struct counter {
    _Atomic bool may_go, is_waiting;
    _Atomic unsigned answered;
};

static void count(struct http_request *request, void *context)
{
    struct counter *counter = context;
    if (str_equal(request->path, STR("/wait"))) {
        atomic_store(&counter->is_waiting, true);
        while (!atomic_load(&counter->may_go))
            usleep(1000);
    }
    site_say(request, arena_format(request->arena, "%u", atomic_fetch_add(&counter->answered, 1)));
}

static void wait_for_connections(struct site *site, uint64_t expected)
{
    for (int i = 0; http_counters_read(site->server).connections_open != expected; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static const struct str turn = {"GET /turn HTTP/1.1\r\nHost: a\r\n\r\n", 31};

static uint64_t number_of(struct reply reply)
{
    uint64_t number = 0;
    CHECK_INT(reply.status, 200);
    CHECK(str_parse_u64(reply.body, &number));
    return number;
}

/* A site with somebody who has been here and somebody who holds the loop, and newcomers who have
 * all asked meanwhile. */
struct crowd {
    struct counter counter;
    struct site *site;
    struct client resident, blocker, newcomers[NEWCOMERS];
};

static struct crowd *crowd_gather(void)
{
    struct crowd *crowd = calloc(1, sizeof(struct crowd));
    CHECK(crowd != NULL);
    crowd->site =
        site_open_with(http_limits_default, 1,
                       (struct http_callbacks){.on_request = count, .context = &crowd->counter});
    crowd->resident = client_open(crowd->site);
    crowd->blocker = client_open(crowd->site);
    CHECK_INT(number_of(client_ask(&crowd->resident, turn)), 0);
    CHECK_INT(number_of(client_ask(&crowd->blocker, turn)), 1);
    for (size_t i = 0; i < NEWCOMERS; i++)
        crowd->newcomers[i] = client_open(crowd->site);
    wait_for_connections(crowd->site, NEWCOMERS + 2);
    client_send(&crowd->blocker, STR("GET /wait HTTP/1.1\r\nHost: a\r\n\r\n"));
    while (!atomic_load(&crowd->counter.is_waiting))
        usleep(1000);
    for (size_t i = 0; i < NEWCOMERS; i++)
        client_send(&crowd->newcomers[i], turn);
    return crowd;
}

static void crowd_disperse(struct crowd *crowd)
{
    client_close(&crowd->resident);
    client_close(&crowd->blocker);
    site_close(crowd->site);
    free(crowd);
}

TEST(who_is_here_does_not_wait_for_all_who_come_at_once)
{
    struct crowd *crowd = crowd_gather();
    client_send(&crowd->resident, turn);
    atomic_store(&crowd->counter.may_go, true);
    CHECK(number_of(client_read(&crowd->resident, false)) <= AHEAD_MAX);
    uint64_t before = 2; /* the blocker's */
    for (size_t i = 0; i < NEWCOMERS; i++) {
        uint64_t number = number_of(client_read(&crowd->newcomers[i], false));
        CHECK(number > before); /* in the order in which they came */
        before = number;
        client_close(&crowd->newcomers[i]);
    }
    CHECK_INT(before, NEWCOMERS + 3);
    crowd_disperse(crowd);
}

TEST(newcomers_may_leave_while_they_wait)
{
    struct crowd *crowd = crowd_gather();
    const struct linger at_once = {.l_onoff = 1};
    for (size_t i = 0; i < NEWCOMERS; i += 2) {
        setsockopt(crowd->newcomers[i].descriptor, SOL_SOCKET, SO_LINGER, &at_once,
                   sizeof(at_once));
        client_close(&crowd->newcomers[i]);
    }
    atomic_store(&crowd->counter.may_go, true);
    for (size_t i = 1; i < NEWCOMERS; i += 2) {
        CHECK(number_of(client_read(&crowd->newcomers[i], false)) > 2);
        CHECK(number_of(client_ask(&crowd->newcomers[i], turn)) > 2); /* no newcomer any more */
        client_close(&crowd->newcomers[i]);
    }
    wait_for_connections(crowd->site, 2);
    crowd_disperse(crowd);
}

static void *close_server(void *context)
{
    struct crowd *crowd = context;
    http_close(crowd->site->server);
    return NULL;
}

TEST(newcomers_who_have_asked_are_answered_when_the_server_closes)
{
    struct crowd *crowd = crowd_gather();
    pthread_t closer;
    CHECK_INT(pthread_create(&closer, NULL, close_server, crowd), 0);
    usleep(50000);
    atomic_store(&crowd->counter.may_go, true);
    for (size_t i = 0; i < NEWCOMERS; i++) {
        CHECK(number_of(client_read(&crowd->newcomers[i], false)) > 2);
        client_close(&crowd->newcomers[i]);
    }
    client_close(&crowd->resident);
    client_close(&crowd->blocker);
    CHECK_INT(pthread_join(closer, NULL), 0);
    site_free(crowd->site);
    free(crowd);
}

/* ---- slices ---------------------------------------------------------------------------------- */

struct toiler {
    _Atomic unsigned slices, answered;
};

enum { SLICES_MAX = 100000 };

static void toil(struct http_loop *loop, bool is_draining, void *context)
{
    struct toiler *toiler = context;
    unsigned slices = atomic_fetch_add(&toiler->slices, 1);
    if (!is_draining && slices < SLICES_MAX && atomic_load(&toiler->answered) < 10)
        http_wake_after(loop, 0);
}

static void toiler_answer(struct http_request *request, void *context)
{
    struct toiler *toiler = context;
    atomic_fetch_add(&toiler->answered, 1);
    site_say(request, STR("here"));
}

TEST(who_asks_for_the_next_turn_in_every_turn_lets_others_have_theirs)
{
    struct toiler toiler = {0};
    struct site *site = site_open_with(
        http_limits_default, 1,
        (struct http_callbacks){.on_wake = toil, .on_request = toiler_answer, .context = &toiler});
    struct client client = client_open(site);
    CHECK_INT(client_ask(&client, turn).status, 200);
    http_wake(site->server);
    for (int i = 0; i < 9; i++)
        CHECK_INT(client_ask(&client, turn).status, 200);
    CHECK(atomic_load(&toiler.slices) < SLICES_MAX);
    client_close(&client);
    site_close(site);
}

TESTS(who_is_here_does_not_wait_for_all_who_come_at_once, newcomers_may_leave_while_they_wait,
      newcomers_who_have_asked_are_answered_when_the_server_closes,
      who_asks_for_the_next_turn_in_every_turn_lets_others_have_theirs)
