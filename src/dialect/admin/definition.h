/* SPDX-License-Identifier: Apache-2.0 */
/*
 * definition - what flags and segments have in common on their way in and out.
 *
 * A definition is shown as its canonical document without the id, inside a resource that says the
 * rest
 * ({"document": …, "id": …, "version": …}); it is written as the bare document. What a writer
 * leaves out is filled in as JSON (flag_defaults.h), before the model's decoder reads the whole:
 * what a document may be is said in model/decode.c alone.
 */
#ifndef ADMIN_DEFINITION_H
#define ADMIN_DEFINITION_H

#include "change/edit.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/request.h"

/* Wide enough for every document that the model's encoder makes. */
extern const struct json_budget definition_budget;

/* ---- trees ----------------------------------------------------------------------------------- */

/* Members of an object. Setting one that is not there puts it last and moves the members to memory
 * of their own in the arena; dropping one closes the gap where they are. */
void definition_set_member(struct arena *arena, struct json *object, struct str name,
                           struct json value);
void definition_drop_member(struct json *object, struct str name);

/* ---- out ------------------------------------------------------------------------------------- */

/* As a value, without its id. */
void definition_write_flag(struct json_writer *writer, const struct flag *flag);
void definition_write_segment(struct json_writer *writer, const struct segment *segment);
/* From a stored text. */
void definition_write_text(struct json_writer *writer, struct arena *arena, struct str text);
/* Its canonical text, id included: what tags digest and revisions keep. In the arena. */
struct str definition_text_of_flag(struct arena *arena, const struct flag *flag);
struct str definition_text_of_segment(struct arena *arena, const struct segment *segment);

/* ---- in -------------------------------------------------------------------------------------- */

enum definition_manner {
    DEFINITION_CREATE, /* POST: it must not be there */
    DEFINITION_PUT,    /* there or not, as the body says it */
    DEFINITION_PATCH,  /* there, and as the body changes it (RFC 7396) */
};

/* One request to write a definition; read on the handler's thread, carried out inside an edit. */
struct definition_write {
    enum definition_manner manner;
    struct str key;
    struct json body;
    struct admin_condition condition;
};
/* Reads the body, the condition and the key: of the path, or of the body when something is created.
 * False when the exchange is answered. */
bool definition_read(struct exchange *x, enum definition_manner manner,
                     struct definition_write *write);
/* Inside the edit: what is written as a tree, not yet filled. current: the canonical text of what
 * is there, absent when nothing is. FAULT_CONFLICT for what is there and should not be,
 * FAULT_MISSING the other way round. */
struct fault definition_tree(struct arena *arena, const struct definition_write *write,
                             struct str current, struct json *tree) MUST_CHECK;

/* A fault of the model's decoder or check with its place as a JSON Pointer into the tree: the model
 * names variations by their ids ("$.variations.on.value"), pointers by their places. */
struct fault definition_place_fault(struct arena *arena, const struct json *tree,
                                    struct fault fault);

/* What a check of the whole environment refuses about the flag or segment that a change is about
 * gets a place in its document; what it refuses about others is FAULT_CONFLICT and names them: the
 * change itself is well formed, and they stand in its way. Other faults stay as they are. */
struct fault definition_environment_fault(const struct change *change, struct fault fault);

/* ---- who leans on whom -------------------------------------------------------------------------
 */

/* Flags, then segments, that name this one; keys, borrowed. Listing them once is O(environment). */
struct definition_users {
    struct str *flags, *segments;
    size_t flag_count, segment_count;
};
struct definition_users definition_users_find(struct arena *arena,
                                              const struct environment_state *state,
                                              struct resource resource);
/* FAULT_CONFLICT that names them; none when there are none. */
struct fault definition_users_refuse(struct arena *arena, const struct definition_users *users);

/* ---- history -----------------------------------------------------------------------------------
 */

/* Pages end early once they are this large: a document may be megabytes. */
enum { DEFINITION_PAGE_BYTES_MAX = 4 * 1024 * 1024 };

/* {"version": n} as the text of a version. False when the exchange is answered. */
bool definition_read_version(struct exchange *x, struct str *version);

struct definition_history {
    struct exchange *x;
    uint64_t environment;
    uint64_t number; /* of a flag; 0: of a segment */
    struct str key;  /* of a segment */
};
/* Answers with a page of it, newest first. */
void definition_answer_history(const struct definition_history *history);

#endif
