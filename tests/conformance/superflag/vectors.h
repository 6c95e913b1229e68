/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vectors - what the kinds of cases share: the run, its verdicts, the compiled configs.
 *
 * Expectations come from the vectors file alone. A case passes unless something about it is
 * failed; it is skipped only by name, with a reason that is printed.
 */
#ifndef CONFORMANCE_SUPERFLAG_VECTORS_H
#define CONFORMANCE_SUPERFLAG_VECTORS_H

#include "dialect/superflag/details.h"
#include "dialect/superflag/document.h"
#include "eval/evaluate.h"
#include "json/write.h"

struct config {
    struct str name;
    struct environment_state state;
    const struct ruleset *ruleset;
};

struct run {
    const struct json *file;
    struct arena *keep; /* the file and the configs */
    struct arena arena; /* of one case */
    struct pattern_scratch *scratch;
    struct config *configs;
    size_t config_count;
    struct str kind;
    size_t index;           /* of the case in its list */
    const struct json *one; /* the case */
    bool has_failed;
    size_t passed, failed, skipped;
};

typedef void (*case_runner)(struct run *run, const struct json *one);

/* Runs one case, or each element of a list. */
void run_case(struct run *run, const struct json *one, size_t index, case_runner runner);
void run_list(struct run *run, const struct json *list, case_runner runner);

void case_fail(struct run *run, const char *what); /* prints, and the case has failed */
void expect_true(struct run *run, bool is_true, const char *what);
void expect_number(struct run *run, double got, const struct json *expected, const char *what);
void expect_text(struct run *run, struct str got, const struct json *expected, const char *what);
void expect_json(struct run *run, const struct json *got, const struct json *expected,
                 const char *what);
/* The text, parsed, is json_equal to what is expected. */
void expect_document(struct run *run, struct str text, const struct json *expected,
                     const char *what);
void expect_issues(struct run *run, const struct issue *issues, size_t count,
                   bool compares_messages);

/* Members of the case; the first three fail it (and return something harmless) when absent. */
const struct json *case_member(struct run *run, struct str key);
struct str case_text(struct run *run, struct str key);
const struct config *case_config(struct run *run);
const struct json *case_optional(struct run *run, struct str key); /* NULL when absent */

/* A buf and a writer over it for one case; what was written, in the case's arena. */
struct writing {
    struct buf buf;
    struct json_writer writer;
};
struct json_writer *writing_begin(struct writing *writing);
struct str writing_end(struct run *run, struct writing *writing);

/* A document's text as a compiled config in the case's arena; close the ruleset. */
bool compile_document(struct run *run, struct str text, struct config *config);

/* Text or milliseconds as a moment; false when it is none. */
bool parse_moment(const struct json *now, int64_t *now_ms);

bool parse_text(struct arena *arena, struct str text, struct json *json);

void run_stable_hash(struct run *run, const struct json *list);
void run_evaluate(struct run *run, const struct json *list);
void run_operators(struct run *run, const struct json *list);
void run_attribute_paths(struct run *run, const struct json *list);
void run_client_snapshot(struct run *run, const struct json *list);
void run_explain(struct run *run, const struct json *list);
void run_segment_membership(struct run *run, const struct json *list);
void run_dependency_paths(struct run *run, const struct json *list);
void run_impact_paths(struct run *run, const struct json *list);
void run_open_feature(struct run *run, const struct json *list);

void run_validate(struct run *run, const struct json *list);
void run_validate_text(struct run *run, const struct json *list);
void run_project_client_config(struct run *run, const struct json *list);
void run_canonical_json(struct run *run, const struct json *list);
void run_codegen(struct run *run, const struct json *list);
void run_legacy_migrate(struct run *run, const struct json *list);
void run_legacy_migrated_evaluate(struct run *run, const struct json *list);
void run_legacy_sdk(struct run *run, const struct json *object);
void run_hybrid_document(struct run *run, const struct json *object);

void run_events(struct run *run, const struct json *list);
void run_dedupe_keys(struct run *run, const struct json *list);
void run_telemetry_request(struct run *run, const struct json *object);
void run_experiment_assign(struct run *run, const struct json *list);
void run_experiment_transitions(struct run *run, const struct json *list);
void run_iteration_validation(struct run *run, const struct json *list);
void run_iteration_ramp(struct run *run, const struct json *list);

#endif
