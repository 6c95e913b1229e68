/* SPDX-License-Identifier: Apache-2.0 */
/*
 * copy - a file with everything the database has at one moment, while others go on writing.
 *
 * The source holds a read transaction from the first page to the last, so that no write of anybody
 * starts the copying over, as one would without it; in a write-ahead log readers and writers do not
 * wait for one another. Nothing is synced: that would have the writer's own syncs wait behind it
 * (p99 of changes doubled when it was tried), for a file that is worth nothing after a crash.
 */
#include <fcntl.h>
#include <unistd.h>

#include "store/sqlite/connection.h"
#include "store/sqlite/copy.h"

enum { PAGES_PER_STEP = 256 };

/* Nobody else looks at the copy before it is whole: it needs no journal. */
static const char copy_settings[] = "PRAGMA journal_mode = OFF;"
                                    "PRAGMA synchronous = OFF;"
                                    "PRAGMA locking_mode = EXCLUSIVE;"
                                    "PRAGMA cache_size = -2048;"
                                    "PRAGMA mmap_size = 0;";

static struct fault given_up(void)
{
    return fault_make(FAULT_UNAVAILABLE, STR("copy"), STR("nobody waits for the copy any more"));
}

static struct fault copy_pages(sqlite3_backup *backup, bool (*goes_on)(void *context),
                               void *context)
{
    for (;;) {
        int code = sqlite3_backup_step(backup, PAGES_PER_STEP);
        if (code != SQLITE_OK && code != SQLITE_DONE)
            return sqlite_fault(code);
        if (code == SQLITE_DONE)
            return fault_none();
        if (goes_on != NULL && !goes_on(context))
            return given_up();
    }
}

static struct fault copy_into(sqlite3 *source, sqlite3 *target, bool (*goes_on)(void *context),
                              void *context)
{
    int code = sqlite3_exec(target, copy_settings, NULL, NULL, NULL);
    if (code != SQLITE_OK)
        return sqlite_fault(code);
    sqlite3_backup *backup = sqlite3_backup_init(target, "main", source, "main");
    if (backup == NULL)
        return sqlite_fault(sqlite3_errcode(target));
    struct fault fault = copy_pages(backup, goes_on, context);
    code = sqlite3_backup_finish(backup);
    return failed(fault) ? fault : sqlite_fault(code);
}

static struct fault copy_to_file(sqlite3 *source, const char *file, bool (*goes_on)(void *context),
                                 void *context)
{
    sqlite3 *target = NULL;
    const int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_READWRITE;
    int code = sqlite3_open_v2(file, &target, flags, NULL);
    struct fault fault = sqlite_fault(code);
    if (!failed(fault))
        fault = copy_into(source, target, goes_on, context);
    sqlite3_close(target);
    return fault;
}

struct fault sqlite_copy(struct engine *engine, const char *file, bool (*goes_on)(void *context),
                         void *context)
{
    struct sqlite_engine *self = sqlite_engine_of(engine);
    int descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0)
        return fault_make(FAULT_UNAVAILABLE, STR("copy"), STR("the copy cannot be made"));
    close(descriptor); /* now: closing it later would drop the database's locks */
    static const char begin[] = "BEGIN; SELECT count(*) FROM sqlite_schema;";
    int code = sqlite3_exec(self->database, begin, NULL, NULL, NULL);
    struct fault fault = sqlite_fault(code);
    if (!failed(fault))
        fault = copy_to_file(self->database, file, goes_on, context);
    if (sqlite3_get_autocommit(self->database) == 0)
        sqlite3_exec(self->database, "ROLLBACK", NULL, NULL, NULL);
    if (failed(fault))
        unlink(file);
    return fault;
}
