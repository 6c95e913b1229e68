/* SPDX-License-Identifier: Apache-2.0 */
/* man - the pages: see man.h. */
#include "cli/man.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/output.h"

enum { OPEN_TO_ALL = 0644, FOLDER_OPEN_TO_ALL = 0755 };

static bool is_same(const char *a, const char *b)
{
    return a != NULL && b != NULL && strcmp(a, b) == 0;
}

static const char *title_of(struct arena *arena, const struct command_group *group,
                            const struct command *command)
{
    if (group->noun == NULL)
        return command->verb;
    return arena_format(arena, "%s %s", group->noun, command->verb).data;
}

/* ---- a command ----------------------------------------------------------------------------------
 */

static void append_option(struct buf *buf, struct arena *arena, const struct command_option *option)
{
    const char *letter =
        option->letter == '\0' ? "" : arena_format(arena, "-%c, ", option->letter).data;
    const char *term =
        arena_format(arena, "%s--%s%s%s", letter, option->name, option->value == NULL ? "" : " ",
                     option->value == NULL ? "" : option->value)
            .data;
    roff_item(buf, term,
              option->is_repeatable ? arena_format(arena, "%s (may be repeated)", option->help).data
                                    : option->help);
}

struct settings {
    struct buf *buf;
    struct arena *arena;
    bool is_file; /* as lines of a file, else as options */
};

static void append_setting(const struct command_setting *setting, void *context)
{
    const struct settings *settings = context;
    bool has_initial = setting->initial[0] != '\0';
    /* What asks for a file, or only shows, is none of a file's business. */
    bool is_about_files = strcmp(setting->name, "config-file") == 0 ||
                          strcmp(setting->name, "config") == 0 ||
                          strcmp(setting->name, "origin") == 0;
    if (settings->is_file && is_about_files)
        return;
    roff_item(settings->buf,
              arena_format(settings->arena, settings->is_file ? "%s" : "--%s", setting->name).data,
              has_initial
                  ? arena_format(settings->arena, "%s [%s]", setting->help, setting->initial).data
                  : setting->help);
}

static void append_command(struct buf *buf, struct arena *arena, const struct command_group *group,
                           const struct command *command)
{
    const char *title = title_of(arena, group, command);
    buf_append(buf, STR(".SS \""));
    buf_append_format(buf, "%s", title);
    buf_append(buf, STR("\"\n"));
    roff_append_text(buf, arena_format(arena, "guidon %s%s%s", title,
                                       command->arguments[0] == '\0' ? "" : " ", command->arguments)
                              .data);
    roff_paragraph(buf, arena_format(arena, "%s.", command->summary).data);
    for (size_t i = 0; command->detail != NULL && command->detail[i] != NULL; i++)
        roff_paragraph(buf, command->detail[i]);
    for (size_t i = 0; i < command->option_count; i++)
        append_option(buf, arena, &command->options[i]);
    struct settings settings = {buf, arena, false};
    if (command->each_setting != NULL)
        command->each_setting(append_setting, &settings);
    if (command->examples != NULL && command->examples[0] != NULL)
        roff_examples(buf, command->examples);
}

static void append_see_also(struct buf *buf)
{
    roff_heading(buf, "see also");
    roff_append_text(buf, "guidon(1)");
}

/* ---- pages --------------------------------------------------------------------------------------
 */

struct pages {
    struct session *session;
    struct str folder;
    size_t count;
};

static struct fault keep(struct pages *pages, const char *name, int section, const struct buf *buf)
{
    struct arena *arena = &pages->session->arena;
    pages->count++;
    return home_write_file(
        arena,
        arena_format(arena, "%.*s/man%d/%s.%d", STR_ARG(pages->folder), section, name, section),
        buf_str(buf), OPEN_TO_ALL);
}

/* Without the full stop that ends a sentence in the help. */
static const char *summary_of(struct arena *arena, const struct command_book *book,
                              const char *noun)
{
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (!is_same(group->noun, noun) || group->summary == NULL)
            continue;
        struct str text = str_of(group->summary);
        while (str_ends_with(text, STR(".")))
            text.size--;
        return arena_format(arena, "%.*s", STR_ARG(text)).data;
    }
    return "commands of this name";
}

static struct fault write_noun(struct pages *pages, const char *noun)
{
    struct arena *arena = &pages->session->arena;
    const struct command_book *book = pages->session->book;
    const char *name = arena_format(arena, "guidon-%s", noun).data;
    const char *next = NULL;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    roff_begin(&buf, name, 1, summary_of(arena, book, noun));
    roff_heading(&buf, "commands");
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (!is_same(group->noun, noun) || group->topic == NULL)
            continue;
        next = group->falls_to == NULL ? next : group->falls_to;
        for (size_t j = 0; j < group->command_count; j++)
            append_command(&buf, arena, group, &group->commands[j]);
    }
    if (next != NULL)
        roff_paragraph(&buf, arena_format(arena, "And every verb of guidon-%s(1).", next).data);
    append_see_also(&buf);
    struct fault fault = keep(pages, name, 1, &buf);
    buf_close(&buf);
    return fault;
}

static struct fault write_verb(struct pages *pages, const struct command_group *group,
                               const struct command *command)
{
    struct arena *arena = &pages->session->arena;
    const char *name = arena_format(arena, "guidon-%s", command->verb).data;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    roff_begin(&buf, name, 1, command->summary);
    roff_heading(&buf, "command");
    append_command(&buf, arena, group, command);
    append_see_also(&buf);
    struct fault fault = keep(pages, name, 1, &buf);
    buf_close(&buf);
    return fault;
}

static struct fault write_settings(struct pages *pages, const struct command *command)
{
    static const char *const lines[] = {"listen = \"0.0.0.0:8080\"", "data = \"/var/lib/guidon\"",
                                        NULL};
    struct arena *arena = &pages->session->arena;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    roff_begin(&buf, "guidon.conf", 5, "settings of the server");
    roff_heading(&buf, "description");
    roff_append_text(&buf,
                     "A file of lines `name = value`, given to `guidon serve` by --config-file. "
                     "Texts stand in double quotes; what is behind # is a remark.");
    roff_paragraph(&buf,
                   "Each setting is an option --name and a variable GUIDON_NAME as well (or "
                   "GUIDON_NAME_FILE, a file with its value). An option wins over a variable, a "
                   "variable over the file. `guidon config print --origin` shows what holds and "
                   "why, `guidon config check` whether it is good.");
    roff_heading(&buf, "settings");
    struct settings settings = {&buf, arena, true};
    command->each_setting(append_setting, &settings);
    roff_heading(&buf, "example");
    buf_append(&buf, STR(".nf\n"));
    for (size_t i = 0; lines[i] != NULL; i++)
        roff_append_text(&buf, lines[i]);
    buf_append(&buf, STR(".fi\n"));
    append_see_also(&buf);
    struct fault fault = keep(pages, "guidon.conf", 5, &buf);
    buf_close(&buf);
    return fault;
}

/* ---- guidon(1) ----------------------------------------------------------------------------------
 */

static bool is_first(const struct command_book *book, size_t index, bool by_topic)
{
    const struct command_group *group = book->groups[index];
    const char *own = by_topic ? group->topic : group->noun;
    for (size_t i = 0; i < index; i++) {
        if (is_same(by_topic ? book->groups[i]->topic : book->groups[i]->noun, own))
            return false;
    }
    return true;
}

static void append_topic(struct buf *buf, struct arena *arena, const struct command_book *book,
                         const char *topic)
{
    buf_append_format(buf, ".SS \"%s\"\n", topic);
    for (size_t i = 0; i < book->count; i++) {
        const struct command_group *group = book->groups[i];
        if (!is_same(group->topic, topic))
            continue;
        if (group->noun != NULL && is_first(book, i, false))
            roff_item(buf, arena_format(arena, "guidon-%s(1)", group->noun).data,
                      summary_of(arena, book, group->noun));
        for (size_t j = 0; group->noun == NULL && j < group->command_count; j++)
            roff_item(buf, arena_format(arena, "guidon-%s(1)", group->commands[j].verb).data,
                      group->commands[j].summary);
    }
}

static void append_variables(struct buf *buf)
{
    static const char *const variables[][2] = {
        {"GUIDON_API", "the server, as --api"},
        {"GUIDON_TOKEN", "the token, as --token; wins over what a login kept"},
        {"GUIDON_CA_FILE", "certificates to trust, in PEM, instead of the system's"},
        {"NO_COLOR", "no colours, whatever its value"},
        {"BROWSER", "the program that shows a page"},
        {"EDITOR", "the program that edits a document"},
    };
    roff_heading(buf, "environment");
    for (size_t i = 0; i < COUNT_OF(variables); i++)
        roff_item(buf, variables[i][0], variables[i][1]);
}

static void append_statuses(struct buf *buf)
{
    static const char *const statuses[] = {
        "done",
        "failed: it was refused, or a document is not valid",
        "plan, diff: there are changes",
        "what was named is not there",
        "the command line is wrong, or a confirmation is missing",
        "no token, or one that may not",
        "it exists already, or it changed meanwhile",
        "too many requests, after waiting",
        "no answer from the server",
    };
    roff_heading(buf, "exit status");
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const char digit[] = {(char)('0' + i), '\0'};
        roff_item(buf, digit, statuses[i]);
    }
}

static void append_front_page(struct buf *buf, struct session *session)
{
    static const char *const examples[] = {"serve", "login",
                                           "flags create --key dark-mode --type bool --value true",
                                           "why dark-mode user-1", NULL};
    const struct command_book *book = session->book;
    roff_begin(buf, "guidon", 1, "feature flags: the server and its command line");
    roff_heading(buf, "synopsis");
    roff_append_text(buf, "guidon COMMAND [ARGUMENT]... [OPTION]...");
    roff_examples(buf, examples);
    roff_heading(buf, "description");
    roff_append_text(buf, "`guidon serve` is the server. Every other command is a client of its "
                          "API, or works on files. At a terminal the answer is a table, in a pipe "
                          "it is a JSON object a line.");
    roff_paragraph(buf, "Changes in an environment named production are confirmed at a terminal; "
                        "without one they need --yes.");
    roff_heading(buf, "commands");
    for (size_t i = 0; i < book->count; i++) {
        if (book->groups[i]->topic != NULL && is_first(book, i, true))
            append_topic(buf, &session->arena, book, book->groups[i]->topic);
    }
    roff_heading(buf, "options");
    roff_append_text(buf, "Every command takes these.");
    for (size_t i = 0; i < global_option_count; i++)
        append_option(buf, &session->arena, &global_options[i]);
    append_variables(buf);
    roff_heading(buf, "files");
    roff_item(buf, "~/.superflag/credentials.json", "what a login keeps, for its person alone");
    roff_item(buf, "~/.superflag/context.json", "the app and the environment in use");
    append_statuses(buf);
    roff_heading(buf, "see also");
    roff_append_text(buf, "guidon.conf(5)");
}

/* ---- the command --------------------------------------------------------------------------------
 */

static struct fault write_group(struct pages *pages, size_t index)
{
    const struct command_book *book = pages->session->book;
    const struct command_group *group = book->groups[index];
    struct fault fault = fault_none();
    if (group->topic == NULL)
        return fault;
    if (group->noun != NULL)
        return is_first(book, index, false) ? write_noun(pages, group->noun) : fault;
    for (size_t i = 0; i < group->command_count && !failed(fault); i++) {
        const struct command *command = &group->commands[i];
        fault = write_verb(pages, group, command);
        if (!failed(fault) && command->each_setting != NULL)
            fault = write_settings(pages, command);
    }
    return fault;
}

static struct fault make_folder(struct arena *arena, struct str path)
{
    if (mkdir(path.data, FOLDER_OPEN_TO_ALL) == 0 || errno == EEXIST)
        return fault_none();
    return home_cannot(arena, "make", path, errno);
}

static struct fault write_all(struct pages *pages, const struct buf *front)
{
    struct arena *arena = &pages->session->arena;
    struct fault fault = make_folder(arena, pages->folder);
    for (int section = 1; section <= 5 && !failed(fault); section += 4)
        fault =
            make_folder(arena, arena_format(arena, "%.*s/man%d", STR_ARG(pages->folder), section));
    if (!failed(fault))
        fault = keep(pages, "guidon", 1, front);
    for (size_t i = 0; i < pages->session->book->count && !failed(fault); i++)
        fault = write_group(pages, i);
    return fault;
}

int man_write(struct session *session, const struct invocation *invocation)
{
    struct str folder = invocation_argument(invocation, 0);
    struct pages pages = {
        .session = session,
        .folder = arena_format(&session->arena, "%.*s", STR_ARG(folder)),
    };
    struct fault fault = fault_none();
    struct buf front;
    buf_open(&front, SIZE_MAX);
    append_front_page(&front, session);
    if (str_is_absent(folder))
        output_raw(buf_str(&front));
    else
        fault = write_all(&pages, &front);
    buf_close(&front);
    if (failed(fault))
        return session_fail_fault(session, fault);
    if (!str_is_absent(folder))
        output_note(session, "wrote %zu pages in %.*s", pages.count, STR_ARG(folder));
    return EXIT_OK;
}
