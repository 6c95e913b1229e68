/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keygen - `guidon keygen`: what an operator needs that nobody can guess, made on this machine.
 *
 * A token for the first owner, to be declared before the first start (bootstrap.h), and the word on
 * whether a token is well formed: a typing error shows in its checksum, without asking a server.
 */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "auth/secret.h"
#include "server/arguments.h"
#include "server/server.h"
#include "server/terminal.h"

enum { TOKEN_BYTES_MAX = 4096 };

struct keygen {
    struct str out;
};

static const struct argument table[] = {
    {"out", 0, ARGUMENT_TEXT, offsetof(struct keygen, out), "FILE",
     "write it there (mode 0600, a new file) instead of printing it"},
};

static const char *const more[] = {
    "  token  (default) a personal token, for the first owner",
    "  check  whether the token on standard input is well formed, and what kind it is",
    "",
    "  guidon keygen token --out owner-token",
    "  guidon serve --data data --bootstrap-token-file owner-token",
    "  guidon keygen check < owner-token",
    NULL,
};

static const struct argument_table command = {
    .usage = "keygen [token|check] [--out FILE]",
    .summary = "Make a token that no server knows yet, or check one.",
    .more = more,
    .arguments = table,
    .count = COUNT_OF(table),
    .operands_max = 1,
};

/* ---- making --------------------------------------------------------------------------------- */

static struct fault write_new(struct arena *arena, struct str path, struct str line)
{
    const char *name = arena_format(arena, "%.*s", STR_ARG(path)).data;
    int file = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return fault_make(FAULT_CONFLICT, path,
                          arena_format(arena, "%s cannot be made, or is there already", name));
    bool is_written = write(file, line.data, line.size) == (ssize_t)line.size && fsync(file) == 0;
    if (close(file) == 0 && is_written)
        return fault_none();
    unlink(name);
    return fault_make(FAULT_UNAVAILABLE, path, arena_format(arena, "%s cannot be written", name));
}

static struct fault make_token(struct arena *arena, const struct keygen *keygen)
{
    struct str shown;
    struct str token = secret_make(arena, CREDENTIAL_PERSONAL, STR(""), &shown);
    struct str line = arena_format(arena, "%.*s\n", STR_ARG(token));
    if (!str_is_absent(keygen->out))
        return write_new(arena, keygen->out, line);
    terminal_say(line);
    return fault_none();
}

/* ---- checking ------------------------------------------------------------------------------- */

static const char *kind_word(enum credential_kind kind)
{
    switch (kind) {
    case CREDENTIAL_PERSONAL:
        return "a person's token";
    case CREDENTIAL_APP:
        return "an app's token";
    case CREDENTIAL_ENVIRONMENT:
        return "a token of environments";
    case CREDENTIAL_BROWSER_KEY:
        return "a browser key";
    case CREDENTIAL_SERVER_KEY:
        return "a server key";
    case CREDENTIAL_CLIENT_DEPLOYMENT:
        return "a client deployment's key";
    case CREDENTIAL_SERVER_DEPLOYMENT:
        return "a server deployment's key";
    case CREDENTIAL_PROJECT_KEY:
    case CREDENTIAL_PROJECT_SECRET:
        break;
    }
    return "a project's key or secret";
}

static struct fault check_token(void)
{
    char text[TOKEN_BYTES_MAX];
    size_t size = fread(text, 1, sizeof(text), stdin);
    struct str token = {text, size};
    while (token.size > 0 && (str_ends_with(token, STR("\n")) || str_ends_with(token, STR("\r"))))
        token.size--;
    enum credential_kind kind;
    if (!secret_recognise(str_trim(token), &kind))
        return fault_make(FAULT_UNAVAILABLE, STR("token"),
                          STR("it is no token of this program, or has a typing error"));
    printf("well formed: %s\n", kind_word(kind));
    return fault_none();
}

/* ---- the command ---------------------------------------------------------------------------- */

static struct fault run(struct arena *arena, const struct keygen *keygen, struct str verb)
{
    if (str_equal(verb, STR("token")))
        return make_token(arena, keygen);
    if (!str_equal(verb, STR("check")))
        return fault_make(FAULT_INVALID, verb,
                          arena_format(arena, "keygen makes a token or does a check, not \"%.*s\"",
                                       STR_ARG(verb)));
    if (!str_is_absent(keygen->out))
        return fault_make(FAULT_INVALID, verb,
                          STR("a check has nothing to write: leave out --out"));
    return check_token();
}

static void say_help(void)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    arguments_help(&command, &buf);
    terminal_say(buf_str(&buf));
    buf_close(&buf);
}

int keygen_run(int count, char **arguments)
{
    struct arena arena;
    struct keygen keygen = {0};
    struct operands operands;
    arena_open(&arena, 4096);
    struct fault fault = arguments_read(&arena, &command, count, arguments, &keygen, &operands);
    if (!failed(fault) && operands.wants_help)
        say_help();
    else if (!failed(fault))
        fault = run(&arena, &keygen, operands.count == 0 ? STR("token") : operands.items[0]);
    int status = terminal_status(fault);
    arena_close(&arena);
    return status;
}
