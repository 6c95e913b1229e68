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

#include "base/buf.h"
#include "base/map.h"
#include "eval/hash.h"
#include "eval/pattern.h"
#include "eval/ruleset.h"
#include "eval/semver.h"
#include "eval/sha1.h"
#include "eval/text_set.h"
#include "eval/text_version.h"

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
    /* The text family, on a selector. */
    TEST_TEXT_FIRST,
    TEST_TEXT_AMONG = TEST_TEXT_FIRST, /* is */
    TEST_TEXT_CONTAINS,
    TEST_TEXT_NUMBER, /* these two: ordered as `orders` allows */
    TEST_TEXT_VERSION,
    TEST_TEXT_MATCHES,
    TEST_TEXT_SET_FIRST, /* of a list as a whole */
    TEST_TEXT_SET_IS = TEST_TEXT_SET_FIRST,
    TEST_TEXT_SET_HAS_ALL,
    TEST_TEXT_SET_HAS_ANY,
};

/* Of the text family's tests. */
enum {
    TEST_IS_NEGATED = 1,
    TEST_ACCEPTS_NOTHING = 2 /* holds where there is no value */
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

/* Texts to be equal to, in the text family: what is "true" or "false" in any case is told apart. */
struct text_choice {
    struct text_set texts; /* each once */
    uint32_t value_count;  /* with repetitions */
    uint32_t plain_count;  /* texts that are no word */
    bool has_true, has_false;
    const struct text_cohorts *cohorts; /* TEST_TEXT_SET_HAS_ANY of cohort ids, or NULL */
};

/* Stored cohorts among the ids asked for, and who has to be a member. */
struct text_cohorts {
    uint32_t member; /* selector slot */
    const struct cohort **cohorts;
    size_t count;
};

struct text_list {
    const struct str *texts;
    size_t count;
};

/* The expected versions, and their texts for when versions cannot be compared: what is most or
 * least of them, whichever the comparison is easiest with. */
struct text_version_bound {
    struct text_version version;
    bool has_version;
    uint64_t rank; /* text_version_rank; 0: none, or no version */
    struct str text;
};

struct pattern_list {
    const struct pattern *const *patterns;
    size_t count;
};

enum { TARGET_ACCEPT = UINT32_MAX, TARGET_REJECT = UINT32_MAX - 1 };

struct test {
    uint32_t on_true, on_false; /* index of a later test, or TARGET_… */
    uint32_t subject;           /* attribute slot; TEST_SEGMENT: index of the segment;
                                   from TEST_TEXT_FIRST on: selector slot */
    uint16_t kind;              /* enum test_kind */
    uint8_t orders;             /* ORDER_… allowed */
    uint8_t flags;              /* TEST_IS_NEGATED, … */
    union {
        struct str text;
        struct {
            union {
                double number;
                int64_t instant_ms;
                const struct expected_version *version;
                const struct json *value;
                const struct value_list *list;
                const struct pattern *pattern;
                const struct text_choice *choice;
                const struct text_list *needles; /* in lower case */
                const struct text_version_bound *version_bound;
                const struct pattern_list *patterns;
            };
            uint32_t memo; /* from TEST_TEXT_FIRST on: the place of its answer, the same for
                              every test that asks the same */
        };
    };
};

/* Tickets [previous end, end) of a split; a progressive serve counts its ends for the moment. */
struct compiled_share {
    int variation;
    uint32_t end;
    uint32_t from, to; /* weights when a progressive serve starts and ends */
};

/* One slice of a bucket: shares of its tickets, `otherwise` where they are nobody's. */
struct compiled_slice {
    uint32_t end; /* percents [previous end, end); of a progressive one: at its start */
    uint32_t share_count;
    const struct compiled_share *shares;
};

/* What there is to know of a serve that deals by more than a number to begin with and shares: a
 * bucket, and a split whose hash is another system's (draw.h). */
struct compiled_deal {
    struct hash_murmur3 begun; /* murmur3: the hash of what stands before the subject */
    const struct compiled_slice *slices;
    const uint32_t *ends_to; /* SERVE_PROGRESSIVE_BUCKET: by slice, at its end */
    uint32_t slice_count;
    enum flag_hash hash;
    struct str bucket_by, salt; /* of a bucket: a selector */
    uint32_t ticket_count;      /* of a split: its shares end there */
    union {                     /* begun, too, by the hash */
        uint32_t fnv1a;
        struct hash_murmur3 begun_again;
        struct sha1 sha1;
    };
};

/* Which way a decision goes: shares of ours, by kind, or as other systems deal. */
enum serve_way { WAY_VARIATION, WAY_SPLIT, WAY_BUCKET, WAY_MOVING_BUCKET, WAY_ELSEWHERE };

/* What a decision reads stands in front: with a rule's own it fits into one cache line. */
struct compiled_serve {
    enum serve_kind kind;
    int variation;   /* SERVE_VARIATION, a bucket's otherwise, the variation of tickets behind a
                        split's shares; -1: the flag has no such one, nobody's */
    uint32_t slot;   /* attribute that is hashed; of a bucket: selector */
    uint32_t prefix; /* the hash after "<flag key>:<salt>:" */
    const struct compiled_deal *deal; /* NULL: a split by fnv1a_32_utf16, or nothing is dealt */
    const struct compiled_share *shares;
    uint32_t share_count;
    enum serve_way way;
    struct activity activity; /* SERVE_PROGRESSIVE: when it moves */
    const struct serve *serve;
    const struct flag *flag;
};

struct compiled_rule {
    struct activity activity;
    uint32_t entry; /* into the flag's tests, or a TARGET_ */
    struct compiled_serve serve;
};

/* A variation for whoever a test holds for. */
struct compiled_choice {
    uint32_t entry;
    int variation;
};

struct compiled_prerequisite {
    const struct flag_rules *flag; /* NULL: no such flag */
    const bool *satisfies;         /* by variation of that flag */
    bool is_gate;                  /* else it is only decided first */
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

/* From its start to that of the next, or for ever. */
struct span {
    int64_t start_ms;
    bool is_moving; /* a progressive serve is on its way */
};

/* When decisions may change by themselves: moment.c. Before the first span nothing moves. */
struct calendar {
    const struct span *spans; /* ascending */
    size_t span_count;
};

struct ruleset_private {
    struct map flags, segments; /* key to index */
    struct pattern **patterns;
    size_t pattern_count;
    struct calendar calendar;
};

enum { ANSWER_NOT_KEPT = 0 };       /* test.memo: it is asked each time */
#define MEMO_NONE UINT32_MAX        /* flag_rules.memo: nobody leans on it */
enum { SLOT_TARGETING_KEY = 0 };    /* every ruleset's first attribute */
enum { SELECTOR_SLOT_NOTHING = 0 }; /* every ruleset's first selector finds nothing */

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
    struct map selector_slots; /* selector, as written, to slot */
    struct selector *selectors;
    size_t selector_count, selector_capacity;
    struct map pattern_indices[PATTERN_SYNTAXES]; /* text to index in private->patterns */
    size_t pattern_capacity;
    struct map questions; /* what a test of the text family asks, to index in asked */
    struct buf question;  /* the one being looked up */
    struct test *asked;
    size_t asked_count, asked_capacity;
};

/* Tests being written from the last to the first, so that every target is known when needed. */
struct program {
    struct test *tests;
    uint32_t next; /* tests at and behind `next` are written */
    enum flag_comparison comparison;
    const struct flag *flag; /* whose they are; NULL: a segment's */
};

/* Deeper than json's budget lets a document nest; what lies deeper never holds. */
enum { EXPRESSION_DEPTH_MAX = 64 };

/* Longer questions are asked by one flag alone, as a rule: they are not compared. */
enum { QUESTION_BYTES_MAX = 512 };

/* A larger copy of an array that has no room for one more; the arena keeps the old one. */
void *compile_grow(struct arena *arena, void *array, size_t count, size_t *capacity, size_t size);

void compile_selectors_open(struct compiler *compiler);
uint32_t compile_attribute(struct compiler *compiler, struct str path); /* its slot */
/* The selector's slot. Results are read of that flag's prerequisites alone, else there is nothing.
 */
uint32_t compile_selector(struct compiler *compiler, const struct flag *flag, struct str text);
const struct pattern *compile_pattern(struct compiler *compiler, enum pattern_syntax syntax,
                                      struct str text); /* or NULL */
struct activity compile_activity(const struct schedule *schedule);
struct calendar compile_calendar(struct arena *arena, const struct environment_state *state);

struct program program_open(struct compiler *compiler, size_t test_count_max,
                            enum flag_comparison comparison, const struct flag *flag);
size_t expression_count_tests(const struct expression *expression); /* an upper bound */

/* Writes the expression in front of what is there; returns where it is entered. */
uint32_t program_prepend(struct compiler *compiler, struct program *program,
                         const struct expression *expression, uint32_t on_true, uint32_t on_false);

/* Fills in the test of a match in its program's comparison family; false: it can never hold. */
bool compile_match(struct compiler *compiler, const struct program *program,
                   const struct expression *match, struct test *test);
bool compile_text_match(struct compiler *compiler, const struct flag *flag,
                        const struct expression *match, struct test *test);

/* The choices that come before a flag's rules, as expressions: who is listed for the variation, who
 * had it. False: nobody. */
bool inclusion_expression(struct arena *arena, const struct variation *variation,
                          struct expression *expression);
bool sticky_expression(struct arena *arena, const struct flag *flag,
                       const struct variation *variation, struct expression *expression);

/* The attribute and salt a split hashes by; a progressive serve's are those it moves to. */
struct str serve_bucket_by(const struct serve *serve);
struct str serve_salt(const struct serve *serve);
/* What is shown of them: "targetingKey", "" and such filled in. */
struct str compiled_bucket_by(const struct compiled_serve *serve);
struct str compiled_salt(const struct compiled_serve *serve);

struct compiled_serve compile_serve(struct compiler *compiler, const struct flag *flag,
                                    const struct serve *serve);

#endif
