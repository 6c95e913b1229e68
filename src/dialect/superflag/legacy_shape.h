/* SPDX-License-Identifier: Apache-2.0 */
/* legacy_shape - a legacy flag taken apart, and its shape in the model; shared by legacy's files.
 */
#ifndef SUPERFLAG_LEGACY_SHAPE_H
#define SUPERFLAG_LEGACY_SHAPE_H

#include "dialect/superflag/legacy.h"

struct legacy_variant {
    struct json value;
    double weight; /* percent */
    struct str name;
};

struct legacy_parts {
    enum value_type type;
    struct json value;
    bool has_rollout;
    double percentage;
    struct legacy_variant *variants; /* none: variant_count is 0 */
    size_t variant_count;
};

enum legacy_problem {
    LEGACY_FINE,
    LEGACY_TYPE_UNKNOWN,
    LEGACY_ROLLOUT_AND_VARIANTS,
    LEGACY_VALUE_MISMATCH,
    LEGACY_ROLLOUT_RANGE,
    LEGACY_VARIANTS_EMPTY,
    LEGACY_VARIANT_WEIGHT, /* no number, or negative after rounding */
    LEGACY_VARIANT_NAME,
    LEGACY_WEIGHT_TOTAL,
};

struct legacy_finding {
    enum legacy_problem problem;
    enum value_type type;     /* declared; for LEGACY_VALUE_MISMATCH */
    const struct json *value; /* what stands there instead; NULL when nothing does */
    bool is_variant;          /* the value of variants[variant], not the flag's own */
    size_t variant;
};

/* Each fills its part of *parts (parts->type is set) and says what is wrong first, in the order of
 * section 11. */
struct legacy_finding legacy_read_value(const struct json *value, struct legacy_parts *parts);
struct legacy_finding legacy_read_rollout(const struct json *rollout, struct legacy_parts *parts);
struct legacy_finding legacy_read_variants(struct arena *arena, const struct json *variants,
                                           struct legacy_parts *parts);
struct legacy_finding legacy_read(struct arena *arena, struct str type, const struct json *value,
                                  const struct json *rollout, const struct json *variants,
                                  struct legacy_parts *parts);

/* The finding as the management API says it: FAULT_INVALID. */
struct fault legacy_refuse(struct arena *arena, const struct legacy_finding *finding) MUST_CHECK;

/* Gives flag the variations, off variation and fallthrough of the parts; all else stays. */
void legacy_shape(struct arena *arena, const struct legacy_parts *parts, struct flag *flag);

/* Whether a legacy document's variants deal these tickets to the same people: all of them are owned
 * (the last variant gets the remainder), and by the one salt that the form knows. */
bool legacy_says_split(const struct split *split);

enum legacy_form { LEGACY_FORM_NONE, LEGACY_FORM_PLAIN, LEGACY_FORM_ROLLOUT, LEGACY_FORM_VARIANTS };

enum legacy_form legacy_form_of(const struct flag *flag);

/* The value a flag of that form (not NONE) stands at. */
const struct json *legacy_value_of(const struct flag *flag, enum legacy_form form);

/* A flag of that form (not NONE), taken apart again. */
struct legacy_parts legacy_parts_of(struct arena *arena, const struct flag *flag,
                                    enum legacy_form form);

/* Everything of a migrated flag but its shape and its visibility, as the browser SDK has it. */
struct flag legacy_flag_of(struct arena *arena, struct str key, enum value_type type);

#endif
