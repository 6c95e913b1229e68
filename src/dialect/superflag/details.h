/* SPDX-License-Identifier: Apache-2.0 */
/*
 * details - a decision as the vendor's library reports it (section 13).
 *
 * The library's outer procedure around eval's evaluate(): a typed fallback, type mismatches,
 * contexts without a key, moments that are none. Here too because inspection, snapshots for
 * browsers and the OpenFeature mapping all show such results.
 */
#ifndef SUPERFLAG_DETAILS_H
#define SUPERFLAG_DETAILS_H

#include "eval/evaluate.h"
#include "json/write.h"

enum superflag_error {
    SUPERFLAG_OK,
    SUPERFLAG_FLAG_NOT_FOUND,
    SUPERFLAG_TYPE_MISMATCH,
    SUPERFLAG_INVALID_CONTEXT,
    SUPERFLAG_CYCLE_DETECTED,
    SUPERFLAG_EVALUATION_ERROR,
};

struct str superflag_error_name(enum superflag_error error); /* FLAG_NOT_FOUND … */

/* OFF TARGETING_MATCH …: the vendor's words alone. Who is listed by name, or keeps what they got,
 * was targeted. */
struct str superflag_reason_name(enum reason reason);

/* What is asked. Texts and trees are borrowed. */
struct superflag_question {
    const struct ruleset *ruleset;
    struct pattern_scratch *scratch;
    struct str flag_key;
    const struct json *context;  /* {targetingKey, attributes?}, or whatever was sent instead */
    const struct json *fallback; /* any value */
    bool has_type;               /* else the fallback's type is expected */
    enum value_type type;
    bool is_now_invalid; /* `now` was given and is no moment: now_ms is the current time */
    int64_t now_ms;
};

struct superflag_details {
    const struct environment_state *state;
    struct str flag_key;
    const struct json *value;
    struct str variation; /* absent: none was selected */
    enum reason reason;
    struct str rule_id; /* absent: no rule served */
    enum superflag_error error;
    struct str error_message;
    int64_t now_ms;
    const struct flag *flag;  /* NULL: not found, or not looked for */
    struct decision decision; /* the inner result */
    struct trace trace;
};

struct superflag_details superflag_evaluate(struct arena *arena,
                                            const struct superflag_question *question);

/* {flagKey, source, configVersion, value, variation?, reason, ruleId?, segmentIds, prerequisites,
 * errorCode?, errorMessage?, timestamp, metadata?} */
void superflag_append_details(struct json_writer *writer, const struct superflag_details *details);

/* A part other reports repeat. */
void superflag_append_prerequisites(struct json_writer *writer, const struct trace *trace);

/* targetingKey when context has one that is a non-empty string, else absent. */
struct str superflag_targeting_key(const struct json *context);
/* The attributes object, or NULL. */
const struct json *superflag_attributes(const struct json *context);

/* targetingKey and those attributes whose (top-level) names are allowed. */
struct json superflag_sanitize_context(struct arena *arena, const struct json *context,
                                       const struct str *allowed, size_t allowed_count);

/*
 * A snapshot for one browser: every flag it may see, already evaluated, without rules, segments or
 * context. fallbacks: {key: value}, or NULL; a flag without one falls back to its off variation's
 * value. question's flag_key, fallback and type are not read.
 */
void superflag_append_client_snapshot(struct json_writer *writer, struct arena *arena,
                                      const struct superflag_question *question,
                                      const struct json *fallbacks);

#endif
