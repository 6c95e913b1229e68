/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk - the last views, kept on disk. See disk.h.
 *
 * A file is a fixed head (magic, format, generation, payload length, SHA-256 over all of that and
 * the payload) and a payload of JSON (disk_payload.c). Integers are little-endian.
 */
#include "snapshot/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "snapshot/disk_payload.h"

enum { HEAD_BYTES = 8 + 8 + 8 + 8 + 32, DIGEST_AT = 32, FORMAT = 1 };
enum { NAME_BYTES_MAX = 64, GENERATIONS_SEEN_MAX = 256 };

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

static void digest_file(unsigned char digest[32], const unsigned char *head, struct str payload)
{
    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, head, DIGEST_AT);
    crypto_hash_sha256_update(&state, (const unsigned char *)payload.data, payload.size);
    crypto_hash_sha256_final(&state, digest);
}

static void fill_head(unsigned char head[HEAD_BYTES], uint64_t generation, struct str payload)
{
    memcpy(head, magic, sizeof(magic));
    put_u64(head + 8, FORMAT);
    put_u64(head + 16, generation);
    put_u64(head + 24, payload.size);
    digest_file(head + DIGEST_AT, head, payload);
}

static struct fault disk_fault(const char *why)
{
    return fault_make(FAULT_UNAVAILABLE, STR("snapshot on disk"), str_of(why));
}

/* Newest first, at most GENERATIONS_SEEN_MAX. False: the directory cannot be read. */
static bool list_generations(int directory, uint64_t *generations, size_t *count)
{
    *count = 0;
    int copy = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *listing = copy < 0 ? NULL : fdopendir(copy);
    if (listing == NULL) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        struct str name = str_of(entry->d_name);
        uint64_t generation = 0;
        if (!str_starts_with(name, STR("snapshot-")) || *count == GENERATIONS_SEEN_MAX ||
            !str_parse_u64(str_slice(name, 9, name.size), &generation))
            continue;
        size_t at = (*count)++;
        for (; at > 0 && generations[at - 1] < generation; at--)
            generations[at] = generations[at - 1];
        generations[at] = generation;
    }
    closedir(listing);
    return true;
}

static void name_generation(char name[NAME_BYTES_MAX], uint64_t generation)
{
    snprintf(name, NAME_BYTES_MAX, "snapshot-%020" PRIu64, generation);
}

static bool write_all(int file, const void *data, size_t size)
{
    const char *at = data;
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

static bool read_all(int file, char *data, size_t size)
{
    while (size > 0) {
        ssize_t got = read(file, data, size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        data += got;
        size -= (size_t)got;
    }
    return true;
}

static bool write_file(int directory, const char *name, const unsigned char *head,
                       struct str payload)
{
    int file = openat(directory, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (file < 0)
        return false;
    bool is_written = write_all(file, head, HEAD_BYTES) &&
                      write_all(file, payload.data, payload.size) && fsync(file) == 0;
    bool is_closed = close(file) == 0;
    return is_written && is_closed;
}

/* temp -> write -> fsync -> rename -> fsync directory: old or new, never a mixture. */
static struct fault replace_file(int directory, const char *name, const unsigned char *head,
                                 struct str payload)
{
    static const char temporary[] = "snapshot.new";
    if (!write_file(directory, temporary, head, payload)) {
        unlinkat(directory, temporary, 0);
        return disk_fault("cannot be written");
    }
    if (renameat(directory, temporary, directory, name) != 0)
        return disk_fault("cannot be renamed");
    if (fsync(directory) != 0)
        return disk_fault("its directory cannot be synced");
    return fault_none();
}

static struct fault save_in(int directory, const struct view *view)
{
    uint64_t generations[GENERATIONS_SEEN_MAX];
    size_t count = 0;
    if (!list_generations(directory, generations, &count))
        return disk_fault("cannot be numbered: its directory cannot be read");
    uint64_t generation = count == 0 ? 1 : generations[0] + 1;

    struct buf payload;
    buf_open(&payload, payload_bytes_max);
    disk_payload_encode(view, &payload);
    struct fault fault = fault_none();
    if (buf_failed(&payload)) {
        fault = disk_fault("is too large");
    } else {
        unsigned char head[HEAD_BYTES];
        fill_head(head, generation, buf_str(&payload));
        char name[NAME_BYTES_MAX];
        name_generation(name, generation);
        fault = replace_file(directory, name, head, buf_str(&payload));
    }
    buf_close(&payload);
    for (size_t i = DISK_GENERATIONS - 1; !failed(fault) && i < count; i++) {
        char old[NAME_BYTES_MAX];
        name_generation(old, generations[i]);
        unlinkat(directory, old, 0); /* one too many is no harm; the next save tries again */
    }
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

/* The payload of one file, verified; false for anything less than whole. */
static bool read_file(int file, struct arena *arena, uint64_t generation, struct str *payload)
{
    struct stat status;
    unsigned char head[HEAD_BYTES];
    if (fstat(file, &status) != 0 || !read_all(file, (char *)head, HEAD_BYTES))
        return false;
    uint64_t size = get_u64(head + 24);
    if (memcmp(head, magic, sizeof(magic)) != 0 || get_u64(head + 8) != FORMAT ||
        get_u64(head + 16) != generation || size > payload_bytes_max ||
        (uint64_t)status.st_size != size + HEAD_BYTES)
        return false;
    char *text = arena_allocate(arena, size);
    if (!read_all(file, text, size))
        return false;
    *payload = (struct str){text, size};
    unsigned char digest[32];
    digest_file(digest, head, *payload);
    return memcmp(digest, head + DIGEST_AT, sizeof(digest)) == 0;
}

static struct fault load_generation(int directory, uint64_t generation, snapshot_renderer render,
                                    int64_t now_ms, struct view **view)
{
    char name[NAME_BYTES_MAX];
    name_generation(name, generation);
    int file = openat(directory, name, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return disk_fault("cannot be opened");
    struct arena arena;
    arena_open(&arena, 4096);
    struct str payload;
    struct fault fault = read_file(file, &arena, generation, &payload)
                             ? disk_payload_decode(&arena, payload, render, now_ms, view)
                             : disk_fault("is damaged");
    arena_close(&arena);
    close(file);
    return fault;
}

struct fault disk_load(struct str directory, snapshot_renderer render, int64_t now_ms,
                       struct view **view)
{
    int handle = open_directory(directory);
    if (handle < 0)
        return disk_fault("has no directory");
    uint64_t generations[GENERATIONS_SEEN_MAX];
    size_t count = 0;
    bool is_loaded = false;
    if (list_generations(handle, generations, &count)) {
        for (size_t i = 0; i < count && !is_loaded; i++)
            is_loaded = !failed(load_generation(handle, generations[i], render, now_ms, view));
    }
    close(handle);
    return is_loaded ? fault_none()
                     : fault_make(FAULT_MISSING, STR("snapshot on disk"), STR("none is whole"));
}
