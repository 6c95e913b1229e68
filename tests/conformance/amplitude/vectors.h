/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors - what the kinds of cases share: the run and its verdicts, and a configuration compiled.
 *
 * Expectations come from the vectors file alone. A case passes unless something about it is failed.
 */
#ifndef CONFORMANCE_AMPLITUDE_VECTORS_H
#define CONFORMANCE_AMPLITUDE_VECTORS_H

#include "eval/evaluate.h"
#include "json/write.h"

struct run {
    struct arena arena; /* of one case */
    struct pattern_scratch *scratch;
    struct str kind;
    size_t index;           /* of the case in its list */
    const struct json *one; /* the case */
    bool has_failed;
    size_t passed, failed, skipped;
};

typedef void (*case_runner)(struct run *run);

void run_list(struct run *run, const struct json *list, case_runner runner);

void case_fail(struct run *run, const char *what); /* prints, and the case has failed */
void expect_true(struct run *run, bool is_true, const char *what);
void expect_json(struct run *run, const struct json *got, const struct json *expected,
                 const char *what); /* NULL: nothing */

/* Members of the case; these fail it (and return something harmless) when absent. */
const struct json *case_member(struct run *run, struct str key);
struct str case_text(struct run *run, struct str key);
const struct json *case_optional(struct run *run, struct str key); /* NULL when absent */

/* JSON text with ' for " and values put in, parsed. */
const struct json *make_json(struct run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
struct str json_text(struct run *run, const struct json *json);

/* Flag configurations, decoded and compiled, and the context of one user. */
struct compiled {
    struct environment_state state;
    struct flag *flags; /* in the order of the document */
    size_t flag_count;
    const struct ruleset *ruleset;
    struct context context;
};
bool compile_flags(struct run *run, const struct json *document, struct compiled *compiled);
void open_user(struct run *run, struct compiled *compiled, const struct json *context);
struct decision decide_flag(struct compiled *compiled, struct str key);
struct str decided_variant(const struct decision *decision); /* absent: none */
void close_flags(struct compiled *compiled);

void run_murmur3(struct run *run);
void run_bucketing(struct run *run);
void run_bucketing_counts(struct run *run);
void run_condition(struct run *run);
void run_selector(struct run *run);
void run_flags(struct run *run);
void run_distribution_ranges(struct run *run);
void run_user_header(struct run *run);
void run_flag_keys_header(struct run *run);

#endif
