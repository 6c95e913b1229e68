/* SPDX-License-Identifier: Apache-2.0 */
/*
 * place - the directory the file of data lies in: see place.h.
 *
 * The data file itself is never opened here: closing any descriptor of it would drop the locks
 * (fcntl(2)) that the database holds on it in this process.
 */
#include "store/sqlite/place.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"

enum { MOUNT_TABLE_BYTES_MAX = 1 << 20 };
/* Somebody who was killed holds it until the last of their children is gone too. */
enum { LOCK_TRIES = 25, LOCK_PAUSE_NS = 20000000 };

static struct fault unavailable(struct str why)
{
    return fault_make(FAULT_UNAVAILABLE, STR(""), why);
}

/* ---- file systems ------------------------------------------------------------------------ */

static const uint32_t fuse_magic = 0x65735546;

/* NFS, SMB, SMB2, CIFS, AFS (two), Coda, NCP, 9P, Ceph, GFS2, OCFS2, Lustre, BeeGFS, GPFS: locks
 * and shared memory there are not what a write-ahead log needs. */
static const uint32_t remote_magics[] = {
    0x6969,     0x517b,     0xfe534d42, 0xff534d42, 0x5346414f, 0x6b414653, 0x73757245, 0x564c,
    0x01021997, 0x00c36400, 0x01161970, 0x7461636f, 0x0bd00bd0, 0x19830326, 0x47504653,
};

/* What of FUSE is known to be at the other end of a network. */
static const char *const remote_fuse_types[] = {
    "fuse.sshfs",  "fuse.s3fs",      "fuse.glusterfs", "fuse.ceph",      "fuse.ceph-fuse",
    "fuse.rclone", "fuse.gcsfuse",   "fuse.blobfuse",  "fuse.blobfuse2", "fuse.goofys",
    "fuse.davfs",  "fuse.curlftpfs", "fuse.smbnetfs",  "fuse.juicefs",   "fuse.mfs",
    "fuse.hdfs",   "fuse.seaweedfs", "fuse.geesefs",   "fuse.mount-s3",  "fuse.gvfsd-fuse",
};

bool filesystem_is_remote(uint64_t magic, struct str type)
{
    for (size_t i = 0; i < COUNT_OF(remote_magics); i++) {
        if (magic == remote_magics[i])
            return true;
    }
    if (magic != fuse_magic)
        return false;
    for (size_t i = 0; i < COUNT_OF(remote_fuse_types); i++) {
        if (str_equal(type, str_of(remote_fuse_types[i])))
            return true;
    }
    return false;
}

static void read_mount_table(struct buf *buf)
{
    int descriptor = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        return;
    for (;;) {
        char *room = buf_reserve(buf, 4096);
        ssize_t got = room == NULL ? 0 : read(descriptor, room, 4096);
        if (got <= 0)
            break;
        buf_advance(buf, (size_t)got);
    }
    close(descriptor);
}

/* proc(5): "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw": the word behind the
 * lone hyphen is the type. */
static struct str mount_type(struct str line)
{
    size_t at = 0;
    while (at < line.size) {
        size_t end = str_find_byte(line, ' ', at);
        if (str_equal(str_slice(line, at, end), STR("-")))
            return str_slice(line, end + 1, str_find_byte(line, ' ', end + 1));
        at = end + 1;
    }
    return STR("");
}

static bool mount_is_device(struct str line, struct str device)
{
    size_t parent = str_find_byte(line, ' ', 0);
    size_t number = str_find_byte(line, ' ', parent + 1);
    size_t end = str_find_byte(line, ' ', number + 1);
    return str_equal(str_slice(line, number + 1, end), device);
}

static bool device_is_remote(uint64_t magic, dev_t device)
{
    struct buf table;
    buf_open(&table, MOUNT_TABLE_BYTES_MAX);
    read_mount_table(&table);
    char text[32];
    snprintf(text, sizeof(text), "%u:%u", major(device), minor(device));

    bool is_remote = false;
    struct str lines = buf_str(&table);
    for (size_t at = 0; at < lines.size;) {
        size_t end = str_find_byte(lines, '\n', at);
        struct str line = str_slice(lines, at, end);
        if (mount_is_device(line, str_of(text)))
            is_remote = filesystem_is_remote(magic, mount_type(line));
        at = end + 1;
    }
    buf_close(&table);
    return is_remote;
}

static struct fault check_filesystem(const char *directory)
{
    struct statfs filesystem;
    struct stat status;
    if (statfs(directory, &filesystem) != 0 || stat(directory, &status) != 0)
        return unavailable(STR("the data directory cannot be examined"));
    /* f_type is signed on some machines; the magics are 32 bits. */
    uint64_t magic = (uint32_t)filesystem.f_type;
    bool is_remote = magic == fuse_magic ? device_is_remote(magic, status.st_dev)
                                         : filesystem_is_remote(magic, STR(""));
    if (is_remote)
        return unavailable(STR("the data directory is on a network file system"));
    return fault_none();
}

/* ---- directory, lock, file --------------------------------------------------------------- */

static bool sync_directory(const char *path)
{
    int descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0)
        return false;
    bool is_synced = fsync(descriptor) == 0;
    return close(descriptor) == 0 && is_synced;
}

static struct fault make_directory(const char *directory)
{
    if (mkdir(directory, 0700) != 0)
        return errno == EEXIST ? fault_none()
                               : unavailable(STR("the data directory cannot be made"));
    char parent[PATH_MAX];
    if (snprintf(parent, sizeof(parent), "%s/..", directory) >= (int)sizeof(parent) ||
        !sync_directory(parent))
        return unavailable(STR("the data directory cannot be made durable"));
    return fault_none();
}

static struct fault take_lock(struct place *place, const char *directory)
{
    char path[PATH_MAX];
    if (snprintf(path, sizeof(path), "%s/guidon.lock", directory) >= (int)sizeof(path))
        return unavailable(STR("the name of the data directory is too long"));
    place->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (place->lock < 0)
        return unavailable(STR("the lock file cannot be opened"));
    int reason = 0;
    for (int tries = 0; tries < LOCK_TRIES; tries++) {
        if (flock(place->lock, LOCK_EX | LOCK_NB) == 0)
            return fault_none();
        reason = errno;
        if (reason != EWOULDBLOCK)
            break;
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
    }
    place_leave(place);
    return reason == EWOULDBLOCK ? fault_make(FAULT_CONFLICT, STR("lock"),
                                              STR("another process is using this data directory"))
                                 : unavailable(STR("the data directory cannot be locked"));
}

/* Made here, before the database does, so that nobody else can read it for even a moment; its log
 * and shared memory take over its mode. */
static struct fault make_file(const char *file, const char *directory)
{
    int descriptor = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (descriptor < 0) {
        if (errno == EEXIST && chmod(file, 0600) == 0)
            return fault_none();
        return unavailable(STR("the data file cannot be made"));
    }
    if (close(descriptor) != 0 || !sync_directory(directory))
        return unavailable(STR("the data file cannot be made durable"));
    return fault_none();
}

static struct fault prepare_for_writing(struct place *place, const char *directory)
{
    struct fault fault = take_lock(place, directory);
    if (failed(fault)) /* not now, whoever has it */
        return fault_make(FAULT_UNAVAILABLE, fault.where, fault.why);
    fault = make_file(place->file, directory);
    if (failed(fault))
        place_leave(place);
    return fault;
}

/* Absolute, so that no name is mistaken for a "file:" URI, and whatever becomes of the working
 * directory. */
static struct fault find_directory(struct str directory, bool is_made, char absolute[PATH_MAX])
{
    char given[PATH_MAX];
    if (directory.size == 0 || directory.size >= sizeof(given))
        return unavailable(STR("the name of the data directory is empty or too long"));
    memcpy(given, directory.data, directory.size);
    given[directory.size] = '\0';
    if (is_made) {
        struct fault fault = make_directory(given);
        if (failed(fault))
            return fault;
    }
    if (realpath(given, absolute) == NULL)
        return unavailable(STR("the data directory cannot be found"));
    return check_filesystem(absolute);
}

struct fault place_prepare(struct place *place, struct str directory, bool is_writer)
{
    *place = (struct place){.lock = -1};
    char absolute[PATH_MAX];
    struct fault fault = find_directory(directory, is_writer, absolute);
    if (failed(fault))
        return fault;
    if (snprintf(place->file, sizeof(place->file), "%s/guidon.db", absolute) >=
        (int)sizeof(place->file))
        return unavailable(STR("the name of the data directory is too long"));
    return is_writer ? prepare_for_writing(place, absolute) : fault_none();
}

struct fault place_claim(struct place *place, struct str directory)
{
    *place = (struct place){.lock = -1};
    char absolute[PATH_MAX];
    struct fault fault = find_directory(directory, true, absolute);
    return failed(fault) ? fault : take_lock(place, absolute);
}

/* flock(2) has no question: a shared lock is taken for a moment, which a process that starts right
 * then would take for an owner's. It asks for an exclusive one, is refused and started again. */
bool place_is_claimed(struct str directory)
{
    char absolute[PATH_MAX];
    char path[PATH_MAX];
    if (failed(find_directory(directory, false, absolute)) ||
        snprintf(path, sizeof(path), "%s/guidon.lock", absolute) >= (int)sizeof(path))
        return false;
    int lock = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (lock < 0)
        return false;
    bool is_claimed = flock(lock, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(lock);
    return is_claimed;
}

void place_leave(struct place *place)
{
    if (place->lock >= 0)
        close(place->lock); /* and with it the lock goes */
    place->lock = -1;
}
