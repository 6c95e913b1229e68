/* SPDX-License-Identifier: Apache-2.0 */
/*
 * strategy - who is let in, as a rule: see feature.h.
 *
 * The arithmetic is murmur3_32_percent (model/flag.h): a strategy's group is the salt of its
 * rollout and of its own variants, the feature's name that of the feature's variants. Where a
 * rollout and the variants behind it are dealt by different groups or different fields, the rollout
 * is kept and the variants are dealt anew.
 */
#include <math.h>
#include <string.h>

#include "base/instant.h"
#include "eval/text_number.h"
#include "import/unleash/feature.h"
#include "model/limits.h"

static void lower(struct features *features, struct feature *feature, enum import_outcome outcome,
                  struct str note)
{
    draft_lower(&features->draft, feature->item->row, outcome, note);
}

/* ---- stickiness ------------------------------------------------------------------------------ */

/* By default it is userId, else sessionId: the targeting key. */
static struct str sticky_selector(struct features *features, struct feature *feature,
                                  struct str stickiness)
{
    bool is_random = str_equal(stickiness, STR("random"));
    if (is_random)
        lower(features, feature, IMPORT_REDEALT,
              STR("is dealt at random each time over there; here everybody keeps what they were "
                  "dealt"));
    if (is_random || str_is_empty(stickiness) || str_equal(stickiness, STR("default")))
        return field_selector(features, STR("userId"));
    return field_selector(features, stickiness);
}

static struct str parameter(const struct json *strategy, const char *name)
{
    return source_text(source_object(strategy, "parameters"), name);
}

/* ---- gates ----------------------------------------------------------------------------------- */

/* Of a hundred; what is no number is none. */
static uint32_t read_percent(const struct json *strategy, const char *name)
{
    const struct json *value = source_find(source_object(strategy, "parameters"), name);
    double percent = NAN;
    if (value != NULL && value->type == JSON_NUMBER)
        percent = value->number;
    else if (value != NULL && value->type == JSON_STRING)
        percent = text_number(value->string);
    if (!(percent > 0))
        return 0;
    return percent < SLICE_PERCENT_MAX ? (uint32_t)percent : SLICE_PERCENT_MAX;
}

static struct str text_or_empty(struct str text)
{
    return str_is_absent(text) ? STR("") : text;
}

/* Everybody can be dealt to by default, so all of them are in. */
static struct gate read_rollout(struct features *features, struct feature *feature,
                                const struct json *strategy)
{
    struct str group = parameter(strategy, "groupId");
    struct str stickiness = parameter(strategy, "stickiness");
    struct gate gate = {.is_dealt = true, .percent = read_percent(strategy, "rollout")};
    bool is_anybody = str_is_empty(stickiness) || str_equal(stickiness, STR("default")) ||
                      str_equal(stickiness, STR("random"));
    gate.salt = str_is_empty(group) ? feature->name : group;
    if (gate.percent == SLICE_PERCENT_MAX && is_anybody)
        return (struct gate){.salt = gate.salt};
    gate.selector =
        gate.percent == 0 ? UNLEASH_USER : sticky_selector(features, feature, stickiness);
    return gate;
}

static struct gate read_gradual(struct features *features, struct feature *feature,
                                const struct json *strategy, const char *stickiness)
{
    struct gate gate = {
        .is_dealt = true,
        .percent = read_percent(strategy, "percentage"),
        .salt = text_or_empty(parameter(strategy, "groupId")),
    };
    gate.selector = sticky_selector(features, feature, str_of(stickiness));
    if (str_equal(str_of(stickiness), STR("random")))
        gate.salt = feature->name;
    return gate;
}

/* ---- lists ----------------------------------------------------------------------------------- */

/* Parted by commas, without the blanks around them. */
static size_t split_list(struct arena *arena, struct str list, struct str **items)
{
    size_t count = 1;
    for (size_t i = 0; i < list.size; i++)
        count += list.data[i] == ',';
    *items = ARENA_NEW_ARRAY(arena, struct str, count);
    count = 0;
    for (size_t from = 0; from <= list.size;) {
        size_t end = str_find_byte(list, ',', from);
        (*items)[count++] = str_trim(str_slice(list, from, end));
        from = end + 1;
    }
    return list.size == 0 ? 0 : count;
}

static struct expression read_users(struct features *features, const struct json *strategy)
{
    struct str *ids;
    size_t count = split_list(features->arena, parameter(strategy, "userIds"), &ids);
    return field_is_any(features, STR("userId"), ids, count);
}

/* Each is an address as it is written, or a range of IPv4. */
static struct expression read_addresses(struct features *features, struct feature *feature,
                                        const struct json *strategy)
{
    struct str *ranges;
    struct str field = STR("remoteAddress");
    size_t count = split_list(features->arena, parameter(strategy, "IPs"), &ranges);
    struct str *patterns = ARENA_NEW_ARRAY(features->arena, struct str, count);
    size_t pattern_count = 0;
    for (size_t i = 0; i < count; i++) {
        bool is_range = str_find_byte(ranges[i], '/', 0) < ranges[i].size;
        struct str pattern = address_pattern(features->arena, ranges[i]);
        if (is_range && str_is_absent(pattern))
            lower(features, feature, IMPORT_PARTLY,
                  STR("ranges of addresses other than IPv4 let nobody in"));
        else if (is_range)
            patterns[pattern_count++] = pattern;
    }
    struct expression listed = field_is_any(features, field, ranges, count);
    return build_either(features->arena, listed,
                        pattern_match_any(features->arena, field_selector(features, field),
                                          TEXT_PLACE_WHOLE, patterns, pattern_count));
}

/* ---- what is served -------------------------------------------------------------------------- */

/* The variants that somebody can get, and what they are dealt by. */
struct deal {
    const struct json *variants;
    struct slice slice;
    struct str selector, salt;
};

static uint32_t weight_of(const struct json *variant)
{
    const struct json *weight = source_find(variant, "weight");
    bool is_weight = weight != NULL && weight->type == JSON_NUMBER && weight->number > 0;
    if (!is_weight)
        return 0;
    return weight->number < BUCKET_WEIGHT_MAX ? (uint32_t)weight->number : BUCKET_WEIGHT_MAX;
}

static struct slice slice_of(struct features *features, struct feature *feature,
                             const struct json *variants)
{
    struct slice slice = {.percent = SLICE_PERCENT_MAX};
    slice.allocations = ARENA_NEW_ARRAY(features->arena, struct allocation, variants->count);
    for (uint32_t i = 0; i < variants->count; i++) {
        const struct json *variant = &variants->elements[i];
        struct str id = variation_of(features, feature, variant);
        if (weight_of(variant) > 0 && !str_is_absent(id))
            slice.allocations[slice.allocation_count++] =
                (struct allocation){id, weight_of(variant)};
    }
    return slice;
}

/* The strategy's own variants, or, where none of them weighs anything, the feature's. */
static struct deal read_deal(struct features *features, struct feature *feature,
                             const struct json *strategy, const struct gate *gate)
{
    struct deal deal = {.variants = source_array(strategy, "variants")};
    if (deal.variants != NULL)
        deal.slice = slice_of(features, feature, deal.variants);
    bool is_own = deal.slice.allocation_count > 0;
    if (!is_own)
        deal.variants = feature->variants;
    if (!is_own && deal.variants != NULL)
        deal.slice = slice_of(features, feature, deal.variants);
    if (deal.slice.allocation_count < 2)
        return deal;
    struct str stickiness = source_text(&deal.variants->elements[0], "stickiness");
    if (str_is_empty(stickiness) && is_own)
        stickiness = parameter(strategy, "stickiness");
    deal.selector = sticky_selector(features, feature, stickiness);
    deal.salt = is_own ? gate->salt : feature->name;
    return deal;
}

static struct serve serve_bucket(struct features *features, struct feature *feature,
                                 struct str selector, struct str salt, struct slice slice)
{
    struct serve serve = {.kind = SERVE_BUCKET};
    serve.bucket = (struct bucket){
        .bucket_by = selector,
        .salt = salt,
        .slices = arena_copy(features->arena, &slice, sizeof(slice)),
        .slice_count = 1,
    };
    feature->item->flag.arithmetic.hash = FLAG_HASH_MURMUR3_32_PERCENT;
    return serve;
}

static struct serve serve_one(struct features *features, struct feature *feature,
                              const struct gate *gate, struct str id)
{
    if (!gate->is_dealt)
        return build_serve(id);
    struct slice slice = {.percent = gate->percent, .allocation_count = 1};
    slice.allocations = ARENA_NEW(features->arena, struct allocation);
    slice.allocations[0] = (struct allocation){id, 1};
    return serve_bucket(features, feature, gate->selector, gate->salt, slice);
}

/* Whoever has nothing to be dealt by gets a variant by chance over there, the first one here. */
static struct serve serve_deal(struct features *features, struct feature *feature,
                               const struct gate *gate, struct deal *deal)
{
    if (!gate->is_dealt) {
        struct serve serve =
            serve_bucket(features, feature, deal->selector, deal->salt, deal->slice);
        serve.bucket.otherwise = deal->slice.allocations[0].variation;
        return serve;
    }
    if (!str_equal(gate->selector, deal->selector) || !str_equal(gate->salt, deal->salt))
        lower(features, feature, IMPORT_REDEALT,
              STR("its variants are dealt by another group or field than its rollout: who is in is "
                  "kept, who has which variant is not"));
    deal->slice.percent = gate->percent;
    return serve_bucket(features, feature, gate->selector, gate->salt, deal->slice);
}

static struct serve serve_variants(struct features *features, struct feature *feature,
                                   const struct gate *gate, struct deal *deal)
{
    if (deal->slice.allocation_count > 1)
        return serve_deal(features, feature, gate, deal);
    if (deal->slice.allocation_count == 1)
        return serve_one(features, feature, gate, deal->slice.allocations[0].variation);
    return serve_one(features, feature, gate, variation_on(features, feature));
}

/* ---- rules ----------------------------------------------------------------------------------- */

static void add_rule(struct condition *condition, struct expression when, struct serve serve,
                     struct str description)
{
    struct arena *arena = condition->features->arena;
    struct flag *flag = &condition->feature->item->flag;
    if (build_is_never(&when) || flag->rule_count > RULES_PER_FLAG_MAX)
        return; /* one too many already: the flag is left out for it */
    struct rule *rule = &flag->rules[flag->rule_count];
    *rule = (struct rule){
        .id = build_rule_id(arena, "strategy-", flag->rule_count), .when = when, .serve = serve};
    flag->rule_count++;
    if (!str_is_empty(description))
        rule->description = description;
    char text[INSTANT_TEXT_BYTES];
    if (condition->has_start) {
        instant_format(condition->start_ms, text);
        rule->schedule.start = arena_copy_str(arena, str_of(text));
        rule->schedule.start_ms = condition->start_ms;
    }
    if (condition->has_end) {
        instant_format(condition->end_ms, text);
        rule->schedule.end = arena_copy_str(arena, str_of(text));
        rule->schedule.end_ms = condition->end_ms;
    }
}

static struct expression read_override(struct features *features, const struct json *override)
{
    const struct json *values = source_array(override, "values");
    struct str field = source_text(override, "contextName");
    size_t count = 0;
    if (values == NULL || str_is_empty(field))
        return build_never();
    struct str *texts = ARENA_NEW_ARRAY(features->arena, struct str, values->count);
    for (uint32_t i = 0; i < values->count; i++) {
        if (values->elements[i].type == JSON_STRING)
            texts[count++] = values->elements[i].string;
    }
    return field_is_any(features, field, texts, count);
}

/* Whom a variant's overrides name: they get it whatever they would be dealt. */
static struct expression read_overrides(struct features *features, const struct json *variant)
{
    const struct json *overrides = source_array(variant, "overrides");
    uint32_t count = overrides == NULL ? 0 : overrides->count;
    struct expression *each = ARENA_NEW_ARRAY(features->arena, struct expression, count);
    for (uint32_t i = 0; i < count; i++)
        each[i] = read_override(features, &overrides->elements[i]);
    return build_list(features->arena, EXPRESSION_ANY, each, count);
}

static void add_overrides(struct condition *condition, const struct gate *gate,
                          const struct deal *deal)
{
    struct features *features = condition->features;
    if (deal->slice.allocation_count == 0)
        return; /* without weights there are no variants */
    for (uint32_t i = 0; i < deal->variants->count; i++) {
        const struct json *variant = &deal->variants->elements[i];
        struct expression named = read_overrides(features, variant);
        struct str id = variation_of(features, condition->feature, variant);
        if (build_is_never(&named) || str_is_absent(id))
            continue;
        add_rule(condition, build_both(features->arena, condition->when, named),
                 serve_one(features, condition->feature, gate, id), STR("Named by an override"));
    }
}

void strategy_serve(struct condition *condition, const struct json *strategy,
                    const struct gate *gate, struct str description)
{
    struct deal deal = read_deal(condition->features, condition->feature, strategy, gate);
    add_overrides(condition, gate, &deal);
    add_rule(condition, condition->when,
             serve_variants(condition->features, condition->feature, gate, &deal), description);
}

/* ---- strategies ------------------------------------------------------------------------------ */

static void add_segment(struct condition *condition, const struct json *id)
{
    struct features *features = condition->features;
    bool is_number = id->type == JSON_NUMBER;
    struct str name = is_number ? arena_format(features->arena, "%.0f", id->number) : STR("");
    uint32_t at = map_find(&features->segments, name);
    const struct json *constraints =
        at == MAP_ABSENT ? NULL : source_array(features->segment_sources[at], "constraints");
    if (constraints == NULL) {
        condition->why =
            arena_format(features->arena, "what its segment %.*s asks for is not in the document",
                         STR_ARG(name));
        return;
    }
    for (uint32_t i = 0; i < constraints->count; i++)
        condition_add(condition, &constraints->elements[i]);
}

static void read_conditions(struct condition *condition, const struct json *strategy)
{
    const struct json *constraints = source_array(strategy, "constraints");
    const struct json *segments = source_array(strategy, "segments");
    for (uint32_t i = 0; constraints != NULL && i < constraints->count; i++)
        condition_add(condition, &constraints->elements[i]);
    for (uint32_t i = 0; segments != NULL && i < segments->count; i++)
        add_segment(condition, &segments->elements[i]);
    if (condition->has_start && condition->has_end && condition->start_ms >= condition->end_ms) {
        condition->when = build_never();
        condition->has_start = condition->has_end = false;
    }
}

static struct str strategy_name(const struct json *strategy)
{
    struct str name = source_text(strategy, "name");
    return str_is_absent(name) ? source_text(strategy, "strategyName") : name;
}

/* Who the strategy is for by itself, whatever its constraints. */
static struct gate read_kind(struct condition *condition, const struct json *strategy)
{
    struct features *features = condition->features;
    struct feature *feature = condition->feature;
    struct str name = strategy_name(strategy);
    if (str_equal(name, STR("flexibleRollout")))
        return read_rollout(features, feature, strategy);
    if (str_equal(name, STR("gradualRolloutUserId")))
        return read_gradual(features, feature, strategy, "userId");
    if (str_equal(name, STR("gradualRolloutSessionId")))
        return read_gradual(features, feature, strategy, "sessionId");
    if (str_equal(name, STR("gradualRolloutRandom")))
        return read_gradual(features, feature, strategy, "random");
    if (str_equal(name, STR("userWithId")))
        condition->when =
            build_both(features->arena, condition->when, read_users(features, strategy));
    else if (str_equal(name, STR("remoteAddress")))
        condition->when = build_both(features->arena, condition->when,
                                     read_addresses(features, feature, strategy));
    else if (!str_equal(name, STR("default")))
        condition->why = STR("there is no such strategy here");
    struct str group = parameter(strategy, "groupId");
    return (struct gate){.salt = str_is_empty(group) ? feature->name : group};
}

void strategy_read(struct features *features, struct feature *feature, const struct json *strategy,
                   size_t index)
{
    struct condition condition = {.features = features, .feature = feature, .when = build_always()};
    read_conditions(&condition, strategy);
    struct gate gate = read_kind(&condition, strategy);
    if (!str_is_absent(condition.why)) {
        draft_lower_format(&features->draft, feature->item->row, IMPORT_PARTLY,
                           "its strategy %zu (%.*s) lets nobody in: %.*s", index + 1,
                           STR_ARG(strategy_name(strategy)), STR_ARG(condition.why));
        return;
    }
    strategy_serve(&condition, strategy, &gate, source_text(strategy, "title"));
}
