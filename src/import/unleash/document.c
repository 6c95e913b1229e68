/* SPDX-License-Identifier: Apache-2.0 */
/* document - the documents there are, as one shape: see document.h. */
#include "import/unleash/document.h"

#include <stdlib.h>

/* ---- which document, which environment ------------------------------------------------------- */

struct environments {
    struct map seen;
    struct str first;
    struct str names; /* "production, staging" */
};

static void note_environment(struct arena *arena, struct str name,
                             struct environments *environments)
{
    if (str_is_empty(name) || !map_insert(&environments->seen, name, 0))
        return;
    bool is_first = environments->seen.count == 1;
    environments->first = is_first ? name : environments->first;
    environments->names =
        is_first ? name
                 : arena_format(arena, "%.*s, %.*s", STR_ARG(environments->names), STR_ARG(name));
}

static void note_environments(struct arena *arena, const struct json *list,
                              struct environments *environments)
{
    for (uint32_t i = 0; list != NULL && i < list->count; i++)
        note_environment(arena, source_text(&list->elements[i], "environment"), environments);
}

static struct fault choose_environment(struct arena *arena, const struct import_options *options,
                                       struct document *document)
{
    struct environments environments = {0};
    map_open(&environments.seen, arena, 8);
    note_environments(arena, source_array(document->root, "featureEnvironments"), &environments);
    note_environments(arena, source_array(document->root, "featureStrategies"), &environments);
    struct str wanted = options->environment;
    document->environment = str_is_empty(wanted) ? environments.first : wanted;
    size_t count = environments.seen.count;
    if (count == 0)
        document->environment = STR("");
    if (count > 1 && str_is_empty(wanted))
        return fault_make(FAULT_INVALID, STR("/featureEnvironments"),
                          arena_format(arena, "has several environments, name one: %.*s",
                                       STR_ARG(environments.names)));
    if (count > 0 && !str_is_empty(wanted) && map_find(&environments.seen, wanted) == MAP_ABSENT)
        return fault_make(FAULT_INVALID, STR("/featureEnvironments"),
                          arena_format(arena, "has no environment %.*s; it has: %.*s",
                                       STR_ARG(wanted), STR_ARG(environments.names)));
    return fault_none();
}

struct fault document_find(struct arena *arena, const struct json *root,
                           const struct import_options *options, struct document *document)
{
    const struct json *data = source_object(root, "data");
    *document = (struct document){.root = data == NULL ? root : data};
    document->features = source_array(document->root, "features");
    document->is_export = source_array(document->root, "featureStrategies") != NULL;
    if (document->features == NULL)
        return fault_make(FAULT_INVALID, STR("/features"),
                          STR("neither an export nor what SDKs get: both have a list of features"));
    return choose_environment(arena, options, document);
}

/* ---- features -------------------------------------------------------------------------------- */

static struct feature *find_feature(const struct features *features, struct str name)
{
    uint32_t at = map_find(&features->names, name);
    return at == MAP_ABSENT ? NULL : &features->list[at];
}

static bool is_of_environment(const struct document *document, const struct json *part)
{
    struct str environment = source_text(part, "environment");
    return str_is_empty(environment) || str_equal(environment, document->environment);
}

/* The feature a part of an export is about; NULL when it is of another environment. */
static struct feature *feature_of(const struct document *document, const struct features *features,
                                  const struct json *part)
{
    return is_of_environment(document, part)
               ? find_feature(features, source_text(part, "featureName"))
               : NULL;
}

static void take_strategies(struct features *features, struct feature *feature)
{
    const struct json *list = source_array(feature->source, "strategies");
    if (list == NULL)
        return;
    feature->strategies = ARENA_NEW_ARRAY(features->arena, const struct json *, list->count);
    for (uint32_t i = 0; i < list->count; i++)
        feature->strategies[feature->strategy_count++] = &list->elements[i];
}

static void list_features(const struct document *document, struct features *features)
{
    const struct json *list = document->features;
    features->list = ARENA_NEW_ARRAY(features->arena, struct feature, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *source = &list->elements[i];
        struct str name = source_text(source, "name");
        if (str_is_empty(name))
            continue;
        struct feature *feature = &features->list[features->count];
        *feature = (struct feature){.name = name, .source = source};
        feature->is_enabled = source_boolean(source, "enabled", false);
        feature->variants = source_array(source, "variants");
        feature->dependencies = source_array(source, "dependencies");
        map_insert(&features->names, name, (uint32_t)features->count++);
        if (!document->is_export)
            take_strategies(features, feature);
    }
}

/* ---- strategies of an export ----------------------------------------------------------------- */

struct ordered {
    const struct json *strategy;
    double order;
    size_t index;
};

static int compare_ordered(const void *left, const void *right)
{
    const struct ordered *a = left;
    const struct ordered *b = right;
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return (a->index > b->index) - (a->index < b->index);
}

static void sort_strategies(struct arena *arena, struct feature *feature)
{
    struct ordered *ordered = ARENA_NEW_ARRAY(arena, struct ordered, feature->strategy_count);
    for (size_t i = 0; i < feature->strategy_count; i++) {
        const struct json *order = source_find(feature->strategies[i], "sortOrder");
        bool is_number = order != NULL && order->type == JSON_NUMBER;
        ordered[i] = (struct ordered){feature->strategies[i], is_number ? order->number : 9999, i};
    }
    if (feature->strategy_count > 1)
        qsort(ordered, feature->strategy_count, sizeof(*ordered), compare_ordered);
    for (size_t i = 0; i < feature->strategy_count; i++)
        feature->strategies[i] = ordered[i].strategy;
}

/* Counted first, then put where there is room. */
static void deal_strategies(const struct document *document, struct features *features)
{
    const struct json *list = source_array(document->root, "featureStrategies");
    if (features->list == NULL)
        return;
    size_t *counts = ARENA_NEW_ARRAY(features->arena, size_t, features->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct feature *feature = feature_of(document, features, &list->elements[i]);
        if (feature != NULL)
            counts[feature - features->list]++;
    }
    for (size_t i = 0; i < features->count; i++)
        features->list[i].strategies =
            ARENA_NEW_ARRAY(features->arena, const struct json *, counts[i]);
    for (uint32_t i = 0; i < list->count; i++) {
        struct feature *feature = feature_of(document, features, &list->elements[i]);
        if (feature != NULL && feature->strategies != NULL)
            feature->strategies[feature->strategy_count++] = &list->elements[i];
    }
    for (size_t i = 0; i < features->count; i++)
        sort_strategies(features->arena, &features->list[i]);
}

/* ---- segments of strategies, where an older export pairs them ------------------------------- */

/* The strategy with one more member. */
static const struct json *with_segments(struct arena *arena, const struct json *strategy,
                                        const struct json *segments)
{
    struct json *whole = ARENA_NEW(arena, struct json);
    *whole = (struct json){.type = JSON_OBJECT, .count = strategy->count + 1};
    whole->members = ARENA_NEW_ARRAY(arena, struct json_member, whole->count);
    for (uint32_t i = 0; i < strategy->count; i++)
        whole->members[i] = strategy->members[i];
    whole->members[strategy->count] = (struct json_member){STR("segments"), *segments};
    return whole;
}

static struct json *pairings_of(struct arena *arena, const struct json *pairs, struct map *ids)
{
    struct json *lists = ARENA_NEW_ARRAY(arena, struct json, pairs->count);
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < pairs->count; i++) {
            const struct json *id = source_find(&pairs->elements[i], "segmentId");
            struct str strategy = source_text(&pairs->elements[i], "featureStrategyId");
            if (id == NULL || str_is_empty(strategy))
                continue;
            map_insert(ids, strategy, (uint32_t)ids->count);
            struct json *list = &lists[map_find(ids, strategy)];
            if (round == 1)
                list->elements[list->count] = *id;
            list->count++;
        }
        for (size_t i = 0; round == 0 && i < ids->count; i++) {
            struct json *elements = ARENA_NEW_ARRAY(arena, struct json, lists[i].count);
            lists[i] = (struct json){.type = JSON_ARRAY, .elements = elements};
        }
    }
    return lists;
}

static void pair_segments(const struct document *document, struct features *features)
{
    const struct json *pairs = source_array(document->root, "featureStrategySegments");
    struct map ids;
    if (pairs == NULL || pairs->count == 0)
        return;
    map_open(&ids, features->arena, pairs->count);
    const struct json *lists = pairings_of(features->arena, pairs, &ids);
    for (size_t i = 0; i < features->count; i++) {
        struct feature *feature = &features->list[i];
        for (size_t j = 0; j < feature->strategy_count; j++) {
            const struct json *strategy = feature->strategies[j];
            uint32_t at = map_find(&ids, source_text(strategy, "id"));
            if (at != MAP_ABSENT && source_array(strategy, "segments") == NULL)
                feature->strategies[j] = with_segments(features->arena, strategy, &lists[at]);
        }
    }
}

/* ---- the other lists of an export ------------------------------------------------------------ */

static void take_environments(const struct document *document, struct features *features)
{
    const struct json *list = source_array(document->root, "featureEnvironments");
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *variants = source_array(&list->elements[i], "variants");
        struct feature *feature = feature_of(document, features, &list->elements[i]);
        if (feature == NULL)
            continue;
        feature->is_enabled = source_boolean(&list->elements[i], "enabled", false);
        if (variants != NULL && variants->count > 0)
            feature->variants = variants;
    }
}

static void take_dependencies(const struct document *document, struct features *features)
{
    const struct json *list = source_array(document->root, "dependencies");
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct feature *feature =
            find_feature(features, source_text(&list->elements[i], "feature"));
        if (feature != NULL)
            feature->dependencies = source_array(&list->elements[i], "dependencies");
    }
}

/* "type:value"; the commonest type says nothing. */
static void take_tags(const struct document *document, struct features *features)
{
    enum { TAGS_TAKEN_MAX = 64 };
    const struct json *list = source_array(document->root, "featureTags");
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        const struct json *tag = &list->elements[i];
        struct feature *feature = find_feature(features, source_text(tag, "featureName"));
        struct str type = source_text(tag, "tagType");
        struct str value = source_text(tag, "tagValue");
        if (feature == NULL || str_is_empty(str_trim(value)) ||
            feature->tag_count == TAGS_TAKEN_MAX)
            continue;
        if (feature->tags == NULL)
            feature->tags = ARENA_NEW_ARRAY(features->arena, struct str, TAGS_TAKEN_MAX);
        bool is_plain = str_is_empty(type) || str_equal(type, STR("simple"));
        feature->tags[feature->tag_count++] =
            is_plain ? value
                     : arena_format(features->arena, "%.*s:%.*s", STR_ARG(type), STR_ARG(value));
    }
}

void document_gather(const struct document *document, struct features *features)
{
    map_open(&features->names, features->arena, document->features->count);
    list_features(document, features);
    if (!document->is_export)
        return;
    deal_strategies(document, features);
    pair_segments(document, features);
    take_environments(document, features);
    take_dependencies(document, features);
    take_tags(document, features);
}
