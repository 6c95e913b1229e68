/* SPDX-License-Identifier: Apache-2.0 */
/* jsonlogic - JsonLogic as conditions: see jsonlogic.h. Comparisons are in jsonlogic_compare.c. */
#include "import/jsonlogic.h"

#include "base/instant.h"
#include "import/build.h"
#include "import/jsonlogic_compare.h"

/* ---- windows --------------------------------------------------------------------------------- */

struct window window_always(void)
{
    return (struct window){INT64_MIN, INT64_MAX};
}

struct window window_both(struct window one, struct window other)
{
    return (struct window){
        one.start_ms > other.start_ms ? one.start_ms : other.start_ms,
        one.end_ms < other.end_ms ? one.end_ms : other.end_ms,
    };
}

static struct str instant_text(struct arena *arena, int64_t ms)
{
    char text[INSTANT_TEXT_BYTES];
    instant_format(ms, text);
    return arena_copy_str(arena, str_of(text));
}

bool window_schedule(struct arena *arena, struct window window, struct schedule *schedule)
{
    *schedule = (struct schedule){0};
    if (window.start_ms >= window.end_ms)
        return false;
    if (window.start_ms != INT64_MIN) {
        schedule->start = instant_text(arena, window.start_ms);
        schedule->start_ms = window.start_ms;
    }
    if (window.end_ms != INT64_MAX) {
        schedule->end = instant_text(arena, window.end_ms);
        schedule->end_ms = window.end_ms;
    }
    return true;
}

/* ---- operations ------------------------------------------------------------------------------ */

bool logic_fail(struct logic *logic, struct str obstacle)
{
    if (str_is_absent(logic->obstacle))
        logic->obstacle = obstacle;
    return false;
}

/* What {"$ref": name} stands for, at most so many in a row; else the rule itself. */
static const struct json *follow(struct logic *logic, const struct json *rule)
{
    enum { FOLLOWED_MAX = 16 };
    for (unsigned i = 0; i < FOLLOWED_MAX; i++) {
        const struct json *name = json_find(rule, STR("$ref"));
        if (!logic->engine->has_references || name == NULL || rule->count != 1)
            return rule;
        bool is_known = name->type == JSON_STRING && logic->references != NULL;
        const struct json *found = is_known ? json_find(logic->references, name->string) : NULL;
        if (found == NULL)
            return rule;
        rule = found;
    }
    return rule;
}

bool logic_read_operation(struct logic *logic, const struct json *rule,
                          struct logic_operation *operation)
{
    rule = follow(logic, rule);
    if (rule->type != JSON_OBJECT || rule->count != 1)
        return false;
    const struct json *operands = &rule->members[0].value;
    bool is_list = operands->type == JSON_ARRAY;
    *operation = (struct logic_operation){
        .name = rule->members[0].key,
        .operands = is_list ? operands->elements : operands,
        .count = is_list ? operands->count : 1,
    };
    return true;
}

/* ---- logic ----------------------------------------------------------------------------------- */

enum { DEPTH_MAX = 24 };

static bool translate(struct logic *logic, const struct json *rule, struct window *window,
                      unsigned depth, struct expression *condition);

static bool translate_all(struct logic *logic, const struct logic_operation *operation,
                          struct window *window, unsigned depth, struct expression *condition)
{
    *condition = build_always();
    for (size_t i = 0; i < operation->count; i++) {
        struct expression one = {0};
        if (!translate(logic, &operation->operands[i], window, depth + 1, &one))
            return false;
        *condition = build_both(logic->arena, *condition, one);
    }
    return true;
}

static bool translate_any(struct logic *logic, const struct logic_operation *operation,
                          unsigned depth, struct expression *condition)
{
    *condition = build_never();
    for (size_t i = 0; i < operation->count; i++) {
        struct expression one = {0};
        if (!translate(logic, &operation->operands[i], NULL, depth + 1, &one))
            return false;
        *condition = build_either(logic->arena, *condition, one);
    }
    return true;
}

/* From the last branch to the first: (condition and result) or (not condition and the rest). */
static bool translate_if(struct logic *logic, const struct logic_operation *operation,
                         unsigned depth, struct expression *condition)
{
    size_t pairs = operation->count / 2;
    *condition = build_never();
    if (operation->count % 2 == 1 &&
        !translate(logic, &operation->operands[operation->count - 1], NULL, depth + 1, condition))
        return false;
    for (size_t i = pairs; i-- > 0;) {
        struct expression when = {0}, result = {0};
        const struct json *pair = &operation->operands[2 * i];
        if (!translate(logic, &pair[0], NULL, depth + 1, &when) ||
            !translate(logic, &pair[1], NULL, depth + 1, &result))
            return false;
        struct expression otherwise =
            build_both(logic->arena, build_not(logic->arena, when), *condition);
        *condition = build_either(logic->arena, build_both(logic->arena, when, result), otherwise);
    }
    return true;
}

static bool translate_not(struct logic *logic, const struct logic_operation *operation,
                          unsigned depth, struct expression *condition)
{
    if (operation->count == 0)
        return logic_fail(logic, STR("an operator has no operand"));
    if (!translate(logic, &operation->operands[0], NULL, depth + 1, condition))
        return false;
    *condition = build_not(logic->arena, *condition);
    return true;
}

static bool is_named(const struct logic_operation *operation, const char *name)
{
    return str_equal(operation->name, str_of(name));
}

static bool translate_operation(struct logic *logic, const struct logic_operation *operation,
                                struct window *window, unsigned depth, struct expression *condition)
{
    if (is_named(operation, "and"))
        return translate_all(logic, operation, window, depth, condition);
    if (is_named(operation, "or"))
        return translate_any(logic, operation, depth, condition);
    if (is_named(operation, "if") || is_named(operation, "?:"))
        return translate_if(logic, operation, depth, condition);
    if (is_named(operation, "!"))
        return translate_not(logic, operation, depth, condition);
    if (is_named(operation, "!!") && operation->count > 0)
        return translate(logic, &operation->operands[0], NULL, depth + 1, condition);
    return logic_compare(logic, operation, window, condition);
}

static bool translate(struct logic *logic, const struct json *rule, struct window *window,
                      unsigned depth, struct expression *condition)
{
    struct logic_operation operation;
    if (depth >= DEPTH_MAX)
        return logic_fail(logic, STR("is nested too deep"));
    if (logic_read_operation(logic, rule, &operation))
        return translate_operation(logic, &operation, window, depth, condition);
    if (rule->type == JSON_OBJECT && rule->count > 1)
        return logic_fail(logic, STR("has several operators in one object"));
    *condition = logic_is_truthy(rule) ? build_always() : build_never();
    return true;
}

bool logic_condition(struct logic *logic, const struct json *rule, struct window *window,
                     struct expression *condition)
{
    logic->obstacle = (struct str){0};
    if (translate(logic, rule, window, 0, condition))
        return true;
    *condition = build_never();
    return false;
}
