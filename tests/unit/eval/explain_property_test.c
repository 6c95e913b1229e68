/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain, against evaluate(): random flags of both families, random people in both forms of a
 * context. What the explanation shows is what the decision was made of.
 *
 * Worlds are the scenarios' without the checks of a writer: flags may lean on what is not there, on
 * each other in circles, and say what can never hold. EXPLAIN_SEED=n begins with another world,
 * EXPLAIN_WORLDS=n makes more of them.
 */
#include "../../scenario/random_text.h"

#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "eval/explain.h"
#include "eval/hash.h"
#include "eval/sha1.h"
#include "test.h"

enum { WORLDS = 150, PEOPLE = 8, FLAGS = 22, SEGMENTS = 3, COHORTS = 3 };

struct world {
    uint64_t seed;
    struct arena arena;
    struct dice dice;
    struct flag flags[FLAGS];
    const struct flag *by_key[FLAGS];
    struct segment segments[SEGMENTS];
    const struct segment *segment_list[SEGMENTS];
    struct cohort cohorts[COHORTS];
    const struct cohort *cohort_list[COHORTS];
    struct environment_state state;
    const struct ruleset *ruleset;
    struct pattern_scratch *scratch;
    bool is_straight; /* no segment leads back to itself */
};

/* ---- worlds ---------------------------------------------------------------------------------- */

static void add_cohort(struct world *world, const char *id, const char *group_type)
{
    struct cohort_builder *builder = cohort_builder_open();
    struct cohort_members *members = NULL;
    for (size_t i = 0; i < 3; i++)
        CHECK_OK(cohort_builder_add(builder, strcmp(group_type, "User") == 0
                                                 ? some_user_id(&world->dice)
                                                 : some_group_name(&world->dice)));
    CHECK_OK(cohort_builder_finish(builder, &members));
    size_t index = world->state.cohort_count++;
    world->cohorts[index] =
        (struct cohort){.id = str_of(id), .group_type = str_of(group_type), .members = members};
    world->cohort_list[index] = &world->cohorts[index];
}

/* On any flag there is, itself and later ones included, or on none. */
static void add_parents(struct world *world, struct flag *flag)
{
    struct dice *dice = &world->dice;
    flag->prerequisite_count = once_in(dice, 3) ? 1 + roll(dice, 3) : 0;
    flag->prerequisites =
        ARENA_NEW_ARRAY(dice->arena, struct prerequisite, flag->prerequisite_count);
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        struct prerequisite *added = &flag->prerequisites[i];
        uint32_t index = roll(dice, once_in(dice, 8) ? FLAGS + 1 : FLAGS / 3);
        added->flag = arena_format(dice->arena, "%c%02u", index % 2 == 0 ? 't' : 'f', index);
        added->variation_count = roll(dice, 4);
        added->variations = ARENA_NEW_ARRAY(dice->arena, struct str, added->variation_count);
        static const struct str ids[] = {{"on", 2}, {"b", 1}, {"off", 3}, {"v0", 2}, {"v1", 2}};
        for (size_t j = 0; j < added->variation_count; j++)
            added->variations[j] = one_of(dice, ids, COUNT_OF(ids));
    }
}

/* The generators know buckets that stay where they are. */
static void let_move(struct dice *dice, struct serve *serve)
{
    if (serve->kind != SERVE_BUCKET || !once_in(dice, 3))
        return;
    serve->kind = SERVE_PROGRESSIVE_BUCKET;
    serve->schedule = some_schedule(dice, true);
    uint32_t left = SLICE_PERCENT_MAX;
    for (size_t i = 0; i < serve->bucket.slice_count; i++) {
        serve->bucket.slices[i].percent_to = roll(dice, left + 1);
        left -= serve->bucket.slices[i].percent_to;
    }
}

static struct flag some_flag(struct world *world, uint32_t index)
{
    struct dice *dice = &world->dice;
    bool is_text = index % 2 == 0;
    struct str key = arena_format(dice->arena, "%c%02u", is_text ? 't' : 'f', index);
    struct flag flag = is_text ? begin_text(dice, key) : some_typed_flag(dice, key);
    add_parents(world, &flag);
    if (is_text)
        finish_text(dice, &flag);
    let_move(dice, &flag.fallthrough);
    for (size_t i = 0; i < flag.rule_count; i++)
        let_move(dice, &flag.rules[i].serve);
    return flag;
}

static int compare_flags(const void *left, const void *right)
{
    const struct flag *const *a = left;
    const struct flag *const *b = right;
    return str_compare((*a)->key, (*b)->key);
}

static void world_open(struct world *world, uint64_t seed)
{
    static const char *const keys[SEGMENTS] = {"s-a", "s-b", "s-c"};
    memset(world, 0, sizeof(*world));
    world->seed = seed;
    arena_open(&world->arena, 65536);
    world->dice = dice_of(seed, &world->arena);
    world->scratch = pattern_scratch_open();
    add_cohort(world, "beta", "User");
    add_cohort(world, "crew", "User");
    add_cohort(world, "orgs", "org");
    for (size_t i = 0; i < SEGMENTS; i++) {
        world->segments[i] = some_segment(&world->dice, str_of(keys[i]));
        world->segment_list[i] = &world->segments[i];
    }
    for (uint32_t i = 0; i < FLAGS; i++) {
        world->flags[i] = some_flag(world, i);
        world->by_key[i] = &world->flags[i];
    }
    qsort(world->by_key, FLAGS, sizeof(world->by_key[0]), compare_flags);
    world->state.segments = world->segment_list;
    world->state.segment_count = SEGMENTS;
    world->state.cohorts = world->cohort_list;
    world->is_straight = !failed(environment_check(&world->arena, &world->state));
    world->state.flags = world->by_key;
    world->state.flag_count = FLAGS;
    world->ruleset = ruleset_compile(&world->arena, &world->state);
}

static void world_close(struct world *world)
{
    ruleset_close(world->ruleset);
    pattern_scratch_close(world->scratch);
    for (size_t i = 0; i < world->state.cohort_count; i++)
        cohort_members_release(world->cohorts[i].members);
    arena_close(&world->arena);
}

/* ---- one explanation ------------------------------------------------------------------------- */

struct tally {
    size_t decisions, by_rule, dealt, segments, culprits, moving, circles, unkeyed;
    size_t hashed[FLAG_HASH_MURMUR3_32_PERCENT + 1]; /* by hash */
};

struct question {
    struct world *world;
    struct arena *arena;
    struct context *context;
    struct str key;
    struct decision truth;
    struct trace trace;
    struct tally *tally;
};

static void say_seed(const struct question *question, const char *claim)
{
    fprintf(stderr, "EXPLAIN_SEED=%llu %.*s: %s\n", (unsigned long long)question->world->seed,
            STR_ARG(question->key), claim);
}

#define CLAIM(condition)                                                                           \
    do {                                                                                           \
        bool is_so = (condition);                                                                  \
        if (!is_so)                                                                                \
            say_seed(question, #condition);                                                        \
        CHECK(is_so);                                                                              \
    } while (0)

/* Where segments do not lead back to themselves, who is in one does not depend on the way there. */
static void check_segment(const struct question *question, const struct explained_segment *segment)
{
    struct membership membership =
        evaluate_segment(question->world->ruleset, segment->segment->key, question->context,
                         world_now_ms, question->arena);
    bool is_answered =
        !str_is_empty(question->context->targeting_key) || question->context->may_lack_key;
    question->tally->segments += is_answered;
    CLAIM(membership.is_found);
    CLAIM(!is_answered || membership.is_member == segment->is_member);
    if (!segment->is_expanded)
        return;
    bool is_ruled = false;
    for (size_t i = 0; i < segment->segment->rule_count; i++)
        is_ruled = is_ruled || segment->rules[i].holds;
    CLAIM(segment->is_member ==
          (segment->is_in_schedule && !segment->is_excluded && (segment->is_included || is_ruled)));
}

static void check_expression(const struct question *question,
                             const struct explained_expression *explained)
{
    CLAIM(explained->holds == (explained->failing == FAILING_NOT));
    if (explained->segment != NULL && question->world->is_straight)
        check_segment(question, explained->segment);
    for (size_t i = 0; i < explained->expression->child_count; i++)
        check_expression(question, &explained->children[i]);
    if (explained->segment == NULL || !explained->segment->is_expanded)
        return;
    for (size_t i = 0; i < explained->segment->segment->rule_count; i++)
        check_expression(question, &explained->segment->rules[i]);
}

/* The culprit is found by its path, does not hold, and everything before it on the way does. */
static void check_culprit(const struct question *question, const struct explained_rule *rule)
{
    struct str path = {0};
    const struct explained_expression *culprit =
        explained_culprit(&rule->when, question->arena, &path);
    CLAIM((culprit == NULL) == rule->holds);
    if (culprit == NULL)
        return;
    question->tally->culprits++;
    const struct explained_expression *at = &rule->when;
    size_t from = 0;
    while (from < path.size) {
        static const char step[] = "/expressions/";
        CLAIM(str_starts_with(str_slice(path, from, path.size), STR("/expressions/")));
        size_t end = str_find_byte(path, '/', from + sizeof(step) - 1);
        uint64_t index = 0;
        CLAIM(str_parse_u64(str_slice(path, from + sizeof(step) - 1, end), &index));
        CLAIM(index < at->expression->child_count);
        for (uint64_t i = 0; i < index; i++)
            CLAIM(at->children[i].holds);
        at = &at->children[index];
        from = end;
    }
    CLAIM(at == culprit && !at->holds);
}

static uint64_t hash_of(const struct explained_serve *serve)
{
    struct sha1 empty = sha1_begin(STR(""));
    switch (serve->hash_name) {
    case FLAG_HASH_FNV1A_32_UTF16:
        return hash_fnv1a_utf16(serve->input);
    case FLAG_HASH_FNV1A_32_MODULO:
        return hash_fnv1a_utf8_continue(HASH_FNV1A_BASIS, serve->input);
    case FLAG_HASH_SHA1_60:
        return sha1_finish_60(&empty, serve->input);
    case FLAG_HASH_MURMUR3_32_UTF8:
    case FLAG_HASH_MURMUR3_32_SCALED:
    case FLAG_HASH_MURMUR3_32_PERCENT:
        break;
    }
    return hash_murmur3_32(serve->input, 0);
}

static uint64_t ticket_of(const struct explained_serve *serve)
{
    switch (serve->hash_name) {
    case FLAG_HASH_FNV1A_32_UTF16:
    case FLAG_HASH_FNV1A_32_MODULO:
        return serve->hash % serve->ticket_count;
    case FLAG_HASH_SHA1_60:
        return (uint64_t)((double)serve->hash / 0xFFFFFFFFFFFFFFFp0 * 100000);
    case FLAG_HASH_MURMUR3_32_SCALED:
        return serve->hash * serve->ticket_count >> 32;
    case FLAG_HASH_MURMUR3_32_PERCENT:
        return hash_murmur3_32(serve->input, 86028157) % serve->ticket_count;
    case FLAG_HASH_MURMUR3_32_UTF8:
        break;
    }
    return serve->hash / 100;
}

/* The hash again, from the text that is said to be hashed. */
static void check_ticket(const struct question *question, const struct explained_serve *serve)
{
    if (!serve->has_subject)
        return;
    question->tally->dealt++;
    question->tally->hashed[serve->hash_name]++;
    CLAIM(serve->hash == hash_of(serve));
    if (serve_is_bucket(serve->serve)) {
        CLAIM(serve->percent == serve->hash % 100);
        CLAIM(serve->slice_start <= serve->percent && serve->percent < serve->slice_end);
    }
    if (serve->ticket_count == 0) {
        CLAIM(serve->hash_name == FLAG_HASH_MURMUR3_32_PERCENT && serve->range_count == 0);
        return;
    }
    CLAIM(serve->ticket == ticket_of(serve));
    CLAIM(serve->ticket < serve->ticket_count);
    if (serve->chosen < 0)
        return;
    CLAIM((size_t)serve->chosen < serve->range_count);
    const struct explained_range *range = &serve->ranges[serve->chosen];
    CLAIM(range->start <= serve->ticket && serve->ticket < range->end);
    for (int i = 0; i < serve->chosen; i++)
        CLAIM(serve->ranges[i].end <= serve->ticket);
    if (range->variation != VARIATION_NONE)
        CLAIM(range->variation == serve->variation);
}

static void check_against_trace(const struct question *question,
                                const struct explained_serve *serve)
{
    const struct trace *trace = &question->trace;
    if (trace->serve == NULL)
        return;
    CLAIM(trace->serve == serve->serve);
    CLAIM(trace->has_ticket == serve->has_subject);
    CLAIM(!trace->has_ticket || trace->ticket == serve->ticket);
    CLAIM(!trace->has_percent || trace->percent == serve->percent);
    CLAIM(!trace->has_ticket || trace->allocation_count == serve->range_count);
    CLAIM(!trace->has_ticket || str_equal(trace->salt, serve->salt));
    question->tally->moving += serve->is_progressive && 0 < serve->progress && serve->progress < 1;
}

static void check_serving(const struct question *question, const struct explained_rule *rule)
{
    CLAIM(rule->is_reached && rule->is_in_schedule && rule->holds);
    CLAIM(rule->serve.variation == question->truth.variation);
    check_against_trace(question, &rule->serve);
    question->tally->by_rule++;
}

static void check_rules(const struct question *question, const struct explanation *explanation)
{
    const struct flag *flag = explanation->flag->flag;
    bool is_by_rules = explanation->settled_by >= STEP_RULES;
    bool is_open = is_by_rules;
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct explained_rule *rule = &explanation->rules[i];
        CLAIM(rule->is_reached == is_open);
        CLAIM(rule->when.holds == rule->holds);
        CLAIM(rule->is_serving == (question->truth.rule == (int)i));
        check_expression(question, &rule->when);
        check_culprit(question, rule);
        check_ticket(question, &rule->serve);
        if (rule->is_serving)
            check_serving(question, rule);
        bool deals = rule->serve.variation != VARIATION_NONE || rule->serve.lacks_key;
        is_open = is_open && !(rule->is_in_schedule && rule->holds && deals);
    }
    CLAIM(!is_by_rules || is_open == (explanation->settled_by == STEP_FALLTHROUGH));
    check_ticket(question, &explanation->fallthrough);
    if (explanation->settled_by != STEP_FALLTHROUGH)
        return;
    CLAIM(question->truth.variation == explanation->fallthrough.variation);
    check_against_trace(question, &explanation->fallthrough);
}

/* What the serving rule leaned on is what its segments say. */
static bool says_member(const struct explained_expression *explained, struct str key)
{
    const struct explained_segment *segment = explained->segment;
    if (segment != NULL && str_equal(segment->segment->key, key) && segment->is_member)
        return true;
    for (size_t i = 0; i < explained->expression->child_count; i++) {
        if (says_member(&explained->children[i], key))
            return true;
    }
    for (size_t i = 0; segment != NULL && segment->is_expanded && i < segment->segment->rule_count;
         i++) {
        if (says_member(&segment->rules[i], key))
            return true;
    }
    return false;
}

/* Expanded once, wherever it came first. */
static bool says_member_somewhere(const struct explanation *explanation, struct str key)
{
    const struct flag *flag = explanation->flag->flag;
    for (size_t i = 0; i < flag->rule_count; i++) {
        if (says_member(&explanation->rules[i].when, key))
            return true;
    }
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct explained_prerequisite *prerequisite = &explanation->prerequisites[i];
        if (prerequisite->why != NULL && !prerequisite->is_repeated &&
            says_member_somewhere(prerequisite->why, key))
            return true;
    }
    return false;
}

static void check_segments_matched(const struct question *question,
                                   const struct explanation *explanation)
{
    bool is_asked = question->world->is_straight; /* else the answer is about the path */
    for (size_t i = 0; is_asked && i < question->trace.segment_count; i++)
        CLAIM(says_member_somewhere(explanation, question->trace.segments[i]));
}

static void check_prerequisites(const struct question *question,
                                const struct explanation *explanation)
{
    const struct trace *trace = &question->trace;
    const struct flag *flag = explanation->flag->flag;
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct explained_prerequisite *explained = &explanation->prerequisites[i];
        CLAIM(explained->wanted == &flag->prerequisites[i]);
        CLAIM(explained->is_reached == (i < trace->prerequisite_count));
        if (i < trace->prerequisite_count) {
            CLAIM(explained->is_satisfied == trace->prerequisites[i].is_satisfied);
            CLAIM(explained->variation == trace->prerequisites[i].variation);
            CLAIM(explained->reason == trace->prerequisites[i].reason);
        }
        bool is_last = i + 1 == trace->prerequisite_count;
        bool has_failed = question->truth.reason == REASON_PREREQUISITE_FAILED &&
                          question->truth.error != DECISION_CYCLE_DETECTED;
        if (has_failed && explained->is_reached)
            CLAIM(explained->is_satisfied != is_last);
        if (explained->why == NULL)
            continue;
        struct decision own = evaluate(question->world->ruleset, explained->wanted->flag,
                                       question->context, world_now_ms, NULL);
        CLAIM(memcmp(&own, &explained->why->decision, sizeof(own)) == 0);
    }
}

static void check_choices(const struct question *question, const struct explanation *explanation)
{
    bool is_reached = explanation->settled_by >= STEP_INCLUSIONS;
    bool is_included = question->truth.reason == REASON_INCLUDED;
    CLAIM(!is_reached || is_included == (explanation->included != VARIATION_NONE));
    if (is_included)
        CLAIM(explanation->included == question->truth.variation);
    for (size_t i = 0; i < explanation->inclusion_count; i++)
        CLAIM(!explanation->inclusions[i].holds ||
              !str_is_absent(explanation->inclusions[i].listed));
    bool is_kept = question->truth.reason == REASON_STICKY;
    CLAIM(explanation->settled_by < STEP_STICKINESS ||
          is_kept == (explanation->kept != VARIATION_NONE));
    CLAIM(!is_kept || explanation->kept == question->truth.variation);
}

static void check_explanation(const struct question *question,
                              const struct explanation *explanation)
{
    question->tally->decisions++;
    question->tally->circles += question->truth.error == DECISION_CYCLE_DETECTED;
    question->tally->unkeyed += question->truth.error == DECISION_KEY_MISSING;
    CLAIM(memcmp(&explanation->decision, &question->truth, sizeof(question->truth)) == 0);
    CLAIM(explanation->flag == ruleset_find(question->world->ruleset, question->key));
    CLAIM((explanation->settled_by == STEP_KEY) == (question->truth.flag == NULL));
    CLAIM(explanation->settled_by > STEP_SCHEDULE
              ? explanation->is_in_schedule
              : explanation->settled_by != STEP_SCHEDULE || !explanation->is_in_schedule);
    check_choices(question, explanation);
    check_prerequisites(question, explanation);
    check_rules(question, explanation);
    check_segments_matched(question, explanation);
}

/* ---- everybody asks for everything -------------------------------------------------------------
 */

static void ask_all(struct world *world, struct explainer *explainer, struct context *context,
                    struct tally *tally)
{
    struct decision truths[FLAGS];
    struct arena arena;
    arena_open(&arena, 65536);
    for (size_t i = 0; i < FLAGS; i++)
        truths[i] = evaluate(world->ruleset, world->by_key[i]->key, context, world_now_ms, NULL);
    for (size_t i = 0; i < FLAGS; i++) {
        struct question question = {.world = world,
                                    .arena = &arena,
                                    .context = context,
                                    .key = world->by_key[i]->key,
                                    .truth = truths[i],
                                    .tally = tally};
        trace_open(&question.trace, &arena);
        (void)evaluate(world->ruleset, question.key, context, world_now_ms, &question.trace);
        const struct explanation *explanation =
            explain(explainer, &arena, question.key, context, world_now_ms);
        check_explanation(&question, explanation);
        arena_reset(&arena);
    }
    /* An explanation leaves nothing behind that a decision would trip over. */
    for (size_t i = 0; i < FLAGS; i++) {
        struct decision again =
            evaluate(world->ruleset, world->by_key[i]->key, context, world_now_ms, NULL);
        CHECK(memcmp(&again, &truths[i], sizeof(again)) == 0);
    }
    arena_close(&arena);
}

static void ask_in_world(struct world *world, struct tally *tally)
{
    struct arena arena;
    arena_open(&arena, 65536);
    struct explainer *explainer = explainer_open(&arena, world->ruleset);
    for (size_t i = 0; i < PEOPLE; i++) {
        struct person person = some_person(&world->dice);
        struct context context;
        context_open_user(&context, &arena, world->ruleset, NULL, world->scratch);
        struct json tree = object_for(&world->dice, 2);
        add_member(&tree, STR("user"), person.user);
        context_open_user(&context, &arena, world->ruleset, &tree, world->scratch);
        ask_all(world, explainer, &context, tally);
        bool has_key = !once_in(&world->dice, 4);
        context_open(&context, &arena, world->ruleset,
                     has_key ? person.targeting_key : (struct str){0}, &person.attributes,
                     world->scratch);
        context.may_lack_key = once_in(&world->dice, 2);
        ask_all(world, explainer, &context, tally);
    }
    explainer_close(explainer);
    arena_close(&arena);
}

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    uint64_t number = otherwise;
    if (text != NULL)
        CHECK(str_parse_u64(str_of(text), &number));
    return number;
}

TEST(explanations_are_about_the_decisions_that_are_made)
{
    struct tally tally = {0};
    uint64_t seed = number_from("EXPLAIN_SEED", 1);
    uint64_t worlds = number_from("EXPLAIN_WORLDS", WORLDS);
    random_open();
    struct world *world = malloc(sizeof(*world));
    CHECK(world != NULL);
    for (uint64_t i = 0; i < worlds; i++) {
        world_open(world, seed + i);
        ask_in_world(world, &tally);
        world_close(world);
    }
    free(world);
    if (worlds < WORLDS)
        return;
    CHECK(tally.by_rule > tally.decisions / 20);
    CHECK(tally.dealt > tally.decisions / 10);
    for (size_t i = 0; i < COUNT_OF(tally.hashed); i++)
        CHECK(tally.hashed[i] > 0);
    CHECK(tally.segments > 1000);
    CHECK(tally.culprits > tally.decisions / 10);
    CHECK(tally.moving > 100);
    CHECK(tally.circles > 100);
    CHECK(tally.unkeyed > 100);
}

TESTS(explanations_are_about_the_decisions_that_are_made)
