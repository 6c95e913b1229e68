/* SPDX-License-Identifier: Apache-2.0 */
/*
 * validate - section 12's validation of a core document.
 *
 * The order of the checks and every message are the vendor's library's; the vectors `validate`
 * prove them. Where that library would throw (a malformed rule on a client flag, quirk 11) we list
 * the issue like any other.
 */
#include "dialect/superflag/validate.h"

#include "dialect/superflag/document.h"
#include "dialect/superflag/property.h"
#include "model/names.h"

static bool is_client(const struct json *resource)
{
    return str_equal(property_text(resource, STR("visibility")), STR("client"));
}

static void require_name(struct validation *v, const struct issue_path *path,
                         const struct json *object, struct str key)
{
    if (!json_is_name(property_find(object, key)))
        issue_add_member(&v->issues, path, key, STR("must be a non-empty string"));
}

static void check_visibility(struct validation *v, const struct issue_path *path,
                             const struct json *object)
{
    const struct json *visibility = property_find(object, STR("visibility"));
    if (visibility == NULL)
        return;
    bool is_known =
        visibility->type == JSON_STRING && (str_equal(visibility->string, STR("client")) ||
                                            str_equal(visibility->string, STR("server")));
    if (!is_known)
        issue_add_member(&v->issues, path, STR("visibility"), STR("must be client or server"));
}

static void check_metadata(struct validation *v, const struct issue_path *path,
                           const struct json *object)
{
    const struct json *metadata = property_find(object, STR("metadata"));
    if (metadata != NULL && metadata->type != JSON_OBJECT)
        issue_add_member(&v->issues, path, STR("metadata"), STR("must contain only JSON values"));
}

static void check_schedule(struct validation *v, const struct issue_path *path,
                           const struct json *object)
{
    const struct json *schedule = property_find(object, STR("schedule"));
    const struct issue_path member = issue_path_member(path, STR("schedule"));
    if (schedule != NULL)
        validate_schedule(v, &member, schedule);
}

/* ---- segments --------------------------------------------------------------------------- */

static void check_targeting_keys(struct validation *v, const struct issue_path *path,
                                 const struct json *segment, struct str key)
{
    const struct json *list = property_find(segment, key);
    if (list != NULL && !json_is_array_of_strings(list))
        issue_add_member(&v->issues, path, key, STR("must be an array of targeting keys"));
}

static void check_segment(struct validation *v, const struct issue_path *path,
                          const struct json *segment)
{
    if (!json_is_object(segment)) {
        issue_add(&v->issues, path, STR("must be an object"));
        return;
    }
    check_schedule(v, path, segment);
    check_visibility(v, path, segment);
    check_targeting_keys(v, path, segment, STR("included"));
    check_targeting_keys(v, path, segment, STR("excluded"));
    const struct json *rules = property_find(segment, STR("rules"));
    const struct issue_path list = issue_path_member(path, STR("rules"));
    if (rules == NULL)
        return;
    if (rules->type != JSON_ARRAY) {
        issue_add(&v->issues, &list, STR("must be an array"));
        return;
    }
    for (size_t i = 0; i < rules->count; i++) {
        const struct issue_path item = issue_path_item(&list, i);
        validate_expression(v, &item, &rules->elements[i], true, EXPRESSION_NESTING_MAX);
    }
}

/* ---- flags ------------------------------------------------------------------------------ */

static void check_tags(struct validation *v, const struct issue_path *path, const struct json *flag)
{
    const struct json *tags = property_find(flag, STR("tags"));
    if (!json_is_array_of_names(tags)) {
        issue_add_member(&v->issues, path, STR("tags"),
                         STR("must be an array of non-empty strings"));
        return;
    }
    struct map seen;
    map_open(&seen, v->issues.arena, tags->count);
    for (size_t i = 0; i < tags->count; i++) {
        if (map_insert(&seen, tags->elements[i].string, 0))
            continue;
        issue_add_member(&v->issues, path, STR("tags"), STR("must not contain duplicates"));
        return;
    }
}

struct value_kinds {
    bool has_declared, has_first;
    enum value_type declared, first;
};

static void check_variation(struct validation *v, const struct issue_path *path,
                            const struct json *variation, struct value_kinds *kinds)
{
    const struct json *value = property_find(variation, STR("value"));
    const struct issue_path at = issue_path_member(path, STR("value"));
    enum value_type type = VALUE_BOOLEAN;
    if (value == NULL || !value_type_of(value, &type)) {
        issue_add(&v->issues, &at, STR("must be a non-null JSON value"));
        return;
    }
    if (!kinds->has_first) {
        kinds->has_first = true;
        kinds->first = type;
    }
    if (type != kinds->first)
        issue_add(&v->issues, &at, STR("must have the same value type as other variations"));
    if (kinds->has_declared && type != kinds->declared)
        issue_add(&v->issues, &at,
                  issue_message(v->issues.arena, STR("must match declared flag type "),
                                value_type_name(kinds->declared), STR("")));
}

/* False when there is no map of variations to check the rest of the flag against. */
static bool check_variations(struct validation *v, const struct issue_path *path,
                             const struct json *flag, struct value_kinds *kinds)
{
    const struct json *variations = property_find(flag, STR("variations"));
    const struct issue_path at = issue_path_member(path, STR("variations"));
    if (!json_is_object(variations) || variations->count == 0) {
        issue_add(&v->issues, &at, STR("must be a non-empty object"));
        return false;
    }
    const struct json_member **order = property_order(v->issues.arena, variations);
    map_open(&v->variations, v->issues.arena, variations->count);
    for (size_t i = 0; i < variations->count; i++) {
        const struct issue_path item = issue_path_member(&at, order[i]->key);
        map_insert(&v->variations, order[i]->key, (uint32_t)i);
        check_variation(v, &item, &order[i]->value, kinds);
    }
    return true;
}

static void check_prerequisite(struct validation *v, const struct issue_path *path,
                               const struct json *prerequisite)
{
    if (!json_is_object(prerequisite)) {
        issue_add(&v->issues, path, STR("must be an object"));
        return;
    }
    const struct json *flag = property_find(prerequisite, STR("flag"));
    if (!json_is_text(flag) || map_find(&v->flags, flag->string) == MAP_ABSENT)
        issue_add_member(&v->issues, path, STR("flag"), STR("must reference an existing flag"));
    if (!json_is_array_of_strings(property_find(prerequisite, STR("variations"))))
        issue_add_member(&v->issues, path, STR("variations"),
                         STR("must be an array of variation ids"));
}

static void check_prerequisites(struct validation *v, const struct issue_path *path,
                                const struct json *flag)
{
    const struct json *prerequisites = property_find(flag, STR("prerequisites"));
    const struct issue_path list = issue_path_member(path, STR("prerequisites"));
    if (prerequisites == NULL)
        return;
    if (prerequisites->type != JSON_ARRAY) {
        issue_add(&v->issues, &list, STR("must be an array"));
        return;
    }
    for (size_t i = 0; i < prerequisites->count; i++) {
        const struct issue_path item = issue_path_item(&list, i);
        check_prerequisite(v, &item, &prerequisites->elements[i]);
    }
}

static void check_rule(struct validation *v, const struct issue_path *path, const struct json *rule,
                       struct map *ids)
{
    if (!json_is_object(rule)) {
        issue_add(&v->issues, path, STR("must be an object"));
        return;
    }
    const struct json *id = property_find(rule, STR("id"));
    if (!json_is_text(id) || id->string.size == 0)
        issue_add_member(&v->issues, path, STR("id"), STR("must be a non-empty string"));
    else if (!map_insert(ids, id->string, 0))
        issue_add_member(&v->issues, path, STR("id"), STR("must be unique within the flag"));

    const struct issue_path when = issue_path_member(path, STR("when"));
    validate_expression(v, &when, property_find(rule, STR("when")), true, EXPRESSION_NESTING_MAX);
    const struct issue_path serve = issue_path_member(path, STR("serve"));
    validate_serve(v, &serve, property_find(rule, STR("serve")));
    check_schedule(v, path, rule);
}

static void check_rules(struct validation *v, const struct issue_path *path,
                        const struct json *flag)
{
    const struct json *rules = property_find(flag, STR("rules"));
    const struct issue_path list = issue_path_member(path, STR("rules"));
    if (rules == NULL)
        return;
    if (rules->type != JSON_ARRAY) {
        issue_add(&v->issues, &list, STR("must be an array"));
        return;
    }
    struct map ids;
    map_open(&ids, v->issues.arena, rules->count);
    for (size_t i = 0; i < rules->count; i++) {
        const struct issue_path item = issue_path_item(&list, i);
        check_rule(v, &item, &rules->elements[i], &ids);
    }
}

static void check_flag_texts(struct validation *v, const struct issue_path *path,
                             const struct json *flag, struct value_kinds *kinds)
{
    const struct json *enabled = property_find(flag, STR("enabled"));
    if (enabled == NULL || enabled->type != JSON_BOOLEAN)
        issue_add_member(&v->issues, path, STR("enabled"), STR("must be a boolean"));
    const struct json *type = property_find(flag, STR("type"));
    kinds->has_declared = json_is_text(type) && value_type_parse(type->string, &kinds->declared);
    if (!kinds->has_declared)
        issue_add_member(&v->issues, path, STR("type"),
                         STR("must be boolean, string, number, or object"));
    require_name(v, path, flag, STR("description"));
    require_name(v, path, flag, STR("owner"));
    if (name_find(&lifecycle_names, property_text(flag, STR("lifecycle"))) < 0)
        issue_add_member(&v->issues, path, STR("lifecycle"),
                         STR("must be draft, active, deprecated, or archived"));
    check_tags(v, path, flag);
}

static void check_flag(struct validation *v, const struct issue_path *path, const struct json *flag)
{
    if (!json_is_object(flag)) {
        issue_add(&v->issues, path, STR("must be an object"));
        return;
    }
    struct value_kinds kinds = {0};
    check_flag_texts(v, path, flag, &kinds);
    if (!check_variations(v, path, flag, &kinds))
        return;
    const struct json *off = property_find(flag, STR("offVariation"));
    if (!json_is_text(off) || map_find(&v->variations, off->string) == MAP_ABSENT)
        issue_add_member(&v->issues, path, STR("offVariation"),
                         STR("must reference a variation on this flag"));
    const struct issue_path fallthrough = issue_path_member(path, STR("fallthrough"));
    validate_serve(v, &fallthrough, property_find(flag, STR("fallthrough")));
    check_schedule(v, path, flag);
    check_visibility(v, path, flag);
    check_metadata(v, path, flag);
    check_prerequisites(v, path, flag);
    check_rules(v, path, flag);
}

/* ---- between resources ------------------------------------------------------------------ */

/* The member a key names, or NULL. */
static const struct json *resolve(const struct map *map, const struct json *members,
                                  const struct json *key)
{
    if (!json_is_text(key))
        return NULL;
    uint32_t at = map_find(map, key->string);
    return at == MAP_ABSENT ? NULL : &members->members[at].value;
}

/* Every segment an expression names must be visible to clients, or `complaint` names it. */
static void check_segments_are_client(struct validation *v, const struct issue_path *path,
                                      const struct json *expression, struct str complaint,
                                      size_t levels_left)
{
    if (!json_is_object(expression) || levels_left == 0)
        return;
    const struct json *op = property_find(expression, STR("op"));
    struct str name = json_is_text(op) ? op->string : STR("");
    if (str_equal(name, STR("segment"))) {
        const struct json *key = property_find(expression, STR("segment"));
        const struct json *segment = resolve(&v->segments, v->segments_json, key);
        if (segment != NULL && !is_client(segment))
            issue_add(&v->issues, path,
                      issue_message(v->issues.arena, complaint, key->string, STR("")));
        return;
    }
    if (str_equal(name, STR("not"))) {
        check_segments_are_client(v, path, property_find(expression, STR("expression")), complaint,
                                  levels_left - 1);
        return;
    }
    bool has_children = str_equal(name, STR("all")) || str_equal(name, STR("any"));
    const struct json *children = property_find(expression, STR("expressions"));
    if (!has_children || !json_is_array(children))
        return;
    for (size_t i = 0; i < children->count; i++)
        check_segments_are_client(v, path, &children->elements[i], complaint, levels_left - 1);
}

static void check_client_flag(struct validation *v, const struct issue_path *path,
                              const struct json *flag)
{
    const struct json *list = property_find(flag, STR("prerequisites"));
    const struct issue_path prerequisites = issue_path_member(path, STR("prerequisites"));
    for (size_t i = 0; json_is_array(list) && i < list->count; i++) {
        const struct json *key = property_find(&list->elements[i], STR("flag"));
        const struct json *target = resolve(&v->flags, v->flags_json, key);
        if (target != NULL && !is_client(target))
            issue_add(&v->issues, &prerequisites,
                      issue_message(v->issues.arena, STR("client flag references server flag "),
                                    key->string, STR("")));
    }
    list = property_find(flag, STR("rules"));
    const struct issue_path rules = issue_path_member(path, STR("rules"));
    for (size_t i = 0; json_is_array(list) && i < list->count; i++)
        check_segments_are_client(v, &rules, property_find(&list->elements[i], STR("when")),
                                  STR("client flag references server segment "),
                                  EXPRESSION_NESTING_MAX);
}

static void check_client_segment(struct validation *v, const struct issue_path *path,
                                 const struct json *segment)
{
    const struct json *list = property_find(segment, STR("rules"));
    const struct issue_path rules = issue_path_member(path, STR("rules"));
    for (size_t i = 0; json_is_array(list) && i < list->count; i++)
        check_segments_are_client(v, &rules, &list->elements[i],
                                  STR("client segment references server segment "),
                                  EXPRESSION_NESTING_MAX);
}

static void check_prerequisite_variations(struct validation *v, const struct issue_path *path,
                                          const struct json *flag)
{
    const struct json *list = property_find(flag, STR("prerequisites"));
    const struct issue_path prerequisites = issue_path_member(path, STR("prerequisites"));
    for (size_t i = 0; json_is_array(list) && i < list->count; i++) {
        const struct json *key = property_find(&list->elements[i], STR("flag"));
        const struct json *target = resolve(&v->flags, v->flags_json, key);
        const struct json *known = property_find(target, STR("variations"));
        const struct json *ids = property_find(&list->elements[i], STR("variations"));
        if (!json_is_object(known) || !json_is_array(ids))
            continue;
        const struct issue_path of_flag = issue_path_member(&prerequisites, key->string);
        const struct issue_path variations = issue_path_member(&of_flag, STR("variations"));
        for (size_t j = 0; j < ids->count; j++) {
            const struct json *id = &ids->elements[j];
            const struct issue_path item = issue_path_item(&variations, j);
            if (id->type == JSON_STRING && property_find(known, id->string) == NULL)
                issue_add(&v->issues, &item,
                          STR("must reference a variation on the prerequisite flag"));
        }
    }
}

/* ---- the document ----------------------------------------------------------------------- */

typedef void (*resource_check)(struct validation *v, const struct issue_path *path,
                               const struct json *resource);

struct resources {
    const struct json *json;
    const struct json_member **order;
    struct issue_path path;
};

static void check_each(struct validation *v, const struct resources *resources,
                       resource_check check)
{
    for (size_t i = 0; resources->json != NULL && i < resources->json->count; i++) {
        const struct issue_path item =
            issue_path_member(&resources->path, resources->order[i]->key);
        check(v, &item, &resources->order[i]->value);
    }
}

static void check_each_client(struct validation *v, const struct resources *resources,
                              resource_check check)
{
    for (size_t i = 0; resources->json != NULL && i < resources->json->count; i++) {
        const struct issue_path item =
            issue_path_member(&resources->path, resources->order[i]->key);
        if (is_client(&resources->order[i]->value))
            check(v, &item, &resources->order[i]->value);
    }
}

static void index_members(struct map *map, struct arena *arena, const struct json *object)
{
    map_open(map, arena, object == NULL ? 0 : object->count);
    for (size_t i = 0; object != NULL && i < object->count; i++)
        map_insert(map, object->members[i].key, (uint32_t)i);
}

static void check_heading(struct validation *v, const struct issue_path *root,
                          const struct json *document)
{
    const struct json *schema = property_find(document, STR("schemaVersion"));
    if (schema == NULL || schema->type != JSON_NUMBER || schema->number != 1)
        issue_add_member(&v->issues, root, STR("schemaVersion"), STR("must equal 1"));
    if (!json_is_non_negative_integer(property_find(document, STR("configVersion"))))
        issue_add_member(&v->issues, root, STR("configVersion"),
                         STR("must be a non-negative safe integer"));
    const struct json *source = property_find(document, STR("source"));
    const struct issue_path at = issue_path_member(root, STR("source"));
    if (json_is_object(source)) {
        require_name(v, &at, source, STR("app"));
        require_name(v, &at, source, STR("environment"));
    } else {
        issue_add(&v->issues, &at, STR("must be an object"));
    }
}

static void check_document(struct validation *v, const struct json *document)
{
    const struct issue_path root = issue_path_root();
    if (!json_is_object(document)) {
        issue_add(&v->issues, &root, STR("must be an object"));
        return;
    }
    check_heading(v, &root, document);
    const struct json *flags = property_find(document, STR("flags"));
    const struct json *segments = property_find(document, STR("segments"));
    if (!json_is_object(flags))
        issue_add_member(&v->issues, &root, STR("flags"), STR("must be an object"));
    if (segments != NULL && !json_is_object(segments))
        issue_add_member(&v->issues, &root, STR("segments"), STR("must be an object"));
    check_metadata(v, &root, document);
    if (!json_is_object(flags) || (segments != NULL && !json_is_object(segments)))
        return;

    struct arena *arena = v->issues.arena;
    index_members(&v->flags, arena, flags);
    index_members(&v->segments, arena, segments);
    v->flags_json = flags;
    v->segments_json = segments;
    const struct resources all_flags = {flags, property_order(arena, flags),
                                        issue_path_member(&root, STR("flags"))};
    const struct resources all_segments = {
        segments, segments == NULL ? NULL : property_order(arena, segments),
        issue_path_member(&root, STR("segments"))};
    check_each(v, &all_segments, check_segment);
    check_each(v, &all_flags, check_flag);
    check_each_client(v, &all_flags, check_client_flag);
    check_each_client(v, &all_segments, check_client_segment);
    check_each(v, &all_flags, check_prerequisite_variations);
}

size_t superflag_validate(struct arena *arena, const struct json *document, struct issue **issues)
{
    struct validation v = {.issues = {.arena = arena}};
    check_document(&v, document);
    *issues = v.issues.items;
    return v.issues.count;
}

size_t superflag_validate_text(struct arena *arena, struct str text,
                               const struct json_budget *budget, struct issue **issues)
{
    struct json document;
    struct fault fault = json_parse(arena, text, budget, &document);
    if (!failed(fault))
        return superflag_validate(arena, &document, issues);
    struct issue_list list = {.arena = arena};
    const struct issue_path root = issue_path_root();
    issue_add(&list, &root, fault.why);
    *issues = list.items;
    return list.count;
}
