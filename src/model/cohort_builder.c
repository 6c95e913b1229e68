/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cohort_builder - ids as they come into a cohort: see cohort.h.
 *
 * Repetitions are known at once, so that what is held is bounded by the different ids there are,
 * however long an upload goes on. Sorting waits until all are there.
 */
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "model/cohort_members.h"
#include "model/limits.h"

struct cohort_builder {
    struct id_list ids; /* in the order they came */
    struct id_table table;
    size_t text_capacity, id_capacity; /* the table has room for id_capacity, too */
};

enum { FIRST_IDS = 64, FIRST_TEXT_BYTES = 4096 };

struct cohort_builder *cohort_builder_open(void)
{
    struct cohort_builder *builder = MEMORY_NEW(struct cohort_builder);
    builder->text_capacity = FIRST_TEXT_BYTES;
    builder->id_capacity = FIRST_IDS;
    builder->ids.text = memory_allocate(builder->text_capacity);
    builder->ids.ends = MEMORY_NEW_ARRAY(uint32_t, builder->id_capacity);
    builder->table = id_table_make(&builder->ids, builder->id_capacity);
    return builder;
}

void cohort_builder_abandon(struct cohort_builder *builder)
{
    if (builder == NULL)
        return;
    memory_free(builder->ids.text);
    memory_free(builder->ids.ends);
    id_table_free(&builder->table);
    memory_free(builder);
}

static void make_room(struct cohort_builder *builder, size_t text_bytes)
{
    struct id_list *ids = &builder->ids;
    if (id_list_bytes(ids) + text_bytes > builder->text_capacity) {
        builder->text_capacity *= 2;
        ids->text = memory_resize(ids->text, builder->text_capacity);
    }
    if (ids->count < builder->id_capacity)
        return;
    builder->id_capacity *= 2;
    ids->ends = memory_resize(ids->ends, builder->id_capacity * sizeof(ids->ends[0]));
    id_table_free(&builder->table);
    builder->table = id_table_make(ids, builder->id_capacity);
}

struct fault cohort_builder_add(struct cohort_builder *builder, struct str id)
{
    struct id_list *ids = &builder->ids;
    if (!id_is_valid(id))
        return fault_make(FAULT_INVALID, STR(""),
                          STR("a member must be 1 to 256 bytes of valid UTF-8"));
    if (id_table_has(&builder->table, ids, id))
        return fault_none();
    if (ids->count == COHORT_MEMBERS_MAX)
        return fault_make(FAULT_LIMIT, STR(""), STR("a cohort must have at most 1000000 members"));
    make_room(builder, id.size);
    size_t begin = id_list_bytes(ids);
    memcpy(ids->text + begin, id.data, id.size);
    ids->ends[ids->count++] = (uint32_t)(begin + id.size);
    id_table_add(&builder->table, ids, ids->count - 1);
    return fault_none();
}

static int order_ids(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* A sorted copy that holds no more than it needs. */
static struct id_list sort_ids(const struct id_list *ids)
{
    struct id_list sorted = {.count = ids->count};
    struct str *order = MEMORY_NEW_ARRAY(struct str, ids->count);
    for (size_t i = 0; i < ids->count; i++)
        order[i] = id_list_at(ids, i);
    if (ids->count > 0)
        qsort(order, ids->count, sizeof(order[0]), order_ids);

    sorted.text = memory_allocate(id_list_bytes(ids));
    sorted.ends = MEMORY_NEW_ARRAY(uint32_t, ids->count);
    uint32_t end = 0;
    for (size_t i = 0; i < ids->count; i++) {
        memcpy(sorted.text + end, order[i].data, order[i].size);
        end += (uint32_t)order[i].size;
        sorted.ends[i] = end;
    }
    memory_free(order);
    return sorted;
}

struct fault cohort_builder_finish(struct cohort_builder *builder, struct cohort_members **members)
{
    id_table_free(&builder->table); /* first: the sorted copy brings one of its own */
    struct id_list sorted = sort_ids(&builder->ids);
    cohort_builder_abandon(builder);
    *members = cohort_members_make(&sorted);
    return fault_none();
}
