/* SPDX-License-Identifier: Apache-2.0 */
/*
 * item_put - a flag or an experiment as answers show it: see item.h.
 *
 * One full member set in lists and details (amplitude-management-api.md 3.1). targetSegments is
 * left out when a rule says what no segment can: half a list would read as the whole.
 */
#include "base/instant.h"
#include "dialect/amplitude/item.h"

/* ---- deployments ----------------------------------------------------------------------------- */

size_t item_deployments(struct arena *arena, const struct catalog *catalog, uint64_t environment,
                        const struct flag *flag, const uint64_t **numbers)
{
    *numbers = flag->deployments;
    if (!flag->is_on_all_deployments)
        return flag->deployment_count;
    uint64_t *all = ARENA_NEW_ARRAY(arena, uint64_t, catalog->deployment_count);
    size_t count = 0;
    for (size_t i = 0; i < catalog->deployment_count; i++) {
        const struct catalog_deployment *deployment = &catalog->deployments[i];
        if (deployment->environment == environment && !deployment->is_archived)
            all[count++] = deployment->number;
    }
    *numbers = all;
    return count;
}

static void put_deployments(struct json_writer *writer, struct arena *arena,
                            const struct item_source *source)
{
    const uint64_t *numbers = NULL;
    size_t count =
        item_deployments(arena, source->catalog, source->environment, source->flag, &numbers);
    json_key(writer, STR("deployments"));
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        wire_put_id(writer, numbers[i]);
    json_array_end(writer);
}

/* ---- variants and rollout -------------------------------------------------------------------- */

/* Only what is set, and always the key (3.3). */
static void put_variant(struct json_writer *writer, const struct variation *variation,
                        bool is_managed)
{
    json_object_begin(writer);
    json_member_string(writer, STR("key"), variation->id);
    if (!str_is_absent(variation->name))
        json_member_string(writer, STR("name"), variation->name);
    if (!str_is_absent(variation->description))
        json_member_string(writer, STR("description"), variation->description);
    if (variation->has_payload)
        json_member_tree(writer, STR("payload"), &variation->payload);
    else if (!is_managed)
        json_member_tree(writer, STR("payload"), &variation->value);
    json_object_end(writer);
}

static void put_variants(struct json_writer *writer, const struct flag *flag)
{
    json_key(writer, STR("variants"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (!str_equal(flag->variations[i].id, variant_off))
            put_variant(writer, &flag->variations[i], flag_is_managed(flag));
    }
    json_array_end(writer);
}

static void put_rollout(struct json_writer *writer, struct arena *arena, const struct flag *flag)
{
    struct rollout rollout;
    rollout_of(arena, flag, &flag->fallthrough, &rollout);
    json_member_u64(writer, STR("rolloutPercentage"), rollout.percentage);
    json_key(writer, STR("rolloutWeights"));
    rollout_put_weights(writer, &rollout);
    if (!segments_are_exact(arena, flag))
        return;
    json_key(writer, STR("targetSegments"));
    segments_put(writer, arena, flag);
}

/* ---- parents --------------------------------------------------------------------------------- */

static uint64_t find_in_snapshot(const struct numbers *numbers, struct str key)
{
    const struct flag_revision *revision = snapshot_find_flag(numbers->snapshot, key);
    return revision == NULL ? 0 : revision->provenance.number;
}

struct numbers numbers_of_snapshot(const struct snapshot *snapshot)
{
    return (struct numbers){.find = find_in_snapshot, .snapshot = snapshot};
}

static bool gates_something(const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (flag->prerequisites[i].variation_count > 0)
            return true;
    }
    return false;
}

/* Left out when there is none (3.1). */
static void put_parents(struct json_writer *writer, struct arena *arena,
                        const struct item_source *source)
{
    const struct flag *flag = source->flag;
    if (!gates_something(flag))
        return;
    json_key(writer, STR("parentDependencies"));
    json_object_begin(writer);
    json_key(writer, STR("flags"));
    json_object_begin(writer);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *parent = &flag->prerequisites[i];
        uint64_t number = source->numbers->find(source->numbers, parent->flag);
        if (parent->variation_count == 0 || number == 0)
            continue;
        json_key(writer, arena_format(arena, "%llu", (unsigned long long)number));
        wire_put_texts(writer, parent->variations, parent->variation_count);
    }
    json_object_end(writer);
    json_member_string(writer, STR("operator"), STR("all"));
    json_object_end(writer);
}

/* ---- experiments ----------------------------------------------------------------------------- */

/* The UTC date, of a date or of a timestamp. */
static void put_date(struct json_writer *writer, struct str name, struct str text)
{
    enum { DATE_BYTES = sizeof("2025-05-01") - 1 };
    char date[INSTANT_TEXT_BYTES];
    int64_t ms = 0;
    if (str_is_absent(text) || !instant_parse_date(text, &ms)) {
        json_member_string_or_null(writer, name, (struct str){0});
        return;
    }
    instant_format(ms, date);
    json_member_string(writer, name, str_slice(str_of(date), 0, DATE_BYTES));
}

static void put_experiment(struct json_writer *writer, const struct item_source *source)
{
    const struct experiment *experiment = &source->flag->experiment;
    json_member_string_or_null(writer, STR("decision"), experiment->decision);
    json_member_string_or_null(writer, STR("decisionReason"), experiment->decision_reason);
    json_member_string_or_null(writer, STR("rolledOutVariant"), experiment->rolled_out_variation);
    json_member_boolean(writer, STR("stickyBucketing"), experiment->is_sticky);
    json_member_string(writer, STR("state"), experiment_state(source->flag, source->now_ms));
    put_date(writer, STR("startDate"), experiment->start);
    put_date(writer, STR("endDate"), experiment->end);
    json_member_string(writer, STR("experimentType"),
                       str_is_absent(experiment->type) ? STR("a-b-test") : experiment->type);
    json_member_tree(writer, STR("exposureEvent"), &experiment->exposure_event);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void put_identity(struct json_writer *writer, struct arena *arena,
                         const struct item_source *source)
{
    const struct flag *flag = source->flag;
    wire_put_member_id(writer, STR("id"), source->number);
    wire_put_member_id(writer, STR("projectId"), source->environment);
    put_deployments(writer, arena, source);
    json_member_string(writer, STR("key"), flag->key);
    json_member_string(writer, STR("name"), str_is_absent(flag->name) ? flag->key : flag->name);
    wire_put_member_text(writer, STR("description"), flag->description);
    json_member_boolean(writer, STR("enabled"), flag->is_enabled);
    json_member_string(writer, STR("evaluationMode"),
                       flag->evaluation_mode == EVALUATION_LOCAL ? STR("local") : STR("remote"));
    json_member_string(writer, STR("bucketingKey"), bucketing_key(arena, flag, (struct str){0}));
    wire_put_member_text(writer, STR("bucketingSalt"), flag->salt);
    json_member_string(writer, STR("bucketingUnit"),
                       str_is_absent(flag->bucketing_unit) ? STR("User") : flag->bucketing_unit);
}

static void put_provenance(struct json_writer *writer, const struct item_source *source)
{
    const struct provenance *provenance = source->provenance;
    json_member_boolean(writer, STR("deleted"), source->flag->is_archived);
    json_key(writer, STR("tags"));
    wire_put_texts(writer, source->flag->tags, source->flag->tag_count);
    wire_put_member_text(writer, STR("createdBy"), provenance->created_by);
    wire_put_member_text(writer, STR("lastModifiedBy"), provenance->modified_by);
    wire_put_member_instant(writer, STR("createdAt"), provenance->created_ms);
    wire_put_member_instant(writer, STR("lastModifiedAt"), provenance->modified_ms);
}

void item_put(struct json_writer *writer, struct arena *arena, const struct item_source *source)
{
    json_object_begin(writer);
    put_identity(writer, arena, source);
    put_variants(writer, source->flag);
    put_rollout(writer, arena, source->flag);
    put_parents(writer, arena, source);
    if (source->flag->kind == FLAG_KIND_EXPERIMENT)
        put_experiment(writer, source);
    if (source->provenance != NULL)
        put_provenance(writer, source);
    json_object_end(writer);
}
