/* SPDX-License-Identifier: Apache-2.0 */
/* check_rule - what expressions, schedules and serves must keep: see check.h. The wording is that
 * of the vendor whose document shape this is, because its tools show it. */
#include "base/instant.h"
#include "model/check.h"
#include "model/limits.h"

/* The number an evaluation goes by must be the one the text says. */
static void inspect_instant(struct inspection *inspection, const struct place *outer,
                            struct str name, struct str text, int64_t ms)
{
    inspect_text(inspection, outer, name, text, TEXT_BYTES_MAX);
    int64_t parsed_ms = 0;
    if (!instant_parse(text, &parsed_ms) || parsed_ms != ms)
        inspect_refuse_member(inspection, outer, name, STR("must be an ISO-8601 instant"));
}

void schedule_inspect(struct inspection *inspection, const struct place *place,
                      const struct schedule *schedule)
{
    bool has_start = !str_is_absent(schedule->start);
    bool has_end = !str_is_absent(schedule->end);
    if (has_start)
        inspect_instant(inspection, place, STR("start"), schedule->start, schedule->start_ms);
    if (has_end)
        inspect_instant(inspection, place, STR("end"), schedule->end, schedule->end_ms);
    if (has_start && has_end && schedule->start_ms >= schedule->end_ms)
        inspect_refuse(inspection, place, STR("start must be before end"));
}

static bool is_repeated(const struct split *split, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_equal(split->allocations[i].variation, split->allocations[index].variation))
            return true;
    }
    return false;
}

static void inspect_allocation(struct inspection *inspection, const struct place *list,
                               const struct split *split, size_t index, const struct flag *flag)
{
    struct place item = place_item(list, index);
    if (flag_find_variation(flag, split->allocations[index].variation) < 0)
        inspect_refuse_member(inspection, &item, STR("variation"),
                              STR("must reference a variation on this flag"));
    else if (is_repeated(split, index))
        inspect_refuse_member(inspection, &item, STR("variation"),
                              STR("must be unique within the rollout"));
}

static uint64_t sum_weights(const struct split *split)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < split->allocation_count; i++)
        sum += split->allocations[i].weight;
    return sum;
}

static void inspect_split(struct inspection *inspection, const struct place *place,
                          const struct split *split, const struct flag *flag)
{
    if (split->allocation_count == 0)
        inspect_refuse(inspection, place, STR("must contain a non-empty variations array"));

    struct place list = place_member(place, STR("variations"));
    inspect_count(inspection, &list, split->allocation_count, VARIATIONS_PER_FLAG_MAX,
                  "variations");
    for (size_t i = 0; i < split->allocation_count && !inspection_failed(inspection); i++)
        inspect_allocation(inspection, &list, split, i, flag);
    uint64_t total = sum_weights(split);
    bool counts = flag_hash_counts_weights(flag->arithmetic.hash);
    if (!counts && total > SPLIT_WEIGHT_TOTAL)
        inspect_refuse(inspection, place, STR("weights must total at most 100000"));
    if (counts && total > SPLIT_WEIGHT_SUM_MAX)
        inspect_refuse(inspection, place, STR("weights must total at most 2147483647"));
    inspect_text(inspection, place, STR("bucketBy"), split->bucket_by, ATTRIBUTE_NAME_BYTES_MAX);
    inspect_text(inspection, place, STR("salt"), split->salt, TEXT_BYTES_MAX);
}

static bool may_stand_together(struct str from, struct str to)
{
    return str_is_absent(from) || str_is_absent(to) || str_equal(from, to);
}

/* Of a progressive serve: both instants are needed. */
static void inspect_way(struct inspection *inspection, const struct place *place,
                        const struct schedule *way)
{
    if (str_is_absent(way->start))
        inspect_refuse_member(inspection, place, STR("start"), STR("must be an ISO-8601 instant"));
    if (str_is_absent(way->end))
        inspect_refuse_member(inspection, place, STR("end"), STR("must be an ISO-8601 instant"));
    schedule_inspect(inspection, place, way);
}

/* With another total everybody would be dealt anew at each step of the way. */
static void inspect_totals(struct inspection *inspection, const struct place *place,
                           const struct serve *serve, const struct flag *flag)
{
    bool counts = flag_hash_counts_weights(flag->arithmetic.hash);
    if (counts && sum_weights(&serve->split) != sum_weights(&serve->to))
        inspect_refuse(inspection, place, STR("from and to must have the same total of weights"));
}

static void inspect_progressive(struct inspection *inspection, const struct place *place,
                                const struct serve *serve, const struct flag *flag)
{
    struct place from = place_member(place, STR("from"));
    struct place to = place_member(place, STR("to"));
    inspect_way(inspection, place, &serve->schedule);
    inspect_split(inspection, &from, &serve->split, flag);
    inspect_split(inspection, &to, &serve->to, flag);
    if (!may_stand_together(serve->split.bucket_by, serve->to.bucket_by))
        inspect_refuse(inspection, place, STR("from and to must use the same bucketBy"));
    if (!may_stand_together(serve->split.salt, serve->to.salt))
        inspect_refuse(inspection, place, STR("from and to must use the same salt"));
    inspect_totals(inspection, place, serve, flag);
}

/* Splits are dealt by some hashes, buckets by others. */
static void inspect_serve_arithmetic(struct inspection *inspection, const struct place *place,
                                     const struct serve *serve, const struct flag *flag)
{
    bool is_bucket = serve_is_bucket(serve);
    bool deals_buckets = flag_hash_deals_buckets(flag->arithmetic.hash);
    if (serve->kind != SERVE_VARIATION && is_bucket != deals_buckets)
        inspect_refuse(inspection, place, STR("does not go with the flag's hash"));
}

void serve_inspect(struct inspection *inspection, const struct place *place,
                   const struct serve *serve, const struct flag *flag)
{
    struct place rollout = place_member(place, STR("rollout"));
    struct place progressive = place_member(place, STR("progressive"));
    struct place bucket = place_member(place, STR("bucket"));
    struct place progressive_bucket = place_member(place, STR("progressiveBucket"));
    inspect_serve_arithmetic(inspection, place, serve, flag);
    switch (serve->kind) {
    case SERVE_VARIATION:
        if (flag->arithmetic.comparison == FLAG_COMPARISON_TEXT && str_is_absent(serve->variation))
            return; /* serves nothing */
        if (flag_find_variation(flag, serve->variation) < 0)
            inspect_refuse_member(inspection, place, STR("variation"),
                                  STR("must reference a variation on this flag"));
        return;
    case SERVE_SPLIT:
        inspect_split(inspection, &rollout, &serve->split, flag);
        return;
    case SERVE_PROGRESSIVE:
        inspect_progressive(inspection, &progressive, serve, flag);
        return;
    case SERVE_BUCKET:
        bucket_inspect(inspection, &bucket, serve, flag);
        return;
    case SERVE_PROGRESSIVE_BUCKET:
        inspect_way(inspection, &progressive_bucket, &serve->schedule);
        bucket_inspect(inspection, &progressive_bucket, serve, flag);
        return;
    }
}

static void inspect_match_value(struct inspection *inspection, const struct place *place,
                                const struct json *value)
{
    if (value->type != JSON_ARRAY) {
        inspect_json(inspection, place, value, VARIATION_VALUE_BYTES_MAX);
        return;
    }
    inspect_count(inspection, place, value->count, VALUES_PER_CLAUSE_MAX, "values");
    for (size_t i = 0; i < value->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(place, i);
        inspect_json(inspection, &item, &value->elements[i], VARIATION_VALUE_BYTES_MAX);
    }
}

static void inspect_typed_match(struct inspection *inspection, const struct place *place,
                                const struct expression *match)
{
    if (str_is_empty(match->attribute))
        inspect_refuse_member(inspection, place, STR("attribute"),
                              STR("must be a non-empty string"));
    inspect_text(inspection, place, STR("attribute"), match->attribute, ATTRIBUTE_NAME_BYTES_MAX);

    struct place value = place_member(place, STR("value"));
    if (match->has_value)
        inspect_match_value(inspection, &value, &match->value);
    else if (OPERATOR_EXISTS != match->operator)
        inspect_refuse(inspection, &value, STR("is required for this operator"));
}

static void inspect_match(struct inspection *inspection, const struct place *place,
                          const struct expression *match, enum flag_comparison comparison)
{
    bool wants_text = comparison == FLAG_COMPARISON_TEXT;
    if (operator_is_text(match->operator) != wants_text)
        inspect_refuse_member(inspection, place, STR("operator"),
                              STR("is not one the flag compares with"));
    if (wants_text)
        text_match_inspect(inspection, place, match);
    else
        inspect_typed_match(inspection, place, match);
}

/* Whether it exists is for environment_check; here it has to be a key that can. */
static void inspect_segment_leaf(struct inspection *inspection, const struct place *place,
                                 const struct expression *expression,
                                 enum flag_comparison comparison)
{
    if (comparison != FLAG_COMPARISON_TYPED)
        inspect_refuse_member(inspection, place, STR("segment"),
                              STR("must not be used by a flag that compares text"));
    if (str_is_empty(expression->segment))
        inspect_refuse_member(inspection, place, STR("segment"),
                              STR("must reference an existing segment"));
    inspect_text(inspection, place, STR("segment"), expression->segment, SEGMENT_KEY_BYTES_MAX);
}

/* What is counted over a whole expression, beside its root, which limits are reported at, and the
 * family it has to keep to. */
struct expression_tally {
    const struct place *root;
    enum flag_comparison comparison;
    size_t leaf_count;
};

static void inspect_node(struct inspection *inspection, const struct place *place,
                         const struct expression *expression, size_t nesting,
                         struct expression_tally *tally);

static void inspect_children(struct inspection *inspection, const struct place *place,
                             const struct expression *expression, size_t nesting,
                             struct expression_tally *tally)
{
    inspect_count(inspection, place, nesting + 1, RULE_NESTING_MAX, "levels of nesting");
    struct place list = place_member(place, STR("expressions"));
    for (size_t i = 0; i < expression->child_count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        inspect_node(inspection, &item, &expression->children[i], nesting + 1, tally);
    }
}

static void inspect_not(struct inspection *inspection, const struct place *place,
                        const struct expression *expression, size_t nesting,
                        struct expression_tally *tally)
{
    struct place child = place_member(place, STR("expression"));
    if (expression->child_count != 1)
        inspect_refuse(inspection, &child, STR("must be a targeting expression"));
    inspect_count(inspection, place, nesting + 1, RULE_NESTING_MAX, "levels of nesting");
    if (!inspection_failed(inspection))
        inspect_node(inspection, &child, &expression->children[0], nesting + 1, tally);
}

/* Recursion is bounded by RULE_NESTING_MAX: a combinator beyond it is refused, not entered. */
static void inspect_node(struct inspection *inspection, const struct place *place,
                         const struct expression *expression, size_t nesting,
                         struct expression_tally *tally)
{
    if (expression->child_count == 0)
        tally->leaf_count++;
    inspect_count(inspection, tally->root, tally->leaf_count, CLAUSES_PER_RULE_MAX, "clauses");
    switch (expression->kind) {
    case EXPRESSION_ALL:
    case EXPRESSION_ANY:
        inspect_children(inspection, place, expression, nesting, tally);
        return;
    case EXPRESSION_NOT:
        inspect_not(inspection, place, expression, nesting, tally);
        return;
    case EXPRESSION_MATCH:
        inspect_match(inspection, place, expression, tally->comparison);
        return;
    case EXPRESSION_SEGMENT:
        inspect_segment_leaf(inspection, place, expression, tally->comparison);
        return;
    }
}

void expression_inspect(struct inspection *inspection, const struct place *place,
                        const struct expression *expression, enum flag_comparison comparison)
{
    if (inspection_failed(inspection))
        return;
    struct expression_tally tally = {.root = place, .comparison = comparison};
    inspect_node(inspection, place, expression, 0, &tally);
}
