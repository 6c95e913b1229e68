/* SPDX-License-Identifier: Apache-2.0 */
/* utf - UTF-8 in, UTF-16 units where a specification counts them: see utf.h. */
#include "base/utf.h"

#include <assert.h>
#include <string.h>

/* Bytes of s from `from` on that are ASCII, counted in whole words; the caller looks at the rest.
 */
static size_t ascii_words(struct str s, size_t from)
{
    size_t at = from;
    while (s.size - at >= sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, s.data + at, sizeof(word));
        if ((word & 0x8080808080808080u) != 0)
            break;
        at += sizeof(word);
    }
    return at - from;
}

/* Table 3-7 of the Unicode standard: what may follow a lead byte, and how many bytes there are. */
struct lead {
    unsigned char size, second_min, second_max;
};

static struct lead lead_of(unsigned char byte)
{
    if (byte < 0x80)
        return (struct lead){1, 0, 0};
    if (byte < 0xc2) /* a continuation, or an overlong two-byte form */
        return (struct lead){0, 0, 0};
    if (byte < 0xe0)
        return (struct lead){2, 0x80, 0xbf};
    if (byte < 0xf0)
        return (struct lead){3, byte == 0xe0 ? 0xa0 : 0x80, byte == 0xed ? 0x9f : 0xbf};
    if (byte < 0xf5)
        return (struct lead){4, byte == 0xf0 ? 0x90 : 0x80, byte == 0xf4 ? 0x8f : 0xbf};
    return (struct lead){0, 0, 0};
}

/* Bytes of the well-formed sequence at the start of these `left` bytes; 0 when there is none. */
static size_t sequence_size(const unsigned char *bytes, size_t left)
{
    struct lead lead = lead_of(bytes[0]);
    if (lead.size <= 1)
        return lead.size;
    if (lead.size > left || bytes[1] < lead.second_min || bytes[1] > lead.second_max)
        return 0;
    for (size_t i = 2; i < lead.size; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
    }
    return lead.size;
}

size_t utf8_valid_size(struct str s)
{
    size_t at = 0;
    while (at < s.size) {
        at += ascii_words(s, at);
        if (at == s.size)
            break;
        size_t size = sequence_size((const unsigned char *)s.data + at, s.size - at);
        if (size == 0)
            break;
        at += size;
    }
    return at;
}

bool utf8_is_valid(struct str s)
{
    return utf8_valid_size(s) == s.size;
}

uint32_t utf8_next(struct str s, size_t *at)
{
    assert(*at < s.size);
    const unsigned char *bytes = (const unsigned char *)s.data + *at;
    struct lead lead = lead_of(bytes[0]);
    assert(lead.size > 0);
    assert(lead.size <= s.size - *at);
    static const unsigned char payload[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t code_point = bytes[0] & payload[lead.size];
    for (size_t i = 1; i < lead.size; i++)
        code_point = code_point << 6 | (bytes[i] & 0x3f);
    *at += lead.size;
    return code_point;
}

static char continuation(uint32_t bits)
{
    return (char)(0x80 | (bits & 0x3f));
}

size_t utf8_put(uint32_t code_point, char bytes[4])
{
    assert(code_point <= 0x10ffff);
    assert(code_point < 0xd800 || code_point > 0xdfff);
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        return 1;
    }
    if (code_point < 0x800) {
        bytes[0] = (char)(0xc0 | code_point >> 6);
        bytes[1] = continuation(code_point);
        return 2;
    }
    if (code_point < 0x10000) {
        bytes[0] = (char)(0xe0 | code_point >> 12);
        bytes[1] = continuation(code_point >> 6);
        bytes[2] = continuation(code_point);
        return 3;
    }
    bytes[0] = (char)(0xf0 | code_point >> 18);
    bytes[1] = continuation(code_point >> 12);
    bytes[2] = continuation(code_point >> 6);
    bytes[3] = continuation(code_point);
    return 4;
}

size_t utf16_length(struct str s)
{
    size_t units = 0;
    for (size_t i = 0; i < s.size; i++) {
        unsigned char byte = (unsigned char)s.data[i];
        bool starts_character = (byte & 0xc0) != 0x80;
        bool needs_surrogates = byte >= 0xf0;
        units += (size_t)starts_character + (size_t)needs_surrogates;
    }
    return units;
}

/* UTF-8 bytes sort as code points do. UTF-16 differs in one place: surrogates (lead bytes F0 and
 * up) come before U+E000..U+FFFF (lead bytes EE and EF). */
static int utf16_rank(unsigned char byte)
{
    return byte == 0xee || byte == 0xef ? byte + 0x10 : byte;
}

int utf16_compare(struct str a, struct str b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    for (size_t i = 0; i < shared; i++) {
        if (a.data[i] != b.data[i])
            return utf16_rank((unsigned char)a.data[i]) - utf16_rank((unsigned char)b.data[i]);
    }
    return a.size < b.size ? -1 : a.size > b.size;
}
