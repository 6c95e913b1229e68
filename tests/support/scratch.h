/* SPDX-License-Identifier: Apache-2.0 */
/* scratch - a directory of one's own under $TMPDIR or /tmp, and its end. */
#ifndef SUPPORT_SCRATCH_H
#define SUPPORT_SCRATCH_H

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/str.h"

struct scratch {
    char path[256];
};

static inline struct str scratch_path(const struct scratch *scratch)
{
    return str_of(scratch->path);
}

/* Where it is made. */
static inline const char *scratch_parent(void)
{
    const char *parent = getenv("TMPDIR");
    return parent == NULL ? "/tmp" : parent;
}

static inline bool scratch_open(struct scratch *scratch)
{
    snprintf(scratch->path, sizeof(scratch->path), "%s/guidon-test-XXXXXX", scratch_parent());
    return mkdtemp(scratch->path) != NULL;
}

/* Files of the directory, not of directories in it: there are none. */
static inline void scratch_empty(const struct scratch *scratch)
{
    DIR *directory = opendir(scratch->path);
    if (directory == NULL)
        return;
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            unlinkat(dirfd(directory), entry->d_name, 0);
    }
    closedir(directory);
}

static inline void scratch_close(struct scratch *scratch)
{
    scratch_empty(scratch);
    rmdir(scratch->path);
    scratch->path[0] = '\0';
}

#endif
