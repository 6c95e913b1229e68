/* SPDX-License-Identifier: Apache-2.0 */
/* flag - one flag of the file as one of ours: see flag.h. */
#include "import/goff/flag.h"

#include "base/instant.h"
#include "import/build.h"
#include "import/goff/goff.h"
#include "import/source.h"

/* ---- variations ------------------------------------------------------------------------------ */

static bool has_value(const struct flag *flag, struct str id, const struct json *value,
                      bool *is_other)
{
    int index = flag_find_variation(flag, id);
    *is_other = index >= 0 && !json_equal(&flag->variations[index].value, value);
    return index >= 0;
}

/* Those of all stretches; one that has another value later is two, which a flag cannot have. */
static bool read_variations(struct draft *draft, struct draft_flag *item,
                            const struct stretch *stretches, size_t count, struct str *why)
{
    struct flag *flag = &item->flag;
    size_t room = 0;
    for (size_t i = 0; i < count; i++) {
        const struct json *variations = source_object(&stretches[i].definition, "variations");
        room += variations == NULL ? 0 : variations->count;
    }
    flag->variations = ARENA_NEW_ARRAY(draft->arena, struct variation, room);
    struct json *values = ARENA_NEW_ARRAY(draft->arena, struct json, room);
    for (size_t i = 0; i < count; i++) {
        const struct json *variations = source_object(&stretches[i].definition, "variations");
        for (uint32_t j = 0; variations != NULL && j < variations->count; j++) {
            const struct json_member *member = &variations->members[j];
            bool is_other = false;
            *why = STR("a step of its schedule changes the value of a variation");
            if (has_value(flag, member->key, &member->value, &is_other)) {
                if (is_other)
                    return false;
                continue;
            }
            values[flag->variation_count] = member->value;
            flag->variations[flag->variation_count++] =
                (struct variation){.id = member->key, .value = member->value};
        }
    }
    *why = STR("its variations are not all of one type");
    return build_common_type(values, flag->variation_count, &flag->type);
}

/* ---- whether it is on ------------------------------------------------------------------------ */

static void report_off(struct draft *draft, const struct draft_flag *item)
{
    draft_lower_format(draft, item->row, IMPORT_PARTLY,
                       "while it is off, programs get %.*s of it here, and what they have in code "
                       "there",
                       STR_ARG(item->flag.off_variation));
}

static bool read_date(const struct json *object, const char *name, int64_t *ms)
{
    struct str text = source_text(object, name);
    return !str_is_absent(text) && instant_parse_date(text, ms);
}

/* From its start until its end; outside of it the flag is off. */
static struct window experimentation_of(const struct json *definition)
{
    const struct json *experimentation = source_object(definition, "experimentation");
    struct window window = window_always();
    read_date(experimentation, "start", &window.start_ms);
    read_date(experimentation, "end", &window.end_ms);
    return window;
}

static bool is_always(struct window window)
{
    return window.start_ms == INT64_MIN && window.end_ms == INT64_MAX;
}

static struct serve serve_off(const struct draft_flag *item)
{
    return build_serve(item->flag.off_variation);
}

/* Who has nothing to be bucketed by gets nothing there. */
static void guard_bucketing(struct rules *rules, const struct json *definition)
{
    struct str name = source_text(definition, "bucketingKey");
    if (str_is_empty(name) || str_equal(name, STR("key")) || str_equal(name, STR("targetingKey")))
        return;
    rules->bucket_by = name;
    struct arena *arena = rules->draft->arena;
    struct expression has_text = build_match(name, OPERATOR_CONTAINS, json_make_string(STR("")));
    struct expression is_empty = build_match(name, OPERATOR_EQ, json_make_string(STR("")));
    struct expression has_none = build_either(arena, build_not(arena, has_text), is_empty);
    rules_serve(rules, has_none, window_always(), serve_off(rules->item));
    draft_lower_format(rules->draft, rules->item->row, IMPORT_PARTLY,
                       "who has no %.*s gets %.*s of it here, and what the program has in code "
                       "there",
                       STR_ARG(name), STR_ARG(rules->item->flag.off_variation));
}

static void add_stretch(struct rules *rules, const struct stretch *stretch)
{
    struct window active = experimentation_of(&stretch->definition);
    struct window on = window_both(stretch->window, active);
    bool is_off = source_boolean(&stretch->definition, "disable", false);
    if (is_off || !is_always(active))
        report_off(rules->draft, rules->item);
    if (is_off) {
        rules_serve(rules, build_always(), stretch->window, serve_off(rules->item));
        return;
    }
    rules_add(rules, &stretch->definition, on);
    if (!is_always(active))
        rules_serve(rules, build_always(), stretch->window, serve_off(rules->item));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void keep_rules(struct flag *flag, const struct rules *rules)
{
    flag->rules = rules->list;
    flag->fallthrough = build_serve(flag->off_variation);
    for (size_t i = 0; i < rules->count; i++) {
        const struct rule *rule = &rules->list[i];
        bool is_timed = !str_is_absent(rule->schedule.start) || !str_is_absent(rule->schedule.end);
        if (!is_timed && build_is_always(&rule->when)) {
            flag->fallthrough = rule->serve;
            return;
        }
        flag->rule_count = i + 1;
    }
}

static void add_rules(struct rules *rules, const struct json *definition,
                      const struct stretch *stretches, size_t count)
{
    struct flag *flag = &rules->item->flag;
    const struct json *otherwise = source_object(definition, "defaultRule");
    struct str variation = source_text(otherwise, "variation");
    int index = str_is_absent(variation) ? -1 : flag_find_variation(flag, variation);
    flag->off_variation = build_least_variation(flag);
    if (index >= 0 && flag->type != VALUE_BOOLEAN)
        flag->off_variation = flag->variations[index].id;
    flag->is_enabled = count > 1 || !source_boolean(definition, "disable", false);
    guard_bucketing(rules, definition);
    struct stretch switched_on = stretches[0];
    if (!flag->is_enabled) { /* the rules it has once it is on */
        report_off(rules->draft, rules->item);
        rules_add(rules, &switched_on.definition, window_always());
        return;
    }
    for (size_t i = 0; i < count; i++)
        add_stretch(rules, &stretches[i]);
}

static void read_metadata(const struct json *definition, struct flag *flag)
{
    const struct json *metadata = source_object(definition, "metadata");
    if (metadata == NULL || metadata->count == 0)
        return;
    flag->metadata = *metadata;
    struct str description = source_text(metadata, "description");
    if (!str_is_absent(description))
        flag->description = description;
}

void flag_read(struct draft *draft, const struct json_member *member, struct notes *notes)
{
    struct draft_flag *item = draft_add_flag(draft, member->key);
    struct rules rules = {.draft = draft, .item = item, .notes = notes};
    struct stretch *stretches = NULL;
    size_t count = 0;
    struct str why = {0};
    if (source_object(&member->value, "variations") == NULL) {
        draft_leave_out_flag(draft, item,
                             STR("has no variations: flags of old files (true, false, "
                                 "default) are not read"));
        return;
    }
    if (!stretches_of(draft->arena, &member->value, &stretches, &count)) {
        draft_leave_out_flag(draft, item, STR("a step of its schedule has no date"));
        return;
    }
    if (!read_variations(draft, item, stretches, count, &why)) {
        draft_leave_out_flag(draft, item, why);
        return;
    }
    read_metadata(&member->value, &item->flag);
    add_rules(&rules, &member->value, stretches, count);
    keep_rules(&item->flag, &rules);
    if (!source_boolean(&member->value, "trackEvents", true))
        draft_lower(draft, item->row, IMPORT_EXACT,
                    STR("its evaluations are counted here like all others"));
}
