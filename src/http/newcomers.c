/* SPDX-License-Identifier: Apache-2.0 */
/* newcomers - who has just connected waits for a turn: see newcomers.h. */
#include "http/newcomers.h"

#include <assert.h>
#include <stddef.h>

#include "http/connection.h"

/* Half a millisecond or so; a handshake costs a signature, up to a millisecond each. */
enum {
    NEWCOMERS_PER_TURN = 16,
    HANDSHAKES_PER_TURN = 4,
    /* While requests are shed that bounds a turn already, and who has the reserve is found among
     * the newcomers the sooner. */
    NEWCOMERS_PER_TRIED_TURN = 128,
    LATE_MS = 2 * PATIENCE_TURN_MS,
};

static unsigned places(const struct http_loop *loop)
{
    if (loop->wire != NULL)
        return HANDSHAKES_PER_TURN;
    return patience_is_tried(&loop->patience, (int64_t)loop_now_ms(loop)) ? NEWCOMERS_PER_TRIED_TURN
                                                                          : NEWCOMERS_PER_TURN;
}

static struct connection *take_first(struct newcomers *newcomers)
{
    struct connection *connection = newcomers->first;
    newcomers->first = connection->queued_next;
    if (newcomers->first == NULL)
        newcomers->last = NULL;
    connection->queued_next = NULL;
    connection->is_postponed = false;
    return connection;
}

void newcomers_begin_turn(struct http_loop *loop)
{
    struct newcomers *newcomers = &loop->newcomers;
    newcomers->left = places(loop);
    for (; newcomers->first != NULL && newcomers->left > 0; newcomers->left--) {
        struct connection *connection = take_first(newcomers);
        connection->is_admitted = true;
        connection->is_late = (int64_t)loop_now_ms(loop) - connection->postponed_ms > LATE_MS;
        connection_continue_reading(connection);
    }
    if (newcomers->first != NULL) /* the next turn is to come even if none of these has anything */
        uv_async_send(&loop->wake);
}

bool newcomers_admit(struct connection *connection)
{
    struct newcomers *newcomers = &connection_loop(connection)->newcomers;
    if (connection->is_admitted)
        return true;
    if (newcomers->first != NULL || newcomers->left == 0)
        return false;
    newcomers->left--;
    return true;
}

void newcomers_postpone(struct connection *connection)
{
    struct newcomers *newcomers = &connection_loop(connection)->newcomers;
    assert(!connection->is_postponed);
    connection->is_postponed = true;
    connection->postponed_ms = (int64_t)loop_now_ms(connection_loop(connection));
    connection->queued_next = NULL;
    if (newcomers->last != NULL)
        newcomers->last->queued_next = connection;
    else
        newcomers->first = connection;
    newcomers->last = connection;
    connection_continue_reading(connection);
}

void newcomers_forget(struct connection *connection)
{
    struct newcomers *newcomers = &connection_loop(connection)->newcomers;
    struct connection *before = NULL;
    if (!connection->is_postponed)
        return;
    for (struct connection *at = newcomers->first; at != connection; at = at->queued_next)
        before = at;
    if (before == NULL)
        newcomers->first = connection->queued_next;
    else
        before->queued_next = connection->queued_next;
    if (newcomers->last == connection)
        newcomers->last = before;
    connection->is_postponed = false;
}
