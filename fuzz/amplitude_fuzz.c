/* SPDX-License-Identifier: Apache-2.0 */
/*
 * amplitude_fuzz - bytes as what that vendor's SDKs send: a user and flag configurations, all the
 * way to a decision; and reported events.
 */
#include "base/random.h"
#include "dialect/amplitude/configuration_decode.h"
#include "dialect/amplitude/property.h"
#include "dialect/amplitude/tracking.h"
#include "dialect/amplitude/user.h"
#include "eval/evaluate.h"
#include "fuzz.h"

enum { FLAGS_MAX = 50 };

static int by_key(const void *a, const void *b)
{
    const struct flag *const *one = a, *const *other = b;
    return str_compare((*one)->key, (*other)->key);
}

/* A state has each key once, in order. */
static struct environment_state state_of(struct arena *arena, const struct flag *flags,
                                         size_t count)
{
    const struct flag **sorted = ARENA_NEW_ARRAY(arena, const struct flag *, count + 1);
    for (size_t i = 0; i < count; i++)
        sorted[i] = &flags[i];
    qsort(sorted, count, sizeof(*sorted), by_key);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !str_equal(sorted[kept - 1]->key, sorted[i]->key))
            sorted[kept++] = sorted[i];
    }
    return (struct environment_state){.app_id = STR("app_1"),
                                      .name = STR("production"),
                                      .version = 1,
                                      .flags = sorted,
                                      .flag_count = kept};
}

static void decide(struct arena *arena, const struct environment_state *state,
                   const struct json *tree)
{
    static struct pattern_scratch *scratch;
    if (scratch == NULL)
        scratch = pattern_scratch_open();
    const struct ruleset *ruleset = ruleset_compile(arena, state);
    struct context context;
    context_open_user(&context, arena, ruleset, tree, scratch);
    for (size_t i = 0; i < ruleset->flag_count; i++) {
        struct trace trace;
        trace_open(&trace, arena);
        const struct flag_rules *flag = &ruleset->flags[i];
        struct decision one = evaluate_flag(flag, &context, 1930000000000, NULL);
        struct decision other = evaluate_flag(flag, &context, 1930000000000, &trace);
        require(one.variation == other.variation);
        require(one.reason == other.reason);
        require(one.variation < (int)flag->flag->variation_count);
    }
    ruleset_close(ruleset);
}

static void fuzz_evaluation(struct arena *arena, struct str bytes)
{
    struct json user, document;
    struct amplitude_user who;
    struct flag *flags = NULL;
    size_t count = 0;
    if (failed(json_parse(arena, fuzz_take(&bytes), &json_budget_default, &user)) ||
        failed(user_decode(arena, &user, &who)))
        return;
    require(user_person(arena, &who).size <= 64 * 1024);
    if (failed(json_parse(arena, bytes, &json_budget_default, &document)) ||
        failed(configuration_decode(arena, &document, &flags, &count)) || count > FLAGS_MAX)
        return;
    struct environment_state state = state_of(arena, flags, count);
    decide(arena, &state, &who.tree);
}

static struct str find_subject(struct str user_id, struct str device_id, void *context)
{
    (void)context;
    return str_is_empty(user_id) ? device_id : user_id;
}

static void fuzz_event(struct arena *arena, struct str bytes)
{
    struct json event;
    struct tracking tracking = {
        .arena = arena, .environment = 1, .now_ms = 1930000000000, .find_subject = find_subject};
    if (failed(json_parse(arena, bytes, &json_budget_default, &event)))
        return;
    struct fault fault = tracking_add(&tracking, &event);
    require(failed(fault) || tracking.row_count > 0 || event.type == JSON_OBJECT);
    require(tracking.row_count <= ROWS_PER_CALL_MAX);
}

static void fuzz_property(struct arena *arena, struct str name)
{
    struct str selector = property_selector(arena, name);
    if (str_is_absent(selector))
        return;
    (void)property_name(arena, selector);
    (void)property_is_version(selector);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    random_open();
    struct arena arena;
    arena_open(&arena, 4096);
    struct str bytes = {(const char *)data + 1, size - 1};
    if (data[0] == 'e')
        fuzz_event(&arena, bytes);
    else if (data[0] == 'p')
        fuzz_property(&arena, bytes);
    else
        fuzz_evaluation(&arena, bytes);
    arena_close(&arena);
    return 0;
}
