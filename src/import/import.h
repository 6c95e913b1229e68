/* SPDX-License-Identifier: Apache-2.0 */
/*
 * import - what another system wrote down, in our words, with proof.
 *
 * A foreign document becomes one environment in the canonical form that export gives and import
 * takes (model/environment.h), and a report: a row for each thing that was there and what became
 * of it. What has no counterpart is never approximated silently: it is left out, or mapped with
 * a note that says what is lost. Who gets which share of a rollout is kept exactly where we have
 * that vendor's arithmetic (struct arithmetic), and the row says so.
 *
 * Pure: text in, text out; no clock, no files, no network. One folder per vendor, one line per
 * vendor in import.c.
 */
#ifndef IMPORT_IMPORT_H
#define IMPORT_IMPORT_H

#include "base/arena.h"
#include "base/fault.h"
#include "base/str.h"

/* What became of one thing. */
enum import_outcome {
    IMPORT_EXACT,   /* decides alike for every context, who gets which share included */
    IMPORT_REDEALT, /* decides alike but for who gets which share of a rollout */
    IMPORT_PARTLY,  /* something of it is lost: the note says what */
    IMPORT_LEFT_OUT /* not there afterwards: the note says why */
};

struct import_row {
    struct str kind; /* flag, segment, group, rule, context-kind, … */
    struct str name; /* its key over there; a rule is flag/rule */
    enum import_outcome outcome;
    struct str note; /* one sentence; empty when there is nothing to say */
};

struct import_result {
    struct str document;     /* canonical JSON text, as `export` gives it, members sorted */
    struct import_row *rows; /* in the order of the source */
    size_t row_count;
};

struct import_options {
    struct str environment; /* which of several in the source; empty: the only one there is */
    struct str key_prefix;  /* put before every flag's and segment's key; empty: none */
};

/* A vendor's formats, told apart by the text itself where it has several. */
struct importer {
    struct str name;    /* as the command line says it */
    struct str summary; /* which documents it reads, one phrase */
    /* Result and fault live in the arena. FAULT_INVALID: the text is not one of its documents,
     * `where` a JSON pointer, `why` a sentence. */
    struct fault (*read)(struct arena *arena, struct str text, const struct import_options *options,
                         struct import_result *result);
};

/* All there are; ends at *count. */
const struct importer *const *importers(size_t *count);
const struct importer *importer_find(struct str name);       /* NULL when there is none */
struct str import_outcome_text(enum import_outcome outcome); /* exact, re-dealt, partly, left out */

#endif
