/* SPDX-License-Identifier: Apache-2.0 */
/*
 * segment - who is in one: see reading.h.
 *
 * Over there whoever is included is in, whether or not excluded too; here it is the other way
 * round, so who is on both lists is taken off the second. Lists of other kinds of context than
 * `user` become conditions, and then all lists do, to keep that order.
 */
#include "import/launchdarkly/reading.h"
#include "model/limits.h"

static bool has_targets(const struct json *source, const char *member)
{
    const struct json *targets = source_array(source, member);
    for (uint32_t i = 0; targets != NULL && i < targets->count; i++) {
        const struct json *values = source_array(&targets->elements[i], "values");
        if (values != NULL && values->count > 0)
            return true;
    }
    return false;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* A rule that lets in all who match, none, or (false) a share of them. */
static bool read_weight(struct scope *scope, const struct json *rule, struct expression *expression)
{
    const struct json *weight = source_find(rule, "weight");
    bool is_number = weight != NULL && weight->type == JSON_NUMBER;
    if (!is_number || weight->number >= SPLIT_WEIGHT_TOTAL)
        return true;
    if (weight->number > 0) {
        scope->why = STR("lets in a share of those who match, which a segment here cannot");
        return false;
    }
    *expression = build_never();
    return true;
}

static bool read_rules(struct scope *scope, const struct json *source, struct segment *segment)
{
    static const struct json none = {.type = JSON_ARRAY};
    const struct json *listed = source_array(source, "rules");
    const struct json *rules = listed == NULL ? &none : listed;
    segment->rules = ARENA_NEW_ARRAY(scope->reading->arena, struct expression, rules->count + 1);
    for (uint32_t i = 0; i < rules->count; i++) {
        const struct json *clauses = source_array(&rules->elements[i], "clauses");
        struct expression expression;
        if (clauses == NULL || !scope_read_clauses(scope, clauses, &expression) ||
            !read_weight(scope, &rules->elements[i], &expression)) {
            if (str_is_absent(scope->why))
                scope->why = STR("has a rule without clauses");
            return false;
        }
        if (!build_is_never(&expression))
            segment->rules[segment->rule_count++] = expression;
    }
    segment->has_rules = segment->rule_count > 0;
    return true;
}

/* ---- lists of users -------------------------------------------------------------------------- */

/* Each key once, without those in `except`. */
static struct str *read_keys(struct arena *arena, const struct json *list, const struct map *except,
                             struct map *seen, size_t *count)
{
    *count = 0;
    map_open(seen, arena, list == NULL ? 0 : list->count);
    if (list == NULL)
        return NULL;
    struct str *keys = ARENA_NEW_ARRAY(arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct str key = list->elements[i].string;
        bool is_key = list->elements[i].type == JSON_STRING && key.size > 0;
        if (!is_key || (except != NULL && map_find(except, key) != MAP_ABSENT))
            continue;
        if (map_insert(seen, key, 0))
            keys[(*count)++] = key;
    }
    return keys;
}

static void read_lists(struct reading *reading, const struct json *source, struct segment *segment)
{
    struct map included;
    struct map excluded;
    segment->included = read_keys(reading->arena, source_array(source, "included"), NULL, &included,
                                  &segment->included_count);
    segment->excluded = read_keys(reading->arena, source_array(source, "excluded"), &included,
                                  &excluded, &segment->excluded_count);
    segment->has_included = segment->included_count > 0;
    segment->has_excluded = segment->excluded_count > 0;
}

/* ---- lists of other kinds -------------------------------------------------------------------- */

static bool read_targets(struct scope *scope, const struct json *source, const char *users,
                         const char *targets, struct expression *expression)
{
    struct arena *arena = scope->reading->arena;
    const struct json *list = source_array(source, targets);
    if (!scope_read_keys(scope, STR("user"), source_array(source, users), expression))
        return false;
    if (list != NULL && list->count > CLAUSES_PER_RULE_MAX) {
        scope->why = STR("lists more kinds of contexts than a rule here has clauses");
        return false;
    }
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct expression one;
        const struct json *target = &list->elements[i];
        if (!scope_read_keys(scope, context_kind(target, "contextKind"),
                             source_array(target, "values"), &one))
            return false;
        *expression = build_either(arena, *expression, one);
    }
    return true;
}

/* included, or not excluded and any of the rules. */
static bool fold_lists(struct scope *scope, const struct json *source, struct segment *segment)
{
    struct arena *arena = scope->reading->arena;
    struct expression included;
    struct expression excluded;
    if (!read_targets(scope, source, "included", "includedContexts", &included) ||
        !read_targets(scope, source, "excluded", "excludedContexts", &excluded))
        return false;
    struct expression rules =
        build_list(arena, EXPRESSION_ANY, segment->rules, segment->rule_count);
    struct expression admitted = build_both(arena, build_not(arena, excluded), rules);
    segment->rules = ARENA_NEW_ARRAY(arena, struct expression, 2);
    segment->rule_count = 0;
    if (!build_is_never(&included))
        segment->rules[segment->rule_count++] = included;
    if (!build_is_never(&admitted))
        segment->rules[segment->rule_count++] = admitted;
    segment->has_rules = segment->rule_count > 0;
    return true;
}

void numbered_segment_read(struct reading *reading, struct str name, const struct json *source)
{
    struct draft_segment *item = draft_add_segment(&reading->draft, name);
    struct scope scope = {.reading = reading, .row = item->row};
    struct str description = source_text(source, "description");
    item->segment.visibility = VISIBILITY_SERVER;
    item->segment.description =
        str_is_empty(description) ? source_text(source, "name") : description;
    if (source_boolean(source, "unbounded", false)) {
        draft_leave_out_segment(&reading->draft, item,
                                STR("is a big segment, whose members are not in the document"));
        return;
    }
    bool has_kinds =
        has_targets(source, "includedContexts") || has_targets(source, "excludedContexts");
    bool is_read = read_rules(&scope, source, &item->segment);
    if (is_read && has_kinds)
        is_read = fold_lists(&scope, source, &item->segment);
    else if (is_read)
        read_lists(reading, source, &item->segment);
    if (!is_read)
        draft_leave_out_segment(&reading->draft, item, scope.why);
}
