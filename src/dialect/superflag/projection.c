/* SPDX-License-Identifier: Apache-2.0 */
/* projection - an environment as documents can say it: see projection.h. */
#include "dialect/superflag/projection.h"

#include "base/map.h"
#include "model/codec.h"
#include "model/limits.h"

bool superflag_is_text(const struct flag *flag)
{
    return flag->arithmetic.comparison == FLAG_COMPARISON_TEXT;
}

/* ---- what everybody gets ----------------------------------------------------------------------
 */

/* Variations that were met so far: none, one, or more than one. */
struct outcome {
    struct str variation; /* absent: none was met */
    bool is_one;
};

static void meet(struct outcome *outcome, struct str variation)
{
    if (str_is_absent(variation))
        outcome->is_one = false; /* nothing is served to some */
    else if (str_is_absent(outcome->variation))
        outcome->variation = variation;
    else if (!str_equal(outcome->variation, variation))
        outcome->is_one = false;
}

static bool has_weight(const struct slice *slice)
{
    for (size_t i = 0; i < slice->allocation_count; i++) {
        if (slice->allocations[i].weight > 0)
            return true;
    }
    return false;
}

/* What nobody owns is `otherwise`. */
static void meet_slice(struct outcome *outcome, const struct slice *slice)
{
    bool is_even = !has_weight(slice); /* all weights 0: an even split */
    for (size_t i = 0; i < slice->allocation_count; i++) {
        const struct allocation *allocation = &slice->allocations[i];
        bool is_dealt = is_even || allocation->weight > 0;
        if (is_dealt && !str_is_absent(allocation->variation))
            meet(outcome, allocation->variation);
    }
}

/* Whoever has nothing to be bucketed by gets `otherwise`, however the tickets are dealt: that is
 * the one variation, too, where somebody meant it for everybody. */
static void meet_bucket(struct outcome *outcome, const struct serve *serve)
{
    const struct bucket *bucket = &serve->bucket;
    for (size_t i = 0; i < bucket->slice_count; i++) {
        const struct slice *slice = &bucket->slices[i];
        bool will_be_there = serve_is_progressive(serve) && slice->percent_to > 0;
        if (slice->percent > 0 || will_be_there)
            meet_slice(outcome, slice);
    }
    meet(outcome, bucket->otherwise);
}

bool superflag_names_anybody(const struct flag *flag)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (flag->variations[i].included_count > 0 || flag->variations[i].cohort_count > 0)
            return true;
    }
    return false;
}

int superflag_constant_variation(const struct flag *flag)
{
    bool is_conditional = flag->rule_count > 0 || flag->prerequisite_count > 0 ||
                          flag->experiment.is_sticky || superflag_names_anybody(flag) ||
                          !str_is_absent(flag->schedule.start) ||
                          !str_is_absent(flag->schedule.end);
    if (is_conditional)
        return -1;
    struct outcome outcome = {.is_one = true};
    if (flag->fallthrough.kind == SERVE_VARIATION)
        meet(&outcome, flag->fallthrough.variation);
    else if (serve_is_bucket(&flag->fallthrough))
        meet_bucket(&outcome, &flag->fallthrough);
    return outcome.is_one ? flag_find_variation(flag, outcome.variation) : -1;
}

static bool is_blank(struct str text)
{
    return str_is_empty(str_trim(text));
}

struct str superflag_description_of(const struct flag *flag)
{
    if (!is_blank(flag->description))
        return flag->description;
    return is_blank(flag->name) ? flag->key : flag->name;
}

struct str superflag_owner_of(const struct flag *flag)
{
    return is_blank(flag->owner) ? STR("unowned") : flag->owner;
}

struct flag superflag_ordinary_flag(struct arena *arena, const struct flag *flag)
{
    int constant = superflag_constant_variation(flag);
    struct flag ordinary = {
        .id = flag->id,
        .key = flag->key,
        .type = flag->type,
        .description = superflag_description_of(flag),
        .owner = superflag_owner_of(flag),
        .tags = flag->tags,
        .tag_count = flag->tag_count,
        .lifecycle = flag->lifecycle,
        .is_enabled = flag->is_enabled,
        .visibility = flag->visibility,
        .is_on_all_deployments = true,
        .variation_count = flag->variation_count,
        .off_variation = flag->off_variation,
        .metadata = flag->metadata,
    };
    ordinary.fallthrough.kind = SERVE_VARIATION;
    ordinary.fallthrough.variation =
        constant < 0 ? flag->off_variation : flag->variations[constant].id;
    ordinary.variations = ARENA_NEW_ARRAY(arena, struct variation, flag->variation_count);
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        ordinary.variations[i] = (struct variation){.id = variation->id,
                                                    .value = variation->value,
                                                    .name = variation->name,
                                                    .description = variation->description};
    }
    return ordinary;
}

/* What a document may change of a flag that compares text. */
static struct flag with_words_of(const struct flag *flag, const struct flag *words)
{
    struct flag result = *flag;
    result.is_enabled = words->is_enabled;
    result.description = words->description;
    result.owner = words->owner;
    result.tags = words->tags;
    result.tag_count = words->tag_count;
    result.lifecycle = words->lifecycle;
    result.visibility = words->visibility;
    result.metadata = words->metadata;
    return result;
}

struct fault superflag_apply_ordinary(struct arena *arena, const struct flag *current,
                                      const struct flag *ordinary, struct flag *changed)
{
    struct flag shown = superflag_ordinary_flag(arena, current);
    struct flag expected = with_words_of(&shown, ordinary);
    if (!flag_is_same(&expected, ordinary))
        return fault_make(FAULT_INVALID, STR("$"),
                          STR("compares text: only enabled, description, owner, tags, lifecycle, "
                              "visibility and metadata can be changed here"));
    *changed = with_words_of(current, ordinary);
    if (str_equal(ordinary->description, shown.description))
        changed->description = current->description;
    if (str_equal(ordinary->owner, shown.owner))
        changed->owner = current->owner;
    bool is_start = changed->kind == FLAG_KIND_EXPERIMENT && changed->is_enabled;
    changed->experiment.has_started = changed->experiment.has_started || is_start;
    return fault_none();
}

/* ---- who is left out --------------------------------------------------------------------------
 */

/* What is known about flags that lean on others, so that none is looked at twice. */
struct inquiry {
    struct arena *arena;
    const struct environment_state *state;
    enum superflag_audience audience;
    struct map known; /* key to enum superflag_absence; opened when the first is known */
};

/* Of a typed flag: by the hash that the vendor's readers have. */
static bool is_dealt_here(const struct flag *flag)
{
    return flag->arithmetic.hash == FLAG_HASH_FNV1A_32_UTF16;
}

/* A flag by itself. A group is of use to its members alone, and they compare text. */
static enum superflag_absence judge_alone(const struct inquiry *inquiry, const struct flag *flag)
{
    if (flag->is_archived)
        return SUPERFLAG_ARCHIVED;
    if (inquiry->audience == SUPERFLAG_CLIENT &&
        !flag_is_client_visible(flag, &inquiry->state->settings))
        return SUPERFLAG_HIDDEN;
    if (!superflag_is_text(flag))
        return is_dealt_here(flag) ? SUPERFLAG_PRESENT : SUPERFLAG_DEALING;
    if (flag->kind == FLAG_KIND_MUTEX || flag->kind == FLAG_KIND_HOLDOUT)
        return SUPERFLAG_GROUP;
    bool is_same = !flag->is_enabled || superflag_constant_variation(flag) >= 0;
    return is_same ? SUPERFLAG_PRESENT : SUPERFLAG_VARYING;
}

static void remember(struct inquiry *inquiry, struct str key, enum superflag_absence absence)
{
    enum { EXPECTED = 8 };
    if (inquiry->known.slots == NULL)
        map_open(&inquiry->known, inquiry->arena, EXPECTED);
    map_insert(&inquiry->known, key, (uint32_t)absence);
}

static enum superflag_absence judge(struct inquiry *inquiry, const struct flag *flag, size_t depth);

/* The first prerequisite that is absent; NULL when all are there. */
static const struct flag *find_absent(struct inquiry *inquiry, const struct flag *flag,
                                      size_t depth)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct flag *target =
            environment_find_flag(inquiry->state, flag->prerequisites[i].flag);
        if (target != NULL && judge(inquiry, target, depth + 1) != SUPERFLAG_PRESENT)
            return target;
    }
    return NULL;
}

/* A flag of the text family that is present is said without its prerequisites. Recursion is
 * bounded: no chain that environment_check let through is longer. */
static enum superflag_absence judge(struct inquiry *inquiry, const struct flag *flag, size_t depth)
{
    enum superflag_absence absence = judge_alone(inquiry, flag);
    if (absence != SUPERFLAG_PRESENT || superflag_is_text(flag) || flag->prerequisite_count == 0 ||
        depth > PREREQUISITE_DEPTH_MAX)
        return absence;
    uint32_t known = map_find(&inquiry->known, flag->key);
    if (known != MAP_ABSENT)
        return (enum superflag_absence)known;
    absence = find_absent(inquiry, flag, depth) == NULL ? SUPERFLAG_PRESENT : SUPERFLAG_LEANING;
    remember(inquiry, flag->key, absence);
    return absence;
}

enum superflag_absence superflag_absence_of(struct arena *arena,
                                            const struct environment_state *state,
                                            enum superflag_audience audience,
                                            const struct flag *flag, struct str *leans_on)
{
    struct inquiry inquiry = {.arena = arena, .state = state, .audience = audience};
    enum superflag_absence absence = judge(&inquiry, flag, 0);
    *leans_on = (struct str){0};
    if (absence == SUPERFLAG_LEANING)
        *leans_on = find_absent(&inquiry, flag, 0)->key;
    return absence;
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static bool is_said_as_it_is(const struct flag *flag)
{
    return !superflag_is_text(flag) && is_dealt_here(flag) && !is_blank(flag->description) &&
           !is_blank(flag->owner);
}

/* Most environments are said as they are; whom a document is for is then its writer's to ask. */
static bool is_plain(const struct environment_state *state)
{
    for (size_t i = 0; i < state->flag_count; i++) {
        if (state->flags[i]->is_archived || !is_said_as_it_is(state->flags[i]))
            return false;
    }
    return true;
}

static const struct flag *say(struct arena *arena, const struct flag *flag)
{
    if (is_said_as_it_is(flag))
        return flag;
    struct flag *said = ARENA_NEW(arena, struct flag);
    *said = superflag_is_text(flag) ? superflag_ordinary_flag(arena, flag) : *flag;
    said->description = superflag_description_of(flag);
    said->owner = superflag_owner_of(flag);
    return said;
}

struct environment_state superflag_project(struct arena *arena,
                                           const struct environment_state *state,
                                           enum superflag_audience audience)
{
    struct environment_state projected = *state;
    if (is_plain(state))
        return projected;
    struct inquiry inquiry = {.arena = arena, .state = state, .audience = audience};
    const struct flag **flags = ARENA_NEW_ARRAY(arena, const struct flag *, state->flag_count);
    projected.flags = flags;
    projected.flag_count = 0;
    for (size_t i = 0; i < state->flag_count; i++) {
        const struct flag *flag = state->flags[i];
        if (judge(&inquiry, flag, 0) != SUPERFLAG_PRESENT)
            continue;
        flags[projected.flag_count++] = say(arena, flag);
    }
    return projected;
}
