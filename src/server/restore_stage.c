/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_stage - a copy of the backup in a directory of its own, and proof that it is a store.
 *
 * What is proven: the digest that lies beside the file; every page, index and reference of the
 * database; a schema this program knows, brought up to date in the copy; the checksum of every
 * document, past ones as well; the whole chain of the audit trail; that every environment compiles.
 */
#include "server/restore.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "change/follow.h"

enum { COPY_BYTES = 256 * 1024, HEX_BYTES = 64 };

static struct fault refuse(struct restore *restore, const char *why)
{
    return fault_make(FAULT_UNAVAILABLE, restore->file,
                      arena_format(&restore->arena, "%.*s: %s", STR_ARG(restore->file), why));
}

static struct fault refuse_because(struct restore *restore, struct fault fault)
{
    return refuse(restore, arena_format(&restore->arena, "%.*s", STR_ARG(fault.why)).data);
}

/* ---- the directory -------------------------------------------------------------------------- */

static void empty_directory(const char *path)
{
    /* Who owns the data directory may have put a link there for who is more than they are. */
    int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *listing = directory < 0 ? NULL : fdopendir(directory);
    if (listing == NULL && directory >= 0)
        close(directory);
    if (listing == NULL)
        return;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(listing), entry->d_name, 0);
    }
    closedir(listing);
}

void restore_unstage(struct restore *restore)
{
    if (restore->view != NULL)
        view_release(restore->view);
    restore->view = NULL;
    store_close(restore->store);
    restore->store = NULL;
    if (restore->staging != NULL) {
        empty_directory(restore->staging);
        rmdir(restore->staging);
    }
    restore->staging = NULL;
}

static struct fault make_staging(struct restore *restore)
{
    restore->staging = arena_format(&restore->arena, "%s/restoring", restore->directory).data;
    empty_directory(restore->staging); /* what one that was killed has left */
    struct stat status;
    bool is_there = mkdir(restore->staging, 0700) == 0 || errno == EEXIST;
    if (is_there && lstat(restore->staging, &status) == 0 && S_ISDIR(status.st_mode))
        return fault_none();
    return refuse(restore, "no copy of it can be made in the data directory");
}

/* ---- copying -------------------------------------------------------------------------------- */

static bool write_all(int file, const unsigned char *data, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, data, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        data += written;
        size -= (size_t)written;
    }
    return true;
}

struct copy {
    int from, to;
    uint64_t bytes;
    struct sha256 sha256;
    unsigned char piece[COPY_BYTES];
};

/* NULL, or what went wrong. */
static const char *copy_pieces(struct copy *copy)
{
    for (;;) {
        ssize_t got = read(copy->from, copy->piece, COPY_BYTES);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return "it cannot be read whole";
        if (got == 0)
            return fsync(copy->to) == 0 ? NULL : "its copy cannot be written";
        if (!write_all(copy->to, copy->piece, (size_t)got))
            return errno == ENOSPC ? "the disk is full" : "its copy cannot be written";
        sha256_add(&copy->sha256, (struct str){(const char *)copy->piece, (size_t)got});
        copy->bytes += (uint64_t)got;
    }
}

/* Says nothing of a file that is not there: *bytes stays 0. */
static const char *copy_file(const char *from, const char *to, unsigned char digest[32],
                             uint64_t *bytes)
{
    struct copy *copy = MEMORY_NEW(struct copy);
    const char *why = NULL;
    sha256_begin(&copy->sha256);
    copy->from = open(from, O_RDONLY | O_CLOEXEC);
    copy->to = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (copy->from < 0)
        why = "it cannot be read";
    else if (copy->to < 0)
        why = "its copy cannot be written";
    else
        why = copy_pieces(copy);
    if (copy->from >= 0)
        close(copy->from);
    if (copy->to >= 0 && close(copy->to) != 0 && why == NULL)
        why = "its copy cannot be written";
    sha256_end(&copy->sha256, digest);
    *bytes = copy->bytes;
    memory_free(copy);
    return why;
}

/* A store that was not closed in order has its last changes in a log beside it. */
static struct fault copy_log(struct restore *restore, const char *file)
{
    const char *log = arena_format(&restore->arena, "%s-wal", file).data;
    const char *to =
        arena_format(&restore->arena, "%s/" STORE_FILE_NAME "-wal", restore->staging).data;
    struct stat status;
    unsigned char digest[32];
    uint64_t bytes = 0;
    if (stat(log, &status) != 0 || status.st_size == 0)
        return fault_none();
    const char *why = copy_file(log, to, digest, &bytes);
    return why == NULL ? fault_none() : refuse(restore, why);
}

static struct fault copy_backup(struct restore *restore)
{
    const char *file = arena_format(&restore->arena, "%.*s", STR_ARG(restore->file)).data;
    const char *to = arena_format(&restore->arena, "%s/" STORE_FILE_NAME, restore->staging).data;
    struct stat status;
    unsigned char digest[32];
    if (stat(file, &status) != 0)
        return fault_make(FAULT_MISSING, restore->file,
                          arena_format(&restore->arena, "there is no file %s", file));
    if (!S_ISREG(status.st_mode))
        return refuse(restore, "it is no file");
    const char *why = copy_file(file, to, digest, &restore->file_bytes);
    if (why != NULL)
        return refuse(restore, why);
    restore->digest = sha256_hex(&restore->arena, digest);
    return copy_log(restore, file);
}

/* ---- digest --------------------------------------------------------------------------------- */

/* As sha256sum(1) writes it: 64 digits, then a name. */
static struct fault check_digest(struct restore *restore)
{
    char written[HEX_BYTES];
    const char *beside = arena_format(&restore->arena, "%.*s.sha256", STR_ARG(restore->file)).data;
    int file = open(beside, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return errno == ENOENT ? fault_none()
                               : refuse(restore, "the digest beside it cannot be read");
    ssize_t got = read(file, written, sizeof(written));
    close(file);
    if (got != HEX_BYTES ||
        !str_equal_ignoring_case((struct str){written, HEX_BYTES}, restore->digest))
        return refuse(restore, "it is not the file that the digest beside it was made of");
    const char *log =
        arena_format(&restore->arena, "%s/" STORE_FILE_NAME "-wal", restore->staging).data;
    if (access(log, F_OK) == 0)
        return refuse(restore, "a log of changes lies beside it (-wal), which its digest says "
                               "nothing of: move one of the two away");
    restore->is_digest_checked = true;
    return fault_none();
}

/* An empty file would be opened as an empty store, and not be missed. */
static struct fault check_beginning(struct restore *restore)
{
    static const char magic[16] = "SQLite format 3";
    char beginning[sizeof(magic)];
    const char *copy = arena_format(&restore->arena, "%s/" STORE_FILE_NAME, restore->staging).data;
    int file = open(copy, O_RDONLY | O_CLOEXEC);
    ssize_t got = file < 0 ? -1 : read(file, beginning, sizeof(beginning));
    if (file >= 0)
        close(file);
    if (got != (ssize_t)sizeof(beginning) || memcmp(beginning, magic, sizeof(magic)) != 0)
        return refuse(restore, "it is no backup: not the file of a database");
    return fault_none();
}

/* ---- the store ------------------------------------------------------------------------------ */

/* As it is, before anything is made of it. */
static struct fault examine(struct restore *restore)
{
    struct store *store = NULL;
    struct fault fault = store_open(&store, str_of(restore->staging), STORE_EXAMINER);
    if (!failed(fault))
        fault = store_check_pages(store, false);
    if (!failed(fault))
        fault = store_examine(store, &restore->facts);
    store_close(store);
    return failed(fault) ? refuse_because(restore, fault) : fault;
}

static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

/* Loads and compiles all there is. */
static struct fault follow(struct restore *restore)
{
    struct fault fault =
        follow_everything(restore->store, render_nothing, restore->now_ms, &restore->view);
    if (failed(fault))
        return refuse_because(restore, fault);
    if (restore->view->catalog->user_count == 0)
        return refuse(restore, "nobody is in it: with it, a start would be a first start");
    return fault;
}

static struct fault verify(struct restore *restore)
{
    struct fault fault = store_open(&restore->store, str_of(restore->staging), STORE_WRITER);
    if (!failed(fault))
        fault = store_check_contents(restore->store);
    if (!failed(fault))
        fault = store_verify_audit(restore->store, &restore->arena);
    if (fault.kind == FAULT_INVALID)
        return refuse(restore, arena_format(&restore->arena,
                                            "row %.*s of its audit trail is not as it was"
                                            " written",
                                            STR_ARG(fault.where))
                                   .data);
    return failed(fault) ? refuse_because(restore, fault) : follow(restore);
}

struct fault restore_stage(struct restore *restore)
{
    struct fault fault = make_staging(restore);
    if (!failed(fault))
        fault = copy_backup(restore);
    if (!failed(fault))
        fault = check_digest(restore);
    if (!failed(fault))
        fault = check_beginning(restore);
    if (!failed(fault))
        fault = examine(restore);
    if (!failed(fault))
        fault = verify(restore);
    return fault;
}
