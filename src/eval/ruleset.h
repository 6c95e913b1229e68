/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ruleset - one environment's rules, compiled.
 *
 * Compilation turns keys into indices, attribute paths into slots shared by the whole
 * environment, value lists into tables, instants into numbers and patterns into programs, so that
 * a decision touches no text it need not. A ruleset is immutable and borrows the texts and values
 * of the state it was compiled from.
 *
 * Written by ruleset_compile alone; read by evaluate(), the dialects' encoders and snapshot/.
 */
#ifndef EVAL_RULESET_H
#define EVAL_RULESET_H

#include "base/fault.h"
#include "base/map.h"
#include "eval/selector.h"
#include "model/environment.h"

struct test; /* eval/compile.h: the evaluator's own */
struct compiled_segment;
struct compiled_serve;
struct compiled_rule;
struct compiled_choice;
struct compiled_prerequisite;
struct ruleset_private;

struct attribute_path {
    struct str text;      /* as written in the clause */
    struct str *segments; /* split at '.', one leading "attributes." dropped */
    size_t segment_count; /* 0: the targeting key itself */
};

/* When something is active: start_ms <= now < end_ms; the far ends of int64_t when open. */
struct activity {
    int64_t start_ms, end_ms;
};

/* What a decision reads of a flag, in one place; `flag` is for who shows the decision. */
struct flag_rules {
    const struct flag *flag; /* variations, metadata, key: the document itself */
    uint32_t index;          /* its place in ruleset.flags */
    int off_variation;       /* index into flag->variations, -1 when the document names none */
    int blank_variation;     /* the one whose id is empty, which is never served; -1: none */
    bool is_enabled;
    struct activity activity;
    const struct test *tests;          /* of all rules and choices */
    const struct compiled_rule *rules; /* rule i is flag->rules[i] */
    uint32_t rule_count;
    uint32_t prerequisite_count;
    const struct compiled_prerequisite *prerequisites; /* i is flag->prerequisites[i] */
    bool is_typed;                                     /* it needs a targeting key */
    uint32_t inclusion_count, sticky_count;
    const struct compiled_choice *inclusions; /* who gets what by name, in order */
    const struct compiled_choice *sticky;     /* who had what; none: it does not stick */
    const struct compiled_serve *fallthrough;
    uint32_t memo;            /* place among the flags others lean on; UINT32_MAX: nobody does */
    uint32_t sticky_selector; /* what the choices of `sticky` read, if there are any */
};

struct ruleset {
    const struct environment_state *state;
    const struct flag_rules *flags; /* in the order of state->flags */
    size_t flag_count;
    const struct compiled_segment *segments; /* in the order of state->segments */
    size_t segment_count;
    const struct attribute_path *attributes; /* distinct paths any clause or split reads */
    size_t attribute_count;                  /* at least 1: the first is the targeting key */
    const struct selector *selectors;        /* distinct selectors any clause or bucket reads */
    size_t selector_count;
    size_t prerequisite_flag_count; /* flags some other flag leans on */
    size_t answer_count;            /* distinct questions tests of the text family ask, and one */
    const struct ruleset_private *private;
};

/*
 * Compiles state, which must outlive the result. `arena` holds the ruleset; patterns are the one
 * thing outside it, released by ruleset_close. Never refuses: a pattern that does not compile, a
 * reference to nothing or a cycle compile to what the evaluation says of them (no match, false,
 * CYCLE_DETECTED); environment_check and pattern_check refuse those on write.
 */
const struct ruleset *ruleset_compile(struct arena *arena, const struct environment_state *state);
void ruleset_close(const struct ruleset *ruleset);

/*
 * What the compiler would rather not serve, for writes: patterns we refuse (eval/pattern.h), more
 * than PATTERNS_PER_FLAG_MAX of them, and what could cost a decision more than
 * EVALUATION_STEPS_MAX steps (eval/steps.h). Probing a pattern takes milliseconds, so one change
 * may bring PATTERNS_PROBED_PER_CHANGE_MAX new ones, and none is probed twice in a change.
 *
 * `current` is what the document replaces, or NULL. What that has already is not held against its
 * successor: its patterns are neither refused nor probed again, and a decision may stay as costly
 * as it was. Faults live in the admission's arena, with paths as flag_check's.
 */
enum { EVALUATION_STEPS_MAX = 20000 };

struct pattern_admission {
    struct arena *arena;
    struct map admitted; /* patterns that this change brings and that are good */
};
void pattern_admission_open(struct pattern_admission *admission, struct arena *arena);

struct fault ruleset_check_flag(struct pattern_admission *admission, const struct flag *flag,
                                const struct flag *current) MUST_CHECK;
struct fault ruleset_check_segment(struct pattern_admission *admission,
                                   const struct segment *segment,
                                   const struct segment *current) MUST_CHECK;

/* The same budget for a flag with all it leans on, prerequisites and segments, each counted once as
 * a decision evaluates each once. For states that have passed environment_check; `before` (or NULL)
 * is the state that this one replaces. FAULT_LIMIT at "$.flags.<key>" for the first flag past it.
 */
struct fault ruleset_check_environment(struct arena *arena, const struct environment_state *state,
                                       const struct environment_state *before) MUST_CHECK;

/*
 * Decisions are functions of time: schedules begin and end, progressive serves move on. Two moments
 * with the same number here are alike: no decision of this ruleset differs between them, whoever
 * asks. While a progressive serve is on its way, only a moment is like itself. The numbers follow
 * from the state alone. Constant time when nothing is scheduled.
 */
uint64_t ruleset_moment(const struct ruleset *ruleset, int64_t now_ms);
/* The next time, after now, from which that number is another one for good; INT64_MAX: never. While
 * a progressive serve is on its way, RULESET_PROGRESS_MS from now, or sooner. */
enum { RULESET_PROGRESS_MS = 60000 };
int64_t ruleset_next_moment_ms(const struct ruleset *ruleset, int64_t now_ms);

const struct flag_rules *ruleset_find(const struct ruleset *ruleset, struct str key);

#endif
