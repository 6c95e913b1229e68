/* SPDX-License-Identifier: Apache-2.0 */
/*
 * evaluate - ruleset + context + now -> decision. Pure: cannot fail, wait or log.
 *
 * A decision depends on its three inputs only. The same function explains: handed a trace, it
 * notes what it saw on the way and decides the same. Algorithm: wire reference of the typed family,
 * section 13; of the text family, sections 9.2 and 10. In order: off, schedule, inclusions,
 * prerequisites, stickiness, rules, fallthrough; a typed flag has no inclusions and does not stick.
 */
#ifndef EVAL_EVALUATE_H
#define EVAL_EVALUATE_H

#include "eval/pattern.h"
#include "eval/ruleset.h"
#include "eval/text_view.h"

enum reason {
    REASON_OFF,
    REASON_TARGETING_MATCH,
    REASON_SPLIT,
    REASON_FALLTHROUGH,
    REASON_PREREQUISITE_FAILED,
    REASON_SCHEDULED_OUT,
    REASON_DEFAULT,  /* nothing could be decided: see error */
    REASON_INCLUDED, /* listed by name, or a member of a cohort that is */
    REASON_STICKY,   /* got it before */
};

enum decision_error {
    DECISION_OK,
    DECISION_FLAG_NOT_FOUND,
    DECISION_INVALID_CONTEXT, /* no targeting key, or an empty one: typed flags need one */
    DECISION_CYCLE_DETECTED,
    DECISION_NO_VARIATION, /* the split left the subject's ticket to nobody */
    DECISION_KEY_MISSING,  /* only where context.may_lack_key: the flag, or one it leans on, deals
                              by the targeting key, and there is none */
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
 * flag. Open it per request and per ruleset; what it remembers lives in the arena it was given, in
 * one piece. Decisions take nothing more of it, but for attributes of the text family that are
 * neither a text nor a boolean, and texts that are compared in lower case and are not: their other
 * form is written down there, once. One thread at a time.
 */

/*
 * Contexts come in two forms, and flags of either comparison family are decided in both.
 *
 *   FLAT  a targeting key and attributes by name. A selector reads it as follows:
 *         /context/user/user_id is the targeting key, and so is any other …_id of the user, but
 *         device_id, that is not among the attributes;
 *         /context/user/user_properties/P… is attributes.user_properties.P…, else attributes.P…;
 *         /context/groups/T/group_name is the first of attributes.groups.T (a text or a list);
 *         /context/groups/T/group_properties/P… is
 *         attributes.group_properties.T.<name>.P…, and /context/groups/T/cohort_ids is
 *         attributes.group_cohort_ids.T.<name>; any other /context/user/X… is attributes.X….
 *   USER  a tree {"user": …, "groups": …, "page": …}; selectors walk it as it is. For a dotted
 *         path the targeting key is user.user_id (a text or a number, not empty), else
 *         user.device_id, and a.b is user.a.b, else user.user_properties.a.b.
 */
enum context_form { CONTEXT_FLAT, CONTEXT_USER };

/*
 * What is known of who is asking besides what they say: the variation of a sticky flag they had
 * before, or VARIATION_NONE. As much a part of the context as its attributes: it answers the same
 * as long as the context is in use. Asked only when stickiness has its turn and the context itself
 * does not say.
 */
struct recollection {
    int (*find)(const struct flag_rules *flag, const void *source); /* NULL: nothing is known */
    const void *source;
};

struct context {
    enum context_form form;
    struct str targeting_key;        /* absent or empty: typed decisions are INVALID_CONTEXT,
                                        but see may_lack_key */
    const struct json *attributes;   /* FLAT: an object, or NULL; USER: the tree */
    struct pattern_scratch *scratch; /* the calling thread's; NULL: patterns never match */
    const struct ruleset *ruleset;
    struct recollection recollection; /* none when it is opened */
    /* FLAT contexts without a targeting key: typed flags are decided all the same, and whoever
     * comes to deal by the key (the typed family's splits without bucketBy, the text family's
     * buckets by an id that nothing but the key says) answers DECISION_KEY_MISSING. Clauses take
     * the key for missing and lists of segments do not have it. False when it is opened. */
    bool may_lack_key;
    /* eval's own */
    struct arena *arena;
    const struct json *user;    /* USER: the tree's, or NULL */
    const struct json **values; /* by attribute slot; NULL until first read */
    struct text_view *views;    /* by selector; unread until first read */
    struct decision *decisions; /* by flag_rules.memo; flag is NULL until decided */
    uint8_t *segments;          /* by segment: SEGMENT_… */
    uint8_t *answers;           /* by test.memo: enum answer */
    int64_t remembered_ms;      /* the moment these two are about */
};

void context_open(struct context *context, struct arena *arena, const struct ruleset *ruleset,
                  struct str targeting_key, const struct json *attributes,
                  struct pattern_scratch *scratch);
/* The same for a tree {"user": …}: see enum context_form. */
void context_open_user(struct context *context, struct arena *arena, const struct ruleset *ruleset,
                       const struct json *tree, struct pattern_scratch *scratch);

/* What happened on the way; filled only when asked for. Lives in its arena. */
struct trace_prerequisite {
    const struct flag_rules *flag; /* NULL: there is no such flag */
    int variation;                 /* or VARIATION_NONE */
    bool is_satisfied;
    enum reason reason;
};
struct trace_allocation {
    struct str variation; /* empty: nobody's */
    uint32_t start, end;  /* tickets [start, end); of a bucket they may overlap: the first counts */
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
    uint32_t ticket, ticket_count;   /* of a split: 0..99999; of a bucket: 0..42949672; of other
                                        systems' as model/flag.h says, and none (0 of 0) where
                                        murmur3_32_percent finds no slice */
    bool has_percent;                /* of a bucket: which slice the ticket is of */
    uint32_t percent;                /* 0..99 */
    uint32_t slice_start, slice_end; /* its percents at that moment; behind the last: up to 100 */
    struct str bucket_by; /* "targetingKey" when the split names none; of a bucket: a selector */
    struct str salt;      /* "" when the split has none */
    struct trace_allocation
        *allocations; /* of a bucket: those of the slice; none behind the last */
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
