/* SPDX-License-Identifier: Apache-2.0 */
/* report - rows of an import's report: see report.h. */
#include "import/report.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void report_open(struct report *report, struct arena *arena)
{
    *report = (struct report){.arena = arena};
}

static void grow(struct report *report)
{
    if (report->count < report->capacity)
        return;
    size_t capacity = report->capacity == 0 ? 64 : 2 * report->capacity;
    struct import_row *rows = ARENA_NEW_ARRAY(report->arena, struct import_row, capacity);
    if (report->count > 0)
        memcpy(rows, report->rows, report->count * sizeof(*rows));
    report->rows = rows;
    report->capacity = capacity;
}

size_t report_add(struct report *report, struct str kind, struct str name)
{
    grow(report);
    report->rows[report->count] =
        (struct import_row){.kind = kind, .name = name, .outcome = IMPORT_EXACT, .note = STR("")};
    return report->count++;
}

void report_lower(struct report *report, size_t row, enum import_outcome outcome, struct str note)
{
    assert(row < report->count);
    struct import_row *lowered = &report->rows[row];
    if (outcome > lowered->outcome)
        lowered->outcome = outcome;
    if (str_is_empty(note) || str_contains(lowered->note, note))
        return;
    if (str_is_empty(lowered->note))
        lowered->note = arena_copy_str(report->arena, note);
    else
        lowered->note =
            arena_format(report->arena, "%.*s; %.*s", STR_ARG(lowered->note), STR_ARG(note));
}

size_t report_say(struct report *report, struct str kind, struct str name,
                  enum import_outcome outcome, const char *format, ...)
{
    enum { NOTE_BYTES = 1024 };
    char note[NOTE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(note, sizeof(note), format, arguments);
    va_end(arguments);
    size_t row = report_add(report, kind, name);
    size_t bytes = size < 0 ? 0 : (size_t)size;
    if (bytes >= sizeof(note))
        bytes = sizeof(note) - 1;
    report_lower(report, row, outcome, (struct str){note, bytes});
    return row;
}
