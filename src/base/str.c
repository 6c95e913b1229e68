/* SPDX-License-Identifier: Apache-2.0 */
/* str - borrowed bytes: see str.h. */
#include "base/str.h"

#include <string.h>

struct str str_of(const char *text)
{
    if (text == NULL)
        return (struct str){0};
    return (struct str){text, strlen(text)};
}

bool str_is_absent(struct str s)
{
    return s.data == NULL;
}

bool str_is_empty(struct str s)
{
    return s.size == 0;
}

bool str_equal(struct str a, struct str b)
{
    if (a.size != b.size || a.size == 0)
        return a.size == b.size;
    /* Bytes are there where a size says so; an assertion on this hottest of paths would be felt.
     * NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker) */
    return memcmp(a.data, b.data, a.size) == 0;
}

int str_compare(struct str a, struct str b)
{
    size_t shared = a.size < b.size ? a.size : b.size;
    int order = shared == 0 ? 0 : memcmp(a.data, b.data, shared);
    if (order != 0)
        return order;
    return a.size < b.size ? -1 : a.size > b.size;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.size >= prefix.size && str_equal(str_slice(s, 0, prefix.size), prefix);
}

bool str_ends_with(struct str s, struct str suffix)
{
    return s.size >= suffix.size && str_equal(str_slice(s, s.size - suffix.size, s.size), suffix);
}

/* memmem prepares itself first, for 0.1 us: longer than a short text takes to look through. */
static bool short_contains(struct str s, struct str needle)
{
    const char *at = s.data;
    const char *end = s.data + (s.size - needle.size) + 1; /* where it cannot begin any more */
    while (at < end) {
        at = memchr(at, needle.data[0], (size_t)(end - at));
        if (at == NULL)
            return false;
        if (memcmp(at, needle.data, needle.size) == 0)
            return true;
        at++;
    }
    return false;
}

bool str_contains(struct str s, struct str needle)
{
    enum { SHORT_BYTES_MAX = 64 };
    if (needle.size == 0)
        return true;
    if (needle.size > s.size)
        return false;
    if (s.size <= SHORT_BYTES_MAX)
        return short_contains(s, needle);
    return memmem(s.data, s.size, needle.data, needle.size) != NULL;
}

struct str str_slice(struct str s, size_t from, size_t to)
{
    if (to > s.size)
        to = s.size;
    if (from > to)
        from = to;
    return (struct str){s.data == NULL ? NULL : s.data + from, to - from};
}

size_t str_find_byte(struct str s, char byte, size_t from)
{
    if (from >= s.size)
        return s.size;
    const char *found = memchr(s.data + from, byte, s.size - from);
    return found == NULL ? s.size : (size_t)(found - s.data);
}

struct str str_trim(struct str s)
{
    size_t from = 0;
    size_t to = s.size;
    while (from < to && (s.data[from] == ' ' || s.data[from] == '\t'))
        from++;
    while (to > from && (s.data[to - 1] == ' ' || s.data[to - 1] == '\t'))
        to--;
    return str_slice(s, from, to);
}

static unsigned char fold_ascii(char byte)
{
    return (unsigned char)(byte >= 'A' && byte <= 'Z' ? byte + ('a' - 'A') : byte);
}

bool str_equal_ignoring_case(struct str a, struct str b)
{
    if (a.size != b.size)
        return false;
    for (size_t i = 0; i < a.size; i++) {
        if (fold_ascii(a.data[i]) != fold_ascii(b.data[i]))
            return false;
    }
    return true;
}

bool str_parse_u64(struct str s, uint64_t *value)
{
    if (s.size == 0 || s.size > 20)
        return false;
    uint64_t result = 0;
    for (size_t i = 0; i < s.size; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        uint64_t digit = (uint64_t)(s.data[i] - '0');
        if (__builtin_mul_overflow(result, 10, &result) ||
            __builtin_add_overflow(result, digit, &result))
            return false;
    }
    *value = result;
    return true;
}
