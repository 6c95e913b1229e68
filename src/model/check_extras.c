/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_extras - what a flag keeps beside its variations and rules: see check.h.
 *
 * Its arithmetic, deployments, what it buckets by, the shapes of groups, an experiment's words, who
 * gets a variation by name, and that what it reads of other flags is decided first.
 */
#include "base/instant.h"
#include "base/map.h"
#include "base/utf.h"
#include "model/check.h"
#include "model/leaves.h"
#include "model/limits.h"

static bool is_text(const struct flag *flag)
{
    return flag->arithmetic.comparison == FLAG_COMPARISON_TEXT;
}

/* ---- who gets a variation by name ----------------------------------------------------------- */

typedef void (*entry_inspect)(struct inspection *inspection, const struct place *item,
                              struct str entry);

static void inspect_target(struct inspection *inspection, const struct place *item,
                           struct str target)
{
    inspect_size(inspection, item, target.size, CONTEXT_KEY_BYTES_MAX, "bytes");
    if (target.size == 0 || !utf8_is_valid(target))
        inspect_refuse(inspection, item, STR("must be a user or device id"));
}

static void inspect_cohort_id(struct inspection *inspection, const struct place *item,
                              struct str id)
{
    inspect_size(inspection, item, id.size, COHORT_ID_BYTES_MAX, "bytes");
    if (!key_text_is_valid(id))
        inspect_refuse(inspection, item, STR("must be a cohort id"));
}

/* Each entry by itself, and none twice. */
static void inspect_entries(struct inspection *inspection, const struct place *list,
                            const struct str *entries, size_t count, entry_inspect inspect_entry)
{
    if (inspection_failed(inspection) || count == 0)
        return;
    struct map seen;
    map_open(&seen, inspection->arena, count);
    for (size_t i = 0; i < count && !inspection_failed(inspection); i++) {
        struct place item = place_item(list, i);
        inspect_entry(inspection, &item, entries[i]);
        if (!map_insert(&seen, entries[i], 0))
            inspect_refuse(inspection, &item, STR("must be unique within the variation"));
    }
}

void variation_extras_inspect(struct inspection *inspection, const struct place *named,
                              const struct variation *variation, enum flag_comparison comparison)
{
    struct place payload = place_member(named, STR("payload"));
    struct place included = place_member(named, STR("included"));
    struct place cohorts = place_member(named, STR("cohorts"));
    if (variation->has_payload)
        inspect_json(inspection, &payload, &variation->payload, VARIATION_VALUE_BYTES_MAX);
    if (comparison != FLAG_COMPARISON_TEXT && variation->included_count > 0)
        inspect_refuse(inspection, &included, STR("is only for flags that compare text"));
    if (comparison != FLAG_COMPARISON_TEXT && variation->cohort_count > 0)
        inspect_refuse(inspection, &cohorts, STR("is only for flags that compare text"));
    inspect_count(inspection, &included, variation->included_count, INCLUSIONS_PER_VARIATION_MAX,
                  "entries");
    inspect_count(inspection, &cohorts, variation->cohort_count, COHORTS_PER_ENVIRONMENT_MAX,
                  "entries");
    inspect_entries(inspection, &included, variation->included, variation->included_count,
                    inspect_target);
    inspect_entries(inspection, &cohorts, variation->cohorts, variation->cohort_count,
                    inspect_cohort_id);
}

/* ---- arithmetic and deployments ------------------------------------------------------------- */

static void inspect_typed_only(struct inspection *inspection, const struct place *place,
                               struct str name, struct str text)
{
    if (!str_is_absent(text))
        inspect_refuse_member(inspection, place, name, STR("is only for flags that compare text"));
}

/* The two families of arithmetic that there are; nobody evaluates a mixture. */
void arithmetic_inspect(struct inspection *inspection, const struct place *place,
                        const struct flag *flag)
{
    bool has_buckets = flag_hash_deals_buckets(flag->arithmetic.hash);
    if (has_buckets != is_text(flag))
        inspect_refuse_member(inspection, place, STR("arithmetic"),
                              STR("must be a hash and a comparison that go together"));
    if (!is_text(flag)) {
        inspect_typed_only(inspection, place, STR("bucketBy"), flag->bucket_by);
        inspect_typed_only(inspection, place, STR("bucketingUnit"), flag->bucketing_unit);
        inspect_typed_only(inspection, place, STR("salt"), flag->salt);
        return;
    }
    if (!str_is_absent(flag->bucket_by))
        selector_inspect(inspection, place, STR("bucketBy"), flag->bucket_by);
    if (!str_is_absent(flag->bucketing_unit) && flag->bucketing_unit.size == 0)
        inspect_refuse_member(inspection, place, STR("bucketingUnit"),
                              STR("must be a non-empty string"));
    inspect_text(inspection, place, STR("bucketingUnit"), flag->bucketing_unit,
                 ATTRIBUTE_NAME_BYTES_MAX);
    inspect_text(inspection, place, STR("salt"), flag->salt, TEXT_BYTES_MAX);
}

static void inspect_deployments(struct inspection *inspection, const struct place *place,
                                const struct flag *flag)
{
    const uint64_t number_max = (UINT64_C(1) << 53) - 1; /* what JSON carries exactly */
    struct place list = place_member(place, STR("deployments"));
    inspect_count(inspection, &list, flag->deployment_count, DEPLOYMENTS_PER_FLAG_MAX,
                  "deployments");
    if (flag->is_on_all_deployments && flag->deployment_count > 0)
        inspect_refuse(inspection, &list, STR("must not be listed beside all of them"));
    for (size_t i = 0; i < flag->deployment_count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        uint64_t number = flag->deployments[i];
        if (number == 0 || number > number_max)
            inspect_refuse(inspection, &item, STR("must be the number of a deployment"));
        if (i > 0 && flag->deployments[i - 1] >= number)
            inspect_refuse(inspection, &list, STR("must be in ascending order"));
    }
}

/* ---- groups --------------------------------------------------------------------------------- */

static bool has_variation_at(const struct flag *flag, size_t index, struct str id)
{
    return index < flag->variation_count && str_equal(flag->variations[index].id, id);
}

/* slot-1 … slot-n, unallocated, off. */
static bool is_mutex(struct arena *arena, const struct flag *flag)
{
    if (flag->variation_count < 3 || flag->variation_count > SLOTS_PER_MUTEX_MAX + 2)
        return false;
    size_t slot_count = flag->variation_count - 2;
    for (size_t i = 0; i < slot_count; i++) {
        if (!has_variation_at(flag, i, arena_format(arena, "slot-%zu", i + 1)))
            return false;
    }
    return has_variation_at(flag, slot_count, STR("unallocated")) &&
           has_variation_at(flag, slot_count + 1, STR("off"));
}

static bool is_holdout(const struct flag *flag)
{
    return flag->variation_count == 3 && has_variation_at(flag, 0, STR("holdout")) &&
           has_variation_at(flag, 1, STR("on")) && has_variation_at(flag, 2, STR("off"));
}

/* In the text family others lean on a group's variations by name. */
static void inspect_group(struct inspection *inspection, const struct place *place,
                          const struct flag *flag)
{
    bool is_group = flag->kind == FLAG_KIND_MUTEX || flag->kind == FLAG_KIND_HOLDOUT;
    if (!is_group || !is_text(flag) || inspection_failed(inspection))
        return;
    if (flag->kind == FLAG_KIND_MUTEX && !is_mutex(inspection->arena, flag))
        inspect_refuse_member(inspection, place, STR("variations"),
                              STR("must be slot-1 to at most slot-20, unallocated and off"));
    if (flag->kind == FLAG_KIND_HOLDOUT && !is_holdout(flag))
        inspect_refuse_member(inspection, place, STR("variations"),
                              STR("must be holdout, on and off"));
    if (!str_equal(flag->off_variation, STR("off")))
        inspect_refuse_member(inspection, place, STR("offVariation"), STR("must be off"));
    if (flag->fallthrough.kind != SERVE_BUCKET || flag->fallthrough.bucket.slice_count > 1)
        inspect_refuse_member(inspection, place, STR("fallthrough"), STR("must be one bucket"));
    if (flag->rule_count > 0)
        inspect_refuse_member(inspection, place, STR("rules"), STR("must be empty for a group"));
}

/* ---- experiments ---------------------------------------------------------------------------- */

static void inspect_word(struct inspection *inspection, const struct place *outer, struct str name,
                         struct str word, const struct str *words, size_t count)
{
    if (str_is_absent(word))
        return;
    for (size_t i = 0; i < count; i++) {
        if (str_equal(words[i], word))
            return;
    }
    inspect_refuse_member(inspection, outer, name, STR("is not a known word"));
}

static void inspect_date(struct inspection *inspection, const struct place *outer, struct str name,
                         struct str text)
{
    int64_t ms = 0;
    inspect_text(inspection, outer, name, text, TEXT_BYTES_MAX);
    if (!str_is_absent(text) && !instant_parse_date(text, &ms))
        inspect_refuse_member(inspection, outer, name, STR("must be an ISO-8601 date"));
}

static bool says_anything(const struct experiment *experiment)
{
    return !str_is_absent(experiment->type) || experiment->is_sticky || experiment->has_started ||
           !str_is_absent(experiment->start) || !str_is_absent(experiment->end) ||
           !str_is_absent(experiment->decision) || !str_is_absent(experiment->decision_reason) ||
           !str_is_absent(experiment->rolled_out_variation) ||
           experiment->exposure_event.type != JSON_NULL;
}

static void inspect_experiment(struct inspection *inspection, const struct place *flag_place,
                               const struct flag *flag)
{
    const struct str types[] = {STR("a-b-test"), STR("multi-arm-bandit"), STR("hypothesis-testing"),
                                STR("no-harm")};
    const struct str decisions[] = {STR("rollout"), STR("rollback"), STR("continue-running")};
    const struct experiment *experiment = &flag->experiment;
    struct place place = place_member(flag_place, STR("experiment"));
    struct place event = place_member(&place, STR("exposureEvent"));
    if (flag->kind != FLAG_KIND_EXPERIMENT && says_anything(experiment))
        inspect_refuse(inspection, &place, STR("is only for experiments"));
    if (experiment->is_sticky && !is_text(flag))
        inspect_refuse_member(inspection, &place, STR("sticky"),
                              STR("is only for flags that compare text"));
    inspect_word(inspection, &place, STR("type"), experiment->type, types, COUNT_OF(types));
    inspect_word(inspection, &place, STR("decision"), experiment->decision, decisions,
                 COUNT_OF(decisions));
    inspect_date(inspection, &place, STR("start"), experiment->start);
    inspect_date(inspection, &place, STR("end"), experiment->end);
    inspect_text(inspection, &place, STR("decisionReason"), experiment->decision_reason,
                 TEXT_BYTES_MAX);
    inspect_text(inspection, &place, STR("rolledOutVariation"), experiment->rolled_out_variation,
                 TEXT_BYTES_MAX);
    if (experiment->exposure_event.type == JSON_NULL)
        return;
    if (experiment->exposure_event.type != JSON_OBJECT)
        inspect_refuse(inspection, &event, STR("must be an object"));
    inspect_json(inspection, &event, &experiment->exposure_event, METADATA_BYTES_MAX);
}

/* ---- what a flag reads of others ------------------------------------------------------------ */

static bool is_prerequisite(const struct flag *flag, struct str key)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (str_equal(flag->prerequisites[i].flag, key))
            return true;
    }
    return false;
}

/* "/result/KEY…" reads what was decided for KEY, so KEY has to be decided first. Keys have no
 * characters a pointer escapes. */
static void inspect_reading(struct inspection *inspection, const struct place *outer,
                            struct str name, const struct flag *flag, struct str selector)
{
    struct str prefix = STR("/result/");
    if (!str_starts_with(selector, prefix))
        return;
    size_t end = str_find_byte(selector, '/', prefix.size);
    if (!is_prerequisite(flag, str_slice(selector, prefix.size, end)))
        inspect_refuse_member(inspection, outer, name,
                              STR("must read the result of a prerequisite"));
}

static void inspect_serve_reading(struct inspection *inspection, const struct place *place,
                                  const struct flag *flag, const struct serve *serve)
{
    bool is_progressive = serve_is_progressive(serve);
    struct place bucket =
        place_member(place, is_progressive ? STR("progressiveBucket") : STR("bucket"));
    inspect_reading(inspection, &bucket, STR("bucketBy"), flag, serve->bucket.bucket_by);
}

static void inspect_rule_readings(struct inspection *inspection, const struct place *item,
                                  const struct flag *flag, const struct rule *rule)
{
    struct place when = place_member(item, STR("when"));
    struct place serve = place_member(item, STR("serve"));
    struct leaf_walk walk;
    leaf_walk_begin(&walk, &rule->when);
    for (const struct expression *leaf; (leaf = leaf_walk_next(&walk)) != NULL;) {
        if (leaf->kind != EXPRESSION_MATCH || !str_starts_with(leaf->attribute, STR("/result/")))
            continue;
        struct place place = place_root(leaf_walk_path(&walk, inspection->arena, &when));
        inspect_reading(inspection, &place, STR("attribute"), flag, leaf->attribute);
    }
    inspect_serve_reading(inspection, &serve, flag, &rule->serve);
}

static void inspect_readings(struct inspection *inspection, const struct place *place,
                             const struct flag *flag)
{
    if (!is_text(flag) || inspection_failed(inspection))
        return;
    struct place rules = place_member(place, STR("rules"));
    struct place fallthrough = place_member(place, STR("fallthrough"));
    inspect_reading(inspection, place, STR("bucketBy"), flag, flag->bucket_by);
    for (size_t i = 0; i < flag->rule_count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&rules, i);
        inspect_rule_readings(inspection, &item, flag, &flag->rules[i]);
    }
    inspect_serve_reading(inspection, &fallthrough, flag, &flag->fallthrough);
}

void flag_extras_inspect(struct inspection *inspection, const struct place *place,
                         const struct flag *flag)
{
    inspect_deployments(inspection, place, flag);
    inspect_group(inspection, place, flag);
    inspect_experiment(inspection, place, flag);
    inspect_readings(inspection, place, flag);
}
