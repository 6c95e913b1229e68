/* SPDX-License-Identifier: Apache-2.0 */
/*
 * engine - running SQL on SQLite: see store/engine.h for what is promised.
 *
 * Statements are prepared once and found again by the address of their text; there are about sixty
 * texts in the program. SQLite numbers $n by first appearance, so binds go by name.
 */
#include "store/sqlite/connection.h"

#include <assert.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/memory.h"
#include "store/sqlite/copy.h"

/* ---- faults ------------------------------------------------------------------------------ */

static struct fault constraint_fault(int code)
{
    if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
        code == SQLITE_CONSTRAINT_ROWID)
        return fault_make(FAULT_CONFLICT, STR(""), STR("it exists already"));
    if (code == SQLITE_CONSTRAINT_FOREIGNKEY)
        return fault_make(FAULT_CONFLICT, STR(""), STR("what it belongs to does not exist"));
    return fault_make(FAULT_CONFLICT, STR(""), STR("it breaks a rule of the store"));
}

static bool lacks_memory(int code)
{
    return code == SQLITE_NOMEM || code == SQLITE_IOERR_NOMEM;
}

static struct str unavailable_reason(int code)
{
    switch (lacks_memory(code) ? SQLITE_NOMEM : code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return STR("the store is busy");
    case SQLITE_IOERR:
        return STR("the disk failed");
    case SQLITE_NOMEM:
        return STR("memory is short at the moment");
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return STR("the store is damaged");
    case SQLITE_CANTOPEN:
        return STR("the data file cannot be opened");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
        return STR("the data file cannot be written");
    default:
        return STR("the store failed");
    }
}

struct fault sqlite_fault(int code)
{
    switch (code & 0xff) {
    case SQLITE_OK:
        return fault_none();
    case SQLITE_CONSTRAINT:
        return constraint_fault(code);
    case SQLITE_TOOBIG:
        return fault_make(FAULT_LIMIT, STR(""), STR("too large for the store"));
    case SQLITE_FULL:
        return fault_make(FAULT_FULL, STR(""), STR("the disk is full"));
    default:
        return fault_make(FAULT_UNAVAILABLE, STR(""), unavailable_reason(code));
    }
}

/* After these, what is on disk may not be what memory believes. */
static bool code_poisons(int code)
{
    int primary = code & 0xff;
    if (lacks_memory(code))
        return false;
    return primary == SQLITE_IOERR || primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB;
}

/* The fault of a result code, which poisons the engine where it must. */
static struct fault sqlite_refuse(struct sqlite_engine *self, int code)
{
    if (code != SQLITE_OK)
        self->base.lacks_room = (code & 0xff) == SQLITE_FULL || lacks_memory(code);
    if (self->is_writer && code_poisons(code))
        self->base.is_poisoned = true;
    return sqlite_fault(code);
}

/* ---- statements -------------------------------------------------------------------------- */

static int prepare(struct sqlite_engine *self, struct statement *statement, const char *sql)
{
    *statement = (struct statement){0};
    int code = sqlite3_prepare_v3(self->database, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                  &statement->handle, NULL);
    if (code != SQLITE_OK)
        return code;
    assert(statement->handle != NULL);
    statement->bind_count = (size_t)sqlite3_bind_parameter_count(statement->handle);
    assert(statement->bind_count <= ENGINE_BINDS_MAX);
    for (size_t i = 0; i < statement->bind_count; i++) {
        const char name[] = {'$', i < 9 ? (char)('1' + i) : '1',
                             i < 9 ? '\0' : (char)('0' + (i - 9)), '\0'};
        statement->index[i] = sqlite3_bind_parameter_index(statement->handle, name);
        assert(statement->index[i] > 0);
    }
    statement->sql = sql;
    return SQLITE_OK;
}

/* An unused place, or the one unused for longest that is not running further up the stack. */
static struct statement *find_place(struct sqlite_engine *self)
{
    if (self->statement_count < STATEMENTS_MAX)
        return &self->statements[self->statement_count++];
    struct statement *oldest = NULL;
    for (size_t i = 0; i < STATEMENTS_MAX; i++) {
        struct statement *statement = &self->statements[i];
        bool is_running = statement->handle != NULL && sqlite3_stmt_busy(statement->handle);
        if (!is_running && (oldest == NULL || statement->used_at < oldest->used_at))
            oldest = statement;
    }
    assert(oldest != NULL);
    sqlite3_finalize(oldest->handle);
    return oldest;
}

static int find_statement(struct sqlite_engine *self, const char *sql, struct statement **found)
{
    struct statement *statement = NULL;
    for (size_t i = 0; i < self->statement_count && statement == NULL; i++) {
        if (self->statements[i].sql == sql)
            statement = &self->statements[i];
    }
    if (statement == NULL) {
        statement = find_place(self);
        int code = prepare(self, statement, sql);
        if (code != SQLITE_OK)
            return code;
    }
    assert(!sqlite3_stmt_busy(statement->handle));
    statement->used_at = ++self->runs;
    *found = statement;
    return SQLITE_OK;
}

/* SQLITE_STATIC everywhere: the binds are let go before run() returns. */
static int bind_value(sqlite3_stmt *handle, int index, const struct bind *bind)
{
    const char *data = bind->text.data;
    size_t size = bind->text.size;
    switch (bind->kind) {
    case BIND_NULL:
        return sqlite3_bind_null(handle, index);
    case BIND_INTEGER:
        return sqlite3_bind_int64(handle, index, bind->integer);
    case BIND_TEXT:
        return sqlite3_bind_text64(handle, index, data, size, SQLITE_STATIC, SQLITE_UTF8);
    case BIND_BYTES:
        return size == 0 ? sqlite3_bind_zeroblob(handle, index, 0)
                         : sqlite3_bind_blob64(handle, index, data, size, SQLITE_STATIC);
    }
    abort();
}

static int bind_values(const struct statement *statement, const struct bind *binds, size_t count)
{
    assert(count == statement->bind_count);
    for (size_t i = 0; i < count; i++) {
        int code = bind_value(statement->handle, statement->index[i], &binds[i]);
        if (code != SQLITE_OK)
            return code;
    }
    return SQLITE_OK;
}

static struct fault step_to_end(struct sqlite_engine *self, sqlite3_stmt *handle,
                                engine_on_row *on_row, void *context)
{
    const struct row row = {self->base.kind, handle};
    for (;;) {
        int code = sqlite3_step(handle);
        if (code == SQLITE_DONE)
            return fault_none();
        if (code != SQLITE_ROW)
            return sqlite_refuse(self, code);
        struct fault fault = on_row == NULL ? fault_none() : on_row(&row, context);
        if (failed(fault))
            return fault;
        /* A column that could not be turned into text was empty: the row does not count. */
        if (sqlite3_errcode(self->database) == SQLITE_NOMEM)
            return sqlite_refuse(self, SQLITE_NOMEM);
    }
}

static struct fault sqlite_run(struct engine *engine, const char *sql, const struct bind *binds,
                               size_t bind_count, engine_on_row *on_row, void *context,
                               size_t *changed)
{
    struct sqlite_engine *self = sqlite_engine_of(engine);
    struct statement *statement = NULL;
    int code = find_statement(self, sql, &statement);
    if (code != SQLITE_OK)
        return sqlite_refuse(self, code);

    sqlite3_int64 before = sqlite3_total_changes64(self->database);
    code = bind_values(statement, binds, bind_count);
    struct fault fault = code != SQLITE_OK ? sqlite_refuse(self, code)
                                           : step_to_end(self, statement->handle, on_row, context);
    if (changed != NULL)
        *changed = (size_t)(sqlite3_total_changes64(self->database) - before);
    sqlite3_reset(statement->handle); /* repeats the code that step gave */
    sqlite3_clear_bindings(statement->handle);
    return fault;
}

static struct fault sqlite_script(struct engine *engine, struct str sql)
{
    struct sqlite_engine *self = sqlite_engine_of(engine);
    struct buf text;
    buf_open(&text, SIZE_MAX);
    buf_append(&text, sql);
    buf_append_byte(&text, '\0');
    int code = sqlite3_exec(self->database, buf_str(&text).data, NULL, NULL, NULL);
    buf_close(&text);
    return sqlite_refuse(self, code);
}

static bool sqlite_is_in_transaction(const struct engine *engine)
{
    const struct sqlite_engine *self = (const struct sqlite_engine *)engine;
    return sqlite3_get_autocommit(self->database) == 0;
}

/* ---- columns ----------------------------------------------------------------------------- */

static int64_t sqlite_column_integer(const struct row *row, int column)
{
    return sqlite3_column_int64(row->state, column);
}

/* The file is UTF-8, so the bytes of a text are its text. */
static struct str sqlite_column_text(const struct row *row, int column)
{
    sqlite3_stmt *handle = row->state;
    if (sqlite3_column_type(handle, column) == SQLITE_NULL)
        return (struct str){0};
    const void *data = sqlite3_column_blob(handle, column);
    size_t size = (size_t)sqlite3_column_bytes(handle, column);
    return data == NULL ? STR("") : (struct str){data, size};
}

/* ---- the log ----------------------------------------------------------------------------- */

/* Passive: takes what no reader holds back and waits for nobody. */
static void sqlite_checkpoint(struct engine *engine)
{
    struct sqlite_engine *self = sqlite_engine_of(engine);
    int in_log = 0;
    int moved = 0;
    int code =
        sqlite3_wal_checkpoint_v2(self->database, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_log, &moved);
    if (code_poisons(code))
        self->base.is_poisoned = true;
    /* While readers keep the log from starting over, it is not tried again at every commit. */
    self->log_pages_next = (in_log > 0 ? in_log : 0) + LOG_PAGES_MAX;
}

/* The pages it has read. */
static void sqlite_rest(struct engine *engine)
{
    sqlite3_db_release_memory(sqlite_engine_of(engine)->database);
}

static void sqlite_committed(struct engine *engine)
{
    struct sqlite_engine *self = sqlite_engine_of(engine);
    if (self->log_pages >= self->log_pages_next)
        sqlite_checkpoint(engine);
}

int sqlite_note_log_pages(void *context, sqlite3 *database, const char *name, int pages)
{
    (void)database;
    (void)name;
    struct sqlite_engine *self = context;
    if (pages < self->log_pages)
        self->log_pages_next = LOG_PAGES_MAX; /* it has started over */
    self->log_pages = pages;
    return SQLITE_OK;
}

/* ---- the kind ---------------------------------------------------------------------------- */

static struct str sqlite_version(const struct engine *engine)
{
    const struct sqlite_engine *self = (const struct sqlite_engine *)engine;
    return self->version;
}

static void sqlite_close(struct engine *engine)
{
    struct sqlite_engine *self = sqlite_engine_of(engine);
    for (size_t i = 0; i < self->statement_count; i++)
        sqlite3_finalize(self->statements[i].handle);
    self->statement_count = 0;
    /* The last one out moves the log into the file; not after a failure, when it is the log that
     * has the truth, and never a reader. */
    if (self->database != NULL && (self->base.is_poisoned || !self->is_writer))
        sqlite3_db_config(self->database, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
    int code = sqlite3_close(self->database);
    assert(code == SQLITE_OK);
    place_leave(&self->place);
    memory_free(self);
}

#define WORD(token, text)                                                                          \
    {                                                                                              \
        {(token), sizeof(token) - 1},                                                              \
        {                                                                                          \
            (text), sizeof(text) - 1                                                               \
        }                                                                                          \
    }

/* In a STRICT table INTEGER has 64 bits. WITHOUT ROWID suits rows well below a twentieth of a
 * page. Texts compare by bytes (BINARY) unless told otherwise. */
static const struct engine_word words[] = {
    WORD("@NUMBER@", "INTEGER"),
    WORD("@BYTES@", "BLOB"),
    WORD("@KEY@", "TEXT"),
    WORD("@STRICT@", "STRICT"),
    WORD("@KEYED@", "STRICT, WITHOUT ROWID"),
};

const struct engine_kind sqlite_engine_kind = {
    .name = {"sqlite", 6},
    /* At once: a transaction that turns into a writing one midway could be refused midway. */
    .begin = "BEGIN IMMEDIATE",
    .words = words,
    .word_count = COUNT_OF(words),
    .close = sqlite_close,
    .version = sqlite_version,
    .run = sqlite_run,
    .script = sqlite_script,
    .is_in_transaction = sqlite_is_in_transaction,
    .checkpoint = sqlite_checkpoint,
    .rest = sqlite_rest,
    .committed = sqlite_committed,
    .copy = sqlite_copy,
    .check = sqlite_check,
    .column_integer = sqlite_column_integer,
    .column_text = sqlite_column_text,
};
