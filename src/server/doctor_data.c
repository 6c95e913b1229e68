/* SPDX-License-Identifier: Apache-2.0 */
/* doctor_data - the data directory: whose it is, where it lies, what lies in it. See doctor.h. */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "server/doctor.h"
#include "store/care.h"

static const uint64_t mebibyte = (uint64_t)1024 * 1024;

static const char *path_of(struct doctor *doctor)
{
    return arena_format(&doctor->arena, "%.*s", STR_ARG(doctor->options.data)).data;
}

/* ---- the directory itself ------------------------------------------------------------------- */

static void miss_directory(struct doctor *doctor, const char *path)
{
    const char *parent = arena_format(&doctor->arena, "%s/..", path).data;
    const char *above = strrchr(path, '/');
    if (above == NULL)
        parent = ".";
    else if (above > path)
        parent = arena_format(&doctor->arena, "%.*s", (int)(above - path), path).data;
    else
        parent = "/";
    if (access(parent, W_OK | X_OK) == 0)
        doctor_find(doctor, "data directory", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "%s is not there yet", path),
                    STR("nothing, if this is before the first start, which makes it"));
    else
        doctor_find(
            doctor, "data directory", OUTCOME_FAILED,
            arena_format(&doctor->arena, "%s is not there, and cannot be made by this user", path),
            arena_format(&doctor->arena, "install -d -m 0700 -o USER %s", path));
}

static void look_at_owner(struct doctor *doctor, const char *path, const struct stat *status)
{
    if (access(path, R_OK | W_OK | X_OK) != 0)
        doctor_find(doctor, "owner", OUTCOME_FAILED,
                    arena_format(&doctor->arena,
                                 "user %u cannot read and write it: user %u owns it",
                                 (unsigned)geteuid(), (unsigned)status->st_uid),
                    STR("run as the server's user, or give it the directory (chown -R)"));
    else if (status->st_uid != geteuid())
        doctor_find(doctor, "owner", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "user %u owns it, this is user %u",
                                 (unsigned)status->st_uid, (unsigned)geteuid()),
                    STR("run the doctor as the server's user: what that one may do was not tried"));
    else
        doctor_well(doctor, "owner", STR("this user"));
}

static void look_at_mode(struct doctor *doctor, const char *path, const struct stat *status)
{
    unsigned mode = (unsigned)status->st_mode & 0777U;
    struct str what = arena_format(&doctor->arena, "mode %04o", mode);
    if ((mode & 077U) == 0)
        doctor_well(doctor, "mode", what);
    else
        doctor_find(doctor, "mode", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "%.*s: others can look into it", STR_ARG(what)),
                    arena_format(&doctor->arena, "chmod 0700 %s", path));
}

static void look_at_room(struct doctor *doctor, const char *path)
{
    struct statvfs room;
    struct stat store = {0};
    if (statvfs(path, &room) != 0)
        return;
    if (stat(arena_format(&doctor->arena, "%s/" STORE_FILE_NAME, path).data, &store) != 0)
        store.st_size = 0;
    uint64_t free_bytes = (uint64_t)room.f_bavail * room.f_frsize;
    uint64_t store_bytes = (uint64_t)store.st_size;
    struct str what = arena_format(&doctor->arena, "%llu MiB, and the store has %llu",
                                   (unsigned long long)(free_bytes / mebibyte),
                                   (unsigned long long)((store_bytes + mebibyte - 1) / mebibyte));
    if (free_bytes < 64 * mebibyte)
        doctor_find(doctor, "free space", OUTCOME_FAILED, what,
                    STR("make room: a full disk refuses changes"));
    else if (free_bytes < store_bytes + 128 * mebibyte)
        doctor_find(doctor, "free space", OUTCOME_WARNING, what,
                    STR("make room: a backup needs as much as the store for a moment"));
    else
        doctor_well(doctor, "free space", what);
}

static void look_at_file_system(struct doctor *doctor)
{
    struct fault fault = store_check_place(doctor->options.data);
    if (failed(fault))
        doctor_find(doctor, "file system", OUTCOME_FAILED, fault.why,
                    STR("put the data directory on a disk of this machine"));
    else
        doctor_well(doctor, "file system", STR("local"));
}

/* ---- what lies in it ------------------------------------------------------------------------ */

struct leftovers {
    unsigned unfinished, kept;
    uint64_t bytes; /* of both */
};

static void count_leftover(int directory, const char *name, struct leftovers *leftovers)
{
    struct stat status;
    bool is_kept = strstr(name, ".before-restore-") != NULL;
    bool is_unfinished =
        strcmp(name, "restoring") == 0 || (str_starts_with(str_of(name), STR("backup-")) &&
                                           str_ends_with(str_of(name), STR(".partial")));
    if ((!is_kept && !is_unfinished) || fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return;
    leftovers->kept += is_kept ? 1 : 0;
    leftovers->unfinished += is_unfinished ? 1 : 0;
    leftovers->bytes += (uint64_t)status.st_size;
}

static void look_for_leftovers(struct doctor *doctor, const char *path)
{
    struct leftovers leftovers = {0};
    DIR *listing = opendir(path);
    if (listing == NULL)
        return;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing))
        count_leftover(dirfd(listing), entry->d_name, &leftovers);
    closedir(listing);
    if (leftovers.unfinished > 0 && !doctor->is_served)
        doctor_find(doctor, "left over", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "%u unfinished copies", leftovers.unfinished),
                    STR("the next start, or the next restore, removes them"));
    if (leftovers.kept > 0)
        doctor_find(doctor, "kept stores", OUTCOME_WARNING,
                    arena_format(&doctor->arena, "%u, replaced by restores, of %llu MiB",
                                 leftovers.kept, (unsigned long long)(leftovers.bytes / mebibyte)),
                    STR("remove *.before-restore-* when they are not needed any more"));
}

static void look_at_lock(struct doctor *doctor)
{
    doctor->is_served = store_is_claimed(doctor->options.data);
    doctor_well(doctor, "lock",
                doctor->is_served ? STR("held: a server is running") : STR("free: no server runs"));
}

void doctor_look_at_directory(struct doctor *doctor)
{
    struct stat status;
    const char *path = path_of(doctor);
    if (stat(path, &status) != 0) {
        miss_directory(doctor, path);
        return;
    }
    if (!S_ISDIR(status.st_mode)) {
        doctor_find(doctor, "data directory", OUTCOME_FAILED,
                    arena_format(&doctor->arena, "%s is no directory", path),
                    STR("name another one with --data"));
        return;
    }
    doctor_well(doctor, "data directory", str_of(path));
    look_at_owner(doctor, path, &status);
    look_at_mode(doctor, path, &status);
    look_at_room(doctor, path);
    look_at_file_system(doctor);
    look_at_lock(doctor);
    look_for_leftovers(doctor, path);
}
