/* SPDX-License-Identifier: Apache-2.0 */
/* Where a store may lie, and what it must be able to do there. */
#include <sqlite3.h>

#include "store/sqlite/place.h"
#include "world.h"

TEST(what_is_at_the_other_end_of_a_network_is_known)
{
    static const struct {
        uint64_t magic;
        const char *type;
        bool is_remote;
    } places[] = {
        {0x6969, "nfs4", true},          {0xff534d42, "cifs", true},
        {0xfe534d42, "smb3", true},      {0x01021997, "9p", true},
        {0x00c36400, "ceph", true},      {0x65735546, "fuse.sshfs", true},
        {0x65735546, "fuse.s3fs", true}, {0x65735546, "fuseblk", false},
        {0xef53, "ext4", false},         {0x58465342, "xfs", false},
        {0x9123683e, "btrfs", false},    {0x01021994, "tmpfs", false},
        {0x794c7630, "overlay", false},
    };
    for (size_t i = 0; i < COUNT_OF(places); i++)
        CHECK_INT(filesystem_is_remote(places[i].magic, str_of(places[i].type)),
                  places[i].is_remote);
}

/* ---- a file system without shared memory, on which there is no write-ahead log ----------------
 */

static sqlite3_vfs *real;
static sqlite3_io_methods poor_methods;

static int open_poorly(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out)
{
    (void)vfs;
    int code = real->xOpen(real, name, file, flags, out);
    if (code == SQLITE_OK) {
        poor_methods = *file->pMethods;
        poor_methods.iVersion = 1;
        file->pMethods = &poor_methods;
    }
    return code;
}

TEST(a_store_without_a_write_ahead_log_is_refused)
{
    struct scratch place;
    scratch_open(&place);
    real = sqlite3_vfs_find(NULL);
    sqlite3_vfs poor = *real;
    poor.zName = "poor";
    poor.pNext = NULL;
    poor.xOpen = open_poorly;
    CHECK_INT(sqlite3_vfs_register(&poor, 1), SQLITE_OK);
    struct store *store = NULL;
    struct fault fault = store_open(&store, scratch_path(&place), STORE_WRITER);
    sqlite3_vfs_unregister(&poor);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("the store refuses a needed setting"));
    CHECK(store == NULL);
    CHECK_OK(store_open(&store, scratch_path(&place), STORE_WRITER));
    store_close(store);
    scratch_close(&place);
}

TEST(a_second_writer_is_refused_while_the_first_is_there)
{
    struct world world;
    world_open(&world);
    struct store *second = NULL;
    struct fault fault = store_open(&second, scratch_path(&world.place), STORE_WRITER);
    CHECK_FAULT(fault, FAULT_UNAVAILABLE);
    CHECK_STR(fault.why, STR("another process is using this data directory"));
    world_close(&world);
}

TESTS(what_is_at_the_other_end_of_a_network_is_known, a_store_without_a_write_ahead_log_is_refused,
      a_second_writer_is_refused_while_the_first_is_there)
