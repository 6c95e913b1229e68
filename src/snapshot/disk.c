/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk - the last views, kept on disk. See disk.h.
 *
 * A file is a fixed head (magic, format, generation, payload length, number of digests, SHA-256
 * over all of that and the rest), the digests of the cohorts' members it refers to, and a payload
 * of JSON (disk_payload.c). Integers are little-endian.
 */
#include "snapshot/disk.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/disk_file.h"
#include "snapshot/disk_members.h"
#include "snapshot/disk_payload.h"

enum { HEAD_BYTES = 8 + 8 + 8 + 8 + 8 + 32, DIGEST_AT = 40, FORMAT = 2 };
enum { GENERATIONS_SEEN_MAX = 256, MEMBERS_REFERRED_MAX = 1 << 20 };

static const char magic[8] = {'G', 'U', 'I', 'D', 'O', 'N', 'S', 'N'};
static const size_t payload_bytes_max = (size_t)256 * 1024 * 1024;

static void put_u64(unsigned char *at, uint64_t value)
{
    for (size_t i = 0; i < 8; i++)
        at[i] = (unsigned char)(value >> (8 * i));
}

static uint64_t get_u64(const unsigned char *at)
{
    uint64_t value = 0;
    for (size_t i = 0; i < 8; i++)
        value |= (uint64_t)at[i] << (8 * i);
    return value;
}

static void digest_file(unsigned char digest[32], const unsigned char *head, struct str members,
                        struct str payload)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, head, DIGEST_AT);
    crypto_hash_sha256_update(&state, (const unsigned char *)members.data, members.size);
    crypto_hash_sha256_update(&state, (const unsigned char *)payload.data, payload.size);
    crypto_hash_sha256_final(&state, digest);
}

static void fill_head(unsigned char head[HEAD_BYTES], uint64_t generation, struct str members,
                      struct str payload)
{
    memcpy(head, magic, sizeof(magic));
    put_u64(head + 8, FORMAT);
    put_u64(head + 16, generation);
    put_u64(head + 24, payload.size);
    put_u64(head + 32, members.size / COHORT_DIGEST_BYTES);
    digest_file(head + DIGEST_AT, head, members, payload);
}

/* ---- generations ------------------------------------------------------------------------- */

/* Newest first. */
struct generations {
    uint64_t numbers[GENERATIONS_SEEN_MAX];
    size_t count;
};

static void note_generation(void *context, const char *name)
{
    struct generations *seen = context;
    struct str text = str_of(name);
    uint64_t generation = 0;
    if (!str_starts_with(text, STR("snapshot-")) || seen->count == GENERATIONS_SEEN_MAX ||
        !str_parse_u64(str_slice(text, 9, text.size), &generation))
        return;
    size_t at = seen->count++;
    for (; at > 0 && seen->numbers[at - 1] < generation; at--)
        seen->numbers[at] = seen->numbers[at - 1];
    seen->numbers[at] = generation;
}

static void name_generation(char name[DISK_NAME_BYTES_MAX], uint64_t generation)
{
    snprintf(name, DISK_NAME_BYTES_MAX, "snapshot-%020" PRIu64, generation);
}

static int open_generation(int directory, uint64_t generation)
{
    char name[DISK_NAME_BYTES_MAX];
    name_generation(name, generation);
    return openat(directory, name, O_RDONLY | O_CLOEXEC);
}

/* The head of a file and the digests behind it, not verified yet; false for what is no file of
 * ours, of this format, or was cut. */
static bool read_head(int file, struct arena *arena, unsigned char head[HEAD_BYTES],
                      struct str *members)
{
    struct stat status;
    if (fstat(file, &status) != 0 || !disk_file_read(file, head, HEAD_BYTES))
        return false;
    uint64_t size = get_u64(head + 24);
    uint64_t count = get_u64(head + 32);
    if (memcmp(head, magic, sizeof(magic)) != 0 || get_u64(head + 8) != FORMAT ||
        size > payload_bytes_max || count > MEMBERS_REFERRED_MAX ||
        (uint64_t)status.st_size != HEAD_BYTES + count * COHORT_DIGEST_BYTES + size)
        return false;
    members->size = (size_t)count * COHORT_DIGEST_BYTES;
    char *text = arena_allocate(arena, members->size);
    members->data = text;
    return disk_file_read(file, text, members->size);
}

/* ---- the good one ------------------------------------------------------------------------- */

/* Its number in decimal, nothing else. */
static uint64_t read_good(int directory)
{
    char text[32];
    uint64_t generation = 0;
    int file = openat(directory, "good", O_RDONLY | O_CLOEXEC);
    ssize_t size = file < 0 ? -1 : read(file, text, sizeof(text));
    if (file >= 0)
        close(file);
    bool is_number = size > 0 && str_parse_u64((struct str){text, (size_t)size}, &generation);
    return is_number ? generation : 0;
}

/* ---- saving ------------------------------------------------------------------------------ */

static struct fault write_generation(int directory, uint64_t generation, const struct view *view,
                                     const struct digest_set *digests)
{
    struct buf payload;
    buf_open(&payload, payload_bytes_max);
    disk_payload_encode(view, &payload);
    struct fault fault = fault_none();
    if (buf_failed(&payload) || digests->count > MEMBERS_REFERRED_MAX) {
        fault = disk_fault("is too large");
    } else {
        unsigned char head[HEAD_BYTES];
        char name[DISK_NAME_BYTES_MAX];
        struct str members = {(const char *)digests->digests, digests->count * COHORT_DIGEST_BYTES};
        fill_head(head, generation, members, buf_str(&payload));
        name_generation(name, generation);
        const struct str pieces[] = {
            {(const char *)head, sizeof(head)}, members, buf_str(&payload)};
        fault = disk_file_replace(directory, "snapshot.new", name, pieces, COUNT_OF(pieces));
    }
    buf_close(&payload);
    return fault;
}

/* What the kept generations refer to beside what is in the set. False: one could not be looked
 * into, and nothing must be thrown away. */
static bool gather_members(int directory, const struct generations *seen, size_t count,
                           struct digest_set *digests)
{
    for (size_t i = 0; i < count; i++) {
        int file = open_generation(directory, seen->numbers[i]);
        if (file < 0)
            return false;
        unsigned char head[HEAD_BYTES];
        struct str members = {0};
        /* What is no whole file is never loaded, and what it says counts for nothing. */
        bool is_ours = read_head(file, digests->arena, head, &members);
        for (size_t at = 0; is_ours && at < members.size; at += COHORT_DIGEST_BYTES) {
            struct cohort_digest digest;
            memcpy(digest.bytes, members.data + at, sizeof(digest.bytes));
            digest_set_add(digests, &digest);
        }
        close(file);
    }
    return true;
}

/* Those beyond the newest but for the good one, and the lists nobody refers to any more. One too
 * many is no harm: the next save tries again. */
static void remove_old(int directory, struct generations *before, struct digest_set *digests)
{
    size_t kept = DISK_GENERATIONS - 1; /* beside the one just written */
    uint64_t good = read_good(directory);
    for (size_t i = kept; i < before->count; i++) {
        if (before->numbers[i] == good) {
            before->numbers[kept] = good; /* those in between are seen to already */
            continue;
        }
        char old[DISK_NAME_BYTES_MAX];
        name_generation(old, before->numbers[i]);
        unlinkat(directory, old, 0);
    }
    bool has_older_good = before->count > kept && before->numbers[kept] == good;
    kept += has_older_good ? 1 : 0;
    if (gather_members(directory, before, before->count < kept ? before->count : kept, digests))
        disk_members_sweep(directory, digests);
}

static struct fault save_in(int directory, const struct view *view)
{
    struct generations seen = {.count = 0};
    if (!disk_list(directory, note_generation, &seen))
        return disk_fault("cannot be numbered: its directory cannot be read");
    struct arena arena;
    arena_open(&arena, 1024);
    struct digest_set digests;
    digest_set_open(&digests, &arena);
    struct fault fault = disk_members_save(directory, view, &digests);
    if (!failed(fault))
        fault =
            write_generation(directory, seen.count == 0 ? 1 : seen.numbers[0] + 1, view, &digests);
    if (!failed(fault))
        remove_old(directory, &seen, &digests);
    arena_close(&arena);
    return fault;
}

static int open_directory(struct str path)
{
    char text[4096];
    if (path.size >= sizeof(text))
        return -1;
    memcpy(text, path.data, path.size);
    text[path.size] = '\0';
    return open(text, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

struct fault disk_save(struct str directory, const struct view *view)
{
    int handle = open_directory(directory);
    if (handle < 0)
        return disk_fault("has no directory");
    struct fault fault = save_in(handle, view);
    close(handle);
    return fault;
}

void disk_forget(struct str directory, size_t kept)
{
    int handle = open_directory(directory);
    if (handle < 0)
        return;
    struct generations seen = {.count = 0};
    disk_list(handle, note_generation, &seen);
    for (size_t i = kept; i < seen.count; i++) {
        char old[DISK_NAME_BYTES_MAX];
        name_generation(old, seen.numbers[i]);
        unlinkat(handle, old, 0);
    }
    unlinkat(handle, "good", 0);
    close(handle);
}

uint64_t disk_newest(struct str directory)
{
    int handle = open_directory(directory);
    if (handle < 0)
        return 0;
    struct generations seen = {.count = 0};
    bool is_listed = disk_list(handle, note_generation, &seen);
    close(handle);
    return is_listed && seen.count > 0 ? seen.numbers[0] : 0;
}

uint64_t disk_good(struct str directory)
{
    int handle = open_directory(directory);
    if (handle < 0)
        return 0;
    uint64_t generation = read_good(handle);
    close(handle);
    return generation;
}

struct fault disk_keep_good(struct str directory, uint64_t generation)
{
    char text[32];
    int size = snprintf(text, sizeof(text), "%" PRIu64, generation);
    int handle = open_directory(directory);
    if (handle < 0)
        return disk_fault("has no directory");
    const struct str piece = {text, (size_t)size};
    struct fault fault = disk_file_replace(handle, "good.new", "good", &piece, 1);
    close(handle);
    return fault;
}

/* ---- loading ----------------------------------------------------------------------------- */

/* The payload of one file, verified; false for anything less than whole. */
static bool read_payload(int file, struct arena *arena, uint64_t generation, struct str *payload)
{
    unsigned char head[HEAD_BYTES];
    struct str members = {0};
    if (!read_head(file, arena, head, &members) || get_u64(head + 16) != generation)
        return false;
    payload->size = (size_t)get_u64(head + 24);
    char *text = arena_allocate(arena, payload->size);
    payload->data = text;
    if (!disk_file_read(file, text, payload->size))
        return false;
    unsigned char digest[32];
    digest_file(digest, head, members, *payload);
    return memcmp(digest, head + DIGEST_AT, sizeof(digest)) == 0;
}

static struct fault load_generation(int directory, uint64_t generation, snapshot_renderer render,
                                    int64_t now_ms, struct view **view)
{
    int file = open_generation(directory, generation);
    if (file < 0)
        return disk_fault("cannot be opened");
    struct arena arena;
    arena_open(&arena, 4096);
    struct str payload = {0};
    const struct members_source source = {disk_members_load, &directory};
    struct fault fault = read_payload(file, &arena, generation, &payload)
                             ? disk_payload_decode(&arena, payload, source, render, now_ms, view)
                             : disk_fault("is damaged");
    arena_close(&arena);
    close(file);
    return fault;
}

struct fault disk_load(struct str directory, snapshot_renderer render, int64_t now_ms,
                       struct view **view)
{
    uint64_t generation = 0;
    return disk_load_up_to(directory, UINT64_MAX, render, now_ms, view, &generation);
}

struct fault disk_load_up_to(struct str directory, uint64_t newest, snapshot_renderer render,
                             int64_t now_ms, struct view **view, uint64_t *generation)
{
    int handle = open_directory(directory);
    if (handle < 0)
        return disk_fault("has no directory");
    struct generations seen = {.count = 0};
    bool is_loaded = false;
    if (disk_list(handle, note_generation, &seen)) {
        for (size_t i = 0; i < seen.count && !is_loaded; i++) {
            *generation = seen.numbers[i];
            is_loaded = *generation <= newest &&
                        !failed(load_generation(handle, *generation, render, now_ms, view));
        }
    }
    close(handle);
    return is_loaded ? fault_none()
                     : fault_make(FAULT_MISSING, STR("snapshot on disk"), STR("none is whole"));
}
