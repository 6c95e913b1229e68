/* SPDX-License-Identifier: Apache-2.0 */
/*
 * semver - parsing and ordering versions: see semver.h.
 *
 * Numbers stay text: two of them without leading zeros compare by length, then by digits, so that
 * no number is too long to be compared by value.
 */
#include "eval/semver.h"

#include "eval/blank.h"

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* A letter, digit, hyphen or dot: what pre-release and build parts are made of. */
static bool is_identifier_byte(char byte)
{
    return is_digit(byte) || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           byte == '-' || byte == '.';
}

static bool take_byte(struct str *rest, char byte)
{
    if (rest->size == 0 || rest->data[0] != byte)
        return false;
    rest->data++;
    rest->size--;
    return true;
}

/* Digits without their leading zeros; one zero stays. */
static bool take_number(struct str *rest, struct str *number)
{
    size_t size = 0;
    while (size < rest->size && is_digit(rest->data[size]))
        size++;
    if (size == 0)
        return false;
    size_t zeros = 0;
    while (zeros + 1 < size && rest->data[zeros] == '0')
        zeros++;
    *number = (struct str){rest->data + zeros, size - zeros};
    *rest = (struct str){rest->data + size, rest->size - size};
    return true;
}

/* At least one identifier byte. */
static bool take_identifiers(struct str *rest, struct str *identifiers)
{
    size_t size = 0;
    while (size < rest->size && is_identifier_byte(rest->data[size]))
        size++;
    if (size == 0)
        return false;
    *identifiers = (struct str){rest->data, size};
    *rest = (struct str){rest->data + size, rest->size - size};
    return true;
}

bool semver_rank(struct str text, uint64_t *rank)
{
    uint64_t numbers = 0;
    uint32_t number = 0;
    uint32_t dots = 0;
    bool has_digit = false;
    for (size_t i = 0; i < text.size; i++) {
        uint32_t digit = (uint32_t)(unsigned char)text.data[i] - '0';
        if (digit <= 9) {
            number = number * 10 + digit;
            has_digit = true;
            if (number >> SEMVER_RANK_BITS != 0)
                return false;
        } else {
            if (text.data[i] != '.' || !has_digit || dots == 2)
                return false;
            numbers = numbers << SEMVER_RANK_BITS | number;
            number = 0;
            has_digit = false;
            dots++;
        }
    }
    *rank = numbers << SEMVER_RANK_BITS | number;
    return dots == 2 && has_digit;
}

bool semver_parse(struct str text, struct semver *semver)
{
    struct str rest = blanks_trim(text);
    take_byte(&rest, 'v');
    *semver = (struct semver){0};
    if (!take_number(&rest, &semver->major) || !take_byte(&rest, '.') ||
        !take_number(&rest, &semver->minor) || !take_byte(&rest, '.') ||
        !take_number(&rest, &semver->patch))
        return false;
    if (take_byte(&rest, '-') && !take_identifiers(&rest, &semver->pre))
        return false;
    struct str build;
    if (take_byte(&rest, '+') && !take_identifiers(&rest, &build))
        return false;
    return rest.size == 0;
}

static int compare_sizes(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare_numbers(struct str a, struct str b)
{
    if (a.size != b.size)
        return compare_sizes(a.size, b.size);
    for (size_t i = 0; i < a.size; i++) {
        if (a.data[i] != b.data[i])
            return a.data[i] < b.data[i] ? -1 : 1;
    }
    return 0;
}

static bool is_number(struct str identifier)
{
    for (size_t i = 0; i < identifier.size; i++) {
        if (!is_digit(identifier.data[i]))
            return false;
    }
    return identifier.size > 0;
}

static int compare_identifiers(struct str a, struct str b)
{
    bool is_a_number = is_number(a);
    bool is_b_number = is_number(b);
    if (is_a_number != is_b_number)
        return is_a_number ? -1 : 1;
    if (!is_a_number)
        return str_compare(a, b);
    struct str a_value;
    struct str b_value;
    take_number(&a, &a_value);
    take_number(&b, &b_value);
    return compare_numbers(a_value, b_value);
}

/* The next identifier of a pre-release; *at moves behind it and its dot, or past the end. */
static struct str next_identifier(struct str pre, size_t *at)
{
    size_t end = str_find_byte(pre, '.', *at);
    struct str identifier = str_slice(pre, *at, end);
    *at = end + 1;
    return identifier;
}

static int compare_pre_releases(struct str a, struct str b)
{
    size_t a_at = 0;
    size_t b_at = 0;
    while (a_at <= a.size && b_at <= b.size) {
        int order = compare_identifiers(next_identifier(a, &a_at), next_identifier(b, &b_at));
        if (order != 0)
            return order;
    }
    return (a_at <= a.size) - (b_at <= b.size);
}

int semver_compare(const struct semver *a, const struct semver *b)
{
    int order = compare_numbers(a->major, b->major);
    if (order == 0)
        order = compare_numbers(a->minor, b->minor);
    if (order == 0)
        order = compare_numbers(a->patch, b->patch);
    if (order != 0)
        return order;
    bool is_a_release = str_is_absent(a->pre);
    bool is_b_release = str_is_absent(b->pre);
    if (is_a_release || is_b_release)
        return is_a_release - is_b_release;
    return compare_pre_releases(a->pre, b->pre);
}
