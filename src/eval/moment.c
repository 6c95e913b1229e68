/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moment - when decisions may change by themselves: see ruleset.h.
 *
 * Time falls into spans between boundaries, the instants at which something scheduled begins or
 * ends. Within a span nothing changes, unless a progressive serve is on its way there. A flag that
 * is off is off at any time, so what it has scheduled does not count.
 *
 * A moment is the number of boundaries passed: the same whoever compiles the same state.
 */
#include <assert.h>
#include <stdlib.h>

#include "eval/compile.h"

/* Set in the moments that are only like themselves: their other bits are the time. */
static const uint64_t moving_bit = UINT64_C(1) << 63;

/* A boundary, and by how many it changes the number of progressive serves on their way. */
struct boundary {
    int64_t at_ms;
    int32_t moving;
};

struct collection {
    struct arena *arena;
    struct boundary *boundaries;
    size_t count, capacity;
};

/* ---- collecting ------------------------------------------------------------------------------ */

static void add_boundary(struct collection *collection, int64_t at_ms, int32_t moving)
{
    collection->boundaries =
        compile_grow(collection->arena, collection->boundaries, collection->count,
                     &collection->capacity, sizeof(struct boundary));
    collection->boundaries[collection->count++] = (struct boundary){at_ms, moving};
}

static void collect_schedule(struct collection *collection, const struct schedule *schedule)
{
    if (!str_is_absent(schedule->start))
        add_boundary(collection, schedule->start_ms, 0);
    if (!str_is_absent(schedule->end))
        add_boundary(collection, schedule->end_ms, 0);
}

/* One that ends before it begins, which a write would have refused, is through right behind its
 * start. */
static void collect_progress(struct collection *collection, const struct schedule *schedule)
{
    int64_t start_ms = schedule->start_ms;
    bool is_forward = start_ms < schedule->end_ms;
    add_boundary(collection, start_ms, 1);
    add_boundary(collection, is_forward ? schedule->end_ms : start_ms + 1, -1);
}

static void collect_serve(struct collection *collection, const struct serve *serve)
{
    if (serve_is_progressive(serve))
        collect_progress(collection, &serve->schedule);
}

static void collect_flag(struct collection *collection, const struct flag *flag)
{
    if (!flag->is_enabled)
        return;
    collect_schedule(collection, &flag->schedule);
    collect_serve(collection, &flag->fallthrough);
    for (size_t i = 0; i < flag->rule_count; i++) {
        collect_schedule(collection, &flag->rules[i].schedule);
        collect_serve(collection, &flag->rules[i].serve);
    }
}

static int compare_boundaries(const void *left, const void *right)
{
    const struct boundary *a = left;
    const struct boundary *b = right;
    return (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

/* Each instant once. */
static void merge_boundaries(struct collection *collection)
{
    size_t count = 0;
    for (size_t i = 0; i < collection->count; i++) {
        const struct boundary *boundary = &collection->boundaries[i];
        if (count > 0 && collection->boundaries[count - 1].at_ms == boundary->at_ms)
            collection->boundaries[count - 1].moving += boundary->moving;
        else
            collection->boundaries[count++] = *boundary;
    }
    collection->count = count;
}

static struct calendar make_calendar(struct arena *arena, const struct collection *collection)
{
    struct calendar calendar = {.span_count = collection->count};
    if (collection->count == 0)
        return calendar;
    struct span *spans = ARENA_NEW_ARRAY(arena, struct span, collection->count);
    int32_t moving = 0;
    for (size_t i = 0; i < collection->count; i++) {
        moving += collection->boundaries[i].moving;
        assert(moving >= 0);
        spans[i] = (struct span){collection->boundaries[i].at_ms, moving > 0};
    }
    calendar.spans = spans;
    return calendar;
}

struct calendar compile_calendar(struct arena *arena, const struct environment_state *state)
{
    struct arena scratch;
    arena_open(&scratch, 4096);
    struct collection collection = {.arena = &scratch};
    for (size_t i = 0; i < state->flag_count; i++)
        collect_flag(&collection, state->flags[i]);
    for (size_t i = 0; i < state->segment_count; i++)
        collect_schedule(&collection, &state->segments[i]->schedule);
    if (collection.count > 0)
        qsort(collection.boundaries, collection.count, sizeof(struct boundary), compare_boundaries);
    merge_boundaries(&collection);
    struct calendar calendar = make_calendar(arena, &collection);
    arena_close(&scratch);
    return calendar;
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* How many spans have begun. */
static size_t count_begun(const struct calendar *calendar, int64_t now_ms)
{
    size_t low = 0;
    size_t high = calendar->span_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (calendar->spans[middle].start_ms <= now_ms)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_moving(const struct calendar *calendar, size_t begun)
{
    return begun > 0 && calendar->spans[begun - 1].is_moving;
}

uint64_t ruleset_moment(const struct ruleset *ruleset, int64_t now_ms)
{
    const struct calendar *calendar = &ruleset->private->calendar;
    size_t begun = count_begun(calendar, now_ms);
    return is_moving(calendar, begun) ? moving_bit | (uint64_t)now_ms : begun;
}

int64_t ruleset_next_moment_ms(const struct ruleset *ruleset, int64_t now_ms)
{
    const struct calendar *calendar = &ruleset->private->calendar;
    size_t begun = count_begun(calendar, now_ms);
    int64_t next_ms = begun < calendar->span_count ? calendar->spans[begun].start_ms : INT64_MAX;
    bool is_soon = !is_moving(calendar, begun) || next_ms - now_ms <= RULESET_PROGRESS_MS;
    return is_soon ? next_ms : now_ms + RULESET_PROGRESS_MS;
}
