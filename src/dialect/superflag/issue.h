/* SPDX-License-Identifier: Apache-2.0 */
/*
 * issue - what is wrong with a document, as the vendor's library says it.
 *
 * Issues are {path, message} in detection order; a document is valid when there are none. A path
 * costs nothing until there is something to complain about: it is a chain of steps on the stack,
 * spelled ("$.flags.hero.rules[0].when") only when an issue is added.
 */
#ifndef SUPERFLAG_ISSUE_H
#define SUPERFLAG_ISSUE_H

#include "json/json.h"

struct issue {
    struct str path, message;
};

struct issue_list {
    struct arena *arena;
    struct issue *items;
    size_t count, capacity;
};

/* One step; the root has no parent, an array's item has no name. */
struct issue_path {
    const struct issue_path *parent;
    struct str name;
    size_t index;
};

static inline struct issue_path issue_path_root(void)
{
    return (struct issue_path){0};
}

static inline struct issue_path issue_path_member(const struct issue_path *parent, struct str name)
{
    return (struct issue_path){.parent = parent, .name = name};
}

static inline struct issue_path issue_path_item(const struct issue_path *parent, size_t index)
{
    return (struct issue_path){.parent = parent, .index = index};
}

struct str issue_path_text(struct arena *arena, const struct issue_path *path);

void issue_add(struct issue_list *list, const struct issue_path *path, struct str message);
/* The same for a member of what path names. */
void issue_add_member(struct issue_list *list, const struct issue_path *path, struct str name,
                      struct str message);

/* The parts joined into one text: messages that quote a key, whatever bytes it has. */
struct str issue_message(struct arena *arena, struct str before, struct str quoted,
                         struct str after);

#endif
