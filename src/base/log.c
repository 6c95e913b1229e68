/* SPDX-License-Identifier: Apache-2.0 */
/* log - one line per event: see log.h. */
#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/instant.h"

enum { LINE_BYTES_MAX = 8192 };

static _Atomic int log_descriptor = STDERR_FILENO;
static _Atomic int log_least = LOG_INFO;

void log_open(int descriptor, enum log_level least)
{
    log_descriptor = descriptor;
    log_least = (int)least;
}

static const char *level_name(enum log_level level)
{
    switch (level) {
    case LOG_DEBUG:
        return "debug";
    case LOG_INFO:
        return "info";
    case LOG_WARN:
        return "warn";
    case LOG_ERROR:
        return "error";
    }
    return "error";
}

static void escape_controls(char *line, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
}

void log_line(enum log_level level, const char *event, const char *format, ...)
{
    if ((int)level < log_least)
        return;
    char line[LINE_BYTES_MAX];
    char now[INSTANT_TEXT_BYTES];
    instant_format(clock_wall_ms(clock_system()), now);
    int head =
        snprintf(line, sizeof(line), "time=%s level=%s event=%s ", now, level_name(level), event);
    assert(head > 0);
    size_t size = (size_t)head;
    va_list arguments;
    va_start(arguments, format);
    int tail = vsnprintf(line + size, sizeof(line) - size, format, arguments);
    va_end(arguments);
    assert(tail >= 0);
    size += (size_t)tail;
    if (size > sizeof(line) - 2)
        size = sizeof(line) - 2;
    escape_controls(line, size);
    line[size++] = '\n';
    ssize_t written = write(log_descriptor, line, size); /* a lost line must not stop the server */
    (void)written;
}
