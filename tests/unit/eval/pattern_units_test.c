/* SPDX-License-Identifier: Apache-2.0 */
/* pattern_units - expressions without the flag u, which are about UTF-16 units, and globs. */
#include "test.h"

#include "eval/pattern.h"
#include "eval/pattern_glob.h"

/* 1, 0, or -1 for a pattern that is refused. */
static int matches(enum pattern_syntax syntax, const char *text, const char *subject)
{
    struct pattern *pattern = NULL;
    struct fault fault = pattern_open(&pattern, syntax, str_of(text));
    if (failed(fault))
        return -1;
    struct pattern_scratch *scratch = pattern_scratch_open();
    enum pattern_result result = pattern_match(pattern, scratch, str_of(subject));
    pattern_scratch_close(scratch);
    pattern_close(pattern);
    return result == PATTERN_MATCH;
}

struct row {
    const char *pattern, *subject;
    int matches;
};

static void expect_rows(enum pattern_syntax syntax, const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        bool is_as_said = matches(syntax, rows[i].pattern, rows[i].subject) == rows[i].matches;
        if (!is_as_said)
            print_message("%s on %s\n", rows[i].pattern, rows[i].subject);
        CHECK(is_as_said);
    }
}

/* Each answer is Node's. */
static const struct row unit_rows[] = {
    {"^.$", "\U0001F600", 0},
    {"^..$", "\U0001F600", 1},
    {"^\U0001F600$", "\U0001F600", 1},
    {"^\U0001F600+$", "\U0001F600\U0001F600", 0},
    {"[\U0001F600]", "\U0001F601", 1},
    {"^[\U0001F600]$", "\U0001F600", 0},
    {"^[^a]{2}$", "\U0001F600", 1},
    {"\\uD83D\\uDE00", "\U0001F600", 1},
    {"\\ud83d$", "\U0001F600", 0},
    {"\\ude00$", "\U0001F600", 1},
    {"[\\ud83d]", "\U0001F600", 1},
    {"[\U0001F600-\U0001F603]", "x", -1}, /* the range runs backwards by units */
    {"\u00E9", "\u00E9t\u00E9", 1},
    {"^\\w$", "\u00E9", 0},
    {"a\\-b\\_c\\@\\/", "a-b_c@/", 1},
    {"^[\\w-.]+$", "a-b.c", 1},
    {"^[a-\\d]+$", "-a7", 1},
    {"^[a-\\d]+$", "b", 0},
    {"a{", "a{", 1},
    {"a{1", "a{1", 1},
    {"a{,2}", "a{,2}", 1},
    {"^a{1,2}$", "aa", 1},
    {"]", "]", 1},
    {"}", "}", 1},
    {"{2}", "x", -1},
    {"a**", "a", -1},
    {"(", "x", -1},
    {"[b-a]", "b", -1},
    {"a\\", "a", -1},
    /* What means something else than it seems to, we leave alone. */
    {"\\u{61}", "a", -1},
    {"\\p{L}", "a", -1},
    {"\\a", "a", -1},
    {"\\1", "a", -1},
    {"(?=a)*", "a", -1},
};

TEST(without_the_flag_patterns_are_about_units)
{
    expect_rows(PATTERN_UNITS, unit_rows, COUNT_OF(unit_rows));
}

TEST(with_the_flag_they_are_about_characters)
{
    static const struct row rows[] = {
        {"^.$", "\U0001F600", 1},
        {"^[\U0001F600-\U0001F603]$", "\U0001F602", 1},
        {"\\ud83d", "\U0001F600", 0},
        {"\\u{61}", "a", 1},
        {"a\\-b", "a-b", -1},
        {"[\\w-.]", "a", -1},
        {"]", "]", -1},
        {"a{", "a{", -1},
    };
    expect_rows(PATTERN_UNICODE, rows, COUNT_OF(rows));
}

TEST(the_longest_subject_may_be_all_pairs)
{
    static char subject[4 * 1024 + 1];
    for (size_t i = 0; i < 1024; i++) {
        static const char pair[] = "\U0001F600";
        for (size_t j = 0; j < 4; j++)
            subject[4 * i + j] = pair[j];
    }
    CHECK_INT(matches(PATTERN_UNITS, "^[^a]{2048}$", subject), 1);
    CHECK_INT(matches(PATTERN_UNITS, "\\ude00$", subject), 1);
    CHECK_INT(matches(PATTERN_UNICODE, "^.{1024}$", subject), 1);
}

TEST(writes_are_checked_in_either_syntax)
{
    CHECK_OK(pattern_check(PATTERN_UNITS, STR("^[\\w-.]+@example\\.com$")));
    CHECK_OK(pattern_check(PATTERN_UNITS, STR("^[\U0001F600z]?\U0001F600*x")));
    CHECK_FAULT(pattern_check(PATTERN_UNITS, STR("(?<=a)b")), FAULT_INVALID);
    CHECK_FAULT(pattern_check(PATTERN_UNITS, STR("(a)\\1")), FAULT_INVALID);
    CHECK_FAULT(pattern_check(PATTERN_UNITS, STR("(a+)+$")), FAULT_LIMIT);
    CHECK_FAULT(pattern_check(PATTERN_UNITS, STR("^(?:[\U0001F600]+)+$")), FAULT_LIMIT);
    CHECK_FAULT(pattern_check(PATTERN_GLOB, STR("[z-a]")), FAULT_INVALID);
    CHECK_OK(pattern_check(PATTERN_GLOB, STR("/checkout/**/{cart,pay}*")));
}

/* ---- globs ----------------------------------------------------------------------------------- */

static const struct row glob_rows[] = {
    {"", "", 1},
    {"", "a", 0},
    {"docs", "docs", 1},
    {"docs", "docs2", 0},
    {"do?s", "docs", 1},
    {"do?s", "do/s", 0},
    {"a*c", "abbc", 1},
    {"a*c", "ab/c", 0},
    {"a**c", "ab/x/c", 1},
    {"**/x", "a/b/x", 1},
    {"[abc]x", "bx", 1},
    {"[a-c]x", "dx", 0},
    {"[!a-c]x", "dx", 1},
    {"[!a-c]x", "ax", 0},
    {"[]a]", "]", 1},
    {"[!]a]", "b", 1},
    {"[a\\]b]", "]", 1},
    {"[a\\-c]", "b", 0},
    {"[a\\-c]", "-", 1},
    {"[^a]", "^", 1},
    {"[^a]", "b", 0},
    {"[ab", "[ab", 1},
    {"{one,two}", "two", 1},
    {"{one,two}", "three", 0},
    {"{a,b{c,d}}e", "bde", 1},
    {"{a,}b", "b", 1},
    {"{a,b", "{a,b", 1},
    {"a,b", "a,b", 1},
    {"a}", "a}", 1},
    {"\\*", "*", 1},
    {"\\*", "x", 0},
    {"a\\", "a\\", 1},
    {"1.5+(2)|^$", "1.5+(2)|^$", 1},
    {"a.c", "abc", 0},
    {"\u00E9*", "\u00E9t\u00E9", 1},
    {"??", "\U0001F600", 1}, /* two units */
};

TEST(globs_take_the_whole_text)
{
    expect_rows(PATTERN_GLOB, glob_rows, COUNT_OF(glob_rows));
}

TEST(globs_are_written_as_every_engine_reads_them)
{
    static const struct {
        const char *glob, *pattern;
    } rows[] = {
        {"", "^(?:)$"},           {"/a/*.js", "^(?:/a/[^/]*\\.js)$"},
        {"**?", "^(?:.*[^/])$"},  {"[!x-z]{a,b}", "^(?:[^x-z](?:a|b))$"},
        {"\\{$", "^(?:\\{\\$)$"}, {"[a[^]", "^(?:[a\\[\\^])$"},
    };
    struct arena arena;
    arena_open(&arena, 4096);
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        CHECK_STR(glob_to_pattern(&arena, str_of(rows[i].glob)), str_of(rows[i].pattern));
    arena_close(&arena);
}

TESTS(without_the_flag_patterns_are_about_units, with_the_flag_they_are_about_characters,
      the_longest_subject_may_be_all_pairs, writes_are_checked_in_either_syntax,
      globs_take_the_whole_text, globs_are_written_as_every_engine_reads_them)
