/* SPDX-License-Identifier: Apache-2.0 */
/*
 * canonical - one text per value: see write.h.
 *
 * Trees stay as they are; an object whose members are not in order yet is written through a sorted
 * list of pointers.
 */
#include <assert.h>
#include <stdlib.h>

#include "base/utf.h"
#include "json/write.h"

static int compare_members(const void *left, const void *right)
{
    const struct json_member *const *a = left;
    const struct json_member *const *b = right;
    return utf16_compare((*a)->key, (*b)->key);
}

static bool is_sorted(const struct json *object)
{
    for (uint32_t i = 1; i < object->count; i++) {
        if (utf16_compare(object->members[i - 1].key, object->members[i].key) > 0)
            return false;
    }
    return true;
}

static const struct json_member **list_members(struct arena *arena, const struct json *object)
{
    const struct json_member **members =
        ARENA_NEW_ARRAY(arena, const struct json_member *, object->count);
    for (uint32_t i = 0; i < object->count; i++)
        members[i] = &object->members[i];
    if (!is_sorted(object))
        qsort(members, object->count, sizeof(members[0]), compare_members);
    return members;
}

static void write_canonical(struct json_writer *writer, struct arena *arena,
                            const struct json *json, size_t depth)
{
    assert(depth <= JSON_DEPTH_MAX);
    if (json->type == JSON_OBJECT) {
        const struct json_member **members = list_members(arena, json);
        json_object_begin(writer);
        for (uint32_t i = 0; i < json->count; i++) {
            json_key(writer, members[i]->key);
            write_canonical(writer, arena, &members[i]->value, depth + 1);
        }
        json_object_end(writer);
    } else if (json->type == JSON_ARRAY) {
        json_array_begin(writer);
        for (uint32_t i = 0; i < json->count; i++)
            write_canonical(writer, arena, &json->elements[i], depth + 1);
        json_array_end(writer);
    } else {
        json_tree(writer, json);
    }
}

void json_append_canonical(struct buf *buf, const struct json *json)
{
    struct arena arena; /* for the lists of pointers; gone before this returns */
    struct json_writer writer;
    arena_open(&arena, 1024);
    json_writer_open(&writer, buf);
    write_canonical(&writer, &arena, json, 0);
    arena_close(&arena);
}
