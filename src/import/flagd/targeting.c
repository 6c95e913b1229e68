/* SPDX-License-Identifier: Apache-2.0 */
/* targeting - branches as rules: see targeting.h. */
#include "import/flagd/targeting.h"

#include <string.h>

#include "base/number.h"
#include "import/build.h"

enum { DEPTH_MAX = 24 };

/* ---- rules ----------------------------------------------------------------------------------- */

static struct rule *add_rule(struct targeting *targeting)
{
    struct arena *arena = targeting->draft->arena;
    if (targeting->rule_count == targeting->rule_capacity) {
        size_t larger = targeting->rule_capacity == 0 ? 16 : 2 * targeting->rule_capacity;
        struct rule *rules = ARENA_NEW_ARRAY(arena, struct rule, larger);
        if (targeting->rule_count > 0)
            memcpy(rules, targeting->rules, targeting->rule_count * sizeof(*rules));
        targeting->rules = rules;
        targeting->rule_capacity = larger;
    }
    struct rule *rule = &targeting->rules[targeting->rule_count];
    rule->id = build_rule_id(arena, "rule-", targeting->rule_count);
    targeting->rule_count++;
    return rule;
}

void targeting_serve(struct targeting *targeting, struct guard guard, struct serve serve)
{
    struct schedule schedule;
    if (build_is_never(&guard.when) ||
        !window_schedule(targeting->draft->arena, guard.window, &schedule))
        return;
    struct rule *rule = add_rule(targeting);
    rule->when = guard.when;
    rule->serve = serve;
    rule->schedule = schedule;
}

static void serve_variant(struct targeting *targeting, struct guard guard, struct str name)
{
    targeting_serve(targeting, guard, build_serve(targeting_variant(targeting, name)));
}

struct str targeting_variant(struct targeting *targeting, struct str name)
{
    struct draft_flag *item = targeting->item;
    if (str_is_absent(name) && !str_is_absent(targeting->default_variant))
        return targeting->default_variant;
    if (str_is_absent(name)) {
        draft_lower_format(targeting->draft, item->row, IMPORT_PARTLY,
                           "who gets nothing there, and what the program has in code, gets %.*s",
                           STR_ARG(item->flag.off_variation));
        return item->flag.off_variation;
    }
    int index = flag_find_variation(&item->flag, name);
    if (index >= 0)
        return item->flag.variations[index].id;
    draft_lower_format(targeting->draft, item->row, IMPORT_PARTLY,
                       "its targeting names the variant %.*s, which it does not have: %.*s instead",
                       STR_ARG(name), STR_ARG(item->flag.off_variation));
    return item->flag.off_variation;
}

void targeting_lose(struct targeting *targeting, struct str what)
{
    struct draft *draft = targeting->draft;
    targeting->lost_count++;
    struct str name = arena_format(draft->arena, "%.*s/branch-%zu", STR_ARG(targeting->item->name),
                                   targeting->lost_count);
    report_say(&draft->report, STR("rule"), name, IMPORT_LEFT_OUT, "%.*s", STR_ARG(what));
    draft_lower(draft, targeting->item->row, IMPORT_PARTLY,
                STR("some of its targeting has no counterpart"));
}

/* ---- branches -------------------------------------------------------------------------------- */

static void translate(struct targeting *targeting, struct guard guard, const struct json *rule,
                      unsigned depth);

static struct guard guard_and(struct targeting *targeting, struct guard guard,
                              struct expression condition, struct window window)
{
    return (struct guard){build_both(targeting->draft->arena, guard.when, condition),
                          window_both(guard.window, window)};
}

/* A condition that cannot be said: its branch goes, and who would have taken it goes on. */
static void translate_branch(struct targeting *targeting, struct guard guard,
                             const struct json *condition, const struct json *result,
                             unsigned depth)
{
    struct expression when;
    struct window window = window_always();
    if (logic_condition(&targeting->logic, condition, &window, &when))
        translate(targeting, guard_and(targeting, guard, when, window), result, depth + 1);
    else
        targeting_lose(targeting, targeting->logic.obstacle);
}

static void translate_if(struct targeting *targeting, struct guard guard,
                         const struct logic_operation *operation, unsigned depth)
{
    static const struct json nothing = {.type = JSON_NULL};
    size_t pairs = operation->count / 2;
    bool has_else = operation->count % 2 == 1;
    for (size_t i = 0; i < pairs; i++)
        translate_branch(targeting, guard, &operation->operands[2 * i],
                         &operation->operands[2 * i + 1], depth);
    translate(targeting, guard, has_else ? &operation->operands[operation->count - 1] : &nothing,
              depth + 1);
}

/* ---- results that are conditions ------------------------------------------------------------- */

static bool is_named(const struct logic_operation *operation, const char *name)
{
    return str_equal(operation->name, str_of(name));
}

static bool is_any_named(const struct logic_operation *operation, const char *const *names,
                         size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_named(operation, names[i]))
            return true;
    }
    return false;
}

/* Whether the value is true or false, whatever is asked of whom. */
static bool is_boolean(struct targeting *targeting, const struct json *rule, unsigned depth)
{
    static const char *const comparisons[] = {"==", "===", "!=", "!==", "<",
                                              "<=", ">",   ">=", "!",   "!!"};
    struct logic_operation operation;
    if (rule->type == JSON_BOOLEAN)
        return true;
    if (depth >= DEPTH_MAX || !logic_read_operation(&targeting->logic, rule, &operation))
        return false;
    if (is_any_named(&operation, comparisons, COUNT_OF(comparisons)) || is_named(&operation, "in"))
        return true;
    bool are_all =
        (is_named(&operation, "and") || is_named(&operation, "or")) && operation.count > 0;
    for (size_t i = 0; are_all && i < operation.count; i++)
        are_all = is_boolean(targeting, &operation.operands[i], depth + 1);
    return are_all;
}

/* Who it holds for gets "true", and of the others those for whom it is false, "false"; for the rest
 * it is null. */
static void translate_answer(struct targeting *targeting, struct guard guard,
                             const struct json *rule, struct expression is_answered)
{
    struct expression holds;
    if (!logic_condition(&targeting->logic, rule, NULL, &holds)) {
        targeting_lose(targeting, targeting->logic.obstacle);
        serve_variant(targeting, guard, (struct str){0});
        return;
    }
    serve_variant(targeting, guard_and(targeting, guard, holds, window_always()), STR("true"));
    serve_variant(targeting, guard_and(targeting, guard, is_answered, window_always()),
                  STR("false"));
    if (!build_is_always(&is_answered))
        serve_variant(targeting, guard, (struct str){0});
}

/* starts_with and ends_with are null for what is no text; sem_ver for what is no version. */
static bool translate_text_answer(struct targeting *targeting, struct guard guard,
                                  const struct json *rule, const struct logic_operation *operation)
{
    static const char *const texts[] = {"starts_with", "ends_with"};
    bool is_text = is_any_named(operation, texts, COUNT_OF(texts)) && operation->count == 2;
    bool is_version = is_named(operation, "sem_ver") && operation->count == 3;
    if (!is_text && !is_version)
        return false;
    struct str attribute = logic_attribute(&targeting->logic, &operation->operands[0]);
    if (str_is_absent(attribute))
        return false;
    struct expression is_answered =
        build_match(attribute, OPERATOR_CONTAINS, json_make_string(STR("")));
    if (is_version) {
        static const struct str zero = {"0.0.0", 5};
        is_answered =
            build_either(targeting->draft->arena,
                         build_match(attribute, OPERATOR_SEMVER_GTE, json_make_string(zero)),
                         build_match(attribute, OPERATOR_SEMVER_LT, json_make_string(zero)));
    }
    translate_answer(targeting, guard, rule, is_answered);
    return true;
}

/* The first operand that is false (and) or true (or), else the last; those before it have to be
 * true or false. */
static void translate_chain(struct targeting *targeting, struct guard guard,
                            const struct logic_operation *operation, bool is_all, unsigned depth)
{
    struct arena *arena = targeting->draft->arena;
    struct expression settles = build_never();
    for (size_t i = 0; i + 1 < operation->count; i++) {
        struct expression one;
        bool is_said = is_boolean(targeting, &operation->operands[i], 0) &&
                       logic_condition(&targeting->logic, &operation->operands[i], NULL, &one);
        if (!is_said) {
            targeting_lose(targeting, STR("results in what is computed"));
            serve_variant(targeting, guard, (struct str){0});
            return;
        }
        settles = build_either(arena, settles, is_all ? build_not(arena, one) : one);
    }
    serve_variant(targeting, guard_and(targeting, guard, settles, window_always()),
                  is_all ? STR("false") : STR("true"));
    translate(targeting, guard, &operation->operands[operation->count - 1], depth + 1);
}

/* ---- values ---------------------------------------------------------------------------------- */

static void translate_literal(struct targeting *targeting, struct guard guard,
                              const struct json *value)
{
    char number[NUMBER_TEXT_BYTES];
    struct arena *arena = targeting->draft->arena;
    struct str name = {0};
    if (value->type == JSON_STRING)
        name = value->string;
    else if (value->type == JSON_BOOLEAN)
        name = value->boolean ? STR("true") : STR("false");
    else if (value->type == JSON_NUMBER)
        name = (struct str){number, number_format(value->number, number)};
    serve_variant(targeting, guard, arena_copy_str(arena, name));
}

static void translate_operation(struct targeting *targeting, struct guard guard,
                                const struct json *rule, const struct logic_operation *operation,
                                unsigned depth)
{
    bool is_all = is_named(operation, "and");
    if (is_named(operation, "if") || is_named(operation, "?:")) {
        translate_if(targeting, guard, operation, depth);
    } else if (is_named(operation, "fractional")) {
        fractional_serve(targeting, guard, operation);
    } else if (is_boolean(targeting, rule, 0)) {
        translate_answer(targeting, guard, rule, build_always());
    } else if ((is_all || is_named(operation, "or")) && operation->count > 0) {
        translate_chain(targeting, guard, operation, is_all, depth);
    } else if (!translate_text_answer(targeting, guard, rule, operation)) {
        targeting_lose(targeting,
                       arena_format(targeting->draft->arena, "results in what \"%.*s\" computes",
                                    STR_ARG(operation->name)));
        serve_variant(targeting, guard, (struct str){0});
    }
}

static void translate(struct targeting *targeting, struct guard guard, const struct json *rule,
                      unsigned depth)
{
    struct logic_operation operation;
    if (build_is_never(&guard.when))
        return;
    if (depth >= DEPTH_MAX) {
        targeting_lose(targeting, STR("is nested too deep"));
        serve_variant(targeting, guard, (struct str){0});
    } else if (logic_read_operation(&targeting->logic, rule, &operation)) {
        translate_operation(targeting, guard, rule, &operation, depth);
    } else if (rule->type >= JSON_ARRAY) {
        targeting_lose(targeting, STR("results in what names no variant"));
        serve_variant(targeting, guard, (struct str){0});
    } else {
        translate_literal(targeting, guard, rule);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* What is behind a rule for everybody is never reached; that rule is the fallthrough. False: there
 * is none, so that nobody who is left over is told yet what they get. */
static bool keep_rules(struct targeting *targeting)
{
    struct flag *flag = &targeting->item->flag;
    flag->rules = targeting->rules;
    for (size_t i = 0; i < targeting->rule_count; i++) {
        const struct rule *rule = &targeting->rules[i];
        bool is_timed = !str_is_absent(rule->schedule.start) || !str_is_absent(rule->schedule.end);
        if (!is_timed && build_is_always(&rule->when)) {
            flag->fallthrough = rule->serve;
            return true;
        }
        flag->rule_count = i + 1;
    }
    return false;
}

void targeting_translate(struct targeting *targeting, const struct json *rule)
{
    const struct guard guard = {build_always(), window_always()};
    if (rule != NULL && !(rule->type == JSON_OBJECT && rule->count == 0))
        translate(targeting, guard, rule, 0);
    if (!keep_rules(targeting))
        targeting->item->flag.fallthrough =
            build_serve(targeting_variant(targeting, (struct str){0}));
}
