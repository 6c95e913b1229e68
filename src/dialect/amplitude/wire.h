/* SPDX-License-Identifier: Apache-2.0 */
/*
 * wire - members of a management body, by type, with a refusal that names the member.
 *
 * A decoder is a row of reads. Each says whether its member was there; the first refusal is kept
 * and later ones ignored, so the row needs no tests in between; loops ask wire_failed. Members
 * nobody asks for are ignored, known ones of a wrong type refused (amplitude-management-api.md 11,
 * row 17). `outer` is the path of the object ("" for the body itself): it becomes part of
 * fault.where ("targetSegments[0].percentage").
 */
#ifndef AMPLITUDE_WIRE_H
#define AMPLITUDE_WIRE_H

#include "json/json.h"
#include "json/write.h"

struct wire {
    struct arena *arena;
    struct fault fault; /* the first refusal */
};

static inline bool wire_failed(const struct wire *wire)
{
    return wire->fault.kind != FAULT_NONE;
}

void wire_refuse(struct wire *wire, struct str where, struct str why);
/* FAULT_LIMIT: "must have at most <max> <what>". */
void wire_check_count(struct wire *wire, struct str where, size_t count, size_t max,
                      const char *what);
struct str wire_member_path(struct wire *wire, struct str outer, struct str name);
struct str wire_item_path(struct wire *wire, struct str outer, size_t index);

/* Refuses unless the member was there: wire_require(wire, wire_text(…), outer, name). */
void wire_require(struct wire *wire, bool is_present, struct str outer, struct str name);

/* True when the member is there and has the type. */
bool wire_text(struct wire *wire, const struct json *object, struct str outer, struct str name,
               struct str *text);
/* The same where null is a value: *text is then absent. */
bool wire_nullable_text(struct wire *wire, const struct json *object, struct str outer,
                        struct str name, struct str *text);
bool wire_boolean(struct wire *wire, const struct json *object, struct str outer, struct str name,
                  bool *value);
/* A whole number of min to max. */
bool wire_integer(struct wire *wire, const struct json *object, struct str outer, struct str name,
                  uint32_t min, uint32_t max, uint32_t *value);
/* One of the words; *index says which. */
bool wire_choice(struct wire *wire, const struct json *object, struct str outer, struct str name,
                 const struct str *words, size_t word_count, size_t *index);
/* An id, as text or as number (1.6). */
bool wire_id(struct wire *wire, const struct json *object, struct str outer, struct str name,
             uint64_t *id);
bool wire_ids(struct wire *wire, const struct json *object, struct str outer, struct str name,
              uint64_t **ids, size_t *count);
/* Strings, borrowed from the body. */
bool wire_texts(struct wire *wire, const struct json *object, struct str outer, struct str name,
                struct str **texts, size_t *count);
/* The array or object itself; NULL when it is missing or refused. */
const struct json *wire_array(struct wire *wire, const struct json *object, struct str outer,
                              struct str name);
const struct json *wire_object(struct wire *wire, const struct json *object, struct str outer,
                               struct str name);

/* Digits of an id that some object could have. */
bool wire_parse_id(struct str text, uint64_t *id);

/* ---- back ------------------------------------------------------------------------------------ */

void wire_put_id(struct json_writer *writer, uint64_t id); /* as text: "183402" */
void wire_put_member_id(struct json_writer *writer, struct str key, uint64_t id);
void wire_put_member_instant(struct json_writer *writer, struct str key, int64_t ms);
/* null when absent */
/* "" when absent */
void wire_put_member_text(struct json_writer *writer, struct str key, struct str text);
void wire_put_texts(struct json_writer *writer, const struct str *texts, size_t count);

#endif
