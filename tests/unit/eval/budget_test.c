/* SPDX-License-Identifier: Apache-2.0 */
/* budget - what a flag may cost with all that it leans on. */
#include "fixture.h"

#include "eval/steps.h"

static struct fault check(struct fixture *fixture, const struct environment_state *before)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct fault fault = ruleset_check_environment(&arena, &fixture->state, before);
    fault.where = arena_copy_str(&fixture->arena, fault.where);
    fault.why = arena_copy_str(&fixture->arena, fault.why);
    arena_close(&arena);
    return fault;
}

/* Clauses that cost a hundred steps each, and their attribute, in a list. */
static struct str costly(struct fixture *fixture, int count)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    for (int i = 0; i < count; i++)
        buf_append_format(&text,
                          "%s{'op':'match','attribute':'x','operator':'contains','value':'x'}",
                          i > 0 ? "," : "");
    struct str copy = arena_copy_str(&fixture->arena, buf_str(&text));
    buf_close(&text);
    return copy;
}

static void costly_segment(struct fixture *fixture, const char *key, int clauses, const char *more)
{
    struct str list = costly(fixture, clauses);
    struct str text = arena_format(
        &fixture->arena, "{'rules':[{'op':'any','expressions':[%.*s%s]}]}", STR_ARG(list), more);
    fixture_segment(fixture, key, text.data);
}

/* A flag that asks about segments, given as clauses, and leans on flags, given as an object. */
static void leaning_flag(struct fixture *fixture, const char *key, const char *segments,
                         const char *prerequisites)
{
    struct str text =
        arena_format(&fixture->arena,
                     "{'prerequisites':[%s],'rules':[{'id':'r','serve':{'variation':'off'},"
                     "'when':{'op':'any','expressions':[%s]}}]}",
                     prerequisites, segments);
    fixture_flag(fixture, key, text.data);
}

#define SEGMENT(key) "{'op':'segment','segment':'" key "'}"
#define NEEDS(key) "{'flag':'" key "','variations':['on']}"

TEST(a_flag_pays_for_the_segments_it_asks_about)
{
    struct fixture *fixture = fixture_open();
    for (int i = 0; i < 8; i++)
        costly_segment(fixture, (char[]){'s', (char)('0' + i), '\0'}, 30, "");
    leaning_flag(fixture, "fine",
                 SEGMENT("s0") "," SEGMENT("s1") "," SEGMENT("s2") "," SEGMENT("s3") "," SEGMENT(
                     "s4") "," SEGMENT("s5"),
                 "");
    CHECK_OK(check(fixture, NULL));
    leaning_flag(fixture, "over",
                 SEGMENT("s0") "," SEGMENT("s1") "," SEGMENT("s2") "," SEGMENT("s3") "," SEGMENT(
                     "s4") "," SEGMENT("s5") "," SEGMENT("s6"),
                 "");
    struct fault fault = check(fixture, NULL);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.flags.over"));
    CHECK(str_contains(fault.why, STR("20000 is the most")));
    fixture_close(fixture);
}

TEST(what_is_asked_twice_is_paid_once)
{
    struct fixture *fixture = fixture_open();
    costly_segment(fixture, "base", 32, "");
    costly_segment(fixture, "left", 30, "," SEGMENT("base"));
    costly_segment(fixture, "right", 30, "," SEGMENT("base"));
    struct str again = STR(SEGMENT("base") "," SEGMENT("left") "," SEGMENT("right"));
    leaning_flag(fixture, "a", again.data, "");
    leaning_flag(fixture, "b", again.data, NEEDS("a"));
    leaning_flag(fixture, "c", again.data, NEEDS("a") "," NEEDS("b"));
    CHECK_OK(check(fixture, NULL));
    size_t own = segment_steps(&fixture->arena, fixture->segments[0]) +
                 segment_steps(&fixture->arena, fixture->segments[1]) +
                 segment_steps(&fixture->arena, fixture->segments[2]);
    CHECK(own > 9000); /* so that paying for them three times would be too much */
    fixture_close(fixture);
}

/* Flags f0, f1 and so on, each leaning on the one before, with so many costly clauses. */
static void chain(struct fixture *fixture, int length, int clauses)
{
    for (int i = 0; i < length; i++) {
        struct str list = costly(fixture, clauses);
        struct str key = arena_format(&fixture->arena, "f%d", i);
        struct str needs = STR("");
        if (i > 0)
            needs = arena_format(&fixture->arena, NEEDS("f%d"), i - 1);
        leaning_flag(fixture, key.data, list.data, needs.data);
    }
}

TEST(a_flag_pays_for_its_prerequisites_and_theirs)
{
    struct fixture *fixture = fixture_open();
    chain(fixture, 6, 32); /* 3,200 steps and a little each */
    CHECK_OK(check(fixture, NULL));
    fixture_close(fixture);
    fixture = fixture_open();
    chain(fixture, 8, 32);
    struct fault fault = check(fixture, NULL);
    CHECK_FAULT(fault, FAULT_LIMIT);
    CHECK_STR(fault.where, STR("$.flags.f6"));
    fixture_close(fixture);
}

/* A clause that costs a step for each of its numbers. */
static struct str numbers(struct fixture *fixture, size_t count)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, STR("{'op':'match','attribute':'x','operator':'in','value':[0"));
    for (size_t i = 1; i < count; i++)
        buf_append(&text, STR(",0"));
    buf_append(&text, STR("]}"));
    struct str copy = arena_format(&fixture->arena, "%.*s", STR_ARG(buf_str(&text)));
    buf_close(&text);
    return copy;
}

TEST(the_budget_is_met_to_the_step)
{
    for (size_t past = 0; past < 2; past++) {
        struct fixture *fixture = fixture_open();
        chain(fixture, 6, 32);
        size_t steps = 0;
        for (size_t i = 0; i < 6; i++)
            steps += flag_steps(&fixture->arena, fixture->flags[i]);
        size_t others = 8 + 1 + 1 + 8; /* prerequisite, two serves, attribute */
        size_t left = EVALUATION_STEPS_MAX - steps - others;
        leaning_flag(fixture, "f6", numbers(fixture, left + past).data, NEEDS("f5"));
        CHECK_INT(steps + flag_steps(&fixture->arena, fixture->flags[6]),
                  EVALUATION_STEPS_MAX + past);
        struct fault fault = check(fixture, NULL);
        CHECK_INT(fault.kind, past == 0 ? FAULT_NONE : FAULT_LIMIT);
        fixture_close(fixture);
    }
}

TEST(what_was_as_costly_before_may_stay)
{
    struct fixture *fixture = fixture_open();
    chain(fixture, 7, 32);
    struct environment_state state = fixture->state;
    CHECK_FAULT(check(fixture, NULL), FAULT_LIMIT);
    CHECK_OK(check(fixture, &state));
    const struct flag *flags[7];
    memcpy(flags, fixture->flags, sizeof(flags));
    struct environment_state smaller = state;
    smaller.flags = flags;
    struct flag last = *flags[6];
    last.rule_count = 0;
    flags[6] = &last; /* it was within the budget: this change has made it too costly */
    CHECK_OK(check(fixture, &state));
    CHECK_FAULT(check(fixture, &smaller), FAULT_LIMIT);
    smaller.flag_count = 6; /* and here it was not there at all */
    CHECK_FAULT(check(fixture, &smaller), FAULT_LIMIT);
    fixture_close(fixture);
}

TEST(references_that_lead_nowhere_or_in_circles_end)
{
    struct fixture *fixture = fixture_open();
    fixture_segment(fixture, "s", "{'rules':[{'op':'segment','segment':'s'}]}");
    leaning_flag(fixture, "a", SEGMENT("s") "," SEGMENT("absent"), NEEDS("b"));
    leaning_flag(fixture, "b", SEGMENT("s"), NEEDS("a") "," NEEDS("absent"));
    CHECK_OK(check(fixture, NULL));
    fixture_close(fixture);
}

TESTS(a_flag_pays_for_the_segments_it_asks_about, what_is_asked_twice_is_paid_once,
      a_flag_pays_for_its_prerequisites_and_theirs, the_budget_is_met_to_the_step,
      what_was_as_costly_before_may_stay, references_that_lead_nowhere_or_in_circles_end)
