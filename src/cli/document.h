/* SPDX-License-Identifier: Apache-2.0 */
/*
 * document - commands on what has a document of its own and a history: flags and segments.
 *
 * Each is a command's `run`; which of the two is meant is the noun's to say (document_kind_of).
 */
#ifndef CLI_DOCUMENT_H
#define CLI_DOCUMENT_H

#include "cli/resource.h"

struct document_kind {
    const char *noun; /* flag */
    const char *path; /* flags */
    const struct column *columns;
    size_t column_count;
    const struct column *details; /* above the document, when one is shown */
    size_t detail_count;
};
const struct document_kind *document_kind_of(const struct invocation *invocation);
extern const struct document_kind document_flags, document_segments;

/* ENVIRONMENT/flags or ENVIRONMENT/flags/KEY. */
struct str document_path(struct session *session, const struct document_kind *kind, struct str key);

/* The document as it is now, borrowed from the answer. Returns a status; what went wrong was said.
 */
int document_fetch(struct session *session, const struct document_kind *kind, struct str key,
                   struct answer *answer, const struct json **document);

int document_list(struct session *session, const struct invocation *invocation);
int document_get(struct session *session, const struct invocation *invocation);
int document_put(struct session *session, const struct invocation *invocation);
int document_patch(struct session *session, const struct invocation *invocation);
int document_set(struct session *session, const struct invocation *invocation);
int document_edit(struct session *session, const struct invocation *invocation);
int document_delete(struct session *session, const struct invocation *invocation);
int document_history(struct session *session, const struct invocation *invocation);
int document_diff(struct session *session, const struct invocation *invocation);
int document_restore(struct session *session, const struct invocation *invocation);

/* Of flags alone: KEY PERCENT. */
int document_roll_out(struct session *session, const struct invocation *invocation);

/* A merge patch of KEY, confirmed as `sentence KEY`; shows what came of it. */
int document_send_patch(struct session *session, const struct invocation *invocation,
                        struct str key, struct str patch, const char *sentence);
/* After a change: what changed for a person, the resource for a program. */
int document_show_changed(struct session *session, const struct answer *answer);

/* JSON over several lines, members in tree order. */
void document_append_pretty(struct buf *buf, const struct json *json);

#endif
