/* SPDX-License-Identifier: Apache-2.0 */
/*
 * moment - when decisions may change by themselves.
 *
 * The property: two instants with the same number decide alike, for random rulesets and contexts.
 * Everything scheduled begins and ends on a few dozen instants, and it is asked on them, right
 * before and right behind them, so that an end taken for the wrong side shows.
 */
#include "fixture.h"

enum { ROUNDS = 150, INSTANTS = 16, PEOPLE = 6, ASKED = 3 * INSTANTS };

/* The n-th instant that anything may happen at: ten minutes apart. */
static int64_t instant_at(uint32_t n)
{
    return fixture_moment("2031-03-10T00:00:00Z") + (int64_t)n * 600000;
}

static struct str instant_text(struct arena *arena, uint32_t n)
{
    return arena_format(arena, "2031-03-10T%02u:%02u:00Z", n / 6, n % 6 * 10);
}

static uint64_t moment(struct fixture *fixture, int64_t now_ms)
{
    fixture_subject(fixture, "u", NULL);
    return ruleset_moment(fixture->ruleset, now_ms);
}

static int64_t next(struct fixture *fixture, int64_t now_ms)
{
    fixture_subject(fixture, "u", NULL);
    return ruleset_next_moment_ms(fixture->ruleset, now_ms);
}

/* ---- by hand --------------------------------------------------------------------------------- */

TEST(where_nothing_is_scheduled_there_is_one_moment)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "plain", "{}");
    CHECK_INT(moment(fixture, INT64_MIN), moment(fixture, INT64_MAX));
    CHECK(next(fixture, INT64_MIN) == INT64_MAX);
    CHECK(next(fixture, fixture->now_ms) == INT64_MAX);
    fixture_close(fixture);
}

TEST(a_moment_lasts_from_one_boundary_to_the_next)
{
    struct fixture *fixture = fixture_open();
    fixture_segment(fixture, "early", "{'schedule':{'end':'2031-03-10T00:10:00Z'}}");
    fixture_flag(fixture, "rule",
                 "{'rules':[{'id':'r','when':{'op':'all','expressions':[]},"
                 "'serve':{'variation':'off'},'schedule':{'start':'2031-03-10T00:30:00Z'}}]}");
    fixture_flag(fixture, "whole",
                 "{'schedule':{'start':'2031-03-10T00:10:00Z','end':'2031-03-10T00:50:00Z'}}");

    CHECK_INT(moment(fixture, instant_at(0)), moment(fixture, instant_at(1) - 1));
    CHECK(moment(fixture, instant_at(1) - 1) != moment(fixture, instant_at(1)));
    /* Two things happen there, but it is one instant. */
    CHECK_INT(moment(fixture, instant_at(1)), moment(fixture, instant_at(0)) + 1);
    CHECK_INT(moment(fixture, instant_at(1)), moment(fixture, instant_at(3) - 1));
    CHECK(moment(fixture, instant_at(3) - 1) != moment(fixture, instant_at(3)));
    CHECK_INT(moment(fixture, instant_at(3)), moment(fixture, instant_at(5) - 1));
    CHECK(moment(fixture, instant_at(5) - 1) != moment(fixture, instant_at(5)));
    CHECK_INT(moment(fixture, instant_at(5)), moment(fixture, INT64_MAX));

    CHECK(next(fixture, instant_at(0)) == instant_at(1));
    CHECK(next(fixture, instant_at(1) - 1) == instant_at(1));
    CHECK(next(fixture, instant_at(1)) == instant_at(3));
    CHECK(next(fixture, instant_at(3)) == instant_at(5));
    CHECK(next(fixture, instant_at(5)) == INT64_MAX);
    fixture_close(fixture);
}

static void check_on_its_way(const char *way)
{
    struct fixture *fixture = fixture_open();
    struct str text = arena_format(&fixture->arena, "{'fallthrough':{%s}}", way);
    if (strstr(way, "Bucket") != NULL)
        fixture_text_flag(fixture, "ramp", text.data);
    else
        fixture_flag(fixture, "ramp", text.data);

    CHECK_INT(moment(fixture, instant_at(0)), moment(fixture, instant_at(1) - 1));
    for (int64_t ms = instant_at(1); ms < instant_at(3); ms += 100001) {
        CHECK(moment(fixture, ms) != moment(fixture, ms + 1));
        CHECK(moment(fixture, ms) != moment(fixture, instant_at(0)));
        CHECK(moment(fixture, ms) != moment(fixture, instant_at(3)));
    }
    CHECK_INT(moment(fixture, instant_at(3)), moment(fixture, INT64_MAX));
    CHECK(moment(fixture, instant_at(0)) != moment(fixture, instant_at(3)));

    CHECK(next(fixture, instant_at(0)) == instant_at(1));
    CHECK(next(fixture, instant_at(1)) == instant_at(1) + RULESET_PROGRESS_MS);
    CHECK(next(fixture, instant_at(3) - RULESET_PROGRESS_MS - 1) == instant_at(3) - 1);
    CHECK(next(fixture, instant_at(3) - 1000) == instant_at(3));
    CHECK(next(fixture, instant_at(3)) == INT64_MAX);
    fixture_close(fixture);
}

TEST(while_a_progressive_serve_is_on_its_way_a_moment_is_like_itself_alone)
{
    check_on_its_way("'progressive':{'start':'2031-03-10T00:10:00Z','end':'2031-03-10T00:30:00Z',"
                     "'from':{'variations':[{'variation':'on','weight':0}]},"
                     "'to':{'variations':[{'variation':'on','weight':100000}]}}");
    check_on_its_way("'progressiveBucket':{'start':'2031-03-10T00:10:00Z',"
                     "'end':'2031-03-10T00:30:00Z','slices':[{'from':0,'to':100,"
                     "'variations':[{'variation':'on','weight':1}]}],'otherwise':'off'}");
}

TEST(progressive_serves_that_overlap_are_on_their_way_together)
{
    struct fixture *fixture = fixture_open();
    static const char format[] = "{'fallthrough':{'progressive':{'start':'%.*s','end':'%.*s',"
                                 "'from':{'variations':[{'variation':'on','weight':0}]},"
                                 "'to':{'variations':[{'variation':'on','weight':100000}]}}}}";
    struct arena *arena = &fixture->arena;
    static const uint32_t ways[][2] = {{1, 3}, {2, 5}, {5, 6}};
    for (uint32_t i = 0; i < 3; i++) {
        struct str key = arena_format(arena, "ramp-%u", i);
        struct str start = instant_text(arena, ways[i][0]);
        struct str end = instant_text(arena, ways[i][1]);
        fixture_flag(fixture, key.data,
                     arena_format(arena, format, STR_ARG(start), STR_ARG(end)).data);
    }
    for (uint32_t i = 1; i < 6; i++)
        CHECK(moment(fixture, instant_at(i)) != moment(fixture, instant_at(i) + 1));
    CHECK_INT(moment(fixture, instant_at(6)), moment(fixture, instant_at(7)));
    fixture_close(fixture);
}

TEST(a_flag_that_is_off_changes_at_no_time)
{
    struct fixture *fixture = fixture_open();
    fixture_flag(fixture, "off",
                 "{'enabled':false,'schedule':{'start':'2031-03-10T00:10:00Z'},"
                 "'fallthrough':{'progressive':{'start':'2031-03-10T00:10:00Z',"
                 "'end':'2031-03-10T00:30:00Z',"
                 "'from':{'variations':[{'variation':'on','weight':0}]},"
                 "'to':{'variations':[{'variation':'on','weight':100000}]}}}}");
    CHECK_INT(moment(fixture, instant_at(0)), moment(fixture, instant_at(2)));
    CHECK(next(fixture, instant_at(0)) == INT64_MAX);
    fixture_close(fixture);
}

TEST(the_same_state_has_the_same_moments_whoever_compiles_it)
{
    uint64_t moments[2][ASKED];
    for (size_t round = 0; round < 2; round++) {
        struct fixture *fixture = fixture_open();
        fixture_flag(fixture, "a", "{'schedule':{'start':'2031-03-10T00:20:00Z'}}");
        fixture_flag(fixture, "b", "{'schedule':{'end':'2031-03-10T01:00:00Z'}}");
        for (uint32_t i = 0; i < ASKED; i++)
            moments[round][i] = moment(fixture, instant_at(i));
        fixture_close(fixture);
    }
    CHECK(memcmp(moments[0], moments[1], sizeof(moments[0])) == 0);
}

/* ---- by chance ------------------------------------------------------------------------------- */

struct dice {
    struct arena *arena;
    uint64_t state;
};

static uint32_t roll(struct dice *dice, uint32_t sides)
{
    dice->state ^= dice->state >> 12;
    dice->state ^= dice->state << 25;
    dice->state ^= dice->state >> 27;
    return (uint32_t)((dice->state * 0x2545F4914F6CDD1DULL) >> 32) % sides;
}

/* ",'schedule':{…}", or nothing. */
static struct str some_schedule(struct dice *dice)
{
    uint32_t start = roll(dice, INSTANTS - 1);
    uint32_t end = start + 1 + roll(dice, INSTANTS - 1 - start);
    struct str from = instant_text(dice->arena, start);
    struct str to = instant_text(dice->arena, end);
    switch (roll(dice, 5)) {
    case 0:
        return arena_format(dice->arena, ",'schedule':{'start':'%.*s'}", STR_ARG(from));
    case 1:
        return arena_format(dice->arena, ",'schedule':{'end':'%.*s'}", STR_ARG(to));
    case 2:
        return arena_format(dice->arena, ",'schedule':{'start':'%.*s','end':'%.*s'}", STR_ARG(from),
                            STR_ARG(to));
    default:
        return STR("");
    }
}

static struct str some_way(struct dice *dice, bool is_typed)
{
    uint32_t start = roll(dice, INSTANTS - 1);
    struct str from = instant_text(dice->arena, start);
    struct str to = instant_text(dice->arena, start + 1 + roll(dice, INSTANTS - 1 - start));
    uint32_t share = roll(dice, 101);
    if (is_typed)
        return arena_format(dice->arena,
                            "{'progressive':{'start':'%.*s','end':'%.*s',"
                            "'from':{'variations':[{'variation':'on','weight':0}]},"
                            "'to':{'variations':[{'variation':'off','weight':1000},"
                            "{'variation':'on','weight':%u}]}}}",
                            STR_ARG(from), STR_ARG(to), share * 990);
    return arena_format(dice->arena,
                        "{'progressiveBucket':{'start':'%.*s','end':'%.*s','slices':[{'from':%u,"
                        "'to':%u,'variations':[{'variation':'on','weight':1},"
                        "{'variation':'b','weight':1}]}],'otherwise':'off'}}",
                        STR_ARG(from), STR_ARG(to), share, roll(dice, 101));
}

static struct str some_serve(struct dice *dice, bool is_typed)
{
    uint32_t kind = roll(dice, 12);
    if (kind == 0)
        return some_way(dice, is_typed);
    if (kind < 3 && is_typed)
        return STR("{'rollout':{'variations':[{'variation':'on','weight':30000},"
                   "{'variation':'off','weight':70000}]}}");
    if (kind < 3)
        return STR("{'bucket':{'slices':[{'percent':60,'variations':[{'variation':'b',"
                   "'weight':1}]}],'otherwise':'off'}}");
    return roll(dice, 2) == 0 ? STR("{'variation':'on'}") : STR("{'variation':'off'}");
}

static struct str some_condition(struct dice *dice, bool is_typed)
{
    if (roll(dice, 3) == 0)
        return STR("{'op':'all','expressions':[]}");
    if (is_typed && roll(dice, 2) == 0)
        return arena_format(dice->arena, "{'op':'segment','segment':'s%u'}", roll(dice, 3));
    static const char typed[] = "{'op':'match','attribute':'plan','operator':'eq','value':'p%u'}";
    static const char text[] = "{'op':'match','attribute':'/context/user/user_properties/plan',"
                               "'operator':'text is','value':['p%u']}";
    uint32_t plan = roll(dice, 3);
    return is_typed ? arena_format(dice->arena, typed, plan)
                    : arena_format(dice->arena, text, plan);
}

static struct str some_flag(struct dice *dice, bool is_typed, uint32_t number)
{
    struct arena *arena = dice->arena;
    struct str rules = STR("");
    for (uint32_t i = roll(dice, 3); i-- > 0;) {
        struct str when = some_condition(dice, is_typed);
        struct str serve = some_serve(dice, is_typed);
        struct str schedule = some_schedule(dice);
        rules = arena_format(arena, "%.*s%s{'id':'r%u','when':%.*s,'serve':%.*s%.*s}",
                             STR_ARG(rules), rules.size == 0 ? "" : ",", i, STR_ARG(when),
                             STR_ARG(serve), STR_ARG(schedule));
    }
    struct str leaning = STR("");
    if (number > 0 && roll(dice, 2) == 0)
        leaning = arena_format(arena, ",'prerequisites':[{'flag':'f%u','variations':['on']}]",
                               roll(dice, number));
    struct str serve = some_serve(dice, is_typed);
    struct str schedule = some_schedule(dice);
    return arena_format(arena, "{'enabled':%s,'fallthrough':%.*s,'rules':[%.*s]%.*s%.*s}",
                        roll(dice, 8) == 0 ? "false" : "true", STR_ARG(serve), STR_ARG(rules),
                        STR_ARG(leaning), STR_ARG(schedule));
}

static void fill(struct fixture *fixture, struct dice *dice)
{
    struct arena *arena = &fixture->arena;
    for (uint32_t i = 0; i < 3; i++) {
        struct str schedule = some_schedule(dice);
        struct str text = arena_format(
            arena,
            "{'rules':[{'op':'match','attribute':'plan','operator':'neq','value':'p%u'}]%.*s}", i,
            STR_ARG(schedule));
        fixture_segment(fixture, arena_format(arena, "s%u", i).data, text.data);
    }
    for (uint32_t i = 0; i < 6; i++) {
        bool is_typed = roll(dice, 2) == 0;
        struct str key = arena_format(arena, "f%u", i);
        struct str text = some_flag(dice, is_typed, i);
        if (is_typed)
            fixture_flag(fixture, key.data, text.data);
        else
            fixture_text_flag(fixture, key.data, text.data);
    }
}

/* Of everybody, flag by flag. */
struct answers {
    uint64_t moment;
    struct decision decisions[PEOPLE][6];
};

static struct answers ask_all(struct fixture *fixture, int64_t now_ms)
{
    struct answers answers;
    memset(&answers, 0, sizeof(answers));
    for (uint32_t person = 0; person < PEOPLE; person++) {
        struct str key = arena_format(&fixture->arena, "user-%u", person * 7);
        struct str attributes = arena_format(&fixture->arena, "{'plan':'p%u'}", person % 4);
        struct context *context = fixture_subject(fixture, key.data, attributes.data);
        for (size_t i = 0; i < fixture->ruleset->flag_count; i++)
            answers.decisions[person][i] =
                evaluate_flag(&fixture->ruleset->flags[i], context, now_ms, NULL);
    }
    answers.moment = ruleset_moment(fixture->ruleset, now_ms);
    return answers;
}

static bool decide_alike(const struct answers *a, const struct answers *b)
{
    for (size_t person = 0; person < PEOPLE; person++) {
        for (size_t i = 0; i < 6; i++) {
            const struct decision *one = &a->decisions[person][i];
            const struct decision *other = &b->decisions[person][i];
            if (one->variation != other->variation || one->rule != other->rule ||
                one->reason != other->reason || one->error != other->error)
                return false;
        }
    }
    return true;
}

/* How many pairs were of one moment, and how many of those who were not decided differently. */
struct tally {
    size_t alike, changes;
};

static void check_pairs(struct fixture *fixture, struct tally *tally)
{
    static struct answers answers[ASKED];
    for (uint32_t i = 0; i < ASKED; i++)
        answers[i] = ask_all(fixture, instant_at(i / 3) + (int64_t)(i % 3) - 1);
    for (size_t i = 0; i < ASKED; i++) {
        for (size_t j = i + 1; j < ASKED; j++) {
            bool are_alike = decide_alike(&answers[i], &answers[j]);
            bool is_one_moment = answers[i].moment == answers[j].moment;
            CHECK(are_alike || !is_one_moment);
            tally->alike += is_one_moment;
            tally->changes += !are_alike;
        }
    }
}

/* Until the next moment the number stays, and it is another from then on. */
static void check_next(struct fixture *fixture, struct dice *dice)
{
    int64_t now_ms = instant_at(0) + roll(dice, INSTANTS * 600000);
    int64_t next_ms = ruleset_next_moment_ms(fixture->ruleset, now_ms);
    CHECK(next_ms > now_ms);
    if (next_ms == INT64_MAX) {
        CHECK_INT(moment(fixture, now_ms), moment(fixture, INT64_MAX));
        return;
    }
    CHECK(moment(fixture, now_ms) != moment(fixture, next_ms));
    bool is_moving = moment(fixture, now_ms) != moment(fixture, next_ms - 1);
    CHECK(!is_moving || next_ms - now_ms <= RULESET_PROGRESS_MS);
}

TEST(instants_of_one_moment_decide_alike)
{
    struct dice dice = {.state = 20310310};
    struct tally tally = {0};
    for (size_t round = 0; round < ROUNDS; round++) {
        struct fixture *fixture = fixture_open();
        dice.arena = &fixture->arena;
        fill(fixture, &dice);
        check_pairs(fixture, &tally);
        check_next(fixture, &dice);
        fixture_close(fixture);
    }
    printf("%zu pairs of one moment, %zu pairs decided differently\n", tally.alike, tally.changes);
    CHECK(tally.alike > ROUNDS * 10);
    CHECK(tally.changes > ROUNDS * 100);
}

TESTS(where_nothing_is_scheduled_there_is_one_moment, a_moment_lasts_from_one_boundary_to_the_next,
      while_a_progressive_serve_is_on_its_way_a_moment_is_like_itself_alone,
      progressive_serves_that_overlap_are_on_their_way_together,
      a_flag_that_is_off_changes_at_no_time,
      the_same_state_has_the_same_moments_whoever_compiles_it, instants_of_one_moment_decide_alike)
