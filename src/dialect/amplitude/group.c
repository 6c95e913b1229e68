/* SPDX-License-Identifier: Apache-2.0 */
/* group - groups in: see group.h. */
#include "dialect/amplitude/group.h"

#include "base/random.h"
#include "dialect/amplitude/property.h"
#include "model/group.h"

/* Long enough that two of them meet once in 10^11; taken ones are refused all the same. */
struct str group_random_key(struct arena *arena, const char *prefix)
{
    enum { LETTERS = 8 };
    unsigned char draws[LETTERS];
    char letters[LETTERS];
    random_fill(draws, sizeof(draws));
    for (size_t i = 0; i < LETTERS; i++)
        letters[i] = (char)('a' + draws[i] % 26);
    return arena_format(arena, "%s-%.*s", prefix, LETTERS, letters);
}

/* ---- what both have -------------------------------------------------------------------------- */

static void read_names(struct wire *wire, const struct json *body, struct flag *flag)
{
    if (wire_text(wire, body, STR(""), STR("name"), &flag->name) && flag->name.size == 0)
        flag->name = (struct str){0};
    if (wire_nullable_text(wire, body, STR(""), STR("description"), &flag->description) &&
        flag->description.size == 0)
        flag->description = (struct str){0};
}

static void read_key(struct wire *wire, const struct json *body, struct flag *flag)
{
    if (wire_text(wire, body, STR(""), STR("key"), &flag->key) && !flag_key_is_valid(flag->key))
        wire_refuse(wire, STR("key"),
                    STR("must be letters, digits, '.', '_' or '-', beginning with a letter or "
                        "digit, at most 128 long"));
}

static void read_bucketing(struct wire *wire, const struct json *body, struct flag *flag)
{
    static const struct str modes[] = {STR("remote"), STR("local")};
    struct str key = STR("amplitude_id");
    size_t mode = 0;
    flag->salt = item_random_salt(wire->arena);
    wire_choice(wire, body, STR(""), STR("evaluationMode"), modes, COUNT_OF(modes), &mode);
    flag->evaluation_mode = mode == 1 ? EVALUATION_LOCAL : EVALUATION_REMOTE;
    wire_text(wire, body, STR(""), STR("bucketingKey"), &key);
    wire_text(wire, body, STR(""), STR("bucketingSalt"), &flag->salt);
    flag->bucket_by = property_selector(wire->arena, key);
    if (str_is_absent(flag->bucket_by))
        wire_refuse(wire, STR("bucketingKey"), STR("must name a property"));
}

static void read_group(struct wire *wire, const struct json *body, struct flag *flag)
{
    read_key(wire, body, flag);
    read_names(wire, body, flag);
    read_bucketing(wire, body, flag);
}

/* The group, with what the body said of it. */
static void name_group(struct flag group, struct flag *named)
{
    group.key = named->key;
    group.name = named->name;
    group.description = named->description;
    group.evaluation_mode = named->evaluation_mode;
    group.bucket_by = named->bucket_by;
    group.salt = named->salt;
    *named = group;
}

static void read_members(struct wire *wire, const struct json *object, struct str outer,
                         struct str name, struct member_list *list)
{
    *list = (struct member_list){.where = wire_member_path(wire, outer, name)};
    list->is_given = wire_ids(wire, object, outer, name, &list->numbers, &list->count);
    wire_check_count(wire, list->where, list->count, MEMBERS_PER_LIST_MAX, "members");
}

/* A list in a PATCH takes the place of the one that was there (6.2). */
static void read_individuals(struct wire *wire, const struct json *object, struct str outer,
                             struct str name, struct variation *variation)
{
    struct str *texts = NULL;
    size_t count = 0;
    if (!wire_texts(wire, object, outer, name, &texts, &count))
        return;
    variation->included_count = 0;
    inclusions_add(wire, wire_member_path(wire, outer, name), &variation->included,
                   &variation->included_count, texts, count, INCLUSIONS_PER_VARIATION_MAX);
}

/* ---- mutual exclusion ------------------------------------------------------------------------ */

static void read_slot_lists(struct wire *wire, const struct json *json, struct str path,
                            struct variation *variation, struct slot_input *slot)
{
    slot->variation = variation->id;
    read_members(wire, json, path, STR("experiments"), &slot->experiments);
    read_members(wire, json, path, STR("holdouts"), &slot->holdouts);
    read_individuals(wire, json, path, STR("individuals"), variation);
}

/* What a body says of slots. */
struct slots_read {
    struct slot_input *inputs;
    uint32_t percents[SLOTS_PER_MUTEX_MAX];
    struct variation listed[SLOTS_PER_MUTEX_MAX]; /* who is in one by name */
    size_t count;
};

static void read_slot(struct wire *wire, const struct json *json, struct str path, size_t index,
                      struct slots_read *slots)
{
    if (json->type != JSON_OBJECT) {
        wire_refuse(wire, path, STR("must be an object"));
        return;
    }
    struct variation *variation = &slots->listed[index];
    variation->id = group_slot(wire->arena, index + 1);
    wire_require(wire,
                 wire_integer(wire, json, path, STR("percentage"), 1, 100, &slots->percents[index]),
                 path, STR("percentage"));
    read_slot_lists(wire, json, path, variation, &slots->inputs[index]);
}

static void read_slots(struct wire *wire, const struct json *body, struct slots_read *slots)
{
    struct str name = STR("slots");
    uint32_t total = 0;
    const struct json *list = wire_array(wire, body, STR(""), name);
    wire_require(wire, list != NULL, STR(""), name);
    if (list == NULL)
        return;
    if (list->count == 0 || list->count > SLOTS_PER_MUTEX_MAX)
        wire_refuse(wire, name, STR("must be 1 to 20 slots"));
    for (uint32_t i = 0; i < list->count && !wire_failed(wire); i++) {
        read_slot(wire, &list->elements[i], wire_item_path(wire, name, i), i, slots);
        total += slots->percents[i];
    }
    if (total != 100)
        wire_refuse(
            wire, name,
            arena_format(wire->arena, "must have percentages that sum to 100, not to %u", total));
    slots->count = list->count;
}

void mutex_create(struct wire *wire, const struct json *body, struct flag *flag,
                  struct slot_input *slots, size_t *slot_count)
{
    struct slots_read read = {.inputs = slots};
    *slot_count = 0;
    *flag = (struct flag){0};
    read_group(wire, body, flag);
    read_slots(wire, body, &read);
    if (wire_failed(wire))
        return;
    name_group(group_make_mutex(wire->arena, read.percents, read.count), flag);
    for (size_t i = 0; i < read.count; i++) {
        flag->variations[i].included = read.listed[i].included;
        flag->variations[i].included_count = read.listed[i].included_count;
    }
    *slot_count = read.count;
}

/* Whether the request is one to archive, which says nothing else. */
static bool reads_archive(struct wire *wire, const struct json *body, struct flag *flag)
{
    return wire_boolean(wire, body, STR(""), STR("archive"), &flag->is_archived) &&
           flag->is_archived;
}

void mutex_patch(struct wire *wire, const struct json *body, struct flag *flag)
{
    if (!reads_archive(wire, body, flag))
        read_names(wire, body, flag);
}

struct str slot_variation(struct arena *arena, const struct flag *flag, struct str index)
{
    uint64_t number = 0;
    if (!wire_parse_id(index, &number))
        return (struct str){0};
    struct str id = group_slot(arena, number);
    return flag_find_variation(flag, id) < 0 ? (struct str){0} : id;
}

void slot_patch(struct wire *wire, const struct json *body, struct flag *flag,
                struct slot_input *slot)
{
    struct variation *variation = variant_find(flag, slot->variation);
    if (variation != NULL)
        read_slot_lists(wire, body, STR(""), variation, slot);
}

/* ---- holdouts -------------------------------------------------------------------------------- */

/* Who is listed twice is held out: "holdout" stands before "on" (7.2). */
static void read_holdout_lists(struct wire *wire, const struct json *body, struct flag *flag,
                               struct member_list *experiments)
{
    read_members(wire, body, STR(""), STR("experiments"), experiments);
    read_individuals(wire, body, STR(""), STR("individualInclusion"),
                     variant_find(flag, STR("holdout")));
    read_individuals(wire, body, STR(""), STR("individualExclusion"),
                     variant_find(flag, STR("on")));
}

void holdout_create(struct wire *wire, const struct json *body, struct flag *flag,
                    struct member_list *experiments)
{
    uint32_t percentage = 0;
    *flag = (struct flag){0};
    read_group(wire, body, flag);
    wire_require(wire, !str_is_absent(flag->name), STR(""), STR("name"));
    wire_require(wire,
                 wire_integer(wire, body, STR(""), STR("holdoutPercentage"), 1, 99, &percentage),
                 STR(""), STR("holdoutPercentage"));
    name_group(group_make_holdout(wire->arena, percentage), flag);
    read_holdout_lists(wire, body, flag, experiments);
}

void holdout_patch(struct wire *wire, const struct json *body, struct flag *flag,
                   struct member_list *experiments)
{
    *experiments = (struct member_list){0};
    if (reads_archive(wire, body, flag))
        return;
    read_names(wire, body, flag);
    read_holdout_lists(wire, body, flag, experiments);
}
