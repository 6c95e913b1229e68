/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_serve - which variation a serve deals: splits of section 13 and of other systems
 * (model/flag.h), buckets of sections 9.7 and 10.4, and both on their way over time. */
#include <math.h>

#include "oracle.h"

struct share {
    struct str variation; /* absent: nobody's */
    uint64_t weight;
};
struct shares {
    struct share *at;
    size_t count;
};

static int variation_index(const struct flag *flag, struct str id)
{
    for (size_t i = 0; !str_is_absent(id) && i < flag->variation_count; i++) {
        if (str_equal(flag->variations[i].id, id))
            return (int)i;
    }
    return VARIATION_NONE;
}

static enum served served_by_id(const struct flag *flag, struct str id, int *variation)
{
    *variation = variation_index(flag, id);
    return *variation == VARIATION_NONE ? SERVED_NOBODY : SERVED;
}

/* How far along the way now is, from 0 to 1. */
static double progress(struct oracle *oracle, const struct serve *serve)
{
    double all = (double)(serve->schedule.end_ms - serve->schedule.start_ms);
    double gone = (double)(oracle->now_ms - serve->schedule.start_ms);
    return fmin(1, fmax(0, gone / all));
}

/* ---- splits ---------------------------------------------------------------------------------- */

static uint64_t weight_of(const struct split *split, struct str variation)
{
    for (size_t i = 0; i < split->allocation_count; i++) {
        if (str_equal(split->allocations[i].variation, variation))
            return split->allocations[i].weight;
    }
    return 0;
}

static bool has_share(const struct shares *shares, struct str variation)
{
    for (size_t i = 0; i < shares->count; i++) {
        if (str_equal(shares->at[i].variation, variation))
            return true;
    }
    return false;
}

static void add_shares(struct shares *shares, const struct split *split)
{
    for (size_t i = 0; i < split->allocation_count; i++) {
        struct str variation = split->allocations[i].variation;
        if (!has_share(shares, variation))
            shares->at[shares->count++] = (struct share){variation, 0};
    }
}

static struct shares shares_now(struct oracle *oracle, const struct serve *serve)
{
    const struct split *from = &serve->split, *to = &serve->to;
    struct shares shares = {ARENA_NEW_ARRAY(oracle->arena, struct share,
                                            from->allocation_count + to->allocation_count + 1),
                            0};
    add_shares(&shares, from);
    if (serve->kind == SERVE_PROGRESSIVE)
        add_shares(&shares, to);
    for (size_t i = 0; i < shares.count; i++) {
        struct share *share = &shares.at[i];
        double begin = (double)weight_of(from, share->variation);
        double weight = begin;
        if (serve->kind == SERVE_PROGRESSIVE) {
            double end = (double)weight_of(to, share->variation);
            weight = floor(begin + (end - begin) * progress(oracle, serve) + 0.5);
        }
        share->weight = (uint64_t)weight;
    }
    return shares;
}

static uint64_t total_of(const struct split *split)
{
    uint64_t total = 0;
    for (size_t i = 0; i < split->allocation_count; i++)
        total += split->allocations[i].weight;
    return total;
}

static struct str joined(struct oracle *oracle, struct str prefix, const char *separator,
                         struct str subject)
{
    return arena_format(oracle->arena, "%.*s%s%.*s", STR_ARG(prefix), separator, STR_ARG(subject));
}

/* The subject of a hash of another system as text; absent: it deals nothing by this. */
static struct str foreign_subject(struct oracle *oracle, enum flag_hash hash,
                                  const struct json *value)
{
    if (value != NULL && value->type == JSON_NUMBER && hash == FLAG_HASH_SHA1_60 &&
        trunc(value->number) == value->number)
        return text_of_number(oracle->arena, value->number);
    if (value == NULL || value->type != JSON_STRING)
        return (struct str){0};
    if (hash == FLAG_HASH_FNV1A_32_MODULO && value->string.size == 0)
        return (struct str){0};
    return value->string;
}

static bool foreign_ticket(struct oracle *oracle, const struct flag *flag,
                           const struct split *split, const struct json *value, uint64_t *ticket)
{
    enum flag_hash hash = flag->arithmetic.hash;
    struct str subject = foreign_subject(oracle, hash, value);
    struct str salt = str_is_absent(split->salt) ? flag->key : split->salt;
    uint64_t total = total_of(split);
    *ticket = 0;
    if (hash == FLAG_HASH_SHA1_60) {
        if (str_is_absent(subject))
            return true;
        uint64_t position = oracle_sha1_60(oracle->arena, joined(oracle, salt, ".", subject));
        *ticket = (uint64_t)((unsigned __int128)position * 100000 / ((UINT64_C(1) << 60) - 1));
        return true;
    }
    if (str_is_absent(subject))
        return false;
    struct str hashed = joined(oracle, salt, "", subject);
    *ticket = hash == FLAG_HASH_MURMUR3_32_SCALED ? (oracle_murmur(hashed, 0) * total) >> 32
                                                  : oracle_fnv_bytes(hashed) % total;
    return true;
}

static bool own_ticket(struct oracle *oracle, const struct flag *flag, const struct split *split,
                       const struct json *value, uint64_t *ticket)
{
    if (value == NULL || (value->type != JSON_STRING && value->type != JSON_NUMBER))
        return false;
    struct str subject = text_of_json(oracle->arena, value);
    struct str prefix = joined(oracle, flag->key, ":", split->salt);
    *ticket = oracle_fnv_units(oracle->arena, joined(oracle, prefix, ":", subject)) % 100000;
    return true;
}

/* Where weights are shares of their sum and that is nothing, whoever asks. */
static bool has_no_tickets(const struct flag *flag, const struct split *split)
{
    return (flag->arithmetic.hash == FLAG_HASH_MURMUR3_32_SCALED ||
            flag->arithmetic.hash == FLAG_HASH_FNV1A_32_MODULO) &&
           total_of(split) == 0;
}

static enum served serve_split(struct oracle *oracle, const struct flag *flag,
                               const struct serve *serve, int *variation)
{
    struct split split = serve->split;
    if (serve->kind == SERVE_PROGRESSIVE) {
        split.salt = str_is_absent(serve->to.salt) ? split.salt : serve->to.salt;
        split.bucket_by =
            str_is_absent(serve->to.bucket_by) ? split.bucket_by : serve->to.bucket_by;
    }
    bool is_ours = flag->arithmetic.hash == FLAG_HASH_FNV1A_32_UTF16;
    bool is_by_key =
        str_is_absent(split.bucket_by) || str_equal(split.bucket_by, STR("targetingKey"));
    if (has_no_tickets(flag, &split))
        return SERVED_NOBODY;
    if (is_by_key && str_is_absent(oracle_targeting_key(oracle)))
        return SERVED_KEY_MISSING;
    const struct json *value =
        oracle_attribute(oracle, is_by_key ? STR("targetingKey") : split.bucket_by);
    uint64_t ticket = 0, sum = 0;
    if (!(is_ours ? own_ticket(oracle, flag, &split, value, &ticket)
                  : foreign_ticket(oracle, flag, &split, value, &ticket)))
        return SERVED_NOBODY;
    struct shares shares = shares_now(oracle, serve);
    for (size_t i = 0; i < shares.count; i++) {
        sum += shares.at[i].weight;
        if (ticket < sum)
            return served_by_id(flag, shares.at[i].variation, variation);
    }
    if (is_ours || shares.count == 0)
        return SERVED_NOBODY;
    return served_by_id(flag, shares.at[shares.count - 1].variation, variation);
}

/* ---- buckets --------------------------------------------------------------------------------- */

/* Percents [*start, *end) of a slice; a line between two ends, rounded down. */
static void slice_bounds(struct oracle *oracle, const struct serve *serve, size_t index,
                         int64_t *start, int64_t *end)
{
    int64_t from = 0, to = 0;
    *start = *end = 0;
    for (size_t i = 0; i <= index; i++) {
        from += serve->bucket.slices[i].percent;
        to += serve->bucket.slices[i].percent_to;
        *start = *end;
        *end = from;
        if (serve->kind != SERVE_PROGRESSIVE_BUCKET)
            continue;
        int64_t all = serve->schedule.end_ms - serve->schedule.start_ms;
        int64_t gone = oracle->now_ms - serve->schedule.start_ms;
        gone = gone < 0 ? 0 : gone > all ? all : gone;
        /* Both terms are positive: the quotient is rounded down. */
        *end = (int64_t)(((__int128)from * (all - gone) + (__int128)to * gone) / all);
    }
}

static struct shares slice_shares(struct oracle *oracle, const struct slice *slice)
{
    struct shares shares = {ARENA_NEW_ARRAY(oracle->arena, struct share, slice->allocation_count),
                            slice->allocation_count};
    uint64_t total = 0;
    for (size_t i = 0; i < slice->allocation_count; i++)
        total += slice->allocations[i].weight;
    for (size_t i = 0; i < slice->allocation_count; i++)
        shares.at[i] = (struct share){slice->allocations[i].variation,
                                      total == 0 ? 1 : slice->allocations[i].weight};
    return shares;
}

static uint64_t sum_of(const struct shares *shares)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < shares->count; i++)
        sum += shares->at[i].weight;
    return sum;
}

static struct str share_by_ranges(const struct shares *shares, uint64_t ticket)
{
    uint64_t all = sum_of(shares), before = 0;
    for (size_t i = 0; i < shares->count; i++) {
        uint64_t behind = before + shares->at[i].weight;
        uint64_t start = 42949672 * before / all;
        uint64_t end = (42949673 * behind + all - 1) / all;
        if (before != behind && start <= ticket && ticket < end)
            return shares->at[i].variation;
        before = behind;
    }
    return (struct str){0};
}

static struct str share_by_sums(const struct shares *shares, uint64_t ticket)
{
    uint64_t behind = 0;
    for (size_t i = 0; i < shares->count; i++) {
        behind += shares->at[i].weight;
        if (ticket < behind)
            return shares->at[i].variation;
    }
    return (struct str){0};
}

/* A flag that buckets groups does so whatever is said about people: eval/bucket.h. */
static struct str bucket_selector_of(struct oracle *oracle, const struct flag *flag,
                                     const struct bucket *bucket)
{
    struct str selector = str_is_absent(bucket->bucket_by) ? flag->bucket_by : bucket->bucket_by;
    if (str_is_absent(flag->bucketing_unit) || str_starts_with(selector, STR("/context/groups/")))
        return selector;
    struct str type = STR("");
    for (size_t i = 0; i < flag->bucketing_unit.size; i++) {
        char c = flag->bucketing_unit.data[i];
        type = c == '/'   ? arena_format(oracle->arena, "%.*s~1", STR_ARG(type))
               : c == '~' ? arena_format(oracle->arena, "%.*s~0", STR_ARG(type))
                          : arena_format(oracle->arena, "%.*s%c", STR_ARG(type), c);
    }
    return arena_format(oracle->arena, "/context/groups/%.*s/group_name", STR_ARG(type));
}

/* Whose tickets those of the subject are; absent: nobody's. */
static struct str bucket_share(struct oracle *oracle, const struct flag *flag,
                               const struct serve *serve, struct str subject)
{
    const struct bucket *bucket = &serve->bucket;
    bool is_ours = flag->arithmetic.hash == FLAG_HASH_MURMUR3_32_UTF8;
    struct str salt = str_is_absent(bucket->salt) ? flag->salt : bucket->salt;
    if (str_is_absent(salt) && !is_ours)
        salt = flag->key;
    struct str hashed = joined(oracle, salt, is_ours ? "/" : ":", subject);
    uint32_t hash = oracle_murmur(hashed, 0);
    for (size_t i = 0; i < bucket->slice_count; i++) {
        int64_t start = 0, end = 0;
        slice_bounds(oracle, serve, i, &start, &end);
        if (hash % 100 < start || hash % 100 >= end)
            continue;
        struct shares shares = slice_shares(oracle, &bucket->slices[i]);
        if (shares.count == 0)
            return (struct str){0};
        if (is_ours)
            return share_by_ranges(&shares, hash / 100);
        return share_by_sums(&shares, oracle_murmur(hashed, 86028157) % sum_of(&shares));
    }
    return (struct str){0};
}

static enum served serve_bucket(struct oracle *oracle, const struct flag *flag,
                                const struct serve *serve, int *variation)
{
    struct str selector = bucket_selector_of(oracle, flag, &serve->bucket);
    if (oracle_deals(serve) && !str_is_absent(selector) && oracle_lacks_key(oracle, selector))
        return SERVED_KEY_MISSING;
    const struct json *value = oracle_selected(oracle, flag, selector);
    struct str subject = text_of_json(oracle->arena, value);
    if (subject.size > 0) {
        struct str share = bucket_share(oracle, flag, serve, subject);
        if (served_by_id(flag, share, variation) == SERVED)
            return SERVED;
    }
    return served_by_id(flag, serve->bucket.otherwise, variation);
}

/* Whether it deals at all: a bucket from which everybody has the same, with a subject or without,
 * is no bucket (section 9.6). */
static bool shares_differ(const struct bucket *bucket, const struct slice *slice)
{
    uint64_t total = 0;
    for (size_t i = 0; i < slice->allocation_count; i++)
        total += slice->allocations[i].weight;
    for (size_t i = 0; i < slice->allocation_count; i++) {
        struct str variation = slice->allocations[i].variation;
        bool is_dealt = total == 0 || slice->allocations[i].weight > 0;
        if (is_dealt && !str_is_absent(variation) && !str_equal(variation, bucket->otherwise))
            return true;
    }
    return false;
}

bool oracle_deals(const struct serve *serve)
{
    if (serve->kind != SERVE_BUCKET)
        return serve->kind != SERVE_VARIATION;
    for (size_t i = 0; i < serve->bucket.slice_count; i++) {
        const struct slice *slice = &serve->bucket.slices[i];
        if (slice->percent > 0 && shares_differ(&serve->bucket, slice))
            return true;
    }
    return false;
}

enum served oracle_serve(struct oracle *oracle, const struct flag *flag, const struct serve *serve,
                         int *variation)
{
    *variation = VARIATION_NONE;
    if (serve_is_bucket(serve))
        return serve_bucket(oracle, flag, serve, variation);
    if (serve->kind == SERVE_VARIATION)
        return served_by_id(flag, serve->variation, variation);
    return serve_split(oracle, flag, serve, variation);
}
