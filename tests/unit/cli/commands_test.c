/* SPDX-License-Identifier: Apache-2.0 */
/* commands - words find their command, and every row of the tables is whole. */
#include "cli/commands.h"

#include <string.h>

#include "test.h"

static struct command_book book(void)
{
    return (struct command_book){own_groups, own_group_count};
}

static const struct command *find(const char *noun, const char *verb,
                                  const struct command_group **group)
{
    const struct command_book all = book();
    return command_find(&all, str_of(noun), str_of(verb), group);
}

TEST(a_verb_a_noun_lacks_is_looked_for_where_it_falls_to)
{
    const struct command_group *group = NULL;
    CHECK(find("flags", "toggle", &group) != NULL);
    CHECK_STR(str_of(group->noun), STR("flags"));
    CHECK(find("flag", "toggle", &group) == NULL);
    CHECK(find("flags", "history", &group) == find("flag", "history", &group));
    CHECK_STR(str_of(group->noun), STR("flag"));
    CHECK(find("flags", "list", &group) != find("flag", "list", &group));
    CHECK(find("flags", "nonsense", &group) == NULL);
    CHECK(group == NULL);
}

TEST(lone_verbs_have_no_noun)
{
    const struct command_group *group = NULL;
    const struct command_book all = book();
    struct str none = {0};
    CHECK(command_find(&all, none, STR("login"), &group) != NULL);
    CHECK(command_find(&all, none, STR("flags"), &group) == NULL);
    CHECK(command_is_noun(&all, STR("flags")));
    CHECK(!command_is_noun(&all, STR("login")));
    CHECK(!command_is_noun(&all, none));
}

TEST(a_slip_of_the_finger_is_recognised)
{
    const struct command_book all = book();
    struct str none = {0};
    CHECK_STR(command_guess(&all, none, STR("lgoin")), STR("login"));
    CHECK_STR(command_guess(&all, none, STR("flagss")), STR("flags"));
    CHECK_STR(command_guess(&all, STR("flags"), STR("togle")), STR("toggle"));
    CHECK(str_is_absent(command_guess(&all, none, STR("entirely-something-else"))));
}

static void check_options(const struct command *command)
{
    for (size_t i = 0; i < command->option_count; i++) {
        const struct command_option *option = &command->options[i];
        CHECK(option->name[0] != '-');
        CHECK(option->help != NULL);
        for (size_t j = 0; j < i; j++)
            CHECK(strcmp(option->name, command->options[j].name) != 0);
    }
}

static void check_command(const struct command *command)
{
    CHECK(command->verb != NULL);
    CHECK(command->arguments != NULL);
    CHECK(command->run != NULL);
    CHECK(command->argument_min <= command->argument_max);
    CHECK((command->argument_max == 0) == (command->arguments[0] == '\0'));
    size_t size = strlen(command->summary);
    CHECK(size > 0);
    CHECK(command->summary[size - 1] != '.');
    check_options(command);
}

TEST(every_row_is_whole)
{
    for (size_t i = 0; i < own_group_count; i++) {
        /* What shells ask is in no help. */
        CHECK(own_groups[i]->topic != NULL || own_groups[i]->commands[0].is_raw);
        CHECK(own_groups[i]->command_count > 0);
        for (size_t j = 0; j < own_groups[i]->command_count; j++) {
            if (!own_groups[i]->commands[j].is_raw)
                check_command(&own_groups[i]->commands[j]);
        }
    }
}

/* The noun is part of the line, or nobody could paste it. The first command of a noun may show
 * what its fellows do: help on the noun begins with that. */
TEST(every_example_begins_with_its_noun_or_verb)
{
    for (size_t i = 0; i < own_group_count; i++) {
        const struct command_group *group = own_groups[i];
        for (size_t j = 0; j < group->command_count; j++) {
            const struct command *command = &group->commands[j];
            struct str name = str_of(group->noun != NULL ? group->noun : command->verb);
            for (size_t k = 0; command->examples != NULL && command->examples[k] != NULL; k++)
                CHECK_STR(str_slice(str_of(command->examples[k]), 0, name.size), name);
        }
    }
}

TESTS(a_verb_a_noun_lacks_is_looked_for_where_it_falls_to, lone_verbs_have_no_noun,
      a_slip_of_the_finger_is_recognised, every_row_is_whole,
      every_example_begins_with_its_noun_or_verb)
