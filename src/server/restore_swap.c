/* SPDX-License-Identifier: Apache-2.0 */
/*
 * restore_swap - the staged copy takes the place of the store: see restore.h.
 *
 * The replaced file gets a second name first, so that one rename does it all: a directory without a
 * store is never seen. Its log must be gone by then, for the new file would take it for its own; so
 * it is moved into the file, or along with it when the file is beyond that. Snapshots on disk of
 * what was before would be served should the new store ever fail to open: a new one is written, and
 * all others go.
 */
#include "server/restore.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/instant.h"
#include "change/follow.h"
#include "snapshot/disk.h"

enum { SAME_NAME_MAX = 100 };

static struct fault refuse(struct restore *restore, const char *why)
{
    return fault_make(FAULT_UNAVAILABLE, restore->data,
                      arena_format(&restore->arena, "%s: %s", restore->directory, why));
}

static const char *name_in(struct restore *restore, const char *directory, const char *name)
{
    return arena_format(&restore->arena, "%s/%s", directory, name).data;
}

static bool is_there(const char *path)
{
    struct stat status;
    return lstat(path, &status) == 0;
}

static bool sync_path(const char *path, int flags)
{
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | flags);
    bool is_synced = descriptor >= 0 && fsync(descriptor) == 0;
    if (descriptor >= 0)
        close(descriptor);
    return is_synced;
}

/* ---- the replaced store --------------------------------------------------------------------- */

/* "guidon.db.before-restore-20310310T093000Z", and "-2" behind it when that is taken. */
static const char *choose_name(struct restore *restore)
{
    char text[INSTANT_TEXT_BYTES];
    char instant[INSTANT_TEXT_BYTES] = "";
    size_t size = 0;
    instant_format_seconds(restore->now_ms, text);
    for (const char *at = text; *at != '\0'; at++) {
        if (*at != '-' && *at != ':')
            instant[size++] = *at;
    }
    const char *base =
        name_in(restore, restore->directory,
                arena_format(&restore->arena, STORE_FILE_NAME ".before-restore-%s", instant).data);
    const char *name = base;
    for (int i = 2; is_there(name) && i < SAME_NAME_MAX; i++)
        name = arena_format(&restore->arena, "%s-%d", base, i).data;
    return name;
}

/* What could not be moved into the file goes with it, under the name it would be looked for. */
static bool move_log(struct restore *restore, const char *file, const char *kept)
{
    const char *log = arena_format(&restore->arena, "%s-wal", file).data;
    const char *kept_log = arena_format(&restore->arena, "%s-wal", kept).data;
    unlink(arena_format(&restore->arena, "%s-shm", file).data);
    return !is_there(log) || rename(log, kept_log) == 0;
}

static struct fault keep_replaced(struct restore *restore, const char *file)
{
    if (!is_there(file))
        return fault_none();
    const char *kept = choose_name(restore);
    /* What is beyond repair is kept as it lies. */
    struct fault settled = store_settle(str_of(restore->directory));
    if (!move_log(restore, file, kept))
        return refuse(restore, "the log of the store cannot be moved");
    if (link(file, kept) != 0)
        return refuse(restore, "the store cannot be kept under another name");
    restore->kept = str_of(kept);
    if (failed(settled) && restore->replaced == REPLACED_STORE)
        restore->warning = STR("the log of the replaced store lies beside it");
    return fault_none();
}

/* ---- snapshots ------------------------------------------------------------------------------ */

static void save_snapshot(struct restore *restore)
{
    struct str directory = str_of(restore->directory);
    struct fault fault = disk_save(directory, restore->view);
    /* None at all is better than an old one. */
    disk_forget(directory, failed(fault) ? 0 : 1);
    if (failed(fault))
        restore->warning = arena_format(&restore->arena,
                                        "no snapshot of it could be saved (%.*s); the server does "
                                        "that when it runs",
                                        STR_ARG(fault.why));
}

/* ---- the swap ------------------------------------------------------------------------------- */

static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

/* As it is now that it knows its versions; then its file is all there is of it. */
static struct fault close_staged(struct restore *restore)
{
    struct view *view = NULL;
    struct fault fault = follow_everything(restore->store, render_nothing, restore->now_ms, &view);
    if (failed(fault))
        return fault;
    view_release(restore->view);
    restore->view = view;
    store_close(restore->store);
    restore->store = NULL;
    const char *log = name_in(restore, restore->staging, STORE_FILE_NAME "-wal");
    return is_there(log) ? refuse(restore, "the copy cannot be closed") : fault_none();
}

struct fault restore_swap(struct restore *restore)
{
    const char *file = name_in(restore, restore->directory, STORE_FILE_NAME);
    const char *staged = name_in(restore, restore->staging, STORE_FILE_NAME);
    struct fault fault = close_staged(restore);
    if (!failed(fault) && !sync_path(staged, 0))
        fault = refuse(restore, "the copy cannot be made durable");
    if (!failed(fault))
        fault = keep_replaced(restore, file);
    if (failed(fault))
        return fault;
    if (rename(staged, file) != 0)
        return refuse(restore, "the copy cannot take the place of the store");
    if (!sync_path(restore->directory, O_DIRECTORY))
        restore->warning = STR("the data directory could not be synced");
    save_snapshot(restore);
    return fault_none();
}
