/* SPDX-License-Identifier: Apache-2.0 */
/* oracle_match - conditions of both families and segments: see oracle.h. */
#include <math.h>
#include <string.h>

#include "model/limits.h"
#include "oracle.h"

/* ---- typed: the table of section 13 ---------------------------------------------------------- */

static bool is_among(const struct json *one, const struct json *others)
{
    if (others->type != JSON_ARRAY)
        return values_equal(one, others);
    for (size_t i = 0; i < others->count; i++) {
        if (values_equal(one, &others->elements[i]))
            return true;
    }
    return false;
}

static bool some_is_among(const struct json *actual, const struct json *expected)
{
    if (actual->type != JSON_ARRAY)
        return is_among(actual, expected);
    for (size_t i = 0; i < actual->count; i++) {
        if (is_among(&actual->elements[i], expected))
            return true;
    }
    return false;
}

static bool compare_numbers(enum operator operator, double a, double e)
{
    switch ((int)operator) {
    case OPERATOR_GT:
        return a > e;
    case OPERATOR_GTE:
        return a >= e;
    case OPERATOR_LT:
        return a < e;
    default:
        return a <= e;
    }
}

static bool compare_versions(struct oracle *oracle, enum operator operator, struct str a,
                             struct str e)
{
    int order = 0;
    if (!compare_semver(oracle->arena, a, e, &order))
        return false;
    switch ((int)operator) {
    case OPERATOR_SEMVER_EQ:
        return order == 0;
    case OPERATOR_SEMVER_GT:
        return order > 0;
    case OPERATOR_SEMVER_GTE:
        return order >= 0;
    case OPERATOR_SEMVER_LT:
        return order < 0;
    default:
        return order <= 0;
    }
}

static bool compare_texts(struct oracle *oracle, enum operator operator, struct str a, struct str e)
{
    int64_t a_ms = 0, e_ms = 0;
    switch ((int)operator) {
    case OPERATOR_CONTAINS:
        return e.size == 0 || memmem(a.data, a.size, e.data, e.size) != NULL;
    case OPERATOR_STARTS_WITH:
        return a.size >= e.size && memcmp(a.data, e.data, e.size) == 0;
    case OPERATOR_ENDS_WITH:
        return a.size >= e.size && memcmp(a.data + a.size - e.size, e.data, e.size) == 0;
    case OPERATOR_MATCHES:
        return a.size <= REGEX_SUBJECT_BYTES_MAX &&
               oracle_pattern_finds(oracle->arena, ORACLE_BY_POINTS, e, a);
    case OPERATOR_BEFORE:
        return parse_moment(a, &a_ms) && parse_moment(e, &e_ms) && a_ms < e_ms;
    case OPERATOR_AFTER:
        return parse_moment(a, &a_ms) && parse_moment(e, &e_ms) && a_ms > e_ms;
    default:
        return compare_versions(oracle, operator, a, e);
    }
}

static bool typed_match_holds(struct oracle *oracle, const struct expression *match)
{
    const struct json *actual = oracle_attribute(oracle, match->attribute);
    const struct json *expected = &match->value;
    enum operator operator= match->operator;
    if (actual == NULL || operator== OPERATOR_EXISTS)
        return actual != NULL;
    switch ((int)operator) {
    case OPERATOR_EQ:
        return values_equal(actual, expected);
    case OPERATOR_NEQ:
        return !values_equal(actual, expected);
    case OPERATOR_IN:
        return some_is_among(actual, expected);
    case OPERATOR_NOT_IN:
        return !some_is_among(actual, expected);
    case OPERATOR_GT:
    case OPERATOR_GTE:
    case OPERATOR_LT:
    case OPERATOR_LTE:
        return actual->type == JSON_NUMBER && expected->type == JSON_NUMBER &&
               compare_numbers(operator, actual->number, expected->number);
    default:
        return actual->type == JSON_STRING && expected->type == JSON_STRING &&
               compare_texts(oracle, operator, actual->string, expected->string);
    }
}

/* ---- text: sections 10.5 and 11 -------------------------------------------------------------- */

struct wanted {
    const struct str *values;
    size_t count;
    enum operator operator;
};

static bool is_truth(struct oracle *oracle, struct str text)
{
    struct str lower = lowered(oracle->arena, text);
    return str_equal(lower, STR("true")) || str_equal(lower, STR("false"));
}

static bool eq(struct oracle *oracle, struct str text, const struct str *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(text, values[i]))
            return true;
        if (is_truth(oracle, text) && is_truth(oracle, values[i]) &&
            str_equal(lowered(oracle->arena, text), lowered(oracle->arena, values[i])))
            return true;
    }
    return false;
}

static bool contains_some(struct oracle *oracle, struct str text, const struct wanted *wanted)
{
    struct str lower = lowered(oracle->arena, text);
    for (size_t i = 0; i < wanted->count; i++) {
        struct str needle = lowered(oracle->arena, wanted->values[i]);
        if (needle.size == 0 || memmem(lower.data, lower.size, needle.data, needle.size) != NULL)
            return true;
    }
    return false;
}

/* By an order that is less (0), less or equal (1), greater (2), greater or equal (3). */
static bool order_holds(int order, int wanted)
{
    switch (wanted) {
    case 0:
        return order < 0;
    case 1:
        return order <= 0;
    case 2:
        return order > 0;
    default:
        return order >= 0;
    }
}

static bool some_number_holds(struct oracle *oracle, struct str text, const struct wanted *wanted)
{
    double number = number_of_text(oracle->arena, text);
    for (size_t i = 0; i < wanted->count; i++) {
        double other = number_of_text(oracle->arena, wanted->values[i]);
        if (isnan(number) || isnan(other))
            continue;
        int order = number < other ? -1 : number > other ? 1 : 0;
        if (order_holds(order, (int)wanted->operator- OPERATOR_TEXT_LESS))
            return true;
    }
    return false;
}

static bool some_version_holds(struct oracle *oracle, struct str text, const struct wanted *wanted)
{
    int way = (int)wanted->operator- OPERATOR_TEXT_VERSION_LESS;
    bool has_version = false;
    for (size_t i = 0; i < wanted->count; i++) {
        int order = 0;
        if (!compare_text_version(text, wanted->values[i], &order))
            continue;
        has_version = true;
        if (order_holds(order, way))
            return true;
    }
    for (size_t i = 0; !has_version && i < wanted->count; i++) {
        if (order_holds(compare_units(oracle->arena, text, wanted->values[i]), way))
            return true;
    }
    return false;
}

static bool some_pattern_finds(struct oracle *oracle, struct str text, const struct wanted *wanted)
{
    bool is_glob = wanted->operator>= OPERATOR_TEXT_GLOB_MATCH;
    for (size_t i = 0; i < wanted->count && text.size <= REGEX_SUBJECT_BYTES_MAX; i++) {
        struct str pattern = wanted->values[i];
        if (is_glob ? oracle_glob_matches(oracle->arena, pattern, text)
                    : oracle_pattern_finds(oracle->arena, ORACLE_BY_UNITS, pattern, text))
            return true;
    }
    return false;
}

/* One that is none takes the whole condition down in the reference's engine: no match, whichever
 * way it is asked (sections 11 and 12). */
static bool has_bad_pattern(struct oracle *oracle, const struct wanted *wanted)
{
    bool is_glob = wanted->operator>= OPERATOR_TEXT_GLOB_MATCH;
    if (wanted->operator<OPERATOR_TEXT_REGEX_MATCH)
        return false;
    for (size_t i = 0; i < wanted->count; i++) {
        struct str pattern = wanted->values[i];
        if (is_glob ? pattern.size > REGEX_PATTERN_BYTES_MAX
                    : !oracle_is_pattern(oracle->arena, ORACLE_BY_UNITS, pattern))
            return true;
    }
    return false;
}

static bool text_holds(struct oracle *oracle, struct str text, const struct wanted *wanted)
{
    if (has_bad_pattern(oracle, wanted))
        return false;
    switch ((int)wanted->operator) {
    case OPERATOR_TEXT_IS:
        return eq(oracle, text, wanted->values, wanted->count);
    case OPERATOR_TEXT_IS_NOT:
        return !eq(oracle, text, wanted->values, wanted->count);
    case OPERATOR_TEXT_CONTAINS:
        return contains_some(oracle, text, wanted);
    case OPERATOR_TEXT_DOES_NOT_CONTAIN:
        return !contains_some(oracle, text, wanted);
    case OPERATOR_TEXT_LESS:
    case OPERATOR_TEXT_LESS_OR_EQUAL:
    case OPERATOR_TEXT_GREATER:
    case OPERATOR_TEXT_GREATER_OR_EQUAL:
        return some_number_holds(oracle, text, wanted);
    case OPERATOR_TEXT_VERSION_LESS:
    case OPERATOR_TEXT_VERSION_LESS_OR_EQUAL:
    case OPERATOR_TEXT_VERSION_GREATER:
    case OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL:
        return some_version_holds(oracle, text, wanted);
    case OPERATOR_TEXT_REGEX_MATCH:
    case OPERATOR_TEXT_GLOB_MATCH:
        return some_pattern_finds(oracle, text, wanted);
    default:
        return !some_pattern_finds(oracle, text, wanted);
    }
}

static bool has_exactly(const struct str *texts, size_t count, struct str wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (str_equal(texts[i], wanted))
            return true;
    }
    return false;
}

static bool is_same_set(const struct text_list_form *list, const struct wanted *wanted)
{
    for (size_t i = 0; i < list->count; i++) {
        if (!has_exactly(wanted->values, wanted->count, list->items[i]))
            return false;
    }
    for (size_t i = 0; i < wanted->count; i++) {
        if (!has_exactly(list->items, list->count, wanted->values[i]))
            return false;
    }
    return true;
}

static size_t count_in(struct oracle *oracle, const struct text_list_form *list,
                       const struct wanted *wanted)
{
    size_t count = 0;
    for (size_t i = 0; i < wanted->count; i++)
        count += eq(oracle, wanted->values[i], list->items, list->count) ? 1 : 0;
    return count;
}

static bool set_holds(struct oracle *oracle, const struct text_list_form *list,
                      const struct wanted *wanted)
{
    size_t count = count_in(oracle, list, wanted);
    bool has_all = list->count >= wanted->count && count == wanted->count;
    switch ((int)wanted->operator) {
    case OPERATOR_TEXT_SET_IS:
        return is_same_set(list, wanted);
    case OPERATOR_TEXT_SET_IS_NOT:
        return !is_same_set(list, wanted);
    case OPERATOR_TEXT_SET_CONTAINS:
        return has_all;
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN:
        return !has_all;
    case OPERATOR_TEXT_SET_CONTAINS_ANY:
        return count > 0;
    default:
        return count == 0;
    }
}

static bool nothing_holds(const struct wanted *wanted)
{
    bool wants_none = has_exactly(wanted->values, wanted->count, STR("(none)"));
    switch ((int)wanted->operator) {
    case OPERATOR_TEXT_IS_NOT:
    case OPERATOR_TEXT_DOES_NOT_CONTAIN:
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN:
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY:
        return !wants_none;
    case OPERATOR_TEXT_SET_IS_NOT:
    case OPERATOR_TEXT_REGEX_MATCH:
    case OPERATOR_TEXT_REGEX_DOES_NOT_MATCH:
    case OPERATOR_TEXT_GLOB_MATCH:
    case OPERATOR_TEXT_GLOB_DOES_NOT_MATCH:
        return false;
    default:
        return wants_none;
    }
}

static bool value_holds(struct oracle *oracle, const struct json *value,
                        const struct wanted *wanted)
{
    if (value == NULL)
        return nothing_holds(wanted);
    struct text_list_form list = list_of_json(oracle->arena, value);
    bool is_of_sets = OPERATOR_TEXT_SET_IS <= wanted->operator&& wanted->operator<=
                                              OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY;
    if (is_of_sets)
        return list.is_list && set_holds(oracle, &list, wanted);
    if (!list.is_list)
        return text_holds(oracle, text_of_json(oracle->arena, value), wanted);
    for (size_t i = 0; i < list.count; i++) {
        if (text_holds(oracle, list.items[i], wanted))
            return true;
    }
    return false;
}

/* ---- stored cohorts: who asks is a member of one that is asked for ----------------------------
 */

/* Whose membership a selector asks for: "User", a type of groups, or nobody's (absent). */
static struct str members_asked(struct str selector, struct str *member_selector,
                                struct arena *arena)
{
    static const char groups[] = "/context/groups/", end[] = "/cohort_ids";
    if (str_equal(selector, STR("/context/user/cohort_ids"))) {
        *member_selector = STR("/context/user/user_id");
        return STR("User");
    }
    if (!str_starts_with(selector, str_of(groups)) || !str_ends_with(selector, str_of(end)) ||
        selector.size <= strlen(groups) + strlen(end))
        return (struct str){0};
    struct str type = str_slice(selector, strlen(groups), selector.size - strlen(end));
    *member_selector = arena_format(arena, "%s%.*s/group_name", groups, STR_ARG(type));
    return str_find_byte(type, '/', 0) < type.size ? (struct str){0} : type;
}

static bool is_stored_member(struct oracle *oracle, const struct flag *flag, struct str selector,
                             const struct str *ids, size_t count)
{
    struct str who = {0};
    struct str type = members_asked(selector, &who, oracle->arena);
    struct str name = text_of_json(oracle->arena,
                                   str_is_absent(type) ? NULL : oracle_selected(oracle, flag, who));
    for (size_t i = 0; !str_is_absent(name) && i < oracle->state->cohort_count; i++) {
        const struct cohort *cohort = oracle->state->cohorts[i];
        if (!str_equal(cohort->group_type, type) || !has_exactly(ids, count, cohort->id))
            continue;
        for (size_t j = 0; j < cohort->size; j++) {
            if (str_equal(cohort_member_at(cohort->members, j), name))
                return true;
        }
    }
    return false;
}

static bool text_match_holds(struct oracle *oracle, const struct flag *flag, struct str selector,
                             const struct wanted *wanted)
{
    const struct json *value = oracle_selected(oracle, flag, selector);
    bool holds = value_holds(oracle, value, wanted);
    switch ((int)wanted->operator) {
    case OPERATOR_TEXT_SET_CONTAINS_ANY:
        return holds || is_stored_member(oracle, flag, selector, wanted->values, wanted->count);
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY:
        return holds && !is_stored_member(oracle, flag, selector, wanted->values, wanted->count);
    default:
        return holds;
    }
}

bool oracle_text_is(struct oracle *oracle, const struct flag *flag, struct str selector,
                    const struct str *values, size_t count)
{
    struct wanted wanted = {values, count, OPERATOR_TEXT_IS};
    return text_match_holds(oracle, flag, selector, &wanted);
}

bool oracle_is_in_cohorts(struct oracle *oracle, const struct flag *flag, struct str selector,
                          const struct str *ids, size_t count)
{
    struct wanted wanted = {ids, count, OPERATOR_TEXT_SET_CONTAINS_ANY};
    return text_match_holds(oracle, flag, selector, &wanted);
}

/* ---- expressions and segments ---------------------------------------------------------------- */

static bool match_holds(struct oracle *oracle, const struct flag *flag,
                        const struct expression *match)
{
    if (!operator_is_text(match->operator))
        return typed_match_holds(oracle, match);
    struct wanted wanted = {.count = match->value.count, .operator= match->operator};
    struct str *values = ARENA_NEW_ARRAY(oracle->arena, struct str, wanted.count);
    for (size_t i = 0; i < wanted.count; i++)
        values[i] = match->value.elements[i].string;
    wanted.values = values;
    return text_match_holds(oracle, flag, match->attribute, &wanted);
}

static bool key_is_listed(struct oracle *oracle, const struct str *keys, size_t count)
{
    struct str key = oracle_targeting_key(oracle);
    return !str_is_absent(key) && has_exactly(keys, count, key);
}

bool oracle_segment_has(struct oracle *oracle, const struct segment *segment)
{
    for (size_t i = 0; i < oracle->visited_count; i++) {
        if (oracle->visited[i] == segment)
            return false;
    }
    if (!oracle_is_active(&segment->schedule, oracle->now_ms) ||
        key_is_listed(oracle, segment->excluded, segment->excluded_count))
        return false;
    if (key_is_listed(oracle, segment->included, segment->included_count))
        return true;
    bool has = false;
    oracle->visited[oracle->visited_count++] = segment;
    for (size_t i = 0; i < segment->rule_count && !has; i++)
        has = oracle_holds(oracle, NULL, &segment->rules[i]);
    oracle->visited_count--;
    return has;
}

static bool segment_holds(struct oracle *oracle, const struct expression *expression)
{
    bool has = false;
    for (size_t i = 0; i < oracle->state->segment_count; i++) {
        const struct segment *segment = oracle->state->segments[i];
        if (str_equal(segment->key, expression->segment))
            has = oracle_segment_has(oracle, segment);
    }
    return has != expression->is_negated;
}

bool oracle_holds(struct oracle *oracle, const struct flag *flag,
                  const struct expression *expression)
{
    switch (expression->kind) {
    case EXPRESSION_NOT:
        return !oracle_holds(oracle, flag, &expression->children[0]);
    case EXPRESSION_MATCH:
        return match_holds(oracle, flag, expression);
    case EXPRESSION_SEGMENT:
        return segment_holds(oracle, expression);
    case EXPRESSION_ALL:
    case EXPRESSION_ANY:
        break;
    }
    bool ends_with = expression->kind == EXPRESSION_ANY;
    for (size_t i = 0; i < expression->child_count; i++) {
        if (oracle_holds(oracle, flag, &expression->children[i]) == ends_with)
            return ends_with;
    }
    return !ends_with;
}
