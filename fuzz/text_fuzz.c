/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_fuzz - bytes as what stands inside documents and headers: numbers, moments, base64.
 *
 * What is read is written in one way, and that is read as the same again.
 */
#include <math.h>

#include "base/base64url.h"
#include "base/instant.h"
#include "base/number.h"
#include "base/utf.h"
#include "dialect/amplitude/base64.h"
#include "eval/text_number.h"
#include "fuzz.h"

static void fuzz_number(struct str text)
{
    double value = 0, again = 0;
    if (!number_parse(text, &value))
        return;
    char spelled[NUMBER_TEXT_BYTES];
    size_t size = number_format(value, spelled);
    require(size <= sizeof(spelled));
    require(number_parse((struct str){spelled, size}, &again));
    require(again == value);
    /* Whatever JSON takes for a number, a text of it is one, too. */
    require(text_number(text) == value);
}

static void fuzz_instant(struct str text)
{
    int64_t ms = 0, again = 0;
    if (!instant_parse(text, &ms)) {
        (void)instant_parse_date(text, &ms);
        return;
    }
    require(instant_parse_date(text, &again));
    require(again == ms);
    char spelled[INSTANT_TEXT_BYTES];
    instant_format(ms, spelled);
    int year = 0, month = 0;
    instant_month(ms, &year, &month);
    require(month >= 1);
    require(month <= 12);
    /* Years beyond four digits have a form of their own, which is never read. */
    if (year < 0 || year > 9999)
        return;
    require(instant_parse(str_of(spelled), &again));
    require(again == ms);
}

static void fuzz_base64(struct arena *arena, struct str text)
{
    struct str bytes, other;
    bool is_url = base64url_decode(arena, text, &bytes);
    if (is_url) {
        require(str_equal(base64url_encode(arena, bytes), text));
        require(base64_decode(arena, text, &other));
        require(str_equal(bytes, other));
    } else if (base64_decode(arena, text, &other)) {
        require(other.size <= text.size);
    }
    require(base64url_decode(arena, base64url_encode(arena, text), &bytes));
    require(str_equal(bytes, text));
}

static void fuzz_utf8(struct str text)
{
    size_t valid = utf8_valid_size(text);
    require((valid == text.size) == utf8_is_valid(text));
    struct str good = str_slice(text, 0, valid);
    require(utf8_is_valid(good));
    size_t points = 0;
    for (size_t at = 0; at < good.size; points++) {
        size_t before = at;
        char spelled[4];
        uint32_t point = utf8_next(good, &at);
        size_t size = utf8_put(point, spelled);
        require(str_equal(str_slice(good, before, at), (struct str){spelled, size}));
    }
    require(utf16_length(good) >= points);
    require(utf16_compare(good, good) == 0);
    (void)text_number(good);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    arena_open(&arena, 1024);
    struct str text = {(const char *)data, size};
    fuzz_number(text);
    fuzz_instant(text);
    fuzz_base64(&arena, text);
    fuzz_utf8(text);
    arena_close(&arena);
    return 0;
}
