/* SPDX-License-Identifier: Apache-2.0 */
/* effect - what decides a flag, digested: see effect.h. */
#include "dialect/ofrep/effect.h"

#include "base/stamp.h"
#include "dialect/ofrep/pieces.h"
#include "model/codec.h"
#include "model/essence.h"
#include "model/leaves.h"
#include "model/references.h"

/* ---- names ----------------------------------------------------------------------------------- */

/* Counted first, then written: the same walk, twice. */
struct name_writer {
    struct str *names; /* NULL while counting */
    size_t count;
};

static void add_name(struct name_writer *writer, struct str name)
{
    if (writer->names != NULL)
        writer->names[writer->count] = name;
    writer->count++;
}

struct collector {
    struct name_writer flags, segments, cohorts;
};

/* Not all of them need be cohorts that are stored here: those are looked up later. */
static void collect_values(struct collector *collector, const struct json *value)
{
    for (uint32_t i = 0; value->type == JSON_ARRAY && i < value->count; i++) {
        if (value->elements[i].type == JSON_STRING)
            add_name(&collector->cohorts, value->elements[i].string);
    }
}

static bool may_name_cohorts(const struct expression *leaf)
{
    bool is_about_cohorts =
        leaf->kind == EXPRESSION_MATCH && str_ends_with(leaf->attribute, STR("cohort_ids"));
    return is_about_cohorts && operator_is_text(leaf->operator);
}

static void collect_expression(struct collector *collector, const struct expression *expression)
{
    struct leaf_walk walk;
    leaf_walk_begin(&walk, expression);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind == EXPRESSION_SEGMENT)
            add_name(&collector->segments, leaf->segment);
        if (may_name_cohorts(leaf))
            collect_values(collector, &leaf->value);
    }
}

static void collect_flag(struct collector *collector, const void *document)
{
    const struct flag *flag = document;
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        add_name(&collector->flags, flag->prerequisites[i].flag);
    for (size_t i = 0; i < flag->rule_count; i++)
        collect_expression(collector, &flag->rules[i].when);
    for (size_t i = 0; i < flag->variation_count; i++) {
        for (size_t j = 0; j < flag->variations[i].cohort_count; j++)
            add_name(&collector->cohorts, flag->variations[i].cohorts[j]);
    }
}

static void collect_segment(struct collector *collector, const void *document)
{
    const struct segment *segment = document;
    for (size_t i = 0; i < segment->rule_count; i++)
        collect_expression(collector, &segment->rules[i]);
}

static struct effect_names open_names(struct arena *arena, struct name_writer *writer)
{
    struct effect_names names = {.count = writer->count};
    writer->names = ARENA_NEW_ARRAY(arena, struct str, writer->count);
    writer->count = 0;
    names.names = writer->names;
    return names;
}

static void read_names(struct arena *arena, struct effect_source *source,
                       void (*collect)(struct collector *collector, const void *document),
                       const void *document)
{
    struct collector collector = {0};
    collect(&collector, document);
    if (collector.flags.count + collector.segments.count + collector.cohorts.count == 0)
        return;
    source->flags = open_names(arena, &collector.flags);
    source->segments = open_names(arena, &collector.segments);
    source->cohorts = open_names(arena, &collector.cohorts);
    collect(&collector, document);
}

/* ---- documents ------------------------------------------------------------------------------- */

/* With the metadata, which is answered, and without who may see it: a channel's flags say that. */
static struct flag bare_flag(struct arena *scratch, const struct flag *flag)
{
    struct flag bare = flag_essence(scratch, flag);
    bare.metadata = flag->metadata;
    bare.is_on_all_deployments = true;
    bare.deployment_count = 0;
    return bare;
}

static bool is_scheduled(const struct schedule *schedule)
{
    return !str_is_absent(schedule->start) || !str_is_absent(schedule->end);
}

/* What is off is off at any moment. */
static bool is_timed(const struct flag *flag)
{
    if (!flag->is_enabled)
        return false;
    bool is_any = is_scheduled(&flag->schedule) || serve_is_progressive(&flag->fallthrough);
    for (size_t i = 0; i < flag->rule_count; i++)
        is_any = is_any || is_scheduled(&flag->rules[i].schedule) ||
                 serve_is_progressive(&flag->rules[i].serve);
    return is_any;
}

static struct effect_source *read_flag(const struct flag *flag)
{
    struct effect_source *source = annex_make(sizeof(*source), 0);
    struct arena scratch;
    struct buf text;
    arena_open(&scratch, 4096);
    buf_open(&text, SIZE_MAX);
    struct flag bare = bare_flag(&scratch, flag);
    flag_encode(&bare, &text);
    source->stamp = stamp_of(buf_str(&text));
    source->is_timed = is_timed(flag);
    read_names(&source->annex.arena, source, collect_flag, flag);
    buf_close(&text);
    arena_close(&scratch);
    return source;
}

static struct effect_source *read_segment(const struct segment *segment)
{
    struct effect_source *source = annex_make(sizeof(*source), 0);
    struct segment bare = segment_essence(segment);
    struct buf text;
    buf_open(&text, SIZE_MAX);
    segment_encode(&bare, &text);
    source->stamp = stamp_of(buf_str(&text));
    source->is_timed = is_scheduled(&segment->schedule);
    read_names(&source->annex.arena, source, collect_segment, segment);
    buf_close(&text);
    return source;
}

static const struct effect_source *source_of_flag(struct flag_revision *revision)
{
    annex_slot *slot = &revision->annexes[OFREP_EFFECTS];
    const struct effect_source *source = annex_find(slot);
    return source != NULL ? source : annex_keep(slot, read_flag(&revision->flag));
}

static const struct effect_source *source_of_segment(struct segment_revision *revision)
{
    annex_slot *slot = &revision->annexes[OFREP_EFFECTS];
    const struct effect_source *source = annex_find(slot);
    return source != NULL ? source : annex_keep(slot, read_segment(&revision->segment));
}

/* ---- all together ---------------------------------------------------------------------------- */

/* Chains that lean deeper are taken for something new in every version: they are announced too
 * often, never too seldom. A change refuses cycles; a chain that has one is too deep as well. */
enum { LEANING_DEPTH_MAX = 64 };

struct resolution {
    const struct snapshot *snapshot;
    uint64_t *flags, *segments; /* effects by place; 0: not known yet */
};

static uint64_t mix_cohorts(const struct snapshot *snapshot, const struct effect_source *source,
                            uint64_t digest)
{
    for (size_t i = 0; i < source->cohorts.count; i++) {
        const struct cohort_revision *cohort =
            snapshot_find_cohort(snapshot, source->cohorts.names[i]);
        if (cohort == NULL)
            continue;
        digest = stamp_mix(digest, stamp_of((struct str){(const char *)cohort->digest.bytes,
                                                         COHORT_DIGEST_BYTES}));
    }
    return digest;
}

/* What was mixed so far, and one more effect: its being timed is handed on. */
struct mixture {
    uint64_t digest;
    bool is_timed;
};

static void mix_effect(struct mixture *mixture, uint64_t effect)
{
    mixture->digest = stamp_mix(mixture->digest, effect);
    mixture->is_timed = mixture->is_timed || (effect & EFFECT_IS_TIMED) != 0;
}

/* Never 0: that is one which is not known yet. */
static uint64_t effect_of(const struct mixture *mixture)
{
    uint64_t effect = mixture->digest & ~(uint64_t)EFFECT_IS_TIMED;
    if (effect == 0)
        effect = 2;
    return mixture->is_timed ? effect | EFFECT_IS_TIMED : effect;
}

static uint64_t effect_too_deep(const struct snapshot *snapshot)
{
    return snapshot->version << 1 | EFFECT_IS_TIMED;
}

static struct mixture begin_mixture(const struct snapshot *snapshot,
                                    const struct effect_source *source)
{
    return (struct mixture){mix_cohorts(snapshot, source, source->stamp), source->is_timed};
}

static uint64_t resolve_segment(struct resolution *resolution, struct str key, unsigned depth)
{
    const struct snapshot *snapshot = resolution->snapshot;
    size_t place = environment_segment_index(&snapshot->state, key);
    if (place == INDEX_ABSENT)
        return 0;
    if (resolution->segments[place] != 0)
        return resolution->segments[place];
    if (depth == LEANING_DEPTH_MAX)
        return effect_too_deep(snapshot);
    const struct effect_source *source = source_of_segment(snapshot->segments[place]);
    struct mixture mixture = begin_mixture(snapshot, source);
    for (size_t i = 0; i < source->segments.count; i++)
        mix_effect(&mixture, resolve_segment(resolution, source->segments.names[i], depth + 1));
    resolution->segments[place] = effect_of(&mixture);
    return resolution->segments[place];
}

static uint64_t resolve_flag(struct resolution *resolution, size_t place, unsigned depth)
{
    const struct snapshot *snapshot = resolution->snapshot;
    if (resolution->flags[place] != 0)
        return resolution->flags[place];
    if (depth == LEANING_DEPTH_MAX)
        return effect_too_deep(snapshot);
    const struct effect_source *source = source_of_flag(snapshot->flags[place]);
    struct mixture mixture = begin_mixture(snapshot, source);
    for (size_t i = 0; i < source->segments.count; i++)
        mix_effect(&mixture, resolve_segment(resolution, source->segments.names[i], 0));
    for (size_t i = 0; i < source->flags.count; i++) {
        size_t leans_on = environment_flag_index(&snapshot->state, source->flags.names[i]);
        if (leans_on != INDEX_ABSENT)
            mix_effect(&mixture, resolve_flag(resolution, leans_on, depth + 1));
    }
    resolution->flags[place] = effect_of(&mixture);
    return resolution->flags[place];
}

struct effects {
    struct annex annex;
    uint64_t *flags; /* by place */
};

static struct effects *resolve(const struct snapshot *snapshot)
{
    size_t flag_count = snapshot->state.flag_count;
    struct effects *effects = annex_make(sizeof(*effects), flag_count * sizeof(uint64_t));
    effects->flags = ARENA_NEW_ARRAY(&effects->annex.arena, uint64_t, flag_count);
    struct arena scratch;
    arena_open(&scratch, 4096);
    struct resolution resolution = {
        .snapshot = snapshot,
        .flags = effects->flags,
        .segments = ARENA_NEW_ARRAY(&scratch, uint64_t, snapshot->state.segment_count),
    };
    for (size_t i = 0; i < flag_count; i++)
        resolve_flag(&resolution, i, 0);
    arena_close(&scratch);
    return effects;
}

const uint64_t *ofrep_effects_of(const struct snapshot *snapshot)
{
    annex_slot *slot = &((struct snapshot *)snapshot)->annexes[OFREP_EFFECTS];
    snapshot_note_asked(snapshot, (uint32_t)1 << OFREP_EFFECTS);
    const struct effects *effects = annex_find(slot);
    if (effects == NULL)
        effects = annex_keep(slot, resolve(snapshot));
    return effects->flags;
}
