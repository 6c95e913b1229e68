/* SPDX-License-Identifier: Apache-2.0 */
/*
 * selector - where the text family finds what it compares: a JSON Pointer (RFC 6901) into
 * {"context": …, "result": …}, taken apart once.
 *
 * Steps go from object to member, and from list to element by its index in plain decimal. A pointer
 * without steps and one with an empty step select nothing; so does null at its end (wire reference
 * of the family, 10.3). Results are those of the flags that the reading flag names as
 * prerequisites: its "key", "value" and "payload" and what is in it, and "metadata" as far as the
 * flag itself has it.
 */
#ifndef EVAL_SELECTOR_H
#define EVAL_SELECTOR_H

#include "base/arena.h"
#include "json/json.h"

enum selector_root { SELECTOR_NOTHING, SELECTOR_CONTEXT, SELECTOR_RESULT };

/* What a flat context has there (evaluate.h, enum context_form). */
enum selector_flat {
    FLAT_NOTHING,
    FLAT_TARGETING_KEY,
    FLAT_IDENTITY,  /* an attribute, else the targeting key: steps behind "user" */
    FLAT_ATTRIBUTE, /* steps behind "user" */
    FLAT_PROPERTY,  /* steps behind "user_properties", there or at the top */
    FLAT_GROUP_NAME,
    FLAT_GROUP_PROPERTY, /* steps behind "group_properties" */
    FLAT_GROUP_COHORTS,
};

struct selector {
    struct str text;
    enum selector_root root;
    enum selector_flat flat;
    struct str *steps; /* behind the root */
    size_t step_count;
    uint32_t memo; /* SELECTOR_RESULT: the flag's place among the remembered */
    const struct json *const
        *chosen; /* SELECTOR_RESULT: by variation of that flag; NULL: nothing */
};

struct selector selector_parse(struct arena *arena, struct str text); /* borrows */

/* One step of a pointer as it is meant: "~1" is a slash, "~0" a tilde (RFC 6901). Borrowed or in
 * the arena. */
struct str selector_step(struct arena *arena, struct str step);

/* The pointer with these steps. */
struct str selector_text(struct arena *arena, const struct str *steps, size_t count);

/* Whether it is the targeting key that a flat context has there, at least for want of an attribute.
 */
static inline bool selector_reads_key(const struct selector *selector)
{
    return selector->flat == FLAT_TARGETING_KEY || selector->flat == FLAT_IDENTITY;
}

/* What lies behind the steps, NULL when there is nothing or null. */
const struct json *json_walk(const struct json *from, const struct str *steps, size_t count);

#endif
