/* SPDX-License-Identifier: Apache-2.0 */
/*
 * declared - definitions as files say them: what validate, fmt, plan and apply read.
 *
 * A path is one file or a folder of them. A file is a whole environment (what `export` writes, or
 * any of its lists) or one thing; which kind of thing is said by the folder it lies in: flags/,
 * groups/, segments/ or cohorts/, and elsewhere it is a flag. JSON or YAML. A thing without a key
 * has its file's name for one, and a flag may leave out all that the server fills in as well
 * (dialect/admin/flag_defaults.h): {"enabled": true} is a whole flag.
 *
 *     declared_read   files -> files, things
 *     declared_check  things alone and all of them together, by the rules the server has
 *     declared_text   things -> one text, as import takes it
 */
#ifndef CLI_DECLARED_H
#define CLI_DECLARED_H

#include "base/buf.h"
#include "cli/session.h"
#include "json/json.h"

/* In the order of an export. */
enum declared_kind { DECLARED_SEGMENT, DECLARED_FLAG, DECLARED_COHORT, DECLARED_KIND_COUNT };

struct declared_file {
    struct str path; /* to open it */
    struct str name; /* below the path that was given */
    struct str text;
    struct json tree;
    enum declared_kind kind; /* of the one thing in it */
    bool is_whole;           /* an environment, not one thing */
    bool is_json;
};

struct declared_item {
    enum declared_kind kind;
    struct json tree;
    const struct declared_file *file;
    struct str reshuffle; /* whom a flag would deal anew, a sentence; absent: nobody */
};

struct declared {
    struct arena *arena;
    struct declared_file *files; /* by name */
    size_t file_count, file_room;
    struct declared_item *items; /* by kind, then key */
    size_t item_count, item_room;
    bool has_list[DECLARED_KIND_COUNT]; /* some file speaks of such things, maybe of none */
    const struct json *settings;        /* NULL: no file has them */
    struct str digest;                  /* of all the files, names included: 64 digits */
};

/* The fault's `where` is the file, empty when its `why` names it; the `why` is a sentence. */
struct fault declared_read(struct arena *arena, struct str path,
                           struct declared *declared) MUST_CHECK;

/* What is wrong and where: the file's name, a path into it, a sentence. */
struct complaint {
    struct str file, where, why;
};
/* All there is to complain about, `*count` of them: first each thing for itself; when those are
 * good, what they say of each other. */
struct complaint *declared_check(const struct declared *declared, size_t *count);

/* Fills in what flags leave out, once; current: the flags of an environment as its export has
 * them, whose salts and arithmetic stay, or NULL. */
void declared_complete(struct declared *declared, const struct json *current);
/* One text in the form of an export. Lists no file speaks of are left out. */
struct str declared_text(const struct declared *declared);

/* ---- what export, fmt and this share ------------------------------------------------------------
 */

extern const char *const declared_lists[DECLARED_KIND_COUNT]; /* segments, flags, cohorts */
extern const struct str declared_format;                      /* what an environment's text is */

/* A thing's key, or a cohort's id; empty when it has none. */
struct str declared_key(enum declared_kind kind, const struct json *tree);

/* The same with the members in the order of an export, none added and none dropped. What does not
 * decode stays in its order. */
struct json declared_ordered(struct arena *arena, enum declared_kind kind, const struct json *tree);
struct json declared_ordered_settings(struct arena *arena, const struct json *tree);

/* An environment's text as export writes it: one thing a line. settings NULL, lists without
 * has_list: left out. Items are in the order of declared.items. */
void declared_append_whole(struct buf *buf, const struct json *settings,
                           const struct declared_item *items, size_t count, const bool *has_list);

#endif
