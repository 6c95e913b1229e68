/* SPDX-License-Identifier: Apache-2.0 */
/*
 * patience - who has waited too long for a turn hears at once that there is none.
 *
 * A loop deals with all that is ready in one turn, so what is read late in a long turn has waited
 * for as long. A long turn alone says nothing: a burst is worked off, and a machine can stand still
 * under a server. When turns have been long and crowded for ALARM_MS without a short one between
 * them, more is asked than can be answered, and from then on what is read beyond TURN_MS of a turn
 * is shed: refused before it is looked at, for a 503 costs as much as a small answer and the useful
 * ones are to have the time. Control traffic has a reserve beyond that.
 *
 * Who was shed is not read for REST_MS (connection.c), so that callers who ask again at once do not
 * fill the turns with refusals; what they sent meanwhile has waited too long already, and is shed
 * as long as turns leave no room for it.
 *
 * Knows no clock and no connections: times are handed in.
 */
#ifndef HTTP_PATIENCE_H
#define HTTP_PATIENCE_H

#include <stdbool.h>
#include <stdint.h>

enum {
    PATIENCE_CROWD = 64,         /* requests: a turn of fewer is long for another reason */
    PATIENCE_ALARM_TURN_MS = 16, /* a long turn */
    PATIENCE_ALARM_MS = 80,      /* of long turns alone */
    PATIENCE_TURN_MS = 12,       /* of a turn, for what may be shed */
    PATIENCE_RESERVE_MS = 24,    /* of a turn, for control traffic alone */
    PATIENCE_FEW = 8,            /* requests: so many are answered in any turn */
    PATIENCE_CALM_MS = 600,      /* without a crowded turn, and it takes the whole alarm again */
    PATIENCE_REST_MS = 200,      /* who was shed is not read */
};

struct patience {
    int64_t turn_began_ms;  /* which turn the count is of */
    int64_t batch_began_ms; /* the part of it that was read at once: a turn has several when more
                               sockets are ready than the kernel shows at a time */
    int64_t long_since_ms;  /* 0: the last turn was short, or not crowded */
    int64_t alert_until_ms;
    unsigned requests; /* in this turn */
    bool is_pressed;   /* the last turn left no room for who has come back from a rest */
};

/* A turn is over; one of no more than PATIENCE_FEW matters only behind one that left no room. */
void patience_end_turn(struct patience *patience, int64_t now_ms);

/* A request is whole and wants to be answered, in the batch that began then. Turns that do not end
 * are judged all the same. */
static inline void patience_count(struct patience *patience, int64_t batch_began_ms)
{
    if (patience->requests > 0 && batch_began_ms - patience->turn_began_ms >= PATIENCE_ALARM_MS)
        patience_end_turn(patience, batch_began_ms);
    if (patience->requests == 0)
        patience->turn_began_ms = batch_began_ms;
    patience->batch_began_ms = batch_began_ms;
    patience->requests++;
}

/* Whether anything may be shed at all: what a request is need not be found out otherwise. */
static inline bool patience_is_tried(const struct patience *patience, int64_t now_ms)
{
    return patience->alert_until_ms > now_ms;
}

/* Of the one that was just counted. is_control: the reserve is for it. is_late: it has waited too
 * long already, unread. False: shed it. */
bool patience_admits(const struct patience *patience, int64_t now_ms, bool is_control,
                     bool is_late);

#endif
