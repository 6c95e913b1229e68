/* SPDX-License-Identifier: Apache-2.0 */
/* compile - from an environment's state to its ruleset: see ruleset.h and compile.h. */
#include "eval/compile.h"

#include <assert.h>

/* ---- attributes and patterns: each distinct text once --------------------------------------- */

void *compile_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return array;
    size_t larger = *capacity == 0 ? 16 : *capacity * 2;
    void *copy = arena_allocate_array(arena, larger, size);
    if (count > 0)
        memcpy(copy, array, count * size);
    *capacity = larger;
    return copy;
}

/* Split at '.', one leading "attributes." dropped; the targeting key has no parts: wire
 * reference, section 13, "Attribute read". */
static struct attribute_path parse_path(struct arena *arena, struct str text)
{
    struct attribute_path path = {.text = text};
    if (str_equal(text, STR("targetingKey")))
        return path;
    struct str rest = text;
    if (str_starts_with(rest, STR("attributes.")))
        rest = str_slice(rest, sizeof("attributes.") - 1, rest.size);
    size_t dots = 0;
    for (size_t i = 0; i < rest.size; i++)
        dots += rest.data[i] == '.';
    path.segments = ARENA_NEW_ARRAY(arena, struct str, dots + 1);
    size_t from = 0;
    while (from <= rest.size) {
        size_t end = str_find_byte(rest, '.', from);
        path.segments[path.segment_count++] = str_slice(rest, from, end);
        from = end + 1;
    }
    assert(path.segment_count == dots + 1);
    return path;
}

uint32_t compile_attribute(struct compiler *compiler, struct str path)
{
    uint32_t known = map_find(&compiler->slots, path);
    if (known != MAP_ABSENT)
        return known;
    compiler->attributes =
        compile_grow(compiler->arena, compiler->attributes, compiler->attribute_count,
                     &compiler->attribute_capacity, sizeof(struct attribute_path));
    uint32_t slot = (uint32_t)compiler->attribute_count++;
    compiler->attributes[slot] = parse_path(compiler->arena, path);
    map_insert(&compiler->slots, path, slot);
    return slot;
}

const struct pattern *compile_pattern(struct compiler *compiler, enum pattern_syntax syntax,
                                      struct str text)
{
    struct ruleset_private *private = compiler->private;
    struct map *indices = &compiler->pattern_indices[syntax];
    uint32_t known = map_find(indices, text);
    if (known != MAP_ABSENT)
        return private->patterns[known];
    private->patterns =
        compile_grow(compiler->arena, (void *)private->patterns, private->pattern_count,
                     &compiler->pattern_capacity, sizeof(struct pattern *));
    uint32_t index = (uint32_t) private->pattern_count++;
    bool is_served = !failed(pattern_open(&private->patterns[index], syntax, text));
    assert(is_served == (private->patterns[index] != NULL)); /* else it never holds */
    map_insert(indices, text, index);
    return private->patterns[index];
}

struct activity compile_activity(const struct schedule *schedule)
{
    return (struct activity){
        .start_ms = str_is_absent(schedule->start) ? INT64_MIN : schedule->start_ms,
        .end_ms = str_is_absent(schedule->end) ? INT64_MAX : schedule->end_ms,
    };
}

/* ---- flags ----------------------------------------------------------------------------------- */

static const bool *compile_satisfying(struct compiler *compiler, const struct flag *flag,
                                      const struct prerequisite *prerequisite)
{
    bool *satisfies = ARENA_NEW_ARRAY(compiler->arena, bool, flag->variation_count);
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        int variation = flag_find_variation(flag, prerequisite->variations[i]);
        if (variation >= 0)
            satisfies[variation] = true;
    }
    return satisfies;
}

/* In the text family one without variations is no gate. */
static struct compiled_prerequisite compile_prerequisite(struct compiler *compiler, bool is_typed,
                                                         const struct prerequisite *prerequisite)
{
    bool is_gate = is_typed || prerequisite->variation_count > 0;
    uint32_t index = map_find(&compiler->private->flags, prerequisite->flag);
    if (index == MAP_ABSENT)
        return (struct compiled_prerequisite){.is_gate = is_gate};
    struct flag_rules *required = &compiler->flags[index];
    if (required->memo == MEMO_NONE)
        required->memo = compiler->prerequisite_flag_count++;
    return (struct compiled_prerequisite){
        .flag = required,
        .satisfies = compile_satisfying(compiler, compiler->state->flags[index], prerequisite),
        .is_gate = is_gate,
    };
}

static void compile_prerequisites(struct compiler *compiler, struct flag_rules *compiled)
{
    const struct flag *flag = compiled->flag;
    if (flag->prerequisite_count == 0)
        return;
    struct compiled_prerequisite *prerequisites =
        ARENA_NEW_ARRAY(compiler->arena, struct compiled_prerequisite, flag->prerequisite_count);
    for (size_t i = 0; i < flag->prerequisite_count; i++)
        prerequisites[i] =
            compile_prerequisite(compiler, compiled->is_typed, &flag->prerequisites[i]);
    compiled->prerequisites = prerequisites;
    compiled->prerequisite_count = (uint32_t)flag->prerequisite_count;
}

/* The expressions that come before the rules, one for each variation at most. */
struct choices {
    struct expression *expressions;
    int *variations;
    uint32_t count;
};

static struct choices choices_open(struct compiler *compiler, const struct flag *flag)
{
    return (struct choices){
        .expressions = ARENA_NEW_ARRAY(compiler->arena, struct expression, flag->variation_count),
        .variations = ARENA_NEW_ARRAY(compiler->arena, int, flag->variation_count),
    };
}

static size_t count_choice_tests(const struct choices *choices)
{
    size_t count = 0;
    for (uint32_t i = 0; i < choices->count; i++)
        count += expression_count_tests(&choices->expressions[i]);
    return count;
}

static const struct compiled_choice *
compile_choices(struct compiler *compiler, struct program *program, const struct choices *choices)
{
    struct compiled_choice *compiled =
        ARENA_NEW_ARRAY(compiler->arena, struct compiled_choice, choices->count);
    for (uint32_t i = choices->count; i-- > 0;) {
        compiled[i].variation = choices->variations[i];
        compiled[i].entry = program_prepend(compiler, program, &choices->expressions[i],
                                            TARGET_ACCEPT, TARGET_REJECT);
    }
    return compiled;
}

static bool is_sticky(const struct flag *flag)
{
    return flag->kind == FLAG_KIND_EXPERIMENT && flag->experiment.is_sticky;
}

/* Who is listed for a variation, and who had it; in the order of the variations. */
static void collect_choices(struct compiler *compiler, const struct flag *flag,
                            struct choices *inclusions, struct choices *sticky)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct variation *variation = &flag->variations[i];
        inclusions->variations[inclusions->count] = (int)i;
        if (inclusion_expression(compiler->arena, variation,
                                 &inclusions->expressions[inclusions->count]))
            inclusions->count++;
        sticky->variations[sticky->count] = (int)i;
        if (is_sticky(flag) && sticky_expression(compiler->arena, flag, variation,
                                                 &sticky->expressions[sticky->count]))
            sticky->count++;
    }
}

static void compile_rules(struct compiler *compiler, struct flag_rules *compiled)
{
    const struct flag *flag = compiled->flag;
    struct choices inclusions = {0};
    struct choices sticky = {0};
    if (!compiled->is_typed) {
        inclusions = choices_open(compiler, flag);
        sticky = choices_open(compiler, flag);
        collect_choices(compiler, flag, &inclusions, &sticky);
    }
    size_t test_count_max = count_choice_tests(&inclusions) + count_choice_tests(&sticky);
    for (size_t i = 0; i < flag->rule_count; i++)
        test_count_max += expression_count_tests(&flag->rules[i].when);
    if (flag->rule_count == 0 && test_count_max == 0)
        return;
    struct program program =
        program_open(compiler, test_count_max, flag->arithmetic.comparison, flag);
    struct compiled_rule *rules =
        ARENA_NEW_ARRAY(compiler->arena, struct compiled_rule, flag->rule_count);
    for (size_t i = flag->rule_count; i-- > 0;) {
        const struct rule *rule = &flag->rules[i];
        rules[i].activity = compile_activity(&rule->schedule);
        rules[i].entry =
            program_prepend(compiler, &program, &rule->when, TARGET_ACCEPT, TARGET_REJECT);
        rules[i].serve = compile_serve(compiler, flag, &rule->serve);
    }
    compiled->sticky = compile_choices(compiler, &program, &sticky);
    compiled->sticky_count = sticky.count;
    if (sticky.count > 0)
        compiled->sticky_selector =
            compile_selector(compiler, flag, sticky.expressions[0].attribute);
    compiled->inclusions = compile_choices(compiler, &program, &inclusions);
    compiled->inclusion_count = inclusions.count;
    compiled->tests = program.tests;
    compiled->rules = rules;
    compiled->rule_count = (uint32_t)flag->rule_count;
}

static void compile_flag(struct compiler *compiler, struct flag_rules *compiled)
{
    const struct flag *flag = compiled->flag;
    compiled->off_variation = flag_find_variation(flag, flag->off_variation);
    compiled->blank_variation = flag_find_variation(flag, STR(""));
    compiled->is_enabled = flag->is_enabled;
    compiled->is_typed = flag->arithmetic.comparison == FLAG_COMPARISON_TYPED;
    compiled->activity = compile_activity(&flag->schedule);
    compile_prerequisites(compiler, compiled);
    compile_rules(compiler, compiled);
    struct compiled_serve *fallthrough = ARENA_NEW(compiler->arena, struct compiled_serve);
    *fallthrough = compile_serve(compiler, flag, &flag->fallthrough);
    compiled->fallthrough = fallthrough;
}

static void index_flags(struct compiler *compiler)
{
    const struct environment_state *state = compiler->state;
    compiler->flags = ARENA_NEW_ARRAY(compiler->arena, struct flag_rules, state->flag_count);
    map_open(&compiler->private->flags, compiler->arena, state->flag_count);
    for (uint32_t i = 0; i < state->flag_count; i++) {
        compiler->flags[i].flag = state->flags[i];
        compiler->flags[i].index = i;
        compiler->flags[i].memo = MEMO_NONE;
        map_insert(&compiler->private->flags, state->flags[i]->key, i);
    }
}

/* ---- segments -------------------------------------------------------------------------------- */

static void compile_segment(struct compiler *compiler, struct compiled_segment *compiled)
{
    const struct segment *segment = compiled->segment;
    compiled->activity = compile_activity(&segment->schedule);
    compiled->included =
        text_set_build(compiler->arena, segment->included, segment->included_count);
    compiled->excluded =
        text_set_build(compiler->arena, segment->excluded, segment->excluded_count);

    size_t test_count_max = 0;
    for (size_t i = 0; i < segment->rule_count; i++)
        test_count_max += expression_count_tests(&segment->rules[i]);
    struct program program = program_open(compiler, test_count_max, FLAG_COMPARISON_TYPED, NULL);
    compiled->entry = TARGET_REJECT;
    for (size_t i = segment->rule_count; i-- > 0;)
        compiled->entry =
            program_prepend(compiler, &program, &segment->rules[i], TARGET_ACCEPT, compiled->entry);
    /* What could never hold left a gap in front. */
    compiled->tests = program.tests;
    compiled->first_test = program.next;
    compiled->test_count = (uint32_t)test_count_max;
}

/* Whether all segments it asks about are settled already. */
static bool leans_on_settled(const struct compiled_segment *segments,
                             const struct compiled_segment *segment)
{
    for (uint32_t i = segment->first_test; i < segment->test_count; i++) {
        const struct test *test = &segment->tests[i];
        if (test->kind == TEST_SEGMENT && !segments[test->subject].is_settled)
            return false;
    }
    return true;
}

/* From the leaves up; at most as many rounds as segments nest. */
static void settle_segments(struct compiled_segment *segments, size_t count)
{
    bool has_changed = true;
    while (has_changed) {
        has_changed = false;
        for (size_t i = 0; i < count; i++) {
            if (segments[i].is_settled || !leans_on_settled(segments, &segments[i]))
                continue;
            segments[i].is_settled = true;
            has_changed = true;
        }
    }
}

static const struct compiled_segment *compile_segments(struct compiler *compiler)
{
    const struct environment_state *state = compiler->state;
    map_open(&compiler->private->segments, compiler->arena, state->segment_count);
    for (uint32_t i = 0; i < state->segment_count; i++)
        map_insert(&compiler->private->segments, state->segments[i]->key, i);
    struct compiled_segment *segments =
        ARENA_NEW_ARRAY(compiler->arena, struct compiled_segment, state->segment_count);
    for (size_t i = 0; i < state->segment_count; i++) {
        segments[i].segment = state->segments[i];
        compile_segment(compiler, &segments[i]);
    }
    settle_segments(segments, state->segment_count);
    return segments;
}

/* ---- the whole ------------------------------------------------------------------------------- */

const struct ruleset *ruleset_compile(struct arena *arena, const struct environment_state *state)
{
    struct compiler compiler = {.arena = arena, .state = state};
    compiler.private = ARENA_NEW(arena, struct ruleset_private);
    map_open(&compiler.slots, arena, 0);
    for (size_t i = 0; i < PATTERN_SYNTAXES; i++)
        map_open(&compiler.pattern_indices[i], arena, 0);
    uint32_t targeting_key = compile_attribute(&compiler, STR("targetingKey"));
    assert(targeting_key == SLOT_TARGETING_KEY);
    compile_selectors_open(&compiler);
    map_open(&compiler.questions, arena, 0);
    buf_open(&compiler.question, QUESTION_BYTES_MAX);

    index_flags(&compiler);
    const struct compiled_segment *segments = compile_segments(&compiler);
    for (size_t i = 0; i < state->flag_count; i++)
        compile_flag(&compiler, &compiler.flags[i]);

    buf_close(&compiler.question);
    compiler.private->calendar = compile_calendar(arena, state);
    struct ruleset *ruleset = ARENA_NEW(arena, struct ruleset);
    *ruleset = (struct ruleset){
        .state = state,
        .flags = compiler.flags,
        .flag_count = state->flag_count,
        .segments = segments,
        .segment_count = state->segment_count,
        .attributes = compiler.attributes,
        .attribute_count = compiler.attribute_count,
        .selectors = compiler.selectors,
        .selector_count = compiler.selector_count,
        .prerequisite_flag_count = compiler.prerequisite_flag_count,
        .answer_count = compiler.asked_count + 1,
        .private = compiler.private,
    };
    return ruleset;
}

void ruleset_close(const struct ruleset *ruleset)
{
    for (size_t i = 0; i < ruleset->private->pattern_count; i++) {
        if (ruleset->private->patterns[i] != NULL)
            pattern_close(ruleset->private->patterns[i]);
    }
}

const struct flag_rules *ruleset_find(const struct ruleset *ruleset, struct str key)
{
    uint32_t index = map_find(&ruleset->private->flags, key);
    return index == MAP_ABSENT ? NULL : &ruleset->flags[index];
}
