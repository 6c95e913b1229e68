/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resource - one thing of the catalog, as the API shows it.
 *
 * A writer writes it once for all uses: the answer to its GET, the item of a list, the entity tag
 * (a digest of that text), and the text that an If-Match is held against when its change's turn
 * comes.
 */
#ifndef ADMIN_RESOURCE_H
#define ADMIN_RESOURCE_H

#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"

/* Which one: by id, or by number where it has none. */
struct resource_name {
    struct str id;
    uint64_t number;
};

/* Writes its members, without the braces, as it is in the catalog and as this caller sees it;
 * false, and nothing written, when it is not there (any longer). */
typedef bool (*resource_writer)(struct json_writer *writer, const struct catalog *catalog,
                                const struct caller *caller, const struct resource_name *name);

/* What a change to one must find. Hand it to the change as guard and input. */
struct resource_guard {
    struct admin_condition condition;
    resource_writer write;
    struct resource_name name;
    const struct caller *caller;
    struct arena *arena; /* the request's: its thread waits while the guard runs */
    /* Whether the caller may, asked again with the newest catalog; NULL: nothing more to ask. */
    struct fault (*allow)(const struct catalog *catalog, const struct caller *caller, void *input);
    void *input;
};
struct fault resource_guard_check(const struct catalog *catalog, void *guard) MUST_CHECK;
/* Fills it, the condition from the request; false when the exchange is answered. */
bool resource_guard_open(struct exchange *x, resource_writer write, struct resource_name name,
                         struct resource_guard *guard);
/* Asks allow before the change waits; false when the exchange is answered. */
bool resource_guard_admits(struct exchange *x, struct resource_guard *guard);

/* Its text, in the arena; absent when it is not there. */
struct str resource_text(struct arena *arena, resource_writer write, const struct catalog *catalog,
                         const struct caller *caller, const struct resource_name *name);

/* Answers with it, or with 404 saying `why`. */
void resource_answer(struct exchange *x, resource_writer write, const struct resource_name *name,
                     struct str why);
/* The same as it is after the caller's change, with the status of its success. What is shown this
 * once is one more member at its end. Gone again already: 409. */
struct resource_secret {
    struct str member, text; /* absent: none */
};
void resource_answer_changed(struct exchange *x, resource_writer write,
                             const struct resource_name *name, int status,
                             struct resource_secret secret);

#endif
