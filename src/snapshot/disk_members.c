/* SPDX-License-Identifier: Apache-2.0 */
/* disk_members - lists of members as files: see disk_members.h. */
#include "snapshot/disk_members.h"

#include <assert.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/disk_file.h"

#define MEMBERS_PREFIX "cohort-"

static const size_t members_bytes_max = (size_t)512 * 1024 * 1024;

/* ---- sets -------------------------------------------------------------------------------- */

void digest_set_open(struct digest_set *set, struct arena *arena)
{
    *set = (struct digest_set){.arena = arena};
    map_open(&set->places, arena, 8);
}

static struct str digest_key(const struct cohort_digest *digest)
{
    return (struct str){(const char *)digest->bytes, sizeof(digest->bytes)};
}

static bool digest_set_has(const struct digest_set *set, const struct cohort_digest *digest)
{
    return map_find(&set->places, digest_key(digest)) != MAP_ABSENT;
}

bool digest_set_add(struct digest_set *set, const struct cohort_digest *digest)
{
    if (digest_set_has(set, digest))
        return false;
    if (set->count == set->capacity) {
        size_t capacity = set->capacity == 0 ? 8 : set->capacity * 2;
        struct cohort_digest *larger = ARENA_NEW_ARRAY(set->arena, struct cohort_digest, capacity);
        for (size_t i = 0; i < set->count; i++)
            larger[i] = set->digests[i];
        set->digests = larger;
        set->capacity = capacity;
    }
    const struct cohort_digest *copy = arena_copy(set->arena, digest, sizeof(*digest));
    map_insert(&set->places, digest_key(copy), (uint32_t)set->count);
    set->digests[set->count++] = *digest;
    return true;
}

/* ---- files ------------------------------------------------------------------------------- */

static void name_members(char name[DISK_NAME_BYTES_MAX], const struct cohort_digest *digest)
{
    char hex[COHORT_DIGEST_BYTES * 2 + 1];
    sodium_bin2hex(hex, sizeof(hex), digest->bytes, sizeof(digest->bytes));
    snprintf(name, DISK_NAME_BYTES_MAX, MEMBERS_PREFIX "%s", hex);
}

static struct cohort_digest checksum_of(const struct cohort_digest *digest, struct str stored_form)
{
    static_assert(crypto_hash_sha256_BYTES == COHORT_DIGEST_BYTES, "SHA-256");
    struct cohort_digest checksum;
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, digest->bytes, sizeof(digest->bytes));
    crypto_hash_sha256_update(&state, (const unsigned char *)stored_form.data, stored_form.size);
    crypto_hash_sha256_final(&state, checksum.bytes);
    return checksum;
}

static bool is_there(int directory, const char *name)
{
    struct stat status;
    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(status.st_mode);
}

static struct fault save_members(int directory, const struct cohort_revision *revision)
{
    char name[DISK_NAME_BYTES_MAX];
    name_members(name, &revision->digest);
    if (is_there(directory, name))
        return fault_none();
    struct buf stored_form;
    buf_open(&stored_form, members_bytes_max);
    cohort_members_encode(revision->cohort.members, &stored_form);
    struct cohort_digest checksum = checksum_of(&revision->digest, buf_str(&stored_form));
    const struct str pieces[] = {digest_key(&checksum), buf_str(&stored_form)};
    struct fault fault = buf_failed(&stored_form) ? disk_fault("has a cohort that is too large")
                                                  : disk_file_replace(directory, "cohort.new", name,
                                                                      pieces, COUNT_OF(pieces));
    buf_close(&stored_form);
    return fault;
}

struct fault disk_members_save(int directory, const struct view *view, struct digest_set *digests)
{
    for (size_t i = 0; i < view->catalog->environment_count; i++) {
        const struct snapshot *snapshot = view->snapshots[i];
        for (size_t j = 0; j < snapshot->state.cohort_count; j++) {
            const struct cohort_revision *revision = snapshot->cohorts[j];
            if (!digest_set_add(digests, &revision->digest))
                continue;
            struct fault fault = save_members(directory, revision);
            if (failed(fault))
                return fault;
        }
    }
    return fault_none();
}

static bool read_members(int file, struct arena *arena, const struct cohort_digest *digest,
                         struct str *stored_form)
{
    struct stat status;
    struct cohort_digest expected;
    if (fstat(file, &status) != 0 || status.st_size < COHORT_DIGEST_BYTES ||
        (uint64_t)status.st_size > members_bytes_max ||
        !disk_file_read(file, expected.bytes, sizeof(expected.bytes)))
        return false;
    size_t size = (size_t)status.st_size - COHORT_DIGEST_BYTES;
    char *text = arena_allocate(arena, size);
    *stored_form = (struct str){text, size};
    if (!disk_file_read(file, text, size))
        return false;
    struct cohort_digest checksum = checksum_of(digest, *stored_form);
    return memcmp(checksum.bytes, expected.bytes, sizeof(expected.bytes)) == 0;
}

struct fault disk_members_load(void *context, struct arena *arena,
                               const struct cohort_digest *digest, struct str *stored_form)
{
    const int *directory = context;
    char name[DISK_NAME_BYTES_MAX];
    name_members(name, digest);
    int file = openat(*directory, name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return disk_fault("lacks a cohort's members");
    bool is_whole = read_members(file, arena, digest, stored_form);
    close(file);
    return is_whole ? fault_none() : disk_fault("has damaged members of a cohort");
}

/* ---- sweeping ---------------------------------------------------------------------------- */

static bool parse_name(const char *name, struct cohort_digest *digest)
{
    struct str text = str_of(name);
    struct str prefix = STR(MEMBERS_PREFIX);
    struct str hex = str_slice(text, prefix.size, text.size);
    size_t size = 0;
    return str_starts_with(text, prefix) && hex.size == COHORT_DIGEST_BYTES * 2 &&
           sodium_hex2bin(digest->bytes, sizeof(digest->bytes), hex.data, hex.size, NULL, &size,
                          NULL) == 0;
}

static void note_file(void *context, const char *name)
{
    struct cohort_digest digest;
    if (parse_name(name, &digest))
        digest_set_add(context, &digest);
}

void disk_members_sweep(int directory, const struct digest_set *wanted)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct digest_set there;
    digest_set_open(&there, &arena);
    if (disk_list(directory, note_file, &there)) {
        for (size_t i = 0; i < there.count; i++) {
            char name[DISK_NAME_BYTES_MAX];
            name_members(name, &there.digests[i]);
            if (!digest_set_has(wanted, &there.digests[i]))
                unlinkat(directory, name, 0);
        }
    }
    arena_close(&arena);
}
