/* SPDX-License-Identifier: Apache-2.0 */
/* gen - source text for programs that ask for flags: which are meant, and where it goes. */
#include "cli/gen.h"

#include <string.h>

#include "cli/groups.h"
#include "cli/output.h"

enum { OPEN_TO_ALL = 0644 };

static struct str text_of(const struct json *item, const char *path)
{
    const struct json *member = output_find(item, path);
    return member != NULL && member->type == JSON_STRING ? member->string : STR("");
}

static bool is_named(const struct invocation *invocation, struct str key)
{
    struct str name = invocation_nth(invocation, "flag", 0);
    for (size_t i = 0; !str_is_absent(name); name = invocation_nth(invocation, "flag", ++i)) {
        if (str_equal(name, key))
            return true;
    }
    return !invocation_has(invocation, "flag");
}

/* Programs do not ask for groups, nor for what is archived. */
static bool is_asked_for(const struct json *item)
{
    struct str kind = text_of(item, "document.kind");
    const struct json *archived = output_find(item, "document.archived");
    bool is_archived = archived != NULL && archived->type == JSON_BOOLEAN && archived->boolean;
    return !is_archived && !str_equal(kind, STR("mutex")) && !str_equal(kind, STR("holdout"));
}

static size_t choose(const struct invocation *invocation, struct json *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (is_asked_for(&items[i]) && is_named(invocation, text_of(&items[i], "document.key")))
            items[kept++] = items[i];
    }
    return kept;
}

static int check_names(struct session *session, const struct invocation *invocation,
                       const struct json *items, size_t count)
{
    struct str name = invocation_nth(invocation, "flag", 0);
    for (size_t i = 0; !str_is_absent(name); name = invocation_nth(invocation, "flag", ++i)) {
        size_t at = 0;
        while (at < count && !str_equal(text_of(&items[at], "document.key"), name))
            at++;
        if (at == count)
            return session_fail(
                session, EXIT_NOT_FOUND,
                arena_format(&session->arena, "there is no flag \"%.*s\"", STR_ARG(name)),
                "`guidon flag list` shows them all");
    }
    return EXIT_OK;
}

static int put(struct session *session, const struct invocation *invocation, struct str text)
{
    struct str file = invocation_text(invocation, "file"), before;
    if (str_is_absent(file)) {
        output_raw(text);
        return EXIT_OK;
    }
    struct fault fault = home_read_file(&session->arena, file, text.size + 1, &before);
    bool is_same = !failed(fault) && str_equal(before, text);
    if (invocation_has(invocation, "check")) {
        output_say(session, is_same ? "up to date" : "not up to date");
        return is_same ? EXIT_OK : EXIT_CHANGES;
    }
    if (!is_same) /* else builds that watch it would begin anew */
        fault = home_write_file(&session->arena, file, text, OPEN_TO_ALL);
    return is_same || !failed(fault) ? EXIT_OK : session_fail_fault(session, fault);
}

static int typescript(struct session *session, const struct invocation *invocation)
{
    struct json *items = NULL;
    size_t count = 0;
    if (invocation_has(invocation, "check") && !invocation_has(invocation, "file"))
        return session_fail(session, EXIT_USAGE, STR("--check compares with a file"),
                            "say which: -O FILE");
    struct str path =
        arena_format(&session->arena, "%.*s/flags", STR_ARG(session->environment.path));
    struct answer answer = session_list(session, path, &items, &count);
    if (answer.kind != ANSWER_OK)
        return session_refuse(session, &answer);
    count = choose(invocation, items, count);
    int status = check_names(session, invocation, items, count);
    if (status != EXIT_OK)
        return status;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    gen_typescript(&buf, items, count);
    status = put(session, invocation, buf_str(&buf));
    buf_close(&buf);
    return status;
}

static const struct command_option options[] = {
    {"flag", '\0', "KEY", "only this one", COMPLETES_FLAGS, true},
    {"file", 'O', "FILE", "where to write it [standard output]", COMPLETES_FILES, false},
    {"check", '\0', NULL, "write nothing; 2 when FILE is not up to date", COMPLETES_NOTHING,
     false}};
static const char *const examples[] = {"gen ts -O src/flags.ts", "gen ts --flag dark-mode",
                                       "gen ts -O src/flags.ts --check", NULL};
static const char *const detail[] = {
    "Writes an interface with each flag's key and the type of its values, and a function typed() "
    "that gives an OpenFeature client, of the web or the server SDK, those types: "
    "typed(client).value(\"theme\", \"dark\") takes no key and no fallback that the environment "
    "does not have.",
    NULL};

static const struct command commands[] = {
    {.verb = "ts",
     .arguments = "",
     .summary = "write typed access to flags in TypeScript",
     .examples = examples,
     .detail = detail,
     .options = options,
     .option_count = COUNT_OF(options),
     .needs = NEEDS_ENVIRONMENT,
     .run = typescript},
};

const struct command_group group_gen = {
    .noun = "gen",
    .topic = "Move",
    .summary = "Source text made of an environment's flags.",
    .commands = commands,
    .command_count = COUNT_OF(commands),
};
