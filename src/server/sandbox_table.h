/* SPDX-License-Identifier: Apache-2.0 */
/* sandbox_table - which system calls the filter lets through (sandbox_calls.h). */
#ifndef SERVER_SANDBOX_TABLE_H
#define SERVER_SANDBOX_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { CALL_TESTS_MAX = 2 };

/* (word & mask) == value. Words are halves of arguments: 0 and 1 are the first argument's. */
struct call_test {
    uint8_t word;
    uint32_t mask; /* 0: no test */
    uint32_t value;
};

/* Of several rows of one call, one has to hold. */
struct call_allowed {
    int number;
    struct call_test tests[CALL_TESTS_MAX];
};

extern const struct call_allowed sandbox_tested[];
extern const size_t sandbox_tested_count;
extern const int sandbox_allowed[]; /* whatever the arguments */
extern const size_t sandbox_allowed_count;
extern const int sandbox_unknown[]; /* "this kernel has it not": the C library goes another way */
extern const size_t sandbox_unknown_count;

#endif
