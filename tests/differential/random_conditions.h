/* SPDX-License-Identifier: Apache-2.0 */
/* random_conditions - patterns, globs and conditions made of edges (random_edges.h). */
#ifndef DIFFERENTIAL_RANDOM_CONDITIONS_H
#define DIFFERENTIAL_RANDOM_CONDITIONS_H

#include "random_edges.h"

/* ---- patterns -------------------------------------------------------------------------------- */

static inline struct str random_pattern(struct dice *dice, size_t levels_left);

static inline struct str pattern_atom(struct dice *dice, size_t levels_left)
{
    static const char *const atoms[] = {"a",
                                        "b",
                                        "O",
                                        "N",
                                        "1",
                                        "0",
                                        "/",
                                        "\\.",
                                        ".",
                                        ".",
                                        "[ab]",
                                        "[^a]",
                                        "[a-z]",
                                        "[0-9.]",
                                        "[A-Z]",
                                        "\\d",
                                        "\\D",
                                        "\\w",
                                        "\\W",
                                        "\\s",
                                        "\\S",
                                        "[\\d.]",
                                        "[\\w-]",
                                        "[^\\s]",
                                        "\\u0061",
                                        "[\\-a]",
                                        "\xc3\x9f",
                                        "\xf0\x9f\x9a\x80",
                                        "[\xc3\xa0-\xc3\xbf]",
                                        "\\n",
                                        "\\t",
                                        "[.]",
                                        "e",
                                        "-",
                                        "\\/",
                                        "\\[",
                                        "[\\]]",
                                        "[^]",
                                        "\\b",
                                        "\\B",
                                        "^",
                                        "$",
                                        "(?=a)",
                                        "(?!a)",
                                        "(?=.*b)",
                                        "(?:)",
                                        "[]"};
    if (levels_left > 0 && once_in(dice, 6)) {
        struct str inner = random_pattern(dice, levels_left - 1);
        return arena_format(dice->arena, "(%s%.*s)", once_in(dice, 2) ? "?:" : "", STR_ARG(inner));
    }
    return str_of(atoms[roll(dice, COUNT_OF(atoms))]);
}

static inline bool may_repeat(struct str atom)
{
    static const char *const places[] = {"\\b", "\\B", "^", "$", "(?=a)", "(?!a)", "(?=.*b)"};
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        if (str_equal(atom, str_of(places[i])))
            return false;
    }
    return true;
}

/* Most of them patterns, few refused by whoever reads them. */
static inline struct str random_pattern(struct dice *dice, size_t levels_left)
{
    static const char *const repeats[] = {"",  "",   "",    "",      "",      "*",  "+",
                                          "?", "*?", "{2}", "{1,2}", "{0,1}", "+?", "{2,}"};
    struct str pattern = STR("");
    uint32_t count = 1 + roll(dice, 4);
    for (uint32_t i = 0; i < count; i++) {
        struct str atom = pattern_atom(dice, levels_left);
        const char *repeat = may_repeat(atom) ? repeats[roll(dice, COUNT_OF(repeats))] : "";
        const char *between = i > 0 && once_in(dice, 8) ? "|" : "";
        pattern = arena_format(dice->arena, "%.*s%s%.*s%s", STR_ARG(pattern), between,
                               STR_ARG(atom), repeat);
    }
    return pattern;
}

static inline struct str edge_pattern(struct dice *dice)
{
    static const char *const patterns[] = {"",
                                           "^$",
                                           "^a+$",
                                           "^[a-z]+$",
                                           "O$",
                                           "^.$",
                                           "^..$",
                                           "[.*+]",
                                           "\\d{2}",
                                           "1\\.10",
                                           "(a|b)*$",
                                           "a|",
                                           "^(?:a|ab)b?$",
                                           "\\w+\\.\\w+",
                                           "^\\s",
                                           "[^\\x00-\\x7f]"};
    if (!once_in(dice, 3))
        return random_pattern(dice, 2);
    return str_of(patterns[roll(dice, COUNT_OF(patterns) - 1)]);
}

static inline struct str edge_glob(struct dice *dice)
{
    static const char *const pieces[] = {
        "*",         "?",    "**",      "a", "b",        "/",
        "[ab]",      "[!a]", ".",       "1", "N",        "[a-z]",
        "{a,b}",     "\\*",  "{NO,n*}", "-", "\xc3\x9f", "\xf0\x9f\x9a\x80",
        "{a,{b,c}}", "{,a}", "e"};
    struct str glob = STR("");
    uint32_t count = roll(dice, 5);
    for (uint32_t i = 0; i < count; i++) {
        struct str piece = str_of(pieces[roll(dice, COUNT_OF(pieces))]);
        glob = arena_format(dice->arena, "%.*s%.*s", STR_ARG(glob), STR_ARG(piece));
    }
    return glob;
}

/* ---- conditions ------------------------------------------------------------------------------ */

static inline struct str edge_path(struct dice *dice)
{
    static const char *const paths[] = {"country",
                                        "version",
                                        "plan",
                                        "age",
                                        "beta",
                                        "tags",
                                        "nested.a.b",
                                        "nested",
                                        "nested.1",
                                        "nested.a.b.c",
                                        "targetingKey",
                                        "attributes.targetingKey",
                                        "attributes.plan",
                                        "attributes.attributes.plan",
                                        "user_id",
                                        "device_id",
                                        "nested..a",
                                        "nested.",
                                        ".plan",
                                        "tags.0",
                                        "when",
                                        "cohort_ids",
                                        "user_properties.age",
                                        "2",
                                        "a/b",
                                        "groups.org",
                                        "attributes",
                                        "plan.x",
                                        "user_properties",
                                        "nowhere",
                                        "Plan"};
    return str_of(paths[roll(dice, COUNT_OF(paths))]);
}

static inline struct json edge_typed_operand(struct dice *dice, enum operator operator)
{
    if (once_in(dice, 12))
        return edge_value(dice);
    if (operator== OPERATOR_MATCHES)
        return json_make_string(edge_pattern(dice));
    if (OPERATOR_GT <= operator&& operator<= OPERATOR_LTE)
        return json_make_number(once_in(dice, 3) ? roll(dice, 41) : edge_number(dice));
    if (operator== OPERATOR_BEFORE || operator== OPERATOR_AFTER)
        return json_make_string(edge_instant(dice));
    if (OPERATOR_SEMVER_EQ <= operator&& operator<= OPERATOR_SEMVER_LTE)
        return json_make_string(edge_version(dice));
    if (operator== OPERATOR_IN || operator== OPERATOR_NOT_IN)
        return once_in(dice, 6) ? edge_value(dice) : edge_list(dice);
    return edge_value(dice);
}

static inline void sharpen_typed(struct dice *dice, struct expression *match)
{
    match->attribute = edge_path(dice);
    match->operator=(enum operator) roll(dice, OPERATOR_TEXT_IS);
    match->has_value = match->operator!= OPERATOR_EXISTS || once_in(dice, 4);
    match->value = match->has_value ? edge_typed_operand(dice, match->operator) : json_make_null();
}

static inline struct str edge_selector(struct dice *dice)
{
    static const char *const selectors[] = {
        "/context/user/country",
        "/context/user/version",
        "/context/user/user_id",
        "/context/user/device_id",
        "/context/user/amplitude_id",
        "/context/user/other_id",
        "/context/user/_id",
        "/context/user/other_id/x",
        "/context/user/cohort_ids",
        "/context/user/user_properties/plan",
        "/context/user/user_properties/age",
        "/context/user/user_properties/tags",
        "/context/user/user_properties/tags/0",
        "/context/user/user_properties/tags/00",
        "/context/user/user_properties/tags/1",
        "/context/user/user_properties/tags/-1",
        "/context/user/user_properties/nested",
        "/context/user/user_properties/nested/a/b",
        "/context/user/user_properties/nested/1",
        "/context/user/user_properties/when",
        "/context/user/user_properties/a~1b",
        "/context/user/user_properties/a~0b",
        "/context/user/user_properties/a~01b",
        "/context/user/user_properties",
        "/context/user/plan",
        "/context/user/tags",
        "/context/user/targetingKey",
        "/context/groups/org/group_name",
        "/context/groups/org/group_properties/tier",
        "/context/groups/org/cohort_ids",
        "/context/groups/team/group_name",
        "/context/page/url",
    };
    return str_of(selectors[roll(dice, COUNT_OF(selectors))]);
}

static inline struct str edge_text_operand(struct dice *dice, enum operator operator)
{
    if (once_in(dice, 15))
        return edge_text(dice);
    if (OPERATOR_TEXT_LESS <= operator&& operator<= OPERATOR_TEXT_GREATER_OR_EQUAL)
        return edge_numeral(dice);
    if (OPERATOR_TEXT_VERSION_LESS <= operator&& operator<= OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL)
        return edge_version(dice);
    if (operator== OPERATOR_TEXT_REGEX_MATCH || operator== OPERATOR_TEXT_REGEX_DOES_NOT_MATCH)
        return edge_pattern(dice);
    if (operator>= OPERATOR_TEXT_GLOB_MATCH)
        return edge_glob(dice);
    return once_in(dice, 8) ? some_cohort_id(dice) : edge_text(dice);
}

static inline void sharpen_text(struct dice *dice, struct expression *match)
{
    if (!str_starts_with(match->attribute, STR("/result")) && !once_in(dice, 4))
        match->attribute = edge_selector(dice);
    uint32_t count = once_in(dice, 8) ? 9 + roll(dice, 12) : 1 + roll(dice, 3);
    struct json *values = room_for(dice, count);
    match->operator= some_text_operator(dice, match->attribute);
    for (uint32_t i = 0; i < count; i++)
        values[i] = json_make_string(edge_text_operand(dice, match->operator));
    if (once_in(dice, 10))
        values[roll(dice, count)] = json_make_string(STR("(none)"));
    match->value = list_of(values, count);
}

/* Most conditions anew, with edges. */
static inline void sharpen(struct dice *dice, struct expression *expression)
{
    for (size_t i = 0; i < expression->child_count; i++)
        sharpen(dice, &expression->children[i]);
    if (expression->kind != EXPRESSION_MATCH || once_in(dice, 5))
        return;
    if (operator_is_text(expression->operator))
        sharpen_text(dice, expression);
    else
        sharpen_typed(dice, expression);
}

/* ---- splits ---------------------------------------------------------------------------------- */

/* Some of its shares, in another order, on the borders of what there is to deal. */
static inline void sharpen_split(struct dice *dice, struct split *split)
{
    static const uint32_t weights[] = {0, 1, 2, 49999, 50000, 50001, 99999, 100000};
    if (split->allocation_count > 1 && once_in(dice, 2)) {
        struct allocation first = split->allocations[0];
        split->allocations[0] = split->allocations[split->allocation_count - 1];
        split->allocations[split->allocation_count - 1] = first;
    }
    if (split->allocation_count > 1 && once_in(dice, 2))
        split->allocation_count--;
    for (size_t i = 0; i < split->allocation_count; i++) {
        if (once_in(dice, 6))
            split->allocations[i].weight = weights[roll(dice, COUNT_OF(weights))];
    }
}

static inline void sharpen_serve(struct dice *dice, struct serve *serve)
{
    bool is_split = serve->kind == SERVE_SPLIT || serve->kind == SERVE_PROGRESSIVE;
    if (!is_split || once_in(dice, 3))
        return;
    sharpen_split(dice, &serve->split);
    sharpen_split(dice, &serve->to);
    if (once_in(dice, 3))
        serve->split.bucket_by = edge_path(dice);
    if (once_in(dice, 4))
        serve->split.salt = edge_text(dice);
    /* Of two only one has to say what it hashes. */
    bool is_said_once = once_in(dice, 4);
    serve->to.bucket_by = is_said_once ? (struct str){0} : serve->split.bucket_by;
    serve->to.salt = is_said_once ? (struct str){0} : serve->split.salt;
}

#endif
