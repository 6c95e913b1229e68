/* SPDX-License-Identifier: Apache-2.0 */
/* rollout - who gets how much: see rollout.h. */
#include "dialect/amplitude/rollout.h"

#include "dialect/amplitude/property.h"
#include "model/limits.h"

const struct str variant_off = {"off", 3};

bool flag_is_managed(const struct flag *flag)
{
    return flag->arithmetic.hash == FLAG_HASH_MURMUR3_32_UTF8 &&
           flag->arithmetic.comparison == FLAG_COMPARISON_TEXT;
}

static bool is_off(struct str variation)
{
    return str_equal(variation, variant_off);
}

/* ---- a serve in these words ------------------------------------------------------------------ */

/* Those of an allocation list that are variants with a name. */
static bool take_allocations(struct arena *arena, const struct allocation *allocations,
                             size_t count, struct rollout *rollout)
{
    bool is_exact = true;
    rollout->allocations = ARENA_NEW_ARRAY(arena, struct allocation, count);
    for (size_t i = 0; i < count; i++) {
        if (str_is_absent(allocations[i].variation) || is_off(allocations[i].variation))
            is_exact = false;
        else
            rollout->allocations[rollout->allocation_count++] = allocations[i];
    }
    return is_exact;
}

/* Who is dealt nothing: "off", but where one variant is for everybody, that is for those without
 * anything to bucket by, too (section 9.6, row 2). */
static struct str variant_otherwise(const struct rollout *rollout)
{
    struct str only = variant_off;
    size_t dealt_count = 0;
    for (size_t i = 0; i < rollout->allocation_count; i++) {
        if (rollout->allocations[i].weight == 0 && rollout->allocation_count > 1)
            continue;
        only = rollout->allocations[i].variation;
        dealt_count++;
    }
    return rollout->percentage == 100 && dealt_count == 1 ? only : variant_off;
}

static bool read_bucket(struct arena *arena, const struct bucket *bucket, struct rollout *rollout)
{
    rollout->bucket_by = bucket->bucket_by;
    bool is_exact = bucket->slice_count == 1 && str_is_absent(bucket->salt);
    if (bucket->slice_count == 0)
        return false;
    rollout->percentage = bucket->slices[0].percent;
    bool are_variants = take_allocations(arena, bucket->slices[0].allocations,
                                         bucket->slices[0].allocation_count, rollout);
    return is_exact && are_variants && str_equal(bucket->otherwise, variant_otherwise(rollout));
}

static void read_variation(struct arena *arena, struct str variation, struct rollout *rollout)
{
    const struct allocation whole = {variation, 1};
    rollout->percentage = str_is_absent(variation) || is_off(variation) ? 0 : 100;
    if (rollout->percentage > 0)
        take_allocations(arena, &whole, 1, rollout);
}

/* By another system's hash everybody is dealt something. */
static void read_split(struct arena *arena, const struct flag *flag, const struct split *split,
                       struct rollout *rollout)
{
    uint64_t total = 0;
    for (size_t i = 0; i < split->allocation_count; i++)
        total += split->allocations[i].weight;
    bool is_ours = flag_hash_is_ours(flag->arithmetic.hash);
    rollout->percentage = is_ours ? (uint32_t)(total * 100 / SPLIT_WEIGHT_TOTAL) : 100;
    take_allocations(arena, split->allocations, split->allocation_count, rollout);
}

bool rollout_of(struct arena *arena, const struct flag *flag, const struct serve *serve,
                struct rollout *rollout)
{
    *rollout = (struct rollout){0};
    switch (serve->kind) {
    case SERVE_BUCKET:
        return read_bucket(arena, &serve->bucket, rollout) && flag_is_managed(flag);
    case SERVE_PROGRESSIVE_BUCKET: /* as it starts; in these words nothing moves */
        read_bucket(arena, &serve->bucket, rollout);
        return false;
    case SERVE_VARIATION:
        read_variation(arena, serve->variation, rollout);
        return flag_is_managed(flag) && !str_is_absent(serve->variation);
    case SERVE_SPLIT:
    case SERVE_PROGRESSIVE:
        read_split(arena, flag, &serve->split, rollout);
        return false;
    }
    return false;
}

struct serve rollout_serve(struct arena *arena, const struct rollout *rollout)
{
    struct slice *slice = ARENA_NEW(arena, struct slice);
    *slice = (struct slice){
        .percent = rollout->percentage,
        .allocations = rollout->allocations,
        .allocation_count = rollout->allocation_count,
    };
    return (struct serve){
        .kind = SERVE_BUCKET,
        .bucket = {.bucket_by = rollout->bucket_by,
                   .slices = slice,
                   .slice_count = 1,
                   .otherwise = variant_otherwise(rollout)},
    };
}

/* ---- weights --------------------------------------------------------------------------------- */

static void begin_weights(struct arena *arena, const struct flag *flag, struct rollout *rollout)
{
    rollout->allocations = ARENA_NEW_ARRAY(arena, struct allocation, flag->variation_count + 1);
    rollout->allocation_count = 0;
}

static void add_weight(struct rollout *rollout, struct str variant, uint32_t weight)
{
    rollout->allocations[rollout->allocation_count++] = (struct allocation){variant, weight};
}

void rollout_weigh_evenly(struct arena *arena, const struct flag *flag, struct rollout *rollout)
{
    begin_weights(arena, flag, rollout);
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (!is_off(flag->variations[i].id))
            add_weight(rollout, flag->variations[i].id, 1);
    }
}

static void check_names(struct wire *wire, const struct json *json, struct str path,
                        const struct flag *flag)
{
    for (uint32_t i = 0; i < json->count && !wire_failed(wire); i++) {
        struct str key = json->members[i].key;
        if (is_off(key) || flag_find_variation(flag, key) < 0)
            wire_refuse(wire, wire_member_path(wire, path, key), STR("names no variant"));
    }
}

void rollout_read_weights(struct wire *wire, const struct json *json, struct str path,
                          const struct flag *flag, struct rollout *rollout)
{
    if (json->count == 0) {
        rollout_weigh_evenly(wire->arena, flag, rollout);
        return;
    }
    check_names(wire, json, path, flag);
    begin_weights(wire->arena, flag, rollout);
    for (size_t i = 0; i < flag->variation_count && !wire_failed(wire); i++) {
        struct str variant = flag->variations[i].id;
        uint32_t weight = 0;
        if (wire_integer(wire, json, path, variant, 0, BUCKET_WEIGHT_MAX, &weight))
            add_weight(rollout, variant, weight);
    }
}

void rollout_put_weights(struct json_writer *writer, const struct rollout *rollout)
{
    json_object_begin(writer);
    for (size_t i = 0; i < rollout->allocation_count; i++)
        json_member_u64(writer, rollout->allocations[i].variation, rollout->allocations[i].weight);
    json_object_end(writer);
}

static const struct allocation *find_weight(const struct rollout *rollout, struct str variant)
{
    for (size_t i = 0; i < rollout->allocation_count; i++) {
        if (str_equal(rollout->allocations[i].variation, variant))
            return &rollout->allocations[i];
    }
    return NULL;
}

uint32_t rollout_weight(const struct rollout *rollout, struct str variant)
{
    const struct allocation *allocation = find_weight(rollout, variant);
    return allocation == NULL ? 0 : allocation->weight;
}

void rollout_set_weight(struct arena *arena, const struct flag *flag, struct rollout *rollout,
                        struct str variant, bool is_dealt, uint32_t weight)
{
    const struct rollout before = *rollout;
    begin_weights(arena, flag, rollout);
    for (size_t i = 0; i < flag->variation_count; i++) {
        struct str id = flag->variations[i].id;
        const struct allocation *current = find_weight(&before, id);
        if (str_equal(id, variant)) {
            if (is_dealt)
                add_weight(rollout, id, weight);
        } else if (current != NULL) {
            add_weight(rollout, id, current->weight);
        }
    }
}

struct str bucketing_key(struct arena *arena, const struct flag *flag, struct str bucket_by)
{
    struct str selector = str_is_absent(bucket_by) ? flag->bucket_by : bucket_by;
    struct str name = str_is_absent(selector) ? selector : property_name(arena, selector);
    return str_is_absent(name) ? STR("amplitude_id") : name;
}
