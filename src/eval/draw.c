/* SPDX-License-Identifier: Apache-2.0 */
/* draw - see draw.h. The vectors are those of the systems themselves: tests/unit/eval. */
#include "eval/draw.h"

#include <assert.h>
#include <math.h>

__extension__ typedef unsigned __int128 wide;

/* Of the second hash of murmur3_32_percent. */
#define SEED_AGAIN 86028157u

/* What sha1_60 takes for a position of 1: fifteen hexadecimal digits. */
static const uint64_t position_max = UINT64_C(0xFFFFFFFFFFFFFFF);

/* ---- ahead ----------------------------------------------------------------------------------- */

void draw_begin(struct compiled_deal *deal, struct str prefix)
{
    switch (deal->hash) {
    case FLAG_HASH_FNV1A_32_UTF16: /* goes by compiled_serve.prefix */
        return;
    case FLAG_HASH_MURMUR3_32_UTF8:
    case FLAG_HASH_MURMUR3_32_SCALED:
        deal->begun = hash_murmur3_begin(prefix, 0);
        return;
    case FLAG_HASH_MURMUR3_32_PERCENT:
        deal->begun = hash_murmur3_begin(prefix, 0);
        deal->begun_again = hash_murmur3_begin(prefix, SEED_AGAIN);
        return;
    case FLAG_HASH_FNV1A_32_MODULO:
        deal->fnv1a = hash_fnv1a_utf8_continue(HASH_FNV1A_BASIS, prefix);
        return;
    case FLAG_HASH_SHA1_60:
        deal->sha1 = sha1_begin(prefix);
        return;
    }
    assert(false);
}

uint32_t draw_ticket_count(const struct flag *flag, const struct split *split)
{
    if (!flag_hash_counts_weights(flag->arithmetic.hash))
        return SPLIT_WEIGHT_TOTAL;
    uint64_t sum = 0;
    for (size_t i = 0; i < split->allocation_count; i++)
        sum += split->allocations[i].weight;
    return sum > SPLIT_WEIGHT_SUM_MAX ? SPLIT_WEIGHT_SUM_MAX : (uint32_t)sum;
}

size_t draw_ranges(const struct slice *slice, struct bucket_range *ranges)
{
    uint64_t sum = 0;
    uint32_t end = 0;
    size_t count = 0;
    for (size_t i = 0; i < slice->allocation_count; i++)
        sum += slice->allocations[i].weight;
    for (size_t i = 0; i < slice->allocation_count; i++) {
        uint32_t weight = sum == 0 ? 1 : slice->allocations[i].weight;
        if (weight == 0)
            continue;
        ranges[count++] = (struct bucket_range){slice->allocations[i].variation, end, end + weight};
        end += weight;
    }
    return count;
}

/* ---- by subject ------------------------------------------------------------------------------ */

bool draw_subject(const struct compiled_deal *deal, const struct json *value,
                  char number[NUMBER_TEXT_BYTES], struct str *subject)
{
    if (value->type == JSON_STRING) {
        *subject = value->string;
        return value->string.size > 0 || deal->hash != FLAG_HASH_FNV1A_32_MODULO;
    }
    bool is_whole = value->type == JSON_NUMBER && trunc(value->number) == value->number;
    if (!is_whole || deal->hash != FLAG_HASH_SHA1_60)
        return false;
    *subject = (struct str){number, number_format(value->number, number)};
    return true;
}

uint64_t draw_hash(const struct compiled_deal *deal, struct str subject)
{
    switch (deal->hash) {
    case FLAG_HASH_FNV1A_32_UTF16:
        break;
    case FLAG_HASH_MURMUR3_32_UTF8:
    case FLAG_HASH_MURMUR3_32_SCALED:
    case FLAG_HASH_MURMUR3_32_PERCENT:
        return hash_murmur3_finish(&deal->begun, subject);
    case FLAG_HASH_FNV1A_32_MODULO:
        return hash_fnv1a_utf8_continue(deal->fnv1a, subject);
    case FLAG_HASH_SHA1_60:
        return sha1_finish_60(&deal->sha1, subject);
    }
    assert(false);
    return 0;
}

uint32_t draw_hash_again(const struct compiled_deal *deal, struct str subject)
{
    return hash_murmur3_finish(&deal->begun_again, subject);
}

uint32_t draw_ticket(const struct compiled_deal *deal, uint64_t hash)
{
    assert(deal->ticket_count > 0);
    if (deal->hash == FLAG_HASH_MURMUR3_32_SCALED)
        return (uint32_t)(hash * deal->ticket_count >> 32);
    if (deal->hash == FLAG_HASH_FNV1A_32_MODULO)
        return (uint32_t)(hash % deal->ticket_count);
    uint32_t ticket = (uint32_t)((wide)hash * deal->ticket_count / position_max);
    return ticket < deal->ticket_count ? ticket : deal->ticket_count - 1; /* a position of 1 */
}
