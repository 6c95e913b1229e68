/* SPDX-License-Identifier: Apache-2.0 */
/*
 * plan - what files would make of an environment, held to the version it was asked at.
 *
 *   files -> checked here -> completed from what is there -> the server's dry run = a plan
 *   a plan -> one import, If-Match the version it was made at -> one new version, or nothing
 *
 * Kept in a file it is {"format": "guidon.plan/1", …}: everything that applying it needs, so that
 * what was looked at is what is done.
 */
#ifndef CLI_PLAN_H
#define CLI_PLAN_H

#include "cli/declared.h"
#include "cli/resource.h"

extern const struct str plan_format;

struct plan {
    struct session_environment environment;
    uint64_t version; /* of the environment when it was made */
    struct str made_at;
    struct str path;   /* of the files, as it was given */
    struct str digest; /* of the files: 64 digits */
    bool prunes;       /* what the files lack is deleted */
    struct str document;
    struct json report;   /* the dry run's: changes, affected */
    struct str *warnings; /* sentences: who would be dealt anew */
    size_t warning_count;
};

/* A file or a folder of them; what is wrong was said. Returns a status. */
int plan_read_files(struct session *session, struct str path, struct declared *declared);

/* Of the session's environment. Returns a status; what is wrong was said. */
int plan_make(struct session *session, struct str path, bool prunes, struct plan *plan);
/* Whether the text is a kept plan at all. */
bool plan_is_kept(struct str text);
/* A kept one; its environment is looked up. Refuses what was changed by hand, files that are there
 * and no longer the same, and an environment that has moved on. */
int plan_take(struct session *session, struct str text, struct plan *plan);
struct fault plan_keep(struct session *session, const struct plan *plan,
                       struct str file) MUST_CHECK;

size_t plan_change_count(const struct plan *plan);
/* On a terminal in words, else one line of JSON without the document. */
void plan_show(struct session *session, const struct plan *plan);

#endif
