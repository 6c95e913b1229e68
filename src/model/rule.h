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

/* The typed comparison family: no coercion, JSON equality. (A text family can stand beside it.) */
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
};

enum { OPERATOR_COUNT = OPERATOR_SEMVER_LTE + 1 };

struct str operator_name(enum operator operator); /* as documents spell it: eq neq in notIn … */
bool operator_parse(struct str name, enum operator* operator);

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
    uint32_t weight;      /* of SPLIT_WEIGHT_TOTAL */
};

enum { SPLIT_WEIGHT_TOTAL = 100000 };

/* Tickets 0..99999 dealt to variations in order; tickets nobody owns select nothing. */
struct split {
    struct allocation *allocations;
    size_t allocation_count;
    struct str bucket_by; /* attribute to hash; absent means the targeting key */
    struct str salt;      /* absent means none, which hashes as empty */
};

enum serve_kind { SERVE_VARIATION, SERVE_SPLIT, SERVE_PROGRESSIVE };

struct serve {
    enum serve_kind kind;
    struct str variation;     /* SERVE_VARIATION: id */
    struct split split;       /* SERVE_SPLIT; SERVE_PROGRESSIVE: where it starts from */
    struct split to;          /* SERVE_PROGRESSIVE */
    struct schedule schedule; /* SERVE_PROGRESSIVE: both sides set */
};

struct rule {
    struct str id; /* unique in its flag */
    struct str description;
    struct expression when;
    struct serve serve;
    struct schedule schedule;
};

#endif
