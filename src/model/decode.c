/* SPDX-License-Identifier: Apache-2.0 */
/* decode - flags, segments and settings out of their canonical text: see codec.h. */
#include "base/number.h"
#include "model/check.h"
#include "model/codec.h"
#include "model/limits.h"
#include "model/read.h"

/* Wider than what comes from outside, so that everything a check lets through loads again: a value
 * of VALUE_DEPTH_MAX levels may hang from a clause below six combinators. */
static const struct json_budget document_budget = {
    .depth_max = VALUE_DEPTH_MAX + 32,
    .members_max = VARIATION_VALUE_BYTES_MAX,
    .string_bytes_max = VARIATION_VALUE_BYTES_MAX,
    .number_bytes_max = 64,
};

static enum visibility read_visibility(struct inspection *inspection, const struct place *root,
                                       const struct json *json)
{
    if (json_find(json, STR("visibility")) == NULL)
        return VISIBILITY_UNSET;
    size_t index = read_name(inspection, root, json, STR("visibility"), &visibility_names,
                             STR("must be client or server"));
    return (enum visibility)(VISIBILITY_CLIENT + index);
}

static struct schedule read_schedule(struct inspection *inspection, const struct place *outer,
                                     const struct json *object)
{
    const struct json *json = json_find(object, STR("schedule"));
    struct place place = place_member(outer, STR("schedule"));
    return json == NULL ? (struct schedule){0} : schedule_read(inspection, &place, json);
}

static struct arithmetic read_arithmetic(struct inspection *inspection, const struct place *root,
                                         const struct json *object)
{
    const struct str known[] = {STR("hash"), STR("comparison")};
    struct arithmetic arithmetic = {0};
    struct place place = place_member(root, STR("arithmetic"));
    const struct json *json = json_find(object, STR("arithmetic"));
    if (!read_object(inspection, &place, json, known, COUNT_OF(known)))
        return arithmetic;
    arithmetic.hash = (enum flag_hash)read_name(inspection, &place, json, STR("hash"),
                                                &flag_hash_names, STR("is not supported"));
    arithmetic.comparison =
        (enum flag_comparison)read_name(inspection, &place, json, STR("comparison"),
                                        &flag_comparison_names, STR("is not supported"));
    return arithmetic;
}

static void read_variation_extras(struct inspection *inspection, const struct place *named,
                                  const struct json *json, struct variation *variation)
{
    const struct json *payload = json_find(json, STR("payload"));
    variation->has_payload = payload != NULL;
    if (payload != NULL)
        variation->payload = *payload;
    variation->included =
        read_optional_strings(inspection, named, json, STR("included"),
                              INCLUSIONS_PER_VARIATION_MAX, &variation->included_count);
    variation->cohorts =
        read_optional_strings(inspection, named, json, STR("cohorts"), COHORTS_PER_ENVIRONMENT_MAX,
                              &variation->cohort_count);
}

static struct variation read_variation(struct inspection *inspection, const struct place *list,
                                       size_t index, const struct json *json)
{
    const struct str known[] = {STR("id"),      STR("value"),    STR("name"),   STR("description"),
                                STR("payload"), STR("included"), STR("cohorts")};
    struct place item = place_item(list, index);
    struct variation variation = {0};
    if (!read_object(inspection, &item, json, known, COUNT_OF(known)))
        return variation;
    variation.id =
        read_string(inspection, &item, json, STR("id"), STR("must be a non-empty string"));

    struct place named = place_member(list, variation.id);
    const struct json *value = json_find(json, STR("value"));
    if (value == NULL)
        inspect_refuse_member(inspection, &named, STR("value"),
                              STR("must be a non-null JSON value"));
    else
        variation.value = *value;
    variation.name = read_optional_string(inspection, &named, json, STR("name"));
    variation.description = read_optional_string(inspection, &named, json, STR("description"));
    read_variation_extras(inspection, &named, json, &variation);
    return variation;
}

static void read_variations(struct inspection *inspection, const struct place *root,
                            const struct json *object, struct flag *flag)
{
    struct place list = place_member(root, STR("variations"));
    const struct json *array =
        read_array(inspection, &list, json_find(object, STR("variations")), VARIATIONS_PER_FLAG_MAX,
                   "variations", STR("must be an array"));
    if (array == NULL || array->count == 0)
        return;
    flag->variations = ARENA_NEW_ARRAY(inspection->arena, struct variation, array->count);
    flag->variation_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++)
        flag->variations[i] = read_variation(inspection, &list, i, &array->elements[i]);
}

static struct prerequisite read_prerequisite(struct inspection *inspection,
                                             const struct place *place, const struct json *json)
{
    const struct str known[] = {STR("flag"), STR("variations")};
    struct prerequisite prerequisite = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return prerequisite;
    prerequisite.flag =
        read_string(inspection, place, json, STR("flag"), STR("must reference an existing flag"));
    struct place list = place_member(place, STR("variations"));
    prerequisite.variations = read_strings(
        inspection, &list, json_find(json, STR("variations")), VARIATIONS_PER_FLAG_MAX,
        "variations", STR("must be an array of variation ids"), &prerequisite.variation_count);
    return prerequisite;
}

static void read_prerequisites(struct inspection *inspection, const struct place *root,
                               const struct json *object, struct flag *flag)
{
    const struct json *json = json_find(object, STR("prerequisites"));
    if (json == NULL)
        return;
    struct place list = place_member(root, STR("prerequisites"));
    const struct json *array = read_array(inspection, &list, json, PREREQUISITES_PER_FLAG_MAX,
                                          "prerequisites", STR("must be an array"));
    if (array == NULL || array->count == 0)
        return;
    flag->prerequisites = ARENA_NEW_ARRAY(inspection->arena, struct prerequisite, array->count);
    flag->prerequisite_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        flag->prerequisites[i] = read_prerequisite(inspection, &item, &array->elements[i]);
    }
}

static struct rule read_rule(struct inspection *inspection, const struct place *place,
                             const struct json *json)
{
    const struct str known[] = {STR("id"), STR("when"), STR("serve"), STR("schedule"),
                                STR("description")};
    struct rule rule = {0};
    if (!read_object(inspection, place, json, known, COUNT_OF(known)))
        return rule;
    struct place when = place_member(place, STR("when"));
    struct place serve = place_member(place, STR("serve"));
    rule.id = read_string(inspection, place, json, STR("id"), STR("must be a non-empty string"));
    rule.when = expression_read(inspection, &when, json_find(json, STR("when")));
    rule.serve = serve_read(inspection, &serve, json_find(json, STR("serve")));
    rule.schedule = read_schedule(inspection, place, json);
    rule.description = read_optional_string(inspection, place, json, STR("description"));
    return rule;
}

static void read_rules(struct inspection *inspection, const struct place *root,
                       const struct json *object, struct flag *flag)
{
    const struct json *json = json_find(object, STR("rules"));
    if (json == NULL)
        return;
    struct place list = place_member(root, STR("rules"));
    const struct json *array =
        read_array(inspection, &list, json, RULES_PER_FLAG_MAX, "rules", STR("must be an array"));
    if (array == NULL || array->count == 0)
        return;
    flag->rules = ARENA_NEW_ARRAY(inspection->arena, struct rule, array->count);
    flag->rule_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        flag->rules[i] = read_rule(inspection, &item, &array->elements[i]);
    }
}

/* Numbers of deployments; a flag that does not say is on all there are. */
static void read_deployments(struct inspection *inspection, const struct place *root,
                             const struct json *object, struct flag *flag)
{
    const struct json *json = json_find(object, STR("deployments"));
    flag->is_on_all_deployments = json == NULL;
    if (json == NULL)
        return;
    struct place list = place_member(root, STR("deployments"));
    const struct json *array = read_array(inspection, &list, json, DEPLOYMENTS_PER_FLAG_MAX,
                                          "deployments", STR("must be an array"));
    if (array == NULL || array->count == 0)
        return;
    flag->deployments = ARENA_NEW_ARRAY(inspection->arena, uint64_t, array->count);
    flag->deployment_count = array->count;
    for (size_t i = 0; i < array->count; i++) {
        struct place item = place_item(&list, i);
        const struct json *number = &array->elements[i];
        if (number->type == JSON_NUMBER && number_is_safe_integer(number->number) &&
            number->number >= 0)
            flag->deployments[i] = (uint64_t)number->number;
        else
            inspect_refuse(inspection, &item, STR("must be the number of a deployment"));
    }
}

static enum evaluation_mode read_evaluation_mode(struct inspection *inspection,
                                                 const struct place *root,
                                                 const struct json *object)
{
    if (json_find(object, STR("evaluationMode")) == NULL)
        return EVALUATION_REMOTE;
    return (enum evaluation_mode)read_name(inspection, root, object, STR("evaluationMode"),
                                           &evaluation_mode_names, STR("must be remote or local"));
}

static struct experiment read_experiment(struct inspection *inspection, const struct place *root,
                                         const struct json *object)
{
    const struct str known[] = {
        STR("type"),         STR("sticky"),   STR("started"),        STR("start"),
        STR("end"),          STR("decision"), STR("decisionReason"), STR("rolledOutVariation"),
        STR("exposureEvent")};
    struct experiment experiment = {0};
    const struct json *json = json_find(object, STR("experiment"));
    struct place place = place_member(root, STR("experiment"));
    if (json == NULL || !read_object(inspection, &place, json, known, COUNT_OF(known)))
        return experiment;
    experiment.type = read_optional_string(inspection, &place, json, STR("type"));
    experiment.is_sticky = read_optional_boolean(inspection, &place, json, STR("sticky"));
    experiment.has_started = read_optional_boolean(inspection, &place, json, STR("started"));
    experiment.start = read_optional_string(inspection, &place, json, STR("start"));
    experiment.end = read_optional_string(inspection, &place, json, STR("end"));
    experiment.decision = read_optional_string(inspection, &place, json, STR("decision"));
    experiment.decision_reason =
        read_optional_string(inspection, &place, json, STR("decisionReason"));
    experiment.rolled_out_variation =
        read_optional_string(inspection, &place, json, STR("rolledOutVariation"));
    const struct json *event = json_find(json, STR("exposureEvent"));
    if (event != NULL)
        experiment.exposure_event = *event;
    return experiment;
}

/* How the flag is evaluated: what says nothing of it is a default. */
static void read_evaluation(struct inspection *inspection, const struct place *root,
                            const struct json *json, struct flag *flag)
{
    flag->arithmetic = read_arithmetic(inspection, root, json);
    flag->evaluation_mode = read_evaluation_mode(inspection, root, json);
    read_deployments(inspection, root, json, flag);
    flag->bucket_by = read_optional_string(inspection, root, json, STR("bucketBy"));
    flag->bucketing_unit = read_optional_string(inspection, root, json, STR("bucketingUnit"));
    flag->salt = read_optional_string(inspection, root, json, STR("salt"));
}

static void read_flag(struct inspection *inspection, const struct json *json, struct flag *flag)
{
    const struct str known[] = {
        STR("id"),
        STR("key"),
        STR("kind"),
        STR("type"),
        STR("name"),
        STR("description"),
        STR("tags"),
        STR("owner"),
        STR("lifecycle"),
        STR("enabled"),
        STR("archived"),
        STR("visibility"),
        STR("arithmetic"),
        STR("evaluationMode"),
        STR("deployments"),
        STR("bucketBy"),
        STR("bucketingUnit"),
        STR("salt"),
        STR("variations"),
        STR("offVariation"),
        STR("fallthrough"),
        STR("prerequisites"),
        STR("rules"),
        STR("schedule"),
        STR("metadata"),
        STR("experiment"),
    };
    struct place root = place_root(STR("$"));
    struct place tags = place_member(&root, STR("tags"));
    struct place fallthrough = place_member(&root, STR("fallthrough"));
    struct str text_why = STR("must be a string");
    if (!read_object(inspection, &root, json, known, COUNT_OF(known)))
        return;
    flag->id = read_string(inspection, &root, json, STR("id"), text_why);
    flag->key = read_string(inspection, &root, json, STR("key"), text_why);
    flag->kind = (enum flag_kind)read_name(inspection, &root, json, STR("kind"), &flag_kind_names,
                                           STR("must be flag, experiment, mutex, or holdout"));
    flag->type = (enum value_type)read_name(inspection, &root, json, STR("type"), &value_type_names,
                                            STR("must be boolean, string, number, or object"));
    flag->name = read_optional_string(inspection, &root, json, STR("name"));
    flag->description = read_string(inspection, &root, json, STR("description"), text_why);
    flag->tags =
        read_strings(inspection, &tags, json_find(json, STR("tags")), TAGS_PER_FLAG_MAX, "tags",
                     STR("must be an array of non-empty strings"), &flag->tag_count);
    flag->owner = read_string(inspection, &root, json, STR("owner"), text_why);
    flag->lifecycle =
        (enum lifecycle)read_name(inspection, &root, json, STR("lifecycle"), &lifecycle_names,
                                  STR("must be draft, active, deprecated, or archived"));
    flag->is_enabled = read_boolean(inspection, &root, json, STR("enabled"));
    flag->is_archived = read_optional_boolean(inspection, &root, json, STR("archived"));
    flag->visibility = read_visibility(inspection, &root, json);
    read_evaluation(inspection, &root, json, flag);
    read_variations(inspection, &root, json, flag);
    flag->off_variation = read_string(inspection, &root, json, STR("offVariation"),
                                      STR("must reference a variation on this flag"));
    flag->fallthrough = serve_read(inspection, &fallthrough, json_find(json, STR("fallthrough")));
    read_prerequisites(inspection, &root, json, flag);
    read_rules(inspection, &root, json, flag);
    flag->schedule = read_schedule(inspection, &root, json);
    flag->metadata = read_metadata(inspection, &root, json);
    flag->experiment = read_experiment(inspection, &root, json);
}

struct fault flag_decode_tree(struct arena *arena, const struct json *tree, struct flag *flag)
{
    struct inspection inspection = {.arena = arena};
    *flag = (struct flag){0};
    read_flag(&inspection, tree, flag);
    return inspection_failed(&inspection) ? inspection.fault : flag_check(arena, flag);
}

struct fault flag_decode(struct arena *arena, struct str text, struct flag *flag)
{
    *flag = (struct flag){0};
    struct json json;
    struct fault fault = json_parse(arena, text, &document_budget, &json);
    return failed(fault) ? fault : flag_decode_tree(arena, &json, flag);
}

/* Both lists share one limit; segment_check counts them together. */
static struct str *read_targets(struct inspection *inspection, const struct place *root,
                                const struct json *object, struct str name, bool *is_present,
                                size_t *count)
{
    const struct json *json = json_find(object, name);
    *is_present = json != NULL;
    if (json == NULL)
        return NULL;
    struct place place = place_member(root, name);
    return read_strings(inspection, &place, json, TARGETS_PER_FLAG_MAX,
                        "targeting keys, included and excluded together",
                        STR("must be an array of targeting keys"), count);
}

static void read_segment_rules(struct inspection *inspection, const struct place *root,
                               const struct json *object, struct segment *segment)
{
    const struct json *json = json_find(object, STR("rules"));
    segment->has_rules = json != NULL;
    if (json == NULL)
        return;
    struct place list = place_member(root, STR("rules"));
    const struct json *array =
        read_array(inspection, &list, json, RULES_PER_FLAG_MAX, "rules", STR("must be an array"));
    if (array == NULL || array->count == 0)
        return;
    segment->rules = ARENA_NEW_ARRAY(inspection->arena, struct expression, array->count);
    segment->rule_count = array->count;
    for (size_t i = 0; i < array->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        segment->rules[i] = expression_read(inspection, &item, &array->elements[i]);
    }
}

static void read_segment(struct inspection *inspection, const struct json *json,
                         struct segment *segment)
{
    const struct str known[] = {STR("id"),         STR("key"),      STR("description"),
                                STR("visibility"), STR("included"), STR("excluded"),
                                STR("rules"),      STR("schedule")};
    struct place root = place_root(STR("$"));
    if (!read_object(inspection, &root, json, known, COUNT_OF(known)))
        return;
    segment->id = read_string(inspection, &root, json, STR("id"), STR("must be a string"));
    segment->key = read_string(inspection, &root, json, STR("key"), STR("must be a string"));
    segment->description = read_optional_string(inspection, &root, json, STR("description"));
    segment->visibility = read_visibility(inspection, &root, json);
    segment->included = read_targets(inspection, &root, json, STR("included"),
                                     &segment->has_included, &segment->included_count);
    segment->excluded = read_targets(inspection, &root, json, STR("excluded"),
                                     &segment->has_excluded, &segment->excluded_count);
    read_segment_rules(inspection, &root, json, segment);
    segment->schedule = read_schedule(inspection, &root, json);
}

struct fault segment_decode_tree(struct arena *arena, const struct json *tree,
                                 struct segment *segment)
{
    struct inspection inspection = {.arena = arena};
    *segment = (struct segment){0};
    read_segment(&inspection, tree, segment);
    return inspection_failed(&inspection) ? inspection.fault : segment_check(arena, segment);
}

struct fault segment_decode(struct arena *arena, struct str text, struct segment *segment)
{
    *segment = (struct segment){0};
    struct json json;
    struct fault fault = json_parse(arena, text, &document_budget, &json);
    return failed(fault) ? fault : segment_decode_tree(arena, &json, segment);
}

struct fault settings_decode(struct arena *arena, struct str text,
                             struct environment_settings *settings)
{
    *settings = (struct environment_settings){0};
    struct json json;
    struct fault fault = json_parse(arena, text, &document_budget, &json);
    if (failed(fault))
        return fault;

    const struct str known[] = {STR("form"), STR("hidesFlagsByDefault"), STR("metadata")};
    struct inspection inspection = {.arena = arena};
    struct place root = place_root(STR("$"));
    if (!read_object(&inspection, &root, &json, known, COUNT_OF(known)))
        return inspection.fault;
    settings->document_form =
        (enum document_form)read_name(&inspection, &root, &json, STR("form"), &document_form_names,
                                      STR("must be auto, legacy, or core"));
    settings->hides_flags_by_default =
        read_boolean(&inspection, &root, &json, STR("hidesFlagsByDefault"));
    settings->metadata = read_metadata(&inspection, &root, &json);
    inspect_metadata(&inspection, &root, &settings->metadata);
    return inspection.fault;
}
