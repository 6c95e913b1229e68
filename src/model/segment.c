/* SPDX-License-Identifier: Apache-2.0 */
/* segment - what a segment by itself must keep: see flag.h. */
#include "base/utf.h"
#include "model/check.h"
#include "model/limits.h"

static void inspect_targets(struct inspection *inspection, const struct place *root,
                            struct str name, const struct str *targets, size_t count)
{
    struct place list = place_member(root, name);
    for (size_t i = 0; i < count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        inspect_size(inspection, &item, targets[i].size, CONTEXT_KEY_BYTES_MAX, "bytes");
        if (!utf8_is_valid(targets[i]))
            inspect_refuse(inspection, &list, STR("must be an array of targeting keys"));
    }
}

/* The limit is on both lists together; it is reported at the one that passes it. */
static void inspect_target_lists(struct inspection *inspection, const struct place *root,
                                 const struct segment *segment)
{
    struct place included = place_member(root, STR("included"));
    struct place excluded = place_member(root, STR("excluded"));
    const char *what = "targeting keys, included and excluded together";
    inspect_count(inspection, &included, segment->included_count, TARGETS_PER_FLAG_MAX, what);
    inspect_count(inspection, &excluded, segment->included_count + segment->excluded_count,
                  TARGETS_PER_FLAG_MAX, what);
    inspect_targets(inspection, root, STR("included"), segment->included, segment->included_count);
    inspect_targets(inspection, root, STR("excluded"), segment->excluded, segment->excluded_count);
}

static void inspect_rules(struct inspection *inspection, const struct place *root,
                          const struct segment *segment)
{
    struct place list = place_member(root, STR("rules"));
    inspect_count(inspection, &list, segment->rule_count, RULES_PER_FLAG_MAX, "rules");
    for (size_t i = 0; i < segment->rule_count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        expression_inspect(inspection, &item, &segment->rules[i], FLAG_COMPARISON_TYPED);
    }
}

struct fault segment_check(struct arena *arena, const struct segment *segment)
{
    struct inspection inspection = {.arena = arena};
    struct place root = place_root(STR("$"));
    struct place schedule = place_member(&root, STR("schedule"));

    inspect_text(&inspection, &root, STR("id"), segment->id, TEXT_BYTES_MAX);
    key_inspect(&inspection, &root, segment->key, SEGMENT_KEY_BYTES_MAX);
    inspect_text(&inspection, &root, STR("description"), segment->description, TEXT_BYTES_MAX);
    schedule_inspect(&inspection, &schedule, &segment->schedule);
    inspect_target_lists(&inspection, &root, segment);
    inspect_rules(&inspection, &root, segment);
    return inspection.fault;
}
