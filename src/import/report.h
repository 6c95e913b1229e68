/* SPDX-License-Identifier: Apache-2.0 */
/*
 * report - what became of each thing, row by row, while a document is read.
 *
 * A row starts out exact, and whoever loses something of the thing lowers it and says what: the
 * outcome only ever gets worse, and the notes of all that lowered it are kept, each once, in one
 * text. Rows are known by their place, which stays.
 */
#ifndef IMPORT_REPORT_H
#define IMPORT_REPORT_H

#include "base/map.h"
#include "import/import.h"

struct report {
    struct arena *arena;
    struct import_row *rows;
    size_t count, capacity;
};

void report_open(struct report *report, struct arena *arena);

/* A new row, exact and without a note; its place. Texts are borrowed. */
size_t report_add(struct report *report, struct str kind, struct str name);

/* At worst `outcome` from now on, and `note` (a sentence without its full stop, may be empty) is
 * said of it too. The place must be one that report_add gave. */
void report_lower(struct report *report, size_t row, enum import_outcome outcome, struct str note);

/* Both at once, with the note formatted: for what is reported and never looked at again. */
size_t report_say(struct report *report, struct str kind, struct str name,
                  enum import_outcome outcome, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

#endif
