/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json - text to tree, inside an arena, within a budget (RFC 8259, strict).
 *
 * Refuses what others let through: invalid UTF-8, lone surrogate escapes, duplicate members,
 * anything behind the value, leading zeros, numbers that overflow a double. Strings without
 * escapes borrow from the text, so the text must live as long as the tree; everything else lives
 * in the arena. Never recurses over input.
 */
#ifndef JSON_JSON_H
#define JSON_JSON_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/str.h"

enum json_type { JSON_NULL, JSON_BOOLEAN, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_member;

struct json {
    enum json_type type;
    uint32_t count; /* elements of an array, members of an object */
    union {
        bool boolean;
        double number; /* finite */
        struct str string;
        struct json *elements;
        struct json_member *members; /* in the order of the text */
    };
};

struct json_member {
    struct str key;
    struct json value;
};

struct json_budget {
    size_t depth_max;        /* containers inside each other; a scalar has depth 0 */
    size_t members_max;      /* of one object */
    size_t string_bytes_max; /* of one decoded string or key */
    size_t number_bytes_max; /* of one number's text */
    size_t values_max;       /* in the whole text; 0: no more than the text can hold */
};

/* However generous a budget, depth ends here: walking a finished tree recurses this far. */
enum { JSON_DEPTH_MAX = 128 };

/* Depth 32, 1,000 members, 64 KiB strings, 64-byte numbers, 2,000,000 values
 * (docs/limits.md). */
extern const struct json_budget json_budget_default;

/* Parses text whole. On refusal the fault is FAULT_INVALID, `where` is "byte N" (counted from 0, in
 * the arena) and `why` says what is wrong in one phrase; *json is then null. */
struct fault json_parse(struct arena *arena, struct str text, const struct json_budget *budget,
                        struct json *json) MUST_CHECK;

/* Member of an object by key, NULL when absent or when json is not an object. */
const struct json *json_find(const struct json *json, struct str key);

/* Where an object's members are, by key: for objects that may have thousands. */
struct map;
struct map json_member_places(struct arena *arena, const struct json *object);

/* Deep equality: objects unordered, arrays ordered, no coercion, -0 equals 0. */
bool json_equal(const struct json *a, const struct json *b);

/* A deep copy that borrows nothing. */
struct json json_copy(struct arena *arena, const struct json *json);

/* Constructors for trees built by hand. */
struct json json_make_null(void);
struct json json_make_boolean(bool value);
struct json json_make_number(double value);
struct json json_make_string(struct str value); /* borrows */

#endif
