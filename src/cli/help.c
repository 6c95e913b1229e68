/* SPDX-License-Identifier: Apache-2.0 */
/* help - what can be asked for, examples first, a screen at most. */
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/output.h"

enum { NAME_WIDTH = 26, TOPIC_WIDTH = 12, LINE_WIDTH = 79 };

static const char *const first_examples[] = {
    "serve                                run a server here",
    "login                                log in with the browser",
    "flags create --key dark-mode --type bool --value true",
    "flag list                            every flag of the environment in use",
    "why dark-mode user-1                 what somebody gets, and why",
    "plan shop.json; guidon apply shop.json",
};

static bool is_first_of_topic(const struct command_book *book, size_t index)
{
    if (book->groups[index]->topic == NULL)
        return false;
    for (size_t i = 0; i < index; i++) {
        const char *topic = book->groups[i]->topic;
        if (topic != NULL && strcmp(topic, book->groups[index]->topic) == 0)
            return false;
    }
    return true;
}

static bool is_first_of_noun(const struct command_book *book, size_t index)
{
    const char *noun = book->groups[index]->noun;
    for (size_t i = 0; i < index; i++) {
        const char *other = book->groups[i]->noun;
        if (noun != NULL && other != NULL && strcmp(noun, other) == 0)
            return false;
    }
    return true;
}

static void put_word(const char *word, int *column)
{
    int size = (int)strlen(word) + 1;
    if (*column + size > LINE_WIDTH) {
        printf("\n  %-*s", TOPIC_WIDTH, "");
        *column = TOPIC_WIDTH + 2;
    }
    printf("%s ", word);
    *column += size;
}

static void put_topic(const struct command_book *book, const char *topic)
{
    int column = TOPIC_WIDTH + 2;
    printf("  %-*s", TOPIC_WIDTH, topic);
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (group->topic == NULL || strcmp(group->topic, topic) != 0)
            continue;
        if (group->noun != NULL && is_first_of_noun(book, i))
            put_word(group->noun, &column);
        for (size_t j = 0; group->noun == NULL && j < group->command_count; j++)
            put_word(group->commands[j].verb, &column);
    }
    putchar('\n');
}

void help_all(struct session *session)
{
    for (size_t i = 0; i < COUNT_OF(first_examples); i++)
        printf("  %.*s %s\n", STR_ARG(session->program), first_examples[i]);
    putchar('\n');
    for (size_t i = 0; i < session->book->count; i++) {
        if (is_first_of_topic(session->book, i))
            put_topic(session->book, session->book->groups[i]->topic);
    }
    printf(
        "\n%.*s COMMAND --help says more. Everywhere: --env NAME, --app NAME, -o json|table|tsv,\n"
        "--yes, --quiet, --api ORIGIN. Exit codes: 0 ok, 1 failed, 2 changes, 3 not found,\n"
        "4 usage, 5 not allowed, 6 conflict, 7 rate limited, 8 unreachable.\n",
        STR_ARG(session->program));
}

/* ---- one noun, one command
 * ------------------------------------------------------------------------ */

static void put_examples(const struct session *session, const struct command *command)
{
    for (size_t i = 0; command->examples != NULL && command->examples[i] != NULL; i++)
        printf("  %.*s %s\n", STR_ARG(session->program), command->examples[i]);
}

static void put_command_line(const struct command_group *group, const struct command *command)
{
    char name[80];
    snprintf(name, sizeof(name), "%s%s%s %s", group->noun == NULL ? "" : group->noun,
             group->noun == NULL ? "" : " ", command->verb, command->arguments);
    printf("  %-*s %s\n", NAME_WIDTH, name, command->summary);
}

static const char *falls_to(const struct command_book *book, struct str noun)
{
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (group->noun != NULL && group->falls_to != NULL && str_equal(str_of(group->noun), noun))
            return group->falls_to;
    }
    return NULL;
}

void help_noun(struct session *session, struct str noun)
{
    const struct command_book *book = session->book;
    bool has_examples = false;
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (group->noun == NULL || !str_equal(str_of(group->noun), noun))
            continue;
        if (!has_examples && group->summary != NULL) {
            printf("%s\n\n", group->summary);
            put_examples(session, &group->commands[0]);
            putchar('\n');
            has_examples = true;
        }
        for (size_t j = 0; j < group->command_count; j++)
            put_command_line(group, &group->commands[j]);
    }
    const char *more = falls_to(book, noun);
    if (more != NULL)
        printf("  and every verb of `%s`\n", more);
    printf("\n%.*s %.*s VERB --help says more.\n", STR_ARG(session->program), STR_ARG(noun));
}

static void put_option(const struct command_option *option)
{
    char name[80];
    bool is_switch = option->value == NULL;
    if (option->letter != '\0')
        snprintf(name, sizeof(name), "-%c, --%s%s%s", option->letter, option->name,
                 is_switch ? "" : " ", is_switch ? "" : option->value);
    else
        snprintf(name, sizeof(name), "--%s%s%s", option->name, is_switch ? "" : " ",
                 is_switch ? "" : option->value);
    printf("  %-*s %s%s\n", NAME_WIDTH, name, option->help,
           option->is_repeatable ? " (may be repeated)" : "");
}

void help_command(struct session *session, const struct command_group *group,
                  const struct command *command)
{
    put_examples(session, command);
    printf("\n%.*s %s%s%s %s\n", STR_ARG(session->program), group->noun == NULL ? "" : group->noun,
           group->noun == NULL ? "" : " ", command->verb, command->arguments);
    printf("  %s\n", command->summary);
    if (command->option_count > 0)
        putchar('\n');
    for (size_t i = 0; i < command->option_count; i++)
        put_option(&command->options[i]);
}
