/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Character sets. Everything but Unicode properties is spelled out as ranges here, so that what
 * `\s` or `\w` means never depends on the library's options or locale.
 */
#include "eval/pattern_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct pattern_range digits[] = {{'0', '9'}};
static const struct pattern_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};

/* ECMA-262 WhiteSpace and LineTerminator: TAB LF VT FF CR, U+FEFF and all of Zs, LS, PS. */
static const struct pattern_range spaces[] = {
    {0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
    {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};

struct property_row {
    const char *short_name, *long_name, *other_name; /* other_name: a second alias, or NULL */
    const char *pcre2_name;
    uint32_t example;
};

/*
 * The property escapes we serve: the general categories below by either name, alone or behind `gc=`
 * or `General_Category=`; and Any and ASCII. Their members are those of the PCRE2 library's edition
 * of Unicode, which a browser's may be ahead of in characters assigned since. Refused for that:
 * C, Cn and Assigned, which are about nothing else; and binary properties and scripts, where
 * members assigned long ago still change.
 */
static const struct property_row categories[] = {
    {"L", "Letter", NULL, "L", 'a'},
    {"LC", "Cased_Letter", NULL, "L&", 'a'},
    {"Lu", "Uppercase_Letter", NULL, "Lu", 'A'},
    {"Ll", "Lowercase_Letter", NULL, "Ll", 'a'},
    {"Lt", "Titlecase_Letter", NULL, "Lt", 0x1C5},
    {"Lm", "Modifier_Letter", NULL, "Lm", 0x2B0},
    {"Lo", "Other_Letter", NULL, "Lo", 0xAA},
    {"M", "Mark", "Combining_Mark", "M", 0x301},
    {"Mn", "Nonspacing_Mark", NULL, "Mn", 0x301},
    {"Mc", "Spacing_Mark", NULL, "Mc", 0x903},
    {"Me", "Enclosing_Mark", NULL, "Me", 0x488},
    {"N", "Number", NULL, "N", '0'},
    {"Nd", "Decimal_Number", "digit", "Nd", '0'},
    {"Nl", "Letter_Number", NULL, "Nl", 0x2160},
    {"No", "Other_Number", NULL, "No", 0xB2},
    {"P", "Punctuation", "punct", "P", '!'},
    {"Pc", "Connector_Punctuation", NULL, "Pc", '_'},
    {"Pd", "Dash_Punctuation", NULL, "Pd", '-'},
    {"Ps", "Open_Punctuation", NULL, "Ps", '('},
    {"Pe", "Close_Punctuation", NULL, "Pe", ')'},
    {"Pi", "Initial_Punctuation", NULL, "Pi", 0xAB},
    {"Pf", "Final_Punctuation", NULL, "Pf", 0xBB},
    {"Po", "Other_Punctuation", NULL, "Po", '!'},
    {"S", "Symbol", NULL, "S", '+'},
    {"Sm", "Math_Symbol", NULL, "Sm", '+'},
    {"Sc", "Currency_Symbol", NULL, "Sc", '$'},
    {"Sk", "Modifier_Symbol", NULL, "Sk", '^'},
    {"So", "Other_Symbol", NULL, "So", 0xA9},
    {"Z", "Separator", NULL, "Z", ' '},
    {"Zs", "Space_Separator", NULL, "Zs", ' '},
    {"Zl", "Line_Separator", NULL, "Zl", 0x2028},
    {"Zp", "Paragraph_Separator", NULL, "Zp", 0x2029},
    {"Cc", "Control", "cntrl", "Cc", 0x01},
    {"Cf", "Format", NULL, "Cf", 0xAD},
    {"Co", "Private_Use", NULL, "Co", 0xE000},
};

bool code_point_is_surrogate(uint32_t code_point)
{
    return code_point >= 0xD800 && code_point <= 0xDFFF;
}

void pattern_set_add(struct pattern_set *set, struct arena *arena, uint32_t first, uint32_t last)
{
    assert(first <= last);
    assert(last <= CODE_POINT_MAX);
    if (set->range_count == set->range_capacity) {
        size_t capacity = set->range_capacity == 0 ? 8 : set->range_capacity * 2;
        struct pattern_range *larger = ARENA_NEW_ARRAY(arena, struct pattern_range, capacity);
        if (set->range_count > 0)
            memcpy(larger, set->ranges, set->range_count * sizeof(*larger));
        set->ranges = larger;
        set->range_capacity = capacity;
    }
    set->ranges[set->range_count++] = (struct pattern_range){first, last};
}

static void add_ranges(struct pattern_set *set, struct arena *arena,
                       const struct pattern_range *ranges, size_t count, bool is_complement)
{
    uint32_t next = 0; /* first code point not yet decided, when complementing */
    for (size_t i = 0; i < count; i++) {
        if (!is_complement)
            pattern_set_add(set, arena, ranges[i].first, ranges[i].last);
        else if (ranges[i].first > next)
            pattern_set_add(set, arena, next, ranges[i].first - 1);
        next = ranges[i].last + 1;
    }
    if (is_complement)
        pattern_set_add(set, arena, next, CODE_POINT_MAX);
}

void pattern_set_add_class(struct pattern_set *set, struct arena *arena, enum pattern_class class,
                           bool is_complement)
{
    switch (class) {
    case CLASS_DIGIT:
        add_ranges(set, arena, digits, COUNT_OF(digits), is_complement);
        break;
    case CLASS_SPACE:
        add_ranges(set, arena, spaces, COUNT_OF(spaces), is_complement);
        break;
    case CLASS_WORD:
        add_ranges(set, arena, words, COUNT_OF(words), is_complement);
        break;
    }
}

static void add_property(struct pattern_set *set, struct arena *arena,
                         struct pattern_property property)
{
    if (set->property_count == set->property_capacity) {
        size_t capacity = set->property_capacity == 0 ? 4 : set->property_capacity * 2;
        struct pattern_property *larger = ARENA_NEW_ARRAY(arena, struct pattern_property, capacity);
        if (set->property_count > 0)
            memcpy(larger, set->properties, set->property_count * sizeof(*larger));
        set->properties = larger;
        set->property_capacity = capacity;
    }
    set->properties[set->property_count++] = property;
}

static const struct property_row *category_find(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(categories); i++) {
        const struct property_row *row = &categories[i];
        if (str_equal(name, str_of(row->short_name)) || str_equal(name, str_of(row->long_name)))
            return row;
        if (row->other_name != NULL && str_equal(name, str_of(row->other_name)))
            return row;
    }
    return NULL;
}

static void add_upto(struct pattern_set *set, struct arena *arena, uint32_t last,
                     bool is_complement)
{
    if (!is_complement)
        pattern_set_add(set, arena, 0, last);
    else if (last < CODE_POINT_MAX)
        pattern_set_add(set, arena, last + 1, CODE_POINT_MAX);
}

static const struct property_row *property_find(struct str name, struct str value)
{
    if (str_is_absent(value))
        return category_find(name);
    bool is_category = str_equal(name, STR("gc")) || str_equal(name, STR("General_Category"));
    return is_category ? category_find(value) : NULL;
}

bool pattern_set_add_property(struct pattern_set *set, struct arena *arena, struct str name,
                              struct str value, bool is_complement)
{
    if (str_is_absent(value) && str_equal(name, STR("Any"))) {
        add_upto(set, arena, CODE_POINT_MAX, is_complement);
        return true;
    }
    if (str_is_absent(value) && str_equal(name, STR("ASCII"))) {
        add_upto(set, arena, 0x7F, is_complement);
        return true;
    }
    const struct property_row *row = property_find(name, value);
    if (row == NULL)
        return false;
    struct pattern_property property = {row->pcre2_name, row->example, is_complement};
    add_property(set, arena, property);
    return true;
}

static int range_compare(const void *left, const void *right)
{
    const struct pattern_range *a = left;
    const struct pattern_range *b = right;
    if (a->first != b->first)
        return a->first < b->first ? -1 : 1;
    return 0;
}

/* Joins ranges that overlap or touch; they are sorted by their first. */
static size_t join_ranges(struct pattern_range *ranges, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && ranges[i].first <= ranges[kept - 1].last + 1) {
            if (ranges[i].last > ranges[kept - 1].last)
                ranges[kept - 1].last = ranges[i].last;
        } else {
            ranges[kept++] = ranges[i];
        }
    }
    return kept;
}

/* Clips ranges that begin or end among the surrogates. One that spans them all stays whole, which
 * changes nothing for text that holds none. */
static size_t drop_surrogates(struct pattern_range *ranges, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct pattern_range range = ranges[i];
        if (code_point_is_surrogate(range.first))
            range.first = 0xE000;
        if (code_point_is_surrogate(range.last))
            range.last = 0xD7FF;
        if (range.first <= range.last)
            ranges[kept++] = range;
    }
    return kept;
}

void pattern_set_finish(struct pattern_set *set, bool by_units)
{
    if (set->range_count == 0)
        return;
    qsort(set->ranges, set->range_count, sizeof(*set->ranges), range_compare);
    set->range_count = join_ranges(set->ranges, set->range_count);
    if (!by_units)
        set->range_count = drop_surrogates(set->ranges, set->range_count);
}

bool pattern_set_has(const struct pattern_set *set, uint32_t code_point)
{
    bool is_inside = false;
    for (size_t i = 0; i < set->range_count; i++) {
        if (code_point >= set->ranges[i].first && code_point <= set->ranges[i].last)
            is_inside = true;
    }
    return is_inside != set->is_negated;
}
