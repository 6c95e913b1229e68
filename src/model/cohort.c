/* SPDX-License-Identifier: Apache-2.0 */
/* cohort - asking a built cohort, and who still holds its members: see cohort.h. */
#include "model/cohort.h"

#include <assert.h>

#include "base/map.h"
#include "base/memory.h"
#include "base/utf.h"
#include "model/cohort_members.h"
#include "model/limits.h"

enum { POSITION_BITS = 20, POSITION_MASK = (1 << POSITION_BITS) - 1 };
static_assert((int)COHORT_MEMBERS_MAX < (int)POSITION_MASK,
              "position + 1 fits a slot beside the tag");
static_assert((uint64_t)COHORT_MEMBERS_MAX * COHORT_MEMBER_BYTES_MAX <= UINT32_MAX,
              "all the text there may be fits an end");

bool id_is_valid(struct str id)
{
    return id.size > 0 && id.size <= COHORT_MEMBER_BYTES_MAX && utf8_is_valid(id);
}

/* ---- the table ------------------------------------------------------------------------------ */

/* The upper half of the hash picks the place, the lowest bits tell neighbours apart. */
static size_t home_of(const struct id_table *table, uint64_t hash)
{
    return (size_t)(((hash >> 32) * table->slot_count) >> 32);
}

static uint32_t tag_of(uint64_t hash)
{
    return (uint32_t)hash << POSITION_BITS;
}

static size_t slot_after(const struct id_table *table, size_t at)
{
    return at + 1 == table->slot_count ? 0 : at + 1;
}

void id_table_add(struct id_table *table, const struct id_list *ids, size_t index)
{
    uint64_t hash = map_hash(id_list_at(ids, index));
    size_t at = home_of(table, hash);
    while (table->slots[at] != 0)
        at = slot_after(table, at);
    table->slots[at] = tag_of(hash) | (uint32_t)(index + 1);
}

bool id_table_has(const struct id_table *table, const struct id_list *ids, struct str id)
{
    uint64_t hash = map_hash(id);
    for (size_t at = home_of(table, hash); table->slots[at] != 0; at = slot_after(table, at)) {
        uint32_t slot = table->slots[at];
        bool is_likely = (slot & ~(uint32_t)POSITION_MASK) == tag_of(hash);
        if (is_likely && str_equal(id_list_at(ids, (slot & POSITION_MASK) - 1), id))
            return true;
    }
    return false;
}

/* A third of the slots stays empty, so that probes end. */
struct id_table id_table_make(const struct id_list *ids, size_t expected_count)
{
    struct id_table table = {.slot_count = expected_count + expected_count / 2 + 1};
    assert(expected_count >= ids->count);
    table.slots = MEMORY_NEW_ARRAY(uint32_t, table.slot_count);
    for (size_t i = 0; i < ids->count; i++)
        id_table_add(&table, ids, i);
    return table;
}

void id_table_free(struct id_table *table)
{
    memory_free(table->slots);
    *table = (struct id_table){0};
}

/* ---- members -------------------------------------------------------------------------------- */

struct cohort_members *cohort_members_make(const struct id_list *ids)
{
    struct cohort_members *members = MEMORY_NEW(struct cohort_members);
    atomic_init(&members->references, 1);
    members->ids = *ids;
    members->table = id_table_make(ids, ids->count);
    return members;
}

/* The count is the one part of an immutable thing that changes. */
static struct cohort_members *countable(const struct cohort_members *members)
{
    return (struct cohort_members *)(uintptr_t)members;
}

void cohort_members_acquire(const struct cohort_members *members)
{
    uint_least32_t before =
        atomic_fetch_add_explicit(&countable(members)->references, 1, memory_order_relaxed);
    assert(before > 0);
}

void cohort_members_release(const struct cohort_members *members)
{
    if (members == NULL)
        return;
    struct cohort_members *last = countable(members);
    uint_least32_t before = atomic_fetch_sub_explicit(&last->references, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before > 1)
        return;
    memory_free(last->ids.text);
    memory_free(last->ids.ends);
    id_table_free(&last->table);
    memory_free(last);
}

size_t cohort_members_count(const struct cohort_members *members)
{
    return members->ids.count;
}

struct str cohort_member_at(const struct cohort_members *members, size_t index)
{
    assert(index < members->ids.count);
    return id_list_at(&members->ids, index);
}

size_t cohort_members_bytes(const struct cohort_members *members)
{
    return sizeof(*members) + id_list_bytes(&members->ids) +
           members->ids.count * sizeof(members->ids.ends[0]) +
           members->table.slot_count * sizeof(members->table.slots[0]);
}

bool cohort_has(const struct cohort *cohort, struct str id)
{
    const struct cohort_members *members = cohort->members;
    return members != NULL && id_table_has(&members->table, &members->ids, id);
}
