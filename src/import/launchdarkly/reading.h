/* SPDX-License-Identifier: Apache-2.0 */
/*
 * reading - one document of LaunchDarkly on its way into a draft. Private to this folder.
 *
 * Contexts are said as its own OpenFeature providers say them: the key of the kind `user` is the
 * targeting key and its attributes are attributes; any other kind is an object among the
 * attributes, under its name, with its key in `key`.
 */
#ifndef IMPORT_LAUNCHDARKLY_READING_H
#define IMPORT_LAUNCHDARKLY_READING_H

#include "import/build.h"
#include "import/draft.h"
#include "import/source.h"

/* One more variation with the value of another: where one comes twice in a rollout. */
struct variation_copy {
    size_t index; /* of the other */
    struct str id;
};

/* A flag's variations are numbered over there and named here. */
struct numbered_flag {
    struct draft_flag *item;
    const struct json *source;   /* the flag */
    const struct json *settings; /* what of it is the environment's: the flag itself, or a part */
    struct str *ids;             /* of variation i */
    size_t count;
    struct variation_copy *copies;
    size_t copy_count, copy_capacity;
};

struct reading {
    struct arena *arena;
    struct draft draft;
    struct str environment; /* of flags that have several; absent: none has */
    bool has_segments;      /* the document lists them: who is not among them has no members */
    struct map segments;    /* names of those listed */
    struct map wanted;      /* "<flag> <variation>" that some prerequisite asks for */
    struct map kinds;       /* of contexts, that have a row */
    struct map numbered;    /* flag's name, to index into flags */
    struct numbered_flag *flags;
    size_t flag_count;
    bool notes_lists; /* there is a row about lists */
};

/* What a condition is read for: the row that is lowered, and why it cannot be said, if so. */
struct scope {
    struct reading *reading;
    size_t row;
    struct str why;
};

/* ---- clause.c ---- */

/* All of the clauses. False when one cannot be said: scope->why. */
bool scope_read_clauses(struct scope *scope, const struct json *clauses,
                        struct expression *expression);
/* Any of the keys of that kind of context. */
bool scope_read_keys(struct scope *scope, struct str kind, const struct json *keys,
                     struct expression *expression);
/* Where we find what a reference names; a literal one has no steps. False: scope->why. */
bool scope_read_reference(struct scope *scope, struct str kind, struct str reference,
                          bool is_literal, struct str *path);
/* Absent and empty mean `user`. */
struct str context_kind(const struct json *object, const char *member);
bool context_kind_is_user(struct str kind);

/* ---- rollout.c ---- */

/* What a rule or a fallthrough serves. False when it is malformed: scope->why. */
bool numbered_serve_read(struct scope *scope, struct numbered_flag *flag, const struct json *choice,
                         struct serve *serve);
/* The id of the variation a document means by a number; false when there is none. */
bool numbered_variation_id(const struct numbered_flag *flag, const struct json *number,
                           struct str *id);
/* One more variation with the value of variation `index`; its id is "<id><suffix>". */
struct str numbered_variation_copy(struct reading *reading, struct numbered_flag *flag,
                                   size_t index, const char *suffix, const char *description);

/* ---- segment.c ---- */

void numbered_segment_read(struct reading *reading, struct str name, const struct json *source);

/* ---- flag.c, prerequisite.c ---- */

void numbered_flag_read(struct reading *reading, struct str name, const struct json *source);
/* When all flags are read: what they lean on, and what browsers may see. */
void numbered_prerequisites_read(struct reading *reading);
void numbered_visibility_settle(struct reading *reading);
/* Notes what prerequisites ask for, before the flags they ask are read. */
void numbered_prerequisites_note(struct reading *reading, const struct json *settings);
/* The part of a flag that is about the environment; NULL when it has none of that name. */
const struct json *numbered_settings(const struct reading *reading, const struct json *flag);

#endif
