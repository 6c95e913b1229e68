/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk_shim - what a process does to the files of one directory, written down and made to fail.
 *
 * Loaded before the C library (LD_PRELOAD). Of every call that touches a file below
 * DISK_SHIM_DIRECTORY, one at a time and in the order it happened:
 *
 *   - what it changed is appended to the journal (DISK_SHIM_JOURNAL), from which power_cut.py makes
 *     the directory as a loss of power may leave it;
 *   - it is counted in a page shared with the tester (DISK_SHIM_CONTROL, struct control), who says
 *     which one fails, how, and whether all that follow fail too.
 *
 * Shared memory is no durable state: what is written through mmap is not in the journal.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "journal.h"

static bool is_directory(int file)
{
    struct stat status;
    return NEXT(fstat)(file, &status) == 0 && S_ISDIR(status.st_mode);
}

/* ---- opening and closing ----------------------------------------------------------------- */

static int open_below(int directory, const char *path, int flags, mode_t mode, const char *name)
{
    bool is_making = (flags & O_CREAT) != 0;
    shim_lock();
    enum how how = shim_next_fate(OPEN, name, is_making);
    bool was_there = NEXT(faccessat)(directory, path, F_OK, 0) == 0;
    int file = -1;
    if (how != HOW_NOTHING)
        errno = shim_error_of(how);
    else
        file = NEXT(openat)(directory, path, flags, mode);
    int error = errno;
    if (file >= 0) {
        shim_remember(file, name);
        if (is_making && !was_there)
            shim_note(&(struct touched){.call = CREATE, .name = shim_name_of(file)});
        if ((flags & O_TRUNC) != 0 && was_there)
            shim_note(&(struct touched){.call = TRUNCATE, .name = shim_name_of(file)});
    }
    shim_unlock();
    errno = error;
    return file;
}

static int open_any(int directory, const char *path, int flags, mode_t mode)
{
    char room[NAME_BYTES_MAX];
    const char *name = shim_name_at(directory, path, room);
    return name == NULL ? NEXT(openat)(directory, path, flags, mode)
                        : open_below(directory, path, flags, mode, name);
}

static mode_t mode_of(int flags, va_list more)
{
    bool has_mode = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
    return has_mode ? va_arg(more, mode_t) : 0;
}

#define SHIM_OPEN(function)                                                                        \
    int function(const char *path, int flags, ...)                                                 \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return open_any(AT_FDCWD, path, flags, mode);                                              \
    }
#define SHIM_OPENAT(function)                                                                      \
    int function(int directory, const char *path, int flags, ...)                                  \
    {                                                                                              \
        va_list more;                                                                              \
        va_start(more, flags);                                                                     \
        mode_t mode = mode_of(flags, more);                                                        \
        va_end(more);                                                                              \
        return open_any(directory, path, flags, mode);                                             \
    }
SHIM_OPEN(open)
SHIM_OPEN(open64)
SHIM_OPENAT(openat)
SHIM_OPENAT(openat64)

int close(int file)
{
    shim_forget(file);
    return NEXT(close)(file);
}

int closedir(DIR *listing)
{
    shim_forget(dirfd(listing));
    return NEXT(closedir)(listing);
}

/* ---- moving bytes ------------------------------------------------------------------------ */

typedef ssize_t transfer(int file, void *data, size_t size, off_t offset);

/* offset -1: where the file stands. */
static ssize_t move(enum call call, int file, void *data, size_t size, off_t offset,
                    transfer *forward)
{
    const char *name = shim_name_of(file);
    if (name == NULL)
        return forward(file, data, size, offset);
    shim_lock();
    enum how how = shim_next_fate(call, name, false);
    ssize_t moved = -1;
    off_t at = offset >= 0 ? offset : lseek(file, 0, SEEK_CUR);
    if (how == HOW_SHORT && size > 1)
        size /= 2;
    if (how == HOW_NOTHING || how == HOW_SHORT)
        moved = forward(file, data, size, offset);
    else
        errno = shim_error_of(how);
    int error = errno;
    if (call == WRITE && moved > 0)
        shim_note(&(struct touched){.call = WRITE,
                                    .name = name,
                                    .offset = (uint64_t)at,
                                    .data = data,
                                    .data_bytes = (size_t)moved});
    shim_unlock();
    errno = error;
    return moved;
}

static ssize_t forward_write(int file, void *data, size_t size, off_t offset)
{
    return offset < 0 ? NEXT(write)(file, data, size) : NEXT(pwrite)(file, data, size, offset);
}

static ssize_t forward_read(int file, void *data, size_t size, off_t offset)
{
    return offset < 0 ? NEXT(read)(file, data, size) : NEXT(pread)(file, data, size, offset);
}

static ssize_t move_out(int file, const void *data, size_t size, off_t offset)
{
    union {
        const void *from;
        void *to;
    } bytes = {data};
    return move(WRITE, file, bytes.to, size, offset, forward_write);
}

ssize_t write(int file, const void *data, size_t size)
{
    return move_out(file, data, size, -1);
}

ssize_t pwrite(int file, const void *data, size_t size, off_t offset)
{
    return move_out(file, data, size, offset);
}

ssize_t pwrite64(int file, const void *data, size_t size, off64_t offset)
{
    return move_out(file, data, size, offset);
}

ssize_t read(int file, void *data, size_t size)
{
    return move(READ, file, data, size, -1, forward_read);
}

ssize_t pread(int file, void *data, size_t size, off_t offset)
{
    return move(READ, file, data, size, offset, forward_read);
}

ssize_t pread64(int file, void *data, size_t size, off64_t offset)
{
    return move(READ, file, data, size, offset, forward_read);
}

/* ---- the rest, which succeeds or does not ------------------------------------------------- */

/* Locked by begin() when it says so; ended by end() with what the call itself answered. */
static bool begin(enum call call, const char *name, int *result)
{
    shim_lock();
    enum how how = shim_next_fate(call, name, false);
    *result = -1;
    if (how != HOW_NOTHING)
        errno = shim_error_of(how);
    return how == HOW_NOTHING;
}

static int end(int result, const struct touched *touched)
{
    int error = errno;
    if (result == 0 && touched != NULL)
        shim_note(touched);
    shim_unlock();
    errno = error;
    return result;
}

static int truncate_file(int file, off_t size)
{
    const char *name = shim_name_of(file);
    if (name == NULL)
        return NEXT(ftruncate)(file, size);
    int result = -1;
    if (begin(TRUNCATE, name, &result))
        result = NEXT(ftruncate)(file, size);
    return end(result, &(struct touched){.call = TRUNCATE, .name = name, .offset = (uint64_t)size});
}

int ftruncate(int file, off_t size)
{
    return truncate_file(file, size);
}

int ftruncate64(int file, off64_t size)
{
    return truncate_file(file, size);
}

static int sync_file(int file, int (*forward)(int file))
{
    const char *name = shim_name_of(file);
    if (name == NULL)
        return forward(file);
    int result = -1;
    if (begin(SYNC, name, &result))
        result = forward(file);
    return end(result,
               &(struct touched){.call = SYNC, .name = name, .is_directory = is_directory(file)});
}

int fsync(int file)
{
    return sync_file(file, NEXT(fsync));
}

int fdatasync(int file)
{
    return sync_file(file, NEXT(fdatasync));
}

int renameat(int from_directory, const char *from, int to_directory, const char *to)
{
    char rooms[2][NAME_BYTES_MAX];
    const char *name = shim_name_at(from_directory, from, rooms[0]);
    const char *other = shim_name_at(to_directory, to, rooms[1]);
    if (name == NULL || other == NULL)
        return NEXT(renameat)(from_directory, from, to_directory, to);
    int result = -1;
    if (begin(RENAME, name, &result))
        result = NEXT(renameat)(from_directory, from, to_directory, to);
    return end(result, &(struct touched){.call = RENAME, .name = name + 1, .other = other + 1});
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int unlinkat(int directory, const char *path, int flags)
{
    char room[NAME_BYTES_MAX];
    const char *name = shim_name_at(directory, path, room);
    if (name == NULL)
        return NEXT(unlinkat)(directory, path, flags);
    int result = -1;
    if (begin(UNLINK, name, &result))
        result = NEXT(unlinkat)(directory, path, flags);
    return end(result, &(struct touched){.call = UNLINK, .name = name + 1});
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int mkdir(const char *path, mode_t mode)
{
    const char *name = shim_below(path);
    if (name == NULL)
        return NEXT(mkdir)(path, mode);
    int result = -1;
    if (begin(MAKE_DIRECTORY, name, &result))
        result = NEXT(mkdir)(path, mode);
    return end(result, NULL);
}

int fstat(int file, struct stat *status)
{
    const char *name = shim_name_of(file);
    if (name == NULL)
        return NEXT(fstat)(file, status);
    int result = -1;
    if (begin(STAT, name, &result))
        result = NEXT(fstat)(file, status);
    return end(result, NULL);
}

int fstat64(int file, struct stat64 *status)
{
    const char *name = shim_name_of(file);
    if (name == NULL)
        return NEXT(fstat64)(file, status);
    int result = -1;
    if (begin(STAT, name, &result))
        result = NEXT(fstat64)(file, status);
    return end(result, NULL);
}

static void *map_file(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    const char *name = shim_name_of(file);
    int result = -1;
    void *page = MAP_FAILED;
    if (name == NULL)
        return NEXT(mmap)(at, size, protection, flags, file, offset);
    if (begin(MAP, name, &result))
        page = NEXT(mmap)(at, size, protection, flags, file, offset);
    else
        errno = ENOMEM;
    end(result, NULL);
    return page;
}

void *mmap(void *at, size_t size, int protection, int flags, int file, off_t offset)
{
    return map_file(at, size, protection, flags, file, offset);
}

void *mmap64(void *at, size_t size, int protection, int flags, int file, off64_t offset)
{
    return map_file(at, size, protection, flags, file, offset);
}
