/* SPDX-License-Identifier: Apache-2.0 */
/*
 * explainer - one explanation at work: what its parts hand each other.
 *
 * explain.c walks a flag's checks; explain_expression.c its expressions and the segments they ask
 * about; explain_leaf.c compiles one clause by itself, and asks it; explain_serve.c deals.
 */
#ifndef EVAL_EXPLAINER_H
#define EVAL_EXPLAINER_H

#include "eval/evaluation.h"
#include "eval/explain.h"

enum { EXPLAINED_FLAG_DEPTH_MAX = 16, EXPLAINED_SEGMENT_DEPTH_MAX = 16 };

/* One clause as the compiler would have it in a program of its own. */
struct leaf {
    struct test test;
    bool is_possible; /* else it can never hold, and only the subject of a typed one is known */
};

struct explainer {
    struct arena *arena;
    const struct ruleset *ruleset;
    struct compiler compiler;       /* finds what the ruleset's compiler made: slots, segments */
    struct ruleset_private private; /* the patterns are its own */
    struct map leaves;              /* expression's address to index in known */
    const struct leaf **known;
    size_t known_count, known_capacity;
    struct map inclusions; /* variation's address to index in listed */
    const struct expression **listed;
    size_t listed_count, listed_capacity;
};

/* One question. */
struct inquiry {
    struct explainer *explainer;
    struct arena *arena;
    struct context *context;
    int64_t now_ms;
    struct explanation **flags;                /* by index; NULL: not asked about yet */
    bool *is_walking;                          /* by index of flag: on the path */
    const struct explained_segment **segments; /* by index; NULL: not expanded yet */
    uint32_t segment_depth;
};

/* An evaluation to ask parts with; trace is told of patterns that give up. */
struct evaluation inquiry_ask(const struct inquiry *inquiry, struct trace *trace);

/* ---- explain_leaf.c -------------------------------------------------------------------------- */

/* What a leaf belongs to; flag is NULL for a segment's. */
struct explained_owner {
    const struct flag *flag;
    enum flag_comparison comparison;
};

void explain_match(struct inquiry *inquiry, struct explained_owner owner,
                   struct explained_expression *explained);
/* Who is listed for a variation; NULL: nobody. Lives as long as the explainer. */
const struct expression *explainer_inclusion(struct explainer *explainer,
                                             const struct variation *variation);
/* What a selector that the ruleset knows finds; NULL: nobody reads it. */
struct text_view *explain_view(struct inquiry *inquiry, struct str selector);

/* ---- explain_expression.c -------------------------------------------------------------------- */

void explain_expression(struct inquiry *inquiry, struct explained_owner owner,
                        const struct expression *expression, bool is_reached,
                        struct explained_expression *explained);

/* ---- explain_serve.c ------------------------------------------------------------------------- */

void explain_serve(struct inquiry *inquiry, const struct compiled_serve *serve,
                   struct explained_serve *explained);

#endif
