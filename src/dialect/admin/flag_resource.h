/* SPDX-License-Identifier: Apache-2.0 */
/*
 * flag_resource - a flag as the admin API shows it: its document, and what is known about it.
 *
 * What a write answers is what that write made, and not what the flag has become meanwhile: its tag
 * is what the next If-Match says.
 */
#ifndef ADMIN_FLAG_RESOURCE_H
#define ADMIN_FLAG_RESOURCE_H

#include "change/edit.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"

struct flag_resource {
    const struct flag *flag;
    struct provenance provenance;
    uint64_t version; /* of the environment it was read at, or that was made */
};
void flag_resource_write(struct json_writer *writer, const struct flag_resource *resource);
/* With its tag, and with where it is when the status is 201. */
void flag_resource_answer(struct exchange *x, const struct flag_resource *resource, int status);

/* What an edit notes about the flag it wrote, in the request's arena. */
struct flag_written {
    struct arena *arena;
    struct flag flag;
    bool was_there;           /* the same flag, and not another one under its key */
    struct provenance before; /* of the flag that was there */
};
/* Puts it, and notes it; a fault's place is a pointer into tree. */
struct fault flag_written_put(struct flag_written *written, struct edit *edit,
                              const struct flag *flag, const struct json *tree) MUST_CHECK;
/* What there is after the change that put it. */
struct flag_resource flag_written_resource(const struct flag_written *written,
                                           const struct change *change);

/* The tag of what is under a key; absent when nothing is. */
struct str flag_tag_in_edit(struct edit *edit, struct str key);

/* 404 for a flag that is not there. */
bool flag_find(struct exchange *x, const struct snapshot *snapshot,
               const struct flag_revision **revision);

#endif
