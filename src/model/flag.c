/* SPDX-License-Identifier: Apache-2.0 */
/* flag - what a flag by itself must keep: see flag.h. The order of the checks is the vendor's,
 * whose document shape this is; each list is measured before it is walked. */
#include "model/flag.h"

#include <assert.h>
#include <string.h>

#include "base/utf.h"
#include "model/check.h"
#include "model/limits.h"

int flag_find_variation(const struct flag *flag, struct str id)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (str_equal(flag->variations[i].id, id))
            return (int)i;
    }
    return -1;
}

/* ---- arithmetic ------------------------------------------------------------------------------ */

bool flag_hash_deals_buckets(enum flag_hash hash)
{
    return hash == FLAG_HASH_MURMUR3_32_UTF8 || hash == FLAG_HASH_MURMUR3_32_PERCENT;
}

bool flag_hash_is_ours(enum flag_hash hash)
{
    return hash == FLAG_HASH_FNV1A_32_UTF16 || hash == FLAG_HASH_MURMUR3_32_UTF8;
}

bool flag_hash_counts_weights(enum flag_hash hash)
{
    return hash == FLAG_HASH_MURMUR3_32_SCALED || hash == FLAG_HASH_FNV1A_32_MODULO;
}

static struct str join(struct arena *arena, struct str first, struct str second)
{
    char *bytes = arena_allocate(arena, first.size + second.size);
    if (first.size > 0)
        memcpy(bytes, first.data, first.size);
    if (second.size > 0)
        memcpy(bytes + first.size, second.data, second.size);
    return (struct str){bytes, first.size + second.size};
}

struct str flag_hash_prefix(struct arena *arena, enum flag_hash hash, struct str key,
                            struct str salt)
{
    struct str said = str_is_absent(salt) ? key : salt;
    switch (hash) {
    case FLAG_HASH_FNV1A_32_UTF16:
        return join(arena, join(arena, key, STR(":")), join(arena, salt, STR(":")));
    case FLAG_HASH_MURMUR3_32_UTF8:
        return join(arena, salt, STR("/"));
    case FLAG_HASH_SHA1_60:
        return join(arena, said, STR("."));
    case FLAG_HASH_MURMUR3_32_PERCENT:
        return join(arena, said, STR(":"));
    case FLAG_HASH_MURMUR3_32_SCALED:
    case FLAG_HASH_FNV1A_32_MODULO:
        return said;
    }
    assert(false);
    return said;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool key_text_is_valid(struct str key)
{
    if (key.size == 0 || !is_alphanumeric(key.data[0]))
        return false;
    for (size_t i = 1; i < key.size; i++) {
        char c = key.data[i];
        if (!is_alphanumeric(c) && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

bool flag_key_is_valid(struct str key)
{
    return key.size <= FLAG_KEY_BYTES_MAX && key_text_is_valid(key);
}

void key_inspect(struct inspection *inspection, const struct place *outer, struct str key,
                 size_t bytes_max)
{
    struct place place = place_member(outer, STR("key"));
    inspect_size(inspection, &place, key.size, bytes_max, "bytes");
    if (!key_text_is_valid(key))
        inspect_refuse(inspection, &place,
                       STR("must be letters, digits, '.', '_' or '-', beginning with a letter or "
                           "digit"));
}

static void inspect_tags(struct inspection *inspection, const struct place *flag_place,
                         const struct flag *flag)
{
    struct place place = place_member(flag_place, STR("tags"));
    inspect_count(inspection, &place, flag->tag_count, TAGS_PER_FLAG_MAX, "tags");
    for (size_t i = 0; i < flag->tag_count && !inspection_failed(inspection); i++) {
        struct str tag = flag->tags[i];
        struct place item = place_item(&place, i);
        inspect_size(inspection, &item, tag.size, TEXT_BYTES_MAX, "bytes");
        if (str_is_empty(str_trim(tag)) || !utf8_is_valid(tag))
            inspect_refuse(inspection, &place, STR("must be an array of non-empty strings"));
        for (size_t j = 0; j < i; j++) {
            if (str_equal(flag->tags[j], tag))
                inspect_refuse(inspection, &place, STR("must not contain duplicates"));
        }
    }
}

static void inspect_variation_id(struct inspection *inspection, const struct place *item,
                                 const struct flag *flag, size_t index)
{
    struct str id = flag->variations[index].id;
    struct place place = place_member(item, STR("id"));
    if (str_is_empty(id))
        inspect_refuse(inspection, &place, STR("must be a non-empty string"));
    inspect_text(inspection, item, STR("id"), id, TEXT_BYTES_MAX);
    if (inspection_failed(inspection))
        return;
    inspect_size(inspection, &place, utf16_length(id), VARIATION_ID_UNITS_MAX, "UTF-16 units");
    if ((size_t)flag_find_variation(flag, id) != index)
        inspect_refuse(inspection, &place, STR("must be unique within the flag"));
}

static void inspect_variation_value(struct inspection *inspection, const struct place *place,
                                    const struct json *value, enum value_type expected)
{
    enum value_type type = VALUE_BOOLEAN;
    struct place value_place = place_member(place, STR("value"));
    if (!value_type_of(value, &type)) {
        inspect_refuse(inspection, &value_place, STR("must be a non-null JSON value"));
    } else if (type != expected && !inspection_failed(inspection)) {
        struct str name = value_type_name(expected);
        inspect_refuse(
            inspection, &value_place,
            arena_format(inspection->arena, "must match declared flag type %.*s", STR_ARG(name)));
    }
    inspect_json(inspection, &value_place, value, VARIATION_VALUE_BYTES_MAX);
}

static void inspect_variations(struct inspection *inspection, const struct place *flag_place,
                               const struct flag *flag)
{
    struct place list = place_member(flag_place, STR("variations"));
    if (flag->variation_count == 0)
        inspect_refuse(inspection, &list, STR("must have at least one variation"));
    inspect_count(inspection, &list, flag->variation_count, VARIATIONS_PER_FLAG_MAX, "variations");

    for (size_t i = 0; i < flag->variation_count && !inspection_failed(inspection); i++) {
        const struct variation *variation = &flag->variations[i];
        struct place item = place_item(&list, i);
        inspect_variation_id(inspection, &item, flag, i);
        struct place named = place_member(&list, variation->id);
        inspect_variation_value(inspection, &named, &variation->value, flag->type);
        inspect_text(inspection, &named, STR("name"), variation->name, TEXT_BYTES_MAX);
        inspect_text(inspection, &named, STR("description"), variation->description,
                     TEXT_BYTES_MAX);
        variation_extras_inspect(inspection, &named, variation, flag->arithmetic.comparison);
    }
}

static void inspect_prerequisite(struct inspection *inspection, const struct place *place,
                                 const struct prerequisite *prerequisite, struct str own_key)
{
    if (str_is_empty(prerequisite->flag))
        inspect_refuse_member(inspection, place, STR("flag"),
                              STR("must reference an existing flag"));
    if (str_equal(prerequisite->flag, own_key))
        inspect_refuse_member(inspection, place, STR("flag"), STR("must reference another flag"));
    inspect_text(inspection, place, STR("flag"), prerequisite->flag, FLAG_KEY_BYTES_MAX);

    struct place list = place_member(place, STR("variations"));
    inspect_count(inspection, &list, prerequisite->variation_count, VARIATIONS_PER_FLAG_MAX,
                  "variations");
    for (size_t i = 0; i < prerequisite->variation_count && !inspection_failed(inspection); i++) {
        struct str id = prerequisite->variations[i];
        struct place item = place_item(&list, i);
        if (str_is_empty(id) || !utf8_is_valid(id))
            inspect_refuse(inspection, &item, STR("must be a variation id"));
        inspect_size(inspection, &item, id.size, TEXT_BYTES_MAX, "bytes");
    }
}

static void inspect_prerequisites(struct inspection *inspection, const struct place *flag_place,
                                  const struct flag *flag)
{
    struct place list = place_member(flag_place, STR("prerequisites"));
    inspect_count(inspection, &list, flag->prerequisite_count, PREREQUISITES_PER_FLAG_MAX,
                  "prerequisites");
    for (size_t i = 0; i < flag->prerequisite_count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        inspect_prerequisite(inspection, &item, &flag->prerequisites[i], flag->key);
    }
}

static void inspect_rule_id(struct inspection *inspection, const struct place *item,
                            const struct flag *flag, size_t index)
{
    struct str id = flag->rules[index].id;
    if (str_is_empty(id))
        inspect_refuse_member(inspection, item, STR("id"), STR("must be a non-empty string"));
    inspect_text(inspection, item, STR("id"), id, TEXT_BYTES_MAX);
    for (size_t i = 0; i < index; i++) {
        if (str_equal(flag->rules[i].id, id))
            inspect_refuse_member(inspection, item, STR("id"),
                                  STR("must be unique within the flag"));
    }
}

static void inspect_rules(struct inspection *inspection, const struct place *flag_place,
                          const struct flag *flag)
{
    struct place list = place_member(flag_place, STR("rules"));
    inspect_count(inspection, &list, flag->rule_count, RULES_PER_FLAG_MAX, "rules");
    for (size_t i = 0; i < flag->rule_count && !inspection_failed(inspection); i++) {
        const struct rule *rule = &flag->rules[i];
        struct place item = place_item(&list, i);
        struct place when = place_member(&item, STR("when"));
        struct place serve = place_member(&item, STR("serve"));
        struct place schedule = place_member(&item, STR("schedule"));
        inspect_rule_id(inspection, &item, flag, i);
        expression_inspect(inspection, &when, &rule->when, flag->arithmetic.comparison);
        serve_inspect(inspection, &serve, &rule->serve, flag);
        schedule_inspect(inspection, &schedule, &rule->schedule);
        inspect_text(inspection, &item, STR("description"), rule->description, TEXT_BYTES_MAX);
    }
}

struct fault flag_check(struct arena *arena, const struct flag *flag)
{
    struct inspection inspection = {.arena = arena};
    struct place root = place_root(STR("$"));
    struct place fallthrough = place_member(&root, STR("fallthrough"));
    struct place schedule = place_member(&root, STR("schedule"));

    inspect_text(&inspection, &root, STR("id"), flag->id, TEXT_BYTES_MAX);
    key_inspect(&inspection, &root, flag->key, FLAG_KEY_BYTES_MAX);
    inspect_text(&inspection, &root, STR("name"), flag->name, TEXT_BYTES_MAX);
    inspect_text(&inspection, &root, STR("description"), flag->description, TEXT_BYTES_MAX);
    inspect_text(&inspection, &root, STR("owner"), flag->owner, TEXT_BYTES_MAX);
    inspect_tags(&inspection, &root, flag);
    arithmetic_inspect(&inspection, &root, flag);
    inspect_variations(&inspection, &root, flag);
    if (inspection_failed(&inspection))
        return inspection.fault;

    if (flag_find_variation(flag, flag->off_variation) < 0)
        inspect_refuse_member(&inspection, &root, STR("offVariation"),
                              STR("must reference a variation on this flag"));
    serve_inspect(&inspection, &fallthrough, &flag->fallthrough, flag);
    schedule_inspect(&inspection, &schedule, &flag->schedule);
    inspect_metadata(&inspection, &root, &flag->metadata);
    inspect_prerequisites(&inspection, &root, flag);
    inspect_rules(&inspection, &root, flag);
    flag_extras_inspect(&inspection, &root, flag);
    return inspection.fault;
}
