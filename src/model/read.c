/* SPDX-License-Identifier: Apache-2.0 */
/* read - members of a JSON object, by type, strictly: see read.h. */
#include "model/read.h"

static bool is_known(struct str name, const struct str *known, size_t known_count)
{
    for (size_t i = 0; i < known_count; i++) {
        if (str_equal(known[i], name))
            return true;
    }
    return false;
}

/* An empty string is there, whatever its pointer; absence is for members that are missing. */
static struct str present(struct str text)
{
    return text.data == NULL ? STR("") : text;
}

bool read_object(struct inspection *inspection, const struct place *place, const struct json *json,
                 const struct str *known, size_t known_count)
{
    if (json == NULL || json->type != JSON_OBJECT) {
        inspect_refuse(inspection, place, STR("must be an object"));
        return false;
    }
    for (size_t i = 0; i < json->count; i++) {
        struct str name = present(json->members[i].key);
        if (is_known(name, known, known_count))
            continue;
        inspect_refuse_member(inspection, place, name, STR("is not a known member"));
        return false;
    }
    return !inspection_failed(inspection);
}

struct str read_string(struct inspection *inspection, const struct place *outer,
                       const struct json *object, struct str name, struct str why)
{
    const struct json *json = json_find(object, name);
    if (json != NULL && json->type == JSON_STRING)
        return present(json->string);
    inspect_refuse_member(inspection, outer, name, why);
    return STR("");
}

struct str read_optional_string(struct inspection *inspection, const struct place *outer,
                                const struct json *object, struct str name)
{
    if (json_find(object, name) == NULL)
        return (struct str){0};
    return read_string(inspection, outer, object, name, STR("must be a string"));
}

bool read_boolean(struct inspection *inspection, const struct place *outer,
                  const struct json *object, struct str name)
{
    const struct json *json = json_find(object, name);
    if (json != NULL && json->type == JSON_BOOLEAN)
        return json->boolean;
    inspect_refuse_member(inspection, outer, name, STR("must be a boolean"));
    return false;
}

size_t read_name(struct inspection *inspection, const struct place *outer,
                 const struct json *object, struct str name, const struct name_list *list,
                 struct str why)
{
    struct str text = read_string(inspection, outer, object, name, why);
    int found = name_find(list, text);
    if (found >= 0)
        return (size_t)found;
    inspect_refuse_member(inspection, outer, name, why);
    return 0;
}

const struct json *read_array(struct inspection *inspection, const struct place *place,
                              const struct json *json, size_t count_max, const char *what,
                              struct str why)
{
    if (json == NULL || json->type != JSON_ARRAY) {
        inspect_refuse(inspection, place, why);
        return NULL;
    }
    inspect_count(inspection, place, json->count, count_max, what);
    return inspection_failed(inspection) ? NULL : json;
}

struct str *read_strings(struct inspection *inspection, const struct place *place,
                         const struct json *json, size_t count_max, const char *what,
                         struct str why, size_t *count)
{
    *count = 0;
    const struct json *array = read_array(inspection, place, json, count_max, what, why);
    if (array == NULL || array->count == 0)
        return NULL;
    struct str *texts = ARENA_NEW_ARRAY(inspection->arena, struct str, array->count);
    for (size_t i = 0; i < array->count; i++) {
        if (array->elements[i].type != JSON_STRING) {
            inspect_refuse(inspection, place, why);
            return NULL;
        }
        texts[i] = present(array->elements[i].string);
    }
    *count = array->count;
    return texts;
}

struct str *read_optional_strings(struct inspection *inspection, const struct place *outer,
                                  const struct json *object, struct str name, size_t count_max,
                                  size_t *count)
{
    *count = 0;
    const struct json *json = json_find(object, name);
    if (json == NULL)
        return NULL;
    struct place place = place_member(outer, name);
    return read_strings(inspection, &place, json, count_max, "entries",
                        STR("must be an array of strings"), count);
}

bool read_optional_boolean(struct inspection *inspection, const struct place *outer,
                           const struct json *object, struct str name)
{
    return json_find(object, name) != NULL && read_boolean(inspection, outer, object, name);
}

struct json read_metadata(struct inspection *inspection, const struct place *outer,
                          const struct json *object)
{
    const struct json *json = json_find(object, STR("metadata"));
    if (json == NULL)
        return json_make_null();
    if (json->type == JSON_OBJECT)
        return *json;
    inspect_refuse_member(inspection, outer, STR("metadata"), STR("must contain only JSON values"));
    return json_make_null();
}
