/* SPDX-License-Identifier: Apache-2.0 */
/*
 * channel - what a credential sees of its environment.
 *
 * Flags and experiments that are not archived are served; groups are not. Of these, browser keys
 * and client deployments see what is client-visible, deployments and project keys what is on their
 * deployment, server keys everything. A channel is that answer as a number, so that all credentials
 * that see the same share one event: the deployment (0: the environment whole) twice, and one more
 * when it sees what browsers may.
 *
 * Written with the other pieces (pieces.h); read by evaluations and event streams.
 */
#ifndef OFREP_CHANNEL_H
#define OFREP_CHANNEL_H

#include "snapshot/snapshot.h"

uint64_t channel_of(const struct caller *caller);

/* Whether anybody is answered about the flag. */
bool channel_serves(const struct flag *flag);

/* Whether a channel sees the flag at a place. */
bool channel_sees(const struct snapshot *snapshot, uint64_t channel, uint32_t place);

/*
 * Digests all that decides what the channel is answered: its flags, and whatever they lean on that
 * it does not see. Equal digests, equal answers for everybody, but for what is remembered of sticky
 * experiments; the same after a restart and on every node. moment: ruleset_moment's number for the
 * time asked about, or a coarser one; it counts only where the channel is timed. Linear in the
 * channel's flags.
 */
uint64_t channel_digest(const struct snapshot *snapshot, uint64_t channel, uint64_t moment);
/* Whether another moment may decide anything else for the channel. Linear in its flags. */
bool channel_is_timed(const struct snapshot *snapshot, uint64_t channel);

/* ---- one by one ------------------------------------------------------------------------------ */

/* Places in snapshot.flags, ascending: by key. */
struct channel_places {
    const uint32_t *places;
    size_t count;
};
struct channel_deployment {
    uint64_t number;
    struct channel_places named; /* flags that list it */
};
struct channel_table {
    struct channel_places served;                 /* to anybody */
    struct channel_places everywhere;             /* of these, those on all deployments */
    const struct channel_deployment *deployments; /* by number: those that some flag lists */
    size_t deployment_count;
    const bool *is_client_visible; /* by place */
};

const struct channel_table *channel_render(struct arena *arena, const struct snapshot *snapshot);
/* About what that takes. */
size_t channel_bytes(const struct snapshot *snapshot);

/* The flags that a channel sees, by key. */
struct channel_walk {
    struct channel_places left, right; /* merged: no place is in both */
    const bool *is_visible;            /* by place; NULL: all are */
};
struct channel_walk channel_walk_begin(const struct snapshot *snapshot, uint64_t channel);

static inline size_t channel_walk_count_max(const struct channel_walk *walk)
{
    return walk->left.count + walk->right.count;
}

/* False when there are no more. */
static inline bool channel_walk_next(struct channel_walk *walk, uint32_t *place)
{
    while (channel_walk_count_max(walk) > 0) {
        bool is_left = walk->right.count == 0 ||
                       (walk->left.count > 0 && walk->left.places[0] < walk->right.places[0]);
        struct channel_places *from = is_left ? &walk->left : &walk->right;
        *place = *from->places++;
        from->count--;
        if (walk->is_visible == NULL || walk->is_visible[*place])
            return true;
    }
    return false;
}

#endif
