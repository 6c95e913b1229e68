/* SPDX-License-Identifier: Apache-2.0 */
/* inspect - where in a document we are, and the first thing wrong with it: see inspect.h. */
#include "model/inspect.h"

#include <string.h>

#include "base/utf.h"
#include "model/limits.h"
#include "json/write.h"

static struct str index_text(size_t index, char digits[24])
{
    size_t at = 24;
    digits[--at] = ']';
    do {
        digits[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    digits[--at] = '[';
    return (struct str){digits + at, 24 - at};
}

/* What one place adds to the path, without the dot before a member. */
static struct str step_text(const struct place *place, char digits[24])
{
    if (str_is_absent(place->name))
        return index_text(place->index, digits);
    return place->name;
}

static bool has_dot(const struct place *place)
{
    return place->outer != NULL && !str_is_absent(place->name);
}

struct str place_text(struct arena *arena, const struct place *place)
{
    char digits[24];
    size_t size = 0;
    for (const struct place *at = place; at != NULL; at = at->outer)
        size += step_text(at, digits).size + (has_dot(at) ? 1 : 0);

    char *text = arena_allocate(arena, size + 1);
    size_t end = size;
    for (const struct place *at = place; at != NULL; at = at->outer) {
        struct str step = step_text(at, digits);
        end -= step.size;
        if (step.size > 0)
            memcpy(text + end, step.data, step.size);
        if (has_dot(at))
            text[--end] = '.';
    }
    return (struct str){text, size};
}

void inspect_refuse(struct inspection *inspection, const struct place *place, struct str why)
{
    if (inspection_failed(inspection))
        return;
    inspection->fault = fault_make(FAULT_INVALID, place_text(inspection->arena, place), why);
}

void inspect_refuse_member(struct inspection *inspection, const struct place *outer,
                           struct str name, struct str why)
{
    struct place place = place_member(outer, name);
    inspect_refuse(inspection, &place, why);
}

static void refuse_limit(struct inspection *inspection, const struct place *place, const char *verb,
                         size_t max, const char *what)
{
    if (inspection_failed(inspection))
        return;
    struct str why = arena_format(inspection->arena, "must %s at most %zu %s", verb, max, what);
    inspection->fault = fault_make(FAULT_LIMIT, place_text(inspection->arena, place), why);
}

void inspect_count(struct inspection *inspection, const struct place *place, size_t count,
                   size_t max, const char *what)
{
    if (count > max)
        refuse_limit(inspection, place, "have", max, what);
}

void inspect_size(struct inspection *inspection, const struct place *place, size_t size, size_t max,
                  const char *what)
{
    if (size > max)
        refuse_limit(inspection, place, "be", max, what);
}

void inspect_text(struct inspection *inspection, const struct place *outer, struct str name,
                  struct str text, size_t bytes_max)
{
    struct place place = place_member(outer, name);
    inspect_size(inspection, &place, text.size, bytes_max, "bytes");
    if (!inspection_failed(inspection) && !utf8_is_valid(text))
        inspect_refuse(inspection, &place, STR("must be valid UTF-8"));
}

/* Recursion is bounded by levels_left. */
static bool fits_depth(const struct json *json, size_t levels_left)
{
    if (json->type != JSON_ARRAY && json->type != JSON_OBJECT)
        return true;
    if (levels_left == 0)
        return false;
    for (size_t i = 0; i < json->count; i++) {
        const struct json *child =
            json->type == JSON_ARRAY ? &json->elements[i] : &json->members[i].value;
        if (!fits_depth(child, levels_left - 1))
            return false;
    }
    return true;
}

static bool fits_bytes(const struct json *json, size_t bytes_max)
{
    enum { ESCAPE_BYTES_MAX = 6, SCALAR_BYTES_MAX = 32 };
    if (json->type == JSON_STRING && json->string.size < bytes_max / ESCAPE_BYTES_MAX - 2)
        return true;
    if (json->type != JSON_STRING && json->type != JSON_ARRAY && json->type != JSON_OBJECT)
        return SCALAR_BYTES_MAX <= bytes_max;

    /* The writer may reserve more than it writes, so only what was written counts. */
    struct buf buf;
    buf_open(&buf, (ESCAPE_BYTES_MAX + 2) * bytes_max);
    json_append_canonical(&buf, json);
    bool fits = !buf_failed(&buf) && buf.size <= bytes_max;
    buf_close(&buf);
    return fits;
}

void inspect_json(struct inspection *inspection, const struct place *place, const struct json *json,
                  size_t bytes_max)
{
    if (inspection_failed(inspection))
        return;
    if (!fits_depth(json, VALUE_DEPTH_MAX))
        refuse_limit(inspection, place, "be", VALUE_DEPTH_MAX, "levels deep");
    else if (!fits_bytes(json, bytes_max))
        refuse_limit(inspection, place, "be", bytes_max, "bytes");
}

void inspect_metadata(struct inspection *inspection, const struct place *outer,
                      const struct json *metadata)
{
    if (metadata->type == JSON_NULL)
        return;
    struct place place = place_member(outer, STR("metadata"));
    if (metadata->type != JSON_OBJECT)
        inspect_refuse(inspection, &place, STR("must contain only JSON values"));
    inspect_json(inspection, &place, metadata, METADATA_BYTES_MAX);
}
