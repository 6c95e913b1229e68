/* SPDX-License-Identifier: Apache-2.0 */
/* bucket - see bucket.h. */
#include "eval/bucket.h"

#include "eval/selector.h"

__extension__ typedef unsigned __int128 wide;

static uint64_t sum_weights(const struct slice *slice)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < slice->allocation_count; i++)
        sum += slice->allocations[i].weight;
    return sum;
}

/* With a sum of 0 all have the same. */
static uint64_t weight_of(const struct allocation *allocation, uint64_t sum)
{
    return sum == 0 ? 1 : allocation->weight;
}

static uint32_t range_start(uint64_t before, uint64_t total)
{
    return (uint32_t)((wide)(BUCKET_TICKETS - 1) * before / total);
}

static uint32_t range_end(uint64_t behind, uint64_t total)
{
    return (uint32_t)(((wide)BUCKET_TICKETS * behind + total - 1) / total);
}

size_t bucket_ranges(const struct slice *slice, struct bucket_range *ranges)
{
    uint64_t sum = sum_weights(slice);
    uint64_t total = sum == 0 ? slice->allocation_count : sum;
    uint64_t before = 0;
    uint32_t nobodys_end = 0; /* a range of nobody's is not written down: none may reach into it */
    size_t count = 0;
    for (size_t i = 0; i < slice->allocation_count; i++) {
        uint64_t weight = weight_of(&slice->allocations[i], sum);
        if (weight == 0)
            continue;
        uint32_t start = range_start(before, total);
        before += weight;
        struct bucket_range *range = &ranges[count++];
        *range = (struct bucket_range){
            .variation = slice->allocations[i].variation,
            .start = start < nobodys_end ? nobodys_end : start,
            .end = range_end(before, total),
        };
        if (str_is_absent(range->variation))
            nobodys_end = range->end;
    }
    return count;
}

uint32_t bucket_percent_at(uint32_t from, uint32_t to, const struct schedule *way, int64_t now_ms)
{
    if (now_ms <= way->start_ms)
        return from;
    if (now_ms >= way->end_ms)
        return to;
    uint64_t whole = (uint64_t)(way->end_ms - way->start_ms);
    uint64_t gone = (uint64_t)(now_ms - way->start_ms);
    return (uint32_t)((from * (whole - gone) + to * gone) / whole);
}

struct str bucket_selector(struct arena *arena, const struct flag *flag,
                           const struct bucket *bucket)
{
    struct str own = str_is_absent(bucket->bucket_by) ? flag->bucket_by : bucket->bucket_by;
    if (str_is_empty(flag->bucketing_unit) || str_starts_with(own, STR("/context/groups/")))
        return own;
    const struct str steps[] = {STR("context"), STR("groups"), flag->bucketing_unit,
                                STR("group_name")};
    return selector_text(arena, steps, COUNT_OF(steps));
}

struct str bucket_salt(const struct flag *flag, const struct bucket *bucket)
{
    return str_is_absent(bucket->salt) ? flag->salt : bucket->salt;
}
