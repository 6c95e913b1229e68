/* SPDX-License-Identifier: Apache-2.0 */
/* journal - the shim's book: see journal.h. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include <unistd.h>

#include "journal.h"

static struct shim {
    pthread_mutex_t lock;
    char directory[PATH_MAX];
    size_t directory_bytes;
    struct control *control;
    int journal;
    char names[FILES_MAX][NAME_BYTES_MAX]; /* by descriptor; [0] is '/' of those that are ours */
} shim = {.lock = PTHREAD_MUTEX_INITIALIZER, .journal = -1};

void shim_lock(void)
{
    pthread_mutex_lock(&shim.lock);
}

void shim_unlock(void)
{
    pthread_mutex_unlock(&shim.lock);
}

__attribute__((constructor)) static void shim_open(void)
{
    const char *directory = getenv("DISK_SHIM_DIRECTORY");
    const char *control = getenv("DISK_SHIM_CONTROL");
    const char *journal = getenv("DISK_SHIM_JOURNAL");
    if (directory == NULL || strlen(directory) >= sizeof(shim.directory))
        return;
    if (control != NULL) {
        int file = NEXT(open)(control, O_RDWR | O_CLOEXEC);
        void *page =
            NEXT(mmap)(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
        if (page == MAP_FAILED)
            abort();
        shim.control = page;
        NEXT(close)(file);
    }
    if (journal != NULL) {
        int file = NEXT(open)(journal, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        /* Out of the way of what the program itself opens first. */
        shim.journal = file < 0 ? -1 : fcntl(file, F_DUPFD_CLOEXEC, 900);
        NEXT(close)(file);
    }
    pthread_atfork(shim_lock, shim_unlock, shim_unlock);
    shim.directory_bytes = strlen(directory);
    memcpy(shim.directory, directory, shim.directory_bytes + 1);
}

/* ---- which files ------------------------------------------------------------------------- */

/* The path behind the directory's: "" or "/name"; NULL when it is not below it. */
const char *shim_below(const char *path)
{
    size_t size = shim.directory_bytes;
    if (size == 0 || strncmp(path, shim.directory, size) != 0)
        return NULL;
    const char *rest = path + size;
    if (rest[0] != '\0' && rest[0] != '/')
        return NULL;
    return strlen(rest) < NAME_BYTES_MAX - 1 ? rest : NULL;
}

const char *shim_name_of(int file)
{
    bool is_ours = file >= 0 && file < FILES_MAX && shim.names[file][0] == '/';
    return is_ours ? shim.names[file] + 1 : NULL;
}

/* Into `room`, as "" or "/name"; NULL when it is not ours. */
const char *shim_name_at(int directory, const char *path, char room[NAME_BYTES_MAX])
{
    if (path[0] == '/')
        return shim_below(path);
    const char *base = directory == AT_FDCWD ? NULL : shim_name_of(directory);
    if (base == NULL || base[0] != '\0')
        return NULL;
    if (strcmp(path, ".") == 0)
        return "";
    if (snprintf(room, NAME_BYTES_MAX, "/%s", path) >= NAME_BYTES_MAX)
        return NULL;
    return room;
}

void shim_remember(int file, const char *name)
{
    if (file < 0 || file >= FILES_MAX)
        return;
    shim.names[file][0] = '/';
    snprintf(shim.names[file] + 1, NAME_BYTES_MAX - 1, "%s", name[0] == '/' ? name + 1 : name);
}

void shim_forget(int file)
{
    if (file >= 0 && file < FILES_MAX)
        shim.names[file][0] = '\0';
}

/* ---- failing ----------------------------------------------------------------------------- */

static bool can_befall(enum how how, enum call call, bool is_making)
{
    bool is_moving = call == WRITE || call == READ;
    switch (how) {
    case HOW_EIO:
        return true;
    case HOW_ENOSPC:
        return call == WRITE || call == TRUNCATE || call == SYNC || call == RENAME ||
               call == MAKE_DIRECTORY || (call == OPEN && is_making);
    case HOW_EINTR:
        return is_moving || call == TRUNCATE || call == OPEN;
    case HOW_SHORT:
        return is_moving;
    case HOW_KILL: /* between any two calls that leave something behind */
        return call != READ && call != STAT && call != MAP && (call != OPEN || is_making);
    case HOW_NOTHING:
        break;
    }
    return false;
}

/* An interrupted call is asked again; if every one were interrupted, nobody would ever get on. */
static bool is_its_turn(const struct control *control, uint64_t number)
{
    if (control->fails_at == 0 || number < control->fails_at)
        return false;
    if (number == control->fails_at)
        return true;
    return control->goes_on && (control->how != HOW_EINTR || (number - control->fails_at) % 2 == 0);
}

/* Under the lock. Whether this call fails, and how. */
enum how shim_next_fate(enum call call, const char *name, bool is_making)
{
    struct control *control = shim.control;
    if (control == NULL)
        return HOW_NOTHING;
    atomic_fetch_add(&control->seen[call], 1);
    if (!can_befall((enum how)control->how, call, is_making))
        return HOW_NOTHING;
    uint64_t number = atomic_fetch_add(&control->count, 1) + 1;
    if (!is_its_turn(control, number))
        return HOW_NOTHING;
    atomic_fetch_add(&control->hits, 1);
    if (call == SYNC)
        atomic_fetch_add(&control->failed_syncs, 1);
    snprintf(control->last, sizeof(control->last), "%d %.140s", (int)call, name);
    if (control->how == HOW_KILL)
        kill(getpid(), SIGKILL);
    return (enum how)control->how;
}

int shim_error_of(enum how how)
{
    if (how == HOW_ENOSPC)
        return ENOSPC;
    return how == HOW_EINTR ? EINTR : EIO;
}

/* ---- the journal ------------------------------------------------------------------------- */

void shim_note(const struct touched *touched)
{
    if (shim.journal < 0)
        return;
    const char *other = touched->other == NULL ? "" : touched->other;
    const struct record record = {(uint32_t)touched->call, (uint32_t)strlen(touched->name),
                                  (uint32_t)strlen(other), touched->is_directory,
                                  touched->offset,         touched->data_bytes};
    union {
        const void *from;
        void *to;
    } data = {touched->data}, name = {touched->name}, second = {other}, head = {&record};
    const struct iovec pieces[] = {{head.to, sizeof(record)},
                                   {name.to, record.name_bytes},
                                   {second.to, record.other_bytes},
                                   {data.to, touched->data_bytes}};
    size_t size = sizeof(record) + record.name_bytes + record.other_bytes + touched->data_bytes;
    if (NEXT(writev)(shim.journal, pieces, 4) != (ssize_t)size)
        abort();
}
