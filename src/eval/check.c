/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check - what a write is refused for beyond the rules of the model: patterns, and what a decision
 * would cost. See ruleset.h.
 *
 * What is in the current revision already is let pass: whoever wants to switch a flag off must not
 * be held up by a pattern or a size that was good enough until now.
 */
#include <string.h>

#include "eval/compile.h"
#include "eval/steps.h"
#include "model/limits.h"

/* One flag or segment being checked. */
struct check {
    struct pattern_admission *admission;
    struct arena scratch;
    struct map current; /* patterns of the current revision, named as pattern_name does */
    struct map seen;    /* patterns met so far */
    const char *owner;  /* what has them: "flag" or "segment" */
};

void pattern_admission_open(struct pattern_admission *admission, struct arena *arena)
{
    admission->arena = arena;
    map_open(&admission->admitted, arena, 0);
}

static void check_begin(struct check *check, struct pattern_admission *admission, const char *owner)
{
    *check = (struct check){.admission = admission, .owner = owner};
    arena_open(&check->scratch, 2048);
    map_open(&check->current, &check->scratch, 0);
    map_open(&check->seen, &check->scratch, 0);
}

static struct fault check_end(struct check *check, struct fault fault)
{
    arena_close(&check->scratch);
    return fault;
}

/* ---- patterns ------------------------------------------------------------------------------- */

/* Of a clause about patterns, which kind it has and how many. */
struct patterns {
    enum pattern_syntax syntax;
    const struct json *values;
    size_t count;
    bool is_list; /* each has a path of its own */
};

static struct patterns patterns_of(const struct json *value, enum pattern_syntax syntax)
{
    bool is_list = value->type == JSON_ARRAY;
    return (struct patterns){syntax, is_list ? value->elements : value, is_list ? value->count : 1,
                             is_list};
}

static struct patterns expression_patterns(const struct expression *expression)
{
    if (expression->kind != EXPRESSION_MATCH)
        return (struct patterns){0};
    bool is_regex = expression->operator== OPERATOR_TEXT_REGEX_MATCH || expression->operator==
                    OPERATOR_TEXT_REGEX_DOES_NOT_MATCH;
    bool is_glob = expression->operator== OPERATOR_TEXT_GLOB_MATCH || expression->operator==
                   OPERATOR_TEXT_GLOB_DOES_NOT_MATCH;
    if (is_regex)
        return patterns_of(&expression->value, PATTERN_UNITS);
    if (is_glob)
        return patterns_of(&expression->value, PATTERN_GLOB);
    if (expression->operator== OPERATOR_MATCHES && expression->value.type == JSON_STRING)
        return patterns_of(&expression->value, PATTERN_UNICODE);
    return (struct patterns){0};
}

/* The same text is another pattern in another syntax. */
static struct str pattern_name(struct arena *arena, enum pattern_syntax syntax, struct str text)
{
    char *name = arena_allocate(arena, text.size + 1);
    name[0] = (char)('0' + (int)syntax);
    if (text.size > 0)
        memcpy(name + 1, text.data, text.size);
    return (struct str){name, text.size + 1};
}

static void note_current(struct check *check, const struct expression *expression, unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return;
    struct patterns patterns = expression_patterns(expression);
    for (size_t i = 0; i < patterns.count; i++) {
        if (patterns.values[i].type == JSON_STRING)
            map_insert(&check->current,
                       pattern_name(&check->scratch, patterns.syntax, patterns.values[i].string),
                       0);
    }
    for (size_t i = 0; i < expression->child_count; i++)
        note_current(check, &expression->children[i], depth + 1);
}

static struct fault probe_pattern(struct check *check, enum pattern_syntax syntax, struct str text,
                                  struct str name)
{
    struct pattern_admission *admission = check->admission;
    if (admission->admitted.count == PATTERNS_PROBED_PER_CHANGE_MAX)
        return fault_make(FAULT_LIMIT, STR(""),
                          arena_format(admission->arena,
                                       "a change may bring at most %d new regular expressions",
                                       PATTERNS_PROBED_PER_CHANGE_MAX));
    struct fault fault = pattern_check(syntax, text);
    if (!failed(fault))
        map_insert(&admission->admitted, arena_copy_str(admission->arena, name), 0);
    return fault;
}

static struct fault check_pattern(struct check *check, enum pattern_syntax syntax, struct str text)
{
    struct str name = pattern_name(&check->scratch, syntax, text);
    bool is_first = map_insert(&check->seen, name, 0);
    if (!is_first || map_find(&check->current, name) != MAP_ABSENT)
        return fault_none();
    if (check->seen.count > PATTERNS_PER_FLAG_MAX)
        return fault_make(FAULT_LIMIT, STR(""),
                          arena_format(check->admission->arena,
                                       "a %s may have at most %d different regular expressions",
                                       check->owner, PATTERNS_PER_FLAG_MAX));
    if (map_find(&check->admission->admitted, name) != MAP_ABSENT)
        return fault_none();
    return probe_pattern(check, syntax, text, name);
}

static struct fault check_expression(struct check *check, const struct expression *expression,
                                     struct str path, unsigned depth);

static struct fault check_children(struct check *check, const struct expression *expression,
                                   struct str path, unsigned depth)
{
    struct arena *arena = check->admission->arena;
    for (size_t i = 0; i < expression->child_count; i++) {
        struct str child = expression->kind == EXPRESSION_NOT
                               ? arena_format(arena, "%.*s.expression", STR_ARG(path))
                               : arena_format(arena, "%.*s.expressions[%zu]", STR_ARG(path), i);
        struct fault fault = check_expression(check, &expression->children[i], child, depth + 1);
        if (failed(fault))
            return fault;
    }
    return fault_none();
}

static struct fault check_patterns(struct check *check, const struct patterns *patterns,
                                   struct str path)
{
    struct arena *arena = check->admission->arena;
    for (size_t i = 0; i < patterns->count; i++) {
        if (patterns->values[i].type != JSON_STRING)
            continue; /* flag_check's to refuse */
        struct fault fault = check_pattern(check, patterns->syntax, patterns->values[i].string);
        if (!failed(fault))
            continue;
        fault.where = patterns->is_list ? arena_format(arena, "%.*s.value[%zu]", STR_ARG(path), i)
                                        : arena_format(arena, "%.*s.value", STR_ARG(path));
        return fault;
    }
    return fault_none();
}

/* Refuses the first pattern that displeases, with its path. */
static struct fault check_expression(struct check *check, const struct expression *expression,
                                     struct str path, unsigned depth)
{
    if (depth >= EXPRESSION_DEPTH_MAX)
        return fault_make(FAULT_LIMIT, path, STR("nests too deep"));
    struct patterns patterns = expression_patterns(expression);
    if (patterns.count == 0)
        return check_children(check, expression, path, depth);
    return check_patterns(check, &patterns, path);
}

/* ---- steps ---------------------------------------------------------------------------------- */

static struct fault check_steps(struct check *check, size_t steps, size_t current_steps)
{
    if (steps <= EVALUATION_STEPS_MAX || steps <= current_steps)
        return fault_none();
    struct str why = arena_format(check->admission->arena,
                                  "would take up to %zu steps to evaluate; %d is the most", steps,
                                  EVALUATION_STEPS_MAX);
    return fault_make(FAULT_LIMIT, STR("$.rules"), why);
}

struct fault ruleset_check_flag(struct pattern_admission *admission, const struct flag *flag,
                                const struct flag *current)
{
    struct check check;
    check_begin(&check, admission, "flag");
    for (size_t i = 0; current != NULL && i < current->rule_count; i++)
        note_current(&check, &current->rules[i].when, 0);
    for (size_t i = 0; i < flag->rule_count; i++) {
        struct str path = arena_format(admission->arena, "$.rules[%zu].when", i);
        struct fault fault = check_expression(&check, &flag->rules[i].when, path, 0);
        if (failed(fault))
            return check_end(&check, fault);
    }
    size_t current_steps = current == NULL ? 0 : flag_steps(&check.scratch, current);
    return check_end(&check, check_steps(&check, flag_steps(&check.scratch, flag), current_steps));
}

struct fault ruleset_check_segment(struct pattern_admission *admission,
                                   const struct segment *segment, const struct segment *current)
{
    struct check check;
    check_begin(&check, admission, "segment");
    for (size_t i = 0; current != NULL && i < current->rule_count; i++)
        note_current(&check, &current->rules[i], 0);
    for (size_t i = 0; i < segment->rule_count; i++) {
        struct str path = arena_format(admission->arena, "$.rules[%zu]", i);
        struct fault fault = check_expression(&check, &segment->rules[i], path, 0);
        if (failed(fault))
            return check_end(&check, fault);
    }
    size_t current_steps = current == NULL ? 0 : segment_steps(&check.scratch, current);
    return check_end(&check,
                     check_steps(&check, segment_steps(&check.scratch, segment), current_steps));
}
