/* SPDX-License-Identifier: Apache-2.0 */
/* lower_case - see lower_case.h. */
#include "eval/lower_case.h"

#include <string.h>

#include "base/utf.h"
#include "eval/lower_case_table.h"

enum {
    CAPITAL_I_WITH_DOT = 0x130,
    CAPITAL_SIGMA = 0x3A3,
    SMALL_SIGMA = 0x3C3,
    FINAL_SIGMA = 0x3C2,
    DOT_ABOVE = 0x307
};

/* No code point grows by more: U+0130 takes two bytes and becomes three, U+023A two and three. */
enum { GROWTH_NUMERATOR = 3, GROWTH_DENOMINATOR = 2 };

static bool is_capital(char byte)
{
    return byte >= 'A' && byte <= 'Z';
}

/* Whether nothing in it could change: no capital, nothing beyond ASCII. */
static bool is_plainly_lower(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (is_capital(text.data[i]) || (unsigned char)text.data[i] >= 0x80)
            return false;
    }
    return true;
}

static bool ranges_have(const struct case_range *ranges, size_t count, uint32_t code_point)
{
    size_t low = 0;
    size_t high = count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code_point > ranges[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && code_point >= ranges[low].first;
}

static uint32_t simple_lower_case(uint32_t code_point)
{
    size_t low = 0;
    size_t high = lower_case_runs_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (code_point > lower_case_runs[middle].last)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == lower_case_runs_count || code_point < lower_case_runs[low].first)
        return code_point;
    const struct case_run *run = &lower_case_runs[low];
    bool is_member = (code_point - run->first) % run->step == 0;
    return is_member ? (uint32_t)((int32_t)code_point + run->delta) : code_point;
}

enum bearing { BEARS_CASE, IS_IGNORABLE, ENDS_WORD };

static enum bearing bearing_of(uint32_t code_point)
{
    if (ranges_have(case_ignorable, case_ignorable_count, code_point))
        return IS_IGNORABLE;
    if (ranges_have(case_bearing, case_bearing_count, code_point))
        return BEARS_CASE;
    return ENDS_WORD;
}

/* Whether a cased letter is next, ignorable characters aside. */
static bool is_followed_by_letter(struct str text, size_t at)
{
    while (at < text.size) {
        enum bearing bearing = bearing_of(utf8_next(text, &at));
        if (bearing != IS_IGNORABLE)
            return bearing == BEARS_CASE;
    }
    return false;
}

/* Whether a cased letter was last before `at`, ignorable characters aside. */
static bool follows_letter(struct str text, size_t at)
{
    while (at > 0) {
        size_t before = at - 1;
        while (((unsigned char)text.data[before] & 0xC0) == 0x80)
            before--;
        size_t here = before;
        enum bearing bearing = bearing_of(utf8_next(text, &here));
        if (bearing != IS_IGNORABLE)
            return bearing == BEARS_CASE;
        at = before;
    }
    return false;
}

/* The code point at `before`, which ends at `behind`, written in lower case; returns the bytes. */
static size_t put_lower(struct str text, size_t before, size_t behind, uint32_t code_point,
                        char *out)
{
    if (code_point == CAPITAL_I_WITH_DOT) {
        size_t size = utf8_put('i', out);
        return size + utf8_put(DOT_ABOVE, out + size);
    }
    if (code_point == CAPITAL_SIGMA) {
        bool is_final = follows_letter(text, before) && !is_followed_by_letter(text, behind);
        return utf8_put(is_final ? FINAL_SIGMA : SMALL_SIGMA, out);
    }
    return utf8_put(simple_lower_case(code_point), out);
}

static char lower_ascii(char byte)
{
    return (char)(is_capital(byte) ? byte + ('a' - 'A') : byte);
}

static struct str lower_all(struct arena *arena, struct str text)
{
    size_t bytes_max = text.size / GROWTH_DENOMINATOR * GROWTH_NUMERATOR + GROWTH_NUMERATOR + 4;
    char *out = arena_allocate(arena, bytes_max);
    size_t size = 0;
    size_t at = 0;
    while (at < text.size) {
        if ((unsigned char)text.data[at] < 0x80) {
            out[size++] = lower_ascii(text.data[at++]);
            continue;
        }
        size_t before = at;
        uint32_t code_point = utf8_next(text, &at);
        size += put_lower(text, before, at, code_point, out + size);
    }
    return (struct str){out, size};
}

static bool has_only_ascii(struct str text)
{
    unsigned char seen = 0;
    for (size_t i = 0; i < text.size; i++)
        seen |= (unsigned char)text.data[i];
    return seen < 0x80;
}

struct str lower_case(struct arena *arena, struct str text)
{
    if (is_plainly_lower(text))
        return text;
    if (!has_only_ascii(text))
        return lower_all(arena, text);
    char *copy = arena_copy(arena, text.data, text.size);
    for (size_t i = 0; i < text.size; i++)
        copy[i] = lower_ascii(copy[i]);
    return (struct str){copy, text.size};
}
