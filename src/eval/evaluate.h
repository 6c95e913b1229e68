/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate - ruleset + context + now -> decision. Pure: cannot fail, wait, log or allocate.
 *
 * A decision depends on its three inputs only. The same function explains: handed a trace, it
 * notes what it saw on the way and decides the same. Algorithm: wire reference, section 13.
 */
#ifndef EVAL_EVALUATE_H
#define EVAL_EVALUATE_H

#include "eval/pattern.h"
#include "eval/ruleset.h"

enum reason {
    REASON_OFF,
    REASON_TARGETING_MATCH,
    REASON_SPLIT,
    REASON_FALLTHROUGH,
    REASON_PREREQUISITE_FAILED,
    REASON_SCHEDULED_OUT,
    REASON_DEFAULT, /* nothing could be decided: see error */
};

enum decision_error {
    DECISION_OK,
    DECISION_FLAG_NOT_FOUND,
    DECISION_INVALID_CONTEXT, /* no targeting key, or an empty one */
    DECISION_CYCLE_DETECTED,
    DECISION_NO_VARIATION, /* the split left the subject's ticket to nobody */
};

enum { VARIATION_NONE = -1, RULE_NONE = -1 };

struct decision {
    const struct flag_rules *flag; /* NULL when not found or the context is invalid */
    int variation;                 /* index into flag->flag->variations, or VARIATION_NONE */
    int rule;                      /* index of the rule that served, or RULE_NONE */
    enum reason reason;
    enum decision_error error;
};

/*
 * Who is asking, bound to one ruleset: attributes are looked up once per path however many
 * clauses read them, and what a flag's prerequisites and segments said is remembered for the next
 * flag. Open it per request and per ruleset; what it remembers lives in the arena it was given,
 * in one piece. One thread at a time.
 */
struct context {
    struct str targeting_key;        /* absent or empty: every decision is INVALID_CONTEXT */
    const struct json *attributes;   /* an object, or NULL */
    struct pattern_scratch *scratch; /* the calling thread's; NULL: patterns never match */
    const struct ruleset *ruleset;
    /* eval's own */
    const struct json **values; /* by attribute slot; NULL until first read */
    struct decision *decisions; /* by flag_rules.memo; flag is NULL until decided */
    uint8_t *segments;          /* by segment: SEGMENT_… */
    int64_t remembered_ms;      /* the moment these two are about */
};

void context_open(struct context *context, struct arena *arena, const struct ruleset *ruleset,
                  struct str targeting_key, const struct json *attributes,
                  struct pattern_scratch *scratch);

/* What happened on the way; filled only when asked for. Lives in its arena. */
struct trace_prerequisite {
    const struct flag_rules *flag; /* NULL: there is no such flag */
    int variation;                 /* or VARIATION_NONE */
    bool is_satisfied;
    enum reason reason;
};
struct trace_allocation {
    struct str variation;
    uint32_t start, end; /* tickets [start, end) */
};
struct trace {
    struct arena *arena;
    struct trace_prerequisite *prerequisites; /* of the flag asked for, in order */
    size_t prerequisite_count;
    struct str *segments; /* keys matched by the serving rule, sorted by UTF-16 units */
    size_t segment_count;
    struct str cycle;          /* "a -> b -> a" when error is DECISION_CYCLE_DETECTED */
    const struct serve *serve; /* what chose the variation; NULL when nothing did */
    /* Of the serve above, or of a fallthrough that left the ticket to nobody (serve is NULL). */
    bool has_ticket;
    uint32_t ticket;      /* 0..99999 */
    struct str bucket_by; /* "targetingKey" when the split names none */
    struct str salt;      /* "" when the split has none */
    struct trace_allocation *allocations;
    size_t allocation_count;
    bool has_pattern_given_up; /* a pattern hit its limit and counted as no match */
};

void trace_open(struct trace *trace, struct arena *arena);

/* Decides one flag by key. trace may be NULL. */
struct decision evaluate(const struct ruleset *ruleset, struct str key, struct context *context,
                         int64_t now_ms, struct trace *trace);
/* The same for a flag already found: the loop of a bulk evaluation. */
struct decision evaluate_flag(const struct flag_rules *flag, struct context *context,
                              int64_t now_ms, struct trace *trace);

/* Whether the context is in a segment, and which segments said yes on the way (sorted). */
struct membership {
    bool is_found;
    bool is_member;
    struct str *segments;
    size_t segment_count;
};
struct membership evaluate_segment(const struct ruleset *ruleset, struct str key,
                                   struct context *context, int64_t now_ms, struct arena *arena);

struct str reason_name(enum reason reason); /* OFF TARGETING_MATCH SPLIT … */

#endif
