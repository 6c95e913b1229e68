/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine - what a database must do for the store: run one SQL text with named binds.
 *
 * SQL is written once for every engine: $1, $2 … bound by name, RETURNING, ON CONFLICT, BIGINT and
 * BLOB/BYTEA through bind kinds. An engine prepares each text once per connection (by the text's
 * address: SQL texts are static) and keeps it.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/str.h"

enum bind_kind { BIND_NULL, BIND_INTEGER, BIND_TEXT, BIND_BYTES };

struct bind { /* value i goes to $i+1 */
    enum bind_kind kind;
    int64_t integer;
    struct str text; /* absent binds NULL */
};

static inline struct bind bind_integer(int64_t value)
{
    return (struct bind){.kind = BIND_INTEGER, .integer = value};
}
static inline struct bind bind_u64(uint64_t value)
{
    return (struct bind){.kind = BIND_INTEGER, .integer = (int64_t)value};
}
static inline struct bind bind_text(struct str value)
{
    return (struct bind){.kind = value.data == NULL ? BIND_NULL : BIND_TEXT, .text = value};
}
static inline struct bind bind_bytes(const void *data, size_t size)
{
    return (struct bind){.kind = BIND_BYTES, .text = {data, size}};
}

struct engine; /* a connection of some kind */
struct row;    /* the current row of a running query */

struct engine_kind {
    struct str name;
    void (*close)(struct engine *engine);
    struct str (*version)(const struct engine *engine);
    /* Runs sql to its end; on_row (may be NULL) is called per row and may stop it with a fault.
     * *changed (may be NULL) counts rows written. */
    struct fault (*run)(struct engine *engine, const char *sql, const struct bind *binds,
                        size_t bind_count, struct fault (*on_row)(const struct row *, void *),
                        void *context, size_t *changed);
    struct fault (*script)(struct engine *engine, struct str sql); /* several statements, no binds */
    void (*checkpoint)(struct engine *engine);
    int64_t (*column_integer)(const struct row *row, int column);
    /* Borrowed until the next row; absent for NULL. */
    struct str (*column_text)(const struct row *row, int column);
};

struct engine {
    const struct engine_kind *kind;
    bool is_poisoned; /* a commit failed: nothing more is written through this connection */
};

#endif
