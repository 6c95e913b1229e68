/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every decision is the one that the plain reading of the references gives: variation, value, rule,
 * reason and error, of random flags for random people at random moments.
 *
 *     GUIDON_CASES=n   how many decisions are compared, at least
 *     GUIDON_SEED=n    where the environments begin; each has the next number
 */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "difference.h"
#include "model/codec.h"

enum { PEOPLE = 24, MOMENTS = 2, CASES = 200000 };

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    uint64_t number = otherwise;
    if (getenv(name) != NULL)
        CHECK(str_parse_u64(str_of(getenv(name)), &number));
    return number;
}

static struct asking someone(struct random_environment *environment)
{
    struct dice *dice = &environment->dice;
    struct asking asking = {0};
    struct oracle_person *person = &asking.person;
    struct json *attributes = ARENA_NEW(dice->arena, struct json);
    person->form = once_in(dice, 2) ? CONTEXT_FLAT : CONTEXT_USER;
    person->remembers = once_in(dice, 4);
    *attributes = person->form == CONTEXT_FLAT ? edge_attributes(dice) : edge_tree(dice);
    person->attributes = attributes;
    if (person->form == CONTEXT_USER)
        return asking;
    struct json id = edge_id(dice);
    if (id.type == JSON_STRING)
        person->targeting_key = id.string;
    if (once_in(dice, 12))
        person->attributes = NULL;
    person->may_lack_key = once_in(dice, 3);
    if (person->may_lack_key && once_in(dice, 2))
        person->targeting_key = once_in(dice, 2) ? (struct str){0} : STR("");
    return asking;
}

/* On the borders of what is scheduled, and anywhere. */
static int64_t some_instant_of(struct random_environment *environment)
{
    struct dice *dice = &environment->dice;
    const struct flag *flag = &environment->flags[roll(dice, (uint32_t)environment->flag_count)];
    const struct schedule *schedule = &flag->schedule;
    if (flag->rule_count > 0 && once_in(dice, 2)) {
        const struct rule *rule = &flag->rules[roll(dice, (uint32_t)flag->rule_count)];
        schedule = once_in(dice, 2) ? &rule->schedule : &rule->serve.schedule;
    } else if (once_in(dice, 2)) {
        schedule = &flag->fallthrough.schedule;
    }
    if (!str_is_absent(schedule->start) && once_in(dice, 2))
        return schedule->start_ms + (int64_t)roll(dice, 3) - 1;
    if (!str_is_absent(schedule->end))
        return schedule->end_ms + (int64_t)roll(dice, 3) - 1;
    return some_moment(dice);
}

/* What the evaluator reads is, for every other environment, what the store's text says. */
static void rewrite(struct random_environment *environment, struct flag *copies,
                    const struct flag **list)
{
    for (size_t i = 0; i < environment->state.flag_count; i++) {
        struct buf text;
        buf_open(&text, SIZE_MAX);
        flag_encode(environment->state.flags[i], &text);
        struct str kept = arena_copy_str(&environment->arena, buf_str(&text));
        CHECK_OK(flag_decode(&environment->arena, kept, &copies[i]));
        list[i] = &copies[i];
        buf_close(&text);
    }
}

struct tally {
    uint64_t cases, memberships, given_up, environments;
    uint64_t by_reason[REASON_STICKY + 1], by_error[DECISION_KEY_MISSING + 1];
};

static void count(struct tally *tally, const struct oracle_answer *answer, enum verdict verdict)
{
    tally->cases++;
    tally->given_up += verdict == VERDICT_GAVE_UP ? 1 : 0;
    tally->by_reason[answer->reason]++;
    tally->by_error[answer->error]++;
}

static void ask(struct difference *difference, struct tally *tally)
{
    struct random_environment *environment = difference->environment;
    struct asking asking = someone(environment);
    struct context context;
    asking_open(&asking, difference, &context);
    for (size_t moment = 0; moment < MOMENTS; moment++) {
        asking.now_ms = some_instant_of(environment);
        for (size_t i = 0; i < environment->state.flag_count; i++) {
            struct oracle_answer wanted;
            enum verdict verdict = difference_of_flag(difference, &asking, &context, i, &wanted);
            count(tally, &wanted, verdict);
        }
        for (size_t i = 0; i < environment->state.segment_count; i++)
            difference_of_segment(difference, &asking, &context, i);
        tally->memberships += environment->state.segment_count;
        tally->by_error[difference_of_nothing(difference, &asking, &context)]++;
    }
}

static void compare_environment(uint64_t seed, struct pattern_scratch *scratch, struct tally *tally)
{
    struct random_environment environment;
    struct flag copies[FLAGS_MAX];
    const struct flag *list[FLAGS_MAX];
    random_environment_open(&environment, seed);
    struct environment_state state = environment.state;
    if (once_in(&environment.dice, 2)) {
        rewrite(&environment, copies, list);
        state.flags = list;
    }
    struct difference difference = {.environment = &environment,
                                    .seed = seed,
                                    .ruleset = ruleset_compile(&environment.arena, &state),
                                    .scratch = scratch};
    arena_open(&difference.arena, 65536);
    for (size_t i = 0; i < PEOPLE; i++)
        ask(&difference, tally);
    tally->environments++;
    arena_close(&difference.arena);
    ruleset_close(difference.ruleset);
    random_environment_close(&environment);
}

TEST(decisions_are_those_of_the_plain_reading)
{
    uint64_t wanted = number_from("GUIDON_CASES", CASES);
    uint64_t seed = number_from("GUIDON_SEED", 1);
    struct tally tally = {0};
    struct pattern_scratch *scratch = pattern_scratch_open();
    random_open();
    while (tally.cases < wanted)
        compare_environment(seed + tally.environments, scratch, &tally);
    pattern_scratch_close(scratch);
    /* The generator reaches every way a decision can end. */
    for (size_t i = 0; i < COUNT_OF(tally.by_reason); i++)
        CHECK(tally.by_reason[i] > 0);
    for (size_t i = 0; i < COUNT_OF(tally.by_error); i++)
        CHECK(tally.by_error[i] > 0);
    CHECK(tally.given_up * 1000 <= tally.cases);
    printf("figures: cases=%llu memberships=%llu environments=%llu patterns_given_up=%llu "
           "seed=%llu disagreements=0\n",
           (unsigned long long)tally.cases, (unsigned long long)tally.memberships,
           (unsigned long long)tally.environments, (unsigned long long)tally.given_up,
           (unsigned long long)seed);
}

TESTS(decisions_are_those_of_the_plain_reading)
