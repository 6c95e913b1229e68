/* SPDX-License-Identifier: Apache-2.0 */
/*
 * check_text - what conditions, selectors and buckets of the text family must keep: see check.h.
 *
 * The engines that evaluate such flags elsewhere agree on most of the language and differ at its
 * edges (wire reference, section 12). What they would decide differently is refused here.
 */
#include "base/number.h"
#include "base/utf.h"
#include "model/check.h"
#include "model/limits.h"

/* ---- selectors ------------------------------------------------------------------------------ */

/* RFC 6901, section 3: '~' stands only before 0 or 1. */
static bool is_pointer(struct str text)
{
    if (text.size == 0 || text.data[0] != '/')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != '~')
            continue;
        if (i + 1 == text.size || (text.data[i + 1] != '0' && text.data[i + 1] != '1'))
            return false;
    }
    return true;
}

void selector_inspect(struct inspection *inspection, const struct place *outer, struct str name,
                      struct str selector)
{
    inspect_text(inspection, outer, name, selector, SELECTOR_BYTES_MAX);
    if (!is_pointer(selector))
        inspect_refuse_member(inspection, outer, name, STR("must be a JSON Pointer"));
}

/* ---- values --------------------------------------------------------------------------------- */

static size_t skip_digits(struct str text, size_t at)
{
    while (at < text.size && text.data[at] >= '0' && text.data[at] <= '9')
        at++;
    return at;
}

static size_t skip_sign(struct str text, size_t at)
{
    bool has_sign = at < text.size && (text.data[at] == '+' || text.data[at] == '-');
    return has_sign ? at + 1 : at;
}

/* An ECMAScript decimal literal with an optional sign. What Number() takes beside it (blanks
 * around, nothing at all, 0x1) is a number to some engines only. */
static bool is_decimal(struct str text)
{
    if (text.size > NUMBER_PARSE_BYTES_MAX)
        return false;
    size_t begin = skip_sign(text, 0);
    if (str_equal(str_slice(text, begin, text.size), STR("Infinity")))
        return true;
    size_t at = skip_digits(text, begin);
    size_t digit_count = at - begin;
    if (at < text.size && text.data[at] == '.') {
        size_t end = skip_digits(text, at + 1);
        digit_count += end - at - 1;
        at = end;
    }
    if (digit_count == 0)
        return false;
    if (at < text.size && (text.data[at] == 'e' || text.data[at] == 'E')) {
        size_t exponent = skip_sign(text, at + 1);
        at = skip_digits(text, exponent);
        if (at == exponent)
            return false;
    }
    return at == text.size;
}

/* Digits of one number of a version; more of them than a double holds compare differently. */
static bool take_version_number(struct str text, size_t *at)
{
    enum { DIGITS_MAX = 15 };
    size_t end = skip_digits(text, *at);
    bool is_number = end > *at && end - *at <= DIGITS_MAX;
    *at = end;
    return is_number;
}

static bool take_dot(struct str text, size_t *at)
{
    if (*at == text.size || text.data[*at] != '.')
        return false;
    (*at)++;
    return true;
}

static bool is_prerelease_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

/* Groups of letters, digits, '_' and '-', parted by single dots; a dot may end it. */
static bool is_prerelease(struct str text)
{
    bool is_after_dot = true;
    for (size_t i = 0; i < text.size; i++) {
        bool is_dot = text.data[i] == '.';
        if (is_dot ? is_after_dot : !is_prerelease_byte(text.data[i]))
            return false;
        is_after_dot = is_dot;
    }
    return true;
}

/* wire reference, section 11: major.minor, .patch and -pre optional, no build part. */
static bool is_version(struct str text)
{
    size_t at = 0;
    if (!take_version_number(text, &at) || !take_dot(text, &at) || !take_version_number(text, &at))
        return false;
    if (at == text.size)
        return true;
    if (!take_dot(text, &at) || !take_version_number(text, &at))
        return false;
    if (at == text.size)
        return true;
    return text.data[at] == '-' && is_prerelease(str_slice(text, at + 1, text.size));
}

/* "(none)" alone asks whether there is anything at all, whatever the operator. */
static bool asks_for_nothing(const struct json *values)
{
    return values->count == 1 && values->elements[0].type == JSON_STRING &&
           str_equal(values->elements[0].string, STR("(none)"));
}

static void inspect_text_value(struct inspection *inspection, const struct place *item,
                               enum operator operator, const struct json * value)
{
    bool is_numeric = OPERATOR_TEXT_LESS <= operator&& operator<= OPERATOR_TEXT_GREATER_OR_EQUAL;
    bool is_versioned =
        OPERATOR_TEXT_VERSION_LESS <= operator&& operator<= OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL;
    if (value->type != JSON_STRING || !utf8_is_valid(value->string))
        inspect_refuse(inspection, item, STR("must be a string"));
    else if (is_numeric && !is_decimal(value->string))
        inspect_refuse(inspection, item, STR("must be a number for this operator"));
    else if (is_versioned && !is_version(value->string))
        inspect_refuse(inspection, item, STR("must be a version for this operator"));
    inspect_json(inspection, item, value, VARIATION_VALUE_BYTES_MAX);
}

void text_match_inspect(struct inspection *inspection, const struct place *place,
                        const struct expression *match)
{
    struct place list = place_member(place, STR("value"));
    const struct json *values = &match->value;
    selector_inspect(inspection, place, STR("attribute"), match->attribute);
    if (!match->has_value || values->type != JSON_ARRAY || values->count == 0) {
        inspect_refuse(inspection, &list, STR("must be a non-empty array of strings"));
        return;
    }
    inspect_count(inspection, &list, values->count, VALUES_PER_CLAUSE_MAX, "values");
    if (asks_for_nothing(values))
        return;
    for (size_t i = 0; i < values->count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        inspect_text_value(inspection, &item, match->operator, & values->elements[i]);
    }
}

/* ---- buckets -------------------------------------------------------------------------------- */

static bool is_repeated(const struct slice *slice, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (str_equal(slice->allocations[i].variation, slice->allocations[index].variation))
            return true;
    }
    return false;
}

static void inspect_slice_allocation(struct inspection *inspection, const struct place *item,
                                     const struct slice *slice, size_t index,
                                     const struct flag *flag)
{
    const struct allocation *allocation = &slice->allocations[index];
    struct place weight = place_member(item, STR("weight"));
    inspect_size(inspection, &weight, allocation->weight, BUCKET_WEIGHT_MAX, "in weight");
    if (str_is_absent(allocation->variation))
        return;
    if (flag_find_variation(flag, allocation->variation) < 0)
        inspect_refuse_member(inspection, item, STR("variation"),
                              STR("must reference a variation on this flag"));
    else if (is_repeated(slice, index))
        inspect_refuse_member(inspection, item, STR("variation"),
                              STR("must be unique within the slice"));
}

static void inspect_slice(struct inspection *inspection, const struct place *place,
                          const struct slice *slice, const struct flag *flag)
{
    struct place list = place_member(place, STR("variations"));
    inspect_count(inspection, &list, slice->allocation_count, VARIATIONS_PER_FLAG_MAX,
                  "variations");
    uint64_t sum = 0;
    for (size_t i = 0; i < slice->allocation_count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        inspect_slice_allocation(inspection, &item, slice, i, flag);
        sum += slice->allocations[i].weight;
    }
    if (flag->arithmetic.hash == FLAG_HASH_MURMUR3_32_PERCENT && sum > SPLIT_WEIGHT_SUM_MAX)
        inspect_refuse(inspection, &list, STR("weights must total at most 2147483647"));
}

static void inspect_slices(struct inspection *inspection, const struct place *place,
                           const struct serve *serve, const struct flag *flag)
{
    const struct bucket *bucket = &serve->bucket;
    struct place list = place_member(place, STR("slices"));
    uint64_t percent = 0;
    uint64_t percent_to = 0;
    inspect_count(inspection, &list, bucket->slice_count, SLICES_PER_BUCKET_MAX, "slices");
    for (size_t i = 0; i < bucket->slice_count && !inspection_failed(inspection); i++) {
        struct place item = place_item(&list, i);
        inspect_slice(inspection, &item, &bucket->slices[i], flag);
        percent += bucket->slices[i].percent;
        percent_to += bucket->slices[i].percent_to;
    }
    bool has_too_much = serve_is_progressive(serve) && percent_to > SLICE_PERCENT_MAX;
    if (percent > SLICE_PERCENT_MAX || has_too_much)
        inspect_refuse(inspection, &list, STR("percents must total at most 100"));
}

void bucket_inspect(struct inspection *inspection, const struct place *place,
                    const struct serve *serve, const struct flag *flag)
{
    const struct bucket *bucket = &serve->bucket;
    if (!str_is_absent(bucket->bucket_by))
        selector_inspect(inspection, place, STR("bucketBy"), bucket->bucket_by);
    inspect_text(inspection, place, STR("salt"), bucket->salt, TEXT_BYTES_MAX);
    inspect_slices(inspection, place, serve, flag);
    if (!str_is_absent(bucket->otherwise) && flag_find_variation(flag, bucket->otherwise) < 0)
        inspect_refuse_member(inspection, place, STR("otherwise"),
                              STR("must reference a variation on this flag"));
}
