/* SPDX-License-Identifier: Apache-2.0 */
/* text_version - see text_version.h. */
#include "eval/text_version.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_pre_release_byte(char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '_' || byte == '-';
}

static uint64_t append_digit(uint64_t number, char digit)
{
    uint64_t value = (uint64_t)(digit - '0');
    return number > (UINT64_MAX - value) / 10 ? UINT64_MAX : number * 10 + value;
}

/* Digits from *at on, which moves behind them; false when there is none. */
static bool take_number(struct str text, size_t *at, uint64_t *number)
{
    size_t from = *at;
    *number = 0;
    for (; *at < text.size && is_digit(text.data[*at]); (*at)++)
        *number = append_digit(*number, text.data[*at]);
    return *at > from;
}

/* Groups with single dots between them; the last may be followed by one, and there may be none. */
static bool is_pre_release(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        bool follows_group = i > 0 && text.data[i - 1] != '.';
        bool is_separator = text.data[i] == '.' && follows_group;
        if (!is_pre_release_byte(text.data[i]) && !is_separator)
            return false;
    }
    return true;
}

bool text_version_parse(struct str text, struct text_version *version)
{
    size_t at = 0;
    *version = (struct text_version){0};
    for (size_t i = 0; i < COUNT_OF(version->numbers); i++) {
        if (i > 0 && text.data[at++] != '.')
            return false;
        if (!take_number(text, &at, &version->numbers[i]))
            return false;
        if (at == text.size)
            return i > 0;
    }
    if (text.data[at] != '-')
        return false;
    version->pre = str_slice(text, at + 1, text.size);
    return is_pre_release(version->pre);
}

int text_version_compare(const struct text_version *a, const struct text_version *b)
{
    for (size_t i = 0; i < COUNT_OF(a->numbers); i++) {
        if (a->numbers[i] != b->numbers[i])
            return a->numbers[i] < b->numbers[i] ? -1 : 1;
    }
    bool is_a_release = str_is_absent(a->pre);
    bool is_b_release = str_is_absent(b->pre);
    if (is_a_release || is_b_release)
        return is_a_release - is_b_release;
    int order = str_compare(a->pre, b->pre); /* ASCII: bytes order as UTF-16 units do */
    return (order > 0) - (order < 0);
}

uint64_t text_version_rank(const struct text_version *version)
{
    enum { NUMBER_BITS = 21 };
    uint64_t rank = 0;
    for (size_t i = 0; i < COUNT_OF(version->numbers); i++) {
        if (version->numbers[i] >> NUMBER_BITS != 0)
            return 0;
        rank = rank << NUMBER_BITS | version->numbers[i];
    }
    return str_is_absent(version->pre) ? rank + 1 : 0;
}
