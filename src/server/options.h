/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - what can be set, from where, and within which bounds.
 *
 * One table (options.c) says each setting once: its flag (--name), its environment variable
 * (GUIDON_NAME), its key in the configuration file (name), its bounds, its default and its help.
 * A flag wins over the environment, the environment over the file, the file over the default.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "http/http.h"

struct options {
    struct str listen;               /* HOST:PORT */
    struct str operations_listen;    /* HOST:PORT; empty: loopback, one above the main port */
    struct str data;                 /* directory */
    struct str bootstrap_token_file; /* empty: printed only */
    uint64_t loops;                  /* 0: one per processor, at most 8 */
    struct str log_level;
    bool logs_requests;
    uint64_t connections_max, requests_per_connection, pipelined_requests_max;
    uint64_t header_timeout_ms, body_timeout_ms, idle_timeout_ms, write_timeout_ms;
    uint64_t handler_timeout_ms, drain_timeout_ms;
    uint64_t header_bytes_max, header_value_bytes_max, large_bodies_bytes_max;
    uint64_t event_queue_bytes_max, changes_waiting_max;
    uint64_t management_per_second, management_per_day; /* per environment; 0: no limit */
    uint64_t admin_per_second;                          /* per credential; 0: no limit */
    uint64_t streams_max, streams_per_credential_max, streams_per_second, stream_age_ms;
    struct str config_file;
    struct str config; /* "check" or "print": say and exit; empty: serve */
    bool wants_help;
};

/* Reads flags, environment and file. The fault's why is a sentence for the terminal. */
struct fault options_read(struct arena *arena, int count, char **arguments,
                          struct options *options) MUST_CHECK;

void options_help(struct buf *buf);                                 /* `guidon serve --help` */
void options_print(const struct options *options, struct buf *buf); /* as a file would say it */
struct http_limits options_http_limits(const struct options *options);
enum log_level options_log_level(const struct options *options);

#endif
