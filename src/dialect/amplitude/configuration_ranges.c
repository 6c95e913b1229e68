/* SPDX-License-Identifier: Apache-2.0 */
/*
 * configuration_ranges - allocations with ranges, which may overlap, as slices with weights, which
 * do not.
 *
 * The first allocation that has a percent and in it the first distribution that has the ticket
 * count; where an allocation has none, the next is asked (amplitude-evaluation.md 10.4). So between
 * two neighbouring bounds of allocations everybody meets the same distributions one behind the
 * other, and between two bounds of these the same variant: those stretches are the slices and the
 * shares.
 */
#include <stdlib.h>

#include "base/number.h"
#include "dialect/amplitude/configuration_decode.h"
#include "model/limits.h"

enum { PERCENTS = 100, DISTRIBUTIONS_MAX = 1000 };

struct distribution {
    struct str variant;
    uint32_t start, end;
};

struct allocation_range {
    uint32_t start, end;
    struct distribution *distributions;
    size_t count;
};

/* ---- reading --------------------------------------------------------------------------------- */

static struct fault invalid(struct str where, struct str why)
{
    return fault_make(FAULT_INVALID, where, why);
}

static bool read_bound(const struct json *json, uint32_t max, uint32_t *bound)
{
    if (json->type != JSON_NUMBER || !number_is_safe_integer(json->number) || json->number < 0 ||
        json->number > max)
        return false;
    *bound = (uint32_t)json->number;
    return true;
}

static bool read_range(const struct json *object, uint32_t max, uint32_t *start, uint32_t *end)
{
    const struct json *range = json_find(object, STR("range"));
    return range != NULL && range->type == JSON_ARRAY && range->count == 2 &&
           read_bound(&range->elements[0], max, start) &&
           read_bound(&range->elements[1], max, end) && *start <= *end;
}

static struct fault read_distribution(const struct json *json, struct str where,
                                      struct distribution *distribution)
{
    static const struct str known[] = {{"variant", 7}, {"range", 5}};
    const struct json *variant = json_find(json, STR("variant"));
    if (!configuration_object_is_known(json, known, COUNT_OF(known)))
        return invalid(where, STR("must be a distribution"));
    if (variant == NULL || variant->type != JSON_STRING)
        return invalid(where, STR("variant must be a string"));
    distribution->variant = variant->string;
    if (!read_range(json, BUCKET_TICKETS, &distribution->start, &distribution->end))
        return invalid(where, STR("range must be two integers, 0 to 42949673, in order"));
    return fault_none();
}

static struct fault read_allocation(struct arena *arena, const struct json *json, struct str where,
                                    struct allocation_range *allocation)
{
    static const struct str known[] = {{"range", 5}, {"distributions", 13}};
    const struct json *list = json_find(json, STR("distributions"));
    if (!configuration_object_is_known(json, known, COUNT_OF(known)))
        return invalid(where, STR("must be an allocation"));
    if (!read_range(json, PERCENTS, &allocation->start, &allocation->end))
        return invalid(where, STR("range must be two integers, 0 to 100, in order"));
    if (list == NULL || list->type != JSON_ARRAY || list->count > DISTRIBUTIONS_MAX)
        return invalid(where, STR("distributions must be an array of a thousand at most"));
    allocation->distributions = ARENA_NEW_ARRAY(arena, struct distribution, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct fault fault = read_distribution(
            &list->elements[i],
            arena_format(arena, "%.*s.distributions[%u]", STR_ARG(where), (unsigned)i),
            &allocation->distributions[i]);
        if (failed(fault))
            return fault;
    }
    allocation->count = list->count;
    return fault_none();
}

/* ---- stretches ------------------------------------------------------------------------------- */

static int compare_bounds(const void *left, const void *right)
{
    const uint32_t *a = left;
    const uint32_t *b = right;
    return (*a > *b) - (*a < *b);
}

/* Sorts and drops what comes twice. */
static size_t order_bounds(uint32_t *bounds, size_t count)
{
    size_t kept = 0;
    qsort(bounds, count, sizeof(*bounds), compare_bounds);
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || bounds[kept - 1] != bounds[i])
            bounds[kept++] = bounds[i];
    }
    return kept;
}

/* The variant of the first distribution that has the ticket; absent: nobody's. */
static struct str owner_at(const struct distribution *distributions, size_t count, uint32_t ticket)
{
    for (size_t i = 0; i < count; i++) {
        if (distributions[i].start <= ticket && ticket < distributions[i].end)
            return distributions[i].variant;
    }
    return (struct str){0};
}

static bool is_same_owner(struct str a, struct str b)
{
    return str_is_absent(a) == str_is_absent(b) && str_equal(a, b);
}

static void deal_tickets(struct arena *arena, const struct distribution *distributions,
                         size_t count, struct slice *slice)
{
    uint32_t *bounds = ARENA_NEW_ARRAY(arena, uint32_t, 2 * count + 2);
    size_t bound_count = 2;
    bounds[1] = BUCKET_TICKETS;
    for (size_t i = 0; i < count; i++) {
        bounds[bound_count++] = distributions[i].start;
        bounds[bound_count++] = distributions[i].end;
    }
    bound_count = order_bounds(bounds, bound_count);
    slice->allocations = ARENA_NEW_ARRAY(arena, struct allocation, bound_count);
    for (size_t i = 0; i + 1 < bound_count; i++) {
        struct str owner = owner_at(distributions, count, bounds[i]);
        struct allocation *last = &slice->allocations[slice->allocation_count];
        if (slice->allocation_count == 0 || !is_same_owner(last[-1].variation, owner)) {
            last->variation = owner;
            slice->allocation_count++;
        } else {
            last--;
        }
        last->weight += bounds[i + 1] - bounds[i];
    }
}

/* The distributions of all allocations that have the percent. */
static void fill_slice(struct arena *arena, const struct allocation_range *allocations,
                       size_t count, uint32_t percent, struct slice *slice)
{
    size_t met = 0;
    for (size_t i = 0; i < count; i++)
        met += allocations[i].count;
    struct distribution *distributions = ARENA_NEW_ARRAY(arena, struct distribution, met);
    met = 0;
    for (size_t i = 0; i < count; i++) {
        if (percent < allocations[i].start || percent >= allocations[i].end)
            continue;
        for (size_t j = 0; j < allocations[i].count; j++)
            distributions[met++] = allocations[i].distributions[j];
    }
    deal_tickets(arena, distributions, met, slice);
}

static void slice_percents(struct arena *arena, const struct allocation_range *allocations,
                           size_t count, struct bucket *bucket)
{
    uint32_t *bounds = ARENA_NEW_ARRAY(arena, uint32_t, 2 * count + 1);
    size_t bound_count = 1;
    for (size_t i = 0; i < count; i++) {
        bounds[bound_count++] = allocations[i].start;
        bounds[bound_count++] = allocations[i].end;
    }
    bound_count = order_bounds(bounds, bound_count);
    bucket->slices = ARENA_NEW_ARRAY(arena, struct slice, bound_count);
    bucket->slice_count = bound_count - 1;
    for (size_t i = 0; i < bucket->slice_count; i++) {
        bucket->slices[i].percent = bounds[i + 1] - bounds[i];
        fill_slice(arena, allocations, count, bounds[i], &bucket->slices[i]);
    }
}

struct fault configuration_decode_allocations(struct arena *arena, const struct json *allocations,
                                              struct str where, struct bucket *bucket)
{
    if (allocations->type != JSON_ARRAY || allocations->count > SLICES_PER_BUCKET_MAX)
        return invalid(where, STR("must be an array of a hundred at most"));
    struct allocation_range *ranges =
        ARENA_NEW_ARRAY(arena, struct allocation_range, allocations->count);
    for (uint32_t i = 0; i < allocations->count; i++) {
        struct fault fault = read_allocation(
            arena, &allocations->elements[i],
            arena_format(arena, "%.*s[%u]", STR_ARG(where), (unsigned)i), &ranges[i]);
        if (failed(fault))
            return fault;
    }
    slice_percents(arena, ranges, allocations->count, bucket);
    return fault_none();
}
