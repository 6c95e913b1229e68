/* SPDX-License-Identifier: Apache-2.0 */
/* base64 - see base64.h. */
#include "dialect/amplitude/base64.h"

enum { DIGIT_BITS = 6, NO_DIGIT = 64 };

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* By byte: the digit's value plus one; 0 for what is none. Both alphabets, because clients use
 * both. */
static const unsigned char digits[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['-'] = 63,
    ['/'] = 64, ['_'] = 64,
};

/* From NO_DIGIT on: none. */
static inline unsigned digit_value(char byte)
{
    return (unsigned char)(digits[(unsigned char)byte] - 1);
}

struct decoding {
    char *bytes;
    size_t size;
    unsigned bits; /* the lowest bit_count of them are still to be written */
    unsigned bit_count;
    size_t digits, paddings;
};

static bool take(struct decoding *decoding, char byte)
{
    if (is_blank(byte))
        return true;
    if (byte == '=') {
        decoding->paddings++;
        return true;
    }
    unsigned value = digit_value(byte);
    if (value >= NO_DIGIT || decoding->paddings > 0)
        return false;
    decoding->digits++;
    decoding->bits = (decoding->bits << DIGIT_BITS | value) & 0xFFFF;
    decoding->bit_count += DIGIT_BITS;
    if (decoding->bit_count >= 8) {
        decoding->bit_count -= 8;
        decoding->bytes[decoding->size++] = (char)(decoding->bits >> decoding->bit_count & 0xFF);
    }
    return true;
}

/* A lone digit is no byte; padding, where there is any, fills up to a multiple of four at most. */
static bool is_whole(const struct decoding *decoding)
{
    size_t rest = decoding->digits % 4;
    return rest != 1 && decoding->paddings <= (rest == 0 ? 0 : 4 - rest);
}

/* Four digits at a time become three bytes, up to where there is something else; returns how many
 * characters that took. */
static size_t take_fours(struct decoding *decoding, struct str text)
{
    char *bytes = decoding->bytes;
    size_t at = 0;
    for (; text.size - at >= 4; at += 4, bytes += 3) {
        const char *four = text.data + at;
        unsigned a = digit_value(four[0]);
        unsigned b = digit_value(four[1]);
        unsigned c = digit_value(four[2]);
        unsigned d = digit_value(four[3]);
        if ((a | b | c | d) >= NO_DIGIT)
            break;
        bytes[0] = (char)(a << 2 | b >> 4);
        bytes[1] = (char)(b << 4 | c >> 2);
        bytes[2] = (char)(c << 6 | d);
    }
    decoding->size = (size_t)(bytes - decoding->bytes);
    decoding->digits = at;
    return at;
}

bool base64_decode(struct arena *arena, struct str text, struct str *bytes)
{
    struct decoding decoding = {.bytes = arena_allocate(arena, text.size / 4 * 3 + 3)};
    for (size_t i = take_fours(&decoding, text); i < text.size; i++) {
        if (!take(&decoding, text.data[i]))
            return false;
    }
    *bytes = (struct str){decoding.bytes, decoding.size};
    return is_whole(&decoding);
}
