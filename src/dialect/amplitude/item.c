/* SPDX-License-Identifier: Apache-2.0 */
/* item - creating and editing flags and experiments: see item.h. */
#include "dialect/amplitude/item.h"

#include <string.h>

#include "base/map.h"
#include "base/random.h"
#include "dialect/amplitude/property.h"
#include "model/limits.h"

/* What a body is: new or a PATCH, of today's API or of the old one. */
struct form {
    bool is_new, is_old;
};

struct str item_random_salt(struct arena *arena)
{
    enum { SALT_BYTES = 8 };
    char *salt = arena_allocate(arena, SALT_BYTES);
    random_base62(salt, SALT_BYTES);
    return (struct str){salt, SALT_BYTES};
}

void item_require_managed(struct wire *wire, const struct flag *flag, struct str where)
{
    if (flag_is_managed(flag))
        return;
    bool is_text = flag->arithmetic.comparison == FLAG_COMPARISON_TEXT;
    wire_refuse(wire, where,
                is_text ? STR("cannot be changed here: the shares of this flag were made elsewhere "
                              "and are dealt by another hash")
                        : STR("cannot be changed here: the rules of this flag were made elsewhere "
                              "and compare typed values"));
}

/* ---- who is bucketed ------------------------------------------------------------------------- */

static void read_bucketing(struct wire *wire, const struct json *body, struct flag *flag)
{
    struct str text = {0};
    if (wire_text(wire, body, STR(""), STR("bucketingKey"), &text)) {
        item_require_managed(wire, flag, STR("bucketingKey"));
        flag->bucket_by = property_selector(wire->arena, text);
        if (str_is_absent(flag->bucket_by))
            wire_refuse(wire, STR("bucketingKey"), STR("must name a property"));
    }
    if (wire_text(wire, body, STR(""), STR("bucketingSalt"), &text)) {
        item_require_managed(wire, flag, STR("bucketingSalt"));
        flag->salt = text;
    }
    if (wire_text(wire, body, STR(""), STR("bucketingUnit"), &text)) {
        item_require_managed(wire, flag, STR("bucketingUnit"));
        bool is_person = str_equal(text, STR("User"));
        flag->bucketing_unit = is_person ? (struct str){0} : text;
        if (text.size == 0)
            wire_refuse(wire, STR("bucketingUnit"), STR("must name a group type or be User"));
    }
}

static void read_mode(struct wire *wire, const struct json *body, struct flag *flag)
{
    static const struct str modes[] = {STR("remote"), STR("local")};
    size_t mode = 0;
    if (!wire_choice(wire, body, STR(""), STR("evaluationMode"), modes, COUNT_OF(modes), &mode))
        return;
    if (mode == 1)
        item_require_managed(wire, flag, STR("evaluationMode"));
    flag->evaluation_mode = mode == 1 ? EVALUATION_LOCAL : EVALUATION_REMOTE;
}

/* ---- who gets what --------------------------------------------------------------------------- */

static void require_rollout(struct wire *wire, const struct flag *flag, struct str where,
                            struct rollout *rollout)
{
    item_require_managed(wire, flag, where);
    if (!rollout_of(wire->arena, flag, &flag->fallthrough, rollout))
        wire_refuse(wire, where,
                    STR("cannot be changed here: this flag serves everybody in a way "
                        "this API cannot say"));
}

static void read_rollout(struct wire *wire, const struct json *body, struct flag *flag)
{
    struct rollout rollout;
    uint32_t percentage = 0;
    struct str weights_name = STR("rolloutWeights");
    bool has_percentage =
        wire_integer(wire, body, STR(""), STR("rolloutPercentage"), 0, 100, &percentage);
    const struct json *weights = wire_object(wire, body, STR(""), weights_name);
    if (!has_percentage && weights == NULL)
        return;
    require_rollout(wire, flag, has_percentage ? STR("rolloutPercentage") : weights_name, &rollout);
    if (wire_failed(wire))
        return;
    if (has_percentage)
        rollout.percentage = percentage;
    if (weights != NULL)
        rollout_read_weights(wire, weights, weights_name, flag, &rollout);
    else if (rollout.allocation_count == 0)
        rollout_weigh_evenly(wire->arena, flag, &rollout);
    flag->fallthrough = rollout_serve(wire->arena, &rollout);
}

static void read_segments(struct wire *wire, const struct json *body, bool is_old,
                          struct flag *flag)
{
    struct str name = STR("targetSegments");
    const struct json *list = wire_array(wire, body, STR(""), name);
    if (list == NULL)
        return;
    item_require_managed(wire, flag, name);
    segments_read(wire, list, name, is_old, flag);
}

/* ---- all there is to edit -------------------------------------------------------------------- */

static struct str none_if_empty(struct str text)
{
    return text.size == 0 ? (struct str){0} : text;
}

static void read_texts(struct wire *wire, const struct json *body, struct flag *flag)
{
    struct str text = {0};
    if (wire_text(wire, body, STR(""), STR("name"), &text))
        flag->name = none_if_empty(text);
    if (wire_nullable_text(wire, body, STR(""), STR("description"), &text))
        flag->description = none_if_empty(text);
}

static void read_enabled(struct wire *wire, const struct json *body, struct flag *flag)
{
    if (wire_boolean(wire, body, STR(""), STR("enabled"), &flag->is_enabled) && flag->is_enabled &&
        flag->kind == FLAG_KIND_EXPERIMENT)
        flag->experiment.has_started = true;
}

static void read_members(struct wire *wire, const struct json *body, struct form form,
                         struct flag *flag)
{
    bool is_old_patch = form.is_old && !form.is_new; /* it knew fewer members (section 9) */
    read_texts(wire, body, flag);
    read_bucketing(wire, body, flag);
    read_mode(wire, body, flag);
    read_rollout(wire, body, flag);
    if (!is_old_patch)
        read_segments(wire, body, form.is_old, flag);
    read_enabled(wire, body, flag);
    if (!form.is_old)
        wire_texts(wire, body, STR(""), STR("tags"), &flag->tags, &flag->tag_count);
    if (flag->kind == FLAG_KIND_EXPERIMENT)
        experiment_read(wire, body, is_old_patch, flag);
}

void item_patch(struct wire *wire, const struct json *body, bool is_old, struct flag *flag)
{
    read_members(wire, body, (struct form){.is_old = is_old}, flag);
    if (!is_old)
        wire_boolean(wire, body, STR(""), STR("archive"), &flag->is_archived);
}

/* ---- a new one ------------------------------------------------------------------------------- */

static void read_key(struct wire *wire, const struct json *body, struct flag *flag)
{
    wire_require(wire, wire_text(wire, body, STR(""), STR("key"), &flag->key), STR(""), STR("key"));
    if (!flag_key_is_valid(flag->key))
        wire_refuse(wire, STR("key"),
                    STR("must be letters, digits, '.', '_' or '-', beginning with a letter or "
                        "digit, at most 128 long"));
}

static void add_variant(struct wire *wire, const struct json *json, struct str path, bool is_old,
                        struct flag *flag)
{
    struct variant_input input;
    variant_read(wire, json, path, is_old, &input);
    wire_require(wire, input.has_key, path, STR("key"));
    if (wire_failed(wire))
        return;
    if (flag_find_variation(flag, input.key) >= 0)
        wire_refuse(wire, wire_member_path(wire, path, STR("key")), STR("must be unique"));
    else
        variant_lay(variant_insert(wire->arena, flag, input.key), &input);
}

static void add_default_variants(struct wire *wire, struct flag *flag)
{
    if (flag->kind == FLAG_KIND_EXPERIMENT) {
        variant_insert(wire->arena, flag, STR("control"));
        variant_insert(wire->arena, flag, STR("treatment"));
    } else {
        variant_insert(wire->arena, flag, STR("on"));
    }
}

static void read_variants(struct wire *wire, const struct json *body, bool is_old,
                          struct flag *flag)
{
    struct str name = STR("variants");
    const struct json *list = wire_array(wire, body, STR(""), name);
    variant_insert(wire->arena, flag, variant_off);
    if (list == NULL) {
        add_default_variants(wire, flag);
        return;
    }
    wire_check_count(wire, name, list->count, VARIATIONS_PER_FLAG_MAX - 1, "variants");
    for (uint32_t i = 0; i < list->count && !wire_failed(wire); i++)
        add_variant(wire, &list->elements[i], wire_item_path(wire, name, i), is_old, flag);
}

void item_create(struct wire *wire, const struct json *body, enum flag_kind kind, bool is_old,
                 struct flag *flag)
{
    *flag = (struct flag){
        .kind = kind,
        .type = VALUE_STRING,
        .lifecycle = LIFECYCLE_ACTIVE,
        .arithmetic = {FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT},
        .bucket_by = property_selector(wire->arena, STR("amplitude_id")),
        .salt = item_random_salt(wire->arena),
        .off_variation = variant_off,
    };
    if (kind == FLAG_KIND_EXPERIMENT)
        flag->experiment.type = STR("a-b-test");
    read_key(wire, body, flag);
    read_variants(wire, body, is_old, flag);
    struct rollout rollout = {.percentage = 0};
    rollout_weigh_evenly(wire->arena, flag, &rollout);
    flag->fallthrough = rollout_serve(wire->arena, &rollout);
    read_members(wire, body, (struct form){.is_new = true, .is_old = is_old}, flag);
}
