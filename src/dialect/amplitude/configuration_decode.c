/* SPDX-License-Identifier: Apache-2.0 */
/* configuration_decode - see configuration_decode.h. */
#include "dialect/amplitude/configuration_decode.h"

#include "base/map.h"
#include "eval/selector.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        literal, sizeof(literal) - 1                                                               \
    }

struct decoding {
    struct arena *arena;
    struct fault fault; /* the first one */
};

static bool refuse(struct decoding *decoding, struct str where, const char *why)
{
    if (!failed(decoding->fault))
        decoding->fault = fault_make(FAULT_INVALID, where, str_of(why));
    return false;
}

static struct str member_path(struct decoding *decoding, struct str where, const char *name)
{
    return arena_format(decoding->arena, "%.*s.%s", STR_ARG(where), name);
}

static struct str item_path(struct decoding *decoding, struct str where, size_t index)
{
    return arena_format(decoding->arena, "%.*s[%zu]", STR_ARG(where), index);
}

bool configuration_object_is_known(const struct json *json, const struct str *known, size_t count)
{
    if (json->type != JSON_OBJECT)
        return false;
    for (uint32_t i = 0; i < json->count; i++) {
        bool is_known = false;
        for (size_t j = 0; j < count && !is_known; j++)
            is_known = str_equal(json->members[i].key, known[j]);
        if (!is_known)
            return false;
    }
    return true;
}

static bool read_object(struct decoding *decoding, const struct json *json, struct str where,
                        const struct str *known, size_t count)
{
    if (configuration_object_is_known(json, known, count))
        return true;
    return refuse(decoding, where, "must be an object with the members of its schema alone");
}

/* NULL when it is missing or null, and when it is of another type, which is refused. */
static const struct json *read_member(struct decoding *decoding, const struct json *object,
                                      struct str where, const char *name, enum json_type type)
{
    const struct json *member = json_find(object, str_of(name));
    if (member == NULL || member->type == JSON_NULL)
        return NULL;
    if (member->type == type)
        return member;
    refuse(decoding, member_path(decoding, where, name), "is of the wrong type");
    return NULL;
}

static const struct json *require_member(struct decoding *decoding, const struct json *object,
                                         struct str where, const char *name, enum json_type type)
{
    const struct json *member = read_member(decoding, object, where, name, type);
    if (member == NULL)
        refuse(decoding, member_path(decoding, where, name), "is required");
    return member;
}

/* Absent when it is missing. */
static struct str read_text(struct decoding *decoding, const struct json *object, struct str where,
                            const char *name)
{
    const struct json *text = read_member(decoding, object, where, name, JSON_STRING);
    return text == NULL ? (struct str){0} : text->string;
}

static struct str *read_texts(struct decoding *decoding, const struct json *list, struct str where)
{
    struct str *texts = ARENA_NEW_ARRAY(decoding->arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        if (list->elements[i].type != JSON_STRING)
            refuse(decoding, item_path(decoding, where, i), "must be a string");
        else
            texts[i] = list->elements[i].string;
    }
    return texts;
}

static struct str read_selector(struct decoding *decoding, const struct json *object,
                                struct str where)
{
    const struct json *list = require_member(decoding, object, where, "selector", JSON_ARRAY);
    if (list == NULL)
        return STR("");
    struct str *steps = read_texts(decoding, list, member_path(decoding, where, "selector"));
    return selector_text(decoding->arena, steps, list->count);
}

/* ---- conditions ------------------------------------------------------------------------------ */

/* What an engine knows; globs are not among it. False: never. */
static bool find_operator(struct decoding *decoding, struct str name, enum operator* operator)
{
    struct str ours = arena_format(decoding->arena, "text %.*s", STR_ARG(name));
    return operator_parse(ours, operator) &&
           *operator!= OPERATOR_TEXT_GLOB_MATCH && * operator!= OPERATOR_TEXT_GLOB_DOES_NOT_MATCH;
}

static struct expression never(void)
{
    return (struct expression){.kind = EXPRESSION_ANY};
}

static struct expression read_condition(struct decoding *decoding, const struct json *json,
                                        struct str where)
{
    static const struct str known[] = {TEXT("selector"), TEXT("op"), TEXT("values")};
    struct expression match = {.kind = EXPRESSION_MATCH, .has_value = true};
    if (!read_object(decoding, json, where, known, COUNT_OF(known)))
        return never();
    match.attribute = read_selector(decoding, json, where);
    const struct json *operator= require_member(decoding, json, where, "op", JSON_STRING);
    const struct json *values = require_member(decoding, json, where, "values", JSON_ARRAY);
    if (operator== NULL || values == NULL)
        return never();
    read_texts(decoding, values, member_path(decoding, where, "values"));
    match.value = *values;
    return find_operator(decoding, operator->string, &match.operator) ? match : never();
}

static struct expression read_list(
    struct decoding *decoding, const struct json *json, struct str where, enum expression_kind kind,
    struct expression (*read)(struct decoding *decoding, const struct json *json, struct str where))
{
    struct expression expression = {.kind = kind};
    if (json->type != JSON_ARRAY) {
        refuse(decoding, where, "must be an array");
        return expression;
    }
    expression.children = ARENA_NEW_ARRAY(decoding->arena, struct expression, json->count);
    expression.child_count = json->count;
    for (uint32_t i = 0; i < json->count; i++)
        expression.children[i] = read(decoding, &json->elements[i], item_path(decoding, where, i));
    return expression;
}

static struct expression read_conjunction(struct decoding *decoding, const struct json *json,
                                          struct str where)
{
    return read_list(decoding, json, where, EXPRESSION_ALL, read_condition);
}

/* Outer lists are alternatives; without any it is always, with an empty list of them never. */
static struct expression read_conditions(struct decoding *decoding, const struct json *segment,
                                         struct str where)
{
    const struct json *list = read_member(decoding, segment, where, "conditions", JSON_ARRAY);
    if (list == NULL)
        return (struct expression){.kind = EXPRESSION_ALL};
    return read_list(decoding, list, member_path(decoding, where, "conditions"), EXPRESSION_ANY,
                     read_conjunction);
}

/* ---- segments -------------------------------------------------------------------------------- */

static struct bucket read_bucket(struct decoding *decoding, const struct json *json,
                                 struct str where, struct str otherwise)
{
    static const struct str known[] = {TEXT("selector"), TEXT("salt"), TEXT("allocations")};
    struct bucket bucket = {.otherwise = otherwise};
    if (!read_object(decoding, json, where, known, COUNT_OF(known)))
        return bucket;
    bucket.bucket_by = read_selector(decoding, json, where);
    const struct json *salt = require_member(decoding, json, where, "salt", JSON_STRING);
    bucket.salt = salt == NULL || salt->string.data == NULL ? STR("") : salt->string;
    const struct json *list = require_member(decoding, json, where, "allocations", JSON_ARRAY);
    if (list == NULL)
        return bucket;
    struct fault fault = configuration_decode_allocations(
        decoding->arena, list, member_path(decoding, where, "allocations"), &bucket);
    if (failed(fault) && !failed(decoding->fault))
        decoding->fault = fault;
    return bucket;
}

static struct rule read_segment(struct decoding *decoding, const struct json *json,
                                struct str where, size_t index)
{
    static const struct str known[] = {TEXT("conditions"), TEXT("bucket"), TEXT("variant"),
                                       TEXT("metadata")};
    struct rule rule = {.id = arena_format(decoding->arena, "%zu", index)};
    if (!read_object(decoding, json, where, known, COUNT_OF(known)))
        return rule;
    rule.when = read_conditions(decoding, json, where);
    struct str variant = read_text(decoding, json, where, "variant");
    const struct json *bucket = read_member(decoding, json, where, "bucket", JSON_OBJECT);
    const struct json *metadata = read_member(decoding, json, where, "metadata", JSON_OBJECT);
    const struct json *name = metadata == NULL ? NULL : json_find(metadata, STR("segmentName"));
    if (name != NULL && name->type == JSON_STRING)
        rule.description = name->string;
    rule.serve.variation = variant;
    if (bucket != NULL) {
        rule.serve.kind = SERVE_BUCKET;
        rule.serve.bucket =
            read_bucket(decoding, bucket, member_path(decoding, where, "bucket"), variant);
    }
    return rule;
}

/* ---- flags ----------------------------------------------------------------------------------- */

static struct variation read_variant(struct decoding *decoding, const struct json_member *member,
                                     struct str where)
{
    static const struct str known[] = {TEXT("key"), TEXT("value"), TEXT("payload"),
                                       TEXT("metadata")};
    struct variation variation = {.id = member->key};
    if (!read_object(decoding, &member->value, where, known, COUNT_OF(known)))
        return variation;
    const struct json *key = require_member(decoding, &member->value, where, "key", JSON_STRING);
    if (key != NULL && !str_equal(key->string, member->key))
        refuse(decoding, member_path(decoding, where, "key"), "must be the variant's own");
    const struct json *value = read_member(decoding, &member->value, where, "value", JSON_STRING);
    if (value != NULL)
        variation.value = *value;
    const struct json *payload = json_find(&member->value, STR("payload"));
    variation.has_payload = payload != NULL && payload->type != JSON_NULL;
    if (variation.has_payload)
        variation.payload = *payload;
    read_member(decoding, &member->value, where, "metadata", JSON_OBJECT);
    return variation;
}

static void read_variants(struct decoding *decoding, const struct json *json, struct str where,
                          struct flag *flag)
{
    const struct json *variants = require_member(decoding, json, where, "variants", JSON_OBJECT);
    if (variants == NULL)
        return;
    flag->variations = ARENA_NEW_ARRAY(decoding->arena, struct variation, variants->count);
    flag->variation_count = variants->count;
    for (uint32_t i = 0; i < variants->count; i++) {
        struct str path = arena_format(decoding->arena, "%.*s.variants.%.*s", STR_ARG(where),
                                       STR_ARG(variants->members[i].key));
        flag->variations[i] = read_variant(decoding, &variants->members[i], path);
    }
    if (flag_find_variation(flag, STR("off")) >= 0)
        flag->off_variation = STR("off");
}

static void read_segments(struct decoding *decoding, const struct json *json, struct str where,
                          struct flag *flag)
{
    const struct json *segments = require_member(decoding, json, where, "segments", JSON_ARRAY);
    if (segments == NULL)
        return;
    struct str path = member_path(decoding, where, "segments");
    flag->rules = ARENA_NEW_ARRAY(decoding->arena, struct rule, segments->count);
    flag->rule_count = segments->count;
    for (uint32_t i = 0; i < segments->count; i++)
        flag->rules[i] =
            read_segment(decoding, &segments->elements[i], item_path(decoding, path, i), i);
}

static void read_dependencies(struct decoding *decoding, const struct json *json, struct str where,
                              struct flag *flag)
{
    const struct json *list = read_member(decoding, json, where, "dependencies", JSON_ARRAY);
    if (list == NULL)
        return;
    struct str *keys = read_texts(decoding, list, member_path(decoding, where, "dependencies"));
    flag->prerequisites = ARENA_NEW_ARRAY(decoding->arena, struct prerequisite, list->count);
    flag->prerequisite_count = list->count;
    for (uint32_t i = 0; i < list->count; i++)
        flag->prerequisites[i].flag = keys[i];
}

static void read_flag_metadata(struct decoding *decoding, const struct json *json, struct str where,
                               struct flag *flag)
{
    const struct json *metadata = read_member(decoding, json, where, "metadata", JSON_OBJECT);
    if (metadata == NULL)
        return;
    flag->metadata = *metadata;
    const struct json *mode = json_find(metadata, STR("evaluationMode"));
    bool is_local =
        mode != NULL && mode->type == JSON_STRING && str_equal(mode->string, STR("local"));
    flag->evaluation_mode = is_local ? EVALUATION_LOCAL : EVALUATION_REMOTE;
}

static struct flag read_flag(struct decoding *decoding, const struct json *json, struct str where)
{
    static const struct str known[] = {TEXT("key"), TEXT("variants"), TEXT("segments"),
                                       TEXT("dependencies"), TEXT("metadata")};
    struct flag flag = {
        .type = VALUE_STRING,
        .is_enabled = true,
        .is_on_all_deployments = true,
        .arithmetic = {FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT},
    };
    if (!read_object(decoding, json, where, known, COUNT_OF(known)))
        return flag;
    const struct json *key = require_member(decoding, json, where, "key", JSON_STRING);
    flag.key = key == NULL ? STR("") : key->string;
    flag.id = flag.key;
    read_variants(decoding, json, where, &flag);
    read_segments(decoding, json, where, &flag);
    read_dependencies(decoding, json, where, &flag);
    read_flag_metadata(decoding, json, where, &flag);
    return flag;
}

struct fault configuration_decode(struct arena *arena, const struct json *document,
                                  struct flag **flags, size_t *count)
{
    struct decoding decoding = {.arena = arena};
    struct map keys;
    *flags = NULL;
    *count = 0;
    if (document->type != JSON_ARRAY)
        return fault_make(FAULT_INVALID, STR("$"), STR("must be an array of flags"));
    map_open(&keys, arena, document->count);
    *flags = ARENA_NEW_ARRAY(arena, struct flag, document->count);
    for (uint32_t i = 0; i < document->count; i++) {
        struct str where = item_path(&decoding, STR("$"), i);
        (*flags)[i] = read_flag(&decoding, &document->elements[i], where);
        if (!map_insert(&keys, (*flags)[i].key, i))
            refuse(&decoding, where, "has the key of a flag before");
        if (failed(decoding.fault))
            return decoding.fault;
    }
    *count = document->count;
    return fault_none();
}
