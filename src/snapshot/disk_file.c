/* SPDX-License-Identifier: Apache-2.0 */
/* disk_file - whole files: see disk_file.h. */
#include "snapshot/disk_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct fault disk_fault(const char *why)
{
    return fault_make(FAULT_UNAVAILABLE, STR("snapshot on disk"), str_of(why));
}

static bool write_all(int file, struct str piece)
{
    const char *at = piece.data;
    size_t size = piece.size;
    while (size > 0) {
        ssize_t written = write(file, at, size);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        at += written;
        size -= (size_t)written;
    }
    return true;
}

bool disk_file_read(int file, void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t got = read(file, at, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        size -= (size_t)got;
    }
    return true;
}

static bool write_file(int directory, const char *name, const struct str *pieces,
                       size_t piece_count)
{
    int file = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    bool is_written = true;
    for (size_t i = 0; i < piece_count && is_written; i++)
        is_written = write_all(file, pieces[i]);
    is_written = is_written && fsync(file) == 0;
    bool is_closed = close(file) == 0;
    return is_written && is_closed;
}

struct fault disk_file_replace(int directory, const char *temporary, const char *name,
                               const struct str *pieces, size_t piece_count)
{
    if (!write_file(directory, temporary, pieces, piece_count)) {
        unlinkat(directory, temporary, 0);
        return disk_fault("cannot be written");
    }
    if (renameat(directory, temporary, directory, name) != 0)
        return disk_fault("cannot be renamed");
    if (fsync(directory) != 0)
        return disk_fault("its directory cannot be synced");
    return fault_none();
}

bool disk_list(int directory, void (*visit)(void *context, const char *name), void *context)
{
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (listing == NULL) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        visit(context, entry->d_name);
    closedir(listing);
    return true;
}
