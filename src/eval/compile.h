/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compile - what a ruleset is made of inside: the evaluator's own view.
 *
 * An expression becomes a straight run of tests, each naming where to go when it holds and where
 * when it does not. all, any and not exist only as those targets, so short-circuiting left to
 * right is how the run is laid out, evaluation needs no stack, and what can never hold is not in
 * it. Targets only point forwards.
 */
#ifndef EVAL_COMPILE_H
#define EVAL_COMPILE_H

#include "base/map.h"
#include "eval/pattern.h"
#include "eval/ruleset.h"
#include "eval/semver.h"
#include "eval/text_set.h"

enum test_kind {
    TEST_SEGMENT, /* the subject is in a segment */
    TEST_PRESENT,
    TEST_EQUAL_TEXT,
    TEST_EQUAL,
    TEST_NOT_EQUAL,
    TEST_IN,
    TEST_NOT_IN,
    TEST_CONTAINS,
    TEST_STARTS_WITH,
    TEST_ENDS_WITH,
    TEST_MATCHES,
    TEST_NUMBER, /* these three: ordered as `orders` allows */
    TEST_INSTANT,
    TEST_VERSION,
};

/* Sets of outcomes of a comparison; bit n is outcome n - 1. */
enum { ORDER_LESS = 1, ORDER_EQUAL = 2, ORDER_GREATER = 4 };

/* A list's elements: the texts in a set, whatever else one by one. */
struct value_list {
    struct text_set texts;
    const struct json *const *others;
    size_t other_count;
};

struct expected_version {
    struct semver version;
    uint64_t rank;
    bool has_rank;
};

enum { TARGET_ACCEPT = UINT32_MAX, TARGET_REJECT = UINT32_MAX - 1 };

struct test {
    uint32_t on_true, on_false; /* index of a later test, or TARGET_… */
    uint32_t subject;           /* attribute slot; TEST_SEGMENT: index of the segment */
    uint16_t kind;              /* enum test_kind */
    uint16_t orders;            /* ORDER_… allowed */
    union {
        struct str text;
        double number;
        int64_t instant_ms;
        const struct expected_version *version;
        const struct json *value;
        const struct value_list *list;
        const struct pattern *pattern;
    };
};

/* Tickets [previous end, end) of a split; a progressive serve counts its ends for the moment. */
struct compiled_share {
    int variation;
    uint32_t end;
    uint32_t from, to; /* weights when a progressive serve starts and ends */
};

struct compiled_serve {
    enum serve_kind kind;
    enum flag_hash hash;
    int variation;   /* SERVE_VARIATION; -1 when the flag has no such variation */
    uint32_t slot;   /* attribute that is hashed */
    uint32_t prefix; /* the hash after "<flag key>:<salt>:" */
    uint32_t share_count;
    const struct compiled_share *shares;
    struct activity activity; /* SERVE_PROGRESSIVE: when it moves */
    const struct serve *serve;
    const struct flag *flag;
};

struct compiled_rule {
    struct activity activity;
    uint32_t entry; /* into the flag's tests, or a TARGET_ */
    struct compiled_serve serve;
};

struct compiled_prerequisite {
    const struct flag_rules *flag; /* NULL: no such flag */
    const bool *satisfies;         /* by variation of that flag */
};

struct compiled_segment {
    const struct segment *segment;
    struct activity activity;
    struct text_set included, excluded;
    const struct test *tests; /* [first_test, test_count) */
    uint32_t first_test, test_count;
    uint32_t entry;
    bool is_settled; /* leads to no cycle: the answer does not depend on who asks */
};

struct ruleset_private {
    struct map flags, segments; /* key to index */
    struct pattern **patterns;
    size_t pattern_count;
};

enum { SLOT_TARGETING_KEY = 0 }; /* every ruleset's first attribute */

/* ---- the compiler at work ------------------------------------------------------------------ */

struct compiler {
    struct arena *arena;
    const struct environment_state *state;
    struct ruleset_private *private;
    struct flag_rules *flags;
    uint32_t prerequisite_flag_count; /* flags some other flag leans on */
    struct map slots;                 /* attribute path, as written, to slot */
    struct attribute_path *attributes;
    size_t attribute_count, attribute_capacity;
    struct map pattern_indices; /* text to index in private->patterns */
    size_t pattern_capacity;
};

/* Tests being written from the last to the first, so that every target is known when needed. */
struct program {
    struct test *tests;
    uint32_t next; /* tests at and behind `next` are written */
    enum flag_comparison comparison;
};

/* Deeper than json's budget lets a document nest; what lies deeper never holds. */
enum { EXPRESSION_DEPTH_MAX = 64 };

uint32_t compile_attribute(struct compiler *compiler, struct str path);            /* its slot */
const struct pattern *compile_pattern(struct compiler *compiler, struct str text); /* or NULL */
struct activity compile_activity(const struct schedule *schedule);

struct program program_open(struct compiler *compiler, size_t test_count_max,
                            enum flag_comparison comparison);
size_t expression_count_tests(const struct expression *expression); /* an upper bound */

/* Writes the expression in front of what is there; returns where it is entered. */
uint32_t program_prepend(struct compiler *compiler, struct program *program,
                         const struct expression *expression, uint32_t on_true, uint32_t on_false);

/* Fills in the test of a match in its flag's comparison family; false: it can never hold. */
bool compile_match(struct compiler *compiler, enum flag_comparison comparison,
                   const struct expression *match, struct test *test);

/* The attribute and salt a split hashes by; a progressive serve's are those it moves to. */
struct str serve_bucket_by(const struct serve *serve);
struct str serve_salt(const struct serve *serve);

struct compiled_serve compile_serve(struct compiler *compiler, const struct flag *flag,
                                    const struct serve *serve);

#endif
