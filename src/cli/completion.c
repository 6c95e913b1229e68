/* SPDX-License-Identifier: Apache-2.0 */
/*
 * completion - what shells ask while a command line is being typed.
 *
 *     guidon __complete WORD...     the words behind the program's name; the last is being typed
 *
 * Each answer is a line: the word, a tab, what it is. A line of ":files" asks the shell for file
 * names instead. Keys, apps and environments come from the server, when it answers at once; when it
 * does not, or anything else is wrong, there is nothing to say.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/groups.h"
#include "cli/output.h"
#include "client/address.h"

enum { PATIENCE_MS = 500 };

/* The command line as far as it is written. */
struct typing {
    struct session *session;
    struct str current; /* the word that is being typed, or its value behind '=' */
    struct str front;   /* what stands before the value in the same word: "--env=" */
    struct str first, second;
    const struct command_group *group;
    const struct command *command;
    const struct command_option *option; /* whose value the next word is */
    bool is_plain;                       /* behind "--" */
};

/* ---- answering ----------------------------------------------------------------------------------
 */

static void offer(const struct typing *typing, struct str word, const char *help)
{
    if (!str_starts_with(word, typing->current) || str_is_empty(word))
        return;
    printf("%.*s%.*s\t%s\n", STR_ARG(typing->front), STR_ARG(word), help == NULL ? "" : help);
}

static void offer_choices(const struct typing *typing, struct str value)
{
    for (size_t from = 0; from < value.size;) {
        size_t to = str_find_byte(value, '|', from);
        offer(typing, str_slice(value, from, to), "");
        from = to + 1;
    }
}

static bool is_shown(const struct command_group *group)
{
    return group->topic != NULL;
}

static bool is_first_of_noun(const struct command_book *book, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (book->groups[i]->noun != NULL &&
            strcmp(book->groups[i]->noun, book->groups[index]->noun) == 0)
            return false;
    }
    return true;
}

static void offer_first_words(const struct typing *typing)
{
    const struct command_book *book = typing->session->book;
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (is_shown(group) && group->noun != NULL && is_first_of_noun(book, i))
            offer(typing, str_of(group->noun), group->summary);
        for (size_t j = 0; is_shown(group) && group->noun == NULL && j < group->command_count; j++)
            offer(typing, str_of(group->commands[j].verb), group->commands[j].summary);
    }
    offer(typing, STR("help"), "say what there is");
}

/* Those of the noun, and those of the noun it falls to that are not there already. */
static void offer_verbs(const struct typing *typing, struct str noun)
{
    const struct command_book *book = typing->session->book;
    const struct command_group *found = NULL;
    struct str next = {0};
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (group->noun == NULL || !str_equal(str_of(group->noun), noun))
            continue;
        if (group->falls_to != NULL)
            next = str_of(group->falls_to);
        for (size_t j = 0; j < group->command_count; j++) {
            struct str verb = str_of(group->commands[j].verb);
            if (command_find(book, typing->first, verb, &found) == &group->commands[j])
                offer(typing, verb, group->commands[j].summary);
        }
    }
    if (!str_is_absent(next) && str_equal(noun, typing->first))
        offer_verbs(typing, next);
}

static void offer_option(const struct typing *typing, const struct command_option *option)
{
    offer(typing, arena_format(&typing->session->arena, "--%s", option->name), option->help);
}

static void offer_options(const struct typing *typing)
{
    for (size_t i = 0; typing->command != NULL && i < typing->command->option_count; i++)
        offer_option(typing, &typing->command->options[i]);
    for (size_t i = 0; i < global_option_count; i++)
        offer_option(typing, &global_options[i]);
}

static void tell_setting(const struct command_setting *setting, void *context)
{
    const struct typing *typing = context;
    offer(typing, arena_format(&typing->session->arena, "--%s", setting->name), setting->help);
}

/* ---- asking the server --------------------------------------------------------------------------
 */

static void give_up(int signal_number)
{
    (void)signal_number;
    _exit(EXIT_OK);
}

/* What is said so far is on its way; from now on nobody waits longer, nor reads complaints. */
static void hurry(void)
{
    fflush(stdout);
    struct sigaction action = {.sa_handler = give_up};
    const struct itimerval limit = {.it_value = {.tv_usec = PATIENCE_MS * 1000}};
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &limit, NULL);
    int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nothing >= 0)
        dup2(nothing, STDERR_FILENO);
}

static bool is_ready(struct session *session, enum command_needs needs)
{
    hurry();
    return !failed(session_prepare(session)) && !str_is_empty(session->token) &&
           session_provide(session, needs) == EXIT_OK;
}

static struct str text_of(const struct json *item, const char *path)
{
    const struct json *member = output_find(item, path);
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

static const struct json *first_page(const struct typing *typing, struct str path, uint32_t *count)
{
    struct session *session = typing->session;
    struct answer *answer = ARENA_NEW(&session->arena, struct answer);
    *answer = session_get(session, address_with(&session->arena, path, "limit", STR("1000")));
    const struct json *items = json_find(&answer->json, STR("items"));
    bool is_list = answer->kind == ANSWER_OK && items != NULL && items->type == JSON_ARRAY;
    *count = is_list ? items->count : 0;
    return is_list ? items->elements : NULL;
}

static void offer_documents(const struct typing *typing, const char *list)
{
    struct session *session = typing->session;
    uint32_t count = 0;
    if (!is_ready(session, NEEDS_ENVIRONMENT))
        return;
    struct str path =
        arena_format(&session->arena, "%.*s/%s", STR_ARG(session->environment.path), list);
    if (!str_is_empty(typing->current))
        path = address_with(&session->arena, path, "q", typing->current);
    const struct json *items = first_page(typing, path, &count);
    for (uint32_t i = 0; i < count; i++) {
        struct str help = text_of(&items[i], "document.description");
        struct buf buf;
        buf_open(&buf, SIZE_MAX);
        output_append_visible(&buf, help);
        offer(typing, text_of(&items[i], "document.key"),
              arena_format(&session->arena, "%.*s", STR_ARG(buf_str(&buf))).data);
        buf_close(&buf);
    }
}

static void offer_apps(const struct typing *typing)
{
    uint32_t count = 0;
    if (!is_ready(typing->session, NEEDS_TOKEN))
        return;
    const struct json *items = first_page(typing, STR("/admin/v1/apps"), &count);
    for (uint32_t i = 0; i < count; i++)
        offer(typing, text_of(&items[i], "name"), "");
}

static bool is_of_app_in_use(const struct session *session, const struct json *item)
{
    struct str id = text_of(item, "appId"), name = text_of(item, "appName");
    if (!str_is_empty(session->app_option))
        return str_equal(session->app_option, id) || str_equal(session->app_option, name);
    return str_equal(session->context.app_id, id);
}

static void offer_environments(const struct typing *typing)
{
    struct session *session = typing->session;
    uint32_t count = 0;
    if (!is_ready(session, NEEDS_TOKEN))
        return;
    const struct json *items = first_page(typing, STR("/admin/v1/environments"), &count);
    for (uint32_t i = 0; i < count; i++) {
        struct str name = text_of(&items[i], "name"), app = text_of(&items[i], "appName");
        if (is_of_app_in_use(session, &items[i]))
            offer(typing, name, "");
        else
            offer(typing, arena_format(&session->arena, "%.*s/%.*s", STR_ARG(app), STR_ARG(name)),
                  "");
    }
}

static void offer_for(const struct typing *typing, enum completes completes, const char *value)
{
    switch (completes) {
    case COMPLETES_NOTHING:
        return;
    case COMPLETES_FILES:
        printf(":files\n");
        return;
    case COMPLETES_FLAGS:
        offer_documents(typing, "flags");
        return;
    case COMPLETES_SEGMENTS:
        offer_documents(typing, "segments");
        return;
    case COMPLETES_APPS:
        offer_apps(typing);
        return;
    case COMPLETES_ENVIRONMENTS:
        offer_environments(typing);
        return;
    case COMPLETES_COMMANDS:
        offer_first_words(typing);
        return;
    case COMPLETES_CHOICES:
        offer_choices(typing, str_of(value == NULL ? "" : value));
        return;
    }
}

/* ---- reading ------------------------------------------------------------------------------------
 */

static bool is_named(const struct command_option *option, struct str word)
{
    if (str_starts_with(word, STR("--")))
        return str_equal(str_of(option->name), str_slice(word, 2, word.size));
    return word.size == 2 && option->letter != '\0' && word.data[1] == option->letter;
}

static const struct command_option *find_option(const struct typing *typing, struct str word)
{
    for (size_t i = 0; typing->command != NULL && i < typing->command->option_count; i++) {
        if (is_named(&typing->command->options[i], word))
            return &typing->command->options[i];
    }
    for (size_t i = 0; i < global_option_count; i++) {
        if (is_named(&global_options[i], word))
            return &global_options[i];
    }
    return NULL;
}

/* What decides where keys are looked for. */
static void take_value(struct typing *typing, const struct command_option *option, struct str value)
{
    struct session *session = typing->session;
    struct str name = str_of(option->name);
    if (str_equal(name, STR("env")))
        session->environment_option = value;
    else if (str_equal(name, STR("app")))
        session->app_option = value;
    else if (str_equal(name, STR("api")))
        session->origin = value;
    else if (str_equal(name, STR("token")))
        session->token = value;
}

static void take_option(struct typing *typing, struct str word)
{
    size_t equals = str_find_byte(word, '=', 0);
    const struct command_option *option = find_option(typing, str_slice(word, 0, equals));
    if (option == NULL || option->value == NULL)
        return;
    if (equals < word.size)
        take_value(typing, option, str_slice(word, equals + 1, word.size));
    else
        typing->option = option;
}

static void take_name(struct typing *typing, struct str word)
{
    const struct command_book *book = typing->session->book;
    struct str none = {0};
    if (str_is_absent(typing->first)) {
        typing->first = word;
        if (!command_is_noun(book, word))
            typing->command = command_find(book, none, word, &typing->group);
    } else if (str_is_absent(typing->second)) {
        typing->second = word;
        typing->command = command_find(book, typing->first, word, &typing->group);
    }
}

static void take_word(struct typing *typing, struct str word)
{
    const struct command_option *option = typing->option;
    if (option != NULL && str_equal(word, STR("=")))
        return; /* bash makes three words of --env=staging */
    typing->option = NULL;
    if (option != NULL)
        take_value(typing, option, word);
    else if (!typing->is_plain && str_equal(word, STR("--")))
        typing->is_plain = true;
    else if (!typing->is_plain && str_starts_with(word, STR("-")) && word.size > 1)
        take_option(typing, word);
    else if (typing->command == NULL)
        take_name(typing, word);
}

/* ---- the current word ---------------------------------------------------------------------------
 */

static void split_current(struct typing *typing)
{
    size_t equals = str_find_byte(typing->current, '=', 0);
    bool is_long = str_starts_with(typing->current, STR("--"));
    if (typing->option != NULL && str_equal(typing->current, STR("=")))
        typing->current = STR("");
    if (typing->option != NULL || !is_long || equals == typing->current.size)
        return;
    typing->option = find_option(typing, str_slice(typing->current, 0, equals));
    typing->front = str_slice(typing->current, 0, equals + 1);
    typing->current = str_slice(typing->current, equals + 1, typing->current.size);
}

static void answer(struct typing *typing)
{
    const struct command *command = typing->command;
    split_current(typing);
    if (typing->option != NULL)
        offer_for(typing, typing->option->completes, typing->option->value);
    else if (command != NULL && command->each_setting != NULL)
        command->each_setting(tell_setting, typing);
    else if (!typing->is_plain && str_starts_with(typing->current, STR("-")))
        offer_options(typing);
    else if (command != NULL)
        offer_for(typing, command->completes, command->arguments);
    else if (str_is_absent(typing->first))
        offer_first_words(typing);
    else if (str_is_absent(typing->second))
        offer_verbs(typing, typing->first);
}

static int complete(struct session *session, const struct invocation *invocation)
{
    struct typing typing = {.session = session};
    if (invocation->raw_count == 0)
        return EXIT_OK;
    for (int i = 0; i + 1 < invocation->raw_count; i++)
        take_word(&typing, str_of(invocation->raw[i]));
    typing.current = str_of(invocation->raw[invocation->raw_count - 1]);
    answer(&typing);
    return EXIT_OK;
}

static const struct command commands[] = {
    {.verb = "__complete",
     .arguments = "WORD...",
     .summary = "answer a shell that completes",
     .is_raw = true,
     .run = complete},
};

const struct command_group group_complete = {
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
