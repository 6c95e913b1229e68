/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile_selector - selectors by slot, each distinct one once, and what a result has for every
 * variation it may be.
 */
#include <assert.h>

#include "eval/compile.h"

/* The selector that stands for all that find nothing comes first. */
void compile_selectors_open(struct compiler *compiler)
{
    map_open(&compiler->selector_slots, compiler->arena, 0);
    compiler->selectors = compile_grow(compiler->arena, NULL, 0, &compiler->selector_capacity,
                                       sizeof(struct selector));
    compiler->selectors[SELECTOR_SLOT_NOTHING] = (struct selector){.text = STR("")};
    compiler->selector_count = 1;
}

static bool is_prerequisite(const struct flag *flag, struct str key)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (str_equal(flag->prerequisites[i].flag, key))
            return true;
    }
    return false;
}

static const struct json *variation_key(struct arena *arena, const struct variation *variation)
{
    struct json key = json_make_string(variation->id);
    return arena_copy(arena, &key, sizeof(key));
}

/* A result's value is a text. */
static const struct json *result_value(struct arena *arena, const struct flag *flag,
                                       const struct variation *variation)
{
    if (flag->arithmetic.comparison == FLAG_COMPARISON_TYPED)
        return variation_key(arena, variation);
    return &variation->value;
}

static const struct json *result_payload(const struct flag *flag, const struct variation *variation)
{
    if (variation->has_payload)
        return &variation->payload;
    bool is_typed = flag->arithmetic.comparison == FLAG_COMPARISON_TYPED;
    return is_typed ? &variation->value : NULL;
}

/* What the result has there when it is this variation; NULL: nothing. The variation called "off" is
 * its name alone, whatever a flag that is off serves. */
static const struct json *result_member(struct arena *arena, const struct flag *flag,
                                        const struct variation *variation, struct str member)
{
    if (str_equal(member, STR("key")))
        return variation_key(arena, variation);
    bool is_off = str_equal(variation->id, STR("off"));
    if (str_equal(member, STR("value")))
        return is_off ? NULL : result_value(arena, flag, variation);
    if (str_equal(member, STR("payload")) && !is_off)
        return result_payload(flag, variation);
    return str_equal(member, STR("metadata")) ? &flag->metadata : NULL;
}

/* Steps are the flag's key, the member, and what lies in it. */
static void bind_result(struct compiler *compiler, struct selector *selector)
{
    uint32_t index = map_find(&compiler->private->flags, selector->steps[0]);
    if (index == MAP_ABSENT || selector->step_count < 2)
        return;
    const struct flag *flag = compiler->state->flags[index];
    const struct json **chosen =
        ARENA_NEW_ARRAY(compiler->arena, const struct json *, flag->variation_count);
    for (size_t i = 0; i < flag->variation_count; i++)
        chosen[i] = json_walk(
            result_member(compiler->arena, flag, &flag->variations[i], selector->steps[1]),
            selector->steps + 2, selector->step_count - 2);
    assert(compiler->flags[index].memo != MEMO_NONE); /* a prerequisite is remembered */
    selector->memo = compiler->flags[index].memo;
    selector->chosen = chosen;
}

uint32_t compile_selector(struct compiler *compiler, const struct flag *flag, struct str text)
{
    struct selector selector = selector_parse(compiler->arena, text);
    bool is_result = selector.root == SELECTOR_RESULT;
    if (selector.root == SELECTOR_NOTHING ||
        (is_result && (selector.step_count == 0 || !is_prerequisite(flag, selector.steps[0]))))
        return SELECTOR_SLOT_NOTHING;
    uint32_t known = map_find(&compiler->selector_slots, text);
    if (known != MAP_ABSENT)
        return known;
    if (is_result)
        bind_result(compiler, &selector);
    compiler->selectors =
        compile_grow(compiler->arena, compiler->selectors, compiler->selector_count,
                     &compiler->selector_capacity, sizeof(struct selector));
    uint32_t slot = (uint32_t)compiler->selector_count++;
    compiler->selectors[slot] = selector;
    map_insert(&compiler->selector_slots, text, slot);
    return slot;
}
