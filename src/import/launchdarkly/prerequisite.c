/* SPDX-License-Identifier: Apache-2.0 */
/* prerequisite - what flags lean on, when all are there; and what browsers may see of that: see
 * reading.h. */
#include "import/launchdarkly/reading.h"

void numbered_prerequisites_note(struct reading *reading, const struct json *settings)
{
    const struct json *list = source_array(settings, "prerequisites");
    for (uint32_t i = 0; list != NULL && i < list->count; i++) {
        struct str name = source_text(&list->elements[i], "key");
        const struct json *variation = source_find(&list->elements[i], "variation");
        if (variation == NULL || variation->type != JSON_NUMBER)
            continue;
        struct str text =
            arena_format(reading->arena, "%.*s %.0f", STR_ARG(name), variation->number);
        map_insert(&reading->wanted, text, 0);
    }
}

/* ---- prerequisites --------------------------------------------------------------------------- */

/* Over there a flag whose prerequisite is not there is as good as off. */
static void switch_off(struct reading *reading, struct numbered_flag *flag, struct str needed,
                       const char *why)
{
    flag->item->flag.is_enabled = false;
    draft_lower_format(&reading->draft, flag->item->row, IMPORT_PARTLY,
                       "leans on %.*s, which %s: it is switched off, as good as over there",
                       STR_ARG(needed), why);
}

static struct prerequisite ask_for(struct reading *reading, struct str name,
                                   const struct numbered_flag *needed, size_t index)
{
    struct prerequisite prerequisite = {
        .flag = draft_flag_key(&reading->draft, name),
        .variations = ARENA_NEW_ARRAY(reading->arena, struct str, needed->copy_count + 1),
        .variation_count = 1,
    };
    prerequisite.variations[0] = needed->ids[index];
    for (size_t i = 0; i < needed->copy_count; i++) {
        if (needed->copies[i].index == index)
            prerequisite.variations[prerequisite.variation_count++] = needed->copies[i].id;
    }
    return prerequisite;
}

/* The flag leans on it, or is off for good. */
static void read_prerequisite(struct reading *reading, struct numbered_flag *flag,
                              const struct json *source)
{
    struct flag *made = &flag->item->flag;
    struct str name = source_text(source, "key");
    uint32_t at = map_find(&reading->numbered, name);
    const struct numbered_flag *needed = at == MAP_ABSENT ? NULL : &reading->flags[at];
    if (needed == NULL || needed->item->flag.is_archived) {
        switch_off(reading, flag, name, needed == NULL ? "is not there" : "is archived");
        return;
    }
    struct str id;
    const struct json *variation = source_find(source, "variation");
    if (needed->item->is_left_out) { /* and so is this one, with a reason: draft_finish */
        made->prerequisites[made->prerequisite_count++] =
            (struct prerequisite){.flag = draft_flag_key(&reading->draft, name)};
        return;
    }
    if (!numbered_variation_id(needed, variation, &id)) {
        switch_off(reading, flag, name, "has no such variation");
        return;
    }
    made->prerequisites[made->prerequisite_count++] =
        ask_for(reading, name, needed, (size_t)variation->number);
}

void numbered_prerequisites_read(struct reading *reading)
{
    for (size_t i = 0; i < reading->flag_count; i++) {
        struct numbered_flag *flag = &reading->flags[i];
        const struct json *list =
            flag->item->is_left_out ? NULL : source_array(flag->settings, "prerequisites");
        if (list == NULL)
            continue;
        flag->item->flag.prerequisites =
            ARENA_NEW_ARRAY(reading->arena, struct prerequisite, list->count);
        for (uint32_t j = 0; j < list->count; j++)
            read_prerequisite(reading, flag, &list->elements[j]);
    }
}

/* ---- what browsers see ----------------------------------------------------------------------- */

static const struct draft_flag *find_by_key(const struct reading *reading, const struct map *keys,
                                            struct str key)
{
    uint32_t at = map_find(keys, key);
    return at == MAP_ABSENT ? NULL : reading->flags[at].item;
}

/* A flag that browsers see leans on none that they do not. Whoever does is for servers then. */
static bool hide_leaning(struct reading *reading, const struct map *keys, struct draft_flag *item)
{
    for (size_t i = 0; i < item->flag.prerequisite_count; i++) {
        struct str key = item->flag.prerequisites[i].flag;
        const struct draft_flag *needed = find_by_key(reading, keys, key);
        if (needed == NULL || needed->flag.visibility == VISIBILITY_CLIENT)
            continue;
        item->flag.visibility = VISIBILITY_SERVER;
        draft_lower_format(&reading->draft, item->row, IMPORT_PARTLY,
                           "is hidden from browsers, because it leans on %.*s, which they do not "
                           "see: show them both, or neither",
                           STR_ARG(key));
        return true;
    }
    return false;
}

static void hide_flags(struct reading *reading)
{
    struct map keys;
    map_open(&keys, reading->arena, reading->flag_count);
    for (size_t i = 0; i < reading->flag_count; i++)
        map_insert(&keys, reading->flags[i].item->flag.key, (uint32_t)i);
    for (bool is_settled = false; !is_settled;) {
        is_settled = true;
        for (size_t i = 0; i < reading->flag_count; i++) {
            struct draft_flag *item = reading->flags[i].item;
            if (item->flag.visibility == VISIBILITY_CLIENT && hide_leaning(reading, &keys, item))
                is_settled = false;
        }
    }
}

static struct draft_segment *find_segment(const struct reading *reading, struct str key)
{
    for (size_t i = 0; i < reading->draft.segment_count; i++) {
        if (str_equal(reading->draft.segments[i]->segment.key, key))
            return reading->draft.segments[i];
    }
    return NULL;
}

/* Whether it was hidden until now. */
static bool show_segment(struct reading *reading, struct str key)
{
    struct draft_segment *item = find_segment(reading, key);
    if (item == NULL || item->segment.visibility == VISIBILITY_CLIENT)
        return false;
    item->segment.visibility = VISIBILITY_CLIENT;
    draft_lower(&reading->draft, item->row, IMPORT_EXACT,
                STR("may be seen by browsers, because a flag that they see uses it"));
    return true;
}

/* Segments in the expression; whether one of them was hidden until now. */
static bool show_segments(struct reading *reading, const struct expression *expression,
                          unsigned depth)
{
    enum { BUILT_DEPTH_MAX = 16 }; /* clauses and lists do not nest deeper */
    if (expression->kind == EXPRESSION_SEGMENT)
        return show_segment(reading, expression->segment);
    bool has_shown = false;
    for (size_t i = 0; i < expression->child_count && depth < BUILT_DEPTH_MAX; i++) {
        if (show_segments(reading, &expression->children[i], depth + 1))
            has_shown = true;
    }
    return has_shown;
}

static void show_used(struct reading *reading)
{
    for (size_t i = 0; i < reading->flag_count; i++) {
        const struct flag *flag = &reading->flags[i].item->flag;
        for (size_t j = 0; flag->visibility == VISIBILITY_CLIENT && j < flag->rule_count; j++)
            show_segments(reading, &flag->rules[j].when, 0);
    }
    for (bool is_settled = false; !is_settled;) {
        is_settled = true;
        for (size_t i = 0; i < reading->draft.segment_count; i++) {
            const struct segment *segment = &reading->draft.segments[i]->segment;
            bool is_shown = segment->visibility == VISIBILITY_CLIENT;
            for (size_t j = 0; is_shown && j < segment->rule_count; j++) {
                if (show_segments(reading, &segment->rules[j], 0))
                    is_settled = false;
            }
        }
    }
}

void numbered_visibility_settle(struct reading *reading)
{
    hide_flags(reading);
    show_used(reading);
}
