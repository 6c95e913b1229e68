/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_fuzz - bytes into the decoders of flags, segments and settings.
 *
 * What a decoder lets through, the check lets through and the encoder spells in one way: decoding
 * that text and encoding it again gives the same bytes, and so does a copy.
 */
#include <stdlib.h>

#include "model/codec.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition)
        abort();
}

static void fuzz_flag(struct arena *arena, struct str text)
{
    struct flag flag;
    struct flag again;
    if (failed(flag_decode(arena, text, &flag)))
        return;
    struct buf first;
    struct buf second;
    buf_open(&first, SIZE_MAX);
    buf_open(&second, SIZE_MAX);
    flag_encode(&flag, &first);
    require(!failed(flag_check(arena, &flag)));
    require(!failed(flag_decode(arena, buf_str(&first), &again)));
    struct flag copy = flag_copy(arena, &again);
    flag_encode(&copy, &second);
    require(str_equal(buf_str(&first), buf_str(&second)));
    buf_close(&first);
    buf_close(&second);
}

static void fuzz_segment(struct arena *arena, struct str text)
{
    struct segment segment;
    struct segment again;
    if (failed(segment_decode(arena, text, &segment)))
        return;
    struct buf first;
    struct buf second;
    buf_open(&first, SIZE_MAX);
    buf_open(&second, SIZE_MAX);
    segment_encode(&segment, &first);
    require(!failed(segment_check(arena, &segment)));
    require(!failed(segment_decode(arena, buf_str(&first), &again)));
    struct segment copy = segment_copy(arena, &again);
    segment_encode(&copy, &second);
    require(str_equal(buf_str(&first), buf_str(&second)));
    buf_close(&first);
    buf_close(&second);
}

static void fuzz_settings(struct arena *arena, struct str text)
{
    struct environment_settings settings;
    struct environment_settings again;
    if (failed(settings_decode(arena, text, &settings)))
        return;
    struct buf first;
    struct buf second;
    buf_open(&first, SIZE_MAX);
    buf_open(&second, SIZE_MAX);
    settings_encode(&settings, &first);
    require(!failed(settings_decode(arena, buf_str(&first), &again)));
    settings_encode(&again, &second);
    require(str_equal(buf_str(&first), buf_str(&second)));
    buf_close(&first);
    buf_close(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_open(&arena, 4096);
    struct str text = {(const char *)data, size};
    fuzz_flag(&arena, text);
    fuzz_segment(&arena, text);
    fuzz_settings(&arena, text);
    arena_close(&arena);
    return 0;
}
