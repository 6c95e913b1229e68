/* SPDX-License-Identifier: Apache-2.0 */
/*
 * home - what the command line remembers between two commands.
 *
 * A folder of the person's own (mode 0700) with two files (0600): credentials.json, {"token",
 * "email", "api"?}, and context.json, {"appId", "appName", "env", "environment"?, "api"?}. Members
 * that are not ours stay as they are. Files are replaced through a temporary one and a rename.
 */
#ifndef CLIENT_HOME_H
#define CLIENT_HOME_H

#include "base/arena.h"
#include "base/fault.h"
#include "json/json.h"

struct home {
    struct arena *arena;
    struct str directory; /* exists only once something was saved */
};

struct credentials {
    struct str token, email; /* absent when not logged in */
    struct str api;          /* the server they are for; absent: not said */
};

struct home_context {
    struct str app_id, app_name, environment; /* absent: none was chosen */
    uint64_t number;                          /* of the environment; 0: not known */
    struct str api; /* the server whose number it is: another one's means something else */
};

/* No file, or no such member: absent. FAULT_INVALID: the file is not JSON of ours. */
struct fault home_load_credentials(const struct home *home,
                                   struct credentials *credentials) MUST_CHECK;
struct fault home_load_context(const struct home *home, struct home_context *context) MUST_CHECK;

struct fault home_save_credentials(const struct home *home,
                                   const struct credentials *credentials) MUST_CHECK;
struct fault home_save_context(const struct home *home,
                               const struct home_context *context) MUST_CHECK;

/* Removes the file; *was_there says whether there was one. */
struct fault home_forget_credentials(const struct home *home, bool *was_there) MUST_CHECK;

/* The path of a file in the folder, for messages. */
struct str home_path(const struct home *home, const char *name);

/* "cannot VERB PATH: No such file or directory": what a call that set errno came to. */
struct fault home_cannot(struct arena *arena, const char *verb, struct str path, int error);
/* A whole file, at most bytes_max; "-" is standard input. FAULT_MISSING, FAULT_LIMIT. */
struct fault home_read_file(struct arena *arena, struct str path, size_t bytes_max,
                            struct str *text) MUST_CHECK;
/* Through a temporary file beside it, fsync and rename. */
struct fault home_write_file(struct arena *arena, struct str path, struct str text,
                             unsigned mode) MUST_CHECK;

#endif
