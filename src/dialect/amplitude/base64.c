/* SPDX-License-Identifier: Apache-2.0 */
/* base64 - see base64.h. */
#include "dialect/amplitude/base64.h"

enum { DIGIT_BITS = 6, NO_DIGIT = 64 };

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static unsigned digit_value(char byte)
{
    if (byte >= 'A' && byte <= 'Z')
        return (unsigned)(byte - 'A');
    if (byte >= 'a' && byte <= 'z')
        return (unsigned)(byte - 'a') + 26;
    if (byte >= '0' && byte <= '9')
        return (unsigned)(byte - '0') + 52;
    if (byte == '+' || byte == '-')
        return 62;
    return byte == '/' || byte == '_' ? 63 : (unsigned)NO_DIGIT;
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
    if (value == NO_DIGIT || decoding->paddings > 0)
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

bool base64_decode(struct arena *arena, struct str text, struct str *bytes)
{
    struct decoding decoding = {.bytes = arena_allocate(arena, text.size / 4 * 3 + 3)};
    for (size_t i = 0; i < text.size; i++) {
        if (!take(&decoding, text.data[i]))
            return false;
    }
    *bytes = (struct str){decoding.bytes, decoding.size};
    return is_whole(&decoding);
}
