/* SPDX-License-Identifier: Apache-2.0 */
/* configuration_encode - managed flags as flag configurations: see configuration_encode.h. Members
 * come in alphabetical order, as the vendor's do. */
#include "dialect/amplitude/configuration_encode.h"

#include <assert.h>

#include "dialect/amplitude/alternatives.h"
#include "dialect/amplitude/wire.h"
#include "eval/bucket.h"
#include "model/limits.h"

bool variation_is_off(const struct variation *variation)
{
    return str_equal(variation->id, STR("off"));
}

struct str rule_segment_name(const struct rule *rule)
{
    return str_is_empty(rule->description) ? rule->id : rule->description;
}

static bool is_text(const struct flag *flag)
{
    return flag->arithmetic.comparison == FLAG_COMPARISON_TEXT;
}

/* ---- what can be said ------------------------------------------------------------------------ */

static bool is_scheduled(const struct schedule *schedule)
{
    return !str_is_absent(schedule->start) || !str_is_absent(schedule->end);
}

static bool is_plain_serve(const struct serve *serve)
{
    return serve->kind == SERVE_VARIATION || serve->kind == SERVE_BUCKET;
}

struct str configuration_obstacle(const struct flag *flag)
{
    if (!is_text(flag))
        return STR("it compares types and hashes in a way that these SDKs do not have");
    if (flag->arithmetic.hash != FLAG_HASH_MURMUR3_32_UTF8)
        return STR("it deals its variations as another system does, which these SDKs cannot");
    bool is_timed = is_scheduled(&flag->schedule) || serve_is_progressive(&flag->fallthrough);
    bool is_plain = is_plain_serve(&flag->fallthrough);
    bool is_flat = true;
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct serve *serve = &flag->rules[i].serve;
        is_timed =
            is_timed || is_scheduled(&flag->rules[i].schedule) || serve_is_progressive(serve);
        is_plain = is_plain && is_plain_serve(serve);
        is_flat = is_flat && alternatives_can_say(&flag->rules[i].when);
    }
    if (is_timed)
        return STR("it changes by itself over time, which these SDKs do not have");
    if (!is_plain)
        return STR("it deals its variations in a way that these SDKs do not have");
    if (!is_flat)
        return STR("its conditions are nested deeper than these SDKs have it");
    return (struct str){0};
}

bool configuration_is_whole(const struct flag *flag, bool is_remote_told)
{
    bool is_told = flag->evaluation_mode == EVALUATION_LOCAL || is_remote_told;
    return is_told && str_is_absent(configuration_obstacle(flag));
}

static const struct flag *find_stub(const struct environment_state *state, const struct flag *flag,
                                    bool is_remote_told, size_t depth)
{
    for (size_t i = 0; i < flag->prerequisite_count && depth <= PREREQUISITE_DEPTH_MAX; i++) {
        const struct flag *parent = environment_find_flag(state, flag->prerequisites[i].flag);
        if (parent == NULL || parent->is_archived)
            continue; /* nothing is sent for it: "no result" there as here */
        if (!configuration_is_whole(parent, is_remote_told))
            return parent;
        const struct flag *stub =
            parent->is_enabled ? find_stub(state, parent, is_remote_told, depth + 1) : NULL;
        if (stub != NULL)
            return stub;
    }
    return NULL;
}

const struct flag *configuration_stub_below(const struct environment_state *state,
                                            const struct flag *flag, bool is_remote_told)
{
    return flag->is_enabled ? find_stub(state, flag, is_remote_told, 1) : NULL;
}

bool configuration_is_group(const struct flag *flag)
{
    return flag->kind == FLAG_KIND_MUTEX || flag->kind == FLAG_KIND_HOLDOUT;
}

/* ---- variants and metadata ------------------------------------------------------------------- */

/* What travels beside the key: the payload, or the typed value when there is none. */
static const struct json *find_payload(const struct flag *flag, const struct variation *variation)
{
    if (variation->has_payload)
        return &variation->payload;
    return is_text(flag) ? NULL : &variation->value;
}

/* Clients take `value` for a text and for the key's twin: never anything else. */
void configuration_encode_variant(struct json_writer *writer, const struct flag *flag,
                                  const struct variation *variation)
{
    json_member_string(writer, STR("key"), variation->id);
    const struct json *payload = find_payload(flag, variation);
    if (payload != NULL)
        json_member_tree(writer, STR("payload"), payload);
    if (!variation_is_off(variation))
        json_member_string(writer, STR("value"), variation->id);
}

/* The members of the group that lean on this variation; section 9.8. */
static void write_group_payload(struct json_writer *writer, const struct configuration_input *input,
                                const struct variation *variation)
{
    json_key(writer, STR("payload"));
    json_object_begin(writer);
    json_key(writer, STR("flagIds"));
    json_array_begin(writer);
    for (size_t i = 0; i < input->member_count; i++) {
        const struct group_member *member = &input->members[i];
        if (!str_equal(member->group, input->flag->key) ||
            !str_equal(member->variation, variation->id))
            continue;
        wire_put_id(writer, member->number);
    }
    json_array_end(writer);
    json_object_end(writer);
}

static void write_variant(struct json_writer *writer, const struct configuration_input *input,
                          const struct variation *variation)
{
    json_key(writer, variation->id);
    json_object_begin(writer);
    if (variation_is_off(variation)) {
        json_member_string(writer, STR("key"), variation->id);
        json_key(writer, STR("metadata"));
        json_object_begin(writer);
        json_member_boolean(writer, STR("default"), true);
        json_object_end(writer);
    } else if (configuration_is_group(input->flag)) {
        json_member_string(writer, STR("key"), variation->id);
        write_group_payload(writer, input, variation);
        json_member_string(writer, STR("value"), variation->id);
    } else {
        configuration_encode_variant(writer, input->flag, variation);
    }
    json_object_end(writer);
}

static bool has_off(const struct flag *flag)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (variation_is_off(&flag->variations[i]))
            return true;
    }
    return false;
}

static void write_variants(struct json_writer *writer, const struct configuration_input *input)
{
    static const struct variation off = {.id = {"off", 3}};
    json_key(writer, STR("variants"));
    json_object_begin(writer);
    for (size_t i = 0; i < input->flag->variation_count; i++)
        write_variant(writer, input, &input->flag->variations[i]);
    if (!has_off(input->flag)) /* what a stub serves must be there */
        write_variant(writer, input, &off);
    json_object_end(writer);
}

static struct str flag_type(const struct flag *flag)
{
    switch (flag->kind) {
    case FLAG_KIND_FLAG:
        return STR("release");
    case FLAG_KIND_EXPERIMENT:
        return STR("experiment");
    case FLAG_KIND_MUTEX:
        return STR("mutual-exclusion-group");
    case FLAG_KIND_HOLDOUT:
        return STR("holdout-group");
    }
    assert(false);
    return STR("");
}

/* Who cannot be evaluated elsewhere says so, whatever its document says. */
static bool is_local(const struct flag *flag)
{
    return flag->evaluation_mode == EVALUATION_LOCAL && str_is_absent(configuration_obstacle(flag));
}

void configuration_encode_metadata(struct json_writer *writer, const struct flag *flag,
                                   uint64_t sequence, bool leans_on_stub)
{
    bool is_told_local = is_local(flag) && !leans_on_stub;
    json_member_string(writer, STR("evaluationMode"), is_told_local ? STR("local") : STR("remote"));
    if (flag->kind == FLAG_KIND_EXPERIMENT)
        json_member_string(writer, STR("experimentKey"), STR(EXPERIMENT_KEY));
    json_member_string(writer, STR("flagType"), flag_type(flag));
    json_member_u64(writer, STR("flagVersion"), sequence);
}

/* ---- segments -------------------------------------------------------------------------------- */

static void write_segment_end(struct json_writer *writer, struct str name, struct str variant)
{
    json_key(writer, STR("metadata"));
    json_object_begin(writer);
    json_member_string(writer, STR("segmentName"), name);
    json_object_end(writer);
    if (!str_is_absent(variant))
        json_member_string(writer, STR("variant"), variant);
    json_object_end(writer);
}

static const struct str user_id_path[] = {{"context", 7}, {"user", 4}, {"user_id", 7}};
static const struct str device_id_path[] = {{"context", 7}, {"user", 4}, {"device_id", 9}};
static const struct str cohort_path[] = {{"context", 7}, {"user", 4}, {"cohort_ids", 10}};

/* Section 9.3: user or device, the same list for both; or a member of a cohort. */
static void write_inclusions(struct json_writer *writer, const struct variation *variation)
{
    if (variation->included_count == 0 && variation->cohort_count == 0)
        return;
    json_object_begin(writer);
    json_key(writer, STR("conditions"));
    json_array_begin(writer);
    if (variation->included_count > 0) {
        alternative_encode(writer, user_id_path, COUNT_OF(user_id_path), STR("is"),
                           variation->included, variation->included_count);
        alternative_encode(writer, device_id_path, COUNT_OF(device_id_path), STR("is"),
                           variation->included, variation->included_count);
    }
    if (variation->cohort_count > 0)
        alternative_encode(writer, cohort_path, COUNT_OF(cohort_path), STR("set contains any"),
                           variation->cohorts, variation->cohort_count);
    json_array_end(writer);
    write_segment_end(writer, STR(SEGMENT_NAME_INCLUDED), variation->id);
}

static bool gates_anything(const struct flag *flag)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        if (flag->prerequisites[i].variation_count > 0)
            return true;
    }
    return false;
}

/* Section 9.4: one alternative per parent, each enough to be off. */
static void write_prerequisites(struct json_writer *writer, const struct flag *flag)
{
    if (!gates_anything(flag))
        return;
    json_object_begin(writer);
    json_key(writer, STR("conditions"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *parent = &flag->prerequisites[i];
        if (parent->variation_count == 0)
            continue;
        const struct str path[] = {STR("result"), parent->flag, STR("key")};
        alternative_encode(writer, path, COUNT_OF(path), STR("is not"), parent->variations,
                           parent->variation_count);
    }
    json_array_end(writer);
    write_segment_end(writer, STR(SEGMENT_NAME_PREREQUISITES), flag->off_variation);
}

/* Section 9.5. */
static void write_sticky(struct json_writer *writer, const struct flag *flag)
{
    char name[FLAG_KEY_BYTES_MAX + 16];
    struct buf property = {.data = name, .capacity = sizeof(name), .bytes_max = sizeof(name)};
    buf_append(&property, STR("[Experiment] "));
    buf_append(&property, flag->key);
    const struct str path[] = {STR("context"), STR("user"), STR("user_properties"),
                               buf_str(&property)};
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        if (str_equal(variation->id, flag->off_variation))
            continue;
        json_object_begin(writer);
        json_key(writer, STR("conditions"));
        json_array_begin(writer);
        alternative_encode(writer, path, COUNT_OF(path), STR("is"), &variation->id, 1);
        json_array_end(writer);
        write_segment_end(writer, STR(SEGMENT_NAME_STICKY), variation->id);
    }
}

/* ---- rollouts: section 9.6 ------------------------------------------------------------------- */

static void write_range(struct json_writer *writer, uint32_t start, uint32_t end)
{
    json_key(writer, STR("range"));
    json_array_begin(writer);
    json_u64(writer, start);
    json_u64(writer, end);
    json_array_end(writer);
}

static void write_distributions(struct json_writer *writer, struct arena *scratch,
                                const struct slice *slice)
{
    struct bucket_range *ranges =
        ARENA_NEW_ARRAY(scratch, struct bucket_range, slice->allocation_count);
    size_t count = bucket_ranges(slice, ranges);
    json_key(writer, STR("distributions"));
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        if (str_is_absent(ranges[i].variation))
            continue; /* nobody's: whoever is in there finds no distribution */
        json_object_begin(writer);
        write_range(writer, ranges[i].start, ranges[i].end);
        json_member_string(writer, STR("variant"), ranges[i].variation);
        json_object_end(writer);
    }
    json_array_end(writer);
}

static void write_allocations(struct json_writer *writer, struct arena *scratch,
                              const struct bucket *bucket)
{
    uint32_t start = 0;
    json_key(writer, STR("allocations"));
    json_array_begin(writer);
    for (size_t i = 0; i < bucket->slice_count; i++) {
        const struct slice *slice = &bucket->slices[i];
        json_object_begin(writer);
        write_distributions(writer, scratch, slice);
        write_range(writer, start, start + slice->percent);
        json_object_end(writer);
        start += slice->percent;
    }
    json_array_end(writer);
}

static void write_bucket(struct json_writer *writer, struct arena *scratch, const struct flag *flag,
                         const struct bucket *bucket)
{
    struct str salt = bucket_salt(flag, bucket);
    json_key(writer, STR("bucket"));
    json_object_begin(writer);
    write_allocations(writer, scratch, bucket);
    json_member_string(writer, STR("salt"), str_is_absent(salt) ? STR("") : salt);
    json_key(writer, STR("selector"));
    selector_encode(writer, scratch, bucket_selector(scratch, flag, bucket));
    json_object_end(writer);
}

/* The variations that get anything of a slice, up to two of them. */
static size_t count_owners(struct arena *scratch, const struct slice *slice, struct str *owner)
{
    struct bucket_range *ranges =
        ARENA_NEW_ARRAY(scratch, struct bucket_range, slice->allocation_count);
    size_t count = slice->percent > 0 ? bucket_ranges(slice, ranges) : 0;
    size_t owners = 0;
    for (size_t i = 0; i < count; i++) {
        if (!str_is_absent(ranges[i].variation))
            *owner = ranges[i].variation;
        owners += !str_is_absent(ranges[i].variation);
    }
    return count == owners ? owners : owners + 1; /* nobody's share is one, too */
}

/* A serve as a segment's bucket and variant, either of which may be missing. */
struct plan {
    const struct bucket *bucket;
    struct str variant;
};

static struct plan make_plan(struct arena *scratch, const struct flag *flag,
                             const struct serve *serve)
{
    if (serve->kind == SERVE_VARIATION)
        return (struct plan){.variant = serve->variation};
    const struct bucket *bucket = &serve->bucket;
    struct str owner = {0};
    size_t owners = 0;
    for (size_t i = 0; i < bucket->slice_count; i++)
        owners += count_owners(scratch, &bucket->slices[i], &owner);
    bool is_everybody = bucket->slice_count == 1 && bucket->slices[0].percent == 100;
    if (owners == 1 && is_everybody && str_equal(owner, bucket->otherwise))
        return (struct plan){.variant = owner};
    bool deals = !str_is_absent(owner) && !str_is_absent(bucket_selector(scratch, flag, bucket));
    return (struct plan){deals ? bucket : NULL, bucket->otherwise};
}

static void write_rollout(struct json_writer *writer, struct arena *scratch,
                          const struct flag *flag, const struct serve *serve,
                          const struct expression *when, struct str name)
{
    struct plan plan = make_plan(scratch, flag, serve);
    bool serves = plan.bucket != NULL || !str_is_absent(plan.variant);
    if (!serves || alternatives_never_hold(when))
        return; /* it decides nothing: the next one is tried */
    json_object_begin(writer);
    if (plan.bucket != NULL)
        write_bucket(writer, scratch, flag, plan.bucket);
    if (!alternatives_always_hold(when)) {
        json_key(writer, STR("conditions"));
        alternatives_encode(writer, scratch, when);
    }
    write_segment_end(writer, name, plan.variant);
}

static void write_whole_segments(struct json_writer *writer, struct arena *scratch,
                                 const struct flag *flag)
{
    static const struct expression everybody = {.kind = EXPRESSION_ALL};
    for (size_t i = 0; i < flag->variation_count; i++)
        write_inclusions(writer, &flag->variations[i]);
    write_prerequisites(writer, flag);
    if (flag->experiment.is_sticky)
        write_sticky(writer, flag);
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct rule *rule = &flag->rules[i];
        write_rollout(writer, scratch, flag, &rule->serve, &rule->when, rule_segment_name(rule));
    }
    write_rollout(writer, scratch, flag, &flag->fallthrough, &everybody, STR(SEGMENT_NAME_OTHERS));
}

/* ---- the flag -------------------------------------------------------------------------------- */

static void write_dependencies(struct json_writer *writer, const struct flag *flag)
{
    if (flag->prerequisite_count == 0)
        return;
    json_key(writer, STR("dependencies"));
    json_array_begin(writer);
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        json_string(writer, flag->prerequisites[i].flag);
    json_array_end(writer);
}

/* The one segment of what is off, for everybody or for who evaluates by themselves. */
static void write_off_segment(struct json_writer *writer, struct str variant)
{
    json_object_begin(writer);
    write_segment_end(writer, STR(SEGMENT_NAME_OFF), variant);
}

static void write_flag(struct json_writer *writer, struct arena *scratch,
                       const struct configuration_input *input, size_t *beginning)
{
    const struct flag *flag = input->flag;
    bool is_whole = configuration_is_whole(flag, input->is_remote_told) && !input->leans_on_stub;
    bool is_evaluated = is_whole && flag->is_enabled;
    json_object_begin(writer);
    json_key(writer, STR("metadata"));
    json_object_begin(writer);
    json_member_boolean(writer, STR("deployed"), true);
    *beginning = writer->buf->size;
    configuration_encode_metadata(writer, flag, input->sequence, input->leans_on_stub);
    json_object_end(writer);
    if (is_evaluated)
        write_dependencies(writer, flag);
    json_member_string(writer, STR("key"), flag->key);
    json_key(writer, STR("segments"));
    json_array_begin(writer);
    if (is_evaluated)
        write_whole_segments(writer, scratch, flag);
    else
        write_off_segment(writer, is_whole ? flag->off_variation : STR("off"));
    json_array_end(writer);
    write_variants(writer, input);
    json_object_end(writer);
}

void configuration_encode(struct buf *buf, struct arena *scratch,
                          const struct configuration_input *input)
{
    struct buf text;
    struct json_writer writer;
    size_t beginning = 0;
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    write_flag(&writer, scratch, input, &beginning);
    buf_append(buf, str_slice(buf_str(&text), beginning, text.size));
    buf_close(&text);
}
