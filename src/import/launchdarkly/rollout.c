/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rollout - what is served: a variation by its number, or shares of 100,000: see reading.h.
 *
 * The arithmetic is sha1_60 (model/flag.h): "<flag>.<salt>.<subject>", or "<seed>.<subject>" where
 * a rollout has a seed. Whoever is behind the last share has the last one.
 */
#include "base/number.h"
#include "import/launchdarkly/reading.h"

static bool refuse(struct scope *scope, const char *why)
{
    if (str_is_absent(scope->why))
        scope->why = str_of(why);
    return false;
}

/* ---- variations ------------------------------------------------------------------------------ */

/* An index into the flag's variations; -1 when the number is none. */
static int index_read(const struct numbered_flag *flag, const struct json *number)
{
    if (number == NULL || number->type != JSON_NUMBER || number->number < 0 ||
        number->number >= (double)flag->count)
        return -1;
    int index = (int)number->number;
    return (double)index == number->number ? index : -1;
}

bool numbered_variation_id(const struct numbered_flag *flag, const struct json *number,
                           struct str *id)
{
    int index = index_read(flag, number);
    if (index >= 0)
        *id = flag->ids[index];
    return index >= 0;
}

struct str numbered_variation_copy(struct reading *reading, struct numbered_flag *flag,
                                   size_t index, const char *suffix, const char *description)
{
    struct flag *made = &flag->item->flag;
    struct str id = arena_format(reading->arena, "%.*s%s", STR_ARG(flag->ids[index]), suffix);
    while (flag_find_variation(made, id) >= 0)
        id = arena_format(reading->arena, "%.*s-", STR_ARG(id));
    struct variation *variations =
        ARENA_NEW_ARRAY(reading->arena, struct variation, made->variation_count + 1);
    for (size_t i = 0; i < made->variation_count; i++)
        variations[i] = made->variations[i];
    struct variation *copy = &variations[made->variation_count++];
    *copy = variations[index];
    copy->id = id;
    copy->description = str_of(description);
    made->variations = variations;
    return id;
}

/* ---- shares ---------------------------------------------------------------------------------- */

static bool has_share(const struct split *split, struct str variation)
{
    for (size_t i = 0; i < split->allocation_count; i++) {
        if (str_equal(split->allocations[i].variation, variation))
            return true;
    }
    return false;
}

static void keep_copy(struct arena *arena, struct numbered_flag *flag, struct variation_copy copy)
{
    if (flag->copy_count == flag->copy_capacity) {
        size_t capacity = flag->copy_capacity == 0 ? 8 : 2 * flag->copy_capacity;
        struct variation_copy *copies = ARENA_NEW_ARRAY(arena, struct variation_copy, capacity);
        for (size_t i = 0; i < flag->copy_count; i++)
            copies[i] = flag->copies[i];
        flag->copies = copies;
        flag->copy_capacity = capacity;
    }
    flag->copies[flag->copy_count++] = copy;
}

/* An id of the variation that has no share in the split yet: experiments have one that is watched
 * and one that is not. */
static struct str free_id(struct reading *reading, struct numbered_flag *flag, size_t index,
                          const struct split *split)
{
    if (!has_share(split, flag->ids[index]))
        return flag->ids[index];
    for (size_t i = 0; i < flag->copy_count; i++) {
        if (flag->copies[i].index == index && !has_share(split, flag->copies[i].id))
            return flag->copies[i].id;
    }
    struct variation_copy copy = {
        .index = index,
        .id = numbered_variation_copy(reading, flag, index, "-untracked",
                                      "The same value, for those an experiment does not watch"),
    };
    keep_copy(reading->arena, flag, copy);
    return copy.id;
}

/* One more share behind the others, or more of the last. */
static void add_share(struct reading *reading, struct numbered_flag *flag, struct split *split,
                      size_t index, uint32_t weight)
{
    size_t count = split->allocation_count;
    if (count > 0 && str_equal(split->allocations[count - 1].variation, flag->ids[index])) {
        split->allocations[count - 1].weight += weight;
        return;
    }
    struct str id = free_id(reading, flag, index, split);
    split->allocations[split->allocation_count++] = (struct allocation){id, weight};
}

/* Of those who are left, all when it is the last share. */
static bool read_share(struct scope *scope, struct numbered_flag *flag, const struct json *share,
                       bool is_last, struct split *split, uint32_t *left)
{
    const struct json *weight = source_find(share, "weight");
    int index = index_read(flag, source_find(share, "variation"));
    if (index < 0)
        return refuse(scope, "has a rollout to a variation that is not there");
    bool is_whole = weight == NULL || (weight->type == JSON_NUMBER && weight->number >= 0);
    if (!is_whole)
        return refuse(scope, "has a rollout with a weight that is no number from 0 on");
    double wanted = weight == NULL ? 0 : weight->number;
    uint32_t given = wanted < (double)*left ? (uint32_t)wanted : *left;
    if (is_last)
        given = *left;
    *left -= given;
    if (given > 0)
        add_share(scope->reading, flag, split, (size_t)index, given);
    return true;
}

static bool read_shares(struct scope *scope, struct numbered_flag *flag,
                        const struct json *variations, struct split *split)
{
    uint32_t left = SPLIT_WEIGHT_TOTAL;
    *split = (struct split){
        .allocations = ARENA_NEW_ARRAY(scope->reading->arena, struct allocation, variations->count),
    };
    for (uint32_t i = 0; i < variations->count; i++) {
        bool is_last = i + 1 == variations->count;
        if (!read_share(scope, flag, &variations->elements[i], is_last, split, &left))
            return false;
    }
    return true;
}

/* ---- what is hashed -------------------------------------------------------------------------- */

static struct str salt_of(struct scope *scope, const struct numbered_flag *flag,
                          const struct json *rollout)
{
    struct arena *arena = scope->reading->arena;
    const struct json *seed = source_find(rollout, "seed");
    if (seed != NULL && seed->type == JSON_NUMBER && seed->number != 0) {
        char text[NUMBER_TEXT_BYTES];
        size_t size = number_format(seed->number, text);
        return (struct str){arena_copy(arena, text, size), size};
    }
    struct str salt = source_text(flag->settings, "salt");
    return arena_format(arena, "%.*s.%.*s", STR_ARG(flag->item->name), STR_ARG(salt));
}

static bool is_experiment(const struct json *rollout)
{
    return str_equal(source_text(rollout, "kind"), STR("experiment")) ||
           source_object(rollout, "experimentAllocation") != NULL;
}

/* An experiment deals by the key, whatever else it says. */
static bool read_subject(struct scope *scope, const struct json *rollout, struct split *split)
{
    struct str kind = context_kind(rollout, "contextKind");
    struct str bucket_by = source_text(rollout, "bucketBy");
    bool is_literal = str_is_absent(source_text(rollout, "contextKind"));
    struct str path;
    if (str_is_empty(bucket_by) || is_experiment(rollout))
        bucket_by = STR("key");
    if (!scope_read_reference(scope, kind, bucket_by, is_literal, &path))
        return false;
    if (!str_equal(path, STR("targetingKey")))
        split->bucket_by = path;
    return true;
}

static bool read_rollout(struct scope *scope, struct numbered_flag *flag,
                         const struct json *rollout, struct serve *serve)
{
    const struct json *variations = source_array(rollout, "variations");
    if (variations == NULL || variations->count == 0)
        return refuse(scope, "has a rollout without variations");
    if (is_experiment(rollout))
        draft_lower(&scope->reading->draft, scope->row, IMPORT_PARTLY,
                    STR("deals as its experiment does; the experiment itself (what it measures, "
                        "and when) is not in the document"));
    struct split split;
    if (!read_shares(scope, flag, variations, &split))
        return false;
    if (split.allocation_count == 1) {
        *serve = build_serve(split.allocations[0].variation);
        return true;
    }
    if (!read_subject(scope, rollout, &split))
        return false;
    split.salt = salt_of(scope, flag, rollout);
    flag->item->flag.arithmetic.hash = FLAG_HASH_SHA1_60;
    *serve = (struct serve){.kind = SERVE_SPLIT, .split = split};
    return true;
}

bool numbered_serve_read(struct scope *scope, struct numbered_flag *flag, const struct json *choice,
                         struct serve *serve)
{
    struct str id;
    const struct json *number = source_find(choice, "variation");
    const struct json *rollout = source_object(choice, "rollout");
    if (number == NULL && rollout != NULL)
        return read_rollout(scope, flag, rollout, serve);
    if (number == NULL)
        return refuse(scope, "serves neither a variation nor a rollout somewhere");
    if (!numbered_variation_id(flag, number, &id))
        return refuse(scope, "serves a variation that is not there");
    *serve = build_serve(id);
    return true;
}
