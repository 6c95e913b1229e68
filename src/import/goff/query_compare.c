/* SPDX-License-Identifier: Apache-2.0 */
/* query_compare - one comparison of a query: see query_compare.h. */
#include "import/goff/query_compare.h"

#include <math.h>

#include "eval/semver.h"
#include "import/build.h"

static bool fail(struct query *query, const char *obstacle)
{
    if (str_is_absent(query->obstacle))
        query->obstacle = str_of(obstacle);
    return false;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool has_fraction(struct str word)
{
    return str_find_byte(word, '.', 0) < word.size;
}

bool query_value_of(struct query *query, struct str word, struct query_value *value)
{
    struct json json;
    struct semver semver;
    *value = (struct query_value){.kind = QUERY_NULL};
    if (str_equal(word, STR("null")))
        return true;
    bool is_true = str_equal(word, STR("true"));
    if (is_true || str_equal(word, STR("false"))) {
        *value = (struct query_value){.kind = QUERY_BOOLEAN, .boolean = is_true};
        return true;
    }
    bool has_exponent =
        str_find_byte(word, 'e', 0) < word.size || str_find_byte(word, 'E', 0) < word.size;
    bool is_number = word.size > 0 && !has_exponent &&
                     !failed(json_parse(query->arena, word, &json_budget_default, &json)) &&
                     json.type == JSON_NUMBER;
    if (is_number) {
        value->kind = has_fraction(word) ? QUERY_FRACTION : QUERY_WHOLE;
        value->number = json.number;
        return true;
    }
    *value = (struct query_value){.kind = QUERY_VERSION, .text = word};
    bool is_version =
        word.size > 0 && word.data[0] >= '0' && word.data[0] <= '9' && semver_parse(word, &semver);
    return is_version || fail(query, "has a value that its language does not know");
}

/* ---- names ----------------------------------------------------------------------------------- */

enum comparison { EQUAL, UNEQUAL, ABOVE, AT_LEAST, BELOW, AT_MOST, CONTAINS, STARTS, ENDS, AMONG };

static bool find_comparison(struct str name, enum comparison *comparison)
{
    static const struct {
        struct str lower, upper, sign;
    } names[] = {
        {STR("eq"), STR("EQ"), STR("==")}, {STR("ne"), STR("NE"), STR("!=")},
        {STR("gt"), STR("GT"), STR(">")},  {STR("ge"), STR("GE"), STR(">=")},
        {STR("lt"), STR("LT"), STR("<")},  {STR("le"), STR("LE"), STR("<=")},
        {STR("co"), STR("CO"), STR("co")}, {STR("sw"), STR("SW"), STR("sw")},
        {STR("ew"), STR("EW"), STR("ew")}, {STR("in"), STR("IN"), STR("in")},
    };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (str_equal(name, names[i].lower) || str_equal(name, names[i].upper) ||
            str_equal(name, names[i].sign)) {
            *comparison = (enum comparison)i;
            return true;
        }
    }
    return false;
}

/* Of a context, "key" and "targetingKey" are the targeting key. */
static struct str path_of(struct arena *arena, struct str attribute)
{
    if (str_equal(attribute, STR("key")))
        return STR("targetingKey");
    if (str_starts_with(attribute, STR("attributes.")))
        return arena_format(arena, "attributes.%.*s", STR_ARG(attribute));
    return attribute;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool has_case(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80)
            return true;
    }
    return false;
}

static struct expression is_text(struct str attribute)
{
    return build_match(attribute, OPERATOR_CONTAINS, json_make_string(STR("")));
}

static bool compare_text(struct query *query, struct str attribute, enum comparison comparison,
                         struct str text, struct expression *condition)
{
    const struct json value = json_make_string(text);
    if (comparison != EQUAL && comparison != UNEQUAL && comparison != CONTAINS &&
        comparison != STARTS && comparison != ENDS)
        return fail(query, "compares texts by their order");
    query->folds_case = query->folds_case || has_case(text);
    if (comparison == UNEQUAL)
        *condition = build_both(query->arena, is_text(attribute),
                                build_match(attribute, OPERATOR_NEQ, value));
    else if (comparison == EQUAL)
        *condition = build_match(attribute, OPERATOR_EQ, value);
    else if (comparison == CONTAINS)
        *condition = build_match(attribute, OPERATOR_CONTAINS, value);
    else
        *condition = build_match(
            attribute, comparison == STARTS ? OPERATOR_STARTS_WITH : OPERATOR_ENDS_WITH, value);
    return true;
}

/* ---- numbers --------------------------------------------------------------------------------- */

static struct expression match_number(struct str attribute, enum operator operator, double number)
{
    return build_match(attribute, operator, json_make_number(number));
}

/* The whole part, which is cut off towards 0, is at least or at most n. */
static struct expression whole_at_least(struct str attribute, double n)
{
    return n > 0 ? match_number(attribute, OPERATOR_GTE, n)
                 : match_number(attribute, OPERATOR_GT, n - 1);
}

static struct expression whole_at_most(struct str attribute, double n)
{
    return n >= 0 ? match_number(attribute, OPERATOR_LT, n + 1)
                  : match_number(attribute, OPERATOR_LTE, n);
}

static bool compare_whole(struct query *query, struct str attribute, enum comparison comparison,
                          double n, struct expression *condition)
{
    struct arena *arena = query->arena;
    if (comparison == EQUAL)
        *condition = build_both(arena, whole_at_least(attribute, n), whole_at_most(attribute, n));
    else if (comparison == UNEQUAL)
        *condition =
            build_either(arena, whole_at_most(attribute, n - 1), whole_at_least(attribute, n + 1));
    else if (comparison == ABOVE || comparison == AT_LEAST)
        *condition = whole_at_least(attribute, comparison == ABOVE ? n + 1 : n);
    else if (comparison == BELOW || comparison == AT_MOST)
        *condition = whole_at_most(attribute, comparison == BELOW ? n - 1 : n);
    else
        return fail(query, "asks a number what only texts have");
    return true;
}

static bool compare_fraction(struct query *query, struct str attribute, enum comparison comparison,
                             double number, struct expression *condition)
{
    static const enum operator operators[] = {OPERATOR_EQ,  OPERATOR_NEQ, OPERATOR_GT,
                                              OPERATOR_GTE, OPERATOR_LT,  OPERATOR_LTE};
    if (comparison > AT_MOST)
        return fail(query, "asks a number what only texts have");
    *condition = match_number(attribute, operators[comparison], number);
    if (comparison == UNEQUAL) /* of a number, that is */
        *condition = build_either(query->arena, match_number(attribute, OPERATOR_LT, number),
                                  match_number(attribute, OPERATOR_GT, number));
    return true;
}

/* ---- the other types ------------------------------------------------------------------------- */

static bool compare_version(struct query *query, struct str attribute, enum comparison comparison,
                            struct str version, struct expression *condition)
{
    static const enum operator operators[] = {OPERATOR_SEMVER_EQ, OPERATOR_SEMVER_EQ,
                                              OPERATOR_SEMVER_GT, OPERATOR_SEMVER_GTE,
                                              OPERATOR_SEMVER_LT, OPERATOR_SEMVER_LTE};
    const struct json value = json_make_string(version);
    if (comparison > AT_MOST)
        return fail(query, "asks a version what only texts have");
    *condition = build_match(attribute, operators[comparison], value);
    if (comparison == UNEQUAL) /* of a version, that is */
        *condition = build_either(query->arena, build_match(attribute, OPERATOR_SEMVER_LT, value),
                                  build_match(attribute, OPERATOR_SEMVER_GT, value));
    return true;
}

/* "anonymous" is false in every context that does not say otherwise. */
static bool compare_boolean(struct query *query, struct str attribute, enum comparison comparison,
                            bool boolean, struct expression *condition)
{
    if (comparison != EQUAL && comparison != UNEQUAL)
        return fail(query, "orders what is true or false");
    bool wanted = comparison == EQUAL ? boolean : !boolean;
    *condition = build_match(attribute, OPERATOR_EQ, json_make_boolean(wanted));
    if (str_equal(attribute, STR("anonymous")) && !wanted)
        *condition =
            build_not(query->arena, build_match(attribute, OPERATOR_EQ, json_make_boolean(true)));
    return true;
}

static struct expression is_something(struct arena *arena, struct str attribute)
{
    struct expression is_null = build_match(attribute, OPERATOR_EQ, json_make_null());
    return build_both(arena, build_exists(attribute), build_not(arena, is_null));
}

static bool compare_null(struct query *query, struct str attribute, enum comparison comparison,
                         struct expression *condition)
{
    if (comparison != EQUAL && comparison != UNEQUAL)
        return fail(query, "orders null");
    *condition = is_something(query->arena, attribute);
    if (comparison == EQUAL)
        *condition = build_not(query->arena, *condition);
    return true;
}

bool query_present(struct query *query, struct str attribute, struct expression *condition)
{
    struct str path = path_of(query->arena, attribute);
    bool is_always = str_equal(path, STR("anonymous")) || str_equal(path, STR("targetingKey"));
    *condition = is_always ? build_always() : is_something(query->arena, path);
    return true;
}

static bool compare_list(struct query *query, struct str attribute, enum comparison comparison,
                         const struct query_value *list, struct expression *condition)
{
    struct json values = {.type = JSON_ARRAY, .count = (uint32_t)list->element_count};
    enum query_value_kind kind = list->elements[0].kind;
    if (comparison != AMONG)
        return fail(query, "compares with a list");
    if (kind != QUERY_TEXT && kind != QUERY_WHOLE && kind != QUERY_FRACTION)
        return fail(query, "looks in a list of neither texts nor numbers");
    values.elements = ARENA_NEW_ARRAY(query->arena, struct json, list->element_count);
    for (size_t i = 0; i < list->element_count; i++) {
        const struct query_value *element = &list->elements[i];
        if ((element->kind == QUERY_TEXT) != (kind == QUERY_TEXT))
            return fail(query, "looks in a list of texts and numbers");
        values.elements[i] = kind == QUERY_TEXT ? json_make_string(element->text)
                                                : json_make_number(element->number);
    }
    query->looks_in_lists = true;
    *condition = build_match(attribute, OPERATOR_IN, values);
    return true;
}

bool query_compare(struct query *query, struct str attribute, struct str name,
                   const struct query_value *value, struct expression *condition)
{
    enum comparison comparison = EQUAL;
    struct str path = path_of(query->arena, attribute);
    if (!find_comparison(name, &comparison))
        return fail(query, "has an operator that its language does not know");
    if (comparison == AMONG && value->kind != QUERY_LIST)
        return fail(query, "looks in what is no list");
    switch (value->kind) {
    case QUERY_NULL:
        return compare_null(query, path, comparison, condition);
    case QUERY_BOOLEAN:
        return compare_boolean(query, path, comparison, value->boolean, condition);
    case QUERY_WHOLE:
        return compare_whole(query, path, comparison, value->number, condition);
    case QUERY_FRACTION:
        return compare_fraction(query, path, comparison, value->number, condition);
    case QUERY_VERSION:
        return compare_version(query, path, comparison, value->text, condition);
    case QUERY_TEXT:
        return compare_text(query, path, comparison, value->text, condition);
    case QUERY_LIST:
        return compare_list(query, path, comparison, value, condition);
    }
    return false;
}
