/* SPDX-License-Identifier: Apache-2.0 */
/* legacy_shape - between {type, value, rollout, variants} and the model: see legacy.h. */
#include "dialect/superflag/legacy_shape.h"

#include <assert.h>
#include <math.h>

#include "dialect/superflag/issue.h"
#include "dialect/superflag/property.h"

#define LEGACY_SALT STR("legacy")

enum { TICKETS_PER_PERCENT = SPLIT_WEIGHT_TOTAL / 100 };

static const double WEIGHT_TOLERANCE_PERCENT = 0.01;

/* ---- reading ---------------------------------------------------------------------------- */

static bool parse_type(struct str name, enum value_type *type)
{
    for (int i = 0; i < VALUE_TYPE_COUNT; i++) {
        if (!str_equal(name, superflag_legacy_type_name((enum value_type)i)))
            continue;
        *type = (enum value_type)i;
        return true;
    }
    return false;
}

static bool value_fits(const struct json *value, enum value_type type)
{
    enum value_type found = VALUE_BOOLEAN;
    return value != NULL && value_type_of(value, &found) && found == type;
}

struct legacy_finding legacy_read_value(const struct json *value, struct legacy_parts *parts)
{
    if (!value_fits(value, parts->type))
        return (struct legacy_finding){LEGACY_VALUE_MISMATCH, parts->type, value, false, 0};
    parts->value = *value;
    return (struct legacy_finding){0};
}

struct legacy_finding legacy_read_rollout(const struct json *rollout, struct legacy_parts *parts)
{
    const struct json *percentage = property_find(rollout, STR("percentage"));
    bool is_percentage = percentage != NULL && percentage->type == JSON_NUMBER &&
                         percentage->number >= 0 && percentage->number <= 100;
    if (!is_percentage)
        return (struct legacy_finding){.problem = LEGACY_ROLLOUT_RANGE};
    parts->has_rollout = true;
    parts->percentage = percentage->number;
    return (struct legacy_finding){0};
}

/* ECMAScript's Math.round: half goes up. */
static int64_t percent_to_tickets(double percent)
{
    double tickets = percent * TICKETS_PER_PERCENT;
    double whole = floor(tickets);
    return (int64_t)whole + (tickets - whole >= 0.5 ? 1 : 0);
}

static enum legacy_problem read_variant(const struct json *json, struct legacy_variant *variant)
{
    const struct json *weight = property_find(json, STR("weight"));
    const struct json *name = property_find(json, STR("name"));
    if (weight == NULL || weight->type != JSON_NUMBER || fabs(weight->number) > 1e6)
        return LEGACY_VARIANT_WEIGHT;
    variant->weight = weight->number;
    if (name == NULL || name->type == JSON_NULL)
        return LEGACY_FINE;
    variant->name = property_text(json, STR("name"));
    return name->type == JSON_STRING ? LEGACY_FINE : LEGACY_VARIANT_NAME;
}

/* The last variant takes what rounding leaves, which must not be less than nothing. */
static struct legacy_finding check_tickets(const struct legacy_parts *parts)
{
    int64_t left = SPLIT_WEIGHT_TOTAL;
    for (size_t i = 0; i + 1 < parts->variant_count; i++) {
        int64_t tickets = percent_to_tickets(parts->variants[i].weight);
        if (tickets < 0)
            return (struct legacy_finding){.problem = LEGACY_VARIANT_WEIGHT, .variant = i};
        left -= tickets;
    }
    if (left < 0)
        return (struct legacy_finding){.problem = LEGACY_VARIANT_WEIGHT,
                                       .variant = parts->variant_count - 1};
    return (struct legacy_finding){0};
}

struct legacy_finding legacy_read_variants(struct arena *arena, const struct json *variants,
                                           struct legacy_parts *parts)
{
    if (!json_is_array(variants) || variants->count == 0)
        return (struct legacy_finding){.problem = LEGACY_VARIANTS_EMPTY};
    parts->variants = ARENA_NEW_ARRAY(arena, struct legacy_variant, variants->count);
    parts->variant_count = variants->count;
    double total = 0;
    for (size_t i = 0; i < variants->count; i++) {
        enum legacy_problem problem = read_variant(&variants->elements[i], &parts->variants[i]);
        if (problem != LEGACY_FINE)
            return (struct legacy_finding){.problem = problem, .variant = i};
        total += parts->variants[i].weight;
    }
    if (fabs(total - 100) > WEIGHT_TOLERANCE_PERCENT)
        return (struct legacy_finding){.problem = LEGACY_WEIGHT_TOTAL};

    for (size_t i = 0; i < variants->count; i++) {
        const struct json *value = property_find(&variants->elements[i], STR("value"));
        if (!value_fits(value, parts->type))
            return (struct legacy_finding){LEGACY_VALUE_MISMATCH, parts->type, value, true, i};
        parts->variants[i].value = *value;
    }
    return check_tickets(parts);
}

static bool is_given(const struct json *json)
{
    return json != NULL && json->type != JSON_NULL;
}

struct legacy_finding legacy_read(struct arena *arena, struct str type, const struct json *value,
                                  const struct json *rollout, const struct json *variants,
                                  struct legacy_parts *parts)
{
    *parts = (struct legacy_parts){0};
    if (!parse_type(type, &parts->type))
        return (struct legacy_finding){.problem = LEGACY_TYPE_UNKNOWN};
    if (is_given(rollout) && is_given(variants))
        return (struct legacy_finding){.problem = LEGACY_ROLLOUT_AND_VARIANTS};
    struct legacy_finding finding = legacy_read_value(value, parts);
    if (finding.problem == LEGACY_FINE && is_given(rollout))
        finding = legacy_read_rollout(rollout, parts);
    if (finding.problem == LEGACY_FINE && is_given(variants))
        finding = legacy_read_variants(arena, variants, parts);
    return finding;
}

/* ---- refusing --------------------------------------------------------------------------- */

static const char *requirement(enum value_type type)
{
    switch (type) {
    case VALUE_BOOLEAN:
        return "a boolean";
    case VALUE_STRING:
        return "a string";
    case VALUE_NUMBER:
        return "a number";
    case VALUE_OBJECT:
        return "an object or an array";
    }
    return "";
}

static struct fault refuse_value(struct arena *arena, const struct legacy_finding *finding)
{
    struct str where = STR("value");
    if (finding->is_variant)
        where = arena_format(arena, "variants[%zu].value", finding->variant);
    return fault_make(
        FAULT_INVALID, where,
        arena_format(arena, "%.*s must be %s", STR_ARG(where), requirement(finding->type)));
}

static struct fault refuse_variant(struct arena *arena, const struct legacy_finding *finding,
                                   const char *member, const char *must)
{
    struct str where = arena_format(arena, "variants[%zu].%s", finding->variant, member);
    return fault_make(FAULT_INVALID, where,
                      arena_format(arena, "%.*s must be %s", STR_ARG(where), must));
}

struct fault legacy_refuse(struct arena *arena, const struct legacy_finding *finding)
{
    switch (finding->problem) {
    case LEGACY_FINE:
        break;
    case LEGACY_TYPE_UNKNOWN:
        return fault_make(FAULT_INVALID, STR("type"), STR("Invalid flag type"));
    case LEGACY_ROLLOUT_AND_VARIANTS:
        return fault_make(FAULT_INVALID, STR("variants"),
                          STR("rollout and variants cannot be combined"));
    case LEGACY_VALUE_MISMATCH:
        return refuse_value(arena, finding);
    case LEGACY_ROLLOUT_RANGE:
        return fault_make(FAULT_INVALID, STR("rollout.percentage"),
                          STR("rollout.percentage must be a number between 0 and 100"));
    case LEGACY_VARIANTS_EMPTY:
        return fault_make(FAULT_INVALID, STR("variants"),
                          STR("variants must be an array with at least one variant"));
    case LEGACY_VARIANT_WEIGHT:
        return refuse_variant(arena, finding, "weight", "a number between 0 and 100");
    case LEGACY_VARIANT_NAME:
        return refuse_variant(arena, finding, "name", "a string");
    case LEGACY_WEIGHT_TOTAL:
        return fault_make(FAULT_INVALID, STR("variants"), STR("variant weights must total 100"));
    }
    return fault_none();
}

/* ---- shaping ---------------------------------------------------------------------------- */

static struct json type_default(enum value_type type)
{
    switch (type) {
    case VALUE_BOOLEAN:
        return json_make_boolean(false);
    case VALUE_STRING:
        return json_make_string(STR(""));
    case VALUE_NUMBER:
        return json_make_number(0);
    case VALUE_OBJECT:
        return (struct json){.type = JSON_OBJECT};
    }
    return json_make_null();
}

static struct serve split_of(struct arena *arena, size_t count)
{
    return (struct serve){.kind = SERVE_SPLIT,
                          .split = {
                              .allocations = ARENA_NEW_ARRAY(arena, struct allocation, count),
                              .allocation_count = count,
                              .salt = LEGACY_SALT,
                          }};
}

static void shape_plain(struct arena *arena, const struct legacy_parts *parts, struct flag *flag)
{
    flag->variation_count = 1;
    flag->variations = ARENA_NEW(arena, struct variation);
    flag->variations[0] = (struct variation){.id = STR("default"), .value = parts->value};
    flag->off_variation = STR("default");
    flag->fallthrough = (struct serve){.kind = SERVE_VARIATION, .variation = STR("default")};
}

static void shape_rollout(struct arena *arena, const struct legacy_parts *parts, struct flag *flag)
{
    uint32_t on = (uint32_t)percent_to_tickets(parts->percentage);
    assert(on <= SPLIT_WEIGHT_TOTAL);
    flag->variation_count = 2;
    flag->variations = ARENA_NEW_ARRAY(arena, struct variation, 2);
    flag->variations[0] = (struct variation){.id = STR("on"), .value = parts->value};
    flag->variations[1] = (struct variation){.id = STR("off"), .value = type_default(parts->type)};
    flag->off_variation = STR("off");
    flag->fallthrough = split_of(arena, 2);
    flag->fallthrough.split.allocations[0] = (struct allocation){STR("on"), on};
    flag->fallthrough.split.allocations[1] =
        (struct allocation){STR("off"), SPLIT_WEIGHT_TOTAL - on};
}

static void shape_variants(struct arena *arena, const struct legacy_parts *parts, struct flag *flag)
{
    size_t count = parts->variant_count;
    uint32_t left = SPLIT_WEIGHT_TOTAL;
    flag->variations = ARENA_NEW_ARRAY(arena, struct variation, count + 1);
    flag->variation_count = count;
    flag->fallthrough = split_of(arena, count);
    for (size_t i = 0; i < count; i++) {
        const struct legacy_variant *variant = &parts->variants[i];
        struct str id = arena_format(arena, "variant-%zu", i);
        bool is_last = i + 1 == count;
        uint32_t tickets = is_last ? left : (uint32_t)percent_to_tickets(variant->weight);
        assert(tickets <= left);
        left -= tickets;
        flag->variations[i] =
            (struct variation){.id = id, .value = variant->value, .name = variant->name};
        flag->fallthrough.split.allocations[i] = (struct allocation){id, tickets};
    }
    flag->off_variation = flag->variations[0].id;
    if (!json_equal(&parts->value, &parts->variants[0].value))
        flag->variations[flag->variation_count++] =
            (struct variation){.id = STR("default"), .value = parts->value};
}

void legacy_shape(struct arena *arena, const struct legacy_parts *parts, struct flag *flag)
{
    if (parts->has_rollout)
        shape_rollout(arena, parts, flag);
    else if (parts->variant_count > 0)
        shape_variants(arena, parts, flag);
    else
        shape_plain(arena, parts, flag);
}

struct flag legacy_flag_of(struct arena *arena, struct str key, enum value_type type)
{
    struct str *tags = ARENA_NEW(arena, struct str);
    tags[0] = STR("legacy");
    return (struct flag){
        .key = key,
        .kind = FLAG_KIND_FLAG,
        .type = type,
        .description = issue_message(arena, STR("Migrated legacy flag "), key, STR("")),
        .owner = STR("unowned"),
        .tags = tags,
        .tag_count = 1,
        .lifecycle = LIFECYCLE_ACTIVE,
        .is_enabled = true,
        .arithmetic = {FLAG_HASH_FNV1A_32_UTF16, FLAG_COMPARISON_TYPED},
        .is_on_all_deployments = true,
        .metadata = json_make_null(),
    };
}

/* ---- recognising ------------------------------------------------------------------------ */

static bool is_bare(const struct variation *variation, struct str id)
{
    return str_equal(variation->id, id) && str_is_absent(variation->name) &&
           str_is_absent(variation->description);
}

static bool is_unconditional(const struct flag *flag)
{
    return flag->kind == FLAG_KIND_FLAG && flag->is_enabled && flag->prerequisite_count == 0 &&
           flag->rule_count == 0 && str_is_absent(flag->schedule.start) &&
           str_is_absent(flag->schedule.end) && flag->metadata.type == JSON_NULL &&
           flag->arithmetic.hash == FLAG_HASH_FNV1A_32_UTF16 &&
           flag->arithmetic.comparison == FLAG_COMPARISON_TYPED;
}

bool legacy_says_split(const struct split *split)
{
    uint64_t total = 0;
    for (size_t i = 0; i < split->allocation_count; i++)
        total += split->allocations[i].weight;
    return str_equal(split->salt, LEGACY_SALT) && total == SPLIT_WEIGHT_TOTAL;
}

/* Whether the split deals all tickets to the flag's first variations, in order. */
static bool is_full_split(const struct flag *flag, const struct serve *serve)
{
    if (serve->kind != SERVE_SPLIT || !str_is_absent(serve->split.bucket_by) ||
        !legacy_says_split(&serve->split))
        return false;
    if (serve->split.allocation_count > flag->variation_count)
        return false;
    for (size_t i = 0; i < serve->split.allocation_count; i++) {
        if (!str_equal(serve->split.allocations[i].variation, flag->variations[i].id))
            return false;
    }
    return true;
}

static bool is_plain(const struct flag *flag)
{
    return flag->variation_count == 1 && is_bare(&flag->variations[0], STR("default")) &&
           str_equal(flag->off_variation, STR("default")) &&
           flag->fallthrough.kind == SERVE_VARIATION;
}

static bool is_rollout(const struct flag *flag)
{
    struct json off = type_default(flag->type);
    return flag->variation_count == 2 && is_bare(&flag->variations[0], STR("on")) &&
           is_bare(&flag->variations[1], STR("off")) &&
           json_equal(&flag->variations[1].value, &off) &&
           str_equal(flag->off_variation, STR("off")) &&
           flag->fallthrough.split.allocation_count == 2 && is_full_split(flag, &flag->fallthrough);
}

static bool is_variant_id(struct str id, size_t index)
{
    uint64_t number = 0;
    if (!str_starts_with(id, STR("variant-")))
        return false;
    struct str digits = str_slice(id, STR("variant-").size, id.size);
    bool has_leading_zero = digits.size > 1 && digits.data[0] == '0';
    return !has_leading_zero && str_parse_u64(digits, &number) && number == index;
}

static bool is_variants(const struct flag *flag)
{
    size_t count = flag->fallthrough.split.allocation_count;
    if (flag->fallthrough.kind != SERVE_SPLIT || count == 0 ||
        !is_full_split(flag, &flag->fallthrough))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!is_variant_id(flag->variations[i].id, i) ||
            !str_is_absent(flag->variations[i].description))
            return false;
    }
    if (!str_equal(flag->off_variation, flag->variations[0].id))
        return false;
    if (flag->variation_count == count)
        return true;
    return flag->variation_count == count + 1 &&
           is_bare(&flag->variations[count], STR("default")) &&
           !json_equal(&flag->variations[count].value, &flag->variations[0].value);
}

enum legacy_form legacy_form_of(const struct flag *flag)
{
    if (!is_unconditional(flag))
        return LEGACY_FORM_NONE;
    if (is_plain(flag))
        return LEGACY_FORM_PLAIN;
    if (is_rollout(flag))
        return LEGACY_FORM_ROLLOUT;
    return is_variants(flag) ? LEGACY_FORM_VARIANTS : LEGACY_FORM_NONE;
}

const struct json *legacy_value_of(const struct flag *flag, enum legacy_form form)
{
    assert(form != LEGACY_FORM_NONE);
    bool has_standing_value = form == LEGACY_FORM_VARIANTS &&
                              flag->variation_count > flag->fallthrough.split.allocation_count;
    return &flag->variations[has_standing_value ? flag->variation_count - 1 : 0].value;
}

struct legacy_parts legacy_parts_of(struct arena *arena, const struct flag *flag,
                                    enum legacy_form form)
{
    const struct split *split = &flag->fallthrough.split;
    struct legacy_parts parts = {.type = flag->type, .value = *legacy_value_of(flag, form)};
    if (form == LEGACY_FORM_ROLLOUT) {
        parts.has_rollout = true;
        parts.percentage = (double)split->allocations[0].weight / TICKETS_PER_PERCENT;
    }
    if (form != LEGACY_FORM_VARIANTS)
        return parts;
    parts.variant_count = split->allocation_count;
    parts.variants = ARENA_NEW_ARRAY(arena, struct legacy_variant, parts.variant_count);
    for (size_t i = 0; i < parts.variant_count; i++) {
        parts.variants[i] = (struct legacy_variant){
            .value = flag->variations[i].value,
            .weight = (double)split->allocations[i].weight / TICKETS_PER_PERCENT,
            .name = flag->variations[i].name,
        };
    }
    return parts;
}
