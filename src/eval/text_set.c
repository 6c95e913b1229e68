/* SPDX-License-Identifier: Apache-2.0 */
/* text_set - open addressing over keyed hashes: see text_set.h. */
#include "eval/text_set.h"

#include <assert.h>

#include "base/map.h"

uint32_t text_set_hash(struct str text)
{
    return (uint32_t)map_hash(text);
}

static size_t slot_count_for(size_t count)
{
    size_t slots = 2 * TEXT_SET_FEW_MAX;
    while (slots * 3 < count * 4)
        slots *= 2;
    return slots;
}

struct text_set text_set_build(struct arena *arena, const struct str *texts, size_t count)
{
    assert(count < UINT32_MAX / 2);
    struct text_set set = {.texts = texts, .count = (uint32_t)count};
    if (count <= TEXT_SET_FEW_MAX)
        return set;

    size_t slot_count = slot_count_for(count);
    struct text_set_slot *slots = ARENA_NEW_ARRAY(arena, struct text_set_slot, slot_count);
    set.mask = (uint32_t)(slot_count - 1);
    for (uint32_t i = 0; i < set.count; i++) {
        uint32_t hash = text_set_hash(texts[i]);
        uint32_t at = hash & set.mask;
        while (slots[at].place != 0)
            at = (at + 1) & set.mask;
        slots[at] = (struct text_set_slot){hash, i + 1};
        set.size_max = texts[i].size > set.size_max ? texts[i].size : set.size_max;
    }
    set.slots = slots;
    return set;
}

uint32_t text_set_place_hashed(const struct text_set *set, struct str text, uint32_t hash)
{
    for (uint32_t at = hash & set->mask; set->slots[at].place != 0; at = (at + 1) & set->mask) {
        const struct text_set_slot *slot = &set->slots[at];
        if (slot->hash == hash && text_equal(set->texts[slot->place - 1], text))
            return slot->place - 1;
    }
    return TEXT_SET_ABSENT;
}

bool text_set_finds(const struct text_set *set, struct str text)
{
    return text_set_place_hashed(set, text, text_set_hash(text)) != TEXT_SET_ABSENT;
}
