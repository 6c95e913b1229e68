/* SPDX-License-Identifier: Apache-2.0 */
/* connection - one SQLite connection from the inside: what open.c and engine.c share. */
#ifndef STORE_SQLITE_CONNECTION_H
#define STORE_SQLITE_CONNECTION_H

#include <sqlite3.h>

#include "store/engine.h"
#include "store/sqlite/place.h"

enum {
    STATEMENTS_MAX = 64,
    LOG_PAGES_MAX = 4000, /* 16 MiB: the log does not grow beyond, idle or not */
};

struct statement {
    const char *sql; /* whose address names it */
    sqlite3_stmt *handle;
    uint64_t used_at; /* in runs of this connection */
    size_t bind_count;
    int index[ENGINE_BINDS_MAX]; /* where SQLite has put $1, $2, … */
};

struct sqlite_engine {
    struct engine base;
    sqlite3 *database;
    struct place place;
    bool is_writer;
    struct str version;
    char version_text[32];
    int log_pages;      /* in the write-ahead log after the last commit */
    int log_pages_next; /* how many there must be for the next checkpoint under load */
    uint64_t runs;
    size_t statement_count;
    struct statement statements[STATEMENTS_MAX];
};

extern const struct engine_kind sqlite_engine_kind;

static inline struct sqlite_engine *sqlite_engine_of(struct engine *engine)
{
    return (struct sqlite_engine *)engine; /* its first member */
}

struct fault sqlite_check(struct engine *engine, bool is_quick);        /* store_check_pages */
struct fault sqlite_fault(int code);                                    /* of a result code */
int sqlite_note_log_pages(void *context, sqlite3 *, const char *, int); /* a wal hook */

#endif
