/* SPDX-License-Identifier: Apache-2.0 */
/*
 * groups - mutual exclusion and holdout groups: see reading.h, amplitude-management-api.md 6, 7.
 *
 * What the API insists on when a group is made (slots that sum to 100) the dashboard does not, so a
 * group is read here as it is; the rest is nobody's.
 */
#include "dialect/amplitude/property.h"
#include "import/amplitude/reading.h"
#include "import/source.h"
#include "model/group.h"
#include "model/limits.h"

static bool read_percent(const struct json *object, const char *name, uint32_t *percent)
{
    const struct json *member = source_find(object, name);
    if (member == NULL || member->type != JSON_NUMBER || !(member->number >= 0) ||
        member->number > SLICE_PERCENT_MAX)
        return false;
    *percent = (uint32_t)member->number;
    return *percent == member->number;
}

static void read_listed(struct arena *arena, const struct json *object, const char *name,
                        struct variation *variation)
{
    const struct json *list = source_array(object, name);
    if (list == NULL)
        return;
    struct map seen;
    map_open(&seen, arena, list->count);
    variation->included = ARENA_NEW_ARRAY(arena, struct str, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        const struct json *entry = &list->elements[i];
        if (entry->type == JSON_STRING && map_insert(&seen, entry->string, 0))
            variation->included[variation->included_count++] = entry->string;
    }
}

static bool read_mutex(struct arena *arena, const struct json *json, struct flag *flag,
                       struct str *why)
{
    uint32_t percents[SLOTS_PER_MUTEX_MAX];
    uint32_t total = 0;
    const struct json *slots = source_array(json, "slots");
    *why = STR("its slots are not 1 to 20 with whole percentages of 100 together");
    if (slots == NULL || slots->count == 0 || slots->count > SLOTS_PER_MUTEX_MAX)
        return false;
    for (uint32_t i = 0; i < slots->count; i++) {
        if (!read_percent(&slots->elements[i], "percentage", &percents[i]))
            return false;
        total += percents[i];
    }
    if (total > SLICE_PERCENT_MAX)
        return false;
    *flag = group_make_mutex(arena, percents, slots->count);
    for (uint32_t i = 0; i < slots->count; i++)
        read_listed(arena, &slots->elements[i], "individuals", &flag->variations[i]);
    return true;
}

static bool read_holdout(struct arena *arena, const struct json *json, struct flag *flag,
                         struct str *why)
{
    uint32_t percent = 0;
    *why = STR("its holdoutPercentage is no whole percentage");
    if (!read_percent(json, "holdoutPercentage", &percent))
        return false;
    *flag = group_make_holdout(arena, percent);
    int held_out = flag_find_variation(flag, STR("holdout"));
    int others = flag_find_variation(flag, group_not_held_out);
    read_listed(arena, json, "individualInclusion", &flag->variations[held_out]);
    read_listed(arena, json, "individualExclusion", &flag->variations[others]);
    return true;
}

static struct str none_if_empty(struct str text)
{
    return text.size == 0 ? (struct str){0} : text;
}

bool group_read(struct draft *draft, const struct json *json, enum flag_kind kind,
                struct flag *flag, struct str *why)
{
    bool is_mutex = kind == FLAG_KIND_MUTEX;
    if (!(is_mutex ? read_mutex : read_holdout)(draft->arena, json, flag, why))
        return false;
    struct str bucketing_key = source_text(json, "bucketingKey");
    flag->name = none_if_empty(source_text(json, "name"));
    flag->description = none_if_empty(source_text(json, "description"));
    flag->salt = source_text(json, "bucketingSalt");
    flag->bucket_by = property_selector(
        draft->arena, str_is_empty(bucketing_key) ? STR("amplitude_id") : bucketing_key);
    bool is_local = str_equal(source_text(json, "evaluationMode"), STR("local"));
    flag->evaluation_mode = is_local ? EVALUATION_LOCAL : EVALUATION_REMOTE;
    *why = STR("its bucketingKey names no property");
    return !str_is_absent(flag->bucket_by);
}
