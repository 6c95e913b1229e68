/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort_members - ids in one block of text and a table that finds them. Private to model/.
 *
 * A slot of the table holds an id's position and twelve bits of its hash, so that a probe that is
 * not a hit almost never looks at the text: four bytes per slot, three slots for two ids, and four
 * bytes per id for where its text ends. The hash is keyed (base/map.h), because ids come from
 * outside.
 */
#ifndef MODEL_COHORT_MEMBERS_H
#define MODEL_COHORT_MEMBERS_H

#include <stdatomic.h>

#include "model/cohort.h"

struct id_list {
    char *text;
    uint32_t *ends; /* of each id in text; it begins where the one before ends */
    size_t count;
};

struct id_table {
    uint32_t *slots; /* 0: empty */
    size_t slot_count;
};

struct cohort_members {
    atomic_uint_least32_t references;
    struct id_list ids; /* sorted by bytes, none twice */
    struct id_table table;
};

static inline struct str id_list_at(const struct id_list *ids, size_t index)
{
    uint32_t begin = index == 0 ? 0 : ids->ends[index - 1];
    return (struct str){ids->text + begin, ids->ends[index] - begin};
}

static inline size_t id_list_bytes(const struct id_list *ids)
{
    return ids->count == 0 ? 0 : ids->ends[ids->count - 1];
}

bool id_is_valid(struct str id); /* 1 to COHORT_MEMBER_BYTES_MAX bytes of UTF-8 */

/* Over the list as it is; room for `expected_count` in all. */
struct id_table id_table_make(const struct id_list *ids, size_t expected_count);
void id_table_free(struct id_table *table);
/* The list's id at `index` has no place yet, and there is room. */
void id_table_add(struct id_table *table, const struct id_list *ids, size_t index);
bool id_table_has(const struct id_table *table, const struct id_list *ids, struct str id);

/* Takes over the list's memory; ids are sorted and none is there twice. One reference. */
struct cohort_members *cohort_members_make(const struct id_list *ids);

#endif
