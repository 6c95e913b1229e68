/* SPDX-License-Identifier: Apache-2.0 */
/* segments - target segments in and out: see rollout.h. */
#include "dialect/amplitude/condition.h"
#include "dialect/amplitude/property.h"
#include "dialect/amplitude/rollout.h"
#include "model/limits.h"

/* ---- in -------------------------------------------------------------------------------------- */

static void read_conditions(struct wire *wire, const struct json *json, struct str path,
                            bool is_old, struct expression *when)
{
    const struct json *list = wire_array(wire, json, path, STR("conditions"));
    wire_require(wire, list != NULL, path, STR("conditions"));
    *when = (struct expression){.kind = EXPRESSION_ALL};
    if (list == NULL)
        return;
    struct str where = wire_member_path(wire, path, STR("conditions"));
    wire_check_count(wire, where, list->count, CLAUSES_PER_RULE_MAX, "conditions");
    if (wire_failed(wire))
        return;
    when->children = ARENA_NEW_ARRAY(wire->arena, struct expression, list->count);
    when->child_count = list->count;
    for (uint32_t i = 0; i < list->count && !wire_failed(wire); i++) {
        struct str item = wire_item_path(wire, where, i);
        condition_read(wire, &list->elements[i], item, !is_old, &when->children[i]);
    }
}

static void read_name(struct wire *wire, const struct json *json, struct str path, bool is_old,
                      struct rule *rule)
{
    bool has_name = wire_text(wire, json, path, STR("name"), &rule->description);
    if (!has_name && is_old)
        rule->description = rule->id;
    wire_require(wire, has_name || is_old, path, STR("name"));
    if (has_name && rule->description.size == 0)
        wire_refuse(wire, wire_member_path(wire, path, STR("name")), STR("must not be empty"));
}

static void read_rollout(struct wire *wire, const struct json *json, struct str path, bool is_old,
                         const struct flag *flag, struct rollout *rollout)
{
    *rollout = (struct rollout){.percentage = 100};
    bool has_percentage =
        wire_integer(wire, json, path, STR("percentage"), 0, 100, &rollout->percentage);
    wire_require(wire, has_percentage || is_old, path, STR("percentage"));
    struct str name = STR("rolloutWeights");
    const struct json *weights = wire_object(wire, json, path, name);
    wire_require(wire, weights != NULL || is_old, path, name);
    if (weights != NULL)
        rollout_read_weights(wire, weights, wire_member_path(wire, path, name), flag, rollout);
    else
        rollout_weigh_evenly(wire->arena, flag, rollout);
    struct str key = {0};
    if (!wire_text(wire, json, path, STR("bucketingKey"), &key))
        return;
    rollout->bucket_by = property_selector(wire->arena, key);
    if (str_is_absent(rollout->bucket_by))
        wire_refuse(wire, wire_member_path(wire, path, STR("bucketingKey")),
                    STR("must name a property"));
}

static void read_segment(struct wire *wire, const struct json *json, struct str path, bool is_old,
                         const struct flag *flag, struct rule *rule)
{
    struct rollout rollout;
    if (json->type != JSON_OBJECT) {
        wire_refuse(wire, path, STR("must be an object"));
        return;
    }
    read_name(wire, json, path, is_old, rule);
    read_conditions(wire, json, path, is_old, &rule->when);
    read_rollout(wire, json, path, is_old, flag, &rollout);
    rule->serve = rollout_serve(wire->arena, &rollout);
}

void segments_read(struct wire *wire, const struct json *list, struct str path, bool is_old,
                   struct flag *flag)
{
    wire_check_count(wire, path, list->count, RULES_PER_FLAG_MAX, "segments");
    if (wire_failed(wire))
        return;
    struct rule *rules = ARENA_NEW_ARRAY(wire->arena, struct rule, list->count);
    for (uint32_t i = 0; i < list->count && !wire_failed(wire); i++) {
        struct str item = wire_item_path(wire, path, i);
        rules[i].id = arena_format(wire->arena, "segment-%u", i + 1);
        read_segment(wire, &list->elements[i], item, is_old, flag, &rules[i]);
    }
    flag->rules = rules;
    flag->rule_count = list->count;
}

/* ---- back ------------------------------------------------------------------------------------ */

static bool is_conjunction(struct arena *arena, const struct expression *when)
{
    if (when->kind != EXPRESSION_ALL)
        return false;
    for (size_t i = 0; i < when->child_count; i++) {
        if (!condition_put(NULL, arena, &when->children[i]))
            return false;
    }
    return true;
}

static bool has_schedule(const struct schedule *schedule)
{
    return !str_is_absent(schedule->start) || !str_is_absent(schedule->end);
}

bool segments_are_exact(struct arena *arena, const struct flag *flag)
{
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct rule *rule = &flag->rules[i];
        struct rollout rollout;
        if (has_schedule(&rule->schedule) || !is_conjunction(arena, &rule->when) ||
            !rollout_of(arena, flag, &rule->serve, &rollout))
            return false;
    }
    return true;
}

static void put_segment(struct json_writer *writer, struct arena *arena, const struct flag *flag,
                        const struct rule *rule)
{
    struct rollout rollout;
    rollout_of(arena, flag, &rule->serve, &rollout);
    json_object_begin(writer);
    wire_put_member_text(writer, STR("name"),
                         str_is_absent(rule->description) ? rule->id : rule->description);
    json_key(writer, STR("conditions"));
    json_array_begin(writer);
    for (size_t i = 0; i < rule->when.child_count; i++)
        condition_put(writer, arena, &rule->when.children[i]);
    json_array_end(writer);
    json_member_u64(writer, STR("percentage"), rollout.percentage);
    json_member_string(writer, STR("bucketingKey"), bucketing_key(arena, flag, rollout.bucket_by));
    json_key(writer, STR("rolloutWeights"));
    rollout_put_weights(writer, &rollout);
    json_object_end(writer);
}

void segments_put(struct json_writer *writer, struct arena *arena, const struct flag *flag)
{
    json_array_begin(writer);
    for (size_t i = 0; i < flag->rule_count; i++)
        put_segment(writer, arena, flag, &flag->rules[i]);
    json_array_end(writer);
}
