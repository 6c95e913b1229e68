/* SPDX-License-Identifier: Apache-2.0 */
/* inclusions - lists of ids that keep their order and hold nothing twice: see group.h. */
#include <string.h>

#include "base/map.h"
#include "dialect/amplitude/group.h"

static void index_texts(struct map *map, struct arena *arena, const struct str *texts, size_t count)
{
    map_open(map, arena, count);
    for (size_t i = 0; i < count; i++)
        map_insert(map, texts[i], 0);
}

void inclusions_add(struct wire *wire, struct str where, struct str **list, size_t *list_count,
                    const struct str *texts, size_t count, size_t max)
{
    struct map seen;
    if (wire_failed(wire))
        return;
    index_texts(&seen, wire->arena, *list, *list_count);
    struct str *longer = ARENA_NEW_ARRAY(wire->arena, struct str, *list_count + count);
    size_t size = *list_count;
    if (size > 0)
        memcpy(longer, *list, size * sizeof(*longer));
    for (size_t i = 0; i < count && !wire_failed(wire); i++) {
        if (texts[i].size == 0 || texts[i].size > CONTEXT_KEY_BYTES_MAX)
            wire_refuse(wire, wire_item_path(wire, where, i),
                        STR("must be an id of 1 to 256 bytes"));
        else if (map_insert(&seen, texts[i], 0))
            longer[size++] = texts[i];
    }
    wire_check_count(wire, where, size, max, "different entries on one variant");
    *list = longer;
    *list_count = size;
}

void inclusions_remove(struct str *list, size_t *list_count, const struct str *texts, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < *list_count; i++) {
        size_t at = 0;
        while (at < count && !str_equal(texts[at], list[i]))
            at++;
        if (at == count)
            list[kept++] = list[i];
    }
    *list_count = kept;
}
