/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag - one flag: see reading.h. In order as it is decided over there: off, prerequisites,
 * targets, rules, fallthrough; targets become the first rules.
 */
#include <string.h>

#include "base/number.h"
#include "import/launchdarkly/reading.h"
#include "model/limits.h"

const struct json *numbered_settings(const struct reading *reading, const struct json *flag)
{
    const struct json *environments = source_object(flag, "environments");
    if (environments == NULL)
        return flag;
    const struct json *settings = json_find(environments, reading->environment);
    return settings != NULL && settings->type == JSON_OBJECT ? settings : NULL;
}

/* ---- variations ------------------------------------------------------------------------------ */

static bool is_plain(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        bool is_word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!is_word && c != '.' && c != '_' && c != '-')
            return false;
    }
    return text.size > 0 && text.size <= VARIATION_ID_UNITS_MAX;
}

/* Its name where that is a word, else its value, else its place. */
static struct str name_variation(struct arena *arena, size_t index, struct str name,
                                 const struct json *value)
{
    char number[NUMBER_TEXT_BYTES];
    if (is_plain(name))
        return name;
    if (value->type == JSON_BOOLEAN)
        return value->boolean ? STR("true") : STR("false");
    if (value->type == JSON_STRING && is_plain(value->string))
        return value->string;
    if (value->type == JSON_NUMBER) {
        size_t size = number_format(value->number, number);
        return (struct str){arena_copy(arena, number, size), size};
    }
    return arena_format(arena, "variation-%zu", index + 1);
}

static struct str unique_id(struct arena *arena, const struct flag *flag, struct str id)
{
    struct str unique = id;
    for (unsigned number = 2; flag_find_variation(flag, unique) >= 0; number++)
        unique = arena_format(arena, "%.*s-%u", STR_ARG(id), number);
    return unique;
}

/* A value by itself, or an object that has one beside its name. */
static struct variation read_variation(struct reading *reading, struct numbered_flag *flag,
                                       size_t index, const struct json *source, bool is_described)
{
    struct str name = is_described ? source_text(source, "name") : (struct str){0};
    const struct json *value = is_described ? json_find(source, STR("value")) : source;
    struct variation variation = {.value = value == NULL ? json_make_null() : *value};
    struct str id = name_variation(reading->arena, index, name, &variation.value);
    variation.id = unique_id(reading->arena, &flag->item->flag, id);
    if (!str_is_empty(name))
        variation.name = name;
    if (is_described && !str_is_empty(source_text(source, "description")))
        variation.description = source_text(source, "description");
    return variation;
}

static bool read_variations(struct scope *scope, struct numbered_flag *flag)
{
    struct reading *reading = scope->reading;
    struct flag *made = &flag->item->flag;
    const struct json *list = source_array(flag->source, "variations");
    bool is_described = flag->settings != flag->source;
    size_t count = list == NULL ? 0 : list->count;
    if (count > VARIATIONS_PER_FLAG_MAX) {
        scope->why = STR("has more than 64 variations");
        return false;
    }
    struct json *values = ARENA_NEW_ARRAY(reading->arena, struct json, count);
    made->variations = ARENA_NEW_ARRAY(reading->arena, struct variation, count);
    flag->ids = ARENA_NEW_ARRAY(reading->arena, struct str, count);
    for (size_t i = 0; i < count; i++) {
        made->variations[i] = read_variation(reading, flag, i, &list->elements[i], is_described);
        made->variation_count = i + 1;
        values[i] = made->variations[i].value;
        flag->ids[i] = made->variations[i].id;
    }
    flag->count = count;
    if (!build_common_type(values, count, &made->type))
        scope->why = STR("has variations of different types, or null among them");
    return str_is_absent(scope->why);
}

/* ---- off ------------------------------------------------------------------------------------- */

static bool is_wanted(const struct reading *reading, struct str name, int index)
{
    struct str text = arena_format(reading->arena, "%.*s %d", STR_ARG(name), index);
    return map_find(&reading->wanted, text) != MAP_ABSENT;
}

static bool has_prerequisites(const struct numbered_flag *flag)
{
    const struct json *prerequisites = source_array(flag->settings, "prerequisites");
    return prerequisites != NULL && prerequisites->count > 0;
}

/* The last one that is false, else the last. */
static struct str mildest(const struct flag *flag)
{
    for (size_t i = flag->variation_count; i-- > 0;) {
        const struct json *value = &flag->variations[i].value;
        if (value->type == JSON_BOOLEAN && !value->boolean)
            return flag->variations[i].id;
    }
    return flag->variations[flag->variation_count - 1].id;
}

static void read_no_off(struct reading *reading, struct numbered_flag *flag)
{
    struct flag *made = &flag->item->flag;
    bool may_be_off = !made->is_enabled || has_prerequisites(flag);
    made->off_variation = mildest(made);
    draft_lower_format(&reading->draft, flag->item->row, may_be_off ? IMPORT_PARTLY : IMPORT_EXACT,
                       "has no off variation: the programs' own defaults are served over there "
                       "when it is off, and %.*s here",
                       STR_ARG(made->off_variation));
}

/* A prerequisite that is off satisfies nobody over there, whatever it serves. Where its off
 * variation is asked for, what stands for off is a variation of its own. */
static void part_off(struct reading *reading, struct numbered_flag *flag, int index)
{
    enum import_outcome outcome = has_prerequisites(flag) ? IMPORT_PARTLY : IMPORT_EXACT;
    struct flag *made = &flag->item->flag;
    made->off_variation = numbered_variation_copy(reading, flag, (size_t)index, "-off",
                                                  "The same value, while it is off");
    draft_lower_format(&reading->draft, flag->item->row, outcome,
                       "serves %.*s while it is off, because another flag asks for %.*s, which "
                       "being off does not count as",
                       STR_ARG(made->off_variation), STR_ARG(flag->ids[index]));
}

static bool read_off(struct scope *scope, struct numbered_flag *flag)
{
    struct reading *reading = scope->reading;
    const struct json *number = source_find(flag->settings, "offVariation");
    if (number == NULL) {
        read_no_off(reading, flag);
        return true;
    }
    struct str id;
    if (!numbered_variation_id(flag, number, &id)) {
        scope->why = STR("serves a variation that is not there when it is off");
        return false;
    }
    flag->item->flag.off_variation = id;
    int index = (int)number->number;
    if (is_wanted(reading, flag->item->name, index))
        part_off(reading, flag, index);
    return true;
}

/* ---- targets --------------------------------------------------------------------------------- */

static void add_rule(struct flag *flag, struct rule rule)
{
    flag->rules[flag->rule_count++] = rule;
}

static bool read_target(struct scope *scope, struct numbered_flag *flag, struct str kind,
                        const struct json *target)
{
    struct flag *made = &flag->item->flag;
    struct rule rule = {0};
    const struct json *values = source_array(target, "values");
    if (values == NULL || values->count == 0)
        return true;
    if (!scope_read_keys(scope, kind, values, &rule.when))
        return false;
    struct str id;
    if (!numbered_variation_id(flag, source_find(target, "variation"), &id)) {
        scope->why = STR("targets a variation that is not there");
        return false;
    }
    rule.id = build_rule_id(scope->reading->arena, "target-", made->rule_count);
    rule.description = STR("Listed by name");
    rule.serve = build_serve(id);
    add_rule(made, rule);
    return true;
}

/* The list of users of the same variation, which a target of kind `user` stands for. */
static const struct json *find_users(const struct json *targets, const struct json *variation)
{
    for (uint32_t i = 0; targets != NULL && i < targets->count; i++) {
        const struct json *other = source_find(&targets->elements[i], "variation");
        if (other != NULL && variation != NULL && json_equal(other, variation))
            return &targets->elements[i];
    }
    return NULL;
}

static bool read_targets(struct scope *scope, struct numbered_flag *flag)
{
    const struct json *users = source_array(flag->settings, "targets");
    const struct json *targets = source_array(flag->settings, "contextTargets");
    bool has_kinds = targets != NULL && targets->count > 0;
    for (uint32_t i = 0; !has_kinds && users != NULL && i < users->count; i++) {
        const struct json *target = &users->elements[i];
        if (!read_target(scope, flag, context_kind(target, "contextKind"), target))
            return false;
    }
    for (uint32_t i = 0; has_kinds && i < targets->count; i++) {
        const struct json *target = &targets->elements[i];
        struct str kind = context_kind(target, "contextKind");
        if (context_kind_is_user(kind))
            target = find_users(users, source_find(target, "variation"));
        if (target != NULL && !read_target(scope, flag, kind, target))
            return false;
    }
    return true;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static bool is_taken(const struct flag *flag, struct str id)
{
    for (size_t i = 0; i < flag->rule_count; i++) {
        if (str_equal(flag->rules[i].id, id))
            return true;
    }
    return false;
}

static struct str rule_id(struct arena *arena, const struct flag *flag, const struct json *source,
                          size_t index)
{
    struct str id = source_text(source, "id");
    if (str_is_empty(id))
        id = source_text(source, "_id");
    bool is_good = !str_is_empty(id) && id.size <= TEXT_BYTES_MAX && !is_taken(flag, id);
    return is_good ? id : build_rule_id(arena, "rule-", index);
}

static bool read_rule(struct scope *scope, struct numbered_flag *flag, const struct json *source,
                      size_t index)
{
    struct flag *made = &flag->item->flag;
    const struct json *clauses = source_array(source, "clauses");
    struct rule rule = {0};
    if (clauses == NULL)
        return true;
    if (!scope_read_clauses(scope, clauses, &rule.when))
        return false;
    if (build_is_never(&rule.when))
        return true;
    if (!numbered_serve_read(scope, flag, source, &rule.serve))
        return false;
    rule.id = rule_id(scope->reading->arena, made, source, index);
    struct str description = source_text(source, "description");
    if (!str_is_empty(description))
        rule.description = description;
    add_rule(made, rule);
    return true;
}

static bool read_rules(struct scope *scope, struct numbered_flag *flag)
{
    const struct json *rules = source_array(flag->settings, "rules");
    for (uint32_t i = 0; rules != NULL && i < rules->count; i++) {
        if (!read_rule(scope, flag, &rules->elements[i], i))
            return false;
    }
    return true;
}

static size_t count_of(const struct json *object, const char *name)
{
    const struct json *list = source_array(object, name);
    return list == NULL ? 0 : list->count;
}

static bool read_decisions(struct scope *scope, struct numbered_flag *flag)
{
    enum { COUNTED_MAX = 3 * RULES_PER_FLAG_MAX }; /* users are listed twice, some for nobody */
    struct flag *made = &flag->item->flag;
    size_t count = count_of(flag->settings, "targets") +
                   count_of(flag->settings, "contextTargets") + count_of(flag->settings, "rules");
    if (count > COUNTED_MAX) {
        scope->why = STR("has more rules and targets than a flag here can have");
        return false;
    }
    made->rules = ARENA_NEW_ARRAY(scope->reading->arena, struct rule, count);
    const struct json *fallthrough = source_object(flag->settings, "fallthrough");
    bool is_summary = fallthrough == NULL && source_object(flag->settings, "_summary") != NULL;
    if (is_summary) {
        scope->why = STR("is there in summary only: ask for the list of flags with summary=0");
        return false;
    }
    if (fallthrough == NULL) {
        scope->why = STR("has no fallthrough");
        return false;
    }
    return read_off(scope, flag) && read_targets(scope, flag) && read_rules(scope, flag) &&
           numbered_serve_read(scope, flag, fallthrough, &made->fallthrough);
}

/* ---- what is for people ---------------------------------------------------------------------- */

static void read_tags(struct arena *arena, const struct json *source, struct flag *flag)
{
    const struct json *tags = source_array(source, "tags");
    if (tags == NULL)
        return;
    struct map seen;
    map_open(&seen, arena, tags->count);
    flag->tags = ARENA_NEW_ARRAY(arena, struct str, tags->count);
    for (uint32_t i = 0; i < tags->count; i++) {
        const struct json *tag = &tags->elements[i];
        if (tag->type == JSON_STRING && !str_is_empty(str_trim(tag->string)) &&
            map_insert(&seen, tag->string, 0))
            flag->tags[flag->tag_count++] = tag->string;
    }
}

static void read_visibility(struct reading *reading, struct numbered_flag *flag)
{
    const struct json *availability = source_object(flag->source, "clientSideAvailability");
    bool is_for_browsers = source_boolean(flag->source, "clientSide", false);
    if (availability != NULL)
        is_for_browsers = source_boolean(availability, "usingEnvironmentId", false);
    flag->item->flag.visibility = is_for_browsers ? VISIBILITY_CLIENT : VISIBILITY_SERVER;
    if (!is_for_browsers && source_boolean(availability, "usingMobileKey", false))
        draft_lower(&reading->draft, flag->item->row, IMPORT_EXACT,
                    STR("is for servers here; mobile apps see it over there, which is one setting "
                        "with browsers here"));
}

static void read_description(struct reading *reading, struct numbered_flag *flag)
{
    struct flag *made = &flag->item->flag;
    struct str name = source_text(flag->source, "name");
    if (!str_is_empty(name) && !str_equal(name, flag->item->name))
        made->name = name;
    if (!str_is_empty(source_text(flag->source, "description")))
        made->description = source_text(flag->source, "description");
    struct str email = source_text(source_object(flag->source, "_maintainer"), "email");
    if (!str_is_empty(email))
        made->owner = email;
    if (source_boolean(flag->source, "deprecated", false))
        made->lifecycle = LIFECYCLE_DEPRECATED;
    made->is_archived = source_boolean(flag->source, "archived", false);
    read_tags(reading->arena, flag->source, made);
    read_visibility(reading, flag);
}

void numbered_flag_read(struct reading *reading, struct str name, const struct json *source)
{
    struct numbered_flag *flag = &reading->flags[reading->flag_count];
    *flag = (struct numbered_flag){.item = draft_add_flag(&reading->draft, name),
                                   .source = source,
                                   .settings = numbered_settings(reading, source)};
    struct scope scope = {.reading = reading, .row = flag->item->row};
    if (flag->item->is_left_out)
        return; /* there is one of that name before it */
    map_insert(&reading->numbered, name, (uint32_t)reading->flag_count++);
    if (flag->settings == NULL) {
        draft_leave_out_flag(&reading->draft, flag->item,
                             arena_format(reading->arena, "has nothing for the environment %.*s",
                                          STR_ARG(reading->environment)));
        return;
    }
    flag->item->flag.is_enabled = source_boolean(flag->settings, "on", false);
    read_description(reading, flag);
    if (read_variations(&scope, flag))
        read_decisions(&scope, flag);
    if (!str_is_absent(scope.why))
        draft_leave_out_flag(&reading->draft, flag->item, scope.why);
}
