/* SPDX-License-Identifier: Apache-2.0 */
/*
 * read - members of a JSON object, by type, strictly.
 *
 * Every reader refuses into the inspection and then returns something empty, so that a decoder is
 * a list of members. `object` is an object that read_object has let through. Private to model/.
 */
#ifndef MODEL_READ_H
#define MODEL_READ_H

#include "model/inspect.h"
#include "model/names.h"
#include "model/rule.h"

/* Whether json (NULL: it is missing) is an object with no members but the `known` ones. Repeated
 * members do not get here: the parser refuses them. */
bool read_object(struct inspection *inspection, const struct place *place, const struct json *json,
                 const struct str *known, size_t known_count);

/* The text of a member; `why` when it is missing or no string. */
struct str read_string(struct inspection *inspection, const struct place *outer,
                       const struct json *object, struct str name, struct str why);

/* As above, but absent when the member is missing. */
struct str read_optional_string(struct inspection *inspection, const struct place *outer,
                                const struct json *object, struct str name);

/* Both of what may be missing: an empty list, and false. */
struct str *read_optional_strings(struct inspection *inspection, const struct place *outer,
                                  const struct json *object, struct str name, size_t count_max,
                                  size_t *count);
bool read_optional_boolean(struct inspection *inspection, const struct place *outer,
                           const struct json *object, struct str name);

bool read_boolean(struct inspection *inspection, const struct place *outer,
                  const struct json *object, struct str name);

/* Index of the member's text in the list; 0 after a refusal. */
size_t read_name(struct inspection *inspection, const struct place *outer,
                 const struct json *object, struct str name, const struct name_list *list,
                 struct str why);

/* The array at `place`, NULL after a refusal; measured before anybody makes room for it. */
const struct json *read_array(struct inspection *inspection, const struct place *place,
                              const struct json *json, size_t count_max, const char *what,
                              struct str why);

/* An array of strings; refused as a whole with `why`. *count is 0 after a refusal. */
struct str *read_strings(struct inspection *inspection, const struct place *place,
                         const struct json *json, size_t count_max, const char *what,
                         struct str why, size_t *count);

/* What the metadata member holds; null when it is missing. */
struct json read_metadata(struct inspection *inspection, const struct place *outer,
                          const struct json *object);

/* Parts of a document, for decoders that have a place already. */
struct schedule schedule_read(struct inspection *inspection, const struct place *place,
                              const struct json *json);
struct serve serve_read(struct inspection *inspection, const struct place *place,
                        const struct json *json);
struct expression expression_read(struct inspection *inspection, const struct place *place,
                                  const struct json *json);

#endif
