/* SPDX-License-Identifier: Apache-2.0 */
/*
 * file_fuzz - bytes as a file of the server's settings, and as a server's answer to its client.
 *
 * The file lives in memory alone. What is taken of settings is printed as a file that says the
 * same.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "client/answer.h"
#include "fuzz.h"
#include "server/options_table.h"

static int memory_file(void)
{
    static int file;
    if (file == 0)
        file = memfd_create("fuzz", MFD_CLOEXEC);
    require(file > 0);
    return file;
}

static struct str write_file(struct arena *arena, struct str bytes)
{
    int file = memory_file();
    require(ftruncate(file, 0) == 0);
    require(pwrite(file, bytes.data, bytes.size, 0) == (ssize_t)bytes.size);
    return arena_format(arena, "/proc/self/fd/%d", file);
}

static bool read_settings(struct arena *arena, struct str text, struct options *options)
{
    *options = (struct options){0};
    require(!failed(options_read_defaults(arena, options)));
    struct fault fault = options_read_file(arena, write_file(arena, text), options);
    require(!failed(fault) || fault.why.size > 0);
    return !failed(fault);
}

static void fuzz_settings(struct arena *arena, struct str text)
{
    struct options options, again;
    if (!read_settings(arena, text, &options) || options.shows_origins)
        return;
    struct buf first, second;
    buf_open(&first, SIZE_MAX);
    buf_open(&second, SIZE_MAX);
    options_print(&options, &first);
    require(read_settings(arena, buf_str(&first), &again));
    options_print(&again, &second);
    require(str_equal(buf_str(&first), buf_str(&second)));
    buf_close(&first);
    buf_close(&second);
}

static void fuzz_answer(struct arena *arena, struct str bytes)
{
    struct str head = fuzz_take(&bytes);
    static const int statuses[] = {200, 304, 400, 401, 404, 409, 412, 429, 503};
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        struct answer answer = answer_read(arena, statuses[i], head, bytes);
        require(answer.status == statuses[i]);
        require(answer.etag.size <= head.size);
        require(str_equal(answer.text, bytes));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena arena;
    arena_open(&arena, 4096);
    struct str bytes = {(const char *)data + 1, size - 1};
    if (data[0] % 2 == 0)
        fuzz_settings(&arena, bytes);
    else
        fuzz_answer(&arena, bytes);
    arena_close(&arena);
    return 0;
}
