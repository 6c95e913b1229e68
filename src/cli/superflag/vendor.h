/* SPDX-License-Identifier: Apache-2.0 */
/*
 * vendor - what the vendor's commands share: asking its API, and its ways of showing an answer.
 *
 * superflag-cli.md 3. Answers stand in a member `data`; --json shows just that, as one line. Under
 * the vendor's name all else is plain lines, cells between tabs (3.3); under ours it is a table,
 * JSON lines or TSV like everywhere.
 */
#ifndef CLI_SUPERFLAG_VENDOR_H
#define CLI_SUPERFLAG_VENDOR_H

#include "cli/output.h"
#include "json/write.h"

/* Which app, and which environment of it, a command is about. */
struct vendor_place {
    struct str app_id, app_name; /* the name is absent when it was not looked up */
    struct str environment;      /* its name; absent when only the app was asked for */
    uint64_t number;             /* of the environment; 0: not known */
    struct str item;             /* the app as it was named, for messages */
};

/* By --app and --env, else by what `use` chose. Says what is wrong and returns the status. */
int vendor_find_app(struct session *session, struct vendor_place *place);
int vendor_find_place(struct session *session, struct vendor_place *place);
/* By name or id; the words of `use`. */
int vendor_look_up_app(struct session *session, struct str word, struct vendor_place *place);
int vendor_look_up_environment(struct session *session, struct str word,
                               struct vendor_place *place);

/* Asks and keeps the answer's `data` (null when it has none); a refusal is told, its status
 * returned. body is absent for none. No request is repeated: this API knows no idempotency. */
int vendor_ask(struct session *session, const char *method, struct str path, struct str body,
               struct json *data);
/* path?appId=…&env=… */
struct str vendor_path(struct session *session, const char *path, const struct vendor_place *place);

/* A body about a place: an open object with appId and env. */
struct vendor_body {
    struct buf buf;
    struct json_writer writer;
};
void vendor_body_begin(struct vendor_body *body, const struct vendor_place *place);
struct str vendor_body_end(struct vendor_body *body, struct arena *arena);

/* Before a change in production, under our name. */
bool vendor_confirm(struct session *session, const struct vendor_place *place, struct str sentence);

/* Whether the answer's `data` is what is to be shown, as it is. */
bool vendor_shows_data(const struct session *session);
void vendor_show_list(struct session *session, const struct column *columns, size_t column_count,
                      const struct json *data, const struct json *items, size_t count);
/* The same of an array; anything else has no items. */
void vendor_show_array(struct session *session, const struct column *columns, size_t column_count,
                       const struct json *data);
/* What a change came to: "version 44"; on a terminal under our name the sentence, too. */
void vendor_show_change(struct session *session, const struct json *data, struct str sentence);

struct str vendor_text(const struct json *object, const char *key); /* absent: none */

#endif
