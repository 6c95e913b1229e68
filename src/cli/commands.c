/* SPDX-License-Identifier: Apache-2.0 */
/* commands - all there are, in the order of the help: see commands.h. */
#include "cli/commands.h"

#include <string.h>

#include "cli/groups.h"
#include "cli/superflag/groups.h"

const struct command_option global_options[] = {
    {"output", 'o', "json|table|tsv", "how to answer (a terminal: table; a pipe: json)",
     COMPLETES_CHOICES, false},
    {"env", '\0', "NAME", "the environment, instead of the one in use", COMPLETES_ENVIRONMENTS,
     false},
    {"app", '\0', "NAME", "the app, instead of the one in use", COMPLETES_APPS, false},
    {"yes", 'y', NULL, "go on without a confirmation", COMPLETES_NOTHING, false},
    {"api", '\0', "ORIGIN", "the server [GUIDON_API]", COMPLETES_NOTHING, false},
    {"token", '\0', "TOKEN", "the token; better in GUIDON_TOKEN than here", COMPLETES_NOTHING,
     false},
    {"json", '\0', NULL, "as -o json", COMPLETES_NOTHING, false},
    {"quiet", 'q', NULL, "no sentences", COMPLETES_NOTHING, false},
    {"help", 'h', NULL, "this", COMPLETES_NOTHING, false},
    {"version", '\0', NULL, "which version this is", COMPLETES_NOTHING, false},
};
const size_t global_option_count = COUNT_OF(global_options);

/* One line each. */
/* clang-format off */
const struct command_group *const own_groups[] = {
    &group_login,
    &group_person,
    &group_flag,
    &group_experiment,
    &group_segment,
    &group_cohort,
    &group_group,
    &group_eval,
    &group_why,
    &group_change,
    &group_audit,
    &group_tail,
    &group_open,
    &group_api,
    &group_app,
    &group_env,
    &group_move,
    &group_transfer,
    &group_export,
    &group_files,
    &group_gen,
    &group_key,
    &group_token,
    &group_user,
    &group_deployment,
    &group_backup,
    &group_vendor_flags,
    &group_vendor_apps,
    &group_vendor_environments,
    &group_vendor_keys,
    &group_vendor_config,
    &group_vendor_files,
    &group_shell,
    &group_complete,
};
/* clang-format on */
const size_t own_group_count = COUNT_OF(own_groups);

static bool is_of_noun(const struct command_group *group, struct str noun)
{
    return group->noun == NULL ? str_is_empty(noun) : str_equal(str_of(group->noun), noun);
}

static const struct command *find_in(const struct command_group *group, struct str verb)
{
    for (size_t i = 0; i < group->command_count; i++) {
        if (str_equal(str_of(group->commands[i].verb), verb))
            return &group->commands[i];
    }
    return NULL;
}

bool command_is_noun(const struct command_book *book, struct str word)
{
    for (size_t i = 0; i < book->count && !str_is_empty(word); i++) {
        if (is_of_noun(book->groups[i], word))
            return true;
    }
    return false;
}

const struct command *command_find(const struct command_book *book, struct str noun,
                                   struct str verb, const struct command_group **group)
{
    const char *next = NULL;
    for (size_t i = 0; i < book->count; i++) {
        if (!is_of_noun(book->groups[i], noun))
            continue;
        *group = book->groups[i];
        const struct command *command = find_in(*group, verb);
        if (command != NULL)
            return command;
        next = next == NULL ? (*group)->falls_to : next;
    }
    for (size_t i = 0; next != NULL && i < book->count; i++) {
        *group = book->groups[i];
        const struct command *command =
            is_of_noun(*group, str_of(next)) ? find_in(*group, verb) : NULL;
        if (command != NULL)
            return command;
    }
    *group = NULL;
    return NULL;
}

/* ---- guesses ------------------------------------------------------------------------------------
 */

enum { WORD_BYTES_MAX = 32, NEAR = 2 };

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

/* Edits from one word to the other: insert, delete, replace (Levenshtein). */
static unsigned distance(struct str a, struct str b)
{
    unsigned row[WORD_BYTES_MAX + 1];
    if (a.size > WORD_BYTES_MAX || b.size > WORD_BYTES_MAX)
        return WORD_BYTES_MAX;
    for (unsigned j = 0; j <= b.size; j++)
        row[j] = j;
    for (unsigned i = 1; i <= a.size; i++) {
        unsigned diagonal = row[0];
        row[0] = i;
        for (unsigned j = 1; j <= b.size; j++) {
            unsigned replaced = diagonal + (a.data[i - 1] != b.data[j - 1]);
            diagonal = row[j];
            row[j] = least(replaced, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.size];
}

static void consider(struct str candidate, struct str word, unsigned *nearest, struct str *guess)
{
    unsigned edits = distance(candidate, word);
    if (edits < *nearest) {
        *nearest = edits;
        *guess = candidate;
    }
}

struct str command_guess(const struct command_book *book, struct str noun, struct str word)
{
    struct str guess = {0};
    unsigned nearest = NEAR + 1;
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (group->topic == NULL)
            continue;
        if (str_is_empty(noun) && group->noun != NULL)
            consider(str_of(group->noun), word, &nearest, &guess);
        for (size_t j = 0; is_of_noun(group, noun) && j < group->command_count; j++)
            consider(str_of(group->commands[j].verb), word, &nearest, &guess);
    }
    return guess;
}
