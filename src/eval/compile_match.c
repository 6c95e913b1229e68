/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile_match - a clause's operator and expected value, prepared once.
 *
 * What the expected value makes impossible (a number compared with a text, a pattern that does not
 * compile) is found here: such a clause never holds, whatever the context says.
 */
#include <assert.h>

#include "base/instant.h"
#include "eval/compile.h"

static bool prepare_text(struct test *test, enum test_kind kind, const struct json *expected)
{
    test->kind = (uint16_t)kind;
    test->text = expected->string;
    return expected->type == JSON_STRING;
}

static bool prepare_number(struct test *test, unsigned orders, const struct json *expected)
{
    test->kind = TEST_NUMBER;
    test->orders = (uint8_t)orders;
    test->number = expected->number;
    return expected->type == JSON_NUMBER;
}

static bool prepare_instant(struct test *test, unsigned orders, const struct json *expected)
{
    test->kind = TEST_INSTANT;
    test->orders = (uint8_t)orders;
    return expected->type == JSON_STRING && instant_parse_date(expected->string, &test->instant_ms);
}

static bool prepare_version(struct compiler *compiler, struct test *test, unsigned orders,
                            const struct json *expected)
{
    struct expected_version version = {0};
    if (expected->type != JSON_STRING || !semver_parse(expected->string, &version.version))
        return false;
    version.has_rank = semver_rank(expected->string, &version.rank);
    test->kind = TEST_VERSION;
    test->orders = (uint8_t)orders;
    test->version = arena_copy(compiler->arena, &version, sizeof(version));
    return true;
}

static bool prepare_equality(struct test *test, const struct json *expected)
{
    if (expected->type == JSON_STRING)
        return prepare_text(test, TEST_EQUAL_TEXT, expected);
    test->kind = TEST_EQUAL;
    test->value = expected;
    return true;
}

static bool prepare_inequality(struct test *test, const struct json *expected)
{
    test->kind = TEST_NOT_EQUAL;
    test->value = expected;
    return true;
}

/* Anything but an array counts as the one element of a list. */
static bool prepare_list(struct compiler *compiler, struct test *test, enum test_kind kind,
                         const struct json *expected)
{
    bool is_array = expected->type == JSON_ARRAY;
    const struct json *elements = is_array ? expected->elements : expected;
    size_t count = is_array ? expected->count : 1;
    struct str *texts = ARENA_NEW_ARRAY(compiler->arena, struct str, count);
    const struct json **others = ARENA_NEW_ARRAY(compiler->arena, const struct json *, count);
    struct value_list *list = ARENA_NEW(compiler->arena, struct value_list);
    size_t text_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (elements[i].type == JSON_STRING)
            texts[text_count++] = elements[i].string;
        else
            others[list->other_count++] = &elements[i];
    }
    list->texts = text_set_build(compiler->arena, texts, text_count);
    list->others = others;
    test->kind = (uint16_t)kind;
    test->list = list;
    return true;
}

static bool prepare_pattern(struct compiler *compiler, struct test *test,
                            const struct json *expected)
{
    if (expected->type != JSON_STRING)
        return false;
    test->kind = TEST_MATCHES;
    test->pattern = compile_pattern(compiler, PATTERN_UNICODE, expected->string);
    return test->pattern != NULL;
}

static bool prepare_typed(struct compiler *compiler, const struct expression *match,
                          struct test *test)
{
    const struct json *expected = &match->value;
    switch (match->operator) {
    case OPERATOR_EQ:
        return prepare_equality(test, expected);
    case OPERATOR_NEQ:
        return prepare_inequality(test, expected);
    case OPERATOR_IN:
        return prepare_list(compiler, test, TEST_IN, expected);
    case OPERATOR_NOT_IN:
        return prepare_list(compiler, test, TEST_NOT_IN, expected);
    case OPERATOR_CONTAINS:
        return prepare_text(test, TEST_CONTAINS, expected);
    case OPERATOR_STARTS_WITH:
        return prepare_text(test, TEST_STARTS_WITH, expected);
    case OPERATOR_ENDS_WITH:
        return prepare_text(test, TEST_ENDS_WITH, expected);
    case OPERATOR_MATCHES:
        return prepare_pattern(compiler, test, expected);
    case OPERATOR_EXISTS:
        test->kind = TEST_PRESENT;
        return true;
    case OPERATOR_GT:
        return prepare_number(test, ORDER_GREATER, expected);
    case OPERATOR_GTE:
        return prepare_number(test, ORDER_GREATER | ORDER_EQUAL, expected);
    case OPERATOR_LT:
        return prepare_number(test, ORDER_LESS, expected);
    case OPERATOR_LTE:
        return prepare_number(test, ORDER_LESS | ORDER_EQUAL, expected);
    case OPERATOR_BEFORE:
        return prepare_instant(test, ORDER_LESS, expected);
    case OPERATOR_AFTER:
        return prepare_instant(test, ORDER_GREATER, expected);
    case OPERATOR_SEMVER_EQ:
        return prepare_version(compiler, test, ORDER_EQUAL, expected);
    case OPERATOR_SEMVER_GT:
        return prepare_version(compiler, test, ORDER_GREATER, expected);
    case OPERATOR_SEMVER_GTE:
        return prepare_version(compiler, test, ORDER_GREATER | ORDER_EQUAL, expected);
    case OPERATOR_SEMVER_LT:
        return prepare_version(compiler, test, ORDER_LESS, expected);
    case OPERATOR_SEMVER_LTE:
        return prepare_version(compiler, test, ORDER_LESS | ORDER_EQUAL, expected);
    case OPERATOR_TEXT_IS:
    case OPERATOR_TEXT_IS_NOT:
    case OPERATOR_TEXT_CONTAINS:
    case OPERATOR_TEXT_DOES_NOT_CONTAIN:
    case OPERATOR_TEXT_LESS:
    case OPERATOR_TEXT_LESS_OR_EQUAL:
    case OPERATOR_TEXT_GREATER:
    case OPERATOR_TEXT_GREATER_OR_EQUAL:
    case OPERATOR_TEXT_VERSION_LESS:
    case OPERATOR_TEXT_VERSION_LESS_OR_EQUAL:
    case OPERATOR_TEXT_VERSION_GREATER:
    case OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL:
    case OPERATOR_TEXT_SET_IS:
    case OPERATOR_TEXT_SET_IS_NOT:
    case OPERATOR_TEXT_SET_CONTAINS:
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN:
    case OPERATOR_TEXT_SET_CONTAINS_ANY:
    case OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY:
    case OPERATOR_TEXT_REGEX_MATCH:
    case OPERATOR_TEXT_REGEX_DOES_NOT_MATCH:
    case OPERATOR_TEXT_GLOB_MATCH:
    case OPERATOR_TEXT_GLOB_DOES_NOT_MATCH:
        return false; /* of the other family */
    }
    assert(false);
    return false;
}

bool compile_match(struct compiler *compiler, const struct program *program,
                   const struct expression *match, struct test *test)
{
    switch (program->comparison) {
    case FLAG_COMPARISON_TYPED:
        test->subject = compile_attribute(compiler, match->attribute);
        return prepare_typed(compiler, match, test);
    case FLAG_COMPARISON_TEXT:
        return compile_text_match(compiler, program->flag, match, test);
    }
    assert(false);
    return false;
}
