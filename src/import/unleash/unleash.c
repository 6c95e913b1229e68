/* SPDX-License-Identifier: Apache-2.0 */
/* unleash - the importer: a document, feature by feature. See feature.h. */
#include "import/unleash/unleash.h"

#include "import/unleash/document.h"
#include "model/limits.h"

/* ---- segments -------------------------------------------------------------------------------- */

/* Conditions of the text family stand in the rules themselves. */
static void read_segments(struct features *features, const struct json *list)
{
    uint32_t count = list == NULL ? 0 : list->count;
    map_open(&features->segments, features->arena, count);
    features->segment_sources = ARENA_NEW_ARRAY(features->arena, const struct json *, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct json *segment = &list->elements[i];
        const struct json *id = source_find(segment, "id");
        struct str name = source_text(segment, "name");
        if (id == NULL || id->type != JSON_NUMBER)
            continue;
        struct str text = arena_format(features->arena, "%.0f", id->number);
        features->segment_sources[i] = segment;
        if (map_insert(&features->segments, text, i))
            report_say(&features->draft.report, STR("segment"), str_is_empty(name) ? text : name,
                       IMPORT_PARTLY,
                       source_array(segment, "constraints") == NULL
                           ? "has no constraints in the document: add those that "
                             "/api/admin/segments has"
                           : "is written into the rules that use it");
    }
}

/* ---- what is for people ---------------------------------------------------------------------- */

static bool has_tag(const struct flag *flag, struct str tag)
{
    for (size_t i = 0; i < flag->tag_count; i++) {
        if (str_equal(flag->tags[i], tag))
            return true;
    }
    return false;
}

static void add_tag(struct flag *flag, struct str tag)
{
    if (flag->tag_count < TAGS_PER_FLAG_MAX && !has_tag(flag, tag))
        flag->tags[flag->tag_count++] = tag;
}

/* What most features are goes without saying. */
static void describe(struct features *features, struct feature *feature)
{
    struct flag *flag = &feature->item->flag;
    struct str type = source_text(feature->source, "type");
    struct str project = source_text(feature->source, "project");
    if (!str_is_empty(source_text(feature->source, "description")))
        flag->description = source_text(feature->source, "description");
    if (source_boolean(feature->source, "stale", false))
        flag->lifecycle = LIFECYCLE_DEPRECATED;
    flag->is_archived = source_boolean(feature->source, "archived", false) ||
                        source_find(feature->source, "archivedAt") != NULL;
    flag->tags = ARENA_NEW_ARRAY(features->arena, struct str, TAGS_PER_FLAG_MAX);
    if (!str_is_empty(type) && !str_equal(type, STR("release")))
        add_tag(flag, arena_format(features->arena, "type:%.*s", STR_ARG(type)));
    if (!str_is_empty(project) && !str_equal(project, STR("default")))
        add_tag(flag, arena_format(features->arena, "project:%.*s", STR_ARG(project)));
    for (size_t i = 0; i < feature->tag_count; i++)
        add_tag(flag, feature->tags[i]);
}

/* ---- features -------------------------------------------------------------------------------- */

static void add_draft_flag(struct features *features, struct feature *feature)
{
    feature->item = draft_add_flag(&features->draft, feature->name);
    struct flag *flag = &feature->item->flag;
    flag->arithmetic = (struct arithmetic){FLAG_HASH_MURMUR3_32_UTF8, FLAG_COMPARISON_TEXT};
    flag->bucket_by = UNLEASH_USER;
    flag->salt = feature->name;
    flag->is_enabled = feature->is_enabled;
    flag->rules = ARENA_NEW_ARRAY(features->arena, struct rule, RULES_PER_FLAG_MAX + 2);
    describe(features, feature);
    variations_read(features, feature);
    flag->fallthrough = build_serve(flag->off_variation);
}

/* On for all where there is no strategy at all. One that only has disabled ones is off, as its
 * admin interface leaves it. */
static void read_strategies(struct features *features, struct feature *feature)
{
    size_t active_count = 0;
    for (size_t i = 0; i < feature->strategy_count; i++) {
        if (source_boolean(feature->strategies[i], "disabled", false))
            continue;
        active_count++;
        strategy_read(features, feature, feature->strategies[i], i);
    }
    if (feature->strategy_count == 0) {
        struct condition condition = {
            .features = features, .feature = feature, .when = build_always()};
        struct gate gate = {.salt = feature->name};
        strategy_serve(&condition, NULL, &gate, STR("No strategy: everybody"));
    } else if (active_count == 0 && feature->is_enabled) {
        draft_lower(&features->draft, feature->item->row, IMPORT_PARTLY,
                    STR("lets nobody in: all its strategies are disabled"));
    }
}

static void read_features(struct features *features)
{
    for (size_t i = 0; i < features->count; i++)
        add_draft_flag(features, &features->list[i]);
    for (size_t i = 0; i < features->count; i++) {
        if (!features->list[i].item->is_left_out)
            read_strategies(features, &features->list[i]);
    }
    features_read_dependencies(features);
}

static struct fault read_document(struct arena *arena, struct str text,
                                  const struct import_options *options,
                                  struct import_result *result)
{
    struct json *root = ARENA_NEW(arena, struct json);
    struct features features = {.arena = arena};
    struct document document;
    struct fault fault = source_parse_json(arena, text, root);
    if (!failed(fault))
        fault = document_find(arena, root, options, &document);
    if (failed(fault))
        return fault;
    draft_begin(&features.draft, arena, options);
    map_open(&features.fields, arena, 8);
    document_gather(&document, &features);
    read_segments(&features, source_array(document.root, "segments"));
    read_features(&features);
    return draft_finish(&features.draft, result);
}

const struct importer unleash_importer = {
    .name = STR("unleash"),
    .summary = STR("an export of features, or what SDKs get (/api/client/features)"),
    .read = read_document,
};
