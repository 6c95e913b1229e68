/* SPDX-License-Identifier: Apache-2.0 */
/*
 * test - the claims a file defends, named.
 *
 *     TEST(rollout_admits_newcomers_and_never_evicts) { CHECK(...); }
 *     TESTS(rollout_admits_newcomers_and_never_evicts)
 *
 * A test file ends with its table of contents, TESTS(...). cmocka runs them.
 */
#ifndef SUPPORT_TEST_H
#define SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/fault.h"
#include "base/str.h"

#define TEST(name) static void name(void **test_state __attribute__((unused)))

#define CHECK(condition) assert_true(condition)
#define CHECK_INT(actual, expected) assert_int_equal((actual), (expected))

static inline void check_str(struct str actual, struct str expected, const char *file, int line)
{
    if (str_equal(actual, expected))
        return;
    fprintf(stderr, "%s:%d: got \"%.*s\", expected \"%.*s\"\n", file, line, STR_ARG(actual),
            STR_ARG(expected));
    _fail(file, line);
}
#define CHECK_STR(actual, expected) check_str((actual), (expected), __FILE__, __LINE__)

static inline void check_fault(struct fault actual, enum fault_kind kind, const char *file,
                               int line)
{
    if (actual.kind == kind)
        return;
    fprintf(stderr, "%s:%d: got fault %d at %.*s: %.*s, expected kind %d\n", file, line,
            (int)actual.kind, STR_ARG(actual.where), STR_ARG(actual.why), (int)kind);
    _fail(file, line);
}
#define CHECK_OK(fault) check_fault((fault), FAULT_NONE, __FILE__, __LINE__)
#define CHECK_FAULT(fault, kind) check_fault((fault), (kind), __FILE__, __LINE__)

#define TEST_ENTRY(name) cmocka_unit_test(name),
#define TESTS(...)                                                                                 \
    int main(void)                                                                                 \
    {                                                                                              \
        const struct CMUnitTest tests[] = {TESTS_MAP(__VA_ARGS__)};                                \
        return cmocka_run_group_tests_name(__FILE__, tests, NULL, NULL);                           \
    }

/* Applies TEST_ENTRY to each of up to 64 names. */
#define TESTS_EXPAND(...) TESTS_E4(TESTS_E4(TESTS_E4(TESTS_E4(__VA_ARGS__))))
#define TESTS_E4(...) TESTS_E3(TESTS_E3(TESTS_E3(TESTS_E3(__VA_ARGS__))))
#define TESTS_E3(...) TESTS_E2(TESTS_E2(TESTS_E2(TESTS_E2(__VA_ARGS__))))
#define TESTS_E2(...) TESTS_E1(TESTS_E1(TESTS_E1(TESTS_E1(__VA_ARGS__))))
#define TESTS_E1(...) __VA_ARGS__
#define TESTS_PARENS ()
#define TESTS_MAP(...) __VA_OPT__(TESTS_EXPAND(TESTS_STEP(__VA_ARGS__)))
#define TESTS_STEP(name, ...) TEST_ENTRY(name) __VA_OPT__(TESTS_AGAIN TESTS_PARENS(__VA_ARGS__))
#define TESTS_AGAIN() TESTS_STEP

#endif
