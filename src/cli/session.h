/* SPDX-License-Identifier: Apache-2.0 */
/*
 * session - one run of one command: where it goes, as whom, and how it speaks.
 *
 * The origin is --api, else GUIDON_API or SUPERFLAG_API_URL, else what the credentials were made
 * for, else http://127.0.0.1:8080. The token is --token, else GUIDON_TOKEN or SUPERFLAG_TOKEN, else
 * the credentials'; it goes to no other origin than theirs. App and environment are --app and
 * --env, else what `use` chose.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "base/exit_status.h"
#include "cli/command.h"
#include "client/client.h"
#include "client/home.h"

struct command_book;

enum output_format { OUTPUT_TABLE, OUTPUT_JSON, OUTPUT_TSV };

/* Where definitions are read and changed. */
struct session_environment {
    uint64_t number;
    struct str id, name, app_id, app_name;
    struct str path;  /* /admin/v1/environments/N */
    bool is_critical; /* production: changes are confirmed */
};

struct session {
    struct arena arena; /* for the whole run */
    struct str program; /* how it was called */
    bool is_vendor;     /* called by the vendor's name: its output, its statuses, no questions */
    enum output_format format;
    bool has_format; /* it was asked for, not guessed */
    bool wants_data; /* --json: the vendor's `data` as one line, where there is one */
    bool is_input_terminal, is_output_terminal, is_error_terminal;
    bool has_colour;
    bool is_quiet, says_yes;
    unsigned columns; /* of the terminal; 0: unknown, nothing is cut */
    struct home home;
    struct credentials credentials;
    struct home_context context;
    struct str origin, token;
    struct str app_option, environment_option; /* absent: not given */
    struct client *client;                     /* NULL: the command needs none */
    struct session_environment environment;
    const struct command_book *book;
};

/* What --api, --token, --app, --env and -o say goes in first; reads home and variables. The
 * fault's why is a sentence. */
struct fault session_prepare(struct session *session) MUST_CHECK;
/* Brings what a command needs; returns its status when that is not to be had. */
int session_provide(struct session *session, enum command_needs needs);

/* One more connection beside session->client, for who listens on one and asks on the other; the
 * caller closes it. */
struct client *session_open_client(const struct session *session);

/* ---- asking -----------------------------------------------------------------------------------
 */

/* GET path. */
struct answer session_get(struct session *session, struct str path);
/* Every item of a list, page after page; *items lives in the arena. Not OK: as the page that was
 * refused. */
struct answer session_list(struct session *session, struct str path, struct json **items,
                           size_t *count);

/* Finds an environment by --app/--env words: NAME of the chosen app, APP/NAME, its number or its
 * id. Says what is wrong and returns the status when there is none. */
int session_find_environment(struct session *session, struct str word,
                             struct session_environment *environment);

/* Whether changes in an environment of that name are confirmed. */
bool session_is_production(struct str name);

/* Value of an environment variable; absent when it is not set or empty. */
struct str session_variable(const char *name);

/* ---- ending badly -------------------------------------------------------------------------------
 */

/* "error: message" and, when it is not NULL, what to do next; returns status. With -o json the
 * same as one JSON object. */
int session_fail(struct session *session, enum exit_status status, struct str message,
                 const char *hint);
int session_fail_fault(struct session *session, struct fault fault);
/* What the server refused, in its words, with the next step; returns its status. */
int session_refuse(struct session *session, const struct answer *answer);

/* ---- asking the person --------------------------------------------------------------------------
 */

/* Before a change in a critical environment: --yes, or its name typed at a terminal. sentence says
 * what is about to happen. False: it was said why. */
bool session_confirm(struct session *session, const struct session_environment *environment,
                     struct str sentence);
/* One line of input; false at the end or without a terminal. is_secret: not echoed. */
bool session_ask(struct session *session, const char *prompt, bool is_secret, struct str *line);

#endif
