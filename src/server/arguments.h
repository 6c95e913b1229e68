/* SPDX-License-Identifier: Apache-2.0 */
/*
 * arguments - the command line of the commands beside `serve`: a table says each option once.
 *
 * --name value, --name=value, -x value; a switch stands alone; what begins with no dash is an
 * operand, as is all behind "--". The settings of the server are another matter: options.h.
 */
#ifndef SERVER_ARGUMENTS_H
#define SERVER_ARGUMENTS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"

enum argument_kind {
    ARGUMENT_SWITCH, /* bool */
    ARGUMENT_TEXT,   /* struct str; absent when not given */
    ARGUMENT_NUMBER, /* uint64_t; 0 when not given */
};

struct argument {
    const char *name; /* without dashes */
    char letter;      /* -x; 0: none */
    enum argument_kind kind;
    size_t offset;     /* into the command's own structure */
    const char *value; /* as shown: DIR */
    const char *help;
};

struct argument_table {
    const char *usage;       /* "restore FILE --data DIR" */
    const char *summary;     /* one line */
    const char *const *more; /* lines behind the options, NULL at the end; may be NULL */
    const struct argument *arguments;
    size_t count;
    size_t operands_max;
};

/* What has been found in whatever order. `values` is zeroed by the caller and lives as long as the
 * command line. --help is everybody's: *wants_help. */
struct operands {
    struct str *items;
    size_t count;
    bool wants_help;
};
struct fault arguments_read(struct arena *arena, const struct argument_table *table, int count,
                            char **arguments, void *values, struct operands *operands) MUST_CHECK;

void arguments_help(const struct argument_table *table, struct buf *buf);

#endif
