/* SPDX-License-Identifier: Apache-2.0 */
/* pattern - JavaScript's regular expressions, and what they may cost. */
#include "test.h"

#include <malloc.h>
#include <pthread.h>
#include <string.h>

#include "eval/pattern.h"
#include "eval/pattern_compile.h"
#include "eval/pattern_effort.h"
#include "model/limits.h"

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

enum verdict {
    MATCHES,
    MISSES,
    THROWS,
    UNSUPPORTED, /* by nobody */
    UNADMITTED   /* served, but not to be written any more */
};

static const struct row {
    struct str pattern;
    struct str subject;
    enum verdict verdict;
} rows[] = {
#include "pattern_vectors.inc"
};

/* Patterns whose cost explodes, and a text that sets them off. */
static const struct {
    const char *pattern;
    const char *lead_in;
    const char *pumped;
    const char *tail;
    enum pattern_result expected;
} explosive[] = {
    {"^(a+)+$", "", "a", "!", PATTERN_GAVE_UP},
    {"^(a|a)*b$", "", "a", "!b", PATTERN_GAVE_UP},
    {"^(a|aa)+$", "", "a", "!", PATTERN_GAVE_UP},
    {"(.*a){12}!", "", "a", "b!", PATTERN_GAVE_UP},
    {"^(\\w+\\s?)*$", "", "word ", "!", PATTERN_GAVE_UP},
    {"^(x+x+)+y", "", "x", "!y", PATTERN_GAVE_UP},
    {"^(([a-z])+.)+[A-Z]([a-z])+$", "", "a", "!A", PATTERN_GAVE_UP},
    {"^(?:foo|foofoo)+$", "", "foo", "!", PATTERN_GAVE_UP},
    {"^a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?a?[bc]", "", "a", "!b", PATTERN_GAVE_UP},
    {"^foo: (?:[a-z]+ ?)+;$", "foo: ", "a", "!;", PATTERN_GAVE_UP},
    {"^(.*),(.*),(.*),(.*),(.*)$", "", ",", "\n\n", PATTERN_GAVE_UP},
    /* alternatives alone, all different: 2 to the 22nd ways */
    {"^(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])"
     "(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])(?:a|aa)(?:a|[ab])"
     "(?:a|aa)(?:a|[ab])[cd]",
     "", "a", "!c", PATTERN_GAVE_UP},
    /* a free search for one repetition is as good as for many */
    {"(a|a)*b", "", "a", "!", PATTERN_NO_MATCH},
    {"(a|aa)+$", "", "a", "!", PATTERN_NO_MATCH},
    {"(x+x+)+y", "", "x", "!y", PATTERN_NO_MATCH},
};

static const char *const ordinary[] = {
    "^[a-zA-Z0-9._%+\\-]+@[a-zA-Z0-9.\\-]+\\.[a-zA-Z]{2,}$",
    "@(acme|example)\\.(com|org)$",
    "^\\d{3}-\\d{4}$",
    "^(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(?:-((?:0|[1-9]\\d*|\\d*[a-zA-Z\\-][0-9a-zA-Z"
    "\\-]*)(?:\\.(?:0|[1-9]\\d*|\\d*[a-zA-Z\\-][0-9a-zA-Z\\-]*))*))?(?:\\+[0-9a-zA-Z\\-]+)?$",
    "alpha|bravo|charlie|delta|echo|foxtrot|golf|hotel|india|juliett|kilo|lima|mike|november|oscar"
    "|papa|quebec|romeo|sierra|tango",
    ".*foo.*bar.*",
    "^(?=.*[A-Z])(?=.*\\d)(?=.*[^\\w\\s]).{8,64}$",
    "^[0-9a-f]{8}-[0-9a-f]{4}-[1-5][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
    "^(?:(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)(?:\\.(?!$)|$)){4}$",
    "^https?:\\/\\/(www\\.)?[\\w\\-.]+(:\\d+)?(\\/.*)?$",
    "(?:iPhone|iPad).*OS (\\d+)_(\\d+)",
    "(^|,)beta(,|$)",
    "^(\\d+,)*\\d+$",
    "^\\w+(\\s\\w+)*$",
    "^\\s+|\\s+$",
    "\\w+@\\w+\\.com",
    "a.*b",
    "\\d+x",
    "^((?!test).)*$",
    /* many alternatives, and much behind them */
    "de|at|ch|fr|it|es|pt|nl|be|lu|dk|se|no|fi|pl|cz|sk|hu|ro|bg|gr|tr|ie|gb|us|ca|mx|br|ar|cl|co",
    "(?:de|at|ch|fr|it|es|pt|nl|be|lu|dk|se|no|fi|pl|cz|sk|hu|ro|bg|gr|tr|ie|gb|us|ca)\\s+\\d+x",
    "^[a-z0-9!#$%&'*+\\/=?^_`{|}~\\-]+(?:\\.[a-z0-9!#$%&'*+\\/"
    "=?^_`{|}~\\-]+)*@(?:[a-z0-9](?:[a-z0-9\\-]*"
    "[a-z0-9])?\\.)+[a-z0-9](?:[a-z0-9\\-]*[a-z0-9])?$",
    "^\\s*(?:[^,]+\\s*,\\s*)*[^,]+\\s*$",
    "^[0-9a-fA-F]{64}$",
    "(\\d+)\\s*(?:px|em|rem|%)",
};

static enum pattern_result match_once(struct str text, struct str subject)
{
    struct pattern *pattern = NULL;
    struct fault fault = pattern_open(&pattern, PATTERN_UNICODE, text);
    if (failed(fault))
        fprintf(stderr, "/%.*s/u: %.*s\n", STR_ARG(text), STR_ARG(fault.why));
    CHECK(!failed(fault));
    struct pattern_scratch *scratch = pattern_scratch_open();
    enum pattern_result result = pattern_match(pattern, scratch, subject);
    CHECK_INT(pattern_match(pattern, scratch, subject), result);
    pattern_scratch_close(scratch);
    pattern_close(pattern);
    return result;
}

static struct fault refusal(struct str text)
{
    struct pattern *pattern = NULL;
    struct fault fault = pattern_open(&pattern, PATTERN_UNICODE, text);
    CHECK((pattern == NULL) == failed(fault));
    pattern_close(pattern);
    return fault;
}

/* `unit` repeated between `before` and `after`. */
static struct str repeat(char *text, const char *before, const char *unit, size_t times,
                         const char *after)
{
    size_t size = strlen(before);
    memcpy(text, before, size);
    for (size_t i = 0; i < times; i++) {
        memcpy(text + size, unit, strlen(unit));
        size += strlen(unit);
    }
    memcpy(text + size, after, strlen(after));
    return (struct str){text, size + strlen(after)};
}

TEST(patterns_mean_what_they_mean_in_javascript)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        if (row->verdict != MATCHES && row->verdict != MISSES)
            continue;
        enum pattern_result expected = row->verdict == MATCHES ? PATTERN_MATCH : PATTERN_NO_MATCH;
        enum pattern_result result = match_once(row->pattern, row->subject);
        if (result != expected)
            fprintf(stderr, "/%.*s/u on \"%.*s\"\n", STR_ARG(row->pattern), STR_ARG(row->subject));
        CHECK_INT(result, expected);
    }
}

TEST(what_javascript_rejects_is_refused_with_a_reason)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].verdict != THROWS)
            continue;
        struct fault fault = refusal(rows[i].pattern);
        if (fault.kind != FAULT_INVALID)
            fprintf(stderr, "/%.*s/u should be refused\n", STR_ARG(rows[i].pattern));
        CHECK_INT(fault.kind, FAULT_INVALID);
        CHECK(fault.why.size > 0);
    }
}

TEST(what_we_do_not_serve_is_refused_by_its_name)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].verdict != UNSUPPORTED)
            continue;
        struct fault fault = refusal(rows[i].pattern);
        CHECK(failed(fault));
        if (!str_contains(fault.why, rows[i].subject))
            fprintf(stderr, "/%.*s/u: %.*s\n", STR_ARG(rows[i].pattern), STR_ARG(fault.why));
        CHECK(str_contains(fault.why, rows[i].subject));
    }
}

TEST(what_writes_may_not_use_is_served_all_the_same)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (rows[i].verdict != UNADMITTED)
            continue;
        struct fault fault = pattern_check(PATTERN_UNICODE, rows[i].pattern);
        if (fault.kind != FAULT_INVALID || !str_contains(fault.why, rows[i].subject))
            fprintf(stderr, "/%.*s/u: %.*s\n", STR_ARG(rows[i].pattern), STR_ARG(fault.why));
        CHECK_INT(fault.kind, FAULT_INVALID);
        CHECK(str_contains(fault.why, rows[i].subject));
        CHECK(str_contains(fault.why, STR("not supported")));
    }
    CHECK_STR(pattern_check(PATTERN_UNICODE, STR("(?<=a)b")).why,
              STR("look-behind is not supported"));
    CHECK_STR(pattern_check(PATTERN_UNICODE, STR("(a)\\1")).why,
              STR("back-references are not supported"));
    CHECK_STR(pattern_check(PATTERN_UNICODE, STR("(?<n>a)\\k<n>")).why,
              STR("back-references are not supported"));
    CHECK(!failed(refusal(STR("(?<=a)b"))));
    CHECK(!failed(refusal(STR("(?<n>a)\\k<n>"))));
}

/* What a back-reference compares is work like any other. */
TEST(back_references_are_paid_for)
{
    static char text[REGEX_SUBJECT_BYTES_MAX];
    static const char *const costly[] = {"(a*)\\1[bc]", "(a*)(a*)\\2\\1[bc]",
                                         "(?=(a*))a(?!\\1)[bc]"};
    for (size_t i = 0; i < COUNT_OF(costly); i++) {
        struct str subject = repeat(text, "", "a", 2000, "!c");
        CHECK_INT(match_once(str_of(costly[i]), subject), PATTERN_GAVE_UP);
        subject = repeat(text, "", "a", 10, "c");
        CHECK_INT(match_once(str_of(costly[i]), subject), PATTERN_MATCH);
    }
    struct str subject = repeat(text, "'", "ab", 2000, "'");
    CHECK_INT(match_once(STR("^(['\"]).*\\1$"), subject), PATTERN_MATCH);
    subject = repeat(text, "", "ab", 1000, "!c");
    CHECK_INT(match_once(STR("(.)\\1"), subject), PATTERN_NO_MATCH);
}

/* Alternatives inside of a look-behind multiply as they do elsewhere. */
TEST(look_behind_is_paid_for)
{
    static char text[REGEX_SUBJECT_BYTES_MAX];
    char pattern[REGEX_PATTERN_BYTES_MAX];
    char choices[REGEX_PATTERN_BYTES_MAX];
    struct str alternatives = repeat(choices, "(?<=", "(?:a|[ab])", 22, "");
    choices[alternatives.size] = '\0';
    struct str behind = repeat(pattern, choices, "[cd]", 1, ")x");
    struct str subject = repeat(text, "", "a", 200, "!dx");
    CHECK_INT(match_once(behind, subject), PATTERN_GAVE_UP);
    subject = repeat(text, "", "a", 2000, "!cx");
    CHECK_INT(match_once(STR("(?<=[a-c]{4})x"), subject), PATTERN_NO_MATCH);
}

TEST(text_that_is_not_utf8_is_refused)
{
    CHECK_INT(refusal(STR("a\xFF")).kind, FAULT_INVALID);
    CHECK_INT(refusal(STR("[\xED\xA0\x80]")).kind, FAULT_INVALID);
}

TEST(a_pattern_has_a_longest_text)
{
    char text[REGEX_PATTERN_BYTES_MAX + 1];
    CHECK(!failed(refusal(repeat(text, "", "a", REGEX_PATTERN_BYTES_MAX, ""))));
    struct str past = repeat(text, "", "a", REGEX_PATTERN_BYTES_MAX + 1, "");
    CHECK_INT(refusal(past).kind, FAULT_LIMIT);
}

TEST(groups_nest_only_so_deep)
{
    char text[REGEX_PATTERN_BYTES_MAX];
    char opened[64];
    struct str parentheses = repeat(opened, "", "(", 32, "a");
    opened[parentheses.size] = '\0';
    CHECK(!failed(refusal(repeat(text, opened, ")", 32, ""))));
    parentheses = repeat(opened, "", "(", 33, "a");
    opened[parentheses.size] = '\0';
    CHECK_INT(refusal(repeat(text, opened, ")", 33, "")).kind, FAULT_LIMIT);
}

TEST(repeats_count_as_often_as_they_are_written_out)
{
    CHECK(!failed(refusal(STR("(?:a){999}"))));
    CHECK_INT(refusal(STR("(?:a){1000}")).kind, FAULT_LIMIT);
    CHECK_INT(refusal(STR("(?:(?:a){40}b){40}")).kind, FAULT_LIMIT);
    CHECK_INT(refusal(STR("((((a{9}){99}){999}){9999}){65535}")).kind, FAULT_LIMIT);
    CHECK(!failed(refusal(STR("^.{1,65535}$"))));
    CHECK(!failed(refusal(STR("(?:[]{65535}){300}"))));
}

TEST(a_subject_has_a_longest_text)
{
    static char text[REGEX_SUBJECT_BYTES_MAX + 1];
    struct str longest = repeat(text, "", "a", REGEX_SUBJECT_BYTES_MAX, "");
    CHECK_INT(match_once(STR("^a*$"), longest), PATTERN_MATCH);
    CHECK_INT(match_once(STR("^(?:a|b)*$"), longest), PATTERN_MATCH);
    CHECK_INT(match_once(STR("b"), longest), PATTERN_NO_MATCH);
    struct str past = repeat(text, "", "a", REGEX_SUBJECT_BYTES_MAX + 1, "");
    CHECK_INT(match_once(STR("^a*$"), past), PATTERN_GAVE_UP);
}

TEST(a_free_search_is_not_charged_for_leading_and_trailing_repeats)
{
    static char text[REGEX_SUBJECT_BYTES_MAX];
    struct str subject = repeat(text, "", "b", REGEX_SUBJECT_BYTES_MAX - 1, "a");
    CHECK_INT(match_once(STR(".*b.*a.*"), subject), PATTERN_MATCH);
    CHECK_INT(match_once(STR(".*a.*[cd]"), subject), PATTERN_NO_MATCH);
    CHECK_INT(match_once(STR("(\\w+)(\\d|a)$"), subject), PATTERN_MATCH);
    CHECK_INT(match_once(STR("\\w*\\w+[cd]\\w*"), subject), PATTERN_NO_MATCH);
}

TEST(explosive_patterns_give_up)
{
    static char text[REGEX_SUBJECT_BYTES_MAX];
    for (size_t i = 0; i < COUNT_OF(explosive); i++) {
        struct str subject =
            repeat(text, explosive[i].lead_in, explosive[i].pumped, 200, explosive[i].tail);
        enum pattern_result result = match_once(str_of(explosive[i].pattern), subject);
        if (result != explosive[i].expected)
            fprintf(stderr, "/%s/u\n", explosive[i].pattern);
        CHECK_INT(result, explosive[i].expected);
    }
}

TEST(explosive_patterns_are_refused_on_writing)
{
    static const char *const others[] = {
        "(a|a)*b", "(a|aa)+$", "(.*a){12}", "(?:[xz]|[x-y])*!", "(a+){10}b", "^\\s*\\s*\\s*\\s*$",
        "(?=(a+)+$)b",
        /* nowhere too much, everywhere a lot */
        "^a?a?a?a?a?a?a?a?a?a?a?a?[bc]",
        "(?=.*a)(?=.*b)(?=.*c)(?=.*d)(?=.*e)(?=.*f)(?=.*g)(?=.*h)x"};
    for (size_t i = 0; i < COUNT_OF(explosive) + COUNT_OF(others); i++) {
        const char *text =
            i < COUNT_OF(explosive) ? explosive[i].pattern : others[i - COUNT_OF(explosive)];
        struct fault fault = pattern_check(PATTERN_UNICODE, str_of(text));
        if (!failed(fault))
            fprintf(stderr, "/%s/u should be refused\n", text);
        CHECK_INT(fault.kind, FAULT_LIMIT);
        CHECK(str_contains(fault.why, STR("could take too long")));
    }
}

TEST(ordinary_patterns_pass)
{
    for (size_t i = 0; i < COUNT_OF(ordinary); i++) {
        struct fault fault = pattern_check(PATTERN_UNICODE, str_of(ordinary[i]));
        if (failed(fault))
            fprintf(stderr, "/%s/u: %.*s\n", ordinary[i], STR_ARG(fault.why));
        CHECK(!failed(fault));
    }
    CHECK_INT(pattern_check(PATTERN_UNICODE, STR("a{2")).kind, FAULT_INVALID);
    CHECK_INT(pattern_check(PATTERN_UNICODE, STR("(?:a){1000}")).kind, FAULT_LIMIT);
}

/* Long runs of one character are cut into pieces, which nobody may notice. */
TEST(a_long_run_is_as_long_as_it_says)
{
    static char text[REGEX_SUBJECT_BYTES_MAX];
    static const struct {
        const char *pattern;
        size_t from, to; /* how many it takes */
    } runs[] = {{"^a{32}$", 32, 32},      {"^a{33}$", 33, 33},    {"^[ab]{64}$", 64, 64},
                {"^a{65,70}$", 65, 70},   {"^a{96,}$", 96, 200},  {"^(?:a{50}){2}$", 100, 100},
                {"^a{40,64}?$", 40, 64},  {"(?<!a{33})$", 0, 32}, {"^(?=a{64}$)", 64, 64},
                {"^(a{33})\\1$", 66, 66}, {"^a{5000}", 1, 0}};
    for (size_t i = 0; i < COUNT_OF(runs); i++) {
        for (size_t size = 0; size <= 200; size++) {
            bool matches = size >= runs[i].from && size <= runs[i].to;
            struct str subject = repeat(text, "", "a", size, "");
            CHECK_INT(match_once(str_of(runs[i].pattern), subject),
                      matches ? PATTERN_MATCH : PATTERN_NO_MATCH);
        }
    }
    CHECK_INT(match_once(STR("^a{4096}$"), repeat(text, "", "a", 4096, "")), PATTERN_MATCH);
}

/* They cost what they compare, however few choices there are. */
TEST(long_runs_are_paid_for)
{
    static char text[REGEX_SUBJECT_BYTES_MAX];
    struct str subject = repeat(text, "", "a", 4000, "!c");
    CHECK_INT(match_once(STR("(?:a{900}[bc]|a{901}[bc]|a{902}[bc]|a{903}[bc])"), subject),
              PATTERN_GAVE_UP);
}

/* Nothing within reach of the bound gives up when it is given that many steps. */
TEST(the_bound_on_steps_holds)
{
    struct pattern_scratch *scratch = pattern_scratch_open();
    struct arena arena;
    arena_open(&arena, 4096);
    size_t bounded = 0;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct pattern_branch *tree = NULL;
        struct pattern *pattern = NULL;
        if (failed(pattern_understand(&tree, PATTERN_UNICODE, rows[i].pattern, PATTERN_ADMITTED,
                                      &arena)))
            continue;
        if (failed(pattern_compile(&pattern, PATTERN_UNICODE, tree, PATTERN_AS_WRITTEN,
                                   PATTERN_TO_PROBE)))
            continue;
        size_t bound = pattern_steps_bound(tree, rows[i].subject.size);
        if (bound <= 1000000) {
            bounded++;
            CHECK(pattern_match_within(pattern, scratch, rows[i].subject, (uint32_t)bound) !=
                  PATTERN_GAVE_UP);
        }
        pattern_close(pattern);
    }
    CHECK(bounded > 400);
    arena_close(&arena);
    pattern_scratch_close(scratch);
}

TEST(how_far_a_pattern_reads_is_known)
{
    static const struct {
        const char *pattern;
        struct pattern_profile profile;
    } known[] = {
        {"^de-", {PATTERN_GLANCES, 1}},      {"^(?:de|at)-\\d{2}", {PATTERN_GLANCES, 1}},
        {"^.{1,64}$", {PATTERN_GLANCES, 1}}, {"^.{1,65}$", {PATTERN_READS, 1}},
        {"^a*$", {PATTERN_READS, 1}},        {"^(?=.*a)", {PATTERN_READS, 1}},
        {"a", {PATTERN_SEARCHES, 1}},        {"^a|b", {PATTERN_SEARCHES, 2}},
        {"(a|b|c)d", {PATTERN_SEARCHES, 3}}, {"a(b|c|d)", {PATTERN_SEARCHES, 1}},
        {"(?<=a)b", {PATTERN_SEARCHES, 1}},  {"(", {PATTERN_NEVER, 1}},
    };
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        struct pattern_profile profile = pattern_profile(PATTERN_UNICODE, str_of(known[i].pattern));
        if (profile.pace != known[i].profile.pace ||
            profile.beginnings != known[i].profile.beginnings)
            fprintf(stderr, "/%s/u\n", known[i].pattern);
        CHECK_INT(profile.pace, known[i].profile.pace);
        CHECK_INT(profile.beginnings, known[i].profile.beginnings);
    }
}

TEST(matching_allocates_nothing_after_the_first_time)
{
    static char text[REGEX_SUBJECT_BYTES_MAX];
    struct str subject = repeat(text, "", "ab", REGEX_SUBJECT_BYTES_MAX / 2, "");
    struct pattern *pattern = NULL;
    CHECK(!failed(pattern_open(&pattern, PATTERN_UNICODE, STR("^(?:a|b|(?:ab))*$"))));
    struct pattern_scratch *scratch = pattern_scratch_open();
    CHECK_INT(pattern_match(pattern, scratch, subject), PATTERN_MATCH);
    size_t before = mallinfo2().uordblks;
    for (size_t i = 0; i < 100; i++)
        CHECK_INT(pattern_match(pattern, scratch, subject), PATTERN_MATCH);
    CHECK_INT(mallinfo2().uordblks, before);
    pattern_scratch_close(scratch);
    pattern_close(pattern);
}

static void *match_often(void *argument)
{
    const struct pattern *pattern = argument;
    struct pattern_scratch *scratch = pattern_scratch_open();
    size_t matches = 0;
    for (size_t i = 0; i < 10000; i++) {
        struct str subject = i % 2 == 0 ? STR("someone@acme.com") : STR("someone@acme.net");
        matches += pattern_match(pattern, scratch, subject) == PATTERN_MATCH;
    }
    pattern_scratch_close(scratch);
    return matches == 5000 ? argument : NULL;
}

TEST(threads_share_a_pattern)
{
    struct pattern *pattern = NULL;
    CHECK(!failed(pattern_open(&pattern, PATTERN_UNICODE, STR("@(acme|example)\\.(com|org)$"))));
    pthread_t threads[2];
    for (size_t i = 0; i < COUNT_OF(threads); i++)
        CHECK_INT(pthread_create(&threads[i], NULL, match_often, pattern), 0);
    for (size_t i = 0; i < COUNT_OF(threads); i++) {
        void *result = NULL;
        CHECK_INT(pthread_join(threads[i], &result), 0);
        CHECK(result == pattern);
    }
    pattern_close(pattern);
}

TESTS(patterns_mean_what_they_mean_in_javascript, what_javascript_rejects_is_refused_with_a_reason,
      what_we_do_not_serve_is_refused_by_its_name, what_writes_may_not_use_is_served_all_the_same,
      back_references_are_paid_for, look_behind_is_paid_for, text_that_is_not_utf8_is_refused,
      a_pattern_has_a_longest_text, groups_nest_only_so_deep,
      repeats_count_as_often_as_they_are_written_out, a_subject_has_a_longest_text,
      a_free_search_is_not_charged_for_leading_and_trailing_repeats, explosive_patterns_give_up,
      explosive_patterns_are_refused_on_writing, ordinary_patterns_pass,
      a_long_run_is_as_long_as_it_says, long_runs_are_paid_for, the_bound_on_steps_holds,
      how_far_a_pattern_reads_is_known, matching_allocates_nothing_after_the_first_time,
      threads_share_a_pattern)
