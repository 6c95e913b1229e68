/* SPDX-License-Identifier: Apache-2.0 */
/* terminal - how the commands beside `serve` speak: see terminal.h. */
#include "server/terminal.h"

#include <stdio.h>
#include <unistd.h>

enum { ANSWER_BYTES_MAX = 128 };

void terminal_say(struct str text)
{
    fwrite(text.data, 1, text.size, stdout);
    fflush(stdout);
}

static int status_of(enum fault_kind kind)
{
    switch (kind) {
    case FAULT_NONE:
        return EXIT_OK;
    case FAULT_MISSING:
        return EXIT_NOT_FOUND;
    case FAULT_INVALID:
    case FAULT_DENIED:
        return EXIT_USAGE;
    case FAULT_CONFLICT:
    case FAULT_STALE:
        return EXIT_CONFLICT;
    case FAULT_UNAUTHENTICATED:
    case FAULT_LIMIT:
    case FAULT_UNAVAILABLE:
    case FAULT_FULL:
        break;
    }
    return EXIT_FAILED;
}

int terminal_status(struct fault fault)
{
    if (failed(fault)) {
        fflush(stdout);
        fprintf(stderr, "guidon: %.*s\n", STR_ARG(fault.why));
    }
    return status_of(fault.kind);
}

bool terminal_is_interactive(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

bool terminal_confirm(struct str prompt, struct str word)
{
    char answer[ANSWER_BYTES_MAX];
    fflush(stdout);
    fprintf(stderr, "%.*s", STR_ARG(prompt));
    fflush(stderr);
    if (fgets(answer, sizeof(answer), stdin) == NULL)
        return false;
    struct str line = str_of(answer);
    if (str_ends_with(line, STR("\n")))
        line = str_slice(line, 0, line.size - 1);
    return str_equal(str_trim(line), word);
}
