/* SPDX-License-Identifier: Apache-2.0 */
/*
 * commands - all there are, in the order of the help.
 *
 * The groups of this room, and those that whoever calls cli_run adds: the server's.
 */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "cli/cli.h"
#include "cli/command.h"

struct command_book {
    const struct command_group *const *groups;
    size_t count;
};

extern const struct command_group *const own_groups[];
extern const size_t own_group_count;

/* Options every command takes. */
extern const struct command_option global_options[];
extern const size_t global_option_count;

/* By words as written: `noun verb`, or `verb` when noun is empty. A verb its noun lacks is looked
 * for where the noun falls to. NULL: none; *group is where it was found. */
const struct command *command_find(const struct command_book *book, struct str noun,
                                   struct str verb, const struct command_group **group);
/* Whether some group has that noun. */
bool command_is_noun(const struct command_book *book, struct str word);
/* The word nearest to what was written, among nouns and lone verbs (noun empty) or the noun's
 * verbs; absent when nothing is near. */
struct str command_guess(const struct command_book *book, struct str noun, struct str word);

/* Help on everything, on a noun, on a command. */
void help_all(struct session *session);
void help_noun(struct session *session, struct str noun);
void help_command(struct session *session, const struct command_group *group,
                  const struct command *command);
/* The same for programs, whatever of it is asked for: one JSON document (help_json.c). noun NULL:
 * every one; command NULL: all of the noun. */
void help_json(struct session *session, const char *noun, const struct command *command);

#endif
