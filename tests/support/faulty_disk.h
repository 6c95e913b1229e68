/* SPDX-License-Identifier: Apache-2.0 */
/*
 * faulty_disk - a disk that fails when told to, and loses what was not synced when the power goes.
 *
 * Wraps SQLite's own way to the files (its default VFS) while it is plugged in. Every write, sync
 * and truncation is an operation; the n-th can be told to fail, alone or with all that follow. A
 * sync only marks what was written before as kept: faulty_disk_cut_power() then puts the files
 * into a state a power cut may leave, in which any part of what was not kept is missing.
 */
#ifndef SUPPORT_FAULTY_DISK_H
#define SUPPORT_FAULTY_DISK_H

#include <fcntl.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum faulty_disk_mode { DISK_FAILS_ONCE, DISK_STAYS_BROKEN };

/* A write (or a truncation: no bytes) that no sync has followed yet. */
struct unkept {
    struct unkept *older;
    char path[300];
    sqlite3_int64 size_before;
    sqlite3_int64 offset;
    int bytes;
    bool is_truncation;
    char *before, *after;
};

struct faulty_disk {
    sqlite3_vfs vfs; /* its first member: SQLite's pointer to it is a pointer to us */
    sqlite3_vfs *real;
    size_t operations; /* since the count was last set to nothing */
    size_t fails_at;   /* 0: never */
    enum faulty_disk_mode mode;
    bool is_broken;
    bool is_full; /* a write that fails found no room */
    struct unkept *newest;
};

struct faulty_file {
    sqlite3_file base;
    struct faulty_disk *disk;
    char path[300];
    sqlite3_file *real;
};

/* ---- what fails, and what is kept ----------------------------------------------------------- */

static inline bool faulty_disk_fails(struct faulty_disk *disk)
{
    disk->operations++;
    if (disk->is_broken)
        return true;
    if (disk->fails_at == 0 || disk->operations != disk->fails_at)
        return false;
    disk->is_broken = disk->mode == DISK_STAYS_BROKEN;
    return true;
}

static inline void faulty_free(struct unkept *entry)
{
    free(entry->before);
    free(entry->after);
    free(entry);
}

/* path NULL: of every file. */
static inline void faulty_keep(struct faulty_disk *disk, const char *path)
{
    struct unkept **link = &disk->newest;
    while (*link != NULL) {
        struct unkept *entry = *link;
        if (path != NULL && strcmp(entry->path, path) != 0) {
            link = &entry->older;
            continue;
        }
        *link = entry->older;
        faulty_free(entry);
    }
}

static inline void faulty_note(struct faulty_file *file, const void *data, int bytes,
                               sqlite3_int64 offset, bool is_truncation)
{
    struct unkept *entry = calloc(1, sizeof(*entry));
    snprintf(entry->path, sizeof(entry->path), "%s", file->path);
    file->real->pMethods->xFileSize(file->real, &entry->size_before);
    entry->offset = offset;
    entry->is_truncation = is_truncation;
    /* Of a truncation what is cut off; of a write what it overwrites. */
    sqlite3_int64 lost = is_truncation ? entry->size_before - offset : bytes;
    entry->bytes = lost > 0 ? (int)lost : 0;
    entry->before = calloc(1, (size_t)entry->bytes + 1);
    file->real->pMethods->xRead(file->real, entry->before, entry->bytes, offset);
    entry->after = calloc(1, (size_t)bytes + 1);
    if (data != NULL)
        memcpy(entry->after, data, (size_t)bytes);
    entry->older = file->disk->newest;
    file->disk->newest = entry;
}

/* ---- a file --------------------------------------------------------------------------------- */

static inline struct faulty_file *faulty_file_of(sqlite3_file *file)
{
    return (struct faulty_file *)file;
}

static inline sqlite3_file *faulty_real(sqlite3_file *file)
{
    return faulty_file_of(file)->real;
}

static inline int faulty_close(sqlite3_file *file)
{
    sqlite3_file *real = faulty_real(file);
    int code = real->pMethods == NULL ? SQLITE_OK : real->pMethods->xClose(real);
    free(real);
    return code;
}

static inline int faulty_read(sqlite3_file *file, void *data, int bytes, sqlite3_int64 offset)
{
    return faulty_real(file)->pMethods->xRead(faulty_real(file), data, bytes, offset);
}

static inline int faulty_write(sqlite3_file *file, const void *data, int bytes,
                               sqlite3_int64 offset)
{
    if (faulty_disk_fails(faulty_file_of(file)->disk))
        return faulty_file_of(file)->disk->is_full ? SQLITE_FULL : SQLITE_IOERR_WRITE;
    faulty_note(faulty_file_of(file), data, bytes, offset, false);
    return faulty_real(file)->pMethods->xWrite(faulty_real(file), data, bytes, offset);
}

static inline int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (faulty_disk_fails(faulty_file_of(file)->disk))
        return SQLITE_IOERR_TRUNCATE;
    faulty_note(faulty_file_of(file), NULL, 0, size, true);
    return faulty_real(file)->pMethods->xTruncate(faulty_real(file), size);
}

static inline int faulty_sync(sqlite3_file *file, int flags)
{
    (void)flags; /* the real disk need not be asked: what it would do is modelled here */
    if (faulty_disk_fails(faulty_file_of(file)->disk))
        return SQLITE_IOERR_FSYNC;
    faulty_keep(faulty_file_of(file)->disk, faulty_file_of(file)->path);
    return SQLITE_OK;
}

static inline int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return faulty_real(file)->pMethods->xFileSize(faulty_real(file), size);
}

static inline int faulty_lock(sqlite3_file *file, int level)
{
    return faulty_real(file)->pMethods->xLock(faulty_real(file), level);
}

static inline int faulty_unlock(sqlite3_file *file, int level)
{
    return faulty_real(file)->pMethods->xUnlock(faulty_real(file), level);
}

static inline int faulty_check_lock(sqlite3_file *file, int *result)
{
    return faulty_real(file)->pMethods->xCheckReservedLock(faulty_real(file), result);
}

static inline int faulty_control(sqlite3_file *file, int operation, void *argument)
{
    return faulty_real(file)->pMethods->xFileControl(faulty_real(file), operation, argument);
}

static inline int faulty_sector_size(sqlite3_file *file)
{
    return faulty_real(file)->pMethods->xSectorSize(faulty_real(file));
}

static inline int faulty_characteristics(sqlite3_file *file)
{
    return faulty_real(file)->pMethods->xDeviceCharacteristics(faulty_real(file));
}

static inline int faulty_map(sqlite3_file *file, int page, int size, int extend,
                             void volatile **memory)
{
    return faulty_real(file)->pMethods->xShmMap(faulty_real(file), page, size, extend, memory);
}

static inline int faulty_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return faulty_real(file)->pMethods->xShmLock(faulty_real(file), offset, count, flags);
}

static inline void faulty_barrier(sqlite3_file *file)
{
    faulty_real(file)->pMethods->xShmBarrier(faulty_real(file));
}

static inline int faulty_unmap(sqlite3_file *file, int delete_flag)
{
    return faulty_real(file)->pMethods->xShmUnmap(faulty_real(file), delete_flag);
}

/* ---- the disk -------------------------------------------------------------------------------- */

static inline int faulty_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                              int *out_flags)
{
    static const sqlite3_io_methods methods = {
        .iVersion = 2,
        .xClose = faulty_close,
        .xRead = faulty_read,
        .xWrite = faulty_write,
        .xTruncate = faulty_truncate,
        .xSync = faulty_sync,
        .xFileSize = faulty_size,
        .xLock = faulty_lock,
        .xUnlock = faulty_unlock,
        .xCheckReservedLock = faulty_check_lock,
        .xFileControl = faulty_control,
        .xSectorSize = faulty_sector_size,
        .xDeviceCharacteristics = faulty_characteristics,
        .xShmMap = faulty_map,
        .xShmLock = faulty_shm_lock,
        .xShmBarrier = faulty_barrier,
        .xShmUnmap = faulty_unmap,
    };
    struct faulty_disk *disk = (struct faulty_disk *)vfs;
    struct faulty_file *opened = faulty_file_of(file);
    memset(opened, 0, sizeof(*opened));
    opened->disk = disk;
    snprintf(opened->path, sizeof(opened->path), "%s", path == NULL ? "" : path);
    opened->real = calloc(1, (size_t)disk->real->szOsFile);
    int code = disk->real->xOpen(disk->real, path, opened->real, flags, out_flags);
    if (code != SQLITE_OK) {
        free(opened->real);
        return code;
    }
    opened->base.pMethods = &methods;
    return SQLITE_OK;
}

static inline int faulty_delete(sqlite3_vfs *vfs, const char *path, int sync_directory)
{
    struct faulty_disk *disk = (struct faulty_disk *)vfs;
    if (faulty_disk_fails(disk))
        return SQLITE_IOERR_DELETE;
    faulty_keep(disk, path); /* gone for good, and what was in it */
    return disk->real->xDelete(disk->real, path, sync_directory);
}

/* Everything SQLite opens from now on is on this disk. */
static inline void faulty_disk_plug(struct faulty_disk *disk)
{
    *disk = (struct faulty_disk){.real = sqlite3_vfs_find(NULL)};
    disk->vfs = *disk->real;
    disk->vfs.zName = "faulty";
    disk->vfs.szOsFile = (int)sizeof(struct faulty_file);
    disk->vfs.xOpen = faulty_open;
    disk->vfs.xDelete = faulty_delete;
    disk->vfs.pNext = NULL;
    sqlite3_vfs_register(&disk->vfs, 1);
}

static inline void faulty_disk_fail(struct faulty_disk *disk, size_t nth,
                                    enum faulty_disk_mode mode)
{
    disk->operations = 0;
    disk->fails_at = nth;
    disk->mode = mode;
    disk->is_broken = false;
}

static inline void faulty_disk_repair(struct faulty_disk *disk)
{
    faulty_disk_fail(disk, 0, DISK_FAILS_ONCE);
}

static inline void faulty_put(const struct unkept *entry, const char *data,
                              sqlite3_int64 size_after)
{
    int descriptor = open(entry->path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0)
        return;
    bool is_put = entry->bytes == 0 ||
                  pwrite(descriptor, data, (size_t)entry->bytes, entry->offset) == entry->bytes;
    is_put = (size_after < 0 || ftruncate(descriptor, size_after) == 0) && is_put;
    if (close(descriptor) != 0 || !is_put)
        abort();
}

static inline void faulty_redo(const struct unkept *entry)
{
    if (entry->is_truncation) {
        if (truncate(entry->path, entry->offset) != 0)
            abort();
        return;
    }
    faulty_put(entry, entry->after, -1);
}

/* Nothing of the disk may be open. Of what was not synced each write happened or did not, as the
 * seed decides; 0 loses all of it. */
static inline void faulty_disk_cut_power(struct faulty_disk *disk, uint32_t seed)
{
    struct unkept *oldest = NULL;
    while (disk->newest != NULL) {
        struct unkept *entry = disk->newest;
        disk->newest = entry->older;
        faulty_put(entry, entry->before, entry->size_before);
        entry->older = oldest; /* from here on: the one that came after it */
        oldest = entry;
    }
    while (oldest != NULL) {
        struct unkept *entry = oldest;
        oldest = entry->older;
        seed = seed * 1664525u + 1013904223u * (seed != 0);
        if (seed >> 31 != 0)
            faulty_redo(entry);
        faulty_free(entry);
    }
}

static inline void faulty_disk_unplug(struct faulty_disk *disk)
{
    faulty_keep(disk, NULL);
    sqlite3_vfs_register(disk->real, 1);
    sqlite3_vfs_unregister(&disk->vfs);
}

#endif
