/* SPDX-License-Identifier: Apache-2.0 */
/* channel - what a credential sees: see channel.h. */
#include "dialect/ofrep/channel.h"

#include <assert.h>
#include <stdlib.h>

#include "base/stamp.h"
#include "dialect/ofrep/effect.h"
#include "dialect/ofrep/pieces.h"

/* ---- numbers --------------------------------------------------------------------------------- */

uint64_t channel_of(const struct caller *caller)
{
    bool is_browser =
        caller->kind == CREDENTIAL_BROWSER_KEY || caller->kind == CREDENTIAL_CLIENT_DEPLOYMENT;
    return caller->deployment * 2 + is_browser;
}

static bool is_browser(uint64_t channel)
{
    return channel % 2 == 1;
}

static uint64_t deployment_of(uint64_t channel)
{
    return channel / 2;
}

/* ---- making ---------------------------------------------------------------------------------- */

bool channel_serves(const struct flag *flag)
{
    return !flag->is_archived &&
           (flag->kind == FLAG_KIND_FLAG || flag->kind == FLAG_KIND_EXPERIMENT);
}

/* A flag on one deployment. */
struct naming {
    uint64_t deployment;
    uint32_t place;
};

struct naming_list {
    struct naming *items;
    size_t count;
};

static int compare_namings(const void *left, const void *right)
{
    const struct naming *a = left;
    const struct naming *b = right;
    if (a->deployment != b->deployment)
        return a->deployment < b->deployment ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static bool names_deployments(const struct flag *flag)
{
    return channel_serves(flag) && !flag->is_on_all_deployments;
}

static struct naming_list list_namings(struct arena *scratch, const struct environment_state *state)
{
    struct naming_list list = {0};
    for (size_t i = 0; i < state->flag_count; i++) {
        if (names_deployments(state->flags[i]))
            list.count += state->flags[i]->deployment_count;
    }
    list.items = ARENA_NEW_ARRAY(scratch, struct naming, list.count);
    size_t next = 0;
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        for (size_t j = 0; names_deployments(flag) && j < flag->deployment_count; j++)
            list.items[next++] = (struct naming){flag->deployments[j], (uint32_t)i};
    }
    assert(next == list.count);
    if (list.count > 1)
        qsort(list.items, list.count, sizeof(list.items[0]), compare_namings);
    return list;
}

static size_t count_deployments(const struct naming_list *list)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        count += i == 0 || list->items[i].deployment != list->items[i - 1].deployment;
    return count;
}

static void render_deployments(struct arena *arena, const struct environment_state *state,
                               struct channel_table *table)
{
    struct arena scratch;
    arena_open(&scratch, 4096);
    struct naming_list list = list_namings(&scratch, state);
    size_t count = count_deployments(&list);
    struct channel_deployment *deployments =
        ARENA_NEW_ARRAY(arena, struct channel_deployment, count);
    uint32_t *places = ARENA_NEW_ARRAY(arena, uint32_t, list.count);
    for (size_t i = 0; i < list.count; i++) {
        uint64_t number = list.items[i].deployment;
        places[i] = list.items[i].place;
        if (table->deployment_count == 0 ||
            deployments[table->deployment_count - 1].number != number)
            deployments[table->deployment_count++] =
                (struct channel_deployment){number, {&places[i], 0}};
        deployments[table->deployment_count - 1].named.count++;
    }
    table->deployments = deployments;
    arena_close(&scratch);
}

static struct channel_places list_places(struct arena *arena, const struct environment_state *state,
                                         bool is_everywhere)
{
    size_t count = 0;
    for (size_t i = 0; i < state->flag_count; i++)
        count += channel_serves(state->flags[i]) &&
                 (!is_everywhere || state->flags[i]->is_on_all_deployments);
    uint32_t *places = ARENA_NEW_ARRAY(arena, uint32_t, count);
    size_t next = 0;
    for (size_t i = 0; i < state->flag_count; i++) {
        if (channel_serves(state->flags[i]) &&
            (!is_everywhere || state->flags[i]->is_on_all_deployments))
            places[next++] = (uint32_t)i;
    }
    return (struct channel_places){places, count};
}

size_t channel_bytes(const struct snapshot *snapshot)
{
    return sizeof(struct channel_table) +
           snapshot->state.flag_count * (sizeof(bool) + 2 * sizeof(uint32_t)) +
           (size_t)4 * ARENA_ALIGNMENT;
}

const struct channel_table *channel_render(struct arena *arena, const struct snapshot *snapshot)
{
    const struct environment_state *state = &snapshot->state;
    struct channel_table *table = ARENA_NEW(arena, struct channel_table);
    bool *is_client_visible = ARENA_NEW_ARRAY(arena, bool, state->flag_count);
    for (size_t i = 0; i < state->flag_count; i++)
        is_client_visible[i] = flag_is_client_visible(state->flags[i], &state->settings);
    table->is_client_visible = is_client_visible;
    table->served = list_places(arena, state, false);
    table->everywhere = list_places(arena, state, true);
    render_deployments(arena, state, table);
    return table;
}

/* ---- reading --------------------------------------------------------------------------------- */

static struct channel_places named_on(const struct channel_table *table, uint64_t number)
{
    size_t low = 0;
    size_t high = table->deployment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (table->deployments[middle].number < number)
            low = middle + 1;
        else
            high = middle;
    }
    bool is_there = low < table->deployment_count && table->deployments[low].number == number;
    return is_there ? table->deployments[low].named : (struct channel_places){0};
}

struct channel_walk channel_walk_begin(const struct snapshot *snapshot, uint64_t channel)
{
    const struct channel_table *table = ofrep_pieces_of(snapshot)->channels;
    uint64_t deployment = deployment_of(channel);
    struct channel_walk walk = {
        .left = deployment == 0 ? table->served : table->everywhere,
        .is_visible = is_browser(channel) ? table->is_client_visible : NULL,
    };
    if (deployment != 0)
        walk.right = named_on(table, deployment);
    return walk;
}

static bool is_on(const struct flag *flag, uint64_t deployment)
{
    if (deployment == 0 || flag->is_on_all_deployments)
        return true;
    for (size_t i = 0; i < flag->deployment_count; i++) {
        if (flag->deployments[i] == deployment)
            return true;
    }
    return false;
}

bool channel_sees(const struct snapshot *snapshot, uint64_t channel, uint32_t place)
{
    assert(place < snapshot->state.flag_count);
    const struct flag *flag = snapshot->state.flags[place];
    return channel_serves(flag) && is_on(flag, deployment_of(channel)) &&
           (!is_browser(channel) || flag_is_client_visible(flag, &snapshot->settings));
}

uint64_t channel_digest(const struct snapshot *snapshot, uint64_t channel, uint64_t moment)
{
    const struct ofrep_pieces *pieces = ofrep_pieces_of(snapshot);
    const uint64_t *effects = ofrep_effects_of(snapshot);
    struct channel_walk walk = channel_walk_begin(snapshot, channel);
    uint64_t digest = stamp_mix(snapshot->environment, pieces->metadata_stamp);
    uint64_t all = 0;
    for (uint32_t place; channel_walk_next(&walk, &place);) {
        digest = stamp_mix(digest, effects[place]);
        all |= effects[place];
    }
    return (all & EFFECT_IS_TIMED) != 0 ? stamp_mix(digest, moment) : digest;
}

bool channel_is_timed(const struct snapshot *snapshot, uint64_t channel)
{
    const uint64_t *effects = ofrep_effects_of(snapshot);
    struct channel_walk walk = channel_walk_begin(snapshot, channel);
    for (uint32_t place; channel_walk_next(&walk, &place);) {
        if ((effects[place] & EFFECT_IS_TIMED) != 0)
            return true;
    }
    return false;
}
