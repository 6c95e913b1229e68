/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment - is the subject in it? Wire reference, section 13, "Segment test".
 *
 * A segment that leads to no cycle has one answer per context and moment, which is kept. Where
 * there is a cycle, meeting a segment again on the path to it says no, so the answer depends on
 * the path and is worked out each time, within a bound.
 */
#include "eval/evaluation.h"

#include "base/utf.h"

static bool segment_admits(struct evaluation *evaluation, const struct compiled_segment *segment)
{
    struct str key = evaluation->context->targeting_key;
    bool has_key = !str_is_empty(key);
    if (!activity_holds(&segment->activity, evaluation->now_ms))
        return false;
    if (has_key && text_set_has(&segment->excluded, key))
        return false;
    if (has_key && text_set_has(&segment->included, key))
        return true;
    return program_accepts(evaluation, segment->tests, segment->entry);
}

static bool may_visit(struct evaluation *evaluation, const struct compiled_segment *segment)
{
    if (evaluation->segment_depth >= SEGMENT_DEPTH_MAX)
        return false;
    if (segment->is_settled)
        return true;
    if (evaluation->cyclic_visits_left == 0)
        return false;
    evaluation->cyclic_visits_left--;
    return true;
}

bool segment_holds(struct evaluation *evaluation, uint32_t index)
{
    const struct compiled_segment *segment = &evaluation->context->ruleset->segments[index];
    uint8_t *state = &evaluation->context->segments[index];
    if (*state & SEGMENT_KNOWN)
        return *state & SEGMENT_HOLDS;
    if ((*state & SEGMENT_VISITING) || !may_visit(evaluation, segment))
        return false;

    *state |= SEGMENT_VISITING;
    evaluation->segment_depth++;
    bool holds = segment_admits(evaluation, segment);
    evaluation->segment_depth--;
    *state &= (uint8_t)~SEGMENT_VISITING;
    if (holds)
        *state |= SEGMENT_MATCHED | SEGMENT_HOLDS;
    if (segment->is_settled)
        *state |= SEGMENT_KNOWN;
    return holds;
}

/* Keys come sorted by bytes, which is almost the order asked for. */
static void sort_by_units(struct str *keys, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct str key = keys[i];
        size_t at = i;
        for (; at > 0 && utf16_compare(keys[at - 1], key) > 0; at--)
            keys[at] = keys[at - 1];
        keys[at] = key;
    }
}

struct str *segments_matched(const struct context *context, struct arena *arena, size_t *count)
{
    const struct ruleset *ruleset = context->ruleset;
    *count = 0;
    for (size_t i = 0; i < ruleset->segment_count; i++)
        *count += (context->segments[i] & SEGMENT_MATCHED) != 0;
    struct str *keys = ARENA_NEW_ARRAY(arena, struct str, *count);
    size_t at = 0;
    for (size_t i = 0; i < ruleset->segment_count; i++) {
        if (context->segments[i] & SEGMENT_MATCHED)
            keys[at++] = ruleset->segments[i].segment->key;
    }
    sort_by_units(keys, *count);
    return keys;
}

struct membership evaluate_segment(const struct ruleset *ruleset, struct str key,
                                   struct context *context, int64_t now_ms, struct arena *arena)
{
    struct membership membership = {0};
    uint32_t index = map_find(&ruleset->private->segments, key);
    if (index == MAP_ABSENT)
        return membership;
    membership.is_found = true;
    if (str_is_empty(context->targeting_key) && !context->may_lack_key)
        return membership;

    struct evaluation evaluation = {
        .context = context,
        .now_ms = now_ms,
        .cyclic_visits_left = SEGMENT_CYCLIC_VISITS_MAX,
    };
    context_remember(context, now_ms);
    context_forget_segments(context); /* the marks of an earlier question */
    membership.is_member = segment_holds(&evaluation, index);
    membership.segments = segments_matched(context, arena, &membership.segment_count);
    return membership;
}
