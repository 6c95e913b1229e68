/* SPDX-License-Identifier: Apache-2.0 */
/* cli - from argv to a command's run: see cli.h. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/superflag/manner.h"

/* argv on its way through. */
struct reading {
    struct session *session;
    struct invocation invocation;
    int count;
    char **words;
    int at;
    struct str first, second; /* the words that name the command, as far as they are there */
    bool wants_help, wants_version, is_plain; /* behind "--" */
};

/* ---- invocations --------------------------------------------------------------------------------
 */

struct str invocation_nth(const struct invocation *invocation, const char *name, size_t n)
{
    for (size_t i = 0; i < invocation->value_count; i++) {
        if (strcmp(invocation->values[i].option->name, name) == 0 && n-- == 0)
            return invocation->values[i].text;
    }
    return (struct str){0};
}

struct str invocation_text(const struct invocation *invocation, const char *name)
{
    struct str last = {0};
    for (size_t i = 0; i < invocation->value_count; i++) {
        if (strcmp(invocation->values[i].option->name, name) == 0)
            last = invocation->values[i].text;
    }
    return last;
}

bool invocation_has(const struct invocation *invocation, const char *name)
{
    for (size_t i = 0; i < invocation->value_count; i++) {
        if (strcmp(invocation->values[i].option->name, name) == 0)
            return true;
    }
    return false;
}

struct str invocation_argument(const struct invocation *invocation, size_t index)
{
    return index < invocation->argument_count ? invocation->arguments[index] : (struct str){0};
}

/* ---- options ------------------------------------------------------------------------------------
 */

static int misuse(struct reading *reading, struct str message)
{
    struct session *session = reading->session;
    const struct command_group *group = reading->invocation.group;
    const struct command *command = reading->invocation.command;
    struct str hint =
        command == NULL
            ? arena_format(&session->arena, "see `%.*s --help`", STR_ARG(session->program))
            : arena_format(&session->arena, "see `%.*s %s%s%s --help`", STR_ARG(session->program),
                           group->noun == NULL ? "" : group->noun, group->noun == NULL ? "" : " ",
                           command->verb);
    return session_fail(session, EXIT_USAGE, message, hint.data);
}

static bool set_format(struct session *session, struct str text)
{
    static const char *const names[] = {"table", "json", "tsv"};
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_equal(text, str_of(names[i]))) {
            session->format = (enum output_format)i;
            session->has_format = true;
            return true;
        }
    }
    return false;
}

static int take_global(struct reading *reading, const struct command_option *option,
                       struct str value)
{
    struct session *session = reading->session;
    struct str name = str_of(option->name);
    if (str_equal(name, STR("output"))) {
        if (!set_format(session, value))
            return misuse(reading, STR("-o is json, table or tsv"));
    } else if (str_equal(name, STR("json"))) {
        set_format(session, STR("json"));
        session->wants_data = true;
    } else if (str_equal(name, STR("api"))) {
        session->origin = value;
    } else if (str_equal(name, STR("token"))) {
        session->token = value;
    } else if (str_equal(name, STR("app"))) {
        session->app_option = value;
    } else if (str_equal(name, STR("env"))) {
        session->environment_option = value;
    } else if (str_equal(name, STR("yes"))) {
        session->says_yes = true;
    } else if (str_equal(name, STR("quiet"))) {
        session->is_quiet = true;
    } else if (str_equal(name, STR("help"))) {
        reading->wants_help = true;
    } else {
        reading->wants_version = true;
    }
    return EXIT_OK;
}

static bool is_named(const struct command_option *option, struct str name, bool is_short)
{
    if (is_short)
        return name.size == 1 && option->letter != '\0' && name.data[0] == option->letter;
    return str_equal(str_of(option->name), name);
}

/* The command's own come first: `login --token` stores what others only use. */
static const struct command_option *find_option(const struct reading *reading, struct str name,
                                                bool is_short, bool *is_global)
{
    const struct command *command = reading->invocation.command;
    *is_global = false;
    for (size_t i = 0; command != NULL && i < command->option_count; i++) {
        if (is_named(&command->options[i], name, is_short))
            return &command->options[i];
    }
    *is_global = true;
    for (size_t i = 0; i < global_option_count; i++) {
        if (is_named(&global_options[i], name, is_short))
            return &global_options[i];
    }
    return NULL;
}

static int take_option(struct reading *reading, struct str word)
{
    struct arena *arena = &reading->session->arena;
    bool is_short = !str_starts_with(word, STR("--")), is_global = false;
    size_t equals = is_short ? word.size : str_find_byte(word, '=', 0);
    struct str name = str_slice(word, is_short ? 1 : 2, equals);
    const struct command_option *option = find_option(reading, name, is_short, &is_global);
    if (option == NULL)
        return misuse(reading, arena_format(arena, "there is no option %.*s",
                                            STR_ARG(str_slice(word, 0, equals))));
    struct str value = {0};
    if (equals < word.size) {
        value = str_slice(word, equals + 1, word.size);
        if (option->value == NULL)
            return misuse(reading, arena_format(arena, "--%s takes no value", option->name));
    } else if (option->value != NULL) {
        if (reading->at >= reading->count)
            return misuse(reading,
                          arena_format(arena, "--%s wants %s", option->name, option->value));
        value = str_of(reading->words[reading->at++]);
    }
    if (is_global)
        return take_global(reading, option, value);
    reading->invocation.values[reading->invocation.value_count++] =
        (struct option_value){option, value};
    return EXIT_OK;
}

/* ---- words --------------------------------------------------------------------------------------
 */

static void find_command(struct reading *reading)
{
    const struct command_book *book = reading->session->book;
    struct invocation *invocation = &reading->invocation;
    bool is_noun = command_is_noun(book, reading->first);
    struct str none = {0};
    if (!is_noun)
        invocation->command = command_find(book, none, reading->first, &invocation->group);
    else if (!str_is_absent(reading->second))
        invocation->command =
            command_find(book, reading->first, reading->second, &invocation->group);
    if (invocation->command != NULL && invocation->command->is_raw) {
        invocation->raw_count = reading->count - reading->at;
        invocation->raw = reading->words + reading->at;
        reading->at = reading->count;
    }
}

static void take_word(struct reading *reading, struct str word)
{
    struct invocation *invocation = &reading->invocation;
    if (invocation->command != NULL) {
        invocation->arguments[invocation->argument_count++] = word;
    } else if (str_is_absent(reading->first)) {
        reading->first = word;
        find_command(reading);
    } else if (str_is_absent(reading->second)) {
        reading->second = word;
        find_command(reading);
    }
}

/* A number below zero is a value: no option's letter is a digit. */
static bool is_option(struct str word)
{
    return word.size > 1 && word.data[0] == '-' && (word.data[1] < '0' || word.data[1] > '9');
}

static int read_words(struct reading *reading)
{
    int status = EXIT_OK;
    while (status == EXIT_OK && reading->at < reading->count) {
        struct str word = str_of(reading->words[reading->at++]);
        if (reading->is_plain || !is_option(word))
            take_word(reading, word);
        else if (str_equal(word, STR("--")))
            reading->is_plain = true;
        else
            status = take_option(reading, word);
    }
    return status;
}

static int unknown(struct reading *reading)
{
    struct session *session = reading->session;
    bool is_noun = command_is_noun(session->book, reading->first);
    struct str noun = is_noun ? reading->first : (struct str){0};
    struct str word = is_noun ? reading->second : reading->first;
    struct str guess = command_guess(session->book, noun, word);
    struct str message = arena_format(&session->arena, "there is no command `%.*s%s%.*s`",
                                      STR_ARG(noun), is_noun ? " " : "", STR_ARG(word));
    struct str hint =
        str_is_absent(guess)
            ? arena_format(&session->arena, "`%.*s%s%.*s --help` lists them",
                           STR_ARG(session->program), is_noun ? " " : "", STR_ARG(noun))
            : arena_format(&session->arena, "did you mean `%.*s %.*s%s%.*s`?",
                           STR_ARG(session->program), STR_ARG(noun), is_noun ? " " : "",
                           STR_ARG(guess));
    return session_fail(session, EXIT_USAGE, message, hint.data);
}

static int check_arguments(struct reading *reading)
{
    const struct invocation *invocation = &reading->invocation;
    const struct command *command = invocation->command;
    struct arena *arena = &reading->session->arena;
    if (invocation->argument_count < command->argument_min)
        return misuse(reading,
                      arena_format(arena, "something is missing: %s%s%s %s",
                                   invocation->group->noun == NULL ? "" : invocation->group->noun,
                                   invocation->group->noun == NULL ? "" : " ", command->verb,
                                   command->arguments));
    if (invocation->argument_count > command->argument_max)
        return misuse(reading, arena_format(arena, "\"%.*s\" is one word too many",
                                            STR_ARG(invocation->arguments[command->argument_max])));
    return EXIT_OK;
}

/* ---- running ------------------------------------------------------------------------------------
 */

static int run_command(struct reading *reading)
{
    struct session *session = reading->session;
    const struct command *command = reading->invocation.command;
    int status = check_arguments(reading);
    if (status != EXIT_OK)
        return status;
    struct fault fault = session_prepare(session);
    /* What needs no server needs no home either. */
    if (failed(fault) && command->needs > NEEDS_NOTHING)
        return session_fail(session, EXIT_USAGE, fault.why, NULL);
    status = session_provide(session, command->needs);
    return status == EXIT_OK ? command->run(session, &reading->invocation) : status;
}

/* With a NUL behind it. */
static const char *noun_of(struct reading *reading)
{
    return arena_format(&reading->session->arena, "%.*s", STR_ARG(reading->first)).data;
}

static int show_help(struct reading *reading)
{
    struct session *session = reading->session;
    const struct command *command = reading->invocation.command;
    bool is_noun = command_is_noun(session->book, reading->first);
    bool wants_all = str_is_absent(reading->first) || str_equal(reading->first, STR("help"));
    if (command == NULL && !is_noun && !wants_all)
        return unknown(reading);
    if (session->has_format && session->format == OUTPUT_JSON)
        help_json(session, is_noun ? noun_of(reading) : NULL, command);
    else if (command != NULL)
        help_command(session, reading->invocation.group, command);
    else if (is_noun)
        help_noun(session, reading->first);
    else
        help_all(session);
    return EXIT_OK;
}

static int go(struct reading *reading)
{
    struct session *session = reading->session;
    int status = read_words(reading);
    const struct command *command = reading->invocation.command;
    if (status != EXIT_OK)
        return status;
    if (reading->wants_version) {
        printf("guidon %s\n", GUIDON_VERSION);
        return EXIT_OK;
    }
    if (command != NULL && command->is_raw)
        return command->run(session, &reading->invocation);
    if (reading->wants_help || str_equal(reading->first, STR("help")))
        return show_help(reading);
    if (command != NULL)
        return run_command(reading);
    if (!str_is_absent(reading->first) &&
        (!str_is_absent(reading->second) || !command_is_noun(session->book, reading->first)))
        return unknown(reading);
    show_help(reading);
    return EXIT_USAGE;
}

static struct str base_name(struct str path)
{
    size_t from = path.size;
    while (from > 0 && path.data[from - 1] != '/')
        from--;
    return str_slice(path, from, path.size);
}

static void look_at_terminal(struct session *session)
{
    session->is_input_terminal = isatty(STDIN_FILENO);
    session->is_output_terminal = isatty(STDOUT_FILENO);
    session->is_error_terminal = isatty(STDERR_FILENO);
    struct str terminal = session_variable("TERM");
    session->has_colour = session->is_output_terminal &&
                          str_is_absent(session_variable("NO_COLOR")) &&
                          !str_equal(terminal, STR("dumb"));
    struct winsize size;
    if (session->is_output_terminal && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0)
        session->columns = size.ws_col;
    session->format = session->is_output_terminal ? OUTPUT_TABLE : OUTPUT_JSON;
}

int cli_run(int count, char **arguments, const struct command_group *const *more, size_t more_count)
{
    struct session session = {.program = base_name(str_of(count > 0 ? arguments[0] : "guidon"))};
    arena_open(&session.arena, 65536);
    const struct command_group **groups =
        ARENA_NEW_ARRAY(&session.arena, const struct command_group *, own_group_count + more_count);
    memcpy(groups, own_groups, own_group_count * sizeof(*groups));
    if (more_count > 0)
        memcpy(groups + own_group_count, more, more_count * sizeof(*groups));
    const struct command_book book = {groups, own_group_count + more_count};
    session.book = &book;
    look_at_terminal(&session);
    manner_adopt(&session);
    struct reading reading = {.session = &session, .count = count, .words = arguments, .at = 1};
    reading.invocation.arguments = ARENA_NEW_ARRAY(&session.arena, struct str, (size_t)count + 1);
    reading.invocation.values =
        ARENA_NEW_ARRAY(&session.arena, struct option_value, (size_t)count + 1);
    int status = go(&reading);
    if (session.client != NULL)
        client_close(session.client);
    if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_OK)
        status = EXIT_FAILED; /* a full disk, a closed pipe: what was asked for did not arrive */
    status = manner_status(&session, status);
    arena_close(&session.arena);
    return status;
}
