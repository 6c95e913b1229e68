/* SPDX-License-Identifier: Apache-2.0 */
/* prices - what each kind of test and each way of serving costs, to the step: see steps.c. */
#include "fixture.h"

#include "eval/steps.h"

/* Of a flag of the typed family: what it serves, and the attribute of one part. */
enum { BARE = 1, SERVED = 1, ATTRIBUTE = 8 };
/* Of the text family: three variations' stickiness and what it serves; /context/user/x. */
enum { TEXT_BARE = 4, SELECTOR = 8 + 24 + 3 * 8, LOWERED = 1600, AS_NUMBER = 32 };

static size_t typed_steps(struct fixture *fixture, const char *clause)
{
    struct str text = arena_format(&fixture->arena,
                                   "{'rules':[{'id':'r','serve':{'variation':'off'},"
                                   "'when':{'op':'match','attribute':'x','operator':%s}}]}",
                                   clause);
    size_t steps = flag_steps(&fixture->arena, fixture_decode_flag(fixture, "flag", text.data));
    return steps - BARE - SERVED - ATTRIBUTE;
}

#define EIGHT "'a','b','c','d','e','f','g','h'"

TEST(every_test_has_its_price)
{
    static const struct {
        const char *clause;
        size_t steps;
    } cases[] = {
        {"'eq','value':'x'", 1},
        {"'eq','value':5", 1},
        {"'eq','value':[1,2,3]", 4},
        {"'eq','value':{'a':1,'b':2,'c':3}", 1 + 9 + 3},
        {"'eq','value':[[1],[2]]", 5},
        {"'neq','value':{'a':{'b':1}}", 1 + 1 + 1 + 1 + 1},
        {"'startsWith','value':'x'", 1},
        {"'in','value':['a','b','c']", 3},
        {"'in','value':[" EIGHT "]", 8},
        {"'in','value':[" EIGHT ",'i']", 8},
        {"'in','value':[" EIGHT ",'i','j']", 8},
        {"'notIn','value':['a',1,[2,3]]", 1 + 1 + 3},
        {"'contains','value':'x'", 100},
        {"'contains','value':'xy'", 400},
        {"'contains','value':'wxyz'", 400},
        {"'contains','value':'vwxyz'", 100},
        {"'before','value':'2030-01-01T00:00:00Z'", 24},
        {"'semverGt','value':'1.2.3'", 8},
        {"'exists','value':true", 1},
        {"'gt','value':3", 1},
        {"'matches','value':'^a'", 40},
        {"'matches','value':'^a*b'", 400},
        {"'matches','value':'a'", 1200},
        {"'matches','value':'a|b|c'", 1200 + 2 * 250},
        {"'matches','value':'(?:a|b)c|d'", 1200 + 2 * 250},
        {"'matches','value':'\\\\bword'", 1200 + 4 * 250},
    };
    struct fixture *fixture = fixture_open();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t steps = typed_steps(fixture, cases[i].clause);
        if (steps != cases[i].steps)
            fprintf(stderr, "%s\n", cases[i].clause);
        CHECK_INT(steps, cases[i].steps);
    }
    fixture_close(fixture);
}

TEST(a_text_is_compared_in_pieces)
{
    struct fixture *fixture = fixture_open();
    char clause[512];
    char text[400];
    memset(text, 'a', sizeof(text));
    static const struct {
        int size;
        size_t steps;
    } cases[] = {{127, 1}, {128, 2}, {255, 2}, {256, 3}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        snprintf(clause, sizeof(clause), "'eq','value':'%.*s'", cases[i].size, text);
        CHECK_INT(typed_steps(fixture, clause), cases[i].steps);
    }
    fixture_close(fixture);
}

static size_t text_steps(struct fixture *fixture, const char *operator, const char * values)
{
    struct str text =
        arena_format(&fixture->arena,
                     "{'rules':[{'id':'r','serve':{'variation':'off'},'when':{'op':'match',"
                     "'attribute':'/context/user/x','operator':'text %s','value':[%s]}}]}",
                     operator, values);
    return flag_steps(&fixture->arena, fixture_decode_text_flag(fixture, "flag", text.data)) -
           TEXT_BARE - SERVED - SELECTOR;
}

TEST(every_test_of_the_text_family_has_its_price)
{
    static const struct {
        const char *operator, * values;
        size_t steps;
    } cases[] = {
        {"is", "'a'", 1},
        {"is", "'a','b','c'", 3},
        {"is not", EIGHT ",'i'", 8},
        {"contains", "'longer'", LOWERED + 1 + 100},
        {"contains", "'longer','ab'", LOWERED + 1 + 100 + 400},
        {"less", "'5'", AS_NUMBER + 1},
        {"greater or equal", "'5'", AS_NUMBER + 1},
        {"version less", "'1.0'", 8},
        {"regex match", "'^a'", 1 + 40},
        {"regex match", "'^a','b'", 1 + 40 + 1200},
        {"glob match", "'a?'", 1 + 40},
        {"glob match", "'a*'", 1 + 400},
        {"set is", "'a','b'", 64 + 2},
        {"set contains any", "'a','b'", 64 + 2},
    };
    struct fixture *fixture = fixture_open();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t steps = text_steps(fixture, cases[i].operator, cases[i].values);
        if (steps != cases[i].steps)
            fprintf(stderr, "%s %s: %zu\n", cases[i].operator, cases[i].values, steps);
        CHECK_INT(steps, cases[i].steps);
    }
    fixture_close(fixture);
}

TEST(every_way_of_serving_has_its_price)
{
#define SHARES "'variations':[{'variation':'on','weight':40000},{'variation':'off','weight':60000}]"
    static const struct {
        const char *flag;
        size_t steps;
    } cases[] = {
        {"{'fallthrough':{'variation':'on'}}", 1},
        {"{'fallthrough':{'rollout':{" SHARES "}}}", 8 + 2},
        {"{'arithmetic':{'hash':'sha1_60','comparison':'typed'},"
         "'fallthrough':{'rollout':{" SHARES "}}}",
         8 + 128 + 2},
        {"{'fallthrough':{'progressive':{'start':'2031-03-10T08:30:00Z',"
         "'end':'2031-03-10T12:30:00Z','from':{" SHARES "},'to':{" SHARES "}}}}",
         8 + 2 * 4},
        {"{'prerequisites':[{'flag':'a','variations':['on']},{'flag':'b','variations':['on']}]}",
         1 + 2 * 8},
    };
    struct fixture *fixture = fixture_open();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        size_t steps =
            flag_steps(&fixture->arena, fixture_decode_flag(fixture, "flag", cases[i].flag));
        if (steps != cases[i].steps)
            fprintf(stderr, "%s: %zu\n", cases[i].flag, steps);
        CHECK_INT(steps, cases[i].steps);
    }
    fixture_close(fixture);
}

/* Lists of ids are tables; each cohort is looked up for itself. */
TEST(who_is_included_has_a_price)
{
    static const struct {
        const char *variation;
        size_t steps;
    } cases[] = {
        {"{'id':'b','value':'b','included':['ann']}", 2 * 8},
        {"{'id':'b','value':'b','included':['ann','bob','eve']}", 2 * 8},
        {"{'id':'b','value':'b','cohorts':['c1']}", 64 + 8},
        {"{'id':'b','value':'b','included':['ann'],'cohorts':['c1','c2']}", 2 * 8 + 64 + 2 * 8},
    };
    struct fixture *fixture = fixture_open();
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = arena_format(&fixture->arena,
                                       "{'variations':[{'id':'on','value':'on'},%s,"
                                       "{'id':'off','value':'off'}]}",
                                       cases[i].variation);
        CHECK_INT(flag_steps(&fixture->arena, fixture_decode_text_flag(fixture, "flag", text.data)),
                  TEXT_BARE + cases[i].steps);
    }
    fixture_close(fixture);
}

#define SLICES(from)                                                                               \
    "'slices':[{" from "60,'variations':[{'variation':'on','weight':1},{'variation':'b',"          \
    "'weight':1}]},{" from "40,'variations':[{'variation':'b','weight':1}]}],'otherwise':'off'"

TEST(a_bucket_is_paid_for_by_its_slices)
{
    enum { TICKETS = 8 + 8 + 2 + 2, SERVED_OTHERWISE = 1 };
    struct fixture *fixture = fixture_open();
    struct flag *still = fixture_decode_text_flag(
        fixture, "flag", "{'fallthrough':{'bucket':{" SLICES("'percent':") "}}}");
    CHECK_INT(flag_steps(&fixture->arena, still), TEXT_BARE - SERVED_OTHERWISE + TICKETS);
    struct flag *moving = fixture_decode_text_flag(
        fixture, "flag",
        "{'fallthrough':{'progressiveBucket':{'start':'2031-03-10T08:30:00Z',"
        "'end':'2031-03-10T12:30:00Z'," SLICES("'from':0,'to':") "}}}");
    CHECK_INT(flag_steps(&fixture->arena, moving), TEXT_BARE - SERVED_OTHERWISE + TICKETS + 2 * 4);
    fixture_close(fixture);
}

TEST(a_segment_is_paid_for_by_its_lists_and_rules)
{
    enum { LISTS = 2 * 8 };
    struct fixture *fixture = fixture_open();
    fixture_segment(fixture, "bare", "{}");
    fixture_segment(fixture, "ruled",
                    "{'rules':[{'op':'match','attribute':'a','operator':'eq','value':1},"
                    "{'op':'match','attribute':'b','operator':'eq','value':2}]}");
    const struct segment *bare = fixture->state.segments[0];
    const struct segment *ruled = fixture->state.segments[1];
    CHECK_INT(segment_steps(&fixture->arena, bare), LISTS);
    CHECK_INT(segment_added_steps(&fixture->arena, bare), LISTS);
    CHECK_INT(segment_steps(&fixture->arena, ruled), LISTS + 2 * (ATTRIBUTE + 1));
    fixture_close(fixture);
}

/* A path is looked up once, part by part. */
TEST(an_attribute_is_paid_for_once_and_by_its_parts)
{
    struct fixture *fixture = fixture_open();
    static const struct {
        const char *one, *other;
        size_t steps;
    } cases[] = {{"x", "x", 8}, {"x", "y", 16}, {"a.b.c", "a.b.c", 24}, {"a.b", "a.c", 32}};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct str text = arena_format(
            &fixture->arena,
            "{'rules':[{'id':'r','serve':{'variation':'off'},'when':{'op':'any','expressions':["
            "{'op':'match','attribute':'%s','operator':'eq','value':1},"
            "{'op':'match','attribute':'%s','operator':'eq','value':2}]}}]}",
            cases[i].one, cases[i].other);
        CHECK_INT(flag_steps(&fixture->arena, fixture_decode_flag(fixture, "flag", text.data)),
                  BARE + SERVED + 2 + cases[i].steps);
    }
    fixture_close(fixture);
}

/* What is made once of an attribute is shared by all that read it: it is not added to each. */
TEST(what_is_shared_is_not_added)
{
    struct fixture *fixture = fixture_open();
    const struct flag *flag = fixture_decode_text_flag(
        fixture, "flag",
        "{'rules':[{'id':'r','serve':{'variation':'off'},'when':{'op':'match',"
        "'attribute':'/context/user/x','operator':'text contains','value':['longer']}}]}");
    size_t whole = flag_steps(&fixture->arena, flag);
    CHECK_INT(whole - flag_added_steps(&fixture->arena, flag), LOWERED);
    fixture_close(fixture);
}

TESTS(every_test_has_its_price, a_text_is_compared_in_pieces,
      every_test_of_the_text_family_has_its_price, every_way_of_serving_has_its_price,
      who_is_included_has_a_price, a_bucket_is_paid_for_by_its_slices,
      a_segment_is_paid_for_by_its_lists_and_rules, an_attribute_is_paid_for_once_and_by_its_parts,
      what_is_shared_is_not_added)
