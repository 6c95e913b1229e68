/* SPDX-License-Identifier: Apache-2.0 */
/* user - who an evaluation is about: from the vendor's user object to the tree that selectors
 * read. amplitude-evaluation.md 6. */
#ifndef AMPLITUDE_USER_H
#define AMPLITUDE_USER_H

#include "json/json.h"

struct amplitude_user {
    struct json tree;              /* {"user": …, "groups": …}: for context_open_user */
    struct str user_id, device_id; /* as text; empty when missing */
    const struct json *groups;     /* as sent: an object with members, or NULL */
};

/* The user object with a member set to a text: what a query says wins over its context. */
struct json user_with(struct arena *arena, const struct json *user, struct str key,
                      struct str value);

/* FAULT_INVALID when it is no object. The tree borrows from it. */
struct fault user_decode(struct arena *arena, const struct json *json,
                         struct amplitude_user *user) MUST_CHECK;

/* Sets /context/user/amplitude_id, unless the caller sent one or identity is empty. */
void user_identify(struct amplitude_user *user, struct str identity);

/* Who the person is, then: amplitude_id, else user_id, else device_id; empty when nobody. In the
 * arena or borrowed from the user. */
struct str user_person(struct arena *arena, const struct amplitude_user *user);
/* The name of their group of a type; empty when they are in none. */
struct str user_group(struct arena *arena, const struct amplitude_user *user, struct str type);

#endif
