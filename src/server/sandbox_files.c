/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_files - the fence round the files: see sandbox_files.h. */
#include "server/sandbox_files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The kernel's numbers (linux/landlock.h), here because a distribution's header may be older than
 * the kernel that runs. */
enum {
    RIGHT_EXECUTE = 1 << 0,
    RIGHT_WRITE_FILE = 1 << 1,
    RIGHT_READ_FILE = 1 << 2,
    RIGHT_READ_DIRECTORY = 1 << 3,
    RIGHT_REMOVE_FILE = 1 << 5,
    RIGHT_MAKE_FILE = 1 << 8,
    RIGHT_TRUNCATE = 1 << 14,
    RIGHT_OF_FILES =
        RIGHT_EXECUTE | RIGHT_WRITE_FILE | RIGHT_READ_FILE | RIGHT_TRUNCATE, /* not directories' */
};
enum { RIGHT_CONNECT_TCP = 1 << 1 };
enum { SCOPE_ABSTRACT_SOCKET = 1 << 0, SCOPE_SIGNAL = 1 << 1 };
enum { ABI_TCP = 4, ABI_SCOPES = 6 };

/* struct landlock_ruleset_attr as of ABI 6; a kernel takes a longer one whose rest is zero. */
struct fence {
    uint64_t files, network, scopes;
};

/* How many of the rights an ABI knows, from the lowest bit on. */
static uint64_t rights_of(int abi)
{
    static const unsigned counts[] = {0, 13, 14, 15, 15, 16};
    int last = (int)(sizeof(counts) / sizeof(counts[0])) - 1;
    return ((uint64_t)1 << counts[abi > last ? last : abi]) - 1;
}

static uint64_t rights_for(enum reach reach)
{
    const uint64_t read = RIGHT_READ_FILE | RIGHT_READ_DIRECTORY;
    switch (reach) {
    case REACH_READ:
        return read;
    case REACH_WRITE:
        return read | RIGHT_WRITE_FILE | RIGHT_REMOVE_FILE | RIGHT_MAKE_FILE | RIGHT_TRUNCATE;
    case REACH_EXECUTE:
        return read | RIGHT_EXECUTE;
    }
    return 0;
}

static bool allow(int ruleset, const struct reachable *reachable, uint64_t known)
{
    int place = open(reachable->path, O_PATH | O_CLOEXEC);
    if (place < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES;
    struct stat status;
    uint64_t rights = rights_for(reachable->reach) & known;
    if (fstat(place, &status) == 0 && !S_ISDIR(status.st_mode))
        rights &= RIGHT_OF_FILES;
    const struct landlock_path_beneath_attr rule = {.allowed_access = rights, .parent_fd = place};
    bool is_allowed =
        syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0) == 0;
    close(place);
    return is_allowed;
}

static int open_fence(int abi, bool has_abstract_socket)
{
    struct fence fence = {.files = rights_of(abi)};
    if (abi >= ABI_TCP)
        fence.network = RIGHT_CONNECT_TCP;
    if (abi >= ABI_SCOPES)
        fence.scopes = SCOPE_SIGNAL | (has_abstract_socket ? 0 : SCOPE_ABSTRACT_SOCKET);
    return (int)syscall(SYS_landlock_create_ruleset, &fence, sizeof(fence), 0);
}

int sandbox_files_confine(const struct reachable *list, size_t count, bool has_abstract_socket)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, (long)LANDLOCK_CREATE_RULESET_VERSION);
    if (abi <= 0)
        return 0;
    int ruleset = open_fence((int)abi, has_abstract_socket);
    if (ruleset < 0)
        return 0;
    bool is_well = true;
    for (size_t i = 0; i < count && is_well; i++)
        is_well = allow(ruleset, &list[i], rights_of((int)abi));
    is_well = is_well && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
              syscall(SYS_landlock_restrict_self, ruleset, 0) == 0;
    int problem = errno;
    close(ruleset);
    errno = problem;
    return is_well ? (int)abi : 0;
}
