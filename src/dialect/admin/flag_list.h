/* SPDX-License-Identifier: Apache-2.0 */
/* flag_list - a page of an environment's flags, in the order of their keys, filtered. */
#ifndef ADMIN_FLAG_LIST_H
#define ADMIN_FLAG_LIST_H

#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"

enum {
    FLAG_FILTER_ALL_KINDS = (1 << (FLAG_KIND_HOLDOUT + 1)) - 1,
    FLAG_FILTER_GROUPS = 1 << FLAG_KIND_MUTEX | 1 << FLAG_KIND_HOLDOUT,
};
struct flag_filter {
    unsigned kinds;  /* bit n: enum flag_kind n */
    struct str tag;  /* absent: any */
    struct str part; /* of the key or the name, ASCII letters folded; absent: any */
    bool says_archived, is_archived;
    bool says_enabled, is_enabled;
};

/* Writes one of the page. */
typedef void (*flag_list_writer)(struct json_writer *writer, const struct snapshot *snapshot,
                                 const struct flag_revision *revision, void *input);
void flag_list_answer(struct exchange *x, const struct snapshot *snapshot,
                      const struct admin_page *page, const struct flag_filter *filter,
                      flag_list_writer write, void *input);

#endif
