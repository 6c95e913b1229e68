/* SPDX-License-Identifier: Apache-2.0 */
/*
 * diff - what differs between two trees, for people to read and programs to look through.
 *
 * Members of objects are matched by key. Elements of arrays are matched by what they are: where all
 * elements on both sides are texts, or all numbers, or all objects with an "id" of text, and none
 * is there twice, by that; a change of their order is then a move of the fewest. Other arrays lose
 * what they begin and end with in common; what is left in between is matched by place when it is as
 * long as before, and else was removed and added.
 *
 * It is no patch to apply: a path says where something is in the newer tree, and where it was in
 * the older one when it is there no longer.
 */
#ifndef JSON_DIFF_H
#define JSON_DIFF_H

#include "json/json.h"

enum json_difference_kind { JSON_ADDED, JSON_REMOVED, JSON_REPLACED, JSON_MOVED };

struct json_difference {
    enum json_difference_kind kind;
    struct str path;          /* a JSON Pointer (RFC 6901) */
    const struct json *older; /* NULL when it was added */
    const struct json *newer; /* NULL when it was removed */
    uint32_t older_index;     /* JSON_MOVED: the place it had in its array */
    uint32_t newer_index;     /* JSON_MOVED: the one it has; the path ends with it */
};

/* All of them, in the order of the newer tree, at each level after what was removed there; 0 for
 * trees that are json_equal and whose arrays have the same order. Lives in the arena and borrows
 * both trees. */
size_t json_diff(struct arena *arena, const struct json *older, const struct json *newer,
                 const struct json_difference **differences);

/* One step of a JSON Pointer: '~' and '/' escaped, a '/' in front. */
void json_append_pointer_step(struct buf *buf, struct str name);

#endif
