/* SPDX-License-Identifier: Apache-2.0 */
/*
 * program - runs a compiled expression against a context: see compile.h.
 *
 * Operators as the wire reference has them, section 13: typed, no coercion; a missing attribute
 * fails every test but presence, the negative ones too.
 */
#include <assert.h>

#include "base/instant.h"
#include "eval/evaluation.h"

static inline bool number_holds(const struct test *test, const struct json *value)
{
    if (value->type != JSON_NUMBER)
        return false;
    return test_allows_order(test, (value->number > test->number) - (value->number < test->number));
}

static bool instant_holds(const struct test *test, const struct json *value)
{
    int64_t ms = 0;
    if (value->type != JSON_STRING || !instant_parse_date(value->string, &ms))
        return false;
    return test_allows_order(test, (ms > test->instant_ms) - (ms < test->instant_ms));
}

/* Kept out of the way of the versions that have a rank. */
static __attribute__((noinline)) bool unranked_version_holds(const struct test *test,
                                                             struct str text)
{
    struct semver version;
    if (!semver_parse(text, &version))
        return false;
    int order = semver_compare(&version, &test->version->version);
    return test_allows_order(test, (order > 0) - (order < 0));
}

static bool version_holds(const struct test *test, const struct json *value)
{
    if (value->type != JSON_STRING)
        return false;
    uint64_t rank = 0;
    uint64_t expected = test->version->rank;
    if (!test->version->has_rank || !semver_rank(value->string, &rank))
        return unranked_version_holds(test, value->string);
    return test_allows_order(test, (rank > expected) - (rank < expected));
}

static bool list_has(const struct value_list *list, const struct json *value)
{
    if (value->type == JSON_STRING)
        return text_set_has(&list->texts, value->string);
    for (size_t i = 0; i < list->other_count; i++) {
        if (json_equal(list->others[i], value))
            return true;
    }
    return false;
}

/* Any element of an array, or the value itself. */
static bool list_has_any(const struct value_list *list, const struct json *value)
{
    if (value->type != JSON_ARRAY)
        return list_has(list, value);
    for (uint32_t i = 0; i < value->count; i++) {
        if (list_has(list, &value->elements[i]))
            return true;
    }
    return false;
}

static bool pattern_holds(struct evaluation *evaluation, const struct test *test,
                          const struct json *value)
{
    struct pattern_scratch *scratch = evaluation->context->scratch;
    if (value->type != JSON_STRING || scratch == NULL)
        return false;
    enum pattern_result result = pattern_match(test->pattern, scratch, value->string);
    if (result == PATTERN_GAVE_UP && evaluation->trace != NULL)
        evaluation->trace->has_pattern_given_up = true;
    return result == PATTERN_MATCH;
}

static inline bool value_holds(struct evaluation *evaluation, const struct test *test,
                               const struct json *value)
{
    bool is_text = value->type == JSON_STRING;
    switch ((enum test_kind)test->kind) {
    case TEST_PRESENT:
        return true;
    case TEST_EQUAL_TEXT:
        return is_text && text_equal(value->string, test->text);
    case TEST_EQUAL:
        return json_equal(value, test->value);
    case TEST_NOT_EQUAL:
        return !json_equal(value, test->value);
    case TEST_IN:
        return list_has_any(test->list, value);
    case TEST_NOT_IN:
        return !list_has_any(test->list, value);
    case TEST_CONTAINS:
        return is_text && str_contains(value->string, test->text);
    case TEST_STARTS_WITH:
        return is_text && str_starts_with(value->string, test->text);
    case TEST_ENDS_WITH:
        return is_text && str_ends_with(value->string, test->text);
    case TEST_MATCHES:
        return pattern_holds(evaluation, test, value);
    case TEST_NUMBER:
        return number_holds(test, value);
    case TEST_INSTANT:
        return instant_holds(test, value);
    case TEST_VERSION:
        return version_holds(test, value);
    case TEST_SEGMENT:
    case TEST_TEXT_AMONG:
    case TEST_TEXT_CONTAINS:
    case TEST_TEXT_NUMBER:
    case TEST_TEXT_VERSION:
    case TEST_TEXT_MATCHES:
    case TEST_TEXT_SET_IS:
    case TEST_TEXT_SET_HAS_ALL:
    case TEST_TEXT_SET_HAS_ANY:
        break;
    }
    assert(false);
    return false;
}

static inline bool test_holds(struct evaluation *evaluation, const struct test *test)
{
    if (test->kind == TEST_SEGMENT)
        return segment_holds(evaluation, test->subject);
    if (test->kind >= TEST_TEXT_FIRST)
        return text_test_holds(evaluation, test);
    const struct json *value = context_read(evaluation->context, test->subject);
    return value != &attribute_missing && value_holds(evaluation, test, value);
}

/* Targets only point forwards, so this ends. */
bool program_accepts(struct evaluation *evaluation, const struct test *tests, uint32_t entry)
{
    uint32_t at = entry;
    while (at < TARGET_REJECT)
        at = test_holds(evaluation, &tests[at]) ? tests[at].on_true : tests[at].on_false;
    return at == TARGET_ACCEPT;
}
