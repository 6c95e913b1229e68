/* SPDX-License-Identifier: Apache-2.0 */
/* copy - flags and segments into another lifetime, borrowing nothing: see flag.h. */
#include <assert.h>

#include "model/flag.h"
#include "model/limits.h"

static struct str *copy_texts(struct arena *arena, const struct str *texts, size_t count)
{
    if (count == 0)
        return NULL;
    struct str *copies = ARENA_NEW_ARRAY(arena, struct str, count);
    for (size_t i = 0; i < count; i++)
        copies[i] = arena_copy_str(arena, texts[i]);
    return copies;
}

static struct schedule copy_schedule(struct arena *arena, const struct schedule *schedule)
{
    struct schedule copy = *schedule;
    copy.start = arena_copy_str(arena, schedule->start);
    copy.end = arena_copy_str(arena, schedule->end);
    return copy;
}

static struct allocation *copy_allocations(struct arena *arena,
                                           const struct allocation *allocations, size_t count)
{
    if (count == 0)
        return NULL;
    struct allocation *copies = ARENA_NEW_ARRAY(arena, struct allocation, count);
    for (size_t i = 0; i < count; i++) {
        copies[i].variation = arena_copy_str(arena, allocations[i].variation);
        copies[i].weight = allocations[i].weight;
    }
    return copies;
}

static struct split copy_split(struct arena *arena, const struct split *split)
{
    struct split copy = *split;
    copy.allocations = copy_allocations(arena, split->allocations, split->allocation_count);
    copy.bucket_by = arena_copy_str(arena, split->bucket_by);
    copy.salt = arena_copy_str(arena, split->salt);
    return copy;
}

static struct bucket copy_bucket(struct arena *arena, const struct bucket *bucket)
{
    struct bucket copy = {
        .bucket_by = arena_copy_str(arena, bucket->bucket_by),
        .salt = arena_copy_str(arena, bucket->salt),
        .slice_count = bucket->slice_count,
        .otherwise = arena_copy_str(arena, bucket->otherwise),
    };
    if (bucket->slice_count > 0)
        copy.slices = ARENA_NEW_ARRAY(arena, struct slice, bucket->slice_count);
    for (size_t i = 0; i < bucket->slice_count; i++) {
        const struct slice *slice = &bucket->slices[i];
        copy.slices[i] = (struct slice){
            .percent = slice->percent,
            .percent_to = slice->percent_to,
            .allocations = copy_allocations(arena, slice->allocations, slice->allocation_count),
            .allocation_count = slice->allocation_count,
        };
    }
    return copy;
}

static struct serve copy_serve(struct arena *arena, const struct serve *serve)
{
    return (struct serve){
        .kind = serve->kind,
        .variation = arena_copy_str(arena, serve->variation),
        .bucket = copy_bucket(arena, &serve->bucket),
        .split = copy_split(arena, &serve->split),
        .to = copy_split(arena, &serve->to),
        .schedule = copy_schedule(arena, &serve->schedule),
    };
}

/* Recursion is bounded by RULE_NESTING_MAX, which both decoder and check enforce. */
static struct expression copy_expression(struct arena *arena, const struct expression *expression,
                                         size_t nesting)
{
    assert(nesting <= RULE_NESTING_MAX);
    struct expression copy = *expression;
    copy.attribute = arena_copy_str(arena, expression->attribute);
    copy.segment = arena_copy_str(arena, expression->segment);
    copy.value = json_copy(arena, &expression->value);
    copy.children = NULL;
    if (expression->child_count > 0)
        copy.children = ARENA_NEW_ARRAY(arena, struct expression, expression->child_count);
    for (size_t i = 0; i < expression->child_count; i++)
        copy.children[i] = copy_expression(arena, &expression->children[i], nesting + 1);
    return copy;
}

static struct rule copy_rule(struct arena *arena, const struct rule *rule)
{
    return (struct rule){
        .id = arena_copy_str(arena, rule->id),
        .description = arena_copy_str(arena, rule->description),
        .when = copy_expression(arena, &rule->when, 0),
        .serve = copy_serve(arena, &rule->serve),
        .schedule = copy_schedule(arena, &rule->schedule),
    };
}

static void copy_variations(struct arena *arena, struct flag *copy, const struct flag *flag)
{
    copy->variations = NULL;
    if (flag->variation_count > 0)
        copy->variations = ARENA_NEW_ARRAY(arena, struct variation, flag->variation_count);
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        copy->variations[i] = (struct variation){
            .id = arena_copy_str(arena, variation->id),
            .value = json_copy(arena, &variation->value),
            .name = arena_copy_str(arena, variation->name),
            .description = arena_copy_str(arena, variation->description),
            .has_payload = variation->has_payload,
            .payload = json_copy(arena, &variation->payload),
            .included = copy_texts(arena, variation->included, variation->included_count),
            .included_count = variation->included_count,
            .cohorts = copy_texts(arena, variation->cohorts, variation->cohort_count),
            .cohort_count = variation->cohort_count,
        };
    }
}

static struct experiment copy_experiment(struct arena *arena, const struct experiment *experiment)
{
    struct experiment copy = *experiment;
    copy.type = arena_copy_str(arena, experiment->type);
    copy.start = arena_copy_str(arena, experiment->start);
    copy.end = arena_copy_str(arena, experiment->end);
    copy.decision = arena_copy_str(arena, experiment->decision);
    copy.decision_reason = arena_copy_str(arena, experiment->decision_reason);
    copy.rolled_out_variation = arena_copy_str(arena, experiment->rolled_out_variation);
    copy.exposure_event = json_copy(arena, &experiment->exposure_event);
    return copy;
}

static void copy_prerequisites(struct arena *arena, struct flag *copy, const struct flag *flag)
{
    copy->prerequisites = NULL;
    if (flag->prerequisite_count > 0)
        copy->prerequisites = ARENA_NEW_ARRAY(arena, struct prerequisite, flag->prerequisite_count);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *from = &flag->prerequisites[i];
        copy->prerequisites[i] = (struct prerequisite){
            .flag = arena_copy_str(arena, from->flag),
            .variations = copy_texts(arena, from->variations, from->variation_count),
            .variation_count = from->variation_count,
        };
    }
}

struct flag flag_copy(struct arena *arena, const struct flag *flag)
{
    struct flag copy = *flag;
    copy.id = arena_copy_str(arena, flag->id);
    copy.key = arena_copy_str(arena, flag->key);
    copy.name = arena_copy_str(arena, flag->name);
    copy.description = arena_copy_str(arena, flag->description);
    copy.owner = arena_copy_str(arena, flag->owner);
    copy.tags = copy_texts(arena, flag->tags, flag->tag_count);
    copy.deployments = NULL;
    if (flag->deployment_count > 0)
        copy.deployments = arena_copy(arena, flag->deployments,
                                      flag->deployment_count * sizeof(flag->deployments[0]));
    copy.bucket_by = arena_copy_str(arena, flag->bucket_by);
    copy.bucketing_unit = arena_copy_str(arena, flag->bucketing_unit);
    copy.salt = arena_copy_str(arena, flag->salt);
    copy_variations(arena, &copy, flag);
    copy.off_variation = arena_copy_str(arena, flag->off_variation);
    copy.fallthrough = copy_serve(arena, &flag->fallthrough);
    copy_prerequisites(arena, &copy, flag);
    copy.rules = NULL;
    if (flag->rule_count > 0)
        copy.rules = ARENA_NEW_ARRAY(arena, struct rule, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++)
        copy.rules[i] = copy_rule(arena, &flag->rules[i]);
    copy.schedule = copy_schedule(arena, &flag->schedule);
    copy.metadata = json_copy(arena, &flag->metadata);
    copy.experiment = copy_experiment(arena, &flag->experiment);
    return copy;
}

struct segment segment_copy(struct arena *arena, const struct segment *segment)
{
    struct segment copy = *segment;
    copy.id = arena_copy_str(arena, segment->id);
    copy.key = arena_copy_str(arena, segment->key);
    copy.description = arena_copy_str(arena, segment->description);
    copy.included = copy_texts(arena, segment->included, segment->included_count);
    copy.excluded = copy_texts(arena, segment->excluded, segment->excluded_count);
    copy.rules = NULL;
    if (segment->rule_count > 0)
        copy.rules = ARENA_NEW_ARRAY(arena, struct expression, segment->rule_count);
    for (size_t i = 0; i < segment->rule_count; i++)
        copy.rules[i] = copy_expression(arena, &segment->rules[i], 0);
    copy.schedule = copy_schedule(arena, &segment->schedule);
    return copy;
}
