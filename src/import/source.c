/* SPDX-License-Identifier: Apache-2.0 */
/* source - a foreign document's text as a tree: see source.h. */
#include "import/source.h"

#include "model/limits.h"

static const struct json_budget budget = {
    .depth_max = SOURCE_DEPTH_MAX,
    .members_max = DOCUMENT_VALUES_MAX,
    .string_bytes_max = VARIATION_VALUE_BYTES_MAX * 16,
    .number_bytes_max = 64,
    .values_max = 4000000,
};

static struct fault check_size(struct str text)
{
    if (text.size <= BODY_BYTES_IMPORT_MAX)
        return fault_none();
    return fault_make(FAULT_LIMIT, STR(""), STR("is larger than 16 MiB"));
}

struct fault source_parse_json(struct arena *arena, struct str text, struct json *json)
{
    struct fault fault = check_size(text);
    return failed(fault) ? fault : json_parse(arena, text, &budget, json);
}

struct fault source_parse(struct arena *arena, struct str text, struct json *json)
{
    static const char mark[] = "\xEF\xBB\xBF";
    if (str_starts_with(text, (struct str){mark, sizeof(mark) - 1}))
        text = str_slice(text, sizeof(mark) - 1, text.size);
    size_t first = 0;
    while (first < text.size && (text.data[first] == ' ' || text.data[first] == '\t' ||
                                 text.data[first] == '\n' || text.data[first] == '\r'))
        first++;
    bool is_json = first < text.size && (text.data[first] == '{' || text.data[first] == '[');
    if (is_json)
        return source_parse_json(arena, text, json);
    struct fault fault = check_size(text);
    return failed(fault) ? fault : source_parse_yaml(arena, text, json);
}

/* ---- members --------------------------------------------------------------------------------- */

const struct json *source_find(const struct json *object, const char *name)
{
    const struct json *member = object == NULL ? NULL : json_find(object, str_of(name));
    return member == NULL || member->type == JSON_NULL ? NULL : member;
}

static const struct json *find_typed(const struct json *object, const char *name,
                                     enum json_type type)
{
    const struct json *member = source_find(object, name);
    return member != NULL && member->type == type ? member : NULL;
}

const struct json *source_object(const struct json *object, const char *name)
{
    return find_typed(object, name, JSON_OBJECT);
}

const struct json *source_array(const struct json *object, const char *name)
{
    return find_typed(object, name, JSON_ARRAY);
}

struct str source_text(const struct json *object, const char *name)
{
    const struct json *member = find_typed(object, name, JSON_STRING);
    return member == NULL ? (struct str){0} : member->string;
}

bool source_boolean(const struct json *object, const char *name, bool absent)
{
    const struct json *member = find_typed(object, name, JSON_BOOLEAN);
    return member == NULL ? absent : member->boolean;
}
