/* SPDX-License-Identifier: Apache-2.0 */
/*
 * output - what a command has to say, in the form that was asked for.
 *
 * A terminal gets tables and sentences, a pipe gets JSON lines: one object per item, in the
 * server's own words. TSV has the table's columns without a title line. Control characters never
 * reach a terminal.
 */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "cli/session.h"
#include "json/json.h"

enum column_form {
    COLUMN_TEXT,    /* texts as they are, anything else as JSON */
    COLUMN_JSON,    /* always JSON */
    COLUMN_INSTANT, /* RFC 3339 without the fraction */
    COLUMN_SWITCH,  /* on, off */
    COLUMN_LIST     /* a list of texts or numbers: a, b */
};

struct column {
    const char *title;
    const char *path; /* members from the item on, split by '.': document.key */
    enum column_form form;
};

void output_list(struct session *session, const struct column *columns, size_t column_count,
                 const struct json *items, size_t count);
/* One thing: a line per column on a terminal, one JSON line, or one line of TSV. */
void output_item(struct session *session, const struct column *columns, size_t column_count,
                 const struct json *item);

/* A sentence for a person: on a terminal or with -o table only, unless quiet. */
void output_say(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* A sentence on standard error, unless quiet: what happens, what to do. */
void output_note(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Bytes as they are, whatever the form: documents, secrets, scripts. */
void output_raw(struct str text);
/* One line of JSON whatever the form. */
void output_json(const struct json *json);

/* Appends text with control characters, and what hides or turns text around, made visible. */
void output_append_visible(struct buf *buf, struct str text);
/* The same for JSON, which stays JSON that says the same; line ends stay. */
void output_append_visible_json(struct buf *buf, struct str text);
/* The member at a path of members split by '.'; NULL: none. */
const struct json *output_find(const struct json *item, const char *path);
/* What a cell says, without regard to width. */
void output_append_cell(struct buf *buf, const struct json *value, enum column_form form);

enum output_colour {
    COLOUR_NONE,
    COLOUR_RED,
    COLOUR_GREEN,
    COLOUR_YELLOW,
    COLOUR_DIM,
    COLOUR_BOLD
};
/* The escape that begins it; empty without colour. COLOUR_NONE ends it. */
const char *output_colour(const struct session *session, enum output_colour colour);

/* How far a long work is, on standard error when that is a terminal. total 0: not known. */
struct progress {
    struct session *session;
    const char *what;
    uint64_t done, total;
    int64_t shown_ms;
    bool is_shown;
};
void progress_begin(struct progress *progress, struct session *session, const char *what,
                    uint64_t total);
void progress_at(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress);

#endif
