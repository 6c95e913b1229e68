/* SPDX-License-Identifier: Apache-2.0 */
/*
 * command - what a command says of itself, and what was written behind it.
 *
 * All texts are for people: a summary begins with a verb and has no full stop; examples are whole
 * lines that work when pasted, without the program's name, which help puts before them.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "base/str.h"

struct session;
struct invocation;

/* What a word of the command line can be completed with. */
enum completes {
    COMPLETES_NOTHING,
    COMPLETES_FILES,
    COMPLETES_FLAGS, /* keys of the environment, asked from the server */
    COMPLETES_SEGMENTS,
    COMPLETES_APPS,
    COMPLETES_ENVIRONMENTS,
    COMPLETES_COMMANDS,
    COMPLETES_CHOICES /* of an option: the words its value names, split at '|' */
};

struct command_option {
    const char *name;  /* without dashes */
    char letter;       /* -x; 0: none */
    const char *value; /* as shown: KEY, json|table|tsv; NULL: a switch */
    const char *help;  /* one line */
    enum completes completes;
    bool is_repeatable; /* may stand several times; else the last one counts */
};

/* What must be there before run is called; each includes the ones before it. */
enum command_needs {
    NEEDS_NOTHING,
    NEEDS_SERVER,      /* an origin; session->client is open */
    NEEDS_TOKEN,       /* and a token */
    NEEDS_ENVIRONMENT, /* and session->environment */
};

/* One that a command with its own way with words takes (is_raw): for completion and man pages. */
struct command_setting {
    const char *name;    /* without dashes */
    const char *initial; /* what holds when nothing is said; empty: nothing */
    const char *help;
};

struct command {
    const char *verb;      /* within its group; the command's name when the group has none */
    const char *arguments; /* as shown: "KEY", "FILE [NAME]", "" */
    const char *summary;
    const char *const *examples; /* at most four; NULL-terminated */
    const char *const *detail;   /* paragraphs for the man page; NULL-terminated; may be NULL */
    const struct command_option *options;
    size_t option_count;
    unsigned argument_min, argument_max;
    enum completes completes; /* each argument */
    enum command_needs needs;
    bool is_raw; /* takes what stands behind its name as it is: no options of ours, no help */
    /* is_raw: tells each of its settings; NULL: it has none. */
    void (*each_setting)(void (*tell)(const struct command_setting *setting, void *context),
                         void *context);
    /* Returns an enum exit_status. */
    int (*run)(struct session *session, const struct invocation *invocation);
};

/* Commands that share a noun; several groups may have the same. */
struct command_group {
    const char *noun;    /* NULL: the verbs stand alone */
    const char *topic;   /* the line of the help that lists it; NULL: help and pages leave it out */
    const char *summary; /* NULL: another group of that noun has it */
    const struct command *commands;
    size_t command_count;
    const char *falls_to; /* the group that has the verbs this one lacks; NULL: none */
};

/* What was written. */
struct option_value {
    const struct command_option *option;
    struct str text; /* absent for a switch */
};
struct invocation {
    const struct command_group *group;
    const struct command *command;
    struct str *arguments;
    size_t argument_count;
    struct option_value *values; /* in the order written; global ones are not among them */
    size_t value_count;
    int raw_count; /* is_raw: what stood behind the name */
    char **raw;
};

/* The last value of the option; absent when it is not there. */
struct str invocation_text(const struct invocation *invocation, const char *name);
bool invocation_has(const struct invocation *invocation, const char *name);
/* The value of the n-th time it stands there (from 0); absent behind the last. */
struct str invocation_nth(const struct invocation *invocation, const char *name, size_t n);
/* An argument; absent when there are fewer. */
struct str invocation_argument(const struct invocation *invocation, size_t index);

#endif
