/* SPDX-License-Identifier: Apache-2.0 */
/* backup - a copy of the whole store as of one moment: see backup.h. */
#include "change/backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/random.h"
#include "base/sha256.h"
#include "change/internal.h"

enum { NAME_BYTES = 22, READ_BYTES = 256 * 1024 };

/* What a copy must leave free: the writer goes on beside it. */
static const uint64_t reserved_bytes = (uint64_t)64 * 1024 * 1024;

#define COPY_PREFIX "backup-"
#define COPY_SUFFIX ".partial"

static struct fault refuse(struct str why)
{
    return fault_make(FAULT_UNAVAILABLE, STR("backup"), why);
}

/* ---- what a crash left ------------------------------------------------------------------------
 */

static bool is_copy(const char *name)
{
    return str_starts_with(str_of(name), STR(COPY_PREFIX)) &&
           (str_ends_with(str_of(name), STR(COPY_SUFFIX)) ||
            str_ends_with(str_of(name), STR(COPY_SUFFIX "-journal")));
}

void backups_sweep(struct str directory)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%.*s", STR_ARG(directory)) >= (int)sizeof(path))
        return;
    DIR *listing = opendir(path);
    if (listing == NULL)
        return;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (is_copy(entry->d_name))
            unlinkat(dirfd(listing), entry->d_name, 0);
    }
    closedir(listing);
}

/* ---- making one -------------------------------------------------------------------------------
 */

static struct fault check_room(struct str directory, struct arena *arena)
{
    const char *folder = arena_format(arena, "%.*s", STR_ARG(directory)).data;
    const char *file = arena_format(arena, "%s/" STORE_FILE_NAME, folder).data;
    struct stat status;
    struct statvfs room;
    if (stat(file, &status) != 0 || statvfs(folder, &room) != 0)
        return refuse(STR("the data directory cannot be examined"));
    uint64_t free_bytes = (uint64_t)room.f_bavail * room.f_frsize;
    if (free_bytes < (uint64_t)status.st_size + reserved_bytes)
        return refuse(STR("the disk has no room for a copy of the store"));
    return fault_none();
}

static struct fault copy_store(struct changer *changer, const char *file,
                               const struct copying *copying)
{
    struct store *reader = NULL;
    struct fault fault = store_open(&reader, changer->config.directory, STORE_READER);
    if (!failed(fault))
        fault = store_copy(reader, file, copying);
    store_close(reader);
    return fault;
}

/* Reads it once from beginning to end: what is sent is what was read here. */
static struct fault digest_copy(struct backup *backup, const struct copying *copying)
{
    char *piece = memory_allocate(READ_BYTES);
    struct sha256 sha256;
    sha256_begin(&sha256);
    uint64_t at = 0;
    while (at < backup->size && (copying->goes_on == NULL || copying->goes_on(copying->context))) {
        ssize_t got = pread(backup->descriptor, piece, READ_BYTES, (off_t)at);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            break;
        sha256_add(&sha256, (struct str){piece, (size_t)got});
        at += (uint64_t)got;
    }
    sha256_end(&sha256, backup->digest);
    memory_free(piece);
    return at == backup->size ? fault_none() : refuse(STR("the copy cannot be read"));
}

/* Opened by its name once more, which is then taken from it. */
static struct fault take_copy(struct backup *backup, const char *file)
{
    struct stat status;
    backup->descriptor = open(file, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    bool is_there = backup->descriptor >= 0 && fstat(backup->descriptor, &status) == 0;
    unlink(file);
    if (!is_there)
        return refuse(STR("the copy cannot be read"));
    backup->size = (uint64_t)status.st_size;
    return fault_none();
}

static struct fault make_backup(struct backup *backup, const struct copying *copying)
{
    struct changer *changer = backup->changer;
    char name[NAME_BYTES];
    random_base62(name, sizeof(name));
    struct arena arena;
    arena_open(&arena, 1024);
    const char *file = arena_format(&arena, "%.*s/" COPY_PREFIX "%.*s" COPY_SUFFIX,
                                    STR_ARG(changer->config.directory), NAME_BYTES, name)
                           .data;
    backup->at_ms = clock_wall_ms(changer->config.clock);
    struct fault fault = check_room(changer->config.directory, &arena);
    if (!failed(fault))
        fault = copy_store(changer, file, copying);
    if (!failed(fault))
        fault = take_copy(backup, file);
    if (!failed(fault))
        fault = digest_copy(backup, copying);
    arena_close(&arena);
    return fault;
}

struct fault change_open_backup(struct changer *changer, const struct copying *copying,
                                struct backup **backup)
{
    *backup = NULL;
    if (changer->store == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("store"), STR("the store is away"));
    if (atomic_exchange(&changer->is_backing_up, true))
        return refuse(STR("another backup is under way"));
    struct backup *made = MEMORY_NEW(struct backup);
    made->changer = changer;
    made->descriptor = -1;
    struct fault fault = make_backup(made, copying);
    if (failed(fault))
        change_close_backup(made);
    else
        *backup = made;
    return fault;
}

void change_close_backup(struct backup *backup)
{
    if (backup->descriptor >= 0)
        close(backup->descriptor);
    atomic_store(&backup->changer->is_backing_up, false);
    memory_free(backup);
}
