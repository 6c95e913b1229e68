/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rule - who gets what: expressions, schedules, splits and what a rule serves.
 *
 * These are parts of a flag's or a segment's document. Texts that stand for a moment keep the
 * spelling they arrived with, because documents are shown back as they were written.
 */
#ifndef MODEL_RULE_H
#define MODEL_RULE_H

#include "json/json.h"

/*
 * Two comparison families, told apart by the flag (struct arithmetic) and never mixed in one.
 *
 * Typed: no coercion, JSON equality; attributes are dotted paths, values any JSON.
 * Text (from OPERATOR_TEXT_IS on): everything is compared as text; attributes are selectors, values
 * arrays of strings. A selector is a JSON Pointer (RFC 6901) into {"context": …, "result": …}:
 * "/context/user/country", "/context/groups/org/group_name", "/result/other-flag/key".
 * wire reference, sections 10.3 and 11.
 */
enum operator{
    OPERATOR_EQ,
    OPERATOR_NEQ,
    OPERATOR_IN,
    OPERATOR_NOT_IN,
    OPERATOR_CONTAINS,
    OPERATOR_STARTS_WITH,
    OPERATOR_ENDS_WITH,
    OPERATOR_MATCHES,
    OPERATOR_EXISTS,
    OPERATOR_GT,
    OPERATOR_GTE,
    OPERATOR_LT,
    OPERATOR_LTE,
    OPERATOR_BEFORE,
    OPERATOR_AFTER,
    OPERATOR_SEMVER_EQ,
    OPERATOR_SEMVER_GT,
    OPERATOR_SEMVER_GTE,
    OPERATOR_SEMVER_LT,
    OPERATOR_SEMVER_LTE,
    OPERATOR_TEXT_IS,
    OPERATOR_TEXT_IS_NOT,
    OPERATOR_TEXT_CONTAINS,
    OPERATOR_TEXT_DOES_NOT_CONTAIN,
    OPERATOR_TEXT_LESS,
    OPERATOR_TEXT_LESS_OR_EQUAL,
    OPERATOR_TEXT_GREATER,
    OPERATOR_TEXT_GREATER_OR_EQUAL,
    OPERATOR_TEXT_VERSION_LESS,
    OPERATOR_TEXT_VERSION_LESS_OR_EQUAL,
    OPERATOR_TEXT_VERSION_GREATER,
    OPERATOR_TEXT_VERSION_GREATER_OR_EQUAL,
    OPERATOR_TEXT_SET_IS,
    OPERATOR_TEXT_SET_IS_NOT,
    OPERATOR_TEXT_SET_CONTAINS,
    OPERATOR_TEXT_SET_DOES_NOT_CONTAIN,
    OPERATOR_TEXT_SET_CONTAINS_ANY,
    OPERATOR_TEXT_SET_DOES_NOT_CONTAIN_ANY,
    OPERATOR_TEXT_REGEX_MATCH,
    OPERATOR_TEXT_REGEX_DOES_NOT_MATCH,
    OPERATOR_TEXT_GLOB_MATCH, /* the whole text; wire reference, section 9.11 */
    OPERATOR_TEXT_GLOB_DOES_NOT_MATCH,
};

enum { OPERATOR_COUNT = OPERATOR_TEXT_GLOB_DOES_NOT_MATCH + 1 };

/* As documents spell it: eq neq in notIn …; "text is", "text version less", … */
struct str operator_name(enum operator operator);
bool operator_parse(struct str name, enum operator* operator);

static inline bool operator_is_text(enum operator operator)
{
    return operator>= OPERATOR_TEXT_IS;
}

enum expression_kind {
    EXPRESSION_ALL,
    EXPRESSION_ANY,
    EXPRESSION_NOT, /* one child */
    EXPRESSION_MATCH,
    EXPRESSION_SEGMENT,
};

struct expression {
    enum expression_kind kind;
    struct expression *children; /* ALL, ANY, NOT */
    size_t child_count;
    struct str attribute;   /* MATCH */
    enum operator operator; /* MATCH */
    struct json value;      /* MATCH; null also when absent, see has_value */
    bool has_value;
    struct str segment; /* SEGMENT: a segment's key */
    bool is_negated;    /* SEGMENT */
};

/* Start inclusive, end exclusive; without either always active. */
struct schedule {
    struct str start, end; /* as written; absent when open on that side */
    int64_t start_ms, end_ms;
};

bool schedule_is_active(const struct schedule *schedule, int64_t now_ms);

struct allocation {
    struct str variation; /* id */
    uint32_t weight;      /* in a split: of SPLIT_WEIGHT_TOTAL, or of the sum of all, as the
                             flag's hash has it; in a slice: of the sum of all */
};

enum { SPLIT_WEIGHT_TOTAL = 100000, SPLIT_WEIGHT_SUM_MAX = INT32_MAX };

/*
 * Tickets 0..99999 dealt to variations in order; tickets nobody owns select nothing. Where the hash
 * of the flag is another system's (model/flag.h) there are as many tickets as it says, and none is
 * left over: the last variation has what is behind the others.
 */
struct split {
    struct allocation *allocations;
    size_t allocation_count;
    struct str bucket_by; /* attribute to hash; absent means the targeting key */
    struct str salt;      /* absent means none, which hashes as empty, or as the flag's key:
                             model/flag.h */
};

/*
 * Two-level tickets of murmur3: a subject's percent (hash mod 100) falls into a slice, its ticket
 * in there (hash div 100, of BUCKET_TICKETS) to a variation, by weight. Slices lie one behind the
 * other from percent 0 on; whoever is behind the last, or gets nothing in theirs, or has no
 * subject, gets `otherwise`. How weights become ranges of tickets: wire reference, section 9.7.
 * With murmur3_32_percent the ticket is that of a second hash, of the sum of the slice's weights.
 *
 * A progressive one moves the ends of its slices from one set of percents to another: each end,
 * which is the sum of the percents up to it, on a straight line, rounded down to whole percents.
 * So both sets are exact at their instant, an end only ever goes one way, and within a slice all
 * keep what they have.
 */
enum { BUCKET_TICKETS = 42949673, SLICE_PERCENT_MAX = 100 };
struct slice {
    uint32_t percent;               /* how many of the 100; of a progressive one: at the start */
    uint32_t percent_to;            /* of a progressive one: at the end */
    struct allocation *allocations; /* in order; an absent variation owns tickets for nobody */
    size_t allocation_count;        /* all weights 0: an even split over all of them */
};
struct bucket {
    struct str bucket_by; /* selector; absent means the flag's */
    struct str salt;      /* absent means the flag's */
    struct slice *slices;
    size_t slice_count;
    struct str otherwise; /* variation id; absent: nothing is served, the next rule is tried */
};

enum serve_kind {
    SERVE_VARIATION,
    SERVE_SPLIT,
    SERVE_PROGRESSIVE, /* between two splits */
    SERVE_BUCKET,
    SERVE_PROGRESSIVE_BUCKET,
};

struct serve {
    enum serve_kind kind;
    struct str variation;     /* SERVE_VARIATION: id; absent serves nothing */
    struct bucket bucket;     /* SERVE_BUCKET, SERVE_PROGRESSIVE_BUCKET */
    struct split split;       /* SERVE_SPLIT; SERVE_PROGRESSIVE: where it starts from */
    struct split to;          /* SERVE_PROGRESSIVE */
    struct schedule schedule; /* the progressive ones: both sides set */
};

static inline bool serve_is_bucket(const struct serve *serve)
{
    return serve->kind == SERVE_BUCKET || serve->kind == SERVE_PROGRESSIVE_BUCKET;
}

static inline bool serve_is_progressive(const struct serve *serve)
{
    return serve->kind == SERVE_PROGRESSIVE || serve->kind == SERVE_PROGRESSIVE_BUCKET;
}

struct rule {
    struct str id;          /* unique in its flag */
    struct str description; /* for people; the text family's decisions are named by it */
    struct expression when;
    struct serve serve;
    struct schedule schedule;
};

#endif
