/* SPDX-License-Identifier: Apache-2.0 */
/* unescape - what a string with backslashes means: see unescape.h. */
#include "json/unescape.h"

#include <assert.h>
#include <string.h>

#include "base/hex.h"
#include "base/utf.h"

enum { UNIT_TEXT_BYTES = 6 /* backslash, u, four digits */ };

/* The 16-bit unit of the escape at `at`; -1 when no such escape stands there. */
static int32_t read_unit(struct str raw, size_t at)
{
    if (raw.size - at < UNIT_TEXT_BYTES || raw.data[at] != '\\' || raw.data[at + 1] != 'u')
        return -1;
    int32_t unit = 0;
    for (size_t i = 2; i < UNIT_TEXT_BYTES; i++) {
        int digit = hex_value(raw.data[at + i]);
        if (digit < 0)
            return -1;
        unit = unit << 4 | digit;
    }
    return unit;
}

static bool is_high_surrogate(int32_t unit)
{
    return unit >= 0xd800 && unit <= 0xdbff;
}

static bool is_low_surrogate(int32_t unit)
{
    return unit >= 0xdc00 && unit <= 0xdfff;
}

/* The character one backslash and one letter stand for; 0 when none. */
static char short_escape(char letter)
{
    switch (letter) {
    case '"':
    case '\\':
    case '/':
        return letter;
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return 0;
    }
}

struct escape {
    uint32_t code_point;
    size_t text_bytes; /* 2, 6, or 12 for a surrogate pair */
    const char *why;   /* refused, unless NULL */
};

static struct escape refuse(const char *why)
{
    return (struct escape){.why = why};
}

static struct escape read_unicode_escape(struct str raw, size_t at)
{
    int32_t unit = read_unit(raw, at);
    if (unit < 0)
        return refuse("escape is not four hexadecimal digits");
    if (is_low_surrogate(unit))
        return refuse("lone surrogate");
    if (!is_high_surrogate(unit))
        return (struct escape){.code_point = (uint32_t)unit, .text_bytes = UNIT_TEXT_BYTES};
    int32_t low = read_unit(raw, at + UNIT_TEXT_BYTES);
    if (!is_low_surrogate(low))
        return refuse("lone surrogate");
    uint32_t code_point = 0x10000 + ((uint32_t)(unit - 0xd800) << 10) + (uint32_t)(low - 0xdc00);
    return (struct escape){.code_point = code_point, .text_bytes = 2 * UNIT_TEXT_BYTES};
}

/* The escape whose backslash stands at `at`. */
static struct escape read_escape(struct str raw, size_t at)
{
    if (raw.size - at < 2)
        return refuse("escape is not complete");
    if (raw.data[at + 1] == 'u')
        return read_unicode_escape(raw, at);
    char character = short_escape(raw.data[at + 1]);
    if (character == 0)
        return refuse("unknown escape");
    return (struct escape){.code_point = (uint32_t)character, .text_bytes = 2};
}

const char *unescape_measure(struct str raw, size_t *decoded_bytes, size_t *bad_at)
{
    size_t bytes = 0;
    size_t at = 0;
    while (at < raw.size) {
        size_t backslash = str_find_byte(raw, '\\', at);
        bytes += backslash - at;
        at = backslash;
        if (at == raw.size)
            break;
        struct escape escape = read_escape(raw, at);
        if (escape.why != NULL) {
            *bad_at = at;
            return escape.why;
        }
        char encoded[4];
        bytes += utf8_put(escape.code_point, encoded);
        at += escape.text_bytes;
    }
    *decoded_bytes = bytes;
    return NULL;
}

void unescape_decode(struct str raw, char *decoded)
{
    size_t at = 0;
    while (at < raw.size) {
        size_t backslash = str_find_byte(raw, '\\', at);
        memcpy(decoded, raw.data + at, backslash - at);
        decoded += backslash - at;
        at = backslash;
        if (at == raw.size)
            break;
        struct escape escape = read_escape(raw, at);
        assert(escape.why == NULL);
        char encoded[4];
        size_t size = utf8_put(escape.code_point, encoded);
        memcpy(decoded, encoded, size);
        decoded += size;
        at += escape.text_bytes;
    }
}
