/* SPDX-License-Identifier: Apache-2.0 */
/*
 * log - one line per event, for people and for machines (logfmt).
 *
 * Rows 0 to 3 of the house do not log; they return reasons. `error` wakes someone, `warn` is
 * degraded, `info` is lifecycle and requests. Never a subject, an attribute or a credential: pass
 * ids and counts. Lines are cut at 8 KiB and control characters are escaped here, whatever comes.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* The one global of the program: where lines go (a file descriptor) and from which level on. */
void log_open(int descriptor, enum log_level least);

/* Writes `time=… level=… event=<event> <format…>`; format gives further key=value pairs. */
void log_line(enum log_level level, const char *event, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#define log_info(event, ...) log_line(LOG_INFO, (event), __VA_ARGS__)
#define log_warn(event, ...) log_line(LOG_WARN, (event), __VA_ARGS__)
#define log_error(event, ...) log_line(LOG_ERROR, (event), __VA_ARGS__)

#endif
