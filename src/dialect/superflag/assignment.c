/* SPDX-License-Identifier: Apache-2.0 */
/* assignment - ramps of an iteration, and who it assigns what: see experiment.h. */
#include <assert.h>
#include <string.h>

#include "base/instant.h"
#include "dialect/superflag/document.h"
#include "dialect/superflag/experiment.h"
#include "dialect/superflag/property.h"
#include "dialect/superflag/validate.h"

/* ---- ramps ------------------------------------------------------------------------------ */

static double weight_of(const struct json *allocation)
{
    const struct json *weight = property_find(allocation, STR("weight"));
    return json_is_non_negative_integer(weight) ? weight->number : -1;
}

bool superflag_ramp_preserves(const struct json *previous, const struct json *next)
{
    if (!json_is_array(previous) || !json_is_array(next) || previous->count != next->count ||
        previous->count == 0)
        return false;
    double total = 0;
    for (size_t i = 0; i < next->count; i++) {
        const struct json *before = &previous->elements[i];
        const struct json *after = &next->elements[i];
        bool is_last = i + 1 == next->count;
        double grown = weight_of(after) - weight_of(before);
        if (weight_of(before) < 0 || weight_of(after) < 0 || grown < 0 || (!is_last && grown > 0))
            return false;
        if (!str_equal(property_text(before, STR("variation")),
                       property_text(after, STR("variation"))))
            return false;
        total += weight_of(after);
    }
    return total <= SPLIT_WEIGHT_TOTAL;
}

bool superflag_may_replace_iteration(const struct json *previous, const struct json *next)
{
    if (!json_is_object(previous) || !json_is_object(next) || previous->count != next->count)
        return false;
    for (size_t i = 0; i < previous->count; i++) {
        const struct json_member *member = &previous->members[i];
        const struct json *other = json_find(next, member->key);
        bool is_allocation = str_equal(member->key, STR("allocation"));
        if (other == NULL || (!is_allocation && !json_equal(&member->value, other)))
            return false;
    }
    return superflag_ramp_preserves(json_find(previous, STR("allocation")),
                                    json_find(next, STR("allocation")));
}

/* ---- assigning -------------------------------------------------------------------------- */

static struct serve decode_split(struct arena *arena, const struct json *iteration)
{
    const struct json *list = json_find(iteration, STR("allocation"));
    const struct json *unit = json_find(iteration, STR("assignmentUnit"));
    struct serve serve = {.kind = SERVE_SPLIT,
                          .split = {
                              .allocations = ARENA_NEW_ARRAY(arena, struct allocation, list->count),
                              .allocation_count = list->count,
                              .bucket_by = property_text(unit, STR("attribute")),
                              .salt = property_text(iteration, STR("salt")),
                          }};
    if (str_equal(property_text(unit, STR("kind")), STR("targetingKey")))
        serve.split.bucket_by = (struct str){0};
    for (size_t i = 0; i < list->count; i++) {
        serve.split.allocations[i] = (struct allocation){
            property_text(&list->elements[i], STR("variation")),
            (uint32_t)weight_of(&list->elements[i]),
        };
    }
    return serve;
}

/* The flag with the iteration in the place of its rules; schedule and prerequisites stay. */
static const struct flag *pin_flag(struct arena *arena, const struct flag *flag,
                                   const struct json *iteration)
{
    struct flag *pinned = ARENA_NEW(arena, struct flag);
    struct serve split = decode_split(arena, iteration);
    const struct json *audience = json_find(iteration, STR("audience"));
    const struct json *expression = property_find(audience, STR("expression"));
    *pinned = *flag;
    pinned->rules = NULL;
    pinned->rule_count = 0;
    pinned->fallthrough = split;
    if (expression == NULL)
        return pinned;
    pinned->rules = ARENA_NEW(arena, struct rule);
    pinned->rule_count = 1;
    pinned->rules[0] = (struct rule){
        .id = STR("iteration"),
        .when = superflag_decode_expression(arena, expression),
        .serve = split,
    };
    pinned->fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = flag->off_variation};
    return pinned;
}

/* The state with that flag in the place of the one it was; it borrows everything else. */
static const struct environment_state *pin_state(struct arena *arena,
                                                 const struct environment_state *state,
                                                 const struct flag *flag,
                                                 const struct json *iteration)
{
    const struct flag *pinned = pin_flag(arena, flag, iteration);
    const struct flag **flags = ARENA_NEW_ARRAY(arena, const struct flag *, state->flag_count);
    for (size_t i = 0; i < state->flag_count; i++)
        flags[i] = state->flags[i] == flag ? pinned : state->flags[i];
    struct environment_state *result = ARENA_NEW(arena, struct environment_state);
    *result = *state;
    result->flags = flags;
    return result;
}

static struct superflag_details assign(struct arena *arena, const struct environment_state *state,
                                       const struct json *iteration, const struct json *context,
                                       struct pattern_scratch *scratch)
{
    struct str key = property_text(iteration, STR("flagKey"));
    int64_t started_ms = 0;
    if (!instant_parse(property_text(iteration, STR("startedAt")), &started_ms))
        assert(false);
    const struct flag *flag = environment_find_flag(state, key);
    const struct environment_state *pinned =
        flag == NULL ? state : pin_state(arena, state, flag, iteration);
    const struct ruleset *ruleset = ruleset_compile(arena, pinned);
    struct superflag_details details =
        superflag_evaluate(arena, &(struct superflag_question){
                                      .ruleset = ruleset,
                                      .scratch = scratch,
                                      .flag_key = key,
                                      .context = context,
                                      .has_type = true,
                                      .type = flag == NULL ? VALUE_OBJECT : flag->type,
                                      .now_ms = started_ms,
                                  });
    ruleset_close(ruleset);
    return details;
}

static bool is_pinned_to(const struct json *iteration, const struct environment_state *state)
{
    const struct json *source = json_find(iteration, STR("source"));
    return str_equal(property_text(source, STR("app")), state->app_id) &&
           str_equal(property_text(source, STR("environment")), state->name) &&
           (uint64_t)json_find(iteration, STR("configVersion"))->number == state->version;
}

struct fault superflag_append_assignment(struct json_writer *writer, struct arena *arena,
                                         const struct environment_state *state,
                                         const struct json *iteration, const struct json *context,
                                         struct pattern_scratch *scratch)
{
    struct issue *issues = NULL;
    if (superflag_check_iteration(arena, iteration, &issues) > 0)
        return fault_make(FAULT_INVALID, issues[0].path, issues[0].message);
    if (!is_pinned_to(iteration, state))
        return fault_make(FAULT_INVALID, STR("$.configVersion"),
                          STR("The iteration requires its pinned config source and version"));

    struct superflag_details details = assign(arena, state, iteration, context, scratch);
    bool is_eligible = details.reason == REASON_SPLIT && details.error == SUPERFLAG_OK;
    json_object_begin(writer);
    json_member_string(writer, STR("experimentId"), property_text(iteration, STR("experimentId")));
    json_member_string(writer, STR("iterationId"), property_text(iteration, STR("id")));
    json_member_string(writer, STR("flagKey"), property_text(iteration, STR("flagKey")));
    json_member_u64(writer, STR("configVersion"), state->version);
    if (is_eligible)
        json_member_string(writer, STR("variation"), details.variation);
    json_member_string(writer, STR("reason"), superflag_reason_name(details.reason));
    json_member_boolean(writer, STR("eligible"), is_eligible);
    json_object_end(writer);
    return fault_none();
}
