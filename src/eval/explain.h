/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explain - why a decision is what it is: every check in order, whether it passed, and what was
 * compared with what.
 *
 * The decision itself comes from evaluate(). The explanation is a second walk, over the document:
 * it asks of each part what the evaluator asks of it, with the same compiled tests and the same
 * serves, and goes on where a decision would have stopped, so that checks nobody reached say what
 * they would have said (is_reached tells them apart). It takes its time and allocates: for people,
 * not for traffic.
 *
 * What an explanation shows borrows from the ruleset, the context and the arena it was asked for
 * in.
 */
#ifndef EVAL_EXPLAIN_H
#define EVAL_EXPLAIN_H

#include "eval/evaluate.h"

/* ---- expressions ----------------------------------------------------------------------------- */

/* Why an expression does not hold. */
enum failing {
    FAILING_NOT,         /* it holds */
    FAILING_DIFFERENT,   /* compared, with the other outcome */
    FAILING_MISSING,     /* the context has no such attribute */
    FAILING_TYPE,        /* its value is of a type that the operator does not compare */
    FAILING_UNREADABLE,  /* its value is no number, no instant, no version */
    FAILING_IMPOSSIBLE,  /* nothing can pass: the wanted value is none for the operator */
    FAILING_GAVE_UP,     /* a pattern took too long on it */
    FAILING_NO_SEGMENT,  /* there is no such segment */
    FAILING_NOT_MEMBER,  /* of the segment */
    FAILING_MEMBER,      /* of a segment whose members are left out */
    FAILING_ALL,         /* one of them does not hold */
    FAILING_ANY,         /* none of them holds */
    FAILING_INNER_HOLDS, /* what it negates holds */
    FAILING_TOO_DEEP,    /* deeper than the compiler looks */
};

struct explained_segment;

struct explained_expression {
    const struct expression *expression;
    bool holds;
    bool is_reached; /* what stands before it had not settled the matter */
    enum failing failing;
    struct explained_expression *children; /* as many as the expression has */
    /* MATCH. */
    const struct json *actual; /* what the context has there; NULL: nothing, or it is not read */
    struct str cohort, member; /* the stored cohort that has the subject, and who that is */
    /* SEGMENT; NULL: there is none. */
    const struct explained_segment *segment;
};

struct explained_segment {
    const struct segment *segment;
    bool is_member;
    bool is_expanded; /* the rest is filled: not where it was explained already, leads back to
                         itself, or lies too deep */
    bool is_in_schedule, is_excluded, is_included; /* listed by targeting key */
    struct explained_expression *rules;            /* as many as the segment has; any of them */
};

/* The clause an expression fails by, and where: a JSON Pointer below the expression ("" is the
 * expression itself). NULL when it holds. */
const struct explained_expression *explained_culprit(const struct explained_expression *expression,
                                                     struct arena *arena, struct str *path);

/* ---- serves ---------------------------------------------------------------------------------- */

struct explained_range {
    int variation;       /* index, or VARIATION_NONE: nobody's */
    uint32_t start, end; /* tickets [start, end) */
};

struct explained_serve {
    const struct serve *serve;
    int variation;  /* what it deals, or VARIATION_NONE */
    bool lacks_key; /* the targeting key was needed and is not there */
    /* Of a serve that hashes. */
    enum flag_hash hash_name;
    struct str bucket_by, salt;
    bool has_subject;     /* else the rest is not filled */
    struct str input;     /* what is hashed, whole */
    uint64_t hash;        /* of 32 bits; sha1_60: of 60 */
    uint32_t second_hash; /* murmur3_32_percent: the ticket's */
    /* Of a bucket: which slice, percents [start, end) at that moment; behind the last, up to 100.
     */
    uint32_t percent, slice_start, slice_end;
    uint32_t ticket, ticket_count;
    struct explained_range *ranges;
    size_t range_count;
    int chosen; /* index of the range that has the ticket, or -1 */
    /* Of a progressive serve: 0 before its start, 1 from its end on. */
    bool is_progressive;
    double progress;
};

/* ---- flags ----------------------------------------------------------------------------------- */

/* In the order in which they are made; all but the last few settle the decision or pass it on. */
enum explained_step {
    STEP_KEY, /* a typed flag needs a targeting key */
    STEP_ENABLED,
    STEP_SCHEDULE,
    STEP_INCLUSIONS,
    STEP_PREREQUISITES,
    STEP_STICKINESS,
    STEP_RULES,
    STEP_FALLTHROUGH,
};

enum choice_way { CHOICE_USER_ID, CHOICE_DEVICE_ID, CHOICE_COHORT };

/* A variation that lists people by name, or whose holders keep it. */
struct explained_choice {
    int variation; /* index */
    bool holds;
    enum choice_way way; /* of an inclusion that holds */
    struct str listed;   /* the id, or the cohort's */
};

struct explanation;

struct explained_prerequisite {
    const struct prerequisite *wanted;
    const struct flag *flag; /* NULL: there is none */
    bool is_reached, is_satisfied;
    bool is_gate;  /* else it is only decided first */
    int variation; /* got; index or VARIATION_NONE */
    enum reason reason;
    const struct explanation *why; /* NULL: no such flag, it leads back to itself, or is too deep */
    bool is_repeated;              /* why is shown elsewhere in this explanation, too */
};

struct explained_rule {
    const struct rule *rule;
    bool is_reached, is_in_schedule;
    bool holds;      /* the expression; the schedule aside */
    bool is_serving; /* this one decided */
    struct explained_expression when;
    struct explained_serve serve; /* of one that holds */
};

struct explanation {
    const struct flag_rules *flag; /* NULL: there is no such flag, and nothing below is filled */
    struct decision decision;
    struct str cycle; /* "a -> b -> a" when decision.error is DECISION_CYCLE_DETECTED */
    enum explained_step settled_by;
    bool is_in_schedule;
    struct explained_choice *inclusions; /* those variations that list anybody */
    size_t inclusion_count;
    int included;                                 /* the first that holds, or VARIATION_NONE */
    struct explained_prerequisite *prerequisites; /* as many as the flag has */
    bool is_sticky;
    int kept;                     /* what it sticks to, or VARIATION_NONE */
    bool is_from_memory;          /* not the context, the recollection says so */
    struct explained_rule *rules; /* as many as the flag has */
    struct explained_serve fallthrough;
};

/* ---- asking ---------------------------------------------------------------------------------- */

/* Compiles what it asks one by one, once for all explanations about a ruleset; one thread. The
 * arena outlives it. */
struct explainer;
struct explainer *explainer_open(struct arena *arena, const struct ruleset *ruleset);
void explainer_close(struct explainer *explainer);

/* Whom cohorts of this type of group ("User" for people) are asked about; absent when that is
 * nobody, or nobody asks. Of the context's own texts, or in `arena`. */
struct str explained_subject(struct explainer *explainer, struct arena *arena,
                             struct context *context, struct str group_type);

/* The explanation lives in `arena`. The context must be of the explainer's ruleset; afterwards it
 * remembers nothing. */
const struct explanation *explain(struct explainer *explainer, struct arena *arena, struct str key,
                                  struct context *context, int64_t now_ms);

#endif
