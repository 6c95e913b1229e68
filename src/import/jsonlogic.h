/* SPDX-License-Identifier: Apache-2.0 */
/*
 * jsonlogic - JsonLogic (jsonlogic.com) as conditions of a typed flag.
 *
 * What compares one attribute with something written down has a counterpart; what computes
 * (arithmetic, loops, two attributes with each other, the order of texts) has none. Null and
 * missing are told apart as the engines do, which is not always as JavaScript would: an attribute
 * that is missing counts as 0 where numbers are ordered, is not equal to any text, and so on.
 *
 * One thing is not taken over: texts that look like numbers are not turned into numbers, nor
 * numbers into texts. Whoever translates says so once (`coerces`).
 */
#ifndef IMPORT_JSONLOGIC_H
#define IMPORT_JSONLOGIC_H

#include "model/rule.h"
#include "json/json.h"

/* What engines do differently, and operators that only some have. */
struct logic_engine {
    bool has_text_operators;     /* starts_with, ends_with, sem_ver */
    bool has_references;         /* {"$ref": name} */
    bool orders_null_or_equal;   /* null >= 0 and null <= 0 hold; null > -1 does either way */
    bool equals_null_loosely;    /* null == 0 and null == false hold */
    bool counts_null_as_missing; /* {"missing": …} */
    struct str key_attribute;    /* an attribute that is the targeting key; absent: none */
    struct str clock_attribute;  /* seconds since 1970; absent: none */
};

struct logic {
    struct arena *arena;
    const struct logic_engine *engine;
    const struct json *references; /* an object, or NULL */
    struct str flag_key;           /* what "$flagd.flagKey" is; absent: not known here */
    struct str obstacle;           /* why a condition could not be said: a phrase */
    bool coerces;                  /* a comparison was met that coerces over there */
    bool looks_in_lists;           /* one attribute among several values */
    bool shortens_versions;        /* one of versions, where "1.2" is 1.2.0 over there */
};

/* From when (inclusive) until when (exclusive), of what is said of the clock. */
struct window {
    int64_t start_ms, end_ms;
};
struct window window_always(void);
struct window window_both(struct window one, struct window other);
/* As a schedule; without either side when it is always. False: it is never. */
bool window_schedule(struct arena *arena, struct window window, struct schedule *schedule);

/* Whether the rule holds, as a condition. window: narrowed by what is said of the clock where all
 * must hold; NULL: the clock cannot be said. False: see obstacle; *condition is then never. */
bool logic_condition(struct logic *logic, const struct json *rule, struct window *window,
                     struct expression *condition);

/* ---- for who translates what a rule results in ----------------------------------------------- */

/* The operator and its operands: {"op": operands}, operands as a list even where one stands alone.
 * False: it is no operation. References are followed. */
struct logic_operation {
    struct str name;
    const struct json *operands;
    size_t count;
};
bool logic_read_operation(struct logic *logic, const struct json *rule,
                          struct logic_operation *operation);

/* An attribute's path as conditions have it; absent, with the obstacle, when it is none. */
struct str logic_attribute(struct logic *logic, const struct json *rule);

#endif
