/* SPDX-License-Identifier: Apache-2.0 */
/*
 * limits - how large things may be. One row here, one row in docs/limits.md, one test at the limit
 * and one past it.
 *
 * Nesting counts the all, any and not around a leaf: a lone match has nesting 0, not(match) has 1.
 * A leaf is an expression without children: a match, a segment, but also an empty all or any, so
 * that the clauses bound the whole expression. Units are UTF-16 units: the vendor counts in them.
 */
#ifndef MODEL_LIMITS_H
#define MODEL_LIMITS_H

enum {
    FLAGS_PER_ENVIRONMENT_MAX = 10000,
    VARIATIONS_PER_FLAG_MAX = 64,
    VARIATION_ID_UNITS_MAX = 96,           /* the vendor's event schema stops there */
    VARIATION_VALUE_BYTES_MAX = 64 * 1024, /* of its canonical text; also of a clause's value */
    VALUE_DEPTH_MAX = 32,                  /* as deep as JSON may come in */
    PREREQUISITES_PER_FLAG_MAX = 64,
    RULES_PER_FLAG_MAX = 64,
    CLAUSES_PER_RULE_MAX = 32, /* leaves */
    VALUES_PER_CLAUSE_MAX = 1000,
    RULE_NESTING_MAX = 6, /* all, any and not inside each other */
    ATTRIBUTE_NAME_BYTES_MAX = 256,
    PREREQUISITE_DEPTH_MAX = 8,
    SELECTOR_BYTES_MAX = 512,
    INCLUSIONS_PER_VARIATION_MAX = 2000,
    BUCKET_WEIGHT_MAX = 1000000000,
    SLICES_PER_BUCKET_MAX = 100,
    SLOTS_PER_MUTEX_MAX = 20,
    DEPLOYMENTS_PER_FLAG_MAX = 100,
    DEPLOYMENTS_PER_ENVIRONMENT_MAX = 100,
    COHORTS_PER_ENVIRONMENT_MAX = 100,
    COHORT_MEMBERS_MAX = 1000000,
    COHORT_MEMBER_BYTES_MAX = 256,
    COHORT_ID_BYTES_MAX = 64,
    COHORT_BODY_BYTES_MAX = 256 * 1024 * 1024,
    TARGETS_PER_FLAG_MAX = 10000, /* included + excluded of one segment */
    SEGMENTS_PER_ENVIRONMENT_MAX = 500,
    FLAG_KEY_BYTES_MAX = 128,
    SEGMENT_KEY_BYTES_MAX = 64,
    ENVIRONMENT_NAME_BYTES_MAX = 64,
    APP_NAME_UNITS_MAX = 96, /* UTF-16 units: the vendor's event schema stops there */
    TEXT_BYTES_MAX = 2048,   /* description, owner, a tag, a name */
    TAGS_PER_FLAG_MAX = 64,
    METADATA_BYTES_MAX = 16 * 1024,
    CONTEXT_KEY_BYTES_MAX = 256,
    CONTEXT_ATTRIBUTES_MAX = 256,
    CONTEXT_DEPTH_MAX = 8,
    CONTEXT_VALUE_BYTES_MAX = 2048,
    REGEX_PATTERN_BYTES_MAX = 256,
    REGEX_SUBJECT_BYTES_MAX = 4096,
    PATTERNS_PER_FLAG_MAX = 16, /* different regular expressions; of a segment, too */
    PATTERNS_PROBED_PER_CHANGE_MAX = 50,
    EMAIL_BYTES_MAX = 254, /* RFC 5321, section 4.5.3.1.3, without the brackets */
    USERS_MAX = 1000,
    APPS_MAX = 500,
    ENVIRONMENTS_PER_APP_MAX = 50,
    KEYS_MAX = 2000,                     /* reading keys and tokens together */
    KEPT_ANSWER_BYTES_MAX = 1024 * 1024, /* for whoever asks the same again */
    SNAPSHOT_BYTES_MAX = 32 * 1024 * 1024,
    BODY_BYTES_EVALUATION_MAX = 64 * 1024,
    BODY_BYTES_MANAGEMENT_MAX = 1024 * 1024,
    BODY_BYTES_IMPORT_MAX = 16 * 1024 * 1024,
    DOCUMENT_VALUES_MAX = 500000, /* JSON values of a whole configuration document */
    BODY_BYTES_EVENTS_MAX = 2 * 1024 * 1024,
    EVENTS_PER_BATCH_MAX = 100,
    EVENT_BYTES_MAX = 16384,
};

#endif
