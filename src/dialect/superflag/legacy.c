/* SPDX-License-Identifier: Apache-2.0 */
/* legacy - creating, patching and showing flags as the management API has them: see legacy.h. */
#include "dialect/superflag/legacy.h"

#include <assert.h>
#include <string.h>

#include "dialect/superflag/legacy_shape.h"
#include "dialect/superflag/projection.h"
#include "dialect/superflag/property.h"

enum { LEGACY_KEY_BYTES_MAX = 96 }; /* longer keys evaluate but can never be reported on */

struct str superflag_legacy_type_name(enum value_type type)
{
    switch (type) {
    case VALUE_BOOLEAN:
        return STR("bool");
    case VALUE_STRING:
        return STR("string");
    case VALUE_NUMBER:
        return STR("number");
    case VALUE_OBJECT:
        return STR("json");
    }
    return STR("");
}

/* ---- creating --------------------------------------------------------------------------- */

struct fault superflag_check_flag_key(struct str key)
{
    bool is_valid = flag_key_is_valid(key) && key.size <= LEGACY_KEY_BYTES_MAX &&
                    !property_is_inherited(key) && !str_equal(key, STR("prototype"));
    if (is_valid)
        return fault_none();
    return fault_make(FAULT_INVALID, STR("key"), STR("Invalid flag key"));
}

/* A visibility from clientEnabled; NULL leaves it to the app's default. */
static struct fault decode_client_enabled(const struct json *client_enabled,
                                          enum visibility *visibility)
{
    if (client_enabled == NULL)
        return fault_none();
    if (client_enabled->type != JSON_BOOLEAN)
        return fault_make(FAULT_INVALID, STR("clientEnabled"),
                          STR("clientEnabled must be a boolean"));
    *visibility = client_enabled->boolean ? VISIBILITY_CLIENT : VISIBILITY_SERVER;
    return fault_none();
}

struct fault superflag_decode_legacy_flag(struct arena *arena, struct str key, struct str type,
                                          const struct json *value, const struct json *rollout,
                                          const struct json *variants,
                                          const struct json *client_enabled, struct flag *flag)
{
    *flag = (struct flag){0};
    struct fault fault = superflag_check_flag_key(key);
    if (failed(fault))
        return fault;
    struct legacy_parts parts;
    struct legacy_finding finding = legacy_read(arena, type, value, rollout, variants, &parts);
    if (finding.problem != LEGACY_FINE)
        return legacy_refuse(arena, &finding);

    *flag = legacy_flag_of(arena, key, parts.type);
    legacy_shape(arena, &parts, flag);
    return decode_client_enabled(client_enabled, &flag->visibility);
}

/* ---- patching --------------------------------------------------------------------------- */

void superflag_keep_payloads(const struct flag *current, struct flag *changed)
{
    for (size_t i = 0; i < changed->variation_count; i++) {
        struct variation *variation = &changed->variations[i];
        int before = flag_find_variation(current, variation->id);
        if (before < 0)
            continue;
        variation->has_payload = current->variations[before].has_payload;
        variation->payload = current->variations[before].payload;
    }
}

/* Applies one of rollout and variants to the parts; NULL leaves it, a JSON null removes it. */
static struct legacy_finding edit_split(struct arena *arena, const struct json *rollout,
                                        const struct json *variants, struct legacy_parts *parts)
{
    struct legacy_finding finding = {0};
    if (rollout != NULL)
        parts->has_rollout = false;
    if (variants != NULL)
        parts->variant_count = 0;
    bool has_rollout = rollout != NULL ? rollout->type != JSON_NULL : parts->has_rollout;
    bool has_variants = variants != NULL ? variants->type != JSON_NULL : parts->variant_count > 0;
    if (has_rollout && has_variants)
        return (struct legacy_finding){.problem = LEGACY_ROLLOUT_AND_VARIANTS};
    if (has_rollout && rollout != NULL)
        finding = legacy_read_rollout(rollout, parts);
    if (has_variants && variants != NULL)
        finding = legacy_read_variants(arena, variants, parts);
    return finding;
}

static struct fault patch_shape(struct arena *arena, const struct flag *current,
                                enum legacy_form form, const struct json *edits,
                                struct flag *patched)
{
    struct legacy_parts parts = legacy_parts_of(arena, current, form);
    struct legacy_finding finding = {0};
    const struct json *value = json_find(edits, STR("value"));
    if (value != NULL)
        finding = legacy_read_value(value, &parts);
    if (finding.problem == LEGACY_FINE)
        finding = edit_split(arena, json_find(edits, STR("rollout")),
                             json_find(edits, STR("variants")), &parts);
    if (finding.problem != LEGACY_FINE)
        return legacy_refuse(arena, &finding);
    legacy_shape(arena, &parts, patched);
    superflag_keep_payloads(current, patched);
    return fault_none();
}

/* A flag of another shape: its value is the one its fallthrough serves, if that is one value. */
static struct fault patch_served_value(struct arena *arena, const struct flag *current,
                                       const struct json *value, struct flag *patched)
{
    struct legacy_parts parts = {.type = current->type};
    struct legacy_finding finding = legacy_read_value(value, &parts);
    if (finding.problem != LEGACY_FINE)
        return legacy_refuse(arena, &finding);
    int served = -1;
    if (current->fallthrough.kind == SERVE_VARIATION)
        served = flag_find_variation(current, current->fallthrough.variation);
    if (served < 0)
        return fault_make(FAULT_INVALID, STR("value"),
                          STR("the flag serves more than one value; change its document instead"));
    patched->variations = ARENA_NEW_ARRAY(arena, struct variation, current->variation_count);
    memcpy(patched->variations, current->variations,
           current->variation_count * sizeof(*current->variations));
    patched->variations[served].value = *value;
    return fault_none();
}

static struct fault patch_other_shape(struct arena *arena, const struct flag *current,
                                      const struct json *edits, struct flag *patched)
{
    bool edits_split =
        json_find(edits, STR("rollout")) != NULL || json_find(edits, STR("variants")) != NULL;
    if (edits_split)
        return fault_make(FAULT_INVALID, STR("rollout"),
                          STR("the flag has rules of its own; change its document instead"));
    const struct json *value = json_find(edits, STR("value"));
    return value == NULL ? fault_none() : patch_served_value(arena, current, value, patched);
}

/* Its variations stand for themselves and are dealt in another way: there is no word for either. */
static struct fault patch_text_flag(const struct json *edits)
{
    bool edits_serving = json_find(edits, STR("value")) != NULL ||
                         json_find(edits, STR("rollout")) != NULL ||
                         json_find(edits, STR("variants")) != NULL;
    if (!edits_serving)
        return fault_none();
    return fault_make(FAULT_INVALID, STR("value"),
                      STR("the flag compares text: of its members only clientEnabled can be "
                          "changed here"));
}

static struct fault patch_what_is_served(struct arena *arena, const struct flag *current,
                                         const struct json *edits, struct flag *patched)
{
    if (superflag_is_text(current))
        return patch_text_flag(edits);
    enum legacy_form form = legacy_form_of(current);
    return form == LEGACY_FORM_NONE ? patch_other_shape(arena, current, edits, patched)
                                    : patch_shape(arena, current, form, edits, patched);
}

struct fault superflag_patch_legacy_flag(struct arena *arena, const struct flag *current,
                                         const struct json *edits, struct flag *patched)
{
    *patched = *current;
    bool has_edit =
        json_find(edits, STR("value")) != NULL || json_find(edits, STR("rollout")) != NULL ||
        json_find(edits, STR("variants")) != NULL || json_find(edits, STR("clientEnabled")) != NULL;
    if (!has_edit)
        return fault_make(FAULT_INVALID, STR("value"),
                          STR("value, clientEnabled, rollout or variants is required"));
    struct fault fault = patch_what_is_served(arena, current, edits, patched);
    if (failed(fault))
        return fault;
    const struct json *client_enabled = json_find(edits, STR("clientEnabled"));
    if (client_enabled == NULL || client_enabled->type != JSON_NULL)
        return decode_client_enabled(client_enabled, &patched->visibility);
    patched->visibility = VISIBILITY_UNSET; /* null takes back what was said */
    return fault_none();
}

struct fault superflag_patch_legacy_value(struct arena *arena, const struct flag *current,
                                          const struct json *value, struct flag *patched)
{
    struct json_member member = {STR("value"), *value};
    const struct json edits = {.type = JSON_OBJECT, .count = 1, .members = &member};
    return superflag_patch_legacy_flag(arena, current, &edits, patched);
}

/* ---- showing ---------------------------------------------------------------------------- */

bool superflag_is_legacy(const struct flag *flag)
{
    return legacy_form_of(flag) != LEGACY_FORM_NONE;
}

static const struct json *variation_value(const struct flag *flag, struct str id)
{
    int at = flag_find_variation(flag, id);
    return at < 0 ? NULL : &flag->variations[at].value;
}

/* Percent with as many decimals as a ticket has: one division, so the shortest such number. */
static void append_percent(struct json_writer *writer, struct str key, uint32_t weight)
{
    json_key(writer, key);
    json_number(writer, (double)weight * 100 / SPLIT_WEIGHT_TOTAL);
}

static void append_variant(struct json_writer *writer, const struct json *value, uint32_t weight,
                           struct str name)
{
    json_object_begin(writer);
    json_member_tree(writer, STR("value"), value);
    append_percent(writer, STR("weight"), weight);
    if (!str_is_absent(name))
        json_member_string(writer, STR("name"), name);
    json_object_end(writer);
}

static void append_split(struct json_writer *writer, const struct flag *flag, enum legacy_form form)
{
    const struct split *split = &flag->fallthrough.split;
    if (form == LEGACY_FORM_ROLLOUT) {
        json_key(writer, STR("rollout"));
        json_object_begin(writer);
        append_percent(writer, STR("percentage"), split->allocations[0].weight);
        json_object_end(writer);
    }
    if (form != LEGACY_FORM_VARIANTS)
        return;
    json_key(writer, STR("variants"));
    json_array_begin(writer);
    for (size_t i = 0; i < split->allocation_count; i++)
        append_variant(writer, &flag->variations[i].value, split->allocations[i].weight,
                       flag->variations[i].name);
    json_array_end(writer);
}

/* Whose value a flag without a legacy form shows. */
static struct str shown_variation(const struct flag *flag)
{
    if (superflag_is_text(flag)) {
        int constant = superflag_constant_variation(flag);
        return constant < 0 ? flag->off_variation : flag->variations[constant].id;
    }
    bool serves_one = flag->fallthrough.kind == SERVE_VARIATION;
    return serves_one ? flag->fallthrough.variation : flag->off_variation;
}

void superflag_append_legacy_flag(struct json_writer *writer, const struct flag *flag,
                                  bool echo_client_enabled)
{
    enum legacy_form form = legacy_form_of(flag);
    json_object_begin(writer);
    json_member_string(writer, STR("type"), superflag_legacy_type_name(flag->type));
    if (form != LEGACY_FORM_NONE) {
        json_member_tree(writer, STR("value"), legacy_value_of(flag, form));
        append_split(writer, flag, form);
    } else {
        const struct json *value = variation_value(flag, shown_variation(flag));
        if (value != NULL)
            json_member_tree(writer, STR("value"), value);
    }
    if (echo_client_enabled && flag->visibility != VISIBILITY_UNSET)
        json_member_boolean(writer, STR("clientEnabled"), flag->visibility == VISIBILITY_CLIENT);
    json_object_end(writer);
}

/* ---- old SDKs --------------------------------------------------------------------------- */

static bool is_conditional(const struct flag *flag)
{
    return !flag->is_enabled || flag->prerequisite_count > 0 ||
           !str_is_absent(flag->schedule.start) || !str_is_absent(flag->schedule.end);
}

struct superflag_old_reading superflag_read_as_old(const struct flag *flag)
{
    enum legacy_form form = legacy_form_of(flag);
    if (form != LEGACY_FORM_NONE)
        return (struct superflag_old_reading){
            .value = legacy_value_of(flag, form),
            .split = form == LEGACY_FORM_PLAIN ? NULL : &flag->fallthrough.split,
            .is_exact = true,
        };

    const struct serve *serve = &flag->fallthrough;
    struct superflag_old_reading reading = {.value = variation_value(flag, flag->off_variation)};
    reading.is_exact = !flag->is_enabled;
    if (is_conditional(flag) || serve_is_progressive(serve) || serve_is_bucket(serve))
        return reading;
    if (serve->kind == SERVE_VARIATION)
        reading.value = variation_value(flag, serve->variation);
    else if (str_is_absent(serve->split.bucket_by) ||
             str_equal(serve->split.bucket_by, STR("targetingKey")))
        reading.split = &serve->split;
    else
        return reading;
    bool is_told = reading.split == NULL || legacy_says_split(reading.split);
    reading.is_exact = is_told && flag->rule_count == 0;
    return reading;
}

static void append_old_variant(struct json_writer *writer, const struct flag *flag, struct str id,
                               uint32_t weight)
{
    int at = flag_find_variation(flag, id);
    if (at < 0)
        return;
    assert(flag->variations != NULL);
    const struct variation *variation = &flag->variations[at];
    append_variant(writer, &variation->value, weight,
                   str_is_absent(variation->name) ? variation->id : variation->name);
}

void superflag_append_old_reading(struct json_writer *writer, const struct flag *flag)
{
    struct superflag_old_reading reading = superflag_read_as_old(flag);
    if (reading.value != NULL)
        json_member_tree(writer, STR("value"), reading.value);
    if (reading.split == NULL)
        return;
    uint32_t left = SPLIT_WEIGHT_TOTAL;
    json_key(writer, STR("variants"));
    json_array_begin(writer);
    for (size_t i = 0; i < reading.split->allocation_count; i++) {
        const struct allocation *allocation = &reading.split->allocations[i];
        append_old_variant(writer, flag, allocation->variation, allocation->weight);
        left -= allocation->weight < left ? allocation->weight : left;
    }
    if (left > 0)
        append_old_variant(writer, flag, flag->off_variation, left);
    json_array_end(writer);
}
