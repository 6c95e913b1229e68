/* SPDX-License-Identifier: Apache-2.0 */
/* transfer_read - import: see transfer.h. */
#include "base/instant.h"
#include "base/map.h"
#include "base/numbers.h"
#include "dialect/admin/deployment_labels.h"
#include "dialect/admin/transfer.h"
#include "model/codec.h"
#include "model/limits.h"

static const struct json_budget text_budget = {
    .depth_max = VALUE_DEPTH_MAX + 34,
    .members_max = VARIATION_VALUE_BYTES_MAX,
    .string_bytes_max = VARIATION_VALUE_BYTES_MAX,
    .number_bytes_max = 64,
    .values_max = 4000000,
};

struct reading {
    struct arena *arena;
    const struct catalog *catalog;
    uint64_t environment;
};

static struct fault refuse(struct arena *arena, const char *list, size_t index, const char *rest,
                           const char *why)
{
    return fault_make(FAULT_INVALID, arena_format(arena, "$.%s[%zu]%s", list, index, rest),
                      str_of(why));
}

/* A decoder's fault is about its own document: "$.rules" of flag 3 is "$.flags[3].rules". */
static struct fault place(struct arena *arena, const char *list, size_t index, struct fault fault)
{
    struct str inside = str_starts_with(fault.where, STR("$"))
                            ? str_slice(fault.where, 1, fault.where.size)
                            : STR("");
    fault.where = arena_format(arena, "$.%s[%zu]%.*s", list, index, STR_ARG(inside));
    return fault;
}

/* ---- flags and segments -------------------------------------------------------------------- */

static struct fault write_numbers(struct json_writer *writer, const struct reading *reading,
                                  size_t index, const struct json *labels)
{
    struct arena *arena = reading->arena;
    if (labels->type != JSON_ARRAY || labels->count > DEPLOYMENTS_PER_FLAG_MAX)
        return refuse(arena, "flags", index, ".deployments", "must be a list of labels");
    uint64_t *numbers = ARENA_NEW_ARRAY(arena, uint64_t, labels->count);
    uint32_t label_count = reading->catalog == NULL ? 0 : labels->count;
    for (uint32_t i = 0; i < label_count; i++) {
        const struct json *label = &labels->elements[i];
        if (label->type == JSON_STRING)
            numbers[i] = deployment_of_label(reading->catalog, reading->environment, label->string);
        if (numbers[i] == 0)
            return refuse(arena, "flags", index, arena_format(arena, ".deployments[%u]", i).data,
                          "is no deployment of this environment");
    }
    size_t count = numbers_sort(numbers, label_count);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        json_u64(writer, numbers[i]);
    json_array_end(writer);
    return fault_none();
}

/* As the decoders want it: with an id, which the edit fills in, and deployments by number. */
static struct fault write_stored_form(const struct reading *reading, const char *list, size_t index,
                                      const struct json *document, struct buf *buf)
{
    struct fault fault = fault_none();
    bool is_flag = str_equal(str_of(list), STR("flags"));
    struct json_writer writer;
    if (document->type != JSON_OBJECT)
        return refuse(reading->arena, list, index, "", "must be an object");
    if (json_find(document, STR("id")) != NULL)
        return refuse(reading->arena, list, index, ".id", "ids are not taken over");
    json_writer_open(&writer, buf);
    json_object_begin(&writer);
    json_member_string(&writer, STR("id"), STR("imported"));
    for (uint32_t i = 0; i < document->count && !failed(fault); i++) {
        const struct json_member *member = &document->members[i];
        json_key(&writer, member->key);
        if (is_flag && str_equal(member->key, STR("deployments")))
            fault = write_numbers(&writer, reading, index, &member->value);
        else
            json_tree(&writer, &member->value);
    }
    if (!failed(fault)) /* else the text is thrown away, as far as it came */
        json_object_end(&writer);
    return fault;
}

static struct fault stored_text(const struct reading *reading, const char *list, size_t index,
                                const struct json *document, struct str *text)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    struct fault fault = write_stored_form(reading, list, index, document, &buf);
    if (!failed(fault))
        *text = arena_copy_str(reading->arena, buf_str(&buf));
    buf_close(&buf);
    return fault;
}

static struct fault read_flags(const struct reading *reading, const struct json *list,
                               struct whole_state *state)
{
    struct fault fault = fault_none();
    const struct flag **flags = ARENA_NEW_ARRAY(reading->arena, const struct flag *, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct flag *flag = ARENA_NEW(reading->arena, struct flag);
        struct str text = {0};
        fault = stored_text(reading, "flags", i, &list->elements[i], &text);
        if (failed(fault))
            return fault;
        fault = flag_decode(reading->arena, text, flag);
        if (failed(fault))
            return place(reading->arena, "flags", i, fault);
        flag->id = (struct str){0};
        flags[i] = flag;
    }
    state->flags = flags;
    state->flag_count = list->count;
    return fault;
}

static struct fault read_segments(const struct reading *reading, const struct json *list,
                                  struct whole_state *state)
{
    struct fault fault = fault_none();
    const struct segment **segments =
        ARENA_NEW_ARRAY(reading->arena, const struct segment *, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct segment *segment = ARENA_NEW(reading->arena, struct segment);
        struct str text = {0};
        fault = stored_text(reading, "segments", i, &list->elements[i], &text);
        if (failed(fault))
            return fault;
        fault = segment_decode(reading->arena, text, segment);
        if (failed(fault))
            return place(reading->arena, "segments", i, fault);
        segment->id = (struct str){0};
        segments[i] = segment;
    }
    state->segments = segments;
    state->segment_count = list->count;
    return fault;
}

/* ---- cohorts ------------------------------------------------------------------------------- */

static struct str text_of(const struct json *object, struct str name)
{
    const struct json *member = json_find(object, name);
    return member != NULL && member->type == JSON_STRING ? member->string : (struct str){0};
}

static bool has_texts_only(const struct json *object)
{
    static const struct str known[] = {STR("id"), STR("name"), STR("description"), STR("groupType"),
                                       STR("modifiedAt")};
    for (uint32_t i = 0; i < object->count; i++) {
        const struct json_member *member = &object->members[i];
        size_t at = 0;
        while (at < COUNT_OF(known) && !str_equal(member->key, known[at]))
            at++;
        bool is_list = str_equal(member->key, STR("memberIds"));
        if (is_list ? member->value.type != JSON_ARRAY
                    : at == COUNT_OF(known) || member->value.type != JSON_STRING)
            return false;
    }
    return true;
}

static struct fault read_members(const struct json *ids, struct cohort_members **members)
{
    struct fault fault = fault_none();
    struct cohort_builder *builder = cohort_builder_open();
    for (uint32_t i = 0; i < ids->count && !failed(fault); i++) {
        fault = ids->elements[i].type == JSON_STRING
                    ? cohort_builder_add(builder, ids->elements[i].string)
                    : fault_make(FAULT_INVALID, STR(""), STR("ids must be strings"));
    }
    if (!failed(fault))
        return cohort_builder_finish(builder, members);
    cohort_builder_abandon(builder);
    return fault;
}

static struct fault read_cohort(const struct reading *reading, size_t index,
                                const struct json *json, struct transfer *transfer,
                                struct cohort *cohort)
{
    const struct json *ids = json_find(json, STR("memberIds"));
    if (json->type != JSON_OBJECT || ids == NULL || !has_texts_only(json))
        return refuse(reading->arena, "cohorts", index, "",
                      "must be an object of id, name, description, groupType, modifiedAt and "
                      "memberIds");
    *cohort = (struct cohort){
        .id = text_of(json, STR("id")),
        .name = text_of(json, STR("name")),
        .description = text_of(json, STR("description")),
        .group_type = text_of(json, STR("groupType")),
    };
    struct str modified = text_of(json, STR("modifiedAt"));
    if (!str_is_absent(modified) && !instant_parse(modified, &cohort->modified_ms))
        return refuse(reading->arena, "cohorts", index, ".modifiedAt", "must be an instant");
    struct cohort_members *members = NULL;
    struct fault fault = read_members(ids, &members);
    if (failed(fault))
        return refuse(reading->arena, "cohorts", index, ".memberIds",
                      arena_format(reading->arena, "%.*s", STR_ARG(fault.why)).data);
    transfer->members[transfer->member_count++] = members;
    cohort->members = members;
    cohort->size = cohort_members_count(members);
    return fault_none();
}

static struct fault read_cohorts(const struct reading *reading, const struct json *list,
                                 struct transfer *transfer)
{
    if (list->count > COHORTS_PER_ENVIRONMENT_MAX)
        return fault_make(FAULT_LIMIT, STR("$.cohorts"),
                          STR("an environment has at most 100 cohorts"));
    const struct cohort **cohorts =
        ARENA_NEW_ARRAY(reading->arena, const struct cohort *, list->count);
    transfer->members = ARENA_NEW_ARRAY(reading->arena, struct cohort_members *, list->count);
    for (uint32_t i = 0; i < list->count; i++) {
        struct cohort *cohort = ARENA_NEW(reading->arena, struct cohort);
        struct fault fault = read_cohort(reading, i, &list->elements[i], transfer, cohort);
        if (failed(fault))
            return fault;
        cohorts[i] = cohort;
    }
    transfer->state.cohorts = cohorts;
    transfer->state.cohort_count = list->count;
    return fault_none();
}

/* ---- once each ----------------------------------------------------------------------------- */

static struct fault check_flags_once(struct arena *arena, const struct whole_state *state)
{
    struct map keys;
    map_open(&keys, arena, state->flag_count);
    for (size_t i = 0; i < state->flag_count; i++) {
        if (!map_insert(&keys, state->flags[i]->key, 0))
            return refuse(arena, "flags", i, ".key", "is there twice");
    }
    return fault_none();
}

static struct fault check_segments_once(struct arena *arena, const struct whole_state *state)
{
    struct map keys;
    map_open(&keys, arena, state->segment_count);
    for (size_t i = 0; i < state->segment_count; i++) {
        if (!map_insert(&keys, state->segments[i]->key, 0))
            return refuse(arena, "segments", i, ".key", "is there twice");
    }
    return fault_none();
}

static struct fault check_cohorts_once(struct arena *arena, const struct whole_state *state)
{
    struct map ids;
    map_open(&ids, arena, state->cohort_count);
    for (size_t i = 0; i < state->cohort_count; i++) {
        if (!map_insert(&ids, state->cohorts[i]->id, 0))
            return refuse(arena, "cohorts", i, ".id", "is there twice");
    }
    return fault_none();
}

static struct fault check_once(struct arena *arena, const struct whole_state *state)
{
    struct fault fault = check_flags_once(arena, state);
    if (!failed(fault))
        fault = check_segments_once(arena, state);
    return failed(fault) ? fault : check_cohorts_once(arena, state);
}

/* ---- the text ------------------------------------------------------------------------------ */

static struct fault read_settings(struct arena *arena, const struct json *json,
                                  struct whole_state *state)
{
    struct environment_settings *settings = ARENA_NEW(arena, struct environment_settings);
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, json);
    struct str text = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    struct fault fault = settings_decode(arena, text, settings);
    if (failed(fault)) {
        fault.where = STR("$.settings");
        return fault;
    }
    state->settings = settings;
    return fault_none();
}

static struct fault check_shape(struct arena *arena, const struct json *json)
{
    static const struct str lists[] = {STR("segments"), STR("flags"), STR("cohorts")};
    if (json->type != JSON_OBJECT ||
        !str_equal(text_of(json, STR("format")), STR("guidon.environment/1")))
        return fault_make(FAULT_INVALID, STR("$.format"), STR("must be guidon.environment/1"));
    for (uint32_t i = 0; i < json->count; i++) {
        const struct json_member *member = &json->members[i];
        size_t at = 0;
        while (at < COUNT_OF(lists) && !str_equal(member->key, lists[at]))
            at++;
        bool is_known = str_equal(member->key, STR("format")) ||
                        str_equal(member->key, STR("settings")) ||
                        (at < COUNT_OF(lists) && member->value.type == JSON_ARRAY);
        if (!is_known)
            return fault_make(FAULT_INVALID, arena_format(arena, "$.%.*s", STR_ARG(member->key)),
                              STR("is not known here, or no list"));
    }
    return fault_none();
}

struct fault transfer_read(struct arena *arena, const struct catalog *catalog, uint64_t environment,
                           struct str text, struct transfer *transfer)
{
    const struct reading reading = {arena, catalog, environment};
    struct json json;
    *transfer = (struct transfer){.state.keeps_cohorts = true};
    struct fault fault = json_parse(arena, text, &text_budget, &json);
    if (!failed(fault))
        fault = check_shape(arena, &json);
    if (failed(fault))
        return fault;
    const struct json *settings = json_find(&json, STR("settings"));
    const struct json *segments = json_find(&json, STR("segments"));
    const struct json *flags = json_find(&json, STR("flags"));
    const struct json *cohorts = json_find(&json, STR("cohorts"));
    transfer->state.keeps_cohorts = cohorts == NULL;
    if (settings != NULL)
        fault = read_settings(arena, settings, &transfer->state);
    if (!failed(fault) && segments != NULL)
        fault = read_segments(&reading, segments, &transfer->state);
    if (!failed(fault) && flags != NULL)
        fault = read_flags(&reading, flags, &transfer->state);
    if (!failed(fault) && cohorts != NULL)
        fault = read_cohorts(&reading, cohorts, transfer);
    return failed(fault) ? fault : check_once(arena, &transfer->state);
}

void transfer_close(struct transfer *transfer)
{
    for (size_t i = 0; i < transfer->member_count; i++)
        cohort_members_release(transfer->members[i]);
    transfer->member_count = 0;
}
