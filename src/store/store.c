/* SPDX-License-Identifier: Apache-2.0 */
/* store - opening, transactions, and the one way in and out of the database: see store.h. */
#include "store/store.h"

#include <assert.h>
#include <string.h>

#include "base/memory.h"
#include "store/care.h"
#include "store/connection.h"
#include "store/migrations.h"
#include "store/sqlite/place.h"
#include "store/sqlite/sqlite.h"

struct fault store_open(struct store **store, struct str directory, enum store_mode mode)
{
    *store = NULL;
    struct engine *engine = NULL;
    struct fault fault = mode == STORE_EXAMINER
                             ? sqlite_examine(&engine, directory)
                             : sqlite_open(&engine, directory, mode == STORE_WRITER);
    if (failed(fault))
        return fault;
    return store_start(store, engine, mode);
}

struct fault store_start(struct store **store, struct engine *engine, enum store_mode mode)
{
    *store = NULL;
    struct store *opened = MEMORY_NEW(struct store);
    opened->engine = engine;
    opened->mode = mode;
    struct fault fault = fault_none();
    if (mode == STORE_WRITER)
        fault = migrations_apply(opened);
    else if (mode == STORE_READER)
        fault = migrations_check(opened);
    if (failed(fault)) {
        store_close(opened);
        return fault;
    }
    *store = opened;
    return fault_none();
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->is_in_transaction)
        store_rollback(store);
    store->engine->kind->close(store->engine);
    memory_free(store);
}

struct str store_engine_version(const struct store *store)
{
    return store->engine->kind->version(store->engine);
}

bool store_is_poisoned(const struct store *store)
{
    return store->engine->is_poisoned;
}

/* ---- statements -------------------------------------------------------------------------- */

static struct fault refuse_write_when_poisoned(const struct store *store)
{
    if (store->engine->is_poisoned)
        return fault_make(FAULT_UNAVAILABLE, STR(""),
                          STR("the store is read-only until a restart"));
    return fault_none();
}

/* Without this, a statement after a transaction that the database rolled back by itself would
 * commit alone. */
static struct fault refuse_when_transaction_is_lost(const struct store *store)
{
    const struct engine *engine = store->engine;
    if (store->is_in_transaction && (store->is_spoiled || !engine->kind->is_in_transaction(engine)))
        return fault_make(FAULT_UNAVAILABLE, STR(""), STR("the transaction was lost"));
    return fault_none();
}

static struct fault run(struct store *store, const char *sql)
{
    return store->engine->kind->run(store->engine, sql, NULL, 0, NULL, NULL, NULL);
}

static struct fault may_write(const struct store *store)
{
    assert(store->mode == STORE_WRITER);
    assert(store->is_in_transaction);
    struct fault fault = refuse_write_when_poisoned(store);
    if (failed(fault))
        return fault;
    return refuse_when_transaction_is_lost(store);
}

struct fault store_query(struct store *store, const char *sql, const struct bind *binds,
                         size_t bind_count, engine_on_row *on_row, void *context)
{
    struct fault fault = refuse_when_transaction_is_lost(store);
    if (failed(fault))
        return fault;
    return store->engine->kind->run(store->engine, sql, binds, bind_count, on_row, context, NULL);
}

struct fault store_execute(struct store *store, const char *sql, const struct bind *binds,
                           size_t bind_count, size_t *changed)
{
    struct fault fault = may_write(store);
    if (failed(fault))
        return fault;
    return store->engine->kind->run(store->engine, sql, binds, bind_count, NULL, NULL, changed);
}

struct fault store_execute_returning(struct store *store, const char *sql, const struct bind *binds,
                                     size_t bind_count, engine_on_row *on_row, void *context)
{
    struct fault fault = may_write(store);
    if (failed(fault))
        return fault;
    return store->engine->kind->run(store->engine, sql, binds, bind_count, on_row, context, NULL);
}

struct fault store_execute_script(struct store *store, struct str sql)
{
    struct fault fault = may_write(store);
    if (failed(fault))
        return fault;
    return store->engine->kind->script(store->engine, sql);
}

/* ---- transactions ------------------------------------------------------------------------ */

static void end_transaction(struct store *store)
{
    if (store->engine->kind->is_in_transaction(store->engine)) {
        struct fault fault = run(store, "ROLLBACK");
        /* A rollback that fails leaves the connection in nobody knows what state; but for want of
         * memory, when it has not begun: store_begin tries again. */
        if (failed(fault) && !store->engine->lacks_room)
            store->engine->is_poisoned = true;
    }
    store->is_in_transaction = false;
    store->has_savepoint = false;
    store->is_spoiled = false;
}

struct fault store_begin(struct store *store)
{
    assert(store->mode == STORE_WRITER);
    assert(!store->is_in_transaction);
    if (store->engine->kind->is_in_transaction(store->engine))
        end_transaction(store); /* it could not be ended before */
    struct fault fault = refuse_write_when_poisoned(store);
    if (failed(fault))
        return fault;
    fault = run(store, store->engine->kind->begin);
    store->is_in_transaction = !failed(fault);
    return fault;
}

struct fault store_commit(struct store *store)
{
    assert(!store->has_savepoint);
    struct fault fault = may_write(store);
    if (failed(fault)) {
        end_transaction(store);
        return fault;
    }
    fault = run(store, "COMMIT");
    if (failed(fault)) {
        /* Whether it reached the disk is unknown, and asking again could lie: a kernel reports a
         * failed sync once and forgets the pages (checklist, rule 39). Where there was no room, it
         * did not: what ends a transaction is the last of it that is written, before any sync. */
        if (!store->engine->lacks_room)
            store->engine->is_poisoned = true;
        end_transaction(store);
        return fault;
    }
    store->is_in_transaction = false;
    store->engine->kind->committed(store->engine);
    return fault_none();
}

void store_rollback(struct store *store)
{
    assert(store->is_in_transaction);
    end_transaction(store);
}

struct fault store_savepoint(struct store *store)
{
    assert(!store->has_savepoint);
    struct fault fault = may_write(store);
    if (failed(fault))
        return fault;
    fault = run(store, "SAVEPOINT change");
    store->has_savepoint = !failed(fault);
    return fault;
}

struct fault store_release_savepoint(struct store *store)
{
    assert(store->has_savepoint);
    struct fault fault = may_write(store);
    if (failed(fault))
        return fault;
    fault = run(store, "RELEASE SAVEPOINT change");
    store->has_savepoint = failed(fault);
    return fault;
}

void store_rollback_savepoint(struct store *store)
{
    assert(store->is_in_transaction);
    assert(store->has_savepoint);
    store->has_savepoint = false;
    if (!store->engine->kind->is_in_transaction(store->engine))
        return; /* lost whole: the commit will say so */
    struct fault fault = run(store, "ROLLBACK TO SAVEPOINT change");
    if (!failed(fault))
        fault = run(store, "RELEASE SAVEPOINT change");
    /* The caller counts on this change being gone; if it may not be, nothing is committed. */
    if (failed(fault) && store->engine->lacks_room)
        store->is_spoiled = true;
    else if (failed(fault))
        store->engine->is_poisoned = true;
}

void store_checkpoint(struct store *store)
{
    assert(store->mode == STORE_WRITER);
    assert(!store->is_in_transaction);
    if (!store->engine->is_poisoned)
        store->engine->kind->checkpoint(store->engine);
}

void store_rest(struct store *store)
{
    store->engine->kind->rest(store->engine);
}

/* ---- rows -------------------------------------------------------------------------------- */

void *gathering_add(struct gathering *gathering)
{
    if (gathering->count == gathering->capacity) {
        size_t capacity = gathering->capacity == 0 ? 16 : gathering->capacity * 2;
        char *items = arena_allocate_array(gathering->arena, capacity, gathering->item_bytes);
        if (gathering->count > 0)
            memcpy(items, gathering->items, gathering->count * gathering->item_bytes);
        gathering->items = items;
        gathering->capacity = capacity;
    }
    char *items = gathering->items;
    return items + gathering->item_bytes * gathering->count++;
}

/* ---- the directory: care.h ----------------------------------------------------------------- */

struct store_claim {
    struct place place;
};

struct fault store_claim_open(struct store_claim **claim, struct str directory)
{
    struct store_claim *made = MEMORY_NEW(struct store_claim);
    struct fault fault = place_claim(&made->place, directory);
    *claim = failed(fault) ? NULL : made;
    if (failed(fault))
        memory_free(made);
    return fault;
}

void store_claim_close(struct store_claim *claim)
{
    if (claim == NULL)
        return;
    place_leave(&claim->place);
    memory_free(claim);
}

bool store_is_claimed(struct str directory)
{
    return place_is_claimed(directory);
}

struct fault store_check_place(struct str directory)
{
    struct place place;
    return place_prepare(&place, directory, false);
}

struct fault store_settle(struct str directory)
{
    return sqlite_settle(directory);
}
