/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rules - targeting rules and the default rule: see flag.h.
 *
 * A rule serves a variation, shares, or shares that move. Shares are dealt in the order of their
 * names, the last one first, a thousand tickets to the percent, out of as many as there are in all
 * (fnv1a_32_modulo).
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/instant.h"
#include "import/build.h"
#include "import/goff/flag.h"
#include "import/goff/query.h"
#include "import/source.h"

enum { TICKETS_PER_PERCENT = 1000, TICKETS = 100 * TICKETS_PER_PERCENT };

static const struct logic_engine engine = {
    .counts_null_as_missing = true,
    .key_attribute = STR("key"),
};

/* ---- adding ---------------------------------------------------------------------------------- */

void rules_serve(struct rules *rules, struct expression when, struct window window,
                 struct serve serve)
{
    struct arena *arena = rules->draft->arena;
    struct schedule schedule;
    if (build_is_never(&when) || !window_schedule(arena, window, &schedule))
        return;
    if (rules->count == rules->capacity) {
        size_t larger = rules->capacity == 0 ? 16 : 2 * rules->capacity;
        struct rule *list = ARENA_NEW_ARRAY(arena, struct rule, larger);
        if (rules->count > 0)
            memcpy(list, rules->list, rules->count * sizeof(*list));
        rules->list = list;
        rules->capacity = larger;
    }
    rules->list[rules->count] = (struct rule){.id = build_rule_id(arena, "rule-", rules->count),
                                              .when = when,
                                              .serve = serve,
                                              .schedule = schedule};
    rules->count++;
}

/* Something could not be said: a row for it, and the flag's row lowered. */
static void rules_lose(struct rules *rules, struct str name, struct str what)
{
    struct draft *draft = rules->draft;
    struct str full =
        arena_format(draft->arena, "%.*s/%.*s", STR_ARG(rules->item->name), STR_ARG(name));
    report_say(&draft->report, STR("rule"), full, IMPORT_LEFT_OUT, "%.*s", STR_ARG(what));
    draft_lower(draft, rules->item->row, IMPORT_PARTLY, STR("some of its rules are left out"));
}

/* ---- shares ---------------------------------------------------------------------------------- */

static int compare_members(const void *left, const void *right)
{
    const struct json_member *a = left;
    const struct json_member *b = right;
    return str_compare(b->key, a->key);
}

static void hash_key(struct rules *rules, struct split *split)
{
    struct draft_flag *item = rules->item;
    item->flag.arithmetic.hash = FLAG_HASH_FNV1A_32_MODULO;
    split->bucket_by = rules->bucket_by;
    if (!str_equal(item->flag.key, item->name))
        split->salt = item->name;
}

/* Shares end where the sum of the percentages so far does; a ticket is a whole number below that.
 */
static bool read_shares(struct rules *rules, const struct json *percentages, struct split *split)
{
    struct arena *arena = rules->draft->arena;
    const struct flag *flag = &rules->item->flag;
    struct json_member *sorted = ARENA_NEW_ARRAY(arena, struct json_member, percentages->count);
    double sum = 0;
    uint32_t dealt = 0;
    memcpy(sorted, percentages->members, percentages->count * sizeof(*sorted));
    qsort(sorted, percentages->count, sizeof(*sorted), compare_members);
    split->allocations = ARENA_NEW_ARRAY(arena, struct allocation, percentages->count);
    for (uint32_t i = 0; i < percentages->count; i++) {
        const struct json *percentage = &sorted[i].value;
        if (percentage->type != JSON_NUMBER || percentage->number < 0 ||
            percentage->number > 10000 || flag_find_variation(flag, sorted[i].key) < 0)
            return false;
        sum += percentage->number;
        uint32_t end = (uint32_t)ceil(sum * TICKETS_PER_PERCENT - 1e-6);
        split->allocations[split->allocation_count++] =
            (struct allocation){sorted[i].key, end - dealt};
        dealt = end;
    }
    hash_key(rules, split);
    return dealt > 0;
}

/* ---- shares that move ------------------------------------------------------------------------ */

struct end {
    struct str variation, date;
    int64_t ms;
    double percentage;
};

static bool read_end(struct rules *rules, const struct json *rollout, const char *name,
                     struct end *end)
{
    const struct json *object = source_object(rollout, name);
    const struct json *percentage = source_find(object, "percentage");
    end->variation = source_text(object, "variation");
    end->date = source_text(object, "date");
    end->percentage = 0;
    if (percentage != NULL && percentage->type == JSON_NUMBER)
        end->percentage = percentage->number;
    return !str_is_absent(end->date) && instant_parse_date(end->date, &end->ms) &&
           flag_find_variation(&rules->item->flag, end->variation) >= 0 && end->percentage >= 0 &&
           end->percentage <= 100;
}

/* The variation it ends with has the first tickets. */
static struct split share_out(struct rules *rules, const struct end *initial, const struct end *end,
                              double percentage)
{
    struct split split = {.allocations = ARENA_NEW_ARRAY(rules->draft->arena, struct allocation, 2),
                          .allocation_count = 2};
    uint32_t weight = (uint32_t)(percentage * TICKETS_PER_PERCENT);
    split.allocations[0] = (struct allocation){end->variation, weight};
    split.allocations[1] = (struct allocation){initial->variation, TICKETS - weight};
    hash_key(rules, &split);
    return split;
}

static struct str instant_text(struct arena *arena, int64_t ms)
{
    char text[INSTANT_TEXT_BYTES];
    instant_format(ms, text);
    return arena_copy_str(arena, str_of(text));
}

/* Until it starts everybody has what it starts with, whatever its percentage then. */
static bool serve_progressive(struct rules *rules, struct expression when, struct window window,
                              const struct json *rollout)
{
    struct arena *arena = rules->draft->arena;
    struct end initial;
    struct end end;
    if (!read_end(rules, rollout, "initial", &initial) || !read_end(rules, rollout, "end", &end) ||
        initial.ms >= end.ms)
        return false;
    if (end.percentage <= 0)
        end.percentage = 100;
    if (str_equal(initial.variation, end.variation)) {
        rules_serve(rules, when, window, build_serve(initial.variation));
        return true;
    }
    const struct window before = {INT64_MIN, initial.ms};
    if (initial.percentage > 0)
        rules_serve(rules, when, window_both(window, before), build_serve(initial.variation));
    rules_serve(rules, when, window,
                (struct serve){
                    .kind = SERVE_PROGRESSIVE,
                    .split = share_out(rules, &initial, &end, initial.percentage),
                    .to = share_out(rules, &initial, &end, end.percentage),
                    .schedule = {.start = instant_text(arena, initial.ms),
                                 .end = instant_text(arena, end.ms),
                                 .start_ms = initial.ms,
                                 .end_ms = end.ms},
                });
    return true;
}

/* ---- rules ----------------------------------------------------------------------------------- */

/* Progressive shares go before plain ones, and those before a variation. False: it serves nothing
 * that the flag has. */
static bool serve_rule(struct rules *rules, struct expression when, struct window window,
                       const struct json *rule)
{
    const struct json *progressive = source_object(rule, "progressiveRollout");
    const struct json *percentages = source_object(rule, "percentage");
    struct str variation = source_text(rule, "variation");
    struct split split = {0};
    if (progressive != NULL && serve_progressive(rules, when, window, progressive))
        return true;
    if (percentages != NULL && percentages->count > 0) {
        if (!read_shares(rules, percentages, &split))
            return false;
        rules_serve(rules, when, window, (struct serve){.kind = SERVE_SPLIT, .split = split});
        return true;
    }
    int index = flag_find_variation(&rules->item->flag, variation);
    if (str_is_absent(variation) || index < 0)
        return false;
    rules_serve(rules, when, window, build_serve(rules->item->flag.variations[index].id));
    return true;
}

static bool read_jsonlogic(struct rules *rules, struct str text, struct expression *when,
                           struct str *why)
{
    struct json json;
    struct logic logic = {.arena = rules->draft->arena, .engine = &engine};
    *why = STR("its query is no JSON");
    if (failed(source_parse_json(rules->draft->arena, text, &json)))
        return false;
    bool is_said = logic_condition(&logic, &json, NULL, when);
    rules->notes->coerces = rules->notes->coerces || logic.coerces;
    rules->notes->looks_in_lists = rules->notes->looks_in_lists || logic.looks_in_lists;
    *why = arena_format(rules->draft->arena, "its query %.*s", STR_ARG(logic.obstacle));
    return is_said;
}

static bool read_query(struct rules *rules, const struct json *rule, struct expression *when,
                       struct str *why)
{
    struct str text = str_trim(source_text(rule, "query"));
    *when = build_always();
    if (str_is_empty(text))
        return true;
    if (text.data[0] == '{')
        return read_jsonlogic(rules, text, when, why);
    struct query query = {.arena = rules->draft->arena};
    bool is_said = query_condition(&query, text, when);
    rules->notes->looks_in_lists = rules->notes->looks_in_lists || query.looks_in_lists;
    if (is_said && query.folds_case) {
        rules->notes->folds_case = true;
        draft_lower(rules->draft, rules->item->row, IMPORT_PARTLY,
                    STR("compares texts in either case there, and as they are written here"));
    }
    *why = arena_format(rules->draft->arena, "its query %.*s", STR_ARG(query.obstacle));
    return is_said;
}

static struct str rule_name(struct arena *arena, const struct json *rule, size_t index)
{
    struct str name = source_text(rule, "name");
    return str_is_empty(name) ? arena_format(arena, "targeting-%zu", index + 1) : name;
}

static void add_rule(struct rules *rules, const struct json *rule, struct window window,
                     size_t index)
{
    struct expression when;
    struct str why = {0};
    if (source_boolean(rule, "disable", false))
        return;
    struct str name = rule_name(rules->draft->arena, rule, index);
    size_t first = rules->count;
    if (!read_query(rules, rule, &when, &why))
        rules_lose(rules, name, why);
    else if (!serve_rule(rules, when, window, rule))
        rules_lose(rules, name, STR("serves nothing that the flag has"));
    for (size_t i = first; i < rules->count; i++)
        rules->list[i].description = source_text(rule, "name");
}

void rules_add(struct rules *rules, const struct json *definition, struct window window)
{
    const struct json *targeting = source_array(definition, "targeting");
    const struct json *otherwise = source_object(definition, "defaultRule");
    for (uint32_t i = 0; targeting != NULL && i < targeting->count; i++)
        add_rule(rules, &targeting->elements[i], window, i);
    if (!serve_rule(rules, build_always(), window, otherwise))
        rules_lose(rules, STR("defaultRule"), STR("serves nothing that the flag has"));
}
