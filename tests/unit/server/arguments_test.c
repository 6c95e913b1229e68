/* SPDX-License-Identifier: Apache-2.0 */
/* arguments - the command line of the commands beside `serve`: every way to write it, or a refusal.
 */
#include "server/arguments.h"
#include "test.h"

struct wine {
    struct str name;
    uint64_t bottles;
    bool is_red;
};

static const struct argument table[] = {
    {"name", 'n', ARGUMENT_TEXT, offsetof(struct wine, name), "NAME", "what it is called"},
    {"bottles", 0, ARGUMENT_NUMBER, offsetof(struct wine, bottles), "N", "how many"},
    {"red", 'r', ARGUMENT_SWITCH, offsetof(struct wine, is_red), NULL, "not white"},
};

static const char *const more[] = {"A line.", NULL};

static const struct argument_table command = {
    .usage = "wine [YEAR [PLACE]]",
    .summary = "Fetch some.",
    .more = more,
    .arguments = table,
    .count = COUNT_OF(table),
    .operands_max = 2,
};

enum { WORDS_MAX = 10 };

struct reading {
    struct arena arena;
    struct wine wine;
    struct operands operands;
};

static struct fault read_words(struct reading *reading, const char *const *words)
{
    char *arguments[WORDS_MAX];
    int count = 0;
    for (; words[count] != NULL; count++)
        arguments[count] = (char *)words[count];
    *reading = (struct reading){0};
    arena_open(&reading->arena, 1024);
    return arguments_read(&reading->arena, &command, count, arguments, &reading->wine,
                          &reading->operands);
}

TEST(all_ways_to_write_it_mean_the_same)
{
    static const char *const ways[][WORDS_MAX] = {
        {"--name", "port", "--bottles", "6", "--red", "1990"},
        {"--name=port", "--bottles=6", "-r", "1990"},
        {"1990", "-n", "port", "-r", "--bottles", "6"},
        {"-nport", "--red", "--bottles=6", "--", "1990"},
        {"-n", "beer", "--name=port", "--bottles", "3", "--bottles", "6", "-r", "1990"},
    };
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        struct reading reading;
        CHECK_OK(read_words(&reading, ways[i]));
        CHECK_STR(reading.wine.name, STR("port"));
        CHECK_INT(reading.wine.bottles, 6);
        CHECK(reading.wine.is_red);
        CHECK_INT(reading.operands.count, 1);
        CHECK_STR(reading.operands.items[0], STR("1990"));
        CHECK(!reading.operands.wants_help);
        arena_close(&reading.arena);
    }
}

TEST(what_is_not_given_is_absent)
{
    struct reading reading;
    CHECK_OK(read_words(&reading, (const char *const[]){NULL}));
    CHECK(str_is_absent(reading.wine.name));
    CHECK_INT(reading.wine.bottles, 0);
    CHECK(!reading.wine.is_red);
    CHECK_INT(reading.operands.count, 0);
    arena_close(&reading.arena);
}

TEST(an_option_may_have_any_value_and_an_operand_any_form_behind_two_dashes)
{
    struct reading reading;
    CHECK_OK(read_words(&reading, (const char *const[]){"--name", "--red", "--", "-n", "-", NULL}));
    CHECK_STR(reading.wine.name, STR("--red"));
    CHECK(!reading.wine.is_red);
    CHECK_INT(reading.operands.count, 2);
    CHECK_STR(reading.operands.items[0], STR("-n"));
    CHECK_STR(reading.operands.items[1], STR("-"));
    arena_close(&reading.arena);
}

TEST(the_last_word_counts)
{
    struct reading reading;
    CHECK_OK(
        read_words(&reading, (const char *const[]){"--name=a", "--name=", "--bottles=1", NULL}));
    CHECK(!str_is_absent(reading.wine.name));
    CHECK_INT(reading.wine.name.size, 0);
    arena_close(&reading.arena);
}

TEST(help_is_everybodys)
{
    struct reading reading;
    CHECK_OK(read_words(&reading, (const char *const[]){"--help", NULL}));
    CHECK(reading.operands.wants_help);
    arena_close(&reading.arena);
    CHECK_OK(read_words(&reading, (const char *const[]){"1990", "-h", NULL}));
    CHECK(reading.operands.wants_help);
    arena_close(&reading.arena);
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    arguments_help(&command, &buf);
    static const char *const lines[] = {"Usage: guidon wine [YEAR [PLACE]]\n",
                                        "Fetch some.\n",
                                        "-n, --name NAME",
                                        "--bottles N",
                                        "-r, --red",
                                        "A line.\n"};
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        CHECK(str_contains(buf_str(&buf), str_of(lines[i])));
    buf_close(&buf);
}

TEST(mistakes_are_named)
{
    static const struct {
        const char *words[WORDS_MAX];
        const char *named;
    } mistakes[] = {
        {{"--colour", "red"}, "--colour is no option"},
        {{"--colour=red"}, "--colour is no option"},
        {{"-x"}, "-x is no option"},
        {{"--name"}, "--name needs a value"},
        {{"-n"}, "-n needs a value"},
        {{"--red=yes"}, "--red takes no value"},
        {{"-rx"}, "-r takes no value"},
        {{"--bottles", "many"}, "bottles must be"},
        {{"--bottles", "0"}, "bottles must be"},
        {{"--bottles", "-1"}, "bottles must be"},
        {{"--bottles=99999999999999999999"}, "bottles must be"},
        {{"1990", "here", "there"}, "there is one word too many"},
    };
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        struct reading reading;
        struct fault fault = read_words(&reading, mistakes[i].words);
        CHECK_FAULT(fault, FAULT_INVALID);
        if (!str_contains(fault.why, str_of(mistakes[i].named)))
            fprintf(stderr, "%.*s\n", STR_ARG(fault.why));
        CHECK(str_contains(fault.why, str_of(mistakes[i].named)));
        CHECK(str_contains(fault.why, STR("guidon wine --help")));
        arena_close(&reading.arena);
    }
}

TESTS(all_ways_to_write_it_mean_the_same, what_is_not_given_is_absent,
      an_option_may_have_any_value_and_an_operand_any_form_behind_two_dashes, the_last_word_counts,
      help_is_everybodys, mistakes_are_named)
