/* SPDX-License-Identifier: Apache-2.0 */
/* difference - see difference.h. */
#include <stdlib.h>

#include "difference.h"
#include "model/codec.h"

static int recall(const struct flag_rules *rules, const void *source)
{
    (void)source;
    return oracle_recalled(rules->flag);
}

static void open_context(const struct oracle_person *person, const struct ruleset *ruleset,
                         struct arena *arena, struct pattern_scratch *scratch,
                         struct context *context)
{
    if (person->form == CONTEXT_USER)
        context_open_user(context, arena, ruleset, person->attributes, scratch);
    else
        context_open(context, arena, ruleset, person->targeting_key, person->attributes, scratch);
    context->may_lack_key = person->may_lack_key;
    if (person->remembers)
        context->recollection = (struct recollection){recall, NULL};
}

void asking_open(const struct asking *asking, const struct difference *difference,
                 struct context *context)
{
    open_context(&asking->person, difference->ruleset, &difference->environment->arena,
                 difference->scratch, context);
}

/* ---- comparing ------------------------------------------------------------------------------- */

static bool is_same_value(const struct decision *decision, const struct flag *flag, int variation)
{
    if (decision->variation == VARIATION_NONE || variation == VARIATION_NONE)
        return decision->variation == variation;
    const struct variation *one = &decision->flag->flag->variations[decision->variation];
    const struct variation *other = &flag->variations[variation];
    return str_equal(one->id, other->id) && values_equal(&one->value, &other->value) &&
           one->has_payload == other->has_payload &&
           (!one->has_payload || values_equal(&one->payload, &other->payload));
}

static bool is_same(const struct decision *decision, const struct flag *flag,
                    const struct oracle_answer *wanted)
{
    return decision->error == wanted->error && decision->reason == wanted->reason &&
           decision->rule == wanted->rule && is_same_value(decision, flag, wanted->variation);
}

/* ---- showing --------------------------------------------------------------------------------- */

static void show_json(const char *what, const struct json *json)
{
    struct buf text;
    struct json_writer writer;
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    if (json != NULL)
        json_tree(&writer, json);
    fprintf(stderr, "  %s %.*s\n", what, STR_ARG(buf_str(&text)));
    buf_close(&text);
}

static void show_flag(const char *what, const struct flag *flag)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    flag_encode(flag, &text);
    fprintf(stderr, "  %s %.*s\n", what, STR_ARG(buf_str(&text)));
    buf_close(&text);
}

static void show_segment(const struct segment *segment)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    segment_encode(segment, &text);
    fprintf(stderr, "  segment %.*s\n", STR_ARG(buf_str(&text)));
    buf_close(&text);
}

static void show_asking(const struct difference *difference, const struct asking *asking)
{
    const struct oracle_person *person = &asking->person;
    fprintf(stderr, "  GUIDON_SEED=%llu now_ms=%lld %s%s%s%s\n",
            (unsigned long long)difference->seed, (long long)asking->now_ms,
            person->form == CONTEXT_FLAT ? "flat" : "user",
            person->may_lack_key ? ", may lack a key" : "", person->remembers ? ", remembered" : "",
            difference->environment->is_broken ? ", broken" : "");
    if (!str_is_absent(person->targeting_key))
        fprintf(stderr, "  targeting key \"%.*s\"\n", STR_ARG(person->targeting_key));
    show_json("context", person->attributes);
}

static void show_answer(const char *who, int error, enum reason reason, int rule, int variation)
{
    struct str name = reason_name(reason);
    fprintf(stderr, "  %s %.*s, error %d, rule %d, variation %d\n", who, STR_ARG(name), error, rule,
            variation);
}

/* ---- the smallest case ----------------------------------------------------------------------- */

/* The environment that is asked, with the flag in question anew. */
struct trial {
    struct difference *difference;
    struct asking asking;
    struct flag flag;
    size_t index;
    struct decision decision;
    struct oracle_answer wanted;
};

/* Whether evaluator and oracle still differ about the flag as it is now. */
static bool still_differs(struct trial *trial)
{
    const struct difference *difference = trial->difference;
    struct arena arena;
    struct context context;
    struct trace trace;
    const struct flag *flags[FLAGS_MAX];
    struct environment_state state = difference->environment->state;
    for (size_t i = 0; i < state.flag_count; i++)
        flags[i] = i == trial->index ? &trial->flag : state.flags[i];
    state.flags = flags;
    arena_open(&arena, 65536);
    const struct ruleset *ruleset = ruleset_compile(&arena, &state);
    open_context(&trial->asking.person, ruleset, &arena, difference->scratch, &context);
    trace_open(&trace, &arena);
    int64_t now_ms = trial->asking.now_ms;
    trial->decision = evaluate_flag(&ruleset->flags[trial->index], &context, now_ms, &trace);
    trial->wanted = oracle_decide(&arena, &state, &trial->flag, &trial->asking.person, now_ms);
    bool differs =
        !trace.has_pattern_given_up && !is_same(&trial->decision, &trial->flag, &trial->wanted);
    ruleset_close(ruleset);
    arena_close(&arena);
    return differs;
}

static void drop_rules(struct trial *trial, struct arena *arena)
{
    for (size_t i = trial->flag.rule_count; i-- > 0;) {
        struct flag before = trial->flag;
        struct rule *rules = ARENA_NEW_ARRAY(arena, struct rule, before.rule_count);
        for (size_t j = 0, to = 0; j < before.rule_count; j++) {
            if (j != i)
                rules[to++] = before.rules[j];
        }
        trial->flag.rules = rules;
        trial->flag.rule_count--;
        if (!still_differs(trial))
            trial->flag = before;
    }
}

/* A child in the place of its parent, as long as one will do. */
static void raise_children(struct trial *trial, struct expression *expression)
{
    for (size_t i = 0; i < expression->child_count;) {
        struct expression before = *expression;
        *expression = before.children[i];
        if (still_differs(trial)) {
            i = 0;
            continue;
        }
        *expression = before;
        i++;
    }
}

static void drop_members(struct trial *trial, struct json *object)
{
    for (uint32_t i = object->type == JSON_OBJECT ? object->count : 0; i-- > 0;) {
        struct json_member dropped = object->members[i];
        object->members[i] = object->members[object->count - 1];
        object->count--;
        if (still_differs(trial))
            continue;
        object->members[object->count++] = object->members[i];
        object->members[i] = dropped;
    }
}

static void shrink(struct trial *trial, struct arena *arena)
{
    struct flag before = trial->flag;
    trial->flag.prerequisite_count = 0;
    if (!still_differs(trial))
        trial->flag = before;
    drop_rules(trial, arena);
    for (size_t i = 0; i < trial->flag.rule_count; i++)
        raise_children(trial, &trial->flag.rules[i].when);
    if (trial->asking.person.attributes == NULL)
        return;
    struct json *attributes = ARENA_NEW(arena, struct json);
    *attributes = json_copy(arena, trial->asking.person.attributes);
    trial->asking.person.attributes = attributes;
    drop_members(trial, attributes);
    for (uint32_t i = 0; i < attributes->count; i++)
        drop_members(trial, &attributes->members[i].value);
    still_differs(trial);
}

static void show_case(struct trial *trial)
{
    const struct difference *difference = trial->difference;
    const struct environment_state *state = &difference->environment->state;
    show_asking(difference, &trial->asking);
    show_answer("evaluator:", (int)trial->decision.error, trial->decision.reason,
                trial->decision.rule, trial->decision.variation);
    show_answer("oracle:   ", (int)trial->wanted.error, trial->wanted.reason, trial->wanted.rule,
                trial->wanted.variation);
    show_flag("flag", &trial->flag);
    for (size_t i = 0; i < trial->flag.prerequisite_count; i++) {
        const struct flag *parent = environment_find_flag(state, trial->flag.prerequisites[i].flag);
        if (parent != NULL)
            show_flag("prerequisite", parent);
    }
    for (size_t i = 0; i < state->segment_count; i++)
        show_segment(state->segments[i]);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static bool has_given_up(struct difference *difference, const struct asking *asking, size_t flag)
{
    struct trace trace;
    struct context context;
    asking_open(asking, difference, &context);
    trace_open(&trace, &difference->arena);
    evaluate_flag(&difference->ruleset->flags[flag], &context, asking->now_ms, &trace);
    return trace.has_pattern_given_up;
}

enum verdict difference_of_flag(struct difference *difference, const struct asking *asking,
                                struct context *context, size_t flag, struct oracle_answer *wanted)
{
    const struct environment_state *state = &difference->environment->state;
    const struct flag *document = state->flags[flag];
    struct decision decision =
        evaluate_flag(&difference->ruleset->flags[flag], context, asking->now_ms, NULL);
    arena_reset(&difference->arena);
    *wanted = oracle_decide(&difference->arena, state, document, &asking->person, asking->now_ms);
    if (is_same(&decision, document, wanted))
        return VERDICT_SAME;
    if (has_given_up(difference, asking, flag))
        return VERDICT_GAVE_UP;
    struct trial trial = {difference, *asking, *document, flag, decision, *wanted};
    fprintf(stderr, "%.*s is decided otherwise:\n", STR_ARG(document->key));
    if (still_differs(&trial)) {
        struct arena arena;
        arena_open(&arena, 65536);
        shrink(&trial, &arena);
        show_case(&trial);
        arena_close(&arena);
    } else {
        trial.decision = decision;
        trial.wanted = *wanted;
        fprintf(stderr, "  only behind other questions of the same context\n");
        show_case(&trial);
    }
    fail();
    return VERDICT_SAME;
}

void difference_of_segment(struct difference *difference, const struct asking *asking,
                           struct context *context, size_t segment)
{
    const struct environment_state *state = &difference->environment->state;
    const struct segment *document = state->segments[segment];
    struct membership membership =
        evaluate_segment(difference->ruleset, document->key, context, asking->now_ms,
                         &difference->environment->arena);
    arena_reset(&difference->arena);
    bool wanted =
        oracle_is_member(&difference->arena, state, document, &asking->person, asking->now_ms);
    if (membership.is_found && membership.is_member == wanted)
        return;
    fprintf(stderr, "membership of %.*s is %d, not %d:\n", STR_ARG(document->key),
            (int)membership.is_member, (int)wanted);
    show_asking(difference, asking);
    for (size_t i = 0; i < state->segment_count; i++)
        show_segment(state->segments[i]);
    fail();
}

enum decision_error difference_of_nothing(struct difference *difference,
                                          const struct asking *asking, struct context *context)
{
    struct decision decision =
        evaluate(difference->ruleset, STR("no-such-flag"), context, asking->now_ms, NULL);
    CHECK(decision.flag == NULL);
    CHECK_INT(decision.error, oracle_error_of_nothing(&difference->arena, &asking->person));
    CHECK_INT(decision.reason, REASON_DEFAULT);
    CHECK_INT(decision.variation, VARIATION_NONE);
    CHECK_INT(decision.rule, RULE_NONE);
    return decision.error;
}
