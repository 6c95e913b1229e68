/* SPDX-License-Identifier: Apache-2.0 */
/* context - attributes by slot, found when first asked for: see evaluate.h. */
#include <assert.h>
#include <string.h>

#include "eval/evaluation.h"

const struct json attribute_missing = {.type = JSON_NULL};

/*
 * One block, zeroed once: the values, the targeting key as a value, the decisions, the segments.
 * The widest come first, so that each part is aligned.
 */
void context_open(struct context *context, struct arena *arena, const struct ruleset *ruleset,
                  struct str targeting_key, const struct json *attributes,
                  struct pattern_scratch *scratch)
{
    assert(ruleset->attribute_count > SLOT_TARGETING_KEY);
    size_t values_bytes = ruleset->attribute_count * sizeof(const struct json *);
    size_t decisions_bytes = ruleset->prerequisite_flag_count * sizeof(struct decision);
    char *block = arena_allocate(arena, sizeof(struct json) + values_bytes + decisions_bytes +
                                            ruleset->segment_count);
    struct json *key = (struct json *)(void *)block;
    key->type = JSON_STRING;
    key->string = targeting_key;
    block += sizeof(struct json);
    *context = (struct context){
        .targeting_key = targeting_key,
        .attributes = attributes,
        .scratch = scratch,
        .ruleset = ruleset,
        .values = (const struct json **)(void *)block,
        .decisions = (struct decision *)(void *)(block + values_bytes),
        .segments = (uint8_t *)block + values_bytes + decisions_bytes,
        .remembered_ms = INT64_MIN,
    };
    context->values[SLOT_TARGETING_KEY] = key;
}

/* Walks objects only; an array or a scalar on the way ends it (section 13, "Attribute read"). */
const struct json *context_bind(struct context *context, uint32_t slot)
{
    const struct attribute_path *path = &context->ruleset->attributes[slot];
    const struct json *value = context->attributes;
    for (size_t i = 0; i < path->segment_count && value != NULL; i++)
        value = json_find(value, path->segments[i]);
    if (value == NULL)
        value = &attribute_missing;
    context->values[slot] = value;
    return value;
}

void context_forget_segments(struct context *context)
{
    if (context->ruleset->segment_count > 0)
        memset(context->segments, 0, context->ruleset->segment_count);
}

void context_forget(struct context *context)
{
    size_t decision_count = context->ruleset->prerequisite_flag_count;
    if (decision_count > 0)
        memset(context->decisions, 0, decision_count * sizeof(struct decision));
    context_forget_segments(context);
}
