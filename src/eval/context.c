/* SPDX-License-Identifier: Apache-2.0 */
/* context - attributes by slot, found when first asked for: see evaluate.h. */
#include <assert.h>
#include <string.h>

#include "base/number.h"
#include "eval/evaluation.h"

const struct json attribute_missing = {.type = JSON_NULL};

/*
 * One block, zeroed once: the targeting key as a value, the values, the views, the decisions, the
 * segments, the answers. The widest come first, so that each part is aligned.
 */
static void open_block(struct context *context)
{
    const struct ruleset *ruleset = context->ruleset;
    assert(ruleset->attribute_count > SLOT_TARGETING_KEY);
    size_t values_bytes = ruleset->attribute_count * sizeof(const struct json *);
    size_t views_bytes = ruleset->selector_count * sizeof(struct text_view);
    size_t decisions_bytes = ruleset->prerequisite_flag_count * sizeof(struct decision);
    char *block = arena_allocate(context->arena, sizeof(struct json) + values_bytes + views_bytes +
                                                     decisions_bytes + ruleset->segment_count +
                                                     ruleset->answer_count);
    struct json *key = (struct json *)(void *)block;
    key->type = JSON_STRING;
    key->string = context->targeting_key;
    block += sizeof(struct json);
    context->values = (const struct json **)(void *)block;
    context->views = (struct text_view *)(void *)(block + values_bytes);
    context->decisions = (struct decision *)(void *)(block + values_bytes + views_bytes);
    context->segments = (uint8_t *)block + values_bytes + views_bytes + decisions_bytes;
    context->answers = context->segments + ruleset->segment_count;
    context->values[SLOT_TARGETING_KEY] =
        str_is_empty(context->targeting_key) ? &attribute_missing : key;
}

void context_open(struct context *context, struct arena *arena, const struct ruleset *ruleset,
                  struct str targeting_key, const struct json *attributes,
                  struct pattern_scratch *scratch)
{
    *context = (struct context){
        .form = CONTEXT_FLAT,
        .targeting_key = targeting_key,
        .attributes = attributes,
        .scratch = scratch,
        .ruleset = ruleset,
        .arena = arena,
        .remembered_ms = INT64_MIN,
    };
    open_block(context);
}

/* A text or a number that identifies somebody; absent when it does not. */
static struct str identity(struct arena *arena, const struct json *user, struct str member)
{
    const struct json *id = user == NULL ? NULL : json_find(user, member);
    if (id != NULL && id->type == JSON_STRING && id->string.size > 0)
        return id->string;
    if (id == NULL || id->type != JSON_NUMBER)
        return (struct str){0};
    char text[NUMBER_TEXT_BYTES];
    size_t size = number_format(id->number, text);
    return (struct str){arena_copy(arena, text, size), size};
}

void context_open_user(struct context *context, struct arena *arena, const struct ruleset *ruleset,
                       const struct json *tree, struct pattern_scratch *scratch)
{
    const struct json *user = tree == NULL ? NULL : json_find(tree, STR("user"));
    struct str targeting_key = identity(arena, user, STR("user_id"));
    if (str_is_absent(targeting_key))
        targeting_key = identity(arena, user, STR("device_id"));
    *context = (struct context){
        .form = CONTEXT_USER,
        .targeting_key = targeting_key,
        .attributes = tree,
        .user = user,
        .scratch = scratch,
        .ruleset = ruleset,
        .arena = arena,
        .remembered_ms = INT64_MIN,
    };
    open_block(context);
}

/* ---- dotted paths ---------------------------------------------------------------------------- */

/* Walks objects only; an array or a scalar on the way ends it (section 13, "Attribute read"). */
static const struct json *walk_path(const struct json *from, const struct attribute_path *path)
{
    const struct json *value = from;
    for (size_t i = 0; i < path->segment_count && value != NULL; i++)
        value = json_find(value, path->segments[i]);
    return value;
}

const struct json *context_bind(struct context *context, uint32_t slot)
{
    const struct attribute_path *path = &context->ruleset->attributes[slot];
    bool is_flat = context->form == CONTEXT_FLAT;
    const struct json *value = walk_path(is_flat ? context->attributes : context->user, path);
    if (value == NULL && !is_flat && context->user != NULL)
        value = walk_path(json_find(context->user, STR("user_properties")), path);
    if (value == NULL)
        value = &attribute_missing;
    context->values[slot] = value;
    return value;
}

/* ---- selectors ------------------------------------------------------------------------------- */

static const struct json *flat_member(const struct context *context, struct str member)
{
    return context->attributes == NULL ? NULL : json_find(context->attributes, member);
}

/* The name of the subject's group of a type; absent when there is none. */
static const struct json *flat_group(const struct context *context, struct str type)
{
    const struct json *groups = flat_member(context, STR("groups"));
    const struct json *names = groups == NULL ? NULL : json_find(groups, type);
    if (names != NULL && names->type == JSON_ARRAY)
        names = names->count == 0 ? NULL : names->elements;
    return names != NULL && names->type == JSON_STRING ? names : NULL;
}

/* What a member, by type of group and then by its name, has of the subject's group. */
static const struct json *flat_group_member(const struct context *context, struct str member,
                                            struct str type)
{
    const struct json *name = flat_group(context, type);
    const struct json *by_type = flat_member(context, member);
    const struct json *by_name = by_type == NULL ? NULL : json_find(by_type, type);
    return name == NULL || by_name == NULL ? NULL : json_find(by_name, name->string);
}

static const struct json *flat_property(const struct context *context,
                                        const struct selector *selector)
{
    const struct str *steps = selector->steps + 2;
    size_t count = selector->step_count - 2;
    const struct json *value =
        json_walk(flat_member(context, STR("user_properties")), steps, count);
    return value != NULL ? value : json_walk(context->attributes, steps, count);
}

static const struct json *flat_key(const struct context *context)
{
    return str_is_absent(context->targeting_key) ? NULL : context->values[SLOT_TARGETING_KEY];
}

static const struct json *flat_identity(const struct context *context,
                                        const struct selector *selector)
{
    const struct json *id = json_walk(context->attributes, selector->steps + 1, 1);
    return id != NULL ? id : flat_key(context);
}

static const struct json *select_flat(const struct context *context,
                                      const struct selector *selector)
{
    const struct str *steps = selector->steps;
    switch (selector->flat) {
    case FLAT_NOTHING:
        return NULL;
    case FLAT_TARGETING_KEY:
        return flat_key(context);
    case FLAT_IDENTITY:
        return flat_identity(context, selector);
    case FLAT_ATTRIBUTE:
        return json_walk(context->attributes, steps + 1, selector->step_count - 1);
    case FLAT_PROPERTY:
        return flat_property(context, selector);
    case FLAT_GROUP_NAME:
        return flat_group(context, steps[1]);
    case FLAT_GROUP_PROPERTY:
        return json_walk(flat_group_member(context, STR("group_properties"), steps[1]), steps + 3,
                         selector->step_count - 3);
    case FLAT_GROUP_COHORTS:
        return flat_group_member(context, STR("group_cohort_ids"), steps[1]);
    }
    assert(false);
    return NULL;
}

/* A flag that could not be decided has no result. */
static const struct json *select_result(const struct context *context,
                                        const struct selector *selector)
{
    if (selector->chosen == NULL)
        return NULL;
    const struct decision *decision = &context->decisions[selector->memo];
    if (decision->flag == NULL || decision->variation == VARIATION_NONE)
        return NULL;
    return selector->chosen[decision->variation];
}

static const struct json *select_value(const struct context *context,
                                       const struct selector *selector)
{
    switch (selector->root) {
    case SELECTOR_NOTHING:
        return NULL;
    case SELECTOR_CONTEXT:
        if (context->form == CONTEXT_FLAT)
            return select_flat(context, selector);
        return json_walk(context->attributes, selector->steps, selector->step_count);
    case SELECTOR_RESULT:
        return select_result(context, selector);
    }
    assert(false);
    return NULL;
}

struct text_view *context_open_view(struct context *context, uint32_t slot)
{
    struct text_view *view = &context->views[slot];
    text_view_open(view, context->arena, select_value(context, &context->ruleset->selectors[slot]));
    return view;
}

/* ---- what is remembered ---------------------------------------------------------------------- */

void context_forget_segments(struct context *context)
{
    if (context->ruleset->segment_count > 0)
        memset(context->segments, 0, context->ruleset->segment_count);
}

static void forget_results(struct context *context)
{
    for (size_t i = 0; i < context->ruleset->selector_count; i++) {
        if (context->ruleset->selectors[i].root == SELECTOR_RESULT)
            context->views[i].kind = VIEW_UNREAD;
    }
}

void context_forget(struct context *context)
{
    size_t decision_count = context->ruleset->prerequisite_flag_count;
    if (decision_count > 0) {
        memset(context->decisions, 0, decision_count * sizeof(struct decision));
        forget_results(context);
    }
    context_forget_segments(context);
}
