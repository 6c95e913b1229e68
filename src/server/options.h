/* SPDX-License-Identifier: Apache-2.0 */
/*
 * options - what can be set, from where, and within which bounds.
 *
 * One table (options.c) says each setting once: its flag (--name), its environment variable
 * (GUIDON_NAME), its key in the configuration file (name), its bounds, its default and its help.
 * A flag wins over the environment, the environment over the file, the file over the default. A
 * variable GUIDON_NAME_FILE names a file that holds the value. No value is a secret: where one is
 * needed, a setting says which file has it.
 */
#ifndef SERVER_OPTIONS_H
#define SERVER_OPTIONS_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/fault.h"
#include "base/log.h"
#include "dialect/rate.h"
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
    uint64_t handler_timeout_ms, drain_timeout_ms, restart_grace_ms;
    struct str tls_certificate, tls_key; /* files; empty: plain HTTP */
    uint64_t header_bytes_max, header_value_bytes_max, large_bodies_bytes_max;
    uint64_t event_queue_bytes_max, changes_waiting_max, rehearsal_ms;
    uint64_t crash_window_ms, good_after_ms, good_after_requests;
    uint64_t management_per_second, management_per_day;  /* per environment; 0: no limit */
    uint64_t admin_per_second;                           /* per credential; 0: no limit */
    uint64_t sign_ins_per_account, sign_ins_per_address; /* a minute */
    struct str trusted_proxies;                          /* addresses with commas between */
    struct str public_url; /* where people reach us; empty: as their requests' Host says */
    uint64_t streams_max, streams_per_credential_max, streams_per_second, stream_age_ms;
    struct str sandbox; /* "on", "off" or "strict" */
    struct str config_file;
    bool shows_origins;
    struct str *origins; /* of each value, in the table's order: "flag --listen" */
    struct str config;   /* "check" or "print": say and exit; empty: serve */
    bool wants_help;
};

/* Reads flags, environment and file. The fault's why is a sentence for the terminal. */
struct fault options_read(struct arena *arena, int count, char **arguments,
                          struct options *options) MUST_CHECK;

void options_help(struct buf *buf);                                 /* `guidon serve --help` */
void options_print(const struct options *options, struct buf *buf); /* as a file would say it */
struct http_limits options_http_limits(const struct options *options);
/* Where operations_open goes first: what is said, or loopback, one above the main port. */
struct str options_operations_address(struct arena *arena, const struct options *options);
enum log_level options_log_level(const struct options *options);
struct rate_limits options_environment_rates(const struct options *options);
struct rate_limits options_credential_rates(const struct options *options);
/* Calls tell(name, context) for each setting that is not the same in both. */
void options_compare(const struct options *one, const struct options *other,
                     void (*tell)(const char *name, void *context), void *context);

#endif
