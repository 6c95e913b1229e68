/* SPDX-License-Identifier: Apache-2.0 */
/* bootstrap - how the first owner gets a token, or gives one: see bootstrap.h. */
#include "server/bootstrap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/terminal.h"

enum { FILE_BYTES_MAX = 4096 };

static const char *name_of(struct arena *arena, struct str path)
{
    return arena_format(arena, "%.*s", STR_ARG(path)).data;
}

static struct str trim(struct str text)
{
    while (text.size > 0 && (str_ends_with(text, STR("\n")) || str_ends_with(text, STR("\r"))))
        text.size--;
    return str_trim(text);
}

/* A link is followed: that is how containers are handed their secrets. */
struct str bootstrap_find_token(struct arena *arena, struct str path)
{
    if (str_is_empty(path))
        return (struct str){0};
    int file = open(name_of(arena, path), O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? (struct str){0} : STR("");
    char *text = arena_allocate(arena, FILE_BYTES_MAX);
    ssize_t size = read(file, text, FILE_BYTES_MAX);
    close(file);
    if (size < 0)
        return STR("");
    struct str token = trim((struct str){text, (size_t)size});
    return token.size == 0 ? (struct str){0} : token;
}

static bool write_token(struct arena *arena, struct str path, struct str token)
{
    int file =
        open(name_of(arena, path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (file < 0)
        return false;
    struct str line = arena_format(arena, "%.*s\n", STR_ARG(token));
    bool is_written = fchmod(file, 0600) == 0 &&
                      write(file, line.data, line.size) == (ssize_t)line.size && fsync(file) == 0;
    return close(file) == 0 && is_written;
}

void bootstrap_keep_token(struct arena *arena, struct str path, struct str token)
{
    if (!str_is_empty(path) && !write_token(arena, path, token))
        fprintf(stderr, "guidon: the token could not be written to %.*s\n", STR_ARG(path));
}

void bootstrap_hand_over(struct arena *arena, struct str path, const struct bootstrap *bootstrap)
{
    if (bootstrap->is_token_given) {
        terminal_say(arena_format(arena,
                                  "First start: the owner is %.*s, and the token is the one in "
                                  "%.*s.\n\n",
                                  STR_ARG(bootstrap->owner_email), STR_ARG(path)));
        return;
    }
    terminal_say(arena_format(
        arena,
        "First start: the owner is %.*s. This token is shown once; keep it safe:\n\n  %.*s\n\n",
        STR_ARG(bootstrap->owner_email), STR_ARG(bootstrap->token)));
}

struct str bootstrap_shown(struct arena *arena, struct str path, const struct bootstrap *bootstrap)
{
    if (!bootstrap->is_token_given)
        return bootstrap->token;
    return arena_format(arena, "\"$(cat '%.*s')\"", STR_ARG(path));
}

/* ---- examples -------------------------------------------------------------------------------- */

/* The variable is only needed where the command line would look elsewhere; login remembers it. */
static struct str said_origin(struct arena *arena, struct str origin)
{
    if (str_equal(origin, STR("http://127.0.0.1:8080")))
        return STR("");
    return arena_format(arena, "GUIDON_API=%.*s ", STR_ARG(origin));
}

void bootstrap_examples(struct arena *arena, struct str token, struct str origin, struct buf *buf)
{
    struct str said = said_origin(arena, origin);
    struct str name = str_of(program_invocation_name);
    const char *const lines[] = {
        "apps create my-app",
        "use my-app production",
        "flags create --key dark-mode --type bool --value true",
        "eval dark-mode user-1",
        "why dark-mode user-1",
    };
    buf_append_format(buf, "Try it:\n\n%.*s%.*s login --token %.*s\n", STR_ARG(said), STR_ARG(name),
                      STR_ARG(token));
    for (size_t i = 0; i < COUNT_OF(lines); i++)
        buf_append_format(buf, "%.*s %s\n", STR_ARG(name), lines[i]);
    buf_append(buf, STR("\n"));
}
