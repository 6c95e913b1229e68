/* SPDX-License-Identifier: Apache-2.0 */
/*
 * steps - a scheduled rollout as stretches of time: see flag.h.
 *
 * Each step is a part of a flag and a date. At any instant the steps that are due are laid over the
 * flag in the order of their dates: variations by name, rules by theirs, percentages by
 * variation (-1 takes one away), anything else whole.
 */
#include <stdlib.h>

#include "base/instant.h"
#include "import/goff/flag.h"
#include "import/source.h"

/* ---- laying one over another ----------------------------------------------------------------- */

static struct json *find_member(struct json *object, struct str key)
{
    for (uint32_t i = 0; i < object->count; i++) {
        if (str_equal(object->members[i].key, key))
            return &object->members[i].value;
    }
    return NULL;
}

/* A copy with room for `more` members behind its own. */
static struct json widen(struct arena *arena, const struct json *object, size_t more)
{
    struct json wide = {.type = JSON_OBJECT};
    bool is_object = object != NULL && object->type == JSON_OBJECT;
    size_t count = is_object ? object->count : 0;
    wide.members = ARENA_NEW_ARRAY(arena, struct json_member, count + more);
    for (size_t i = 0; i < count; i++)
        wide.members[wide.count++] = object->members[i];
    return wide;
}

static void put(struct json *object, struct str key, struct json value)
{
    struct json *member = find_member(object, key);
    if (member != NULL)
        *member = value;
    else
        object->members[object->count++] = (struct json_member){key, value};
}

static struct json lay_members(struct arena *arena, const struct json *under,
                               const struct json *over)
{
    struct json laid = widen(arena, under, over->count);
    for (uint32_t i = 0; i < over->count; i++)
        put(&laid, over->members[i].key, over->members[i].value);
    return laid;
}

static struct json lay_percentages(struct arena *arena, const struct json *under,
                                   const struct json *over)
{
    struct json laid = lay_members(arena, under, over);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < laid.count; i++) {
        const struct json *percentage = &laid.members[i].value;
        if (percentage->type != JSON_NUMBER || percentage->number >= 0)
            laid.members[kept++] = laid.members[i];
    }
    laid.count = kept;
    return laid;
}

static struct json lay_rule(struct arena *arena, const struct json *under, const struct json *over)
{
    struct json laid = lay_members(arena, under, over);
    const struct json *percentage = source_object(over, "percentage");
    if (percentage != NULL && source_object(under, "percentage") != NULL)
        put(&laid, STR("percentage"),
            lay_percentages(arena, source_object(under, "percentage"), percentage));
    return laid;
}

static struct json *find_rule(struct json *list, struct str name)
{
    for (uint32_t i = 0; i < list->count; i++) {
        if (str_equal(source_text(&list->elements[i], "name"), name))
            return &list->elements[i];
    }
    return NULL;
}

/* A rule without a name, or with a new one, comes behind the others. */
static struct json lay_rules(struct arena *arena, const struct json *under, const struct json *over)
{
    size_t count = (under == NULL ? 0 : under->count) + over->count;
    struct json laid = {.type = JSON_ARRAY};
    laid.elements = ARENA_NEW_ARRAY(arena, struct json, count);
    for (uint32_t i = 0; under != NULL && i < under->count; i++)
        laid.elements[laid.count++] = under->elements[i];
    for (uint32_t i = 0; i < over->count; i++) {
        struct str name = source_text(&over->elements[i], "name");
        struct json *found = str_is_empty(name) ? NULL : find_rule(&laid, name);
        if (found != NULL)
            *found = lay_rule(arena, found, &over->elements[i]);
        else
            laid.elements[laid.count++] = over->elements[i];
    }
    return laid;
}

static struct json lay_member(struct arena *arena, const struct json *under,
                              const struct json_member *over)
{
    bool are_objects = over->value.type == JSON_OBJECT && under != NULL;
    bool are_lists = over->value.type == JSON_ARRAY;
    if (str_equal(over->key, STR("variations")) && are_objects)
        return lay_members(arena, under, &over->value);
    if (str_equal(over->key, STR("defaultRule")) && are_objects)
        return lay_rule(arena, under, &over->value);
    if (str_equal(over->key, STR("targeting")) && are_lists)
        return lay_rules(arena, under, &over->value);
    return over->value;
}

static struct json lay_step(struct arena *arena, const struct json *flag, const struct json *step)
{
    struct json laid = widen(arena, flag, step->count);
    for (uint32_t i = 0; i < step->count; i++) {
        const struct json_member *member = &step->members[i];
        if (str_equal(member->key, STR("date")) || member->value.type == JSON_NULL)
            continue;
        struct json value = lay_member(arena, find_member(&laid, member->key), member);
        put(&laid, member->key, value);
    }
    return laid;
}

/* ---- stretches ------------------------------------------------------------------------------- */

struct step {
    const struct json *part;
    int64_t date_ms;
    uint32_t place; /* in the list: steps of one date keep their order */
};

static int compare_steps(const void *left, const void *right)
{
    const struct step *a = left;
    const struct step *b = right;
    if (a->date_ms != b->date_ms)
        return a->date_ms < b->date_ms ? -1 : 1;
    return (a->place > b->place) - (a->place < b->place);
}

static bool read_steps(const struct json *list, struct step *steps)
{
    for (uint32_t i = 0; i < list->count; i++) {
        struct str date = source_text(&list->elements[i], "date");
        steps[i] = (struct step){.part = &list->elements[i], .place = i};
        if (str_is_absent(date) || !instant_parse_date(date, &steps[i].date_ms))
            return false;
    }
    qsort(steps, list->count, sizeof(*steps), compare_steps);
    return true;
}

bool stretches_of(struct arena *arena, const struct json *definition, struct stretch **stretches,
                  size_t *count)
{
    const struct json *list = source_array(definition, "scheduledRollout");
    size_t step_count = list == NULL ? 0 : list->count;
    struct step *steps = ARENA_NEW_ARRAY(arena, struct step, step_count);
    *stretches = ARENA_NEW_ARRAY(arena, struct stretch, step_count + 1);
    (*stretches)[0] = (struct stretch){window_always(), *definition};
    *count = 1;
    if (step_count > 0 && !read_steps(list, steps))
        return false;
    for (size_t i = 0; i < step_count; i++) {
        struct stretch *last = &(*stretches)[*count - 1];
        struct json laid = lay_step(arena, &last->definition, steps[i].part);
        if (last->window.start_ms == steps[i].date_ms) {
            last->definition = laid;
            continue;
        }
        last->window.end_ms = steps[i].date_ms;
        (*stretches)[(*count)++] = (struct stretch){{steps[i].date_ms, INT64_MAX}, laid};
    }
    return true;
}
