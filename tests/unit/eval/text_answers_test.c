/* SPDX-License-Identifier: Apache-2.0 */
/* text_answers - a question that several flags ask is answered once, and rightly for each. */
#include "fixture.h"

#define MATCH(operator, values)                                                                    \
    "{'op':'match','operator':'" operator"','attribute':'/context/user/x','value':[" values "]}"
#define FLAG(when) "{'rules':[{'id':'r','serve':{'variation':'on'},'when':" when "}]}"

/* All flags in turn in one context, with and without an explanation. */
static void expect_all(struct fixture *fixture, const char *tree, const char *const *keys,
                       const bool *holds, size_t count)
{
    struct context *context = fixture_user(fixture, tree);
    for (size_t round = 0; round < 2; round++) {
        for (size_t i = 0; i < count; i++) {
            struct trace trace;
            trace_open(&trace, &fixture->arena);
            enum reason expected = holds[i] ? REASON_TARGETING_MATCH : REASON_FALLTHROUGH;
            CHECK_INT(
                evaluate(fixture->ruleset, str_of(keys[i]), context, fixture->now_ms, NULL).reason,
                expected);
            CHECK_INT(evaluate(fixture->ruleset, str_of(keys[i]), context, fixture->now_ms, &trace)
                          .reason,
                      expected);
        }
    }
}

TEST(the_same_question_leads_each_flag_its_own_way)
{
    static const char *const keys[] = {"holds", "not", "any", "all"};
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "holds", FLAG(MATCH("text is", "'a','b'")));
    fixture_text_flag(fixture, "not",
                      FLAG("{'op':'not','expression':" MATCH("text is", "'a','b'") "}"));
    fixture_text_flag(fixture, "any",
                      FLAG("{'op':'any','expressions':[" MATCH("text is", "'a','b'") "," MATCH(
                          "text contains", "'c'") "]}"));
    fixture_text_flag(fixture, "all",
                      FLAG("{'op':'all','expressions':[" MATCH("text is", "'a','b'") "," MATCH(
                          "text contains", "'b'") "]}"));
    expect_all(fixture, "{'user':{'x':'a'}}", keys, (bool[]){true, false, true, false}, 4);
    expect_all(fixture, "{'user':{'x':'b'}}", keys, (bool[]){true, false, true, true}, 4);
    expect_all(fixture, "{'user':{'x':'c'}}", keys, (bool[]){false, true, true, false}, 4);
    fixture_close(fixture);
}

TEST(questions_that_only_look_alike_are_told_apart)
{
    static const char *const keys[] = {"is",     "is-not", "glob", "regex",
                                       "joined", "apart",  "less", "version"};
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "is", FLAG(MATCH("text is", "'1.10'")));
    fixture_text_flag(fixture, "is-not", FLAG(MATCH("text is not", "'1.10'")));
    fixture_text_flag(fixture, "glob", FLAG(MATCH("text glob match", "'1.1'")));
    fixture_text_flag(fixture, "regex", FLAG(MATCH("text regex match", "'1.1'")));
    fixture_text_flag(fixture, "joined", FLAG(MATCH("text is", "'1.1','0'")));
    fixture_text_flag(fixture, "apart", FLAG(MATCH("text is", "'1','.10'")));
    fixture_text_flag(fixture, "less", FLAG(MATCH("text less", "'1.9'")));
    fixture_text_flag(fixture, "version", FLAG(MATCH("text version less", "'1.9'")));
    expect_all(fixture, "{'user':{'x':'1.10'}}", keys,
               (bool[]){true, false, false, true, false, false, true, false}, 8);
    fixture_close(fixture);
}

TEST(long_questions_are_answered_too)
{
    char values[4096] = "'v0'";
    char flag[8192];
    size_t size = strlen(values);
    for (int i = 1; i < 300; i++)
        size += (size_t)snprintf(values + size, sizeof(values) - size, ",'v%d'", i);
    snprintf(flag, sizeof(flag), FLAG(MATCH("text is", "%s")), values);
    static const char *const keys[] = {"one", "two"};
    struct fixture *fixture = fixture_open();
    fixture_text_flag(fixture, "one", flag);
    fixture_text_flag(fixture, "two", flag);
    expect_all(fixture, "{'user':{'x':'v299'}}", keys, (bool[]){true, true}, 2);
    expect_all(fixture, "{'user':{'x':'v300'}}", keys, (bool[]){false, false}, 2);
    fixture_close(fixture);
}

TESTS(the_same_question_leads_each_flag_its_own_way, questions_that_only_look_alike_are_told_apart,
      long_questions_are_answered_too)
