/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_kinds - whole configurations: which flags a request brings along, and what each result is.
 *
 * The order of flags is the recorded engine's (amplitude-evaluation.md 10.1), walked over the
 * prerequisites our decoder made; ours decides a flag whenever it is asked for.
 */
#include <stdio.h>

#include "vectors.h"

enum { FLAGS_MAX = 64 };

/* ---- order ---------------------------------------------------------------------------------- */

struct order {
    const struct compiled *compiled;
    bool is_placed[FLAGS_MAX];
    bool is_on_path[FLAGS_MAX];
    size_t flags[FLAGS_MAX];
    size_t count;
    bool has_cycle;
};

static size_t find_flag(const struct compiled *compiled, struct str key)
{
    size_t i = 0;
    while (i < compiled->flag_count && !str_equal(compiled->flags[i].key, key))
        i++;
    return i;
}

/* Depth is bounded by the flags on the path. */
static void visit(struct order *order, size_t index)
{
    const struct compiled *compiled = order->compiled;
    if (index == compiled->flag_count || order->is_placed[index] || order->has_cycle)
        return;
    const struct flag *flag = &compiled->flags[index];
    order->is_on_path[index] = true;
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        size_t parent = find_flag(compiled, flag->prerequisites[i].flag);
        if (parent < compiled->flag_count && order->is_on_path[parent])
            order->has_cycle = true;
        visit(order, parent);
    }
    order->is_on_path[index] = false;
    order->is_placed[index] = true;
    order->flags[order->count++] = index;
}

static void visit_all(struct order *order, const struct json *wanted)
{
    for (size_t i = 0; wanted == NULL && i < order->compiled->flag_count; i++)
        visit(order, i);
    for (uint32_t i = 0; wanted != NULL && i < wanted->count; i++)
        visit(order, find_flag(order->compiled, wanted->elements[i].string));
}

static void expect_order(struct run *run, const struct order *order)
{
    const struct json *expected = case_member(run, STR("sorted_keys"));
    bool is_equal = expected->count == order->count;
    for (size_t i = 0; is_equal && i < order->count; i++)
        is_equal =
            str_equal(expected->elements[i].string, order->compiled->flags[order->flags[i]].key);
    expect_true(run, is_equal, "another order of flags");
}

/* ---- results -------------------------------------------------------------------------------- */

/* The later wins. */
static void merge(struct run *run, struct json *into, const struct json *from)
{
    if (from == NULL || from->type != JSON_OBJECT)
        return;
    struct json merged = {.type = JSON_OBJECT};
    merged.members = ARENA_NEW_ARRAY(&run->arena, struct json_member, into->count + from->count);
    for (uint32_t i = 0; i < into->count; i++) {
        if (json_find(from, into->members[i].key) == NULL)
            merged.members[merged.count++] = into->members[i];
    }
    for (uint32_t i = 0; i < from->count; i++)
        merged.members[merged.count++] = from->members[i];
    *into = merged;
}

/* Of the flag, the segment that decided and the variant, as the case has them. */
static struct json metadata_of(struct run *run, size_t flag_index, const struct decision *decision)
{
    const struct json *flag = &case_member(run, STR("flags"))->elements[flag_index];
    const struct json *segments = json_find(flag, STR("segments"));
    const struct json *variants = json_find(flag, STR("variants"));
    struct json metadata = {.type = JSON_OBJECT};
    merge(run, &metadata, json_find(flag, STR("metadata")));
    merge(run, &metadata, json_find(&segments->elements[decision->rule], STR("metadata")));
    merge(run, &metadata,
          json_find(&variants->members[decision->variation].value, STR("metadata")));
    return metadata;
}

static struct json result_of(struct run *run, size_t flag_index, const struct decision *decision)
{
    const struct variation *variation = &decision->flag->flag->variations[decision->variation];
    struct json result = {.type = JSON_OBJECT};
    result.members = ARENA_NEW_ARRAY(&run->arena, struct json_member, 4);
    result.members[result.count++] =
        (struct json_member){STR("key"), json_make_string(variation->id)};
    if (variation->value.type != JSON_NULL)
        result.members[result.count++] = (struct json_member){STR("value"), variation->value};
    if (variation->has_payload)
        result.members[result.count++] = (struct json_member){STR("payload"), variation->payload};
    result.members[result.count++] =
        (struct json_member){STR("metadata"), metadata_of(run, flag_index, decision)};
    return result;
}

static void expect_result(struct run *run, struct compiled *compiled, size_t flag_index)
{
    struct str key = compiled->flags[flag_index].key;
    const struct json *expected = json_find(case_member(run, STR("result")), key);
    struct decision decision = decide_flag(compiled, key);
    if (decision.variation == VARIATION_NONE || decision.rule == RULE_NONE) {
        expect_json(run, NULL, expected, "no result");
        return;
    }
    struct json result = result_of(run, flag_index, &decision);
    expect_json(run, &result, expected, "another result");
}

static void expect_cycle(struct run *run, struct compiled *compiled)
{
    for (size_t i = 0; i < compiled->flag_count; i++) {
        struct decision decision = decide_flag(compiled, compiled->flags[i].key);
        expect_true(run, decision.error == DECISION_CYCLE_DETECTED, "no cycle was met");
    }
}

void run_flags(struct run *run)
{
    struct compiled compiled;
    struct order order = {.compiled = &compiled};
    if (!compile_flags(run, case_member(run, STR("flags")), &compiled))
        return;
    open_user(run, &compiled, case_member(run, STR("context")));
    if (compiled.flag_count > FLAGS_MAX) {
        case_fail(run, "more flags than this runner walks over");
        close_flags(&compiled);
        return;
    }
    visit_all(&order, case_optional(run, STR("flag_keys")));
    bool wants_cycle = case_optional(run, STR("error")) != NULL;
    expect_true(run, order.has_cycle == wants_cycle, "a cycle, or none");
    if (wants_cycle) {
        expect_cycle(run, &compiled);
    } else {
        expect_order(run, &order);
        expect_true(run, case_member(run, STR("result"))->count <= order.count, "fewer flags");
        for (size_t i = 0; i < order.count; i++)
            expect_result(run, &compiled, order.flags[i]);
    }
    close_flags(&compiled);
}
