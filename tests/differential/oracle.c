/* SPDX-License-Identifier: Apache-2.0 */
/* oracle - the order of a decision: section 13 of the typed reference, sections 9.2 and 10 of the
 * text family's, decision 5 for both in one environment. */
#include "oracle.h"

static int index_of(const struct flag *flag, struct str id)
{
    for (size_t i = 0; i < flag->variation_count; i++) {
        if (str_equal(flag->variations[i].id, id))
            return (int)i;
    }
    return VARIATION_NONE;
}

static struct oracle_answer off(const struct flag *flag, enum reason reason)
{
    return (struct oracle_answer){reason, DECISION_OK, index_of(flag, flag->off_variation),
                                  RULE_NONE};
}

static struct oracle_answer undecided(enum decision_error error)
{
    return (struct oracle_answer){REASON_DEFAULT, error, VARIATION_NONE, RULE_NONE};
}

bool oracle_is_active(const struct schedule *schedule, int64_t now_ms)
{
    bool has_begun = str_is_absent(schedule->start) || now_ms >= schedule->start_ms;
    bool has_ended = !str_is_absent(schedule->end) && now_ms >= schedule->end_ms;
    return has_begun && !has_ended;
}

static bool is_text(const struct flag *flag)
{
    return flag->arithmetic.comparison == FLAG_COMPARISON_TEXT;
}

/* ---- inclusions and stickiness --------------------------------------------------------------- */

static bool is_included(struct oracle *oracle, const struct flag *flag,
                        const struct variation *variation)
{
    const struct str *ids = variation->included;
    size_t count = variation->included_count;
    if (count > 0 && (oracle_text_is(oracle, flag, STR("/context/user/user_id"), ids, count) ||
                      oracle_text_is(oracle, flag, STR("/context/user/device_id"), ids, count)))
        return true;
    return variation->cohort_count > 0 &&
           oracle_is_in_cohorts(oracle, flag, STR("/context/user/cohort_ids"), variation->cohorts,
                                variation->cohort_count);
}

static int included_variation(struct oracle *oracle, const struct flag *flag)
{
    for (size_t i = 0; is_text(flag) && i < flag->variation_count; i++) {
        if (is_included(oracle, flag, &flag->variations[i]))
            return (int)i;
    }
    return VARIATION_NONE;
}

int oracle_recalled(const struct flag *flag)
{
    uint32_t hash = oracle_fnv_bytes(flag->key) % (uint32_t)(flag->variation_count + 1);
    int variation = (int)hash - 1;
    return variation == index_of(flag, flag->off_variation) ? VARIATION_NONE : variation;
}

static int sticky_variation(struct oracle *oracle, const struct flag *flag)
{
    if (!is_text(flag) || !flag->experiment.is_sticky)
        return VARIATION_NONE;
    struct str selector = arena_format(
        oracle->arena, "/context/user/user_properties/[Experiment] %.*s", STR_ARG(flag->key));
    for (size_t i = 0; i < flag->variation_count; i++) {
        const struct str *id = &flag->variations[i].id;
        bool is_off = str_equal(*id, flag->off_variation);
        if (!is_off && oracle_text_is(oracle, flag, selector, id, 1))
            return (int)i;
    }
    bool is_said = oracle_selected(oracle, flag, selector) != NULL;
    return oracle->person->remembers && !is_said ? oracle_recalled(flag) : VARIATION_NONE;
}

/* ---- prerequisites --------------------------------------------------------------------------- */

static const struct flag *find(struct oracle *oracle, struct str key)
{
    for (size_t i = 0; i < oracle->state->flag_count; i++) {
        if (str_equal(oracle->state->flags[i]->key, key))
            return oracle->state->flags[i];
    }
    return NULL;
}

static bool satisfies(const struct prerequisite *prerequisite, const struct flag *parent,
                      const struct oracle_answer *answer)
{
    if (parent == NULL || answer->variation == VARIATION_NONE || answer->error != DECISION_OK)
        return false;
    for (size_t i = 0; i < prerequisite->variation_count; i++) {
        if (str_equal(prerequisite->variations[i], parent->variations[answer->variation].id))
            return true;
    }
    return false;
}

/* Whether all hold; else *refused is the answer. */
static bool prerequisites_hold(struct oracle *oracle, const struct flag *flag,
                               struct oracle_answer *refused)
{
    for (size_t i = 0; i < flag->prerequisite_count; i++) {
        const struct prerequisite *prerequisite = &flag->prerequisites[i];
        const struct flag *parent = find(oracle, prerequisite->flag);
        struct oracle_answer answer = undecided(DECISION_FLAG_NOT_FOUND);
        if (parent != NULL)
            answer = oracle_decide_inner(oracle, parent);
        if (answer.error == DECISION_KEY_MISSING) {
            *refused = undecided(DECISION_KEY_MISSING);
            return false;
        }
        bool is_gate = !is_text(flag) || prerequisite->variation_count > 0;
        bool is_cycle = answer.error == DECISION_CYCLE_DETECTED;
        if (!is_cycle && (!is_gate || satisfies(prerequisite, parent, &answer)))
            continue;
        /* A cycle is told on, by a text flag, too, that only wants the result: section 10.1. */
        *refused = off(flag, REASON_PREREQUISITE_FAILED);
        refused->error = is_cycle ? DECISION_CYCLE_DETECTED : DECISION_OK;
        return false;
    }
    return true;
}

/* ---- rules ----------------------------------------------------------------------------------- */

static enum reason reason_of(const struct serve *serve, enum reason of_a_variation)
{
    return oracle_deals(serve) ? REASON_SPLIT : of_a_variation;
}

static struct oracle_answer decide_by_rules(struct oracle *oracle, const struct flag *flag)
{
    int variation = VARIATION_NONE;
    for (size_t i = 0; i < flag->rule_count; i++) {
        const struct rule *rule = &flag->rules[i];
        if (!oracle_is_active(&rule->schedule, oracle->now_ms) ||
            !oracle_holds(oracle, flag, &rule->when))
            continue;
        enum served served = oracle_serve(oracle, flag, &rule->serve, &variation);
        if (served == SERVED_KEY_MISSING)
            return undecided(DECISION_KEY_MISSING);
        if (served == SERVED)
            return (struct oracle_answer){reason_of(&rule->serve, REASON_TARGETING_MATCH),
                                          DECISION_OK, variation, (int)i};
    }
    enum served served = oracle_serve(oracle, flag, &flag->fallthrough, &variation);
    if (served == SERVED_KEY_MISSING)
        return undecided(DECISION_KEY_MISSING);
    return (struct oracle_answer){reason_of(&flag->fallthrough, REASON_FALLTHROUGH),
                                  served == SERVED ? DECISION_OK : DECISION_NO_VARIATION, variation,
                                  RULE_NONE};
}

static struct oracle_answer decide_active(struct oracle *oracle, const struct flag *flag)
{
    struct oracle_answer refused = {0};
    int variation = included_variation(oracle, flag);
    if (variation != VARIATION_NONE)
        return (struct oracle_answer){REASON_INCLUDED, DECISION_OK, variation, RULE_NONE};
    if (!prerequisites_hold(oracle, flag, &refused))
        return refused;
    variation = sticky_variation(oracle, flag);
    if (variation != VARIATION_NONE)
        return (struct oracle_answer){REASON_STICKY, DECISION_OK, variation, RULE_NONE};
    return decide_by_rules(oracle, flag);
}

struct oracle_answer oracle_decide_inner(struct oracle *oracle, const struct flag *flag)
{
    bool has_key = !str_is_absent(oracle_targeting_key(oracle));
    if (!is_text(flag) && !has_key && !oracle->person->may_lack_key)
        return undecided(DECISION_INVALID_CONTEXT);
    for (size_t i = 0; i < oracle->depth; i++) {
        if (oracle->stack[i] == flag) {
            struct oracle_answer cycle = off(flag, REASON_DEFAULT);
            cycle.error = DECISION_CYCLE_DETECTED;
            return cycle;
        }
    }
    if (!flag->is_enabled)
        return off(flag, REASON_OFF);
    if (!oracle_is_active(&flag->schedule, oracle->now_ms))
        return off(flag, REASON_SCHEDULED_OUT);
    oracle->stack[oracle->depth++] = flag;
    struct oracle_answer answer = decide_active(oracle, flag);
    oracle->depth--;
    return answer;
}

static struct oracle oracle_of(struct arena *arena, const struct environment_state *state,
                               const struct oracle_person *person, int64_t now_ms)
{
    return (struct oracle){.arena = arena, .state = state, .person = person, .now_ms = now_ms};
}

struct oracle_answer oracle_decide(struct arena *arena, const struct environment_state *state,
                                   const struct flag *flag, const struct oracle_person *person,
                                   int64_t now_ms)
{
    struct oracle oracle = oracle_of(arena, state, person, now_ms);
    return oracle_decide_inner(&oracle, flag);
}

bool oracle_is_member(struct arena *arena, const struct environment_state *state,
                      const struct segment *segment, const struct oracle_person *person,
                      int64_t now_ms)
{
    struct oracle oracle = oracle_of(arena, state, person, now_ms);
    bool has_key = person->may_lack_key || !str_is_absent(oracle_targeting_key(&oracle));
    return has_key && oracle_segment_has(&oracle, segment);
}

enum decision_error oracle_error_of_nothing(struct arena *arena, const struct oracle_person *person)
{
    struct oracle oracle = oracle_of(arena, NULL, person, 0);
    bool has_key = person->may_lack_key || !str_is_absent(oracle_targeting_key(&oracle));
    return has_key ? DECISION_FLAG_NOT_FOUND : DECISION_INVALID_CONTEXT;
}
