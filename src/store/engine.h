/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine - what a database must do for the store: run one SQL text with named binds.
 *
 * SQL is written once for every engine: $1, $2 … bound by name, RETURNING, ON CONFLICT. An engine
 * prepares each text once per connection (by the text's address: SQL texts are static) and keeps
 * it. Where engines have no common word (column types, table options) a migration writes @WORD@
 * and the engine's table of words says what it means; see store/migrations.c.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/str.h"

enum bind_kind { BIND_NULL, BIND_INTEGER, BIND_TEXT, BIND_BYTES };

enum { ENGINE_BINDS_MAX = 16 };

struct bind { /* value i goes to $i+1 */
    enum bind_kind kind;
    int64_t integer;
    struct str text;
};

static inline struct bind bind_integer(int64_t value)
{
    return (struct bind){.kind = BIND_INTEGER, .integer = value};
}
static inline struct bind bind_u64(uint64_t value)
{
    return (struct bind){.kind = BIND_INTEGER, .integer = (int64_t)value};
}
/* Absent binds NULL. */
static inline struct bind bind_text(struct str value)
{
    return (struct bind){.kind = value.data == NULL ? BIND_NULL : BIND_TEXT, .text = value};
}
static inline struct bind bind_bytes(const void *data, size_t size)
{
    return (struct bind){.kind = BIND_BYTES, .text = {data, size}};
}
/* A number of which 0 means "does not apply": binds NULL, so that foreign keys let it pass. */
static inline struct bind bind_reference(uint64_t value)
{
    return value == 0 ? (struct bind){.kind = BIND_NULL} : bind_u64(value);
}

struct engine_kind;

struct row { /* the current row of a running query; gone with the next */
    const struct engine_kind *kind;
    void *state;
};

typedef struct fault engine_on_row(const struct row *row, void *context);

struct engine_word {
    struct str token; /* "@BYTES@" */
    struct str text;  /* "BLOB" */
};

struct engine { /* a connection of some kind */
    const struct engine_kind *kind;
    bool is_poisoned; /* what is on disk is uncertain: nothing more is written through this one */
    bool lacks_room;  /* what failed last found none, on disk or in memory: it did not happen */
};

struct engine_kind {
    struct str name;
    const char *begin; /* the statement that begins a writing transaction */
    const struct engine_word *words;
    size_t word_count;
    void (*close)(struct engine *engine);
    struct str (*version)(const struct engine *engine);
    /* Runs sql to its end; on_row (may be NULL) is called per row and may stop it with a fault.
     * *changed (may be NULL) counts rows written. Binds need to live only for the call. */
    struct fault (*run)(struct engine *engine, const char *sql, const struct bind *binds,
                        size_t bind_count, engine_on_row *on_row, void *context, size_t *changed);
    struct fault (*script)(struct engine *engine,
                           struct str sql); /* several statements, no binds */
    /* A database may end a transaction by itself when it fails badly; false then. */
    bool (*is_in_transaction)(const struct engine *engine);
    void (*checkpoint)(struct engine *engine); /* when there is time for it */
    void (*rest)(struct engine *engine);       /* lets go of memory it kept to be quick */
    void (*committed)(struct engine *engine);  /* after each commit: bounded housekeeping */
    /* store_copy and store_check_pages: see store/care.h. */
    struct fault (*copy)(struct engine *engine, const char *file, bool (*goes_on)(void *context),
                         void *context);
    struct fault (*check)(struct engine *engine, bool is_quick);
    int64_t (*column_integer)(const struct row *row, int column); /* NULL is 0 */
    /* Text or bytes, borrowed until the next row; absent for NULL. */
    struct str (*column_text)(const struct row *row, int column);
};

static inline int64_t row_integer(const struct row *row, int column)
{
    return row->kind->column_integer(row, column);
}
static inline uint64_t row_u64(const struct row *row, int column)
{
    return (uint64_t)row->kind->column_integer(row, column);
}
static inline struct str row_text(const struct row *row, int column)
{
    return row->kind->column_text(row, column);
}
static inline struct str row_copy_text(const struct row *row, int column, struct arena *arena)
{
    return arena_copy_str(arena, row->kind->column_text(row, column));
}

#endif
