/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile_serve - variations as indices, weights as running sums, the constant part of what is
 * hashed as a hash already begun.
 */
#include "eval/draw.h"

/* The hash of "<flag key>:<salt>:", to which each subject is added. */
static uint32_t begin_hash(const struct flag *flag, struct str salt)
{
    uint32_t hash = hash_fnv1a_utf16(flag->key);
    hash = hash_fnv1a_utf16_continue(hash, STR(":"));
    hash = hash_fnv1a_utf16_continue(hash, salt);
    return hash_fnv1a_utf16_continue(hash, STR(":"));
}

struct str serve_bucket_by(const struct serve *serve)
{
    if (serve->kind == SERVE_PROGRESSIVE && !str_is_absent(serve->to.bucket_by))
        return serve->to.bucket_by;
    return serve->split.bucket_by;
}

struct str serve_salt(const struct serve *serve)
{
    if (serve->kind == SERVE_PROGRESSIVE && !str_is_absent(serve->to.salt))
        return serve->to.salt;
    return serve->split.salt;
}

struct str compiled_bucket_by(const struct compiled_serve *serve)
{
    if (serve->deal != NULL)
        return serve->deal->bucket_by;
    struct str bucket_by = serve_bucket_by(serve->serve);
    return str_is_absent(bucket_by) ? STR("targetingKey") : bucket_by;
}

struct str compiled_salt(const struct compiled_serve *serve)
{
    struct str salt = serve->deal != NULL ? serve->deal->salt : serve_salt(serve->serve);
    return str_is_absent(salt) ? STR("") : salt;
}

static struct compiled_deal *open_deal(struct compiler *compiler, const struct flag *flag,
                                       enum flag_hash hash, struct str salt)
{
    struct compiled_deal *deal = ARENA_NEW(compiler->arena, struct compiled_deal);
    deal->hash = hash;
    deal->salt = str_is_absent(salt) && !flag_hash_is_ours(hash) ? flag->key : salt;
    draw_begin(deal, flag_hash_prefix(compiler->arena, hash, flag->key, salt));
    return deal;
}

/* A split as other systems deal: the last variation has what is behind the others. */
static void deal_elsewhere(struct compiler *compiler, const struct flag *flag,
                           const struct serve *serve, struct compiled_share *shares,
                           struct compiled_serve *compiled)
{
    struct compiled_deal *deal =
        open_deal(compiler, flag, flag->arithmetic.hash, serve_salt(serve));
    struct str bucket_by = serve_bucket_by(serve);
    deal->bucket_by = str_is_absent(bucket_by) ? STR("targetingKey") : bucket_by;
    deal->ticket_count = draw_ticket_count(flag, &serve->split);
    compiled->deal = deal;
    if (compiled->share_count == 0)
        return;
    struct compiled_share *last = &shares[compiled->share_count - 1];
    compiled->variation = last->variation;
    if (serve->kind == SERVE_SPLIT)
        last->end = deal->ticket_count;
}

static void bind_subject(struct compiler *compiler, const struct flag *flag,
                         const struct serve *serve, struct compiled_share *shares,
                         struct compiled_serve *compiled)
{
    struct str bucket_by = serve_bucket_by(serve);
    compiled->slot = SLOT_TARGETING_KEY;
    if (!str_is_absent(bucket_by))
        compiled->slot = compile_attribute(compiler, bucket_by);
    bool is_ours = flag_hash_is_ours(flag->arithmetic.hash);
    if (is_ours || flag_hash_deals_buckets(flag->arithmetic.hash)) /* the latter: never written */
        compiled->prefix = begin_hash(flag, serve_salt(serve));
    else
        deal_elsewhere(compiler, flag, serve, shares, compiled);
}

static void compile_split(struct compiler *compiler, const struct flag *flag,
                          const struct serve *serve, struct compiled_serve *compiled)
{
    const struct split *split = &serve->split;
    struct compiled_share *shares =
        ARENA_NEW_ARRAY(compiler->arena, struct compiled_share, split->allocation_count);
    uint32_t end = 0;
    for (size_t i = 0; i < split->allocation_count; i++) {
        end += split->allocations[i].weight;
        shares[i].variation = flag_find_variation(flag, split->allocations[i].variation);
        shares[i].end = end;
    }
    compiled->shares = shares;
    compiled->share_count = (uint32_t)split->allocation_count;
    bind_subject(compiler, flag, serve, shares, compiled);
}

static struct compiled_share *find_share(struct compiled_share *shares, size_t count, int variation)
{
    for (size_t i = 0; i < count; i++) {
        if (shares[i].variation == variation)
            return &shares[i];
    }
    return NULL;
}

/* Variations in the order of `from`, then what only `to` has: wire reference, section 13. */
static void compile_progressive(struct compiler *compiler, const struct flag *flag,
                                const struct serve *serve, struct compiled_serve *compiled)
{
    const struct split *from = &serve->split;
    const struct split *to = &serve->to;
    struct compiled_share *shares = ARENA_NEW_ARRAY(compiler->arena, struct compiled_share,
                                                    from->allocation_count + to->allocation_count);
    uint32_t count = 0;
    for (size_t i = 0; i < from->allocation_count; i++) {
        shares[count].variation = flag_find_variation(flag, from->allocations[i].variation);
        shares[count++].from = from->allocations[i].weight;
    }
    for (size_t i = 0; i < to->allocation_count; i++) {
        int variation = flag_find_variation(flag, to->allocations[i].variation);
        struct compiled_share *share = find_share(shares, count, variation);
        if (share == NULL) {
            share = &shares[count++];
            share->variation = variation;
        }
        share->to = to->allocations[i].weight;
    }
    compiled->shares = shares;
    compiled->share_count = count;
    compiled->activity = compile_activity(&serve->schedule);
    bind_subject(compiler, flag, serve, shares, compiled);
}

/* ---- buckets --------------------------------------------------------------------------------- */

/* What no allocation names is nobody's: the bucket's `otherwise`. What one names and the flag does
 * not have serves nothing. */
static int owner_of(const struct flag *flag, struct str variation, int otherwise)
{
    return str_is_absent(variation) ? otherwise : flag_find_variation(flag, variation);
}

/* A bucket of a flag that splits, which no write lets through, is dealt as ours are. */
static enum flag_hash bucket_hash(const struct flag *flag)
{
    bool is_percent = flag->arithmetic.hash == FLAG_HASH_MURMUR3_32_PERCENT;
    return is_percent ? FLAG_HASH_MURMUR3_32_PERCENT : FLAG_HASH_MURMUR3_32_UTF8;
}

static size_t slice_ranges(const struct flag *flag, const struct slice *slice,
                           struct bucket_range *ranges)
{
    bool is_ours = bucket_hash(flag) == FLAG_HASH_MURMUR3_32_UTF8;
    return is_ours ? bucket_ranges(slice, ranges) : draw_ranges(slice, ranges);
}

static struct compiled_slice compile_slice(struct compiler *compiler, const struct flag *flag,
                                           const struct slice *slice, int otherwise)
{
    struct bucket_range *ranges =
        ARENA_NEW_ARRAY(compiler->arena, struct bucket_range, slice->allocation_count);
    struct compiled_slice compiled = {.share_count = (uint32_t)slice_ranges(flag, slice, ranges)};
    struct compiled_share *shares =
        ARENA_NEW_ARRAY(compiler->arena, struct compiled_share, compiled.share_count);
    for (uint32_t i = 0; i < compiled.share_count; i++) {
        shares[i].variation = owner_of(flag, ranges[i].variation, otherwise);
        shares[i].end = ranges[i].end; /* no range begins behind the end of the one before */
    }
    compiled.shares = shares;
    return compiled;
}

static const struct compiled_slice *compile_slices(struct compiler *compiler,
                                                   const struct flag *flag,
                                                   const struct bucket *bucket, int otherwise)
{
    struct compiled_slice *slices =
        ARENA_NEW_ARRAY(compiler->arena, struct compiled_slice, bucket->slice_count);
    uint32_t end = 0;
    for (size_t i = 0; i < bucket->slice_count; i++) {
        slices[i] = compile_slice(compiler, flag, &bucket->slices[i], otherwise);
        end += bucket->slices[i].percent;
        slices[i].end = end;
    }
    return slices;
}

static const uint32_t *compile_ends_to(struct compiler *compiler, const struct bucket *bucket)
{
    uint32_t *ends = ARENA_NEW_ARRAY(compiler->arena, uint32_t, bucket->slice_count);
    uint32_t end = 0;
    for (size_t i = 0; i < bucket->slice_count; i++) {
        end += bucket->slices[i].percent_to;
        ends[i] = end;
    }
    return ends;
}

/* Whether every ticket of a slice is one variation's. By murmur3_32_percent there are no more
 * tickets than shares. */
static bool is_whole_slice_of(const struct compiled_slice *slice, enum flag_hash hash,
                              int variation)
{
    bool has_rest = hash == FLAG_HASH_MURMUR3_32_UTF8;
    for (uint32_t i = 0; i < slice->share_count; i++) {
        if (slice->shares[i].variation != variation)
            return false;
    }
    return slice->share_count == 0 || !has_rest ||
           slice->shares[slice->share_count - 1].end >= BUCKET_TICKETS;
}

/* Rolled out to everybody, or to nobody: whatever the ticket and the subject, it is `otherwise`. */
static bool deals_nothing(const struct compiled_deal *deal, int otherwise)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < deal->slice_count; i++) {
        bool is_empty = deal->slices[i].end == end;
        if (!is_empty && !is_whole_slice_of(&deal->slices[i], deal->hash, otherwise))
            return false;
        end = deal->slices[i].end;
    }
    return true;
}

static void compile_bucket(struct compiler *compiler, const struct flag *flag,
                           const struct serve *serve, struct compiled_serve *compiled)
{
    const struct bucket *bucket = &serve->bucket;
    struct compiled_deal *made =
        open_deal(compiler, flag, bucket_hash(flag), bucket_salt(flag, bucket));
    compiled->variation = flag_find_variation(flag, bucket->otherwise);
    made->bucket_by = bucket_selector(compiler->arena, flag, bucket);
    made->slices = compile_slices(compiler, flag, bucket, compiled->variation);
    made->slice_count = (uint32_t)bucket->slice_count;
    if (serve_is_progressive(serve))
        made->ends_to = compile_ends_to(compiler, bucket);
    compiled->deal = made;
    compiled->slot = compile_selector(compiler, flag, made->bucket_by);
}

static enum serve_way way_of(const struct compiled_serve *compiled)
{
    bool is_ours = compiled->deal == NULL || flag_hash_is_ours(compiled->deal->hash);
    if (compiled->kind == SERVE_VARIATION)
        return WAY_VARIATION;
    if (!is_ours)
        return WAY_ELSEWHERE;
    if (compiled->deal == NULL)
        return WAY_SPLIT;
    return compiled->kind == SERVE_BUCKET ? WAY_BUCKET : WAY_MOVING_BUCKET;
}

struct compiled_serve compile_serve(struct compiler *compiler, const struct flag *flag,
                                    const struct serve *serve)
{
    struct compiled_serve compiled = {
        .kind = serve->kind,
        .variation = -1,
        .serve = serve,
        .flag = flag,
    };
    switch (serve->kind) {
    case SERVE_VARIATION:
        compiled.variation = flag_find_variation(flag, serve->variation);
        break;
    case SERVE_SPLIT:
        compile_split(compiler, flag, serve, &compiled);
        break;
    case SERVE_PROGRESSIVE:
        compile_progressive(compiler, flag, serve, &compiled);
        break;
    case SERVE_BUCKET:
        compile_bucket(compiler, flag, serve, &compiled);
        if (deals_nothing(compiled.deal, compiled.variation))
            compiled.kind = SERVE_VARIATION;
        break;
    case SERVE_PROGRESSIVE_BUCKET:
        compile_bucket(compiler, flag, serve, &compiled);
        break;
    }
    compiled.way = way_of(&compiled);
    return compiled;
}
