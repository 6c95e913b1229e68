/* SPDX-License-Identifier: Apache-2.0 */
/*
 * resource - what most commands do: show a list, show one thing, change one thing.
 *
 * A change knows the manners: it is confirmed where it is critical, --dry-run shows what it would
 * do instead, --if-match holds it to what was seen, and a lost answer is asked for again.
 */
#ifndef CLI_RESOURCE_H
#define CLI_RESOURCE_H

#include "cli/output.h"
#include "json/write.h"

/* The options of every change; put RESOURCE_EDIT_OPTIONS into a command's own. */
#define RESOURCE_DRY_RUN                                                                           \
    {                                                                                              \
        "dry-run", 'n', NULL, "show what would change, change nothing", COMPLETES_NOTHING, false   \
    }
#define RESOURCE_IF_MATCH                                                                          \
    {                                                                                              \
        "if-match", '\0', "TAG", "only if it still is what `get` showed", COMPLETES_NOTHING, false \
    }
#define RESOURCE_EDIT_OPTIONS RESOURCE_DRY_RUN, RESOURCE_IF_MATCH
/* What is meant, of those whose change may do more than it looks like: for resource_acknowledged.
 */
#define RESOURCE_REUSE_OPTION                                                                      \
    {                                                                                              \
        "acknowledge-reuse", '\0', NULL, "a deleted one had the key, a new one is to: yes",        \
            COMPLETES_NOTHING, false                                                               \
    }
#define RESOURCE_GROWTH_OPTION                                                                     \
    {                                                                                              \
        "acknowledge-growth", '\0', NULL, "most flags go, or there will be twice as much: yes",    \
            COMPLETES_NOTHING, false                                                               \
    }

/* Each returns an enum exit_status. */
int resource_list(struct session *session, struct str path, const struct column *columns,
                  size_t column_count);
int resource_show(struct session *session, struct str path, const struct column *columns,
                  size_t column_count);

struct edit {
    const char *method;
    struct str path;
    struct str body;      /* absent: none */
    struct str body_type; /* absent: application/json */
    struct str if_match;  /* absent: what --if-match says */
    /* Asked about when it is critical; NULL: nobody is asked. */
    const struct session_environment *environment;
    struct str sentence;          /* what is about to happen: "delete the flag dark-mode" */
    const struct column *columns; /* to show what came back; none: nothing is shown */
    size_t column_count;
    const char *done;   /* said on a terminal: "created"; NULL: nothing */
    const char *secret; /* member shown alone on a line, once: it cannot be had again */
    const char *upload; /* what is sent, when that may take long: its progress is shown */
};
int resource_edit(struct session *session, const struct invocation *invocation,
                  const struct edit *edit);
/* The same, the answer left to the caller; its kind is ANSWER_OK when the status is EXIT_OK. A dry
 * run has been shown: *is_done is then false. */
int resource_send(struct session *session, const struct invocation *invocation,
                  const struct edit *edit, struct answer *answer, bool *is_done);

/* The path, with what --acknowledge-growth, -reshuffle and -reuse say. */
struct str resource_acknowledged(struct session *session, const struct invocation *invocation,
                                 struct str path);

/* A dry run's answer: the changes in words, the flags that may decide otherwise. */
void resource_show_report(struct session *session, const struct json *report);

/* "version 43", for a person, from an answer's `version`. */
void resource_say_version(struct session *session, const struct json *answer);

/* An object under construction. */
struct body {
    struct buf buf;
    struct json_writer writer;
};
void body_begin(struct body *body);
void body_text(struct body *body, const char *name, struct str text); /* absent: no member */
void body_boolean(struct body *body, const char *name, bool value);
/* true/false/on/off as a boolean; false: it is neither, and nothing was written. */
bool body_switch(struct body *body, const char *name, struct str text);
struct str body_end(struct body *body, struct arena *arena);

#endif
