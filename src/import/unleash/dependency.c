/* SPDX-License-Identifier: Apache-2.0 */
/* dependency - what features lean on: see feature.h. A parent that is not there, or leans on
 * another itself, lets nobody have the child over there. */
#include "import/unleash/feature.h"

static void switch_off(struct features *features, struct feature *feature, struct str parent,
                       const char *why)
{
    feature->item->flag.is_enabled = false;
    draft_lower_format(&features->draft, feature->item->row, IMPORT_PARTLY,
                       "depends on %.*s, which %s: it is switched off, as good as over there",
                       STR_ARG(parent), why);
}

static bool is_asked_for(const struct json *names, struct str name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (names->elements[i].type == JSON_STRING && str_equal(names->elements[i].string, name))
            return true;
    }
    return false;
}

/* Off when that is what is asked for; else whatever is on, or the variants of those names. */
static bool satisfies(const struct feature *parent, const struct variation *variation,
                      const struct json *dependency)
{
    const struct json *names = source_array(dependency, "variants");
    bool is_off = str_equal(variation->id, parent->item->flag.off_variation);
    if (!source_boolean(dependency, "enabled", true))
        return is_off;
    if (is_off || names == NULL || names->count == 0)
        return !is_off;
    return !str_equal(variation->id, parent->on) && is_asked_for(names, variation->value.string);
}

static void add_prerequisite(struct features *features, struct feature *feature,
                             const struct feature *parent, const struct json *dependency)
{
    const struct flag *needed = &parent->item->flag;
    struct flag *flag = &feature->item->flag;
    struct prerequisite prerequisite = {.flag = needed->key};
    prerequisite.variations = ARENA_NEW_ARRAY(features->arena, struct str, needed->variation_count);
    for (size_t i = 0; i < needed->variation_count; i++) {
        if (satisfies(parent, &needed->variations[i], dependency))
            prerequisite.variations[prerequisite.variation_count++] = needed->variations[i].id;
    }
    if (prerequisite.variation_count == 0)
        switch_off(features, feature, parent->name, "has none of the variants");
    else
        flag->prerequisites[flag->prerequisite_count++] = prerequisite;
}

static void read_dependency(struct features *features, struct feature *feature,
                            const struct json *dependency)
{
    struct str name = source_text(dependency, "feature");
    uint32_t at = map_find(&features->names, name);
    const struct feature *parent = at == MAP_ABSENT ? NULL : &features->list[at];
    if (parent == NULL || parent->item->flag.is_archived)
        switch_off(features, feature, name, parent == NULL ? "is not there" : "is archived");
    else if (parent->dependencies != NULL && parent->dependencies->count > 0)
        switch_off(features, feature, name, "depends on another feature itself");
    else
        add_prerequisite(features, feature, parent, dependency);
}

void features_read_dependencies(struct features *features)
{
    for (size_t i = 0; i < features->count; i++) {
        struct feature *feature = &features->list[i];
        const struct json *list = feature->dependencies;
        if (list == NULL || feature->item->is_left_out)
            continue;
        feature->item->flag.prerequisites =
            ARENA_NEW_ARRAY(features->arena, struct prerequisite, list->count);
        for (uint32_t j = 0; j < list->count; j++)
            read_dependency(features, feature, &list->elements[j]);
    }
}
