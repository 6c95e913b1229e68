/* SPDX-License-Identifier: Apache-2.0 */
/*
 * source - a foreign document's text as a tree.
 *
 * One budget for all vendors: as much as an import takes (BODY_BYTES_IMPORT_MAX), nested as deep as
 * documents are (SOURCE_DEPTH_MAX). YAML becomes the same tree: its core schema's types, texts for
 * all else, keys as texts, anchors and merge keys resolved within the same budget, one document.
 */
#ifndef IMPORT_SOURCE_H
#define IMPORT_SOURCE_H

#include "json/json.h"

enum { SOURCE_DEPTH_MAX = 64 };

/* FAULT_INVALID with the place ("byte 17", "line 3") and the reason. Borrows from text. */
struct fault source_parse_json(struct arena *arena, struct str text, struct json *json) MUST_CHECK;
struct fault source_parse_yaml(struct arena *arena, struct str text, struct json *json) MUST_CHECK;
/* JSON when the first character is a brace or a bracket, else YAML. */
struct fault source_parse(struct arena *arena, struct str text, struct json *json) MUST_CHECK;

/* ---- members, leniently: NULL or absent when it is missing, null or of another type ---- */

const struct json *source_find(const struct json *object, const char *name); /* not null */
const struct json *source_object(const struct json *object, const char *name);
const struct json *source_array(const struct json *object, const char *name);
struct str source_text(const struct json *object, const char *name);
bool source_boolean(const struct json *object, const char *name, bool absent);

#endif
