/* SPDX-License-Identifier: Apache-2.0 */
/*
 * text_set - is this text one of those?
 *
 * Up to a handful are compared one by one; more are found through a table of keyed hashes, because
 * both the texts and the question come from outside. Built once, immutable, borrows the texts.
 */
#ifndef EVAL_TEXT_SET_H
#define EVAL_TEXT_SET_H

#include <string.h>

#include "base/arena.h"

enum { TEXT_SET_FEW_MAX = 8 };

struct text_set_slot {
    uint32_t hash;
    uint32_t place; /* index of the text, plus one; 0 marks an empty slot */
};

struct text_set {
    const struct str *texts;
    uint32_t count;
    uint32_t mask;                     /* slots - 1 */
    size_t size_max;                   /* of the longest text, when there are slots */
    const struct text_set_slot *slots; /* NULL when there are few */
};

/* texts must live as long as the set. */
struct text_set text_set_build(struct arena *arena, const struct str *texts, size_t count);

uint32_t text_set_hash(struct str text); /* what its table is made of */

bool text_set_finds(const struct text_set *set, struct str text); /* through the table */

/* Index of the text among those of the set, or TEXT_SET_ABSENT, through the table by its hash,
 * which the caller may have from before. */
#define TEXT_SET_ABSENT UINT32_MAX
uint32_t text_set_place_hashed(const struct text_set *set, struct str text, uint32_t hash);

/* As str_equal, in line, looking at the first byte before it calls anybody. */
static inline bool text_equal(struct str a, struct str b)
{
    if (a.size != b.size)
        return false;
    if (a.size == 0)
        return true;
    return a.data[0] == b.data[0] && memcmp(a.data, b.data, a.size) == 0;
}

/* The same for a set that has no table. */
static inline uint32_t text_set_place_few(const struct text_set *set, struct str text)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (text_equal(set->texts[i], text))
            return i;
    }
    return TEXT_SET_ABSENT;
}

static inline bool text_set_has(const struct text_set *set, struct str text)
{
    if (set->slots != NULL)
        return text.size <= set->size_max && text_set_finds(set, text);
    for (uint32_t i = 0; i < set->count; i++) {
        if (text_equal(set->texts[i], text))
            return true;
    }
    return false;
}

#endif
