/* SPDX-License-Identifier: Apache-2.0 */
/*
 * address - a range of IPv4 addresses as a regular expression: see feature.h.
 *
 * Whole octets are written out, the one the prefix ends in becomes the decimal numbers it may be,
 * the others any number: an address that is one has nothing else there.
 */
#include "base/buf.h"
#include "import/unleash/feature.h"

struct range {
    uint32_t address; /* host order */
    uint32_t bits;    /* of the prefix */
};

static bool parse_range(struct str text, struct range *range)
{
    size_t slash = str_find_byte(text, '/', 0);
    uint64_t bits = 32;
    if (slash < text.size && !str_parse_u64(str_slice(text, slash + 1, text.size), &bits))
        return false;
    struct str rest = str_slice(text, 0, slash);
    *range = (struct range){.bits = (uint32_t)bits};
    for (int i = 0; i < 4; i++) {
        uint64_t octet = 0;
        size_t end = i < 3 ? str_find_byte(rest, '.', 0) : rest.size;
        struct str digits = str_slice(rest, 0, end);
        if (digits.size > 3 || !str_parse_u64(digits, &octet) || octet > 255)
            return false;
        if (i < 3 && end == rest.size)
            return false;
        range->address = range->address << 8 | (uint32_t)octet;
        rest = str_slice(rest, end + 1, rest.size);
    }
    return bits <= 32;
}

static void put_digit(struct buf *buf, unsigned from, unsigned to)
{
    if (from == to)
        buf_append_format(buf, "%u", from);
    else
        buf_append_format(buf, "[%u-%u]", from, to);
}

static void put_alternative(struct buf *buf, const char *hundreds, unsigned tens_from,
                            unsigned tens_to, unsigned from, unsigned to)
{
    buf_append_format(buf, "|%s", hundreds);
    put_digit(buf, tens_from, tens_to);
    put_digit(buf, from, to);
}

/* Two digits behind the hundreds, from..to: the decade it begins in, whole ones, the one it ends
 * in. */
static void put_two_digits(struct buf *buf, const char *hundreds, unsigned from, unsigned to)
{
    unsigned first = from / 10;
    unsigned last = to / 10;
    if (first == last) {
        put_alternative(buf, hundreds, first, first, from % 10, to % 10);
        return;
    }
    if (from % 10 != 0) {
        put_alternative(buf, hundreds, first, first, from % 10, 9);
        first++;
    }
    if (to % 10 != 9) {
        put_alternative(buf, hundreds, last, last, 0, to % 10);
        last--;
    }
    if (first <= last)
        put_alternative(buf, hundreds, first, last, 0, 9);
}

static unsigned least(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

static unsigned most(unsigned a, unsigned b)
{
    return a > b ? a : b;
}

/* The decimal numbers from..to, without leading zeros, as "(?:a|b)". */
static void put_octet(struct buf *buf, unsigned from, unsigned to)
{
    static const char *const hundreds[] = {"", "1", "2"};
    struct buf alternatives;
    buf_open(&alternatives, SIZE_MAX);
    if (from <= 9) {
        buf_append_byte(&alternatives, '|');
        put_digit(&alternatives, from, least(to, 9));
    }
    for (unsigned i = 0; i < COUNT_OF(hundreds); i++) {
        unsigned low = most(from, i == 0 ? 10 : i * 100);
        unsigned high = least(to, i * 100 + 99);
        if (low <= high)
            put_two_digits(&alternatives, hundreds[i], low - i * 100, high - i * 100);
    }
    struct str text = buf_str(&alternatives);
    buf_append_format(buf, "(?:%.*s)", (int)text.size - 1, text.data + 1);
    buf_close(&alternatives);
}

struct str address_pattern(struct arena *arena, struct str text)
{
    struct range range;
    struct buf buf;
    if (!parse_range(text, &range))
        return (struct str){0};
    buf_open(&buf, SIZE_MAX);
    for (uint32_t i = 0; i < 4; i++) {
        uint32_t octet = range.address >> (24 - 8 * i) & 0xFF;
        uint32_t free_bits = range.bits >= 8 * (i + 1) ? 0 : least(8, 8 * (i + 1) - range.bits);
        uint32_t span = (UINT32_C(1) << free_bits) - 1;
        if (i > 0)
            buf_append(&buf, STR("\\."));
        if (free_bits == 0)
            buf_append_format(&buf, "%u", octet);
        else if (free_bits == 8)
            buf_append(&buf, STR("\\d+"));
        else
            put_octet(&buf, octet & ~span, octet | span);
    }
    struct str pattern = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return pattern;
}
