/* SPDX-License-Identifier: Apache-2.0 */
/* tag - see tag.h. */
#include "dialect/ofrep/tag.h"

#include "base/hex.h"

enum { PART_DIGITS = 16 };

static void write_part(uint64_t part, char text[PART_DIGITS])
{
    for (size_t i = 0; i < PART_DIGITS; i++)
        text[i] = hex_digit((unsigned)(part >> (60 - 4 * i)));
}

void tag_write(const struct tag *tag, char text[TAG_BYTES])
{
    text[0] = '"';
    write_part(tag->answer, text + 1);
    text[1 + PART_DIGITS] = '.';
    write_part(tag->input, text + 2 + PART_DIGITS);
    text[TAG_BYTES - 1] = '"';
}

/* The next quoted text from *at on, and *at behind it; absent when there is none. */
static struct str next_tag(struct str list, size_t *at)
{
    size_t open = str_find_byte(list, '"', *at);
    size_t close = str_find_byte(list, '"', open + 1);
    *at = close + 1;
    return close < list.size ? str_slice(list, open, close + 1) : (struct str){0};
}

static struct str find_part(struct str if_none_match, uint64_t part, size_t from)
{
    char digits[PART_DIGITS];
    write_part(part, digits);
    const struct str wanted = {digits, PART_DIGITS};
    for (size_t at = 0; at < if_none_match.size;) {
        struct str tag = next_tag(if_none_match, &at);
        bool is_ours = tag.size == TAG_BYTES && tag.data[1 + PART_DIGITS] == '.';
        if (is_ours && str_equal(str_slice(tag, from, from + PART_DIGITS), wanted))
            return tag;
    }
    return (struct str){0};
}

struct str tag_find_input(struct str if_none_match, uint64_t input)
{
    return find_part(if_none_match, input, 2 + PART_DIGITS);
}

struct str tag_find_answer(struct str if_none_match, uint64_t answer)
{
    return find_part(if_none_match, answer, 1);
}
