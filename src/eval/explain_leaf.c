/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain_leaf - one clause against the context, and why it does not hold.
 *
 * A flag's program has no room for clauses that can never hold, and does not know which test was
 * which clause. So a clause is compiled once more, by the ruleset's own compiler, into a test that
 * reads the slots the ruleset has for it.
 */
#include <assert.h>
#include <math.h>

#include "base/instant.h"
#include "eval/explainer.h"

/* ---- the compiler, begun where the ruleset's ended --------------------------------------------
 */

static void know_slots(struct explainer *explainer)
{
    struct compiler *compiler = &explainer->compiler;
    const struct ruleset *ruleset = explainer->ruleset;
    map_open(&compiler->slots, explainer->arena, ruleset->attribute_count);
    for (uint32_t i = 0; i < ruleset->attribute_count; i++)
        map_insert(&compiler->slots, ruleset->attributes[i].text, i);
    map_open(&compiler->selector_slots, explainer->arena, ruleset->selector_count);
    for (uint32_t i = SELECTOR_SLOT_NOTHING + 1; i < ruleset->selector_count; i++)
        map_insert(&compiler->selector_slots, ruleset->selectors[i].text, i);
    compiler->attribute_count = ruleset->attribute_count;
    compiler->selector_count = ruleset->selector_count;
    compiler->selectors = arena_copy(explainer->arena, ruleset->selectors,
                                     ruleset->selector_count * sizeof(struct selector));
}

struct explainer *explainer_open(struct arena *arena, const struct ruleset *ruleset)
{
    struct explainer *explainer = ARENA_NEW(arena, struct explainer);
    explainer->arena = arena;
    explainer->ruleset = ruleset;
    explainer->private.flags = ruleset->private->flags;
    explainer->private.segments = ruleset->private->segments;
    explainer->compiler =
        (struct compiler){.arena = arena, .state = ruleset->state, .private = &explainer->private};
    know_slots(explainer);
    for (size_t i = 0; i < PATTERN_SYNTAXES; i++)
        map_open(&explainer->compiler.pattern_indices[i], arena, 0);
    map_open(&explainer->compiler.questions, arena, 0);
    map_open(&explainer->leaves, arena, 0);
    map_open(&explainer->inclusions, arena, 0);
    return explainer;
}

void explainer_close(struct explainer *explainer)
{
    for (size_t i = 0; i < explainer->private.pattern_count; i++) {
        if (explainer->private.patterns[i] != NULL)
            pattern_close(explainer->private.patterns[i]);
    }
}

struct evaluation inquiry_ask(const struct inquiry *inquiry, struct trace *trace)
{
    return (struct evaluation){
        .context = inquiry->context,
        .now_ms = inquiry->now_ms,
        .trace = trace,
        .cyclic_visits_left = SEGMENT_CYCLIC_VISITS_MAX,
    };
}

/* ---- what is compiled once ---------------------------------------------------------------------
 */

/* An address as a key that lives as long as the map. */
static struct str address_key(struct arena *arena, const void *address)
{
    return (struct str){arena_copy(arena, &address, sizeof(address)), sizeof(address)};
}

static uint32_t find_address(const struct map *map, const void *address)
{
    return map_find(map, (struct str){(const char *)&address, sizeof(address)});
}

static struct leaf *compile_leaf(struct explainer *explainer, struct explained_owner owner,
                                 const struct expression *match)
{
    struct compiler *compiler = &explainer->compiler;
    const struct program program = {.comparison = owner.comparison, .flag = owner.flag};
    struct leaf *leaf = ARENA_NEW(explainer->arena, struct leaf);
    leaf->test.on_true = TARGET_ACCEPT;
    leaf->test.on_false = TARGET_REJECT;
    buf_open(&compiler->question, QUESTION_BYTES_MAX);
    leaf->is_possible = compile_match(compiler, &program, match, &leaf->test);
    buf_close(&compiler->question);
    assert(compiler->attribute_count == explainer->ruleset->attribute_count); /* none is new */
    assert(compiler->selector_count == explainer->ruleset->selector_count);
    return leaf;
}

static const struct leaf *find_leaf(struct explainer *explainer, struct explained_owner owner,
                                    const struct expression *match)
{
    uint32_t known = find_address(&explainer->leaves, match);
    if (known != MAP_ABSENT)
        return explainer->known[known];
    explainer->known =
        compile_grow(explainer->arena, (void *)explainer->known, explainer->known_count,
                     &explainer->known_capacity, sizeof(struct leaf *));
    map_insert(&explainer->leaves, address_key(explainer->arena, match),
               (uint32_t)explainer->known_count);
    const struct leaf *leaf = compile_leaf(explainer, owner, match);
    explainer->known[explainer->known_count++] = leaf;
    return leaf;
}

const struct expression *explainer_inclusion(struct explainer *explainer,
                                             const struct variation *variation)
{
    uint32_t known = find_address(&explainer->inclusions, variation);
    if (known != MAP_ABSENT)
        return explainer->listed[known];
    struct expression *expression = ARENA_NEW(explainer->arena, struct expression);
    if (!inclusion_expression(explainer->arena, variation, expression))
        return NULL;
    explainer->listed =
        compile_grow(explainer->arena, (void *)explainer->listed, explainer->listed_count,
                     &explainer->listed_capacity, sizeof(struct expression *));
    map_insert(&explainer->inclusions, address_key(explainer->arena, variation),
               (uint32_t)explainer->listed_count);
    explainer->listed[explainer->listed_count++] = expression;
    return expression;
}

static struct text_view *find_view(const struct explainer *explainer, struct context *context,
                                   struct str selector)
{
    uint32_t slot = map_find(&explainer->compiler.selector_slots, selector);
    return slot == MAP_ABSENT ? NULL : context_view(context, slot);
}

struct text_view *explain_view(struct inquiry *inquiry, struct str selector)
{
    return find_view(inquiry->explainer, inquiry->context, selector);
}

struct str explained_subject(struct explainer *explainer, struct arena *arena,
                             struct context *context, struct str group_type)
{
    const struct str steps[] = {STR("context"), STR("groups"), group_type, STR("group_name")};
    struct str selector = str_equal(group_type, STR("User"))
                              ? STR("/context/user/user_id")
                              : selector_text(arena, steps, COUNT_OF(steps));
    const struct text_view *view = find_view(explainer, context, selector);
    return view == NULL ? (struct str){0} : text_view_text(view, arena);
}

/* ---- why not -----------------------------------------------------------------------------------
 */

static enum failing unless(bool is_fit, enum failing failing)
{
    return is_fit ? FAILING_DIFFERENT : failing;
}

static enum failing instant_failing(const struct json *value)
{
    int64_t ms = 0;
    if (value->type != JSON_STRING)
        return FAILING_TYPE;
    return unless(instant_parse_date(value->string, &ms), FAILING_UNREADABLE);
}

static enum failing version_failing(const struct json *value)
{
    struct semver version;
    if (value->type != JSON_STRING)
        return FAILING_TYPE;
    return unless(semver_parse(value->string, &version), FAILING_UNREADABLE);
}

static enum failing typed_failing(const struct test *test, const struct json *value)
{
    if (value == &attribute_missing)
        return FAILING_MISSING;
    switch ((enum test_kind)test->kind) {
    case TEST_EQUAL:
        return unless(value->type == test->value->type, FAILING_TYPE);
    case TEST_EQUAL_TEXT:
    case TEST_CONTAINS:
    case TEST_STARTS_WITH:
    case TEST_ENDS_WITH:
    case TEST_MATCHES:
        return unless(value->type == JSON_STRING, FAILING_TYPE);
    case TEST_NUMBER:
        return unless(value->type == JSON_NUMBER, FAILING_TYPE);
    case TEST_INSTANT:
        return instant_failing(value);
    case TEST_VERSION:
        return version_failing(value);
    case TEST_SEGMENT:
    case TEST_PRESENT:
    case TEST_NOT_EQUAL:
    case TEST_IN:
    case TEST_NOT_IN:
    case TEST_TEXT_AMONG:
    case TEST_TEXT_CONTAINS:
    case TEST_TEXT_NUMBER:
    case TEST_TEXT_VERSION:
    case TEST_TEXT_MATCHES:
    case TEST_TEXT_SET_IS:
    case TEST_TEXT_SET_HAS_ALL:
    case TEST_TEXT_SET_HAS_ANY:
        break;
    }
    return FAILING_DIFFERENT;
}

static bool has_number(struct text_view *view)
{
    if (view->kind == VIEW_TEXT)
        return !isnan(text_value_number(&view->value));
    for (uint32_t i = 0; i < view->count; i++) {
        if (!isnan(text_value_number(&view->elements[i])))
            return true;
    }
    return false;
}

static enum failing text_failing(const struct test *test, struct text_view *view)
{
    bool asks_cohorts = test->kind == TEST_TEXT_SET_HAS_ANY && test->choice->cohorts != NULL;
    if (view->kind == VIEW_NOTHING)
        return unless(asks_cohorts, FAILING_MISSING);
    if (test->kind >= TEST_TEXT_SET_FIRST)
        return unless(view->kind == VIEW_LIST, FAILING_TYPE);
    if (test->kind == TEST_TEXT_NUMBER)
        return unless(has_number(view), FAILING_UNREADABLE);
    return FAILING_DIFFERENT;
}

/* ---- one clause ------------------------------------------------------------------------------ */

/* The first of the stored cohorts asked for that has the subject. */
static void find_cohort(struct inquiry *inquiry, const struct text_cohorts *cohorts,
                        struct explained_expression *explained)
{
    struct text_view *view = context_view(inquiry->context, cohorts->member);
    struct str member = text_view_text(view, inquiry->arena);
    if (str_is_empty(member))
        return;
    explained->member = member;
    for (size_t i = 0; i < cohorts->count && str_is_absent(explained->cohort); i++) {
        if (cohort_has(cohorts->cohorts[i], member))
            explained->cohort = cohorts->cohorts[i]->id;
    }
}

static void explain_text_match(struct inquiry *inquiry, const struct test *test,
                               struct explained_expression *explained)
{
    struct text_view *view = context_view(inquiry->context, test->subject);
    explained->actual = view->kind == VIEW_NOTHING ? NULL : view->json;
    if (test->kind == TEST_TEXT_SET_HAS_ANY && test->choice->cohorts != NULL)
        find_cohort(inquiry, test->choice->cohorts, explained);
    if (!explained->holds)
        explained->failing = text_failing(test, view);
}

static void explain_typed_match(struct inquiry *inquiry, const struct test *test,
                                struct explained_expression *explained)
{
    const struct json *value = context_read(inquiry->context, test->subject);
    explained->actual = value == &attribute_missing ? NULL : value;
    if (!explained->holds)
        explained->failing = typed_failing(test, value);
}

void explain_match(struct inquiry *inquiry, struct explained_owner owner,
                   struct explained_expression *explained)
{
    const struct leaf *leaf = find_leaf(inquiry->explainer, owner, explained->expression);
    const struct test *test = &leaf->test;
    bool is_text = owner.comparison == FLAG_COMPARISON_TEXT;
    struct trace trace;
    trace_open(&trace, inquiry->arena);
    struct evaluation evaluation = inquiry_ask(inquiry, &trace);
    explained->holds = leaf->is_possible && program_accepts(&evaluation, test, 0);
    if (!leaf->is_possible) {
        explained->failing = FAILING_IMPOSSIBLE;
        if (!is_text)
            explained->actual = context_read(inquiry->context, test->subject);
        if (explained->actual == &attribute_missing)
            explained->actual = NULL;
    } else if (is_text) {
        explain_text_match(inquiry, test, explained);
    } else {
        explain_typed_match(inquiry, test, explained);
    }
    if (!explained->holds && trace.has_pattern_given_up)
        explained->failing = FAILING_GAVE_UP;
}
