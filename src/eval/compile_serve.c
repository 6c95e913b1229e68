/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile_serve - variations as indices, weights as running sums, the constant part of what is
 * hashed as a hash already begun.
 */
#include "eval/bucket.h"
#include "eval/compile.h"

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

static void bind_subject(struct compiler *compiler, const struct flag *flag,
                         const struct serve *serve, struct compiled_serve *compiled)
{
    struct str bucket_by = serve_bucket_by(serve);
    compiled->slot = SLOT_TARGETING_KEY;
    if (!str_is_absent(bucket_by))
        compiled->slot = compile_attribute(compiler, bucket_by);
    compiled->prefix = begin_hash(flag, serve_salt(serve));
}

static void compile_split(struct compiler *compiler, const struct flag *flag,
                          const struct split *split, struct compiled_serve *compiled)
{
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
}

/* ---- buckets --------------------------------------------------------------------------------- */

/* What no allocation names is nobody's: the bucket's `otherwise`. What one names and the flag does
 * not have serves nothing. */
static int owner_of(const struct flag *flag, struct str variation, int otherwise)
{
    return str_is_absent(variation) ? otherwise : flag_find_variation(flag, variation);
}

static struct compiled_slice compile_slice(struct compiler *compiler, const struct flag *flag,
                                           const struct slice *slice, int otherwise)
{
    struct bucket_range *ranges =
        ARENA_NEW_ARRAY(compiler->arena, struct bucket_range, slice->allocation_count);
    struct compiled_slice compiled = {.share_count = (uint32_t)bucket_ranges(slice, ranges)};
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

/* Whether every ticket of a slice is one variation's. */
static bool is_whole_slice_of(const struct compiled_slice *slice, int variation)
{
    for (uint32_t i = 0; i < slice->share_count; i++) {
        if (slice->shares[i].variation != variation)
            return false;
    }
    return slice->share_count == 0 || slice->shares[slice->share_count - 1].end >= BUCKET_TICKETS;
}

/* Rolled out to everybody, or to nobody: whatever the ticket and the subject, it is `otherwise`. */
static bool deals_nothing(const struct compiled_bucket *bucket, int otherwise)
{
    uint32_t end = 0;
    for (uint32_t i = 0; i < bucket->slice_count; i++) {
        bool is_empty = bucket->slices[i].end == end;
        if (!is_empty && !is_whole_slice_of(&bucket->slices[i], otherwise))
            return false;
        end = bucket->slices[i].end;
    }
    return true;
}

static void compile_bucket(struct compiler *compiler, const struct flag *flag,
                           const struct serve *serve, struct compiled_serve *compiled)
{
    const struct bucket *bucket = &serve->bucket;
    struct compiled_bucket *made = ARENA_NEW(compiler->arena, struct compiled_bucket);
    compiled->variation = flag_find_variation(flag, bucket->otherwise);
    made->selector = bucket_selector(compiler->arena, flag, bucket);
    made->salt = bucket_salt(flag, bucket);
    struct hash_murmur3 salt = hash_murmur3_begin(made->salt, 0);
    made->salted = hash_murmur3_continue(&salt, STR("/"));
    made->slices = compile_slices(compiler, flag, bucket, compiled->variation);
    made->slice_count = (uint32_t)bucket->slice_count;
    if (serve_is_progressive(serve))
        made->ends_to = compile_ends_to(compiler, bucket);
    compiled->bucket = made;
    compiled->slot = compile_selector(compiler, flag, made->selector);
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
        compile_split(compiler, flag, &serve->split, &compiled);
        bind_subject(compiler, flag, serve, &compiled);
        break;
    case SERVE_PROGRESSIVE:
        compile_progressive(compiler, flag, serve, &compiled);
        bind_subject(compiler, flag, serve, &compiled);
        break;
    case SERVE_BUCKET:
        compile_bucket(compiler, flag, serve, &compiled);
        if (deals_nothing(compiled.bucket, compiled.variation))
            compiled.kind = SERVE_VARIATION;
        break;
    case SERVE_PROGRESSIVE_BUCKET:
        compile_bucket(compiler, flag, serve, &compiled);
        break;
    }
    return compiled;
}
