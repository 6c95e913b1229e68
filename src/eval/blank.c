/* SPDX-License-Identifier: Apache-2.0 */
/* blank - see blank.h: ECMA-262 WhiteSpace and LineTerminator. */
#include "eval/blank.h"

#include "base/utf.h"

static bool is_blank(uint32_t code_point)
{
    switch (code_point) {
    case '\t':
    case '\n':
    case '\v':
    case '\f':
    case '\r':
    case ' ':
    case 0x00A0:
    case 0x1680:
    case 0x2028:
    case 0x2029:
    case 0x202F:
    case 0x205F:
    case 0x3000:
    case 0xFEFF:
        return true;
    default:
        return code_point >= 0x2000 && code_point <= 0x200A;
    }
}

/* Whether neither end can be a blank: the usual case, told without decoding. */
static bool has_plain_ends(struct str text)
{
    unsigned char first = (unsigned char)text.data[0];
    unsigned char last = (unsigned char)text.data[text.size - 1];
    return first > ' ' && first < 0x80 && last > ' ' && last < 0x80;
}

struct str blanks_trim(struct str text)
{
    if (text.size == 0 || has_plain_ends(text))
        return text;
    size_t at = 0;
    size_t from = text.size;
    size_t to = 0;
    while (at < text.size) {
        size_t before = at;
        if (is_blank(utf8_next(text, &at)))
            continue;
        if (from == text.size)
            from = before;
        to = at;
    }
    return str_slice(text, from, to);
}
