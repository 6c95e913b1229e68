/* SPDX-License-Identifier: Apache-2.0 */
/*
 * store_contract - what every engine of the store promises, written once.
 *
 * A test program for an engine defines the four lab_ functions, includes the suites and ends with
 * TESTS(STORE_CONTRACT). Nothing in the suites knows which engine it is.
 */
#ifndef CONTRACT_STORE_CONTRACT_H
#define CONTRACT_STORE_CONTRACT_H

#include <string.h>

#include "test.h"

#include "base/random.h"
#include "store/store.h"

/* ---- what the engine's test program brings ------------------------------------------------ */

void lab_make(void);              /* a new, empty place for a store */
void lab_remove(void);            /* the place is gone; all connections are closed before */
struct str lab_place(void);       /* what store_open is given */
void lab_tamper(const char *sql); /* as someone with the database's own tool would */

/* ---- a store with one user, one app, one environment --------------------------------------- */

enum { LAB_NOW = 1700000000 };

static const int64_t lab_now_ms = (int64_t)LAB_NOW * 1000;

struct lab {
    struct store *store;
    struct arena arena;
    uint64_t environment;
};

static inline void lab_fill(struct lab *lab)
{
    const struct user_row user = {STR("user_1"), STR("owner@example.test"), ROLE_OWNER, lab_now_ms};
    const struct app_row app = {STR("app_1"), STR("Shop"), STR("user_1"), true, lab_now_ms};
    const struct environment_row environment = {.id = STR("env_1"),
                                                .app_id = STR("app_1"),
                                                .name = STR("production"),
                                                .created_ms = lab_now_ms};
    CHECK_OK(store_begin(lab->store));
    CHECK_OK(store_insert_user(lab->store, &user));
    CHECK_OK(store_insert_app(lab->store, &app));
    CHECK_OK(store_insert_environment(lab->store, &environment, &lab->environment));
    CHECK_OK(store_commit(lab->store));
}

static inline void lab_open(struct lab *lab)
{
    random_open();
    lab_make();
    *lab = (struct lab){0};
    arena_open(&lab->arena, 4096);
    CHECK_OK(store_open(&lab->store, lab_place(), STORE_WRITER));
    lab_fill(lab);
}

static inline void lab_reopen(struct lab *lab)
{
    store_close(lab->store);
    CHECK_OK(store_open(&lab->store, lab_place(), STORE_WRITER));
}

static inline void lab_close(struct lab *lab)
{
    store_close(lab->store);
    arena_close(&lab->arena);
    lab_remove();
}

/* After a refusal the change it happened in is rolled back before anything else is written. */
#define LAB_REFUSES(lab, call, kind)                                                               \
    do {                                                                                           \
        CHECK_OK(store_savepoint((lab)->store));                                                   \
        CHECK_FAULT((call), (kind));                                                               \
        store_rollback_savepoint((lab)->store);                                                    \
    } while (0)

static inline struct revision_row lab_flag(const char *key, const char *document, uint64_t version)
{
    return (struct revision_row){.kind = REVISION_FLAG,
                                 .object_id = STR("flag_1"),
                                 .key = str_of(key),
                                 .version_from = version,
                                 .document = str_of(document)};
}

/* One step of the environment's version, with this in it, in the transaction that is open. */
static inline uint64_t lab_write(struct lab *lab, struct revision_row revision, int64_t now_ms)
{
    uint64_t version = 0;
    CHECK_OK(store_advance_version(lab->store, lab->environment, now_ms, &version));
    revision.version_from = version;
    CHECK_OK(store_write_revision(lab->store, lab->environment, &revision));
    return version;
}

/* The same in a transaction of its own. */
static inline uint64_t lab_change(struct lab *lab, struct revision_row revision, int64_t now_ms)
{
    CHECK_OK(store_begin(lab->store));
    uint64_t version = lab_write(lab, revision, now_ms);
    CHECK_OK(store_commit(lab->store));
    return version;
}

static inline uint64_t lab_put(struct lab *lab, const char *key, const char *document)
{
    return lab_change(lab, lab_flag(key, document, 0), lab_now_ms);
}

static inline uint64_t lab_delete(struct lab *lab, const char *key)
{
    struct revision_row tombstone = lab_flag(key, "", 0);
    tombstone.is_tombstone = true;
    return lab_change(lab, tombstone, lab_now_ms);
}

/* "a=1 b=2" of an environment at a version; keys and documents of the tests are short. */
static inline struct str lab_state(struct lab *lab, struct store *store, uint64_t version)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(
        store_load_environment_at(store, &lab->arena, lab->environment, version, &rows, &count));
    struct str text = STR("");
    for (size_t i = 0; i < count; i++)
        text = arena_format(&lab->arena, "%.*s%s%.*s=%.*s", STR_ARG(text), i == 0 ? "" : " ",
                            STR_ARG(rows[i].key), STR_ARG(rows[i].document));
    return text;
}

static inline uint64_t lab_version(struct lab *lab, struct store *store)
{
    struct environment_row *rows = NULL;
    size_t count = 0;
    CHECK_OK(store_load_environments(store, &lab->arena, &rows, &count));
    for (size_t i = 0; i < count; i++) {
        if (rows[i].number == lab->environment)
            return rows[i].version;
    }
    return UINT64_MAX;
}

#endif
