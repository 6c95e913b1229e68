/* SPDX-License-Identifier: Apache-2.0 */
/*
 * variant - variants as variations: see feature.h.
 *
 * The value is the variant's name, the payload travels beside it. Variants of one name that carry
 * different payloads, as strategies may have, are variations of their own.
 */
#include <math.h>

#include "eval/text_number.h"
#include "import/unleash/feature.h"
#include "model/limits.h"

static struct variation *add_variation(struct features *features, struct flag *flag,
                                       struct variation variation)
{
    struct str id = variation.id;
    for (unsigned number = 2; flag_find_variation(flag, variation.id) >= 0; number++)
        variation.id = arena_format(features->arena, "%.*s-%u", STR_ARG(id), number);
    struct variation *variations =
        ARENA_NEW_ARRAY(features->arena, struct variation, flag->variation_count + 1);
    for (size_t i = 0; i < flag->variation_count; i++)
        variations[i] = flag->variations[i];
    variations[flag->variation_count] = variation;
    flag->variations = variations;
    return &variations[flag->variation_count++];
}

/* ---- payloads -------------------------------------------------------------------------------- */

/* Numbers and JSON as what they say; all else, and what does not say it, as text. */
static bool read_payload(struct features *features, const struct json *variant,
                         struct json *payload)
{
    const struct json *source = source_object(variant, "payload");
    const struct json *value = source_find(source, "value");
    struct str type = source_text(source, "type");
    if (value == NULL)
        return false;
    *payload = *value;
    if (value->type != JSON_STRING)
        return true;
    struct json parsed;
    if (str_equal(type, STR("json")) &&
        !failed(source_parse_json(features->arena, value->string, &parsed)))
        *payload = parsed;
    double number = str_equal(type, STR("number")) ? text_number(value->string) : NAN;
    if (isfinite(number))
        *payload = json_make_number(number);
    return true;
}

static bool has_payload_of(const struct variation *variation, bool has_payload,
                           const struct json *payload)
{
    if (variation->has_payload != has_payload)
        return false;
    return !has_payload || json_equal(&variation->payload, payload);
}

/* ---- variations ------------------------------------------------------------------------------ */

/* The variant's variation, or NULL. */
static const struct variation *
find_variation(struct features *features, const struct feature *feature, const struct json *variant)
{
    struct json payload = json_make_null();
    bool has_payload = read_payload(features, variant, &payload);
    struct str name = source_text(variant, "name");
    const struct flag *flag = &feature->item->flag;
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        bool is_variant = !str_equal(variation->id, flag->off_variation) &&
                          !str_equal(variation->id, feature->on);
        if (is_variant && str_equal(variation->value.string, name) &&
            has_payload_of(variation, has_payload, &payload))
            return variation;
    }
    return NULL;
}

struct str variation_of(struct features *features, const struct feature *feature,
                        const struct json *variant)
{
    const struct variation *variation = find_variation(features, feature, variant);
    return variation == NULL ? (struct str){0} : variation->id;
}

static void add_variants(struct features *features, struct feature *feature,
                         const struct json *variants)
{
    for (uint32_t i = 0; variants != NULL && i < variants->count; i++) {
        const struct json *variant = &variants->elements[i];
        struct str name = source_text(variant, "name");
        if (feature->item->flag.variation_count > VARIATIONS_PER_FLAG_MAX)
            return; /* one too many already: the flag is left out for it */
        if (str_is_empty(name) || find_variation(features, feature, variant) != NULL)
            continue;
        struct variation variation = {.id = name, .value = json_make_string(name)};
        variation.has_payload = read_payload(features, variant, &variation.payload);
        add_variation(features, &feature->item->flag, variation);
    }
}

static bool has_any(const struct json *variants)
{
    return variants != NULL && variants->count > 0;
}

void variations_read(struct features *features, struct feature *feature)
{
    struct flag *flag = &feature->item->flag;
    feature->has_variants = has_any(feature->variants);
    for (size_t i = 0; i < feature->strategy_count; i++) {
        if (has_any(source_array(feature->strategies[i], "variants")))
            feature->has_variants = true;
    }
    if (!feature->has_variants) {
        build_boolean_variations(features->arena, flag);
        flag->off_variation = STR("false");
        feature->on = STR("true");
        return;
    }
    flag->type = VALUE_STRING;
    flag->off_variation = STR("disabled");
    add_variation(
        features, flag,
        (struct variation){.id = STR("disabled"), .value = json_make_string(STR("disabled"))});
    add_variants(features, feature, feature->variants);
    for (size_t i = 0; i < feature->strategy_count; i++)
        add_variants(features, feature, source_array(feature->strategies[i], "variants"));
}

struct str variation_on(struct features *features, struct feature *feature)
{
    if (str_is_absent(feature->on)) {
        struct variation variation = {.id = STR("enabled"),
                                      .value = json_make_string(STR("enabled")),
                                      .description = STR("On, without a variant")};
        feature->on = add_variation(features, &feature->item->flag, variation)->id;
    }
    return feature->on;
}
