/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open - an SQLite connection made the way this program relies on, and checked to be so.
 */
#include "store/sqlite/sqlite.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/memory.h"
#include "store/sqlite/connection.h"

enum {
    BUSY_TIMEOUT_MS = 2000,           /* the limit for a database statement */
    WHOLE_CHECK_BYTES_MAX = 16 << 20, /* a file above this has its large tables left out */
    HISTORY_CHECK_BYTES_MAX = 64 << 20,
};

static void configure_library(void)
{
    /* Statistics would take a lock at every allocation. Refused when SQLite is running already
     * (an embedding test); nothing depends on it. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

static void configure_library_once(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_library);
}

/* ---- settings ---------------------------------------------------------------------------- */

/* About 1 MiB of pages for the writer, more (up to 16 MiB) only while one transaction needs it;
 * readers look up few rows. No temporary files, no file in memory. Checkpoints are the writer's
 * business alone and happen when it says so; the log keeps its size (17 MiB, above what a
 * checkpoint under load lets it grow to), because overwriting syncs faster than appending. */
static const char writer_settings[] = "PRAGMA cache_size = -1024;"
                                      "PRAGMA cache_spill = 4096;"
                                      "PRAGMA journal_mode = WAL;"
                                      "PRAGMA synchronous = FULL;"
                                      "PRAGMA journal_size_limit = 17825792;";
static const char reader_settings[] = "PRAGMA cache_size = -256;"
                                      "PRAGMA query_only = ON;";
static const char common_settings[] = "PRAGMA foreign_keys = ON;"
                                      "PRAGMA wal_autocheckpoint = 0;"
                                      "PRAGMA trusted_schema = OFF;"
                                      "PRAGMA cell_size_check = ON;"
                                      "PRAGMA mmap_size = 0;"
                                      "PRAGMA temp_store = MEMORY;";

static void configure_connection(sqlite3 *database)
{
    sqlite3_extended_result_codes(database, 1);
    sqlite3_busy_timeout(database, BUSY_TIMEOUT_MS);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    /* Plans do not depend on what is bound: else a statement that could use a partial index for
     * some values is prepared anew at every run. */
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_QPSG, 1, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(database, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

static struct fault apply_settings(struct sqlite_engine *self)
{
    const char *own = self->is_writer ? writer_settings : reader_settings;
    int code = sqlite3_exec(self->database, own, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(self->database, common_settings, NULL, NULL, NULL);
    return sqlite_fault(code);
}

static struct fault expect_text(const struct row *row, void *context)
{
    const struct str *expected = context;
    if (!str_equal(row_text(row, 0), *expected))
        return fault_make(FAULT_UNAVAILABLE, STR(""), STR("the store refuses a needed setting"));
    return fault_none();
}

/* `sql` answers `expected`, as text, in each of its rows. */
static struct fault expect(struct sqlite_engine *self, const char *sql, struct str expected)
{
    return sqlite_engine_kind.run(&self->base, sql, NULL, 0, expect_text, &expected, NULL);
}

/* What durability hangs on is read back, not believed. */
static struct fault check_settings(struct sqlite_engine *self)
{
    struct fault fault = expect(self, "PRAGMA journal_mode", STR("wal"));
    if (!failed(fault) && self->is_writer)
        fault = expect(self, "PRAGMA synchronous", STR("2"));
    if (!failed(fault))
        fault = expect(self, "PRAGMA foreign_keys", STR("1"));
    if (!failed(fault))
        fault = expect(self, "PRAGMA encoding", STR("UTF-8"));
    return fault;
}

/* ---- damage ------------------------------------------------------------------------------ */

static struct fault expect_sound(const struct row *row, void *context)
{
    (void)context;
    if (!str_equal(row_text(row, 0), STR("ok")))
        return fault_make(FAULT_UNAVAILABLE, STR(""), STR("the store is damaged"));
    return fault_none();
}

static struct fault check_sound(struct sqlite_engine *self, const char *sql)
{
    return sqlite_engine_kind.run(&self->base, sql, NULL, 0, expect_sound, NULL, NULL);
}

/* The structure of every page; of a large file only of the definitions, because events and audit
 * rows may be gigabytes and a start must not wait for them; and of a larger one not of their
 * history either. What is loaded from it is held against its checksums all the same, and `guidon
 * doctor` walks all there is. */
static struct fault check_damage(struct sqlite_engine *self)
{
    static const char *const definitions[] = {
        "PRAGMA quick_check('sqlite_schema')", "PRAGMA quick_check('environment')",
        "PRAGMA quick_check('credential')",    "PRAGMA quick_check('object')",
        "PRAGMA quick_check('deployment')",    "PRAGMA quick_check('environment_version')",
        "PRAGMA quick_check('revision')",
    };
    enum { HISTORY_TABLES = 2 };
    struct stat status;
    off_t bytes = stat(self->place.file, &status) == 0 ? status.st_size : 0;
    if (bytes <= WHOLE_CHECK_BYTES_MAX)
        return check_sound(self, "PRAGMA quick_check(1)");
    size_t count = COUNT_OF(definitions) - (bytes <= HISTORY_CHECK_BYTES_MAX ? 0 : HISTORY_TABLES);
    struct fault fault = fault_none();
    for (size_t i = 0; i < count && !failed(fault); i++)
        fault = check_sound(self, definitions[i]);
    return fault;
}

static struct fault check_references(struct sqlite_engine *self)
{
    return check_sound(self, "PRAGMA foreign_key_check"); /* a row for each that leads nowhere */
}

struct fault sqlite_check(struct engine *engine, bool is_quick)
{
    struct sqlite_engine *self = sqlite_engine_of(engine);
    if (is_quick)
        return check_sound(self, "PRAGMA quick_check(1)");
    struct fault fault = check_sound(self, "PRAGMA integrity_check(1)");
    return failed(fault) ? fault : check_references(self);
}

/* ---- opening ----------------------------------------------------------------------------- */

static struct fault open_file(struct sqlite_engine *self, const char *file, int more_flags)
{
    int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | more_flags;
    int code = sqlite3_open_v2(file, &self->database, flags, NULL);
    if (code != SQLITE_OK)
        return sqlite_fault(code);
    configure_connection(self->database);
    return fault_none();
}

static struct fault connect(struct sqlite_engine *self)
{
    struct fault fault = open_file(self, self->place.file,
                                   self->is_writer ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
    if (failed(fault))
        return fault;
    fault = apply_settings(self);
    if (!failed(fault))
        fault = check_settings(self);
    if (!failed(fault) && self->is_writer)
        fault = check_damage(self);
    if (!failed(fault) && self->is_writer)
        sqlite3_wal_hook(self->database, sqlite_note_log_pages, self);
    return fault;
}

static struct sqlite_engine *make_engine(bool is_writer)
{
    configure_library_once();
    struct sqlite_engine *self = MEMORY_NEW(struct sqlite_engine);
    self->base.kind = &sqlite_engine_kind;
    self->is_writer = is_writer;
    self->log_pages_next = LOG_PAGES_MAX;
    snprintf(self->version_text, sizeof(self->version_text), "sqlite %s", sqlite3_libversion());
    self->version = str_of(self->version_text);
    return self;
}

/* Hands it over, or closes it when something was refused on the way. */
static struct fault hand_over(struct sqlite_engine *self, struct fault fault,
                              struct engine **engine)
{
    *engine = NULL;
    if (failed(fault)) {
        self->base.is_poisoned = true; /* nothing is moved about in a file that was refused */
        sqlite_engine_kind.close(&self->base);
        return fault;
    }
    *engine = &self->base;
    return fault_none();
}

struct fault sqlite_open(struct engine **engine, struct str directory, bool is_writer)
{
    struct sqlite_engine *self = make_engine(is_writer);
    struct fault fault = place_prepare(&self->place, directory, is_writer);
    if (!failed(fault))
        fault = connect(self);
    return hand_over(self, fault, engine);
}

/* ---- a look ------------------------------------------------------------------------------ */

/* "file:/a%3Fb?immutable=1" (sqlite.org/uri.html). */
static void append_still_name(struct buf *name, const char *file)
{
    buf_append(name, STR("file:"));
    for (const char *at = file; *at != '\0'; at++) {
        if (*at == '%' || *at == '?' || *at == '#')
            buf_append_format(name, "%%%02X", (unsigned)*at);
        else
            buf_append_byte(name, *at);
    }
    buf_append(name, STR("?immutable=1"));
    buf_append_byte(name, '\0');
}

/* Without a log the file is all there is, and nobody writes to it: it is read as it lies, for even
 * a reader would make files beside it. Where there is a log, whoever made it is there, or died. */
static struct fault connect_for_a_look(struct sqlite_engine *self)
{
    char log[PATH_MAX];
    if (snprintf(log, sizeof(log), "%s-wal", self->place.file) >= (int)sizeof(log))
        return sqlite_fault(SQLITE_CANTOPEN);
    struct stat status;
    bool has_log = stat(log, &status) == 0 && status.st_size > 0;
    struct buf name;
    buf_open(&name, SIZE_MAX);
    append_still_name(&name, self->place.file);
    struct fault fault = open_file(self, has_log ? self->place.file : buf_str(&name).data,
                                   SQLITE_OPEN_READONLY | (has_log ? 0 : SQLITE_OPEN_URI));
    buf_close(&name);
    return failed(fault) ? fault : apply_settings(self);
}

struct fault sqlite_examine(struct engine **engine, struct str directory)
{
    struct sqlite_engine *self = make_engine(false);
    struct fault fault = place_prepare(&self->place, directory, false);
    if (!failed(fault))
        fault = connect_for_a_look(self);
    if (!failed(fault)) /* opening looks at nothing yet */
        fault = expect(self, "PRAGMA encoding", STR("UTF-8"));
    return hand_over(self, fault, engine);
}

static struct fault truncate_log(struct sqlite_engine *self)
{
    struct fault fault = open_file(self, self->place.file, SQLITE_OPEN_READWRITE);
    if (failed(fault))
        return fault;
    int code = sqlite3_exec(self->database, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code =
            sqlite3_wal_checkpoint_v2(self->database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return sqlite_fault(code);
}

struct fault sqlite_settle(struct str directory)
{
    struct sqlite_engine *self = make_engine(true);
    struct fault fault = place_prepare(&self->place, directory, false);
    if (!failed(fault))
        fault = truncate_log(self);
    self->base.is_poisoned = failed(fault);
    sqlite_engine_kind.close(&self->base);
    return fault;
}
