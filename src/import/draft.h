/* SPDX-License-Identifier: Apache-2.0 */
/*
 * draft - an environment under construction, and the report about it.
 *
 * An importer opens one, adds flags and segments under the keys they have over there, fills in
 * what it gets, and finishes it. Finishing makes the document valid by construction: what breaks a
 * rule of ours (a limit, a pattern we refuse, a reference to nothing, a cycle) is left out with the
 * reason in its row, and what leans on it is left out with it. What stays is what `export` would
 * give, byte for byte.
 *
 *     struct draft draft;
 *     draft_begin(&draft, arena, options);
 *     struct draft_flag *item = draft_add_flag(&draft, STR("new-checkout"));
 *     item->flag.variations = …;
 *     draft_lower(&draft, item->row, IMPORT_PARTLY, STR("its owner is not taken over"));
 *     struct fault fault = draft_finish(&draft, result);
 */
#ifndef IMPORT_DRAFT_H
#define IMPORT_DRAFT_H

#include "import/report.h"
#include "model/environment.h"

struct draft_flag {
    struct flag flag;   /* typed, active, on all deployments, no id; the rest is the importer's */
    struct str name;    /* its key over there */
    size_t row;         /* in the report */
    bool is_left_out;   /* by the importer, or by draft_finish */
    struct str *labels; /* of the deployments it is on, where it is not on all of them */
    size_t label_count;
};

struct draft_segment {
    struct segment segment;
    struct str name;
    size_t row;
    bool is_left_out;
};

struct draft {
    struct arena *arena;
    struct str key_prefix;
    struct report report;
    bool has_settings; /* else the document says nothing of them and they stay as they are */
    struct environment_settings settings;
    struct draft_flag **flags; /* in the order they were added */
    size_t flag_count, flag_capacity;
    struct draft_segment **segments;
    size_t segment_count, segment_capacity;
    struct map flag_names, segment_names; /* names over there, to index into `keys` */
    struct map flags_added, segments_added;
    struct map flag_keys, segment_keys; /* keys here that are taken */
    struct str *keys;                   /* what names became; shared by both */
    size_t key_count, key_capacity;
};

void draft_begin(struct draft *draft, struct arena *arena, const struct import_options *options);

/* What a key over there is here: the prefix and the key, with what our keys cannot have made '-',
 * and told apart from others by a number where that made two alike. The same for the same name,
 * whether or not there is such a flag: so references can be written before what they refer to. */
struct str draft_flag_key(struct draft *draft, struct str name);
struct str draft_segment_key(struct draft *draft, struct str name);

/* The flag, with its key and a row "flag"; one of that name that was there is left out, and the
 * row says so. Good until the arena goes. A key that had to change lowers the row. */
struct draft_flag *draft_add_flag(struct draft *draft, struct str name);
/* The same; visibility is the importer's to set (client: flags that browsers see may use it). */
struct draft_segment *draft_add_segment(struct draft *draft, struct str name);

/* report_lower of the draft's report; IMPORT_LEFT_OUT does not leave out by itself. */
void draft_lower(struct draft *draft, size_t row, enum import_outcome outcome, struct str note);
void draft_lower_format(struct draft *draft, size_t row, enum import_outcome outcome,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Out of the document, with the reason in its row. */
void draft_leave_out_flag(struct draft *draft, struct draft_flag *flag, struct str why);
void draft_leave_out_segment(struct draft *draft, struct draft_segment *segment, struct str why);

/* Leaves out what is not valid (draft_check), writes the document, hands over the report. */
struct fault draft_finish(struct draft *draft, struct import_result *result) MUST_CHECK;

/* draft_check.c: the first half of that. Private to the frame. */
void draft_check(struct draft *draft);

#endif
