/* SPDX-License-Identifier: Apache-2.0 */
/* random_damage - what is done to good documents: to their text, with what must come of it, and to
 * the structs that dialects fill in. */
#ifndef DIFFERENTIAL_RANDOM_DAMAGE_H
#define DIFFERENTIAL_RANDOM_DAMAGE_H

#include <stdlib.h>
#include <string.h>

#include "document.h"
#include "model/limits.h"
#include "random_edges.h"

/* ---- texts ----------------------------------------------------------------------------------- */

enum verdict_expected { MUST_PASS, MUST_FAIL, MAY_DO_EITHER };

/* A member of an object that has a shape: not inside of values, payloads and metadata. */
struct spot {
    struct json *object;
    uint32_t index;
};
enum { SPOTS_MAX = 4096 };
struct spots {
    struct spot at[SPOTS_MAX];
    size_t count;
};

static inline bool key_is_one_of(struct str key, const char *const *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(key, str_of(keys[i])))
            return true;
    }
    return false;
}

/* Members whose value is anybody's JSON. */
static inline bool is_free(struct str key)
{
    static const char *const keys[] = {"value", "payload", "metadata", "exposureEvent"};
    return key_is_one_of(key, keys, COUNT_OF(keys));
}

/* Members whose text is a name, a reference, an instant or one of a few words. */
static inline bool is_never_blank(struct str key)
{
    static const char *const keys[] = {"key",  "attribute", "segment",    "flag",
                                       "op",   "operator",  "kind",       "type",
                                       "hash", "lifecycle", "comparison", "offVariation",
                                       "end",  "start",     "visibility", "evaluationMode"};
    return key_is_one_of(key, keys, COUNT_OF(keys));
}

/* An attribute may be called that, and references are for the environment's check. */
static inline bool may_be_a_space(struct str key)
{
    static const char *const keys[] = {"attribute", "flag", "segment"};
    return key_is_one_of(key, keys, COUNT_OF(keys));
}

static inline void collect_spots(struct json *json, struct spots *spots)
{
    for (uint32_t i = 0; json->type == JSON_ARRAY && i < json->count; i++)
        collect_spots(&json->elements[i], spots);
    for (uint32_t i = 0; json->type == JSON_OBJECT && i < json->count; i++) {
        if (spots->count < SPOTS_MAX)
            spots->at[spots->count++] = (struct spot){json, i};
        if (!is_free(json->members[i].key))
            collect_spots(&json->members[i].value, spots);
    }
}

static inline void add_unknown(struct dice *dice, struct json *object)
{
    static const char *const keys[] = {"surprise", "Key",       "key ",       "",       "_id",
                                       "rule",     "enabled\n", "variation_", "weights"};
    struct json larger = object_for(dice, object->count + 1);
    for (uint32_t i = 0; i < object->count; i++)
        larger.members[larger.count++] = object->members[i];
    add_member(&larger, str_of(keys[roll(dice, COUNT_OF(keys))]),
               once_in(dice, 2) ? json_make_null() : edge_value(dice));
    *object = larger;
}

static inline struct json of_another_type(struct dice *dice, enum json_type type)
{
    for (;;) {
        struct json value = edge_value(dice);
        if (value.type != type && value.type != JSON_NULL)
            return value;
    }
}

static inline void drop_member(struct spot spot)
{
    struct json_member *members = spot.object->members;
    memmove(members + spot.index, members + spot.index + 1,
            (spot.object->count - spot.index - 1) * sizeof(*members));
    spot.object->count--;
}

static inline struct str repeated(struct dice *dice, char c, size_t count)
{
    char *bytes = arena_allocate(dice->arena, count + 1);
    memset(bytes, c, count);
    return (struct str){bytes, count};
}

/* A text of the document's own at its limit, or one byte past it. */
static inline enum verdict_expected try_text_limit(struct dice *dice, struct json *tree,
                                                   bool is_segment)
{
    static const struct {
        const char *key;
        size_t bytes_max;
    } limits[] = {{"key", FLAG_KEY_BYTES_MAX},
                  {"description", TEXT_BYTES_MAX},
                  {"owner", TEXT_BYTES_MAX},
                  {"name", TEXT_BYTES_MAX}};
    size_t which = roll(dice, COUNT_OF(limits));
    size_t size =
        is_segment && which == 0 ? (size_t)SEGMENT_KEY_BYTES_MAX : limits[which].bytes_max;
    bool is_past = once_in(dice, 2);
    for (uint32_t i = 0; i < tree->count; i++) {
        if (!str_equal(tree->members[i].key, str_of(limits[which].key)))
            continue;
        tree->members[i].value = json_make_string(repeated(dice, 'k', size + (is_past ? 1 : 0)));
        return is_past ? MUST_FAIL : MUST_PASS;
    }
    return MUST_PASS;
}

static inline enum verdict_expected try_tags(struct dice *dice, struct json *tree)
{
    size_t count = TAGS_PER_FLAG_MAX + roll(dice, 2);
    for (uint32_t i = 0; i < tree->count; i++) {
        if (!str_equal(tree->members[i].key, STR("tags")))
            continue;
        struct json *tags = room_for(dice, count);
        for (size_t j = 0; j < count; j++)
            tags[j] = json_make_string(arena_format(dice->arena, "tag-%zu", j));
        tree->members[i].value = list_of(tags, count);
        return count > TAGS_PER_FLAG_MAX ? MUST_FAIL : MUST_PASS;
    }
    return MUST_PASS;
}

/* Two variations or two rules of one id. */
static inline enum verdict_expected repeat_element(struct dice *dice, struct json *tree,
                                                   struct str key)
{
    for (uint32_t i = 0; i < tree->count; i++) {
        struct json *list = &tree->members[i].value;
        bool is_it = str_equal(tree->members[i].key, key) && list->count > 0;
        if (!is_it)
            continue;
        struct json *longer = room_for(dice, list->count + 1);
        memcpy(longer, list->elements, list->count * sizeof(*longer));
        longer[list->count] = list->elements[roll(dice, list->count)];
        *list = list_of(longer, list->count + 1);
        return MUST_FAIL;
    }
    return MUST_PASS;
}

/* Nests a value deeper and deeper: a budget that a body passes is one that its text passes. */
static inline void nest(struct dice *dice, struct json *value)
{
    uint32_t levels = 24 + roll(dice, 12);
    for (uint32_t i = 0; i < levels; i++) {
        struct json *element = room_for(dice, 1);
        *element = *value;
        *value = list_of(element, 1);
    }
}

static inline enum verdict_expected damage_spot(struct dice *dice, struct spot spot, uint32_t kind)
{
    struct json_member *member = &spot.object->members[spot.index];
    bool may_be_anything = is_free(member->key);
    bool may_be_null = may_be_anything || str_equal(member->key, STR("variation"));
    switch (kind) {
    case 0:
        member->value = json_make_null();
        return may_be_null ? MAY_DO_EITHER : MUST_FAIL;
    case 1:
        add_unknown(dice, spot.object);
        return MUST_FAIL;
    case 2:
        member->value = of_another_type(dice, member->value.type);
        return may_be_anything ? MAY_DO_EITHER : MUST_FAIL;
    case 3:
        if (member->value.type != JSON_STRING || may_be_anything)
            return MUST_PASS;
        member->value =
            json_make_string(once_in(dice, 2) || may_be_a_space(member->key) ? STR("") : STR(" "));
        return is_never_blank(member->key) ? MUST_FAIL : MAY_DO_EITHER;
    case 4:
        drop_member(spot);
        return MAY_DO_EITHER;
    case 5:
        if (may_be_anything)
            nest(dice, &member->value);
        return MAY_DO_EITHER;
    default:
        member->value = edge_value(dice);
        return MAY_DO_EITHER;
    }
}

static inline enum verdict_expected damage_tree(struct dice *dice, struct json *tree,
                                                bool is_segment)
{
    struct spots spots = {.count = 0};
    uint32_t kind = roll(dice, 16);
    collect_spots(tree, &spots);
    if (kind < 4 || spots.count == 0)
        return MUST_PASS;
    if (kind < 12)
        return damage_spot(dice, spots.at[roll(dice, (uint32_t)spots.count)], roll(dice, 7));
    if (kind == 12)
        return try_text_limit(dice, tree, is_segment);
    if (kind == 13)
        return try_tags(dice, tree);
    if (is_segment)
        return MUST_PASS;
    return repeat_element(dice, tree, kind == 14 ? STR("variations") : STR("rules"));
}

static inline struct str tree_text(struct arena *arena, const struct json *tree)
{
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, tree);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return text;
}

/* A good document's text, damaged or not. */
static inline struct str damage_text(struct dice *dice, struct str text, bool is_segment,
                                     enum verdict_expected *expected)
{
    struct json tree;
    *expected = MUST_FAIL;
    if (once_in(dice, 16))
        return str_slice(text, 0, roll(dice, (uint32_t)text.size)); /* cut off */
    if (once_in(dice, 16)) /* a member twice; something behind */
        return arena_format(dice->arena, once_in(dice, 2) ? "{\"key\":\"a\",%.*s" : "%.*s}",
                            (int)text.size - 1, text.data + 1);
    if (failed(json_parse(dice->arena, text, &json_budget_default, &tree)))
        return STR("");
    *expected = damage_tree(dice, &tree, is_segment);
    return tree_text(dice->arena, &tree);
}

/* ---- structs --------------------------------------------------------------------------------- */

static inline struct str damaged_name(struct dice *dice)
{
    static const struct str names[] = {{"", 0},
                                       {" ", 1},
                                       {"\0", 1},
                                       {"\xff", 1},
                                       {"a b", 3},
                                       {"-a", 2},
                                       {"\xed\xa0\x80", 3},
                                       {"\xc0\x80", 2},
                                       {"a\0b", 3},
                                       {"\xf4\x90\x80\x80", 4},
                                       {"__proto__", 9},
                                       {"\n", 1}};
    static const size_t sizes[] = {64, 65, 96, 97, 128, 129, 256, 257, 512, 513, 2048, 2049};
    if (once_in(dice, 3))
        return repeated(dice, 'a', sizes[roll(dice, COUNT_OF(sizes))]);
    return once_in(dice, 8) ? (struct str){0} : names[roll(dice, COUNT_OF(names))];
}

static inline uint32_t damaged_number(struct dice *dice)
{
    static const uint32_t numbers[] = {0,          1,          99,        100,        101,
                                       99999,      100000,     100001,    1000000000, 1000000001,
                                       2147483647, 2147483648, UINT32_MAX};
    return numbers[roll(dice, COUNT_OF(numbers))];
}

static inline void damage_allocations(struct dice *dice, struct allocation *allocations,
                                      size_t count)
{
    if (count == 0)
        return;
    struct allocation *one = &allocations[roll(dice, (uint32_t)count)];
    if (once_in(dice, 2))
        one->weight = damaged_number(dice);
    else
        one->variation = once_in(dice, 2) ? allocations[0].variation : damaged_name(dice);
}

static inline void damage_serve(struct dice *dice, struct serve *serve)
{
    struct bucket *bucket = &serve->bucket;
    switch (roll(dice, 6)) {
    case 0:
        serve->variation = damaged_name(dice);
        break;
    case 1:
        damage_allocations(dice, serve->split.allocations, serve->split.allocation_count);
        break;
    case 2:
        if (bucket->slice_count > 0)
            bucket->slices[0].percent = damaged_number(dice);
        break;
    case 3:
        if (bucket->slice_count > 0)
            damage_allocations(dice, bucket->slices[0].allocations,
                               bucket->slices[0].allocation_count);
        break;
    case 4:
        serve->schedule.end_ms = serve->schedule.start_ms;
        serve->schedule.end = serve->schedule.start;
        break;
    default:
        bucket->otherwise = damaged_name(dice);
        bucket->bucket_by = once_in(dice, 2) ? damaged_name(dice) : bucket->bucket_by;
        break;
    }
}

static inline struct str *some_text_of(struct dice *dice, struct flag *flag)
{
    struct str *const texts[] = {&flag->key,         &flag->id,    &flag->name,
                                 &flag->description, &flag->owner, &flag->off_variation,
                                 &flag->bucket_by,   &flag->salt,  &flag->bucketing_unit};
    return texts[roll(dice, COUNT_OF(texts))];
}

/* One thing that a dialect may have let through. */
static inline void damage_flag(struct dice *dice, struct flag *flag)
{
    struct variation *variation = &flag->variations[roll(dice, (uint32_t)flag->variation_count)];
    struct rule *rule =
        flag->rule_count > 0 ? &flag->rules[roll(dice, (uint32_t)flag->rule_count)] : NULL;
    switch (roll(dice, 12)) {
    case 0:
    case 1:
        *some_text_of(dice, flag) = damaged_name(dice);
        break;
    case 2:
        variation->id = once_in(dice, 2) ? flag->variations[0].id : damaged_name(dice);
        break;
    case 3:
        variation->value = once_in(dice, 4) ? json_make_null() : edge_value(dice);
        break;
    case 4:
        nest(dice, &variation->value);
        break;
    case 5:
        flag->type = (enum value_type)roll(dice, VALUE_TYPE_COUNT);
        break;
    case 6:
        flag->arithmetic =
            (struct arithmetic){(enum flag_hash)roll(dice, 6), (enum flag_comparison)roll(dice, 2)};
        break;
    case 7:
        damage_serve(dice, rule != NULL && once_in(dice, 2) ? &rule->serve : &flag->fallthrough);
        break;
    case 8:
        if (rule != NULL)
            rule->id = once_in(dice, 2) ? flag->rules[0].id : damaged_name(dice);
        break;
    case 9:
        if (rule != NULL && rule->when.kind == EXPRESSION_MATCH)
            rule->when.attribute = damaged_name(dice);
        break;
    case 10:
        if (rule != NULL && rule->when.kind == EXPRESSION_MATCH)
            rule->when.operator=(enum operator) roll(dice, OPERATOR_COUNT);
        break;
    default:
        flag->metadata = edge_value(dice);
        break;
    }
}

#endif
