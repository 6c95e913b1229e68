/* SPDX-License-Identifier: Apache-2.0 */
/* essence - documents without what is there for people: see essence.h. */
#include "model/essence.h"

static void strip_rules(struct arena *arena, struct flag *flag)
{
    struct rule *rules = ARENA_NEW_ARRAY(arena, struct rule, flag->rule_count);
    for (size_t i = 0; i < flag->rule_count; i++) {
        rules[i] = flag->rules[i];
        rules[i].description = (struct str){0};
    }
    flag->rules = rules;
}

static void strip_variations(struct arena *arena, struct flag *flag)
{
    struct variation *variations = ARENA_NEW_ARRAY(arena, struct variation, flag->variation_count);
    for (size_t i = 0; i < flag->variation_count; i++) {
        variations[i] = flag->variations[i];
        variations[i].name = (struct str){0};
        variations[i].description = (struct str){0};
    }
    flag->variations = variations;
}

struct flag flag_essence(struct arena *arena, const struct flag *flag)
{
    struct flag essence = *flag;
    bool is_sticky = flag->experiment.is_sticky;
    essence.name = (struct str){0};
    essence.description = STR("");
    essence.owner = STR("");
    essence.tags = NULL;
    essence.tag_count = 0;
    essence.lifecycle = LIFECYCLE_ACTIVE;
    essence.visibility = VISIBILITY_UNSET;
    essence.evaluation_mode = EVALUATION_REMOTE;
    essence.experiment = (struct experiment){.is_sticky = is_sticky};
    if (!is_sticky)
        essence.id = STR("");
    if (flag->arithmetic.comparison == FLAG_COMPARISON_TYPED) {
        essence.metadata = json_make_null();
        strip_rules(arena, &essence);
    }
    strip_variations(arena, &essence);
    return essence;
}

struct segment segment_essence(const struct segment *segment)
{
    struct segment essence = *segment;
    essence.id = STR("");
    essence.description = (struct str){0};
    essence.visibility = VISIBILITY_UNSET;
    essence.has_included = essence.has_excluded = essence.has_rules = false;
    return essence;
}
