/* SPDX-License-Identifier: Apache-2.0 */
/*
 * connection - a store from the inside: what the files of this room share.
 *
 * Every read goes through store_query and every write through store_execute, so that poisoning, a
 * transaction that the database gave up, and "writes only inside a transaction" are minded in one
 * place.
 */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include "store/engine.h"
#include "store/store.h"

struct store {
    struct engine *engine;
    enum store_mode mode;
    bool is_in_transaction;
    bool has_savepoint;
    bool is_spoiled; /* a part of the transaction could not be taken back: nothing of it is kept */
};

/* Makes a store of an open engine, which it takes over in any case: the writer runs the missing
 * migrations, a reader insists on exactly the schema this program knows. */
struct fault store_start(struct store **store, struct engine *engine,
                         enum store_mode mode) MUST_CHECK;

struct fault store_query(struct store *store, const char *sql, const struct bind *binds,
                         size_t bind_count, engine_on_row *on_row, void *context) MUST_CHECK;
struct fault store_execute(struct store *store, const char *sql, const struct bind *binds,
                           size_t bind_count, size_t *changed) MUST_CHECK;
/* A write that answers with rows. */
struct fault store_execute_returning(struct store *store, const char *sql, const struct bind *binds,
                                     size_t bind_count, engine_on_row *on_row,
                                     void *context) MUST_CHECK;
/* Several statements without binds, their @WORDS@ already replaced. */
struct fault store_execute_script(struct store *store, struct str sql) MUST_CHECK;

/* The next number of a counter, its row locked until the transaction ends: a number is never used
 * again, whatever is deleted. */
struct fault store_next_number(struct store *store, struct str counter,
                               uint64_t *number) MUST_CHECK;

/* Rows of one query, gathered in an arena. */
struct gathering {
    struct arena *arena;
    void *items;
    size_t item_bytes, count, capacity;
};

void *gathering_add(struct gathering *gathering); /* zeroed room for one more */

#endif
