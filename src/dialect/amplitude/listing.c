/* SPDX-License-Identifier: Apache-2.0 */
/* listing - see listing.h. */
#include "dialect/amplitude/listing.h"

#include <stdlib.h>

#include "dialect/amplitude/answer.h"

struct filter {
    unsigned kinds;
    struct str key; /* absent: any */
    bool has_archived;
};

static bool read_filter(struct exchange *x, struct filter *filter)
{
    struct str archived;
    if (!request_query(x, STR("key"), &filter->key) ||
        !request_query(x, STR("includeArchived"), &archived))
        return false;
    filter->has_archived = str_equal(archived, STR("true"));
    if (filter->has_archived || str_is_absent(archived) || str_equal(archived, STR("false")))
        return true;
    amplitude_refuse_fault(
        x, fault_make(FAULT_INVALID, STR("includeArchived"), STR("must be true or false")));
    return false;
}

static bool passes(const struct filter *filter, const struct flag_revision *revision)
{
    return (filter->kinds & (1u << revision->flag.kind)) != 0 &&
           (filter->has_archived || !revision->flag.is_archived);
}

static void add(struct listing *listing, const struct catalog_environment *environment,
                const struct snapshot *snapshot, const struct flag_revision *revision)
{
    listing->list[listing->count++] = (struct listed){environment, snapshot, revision};
}

static void collect_from(struct exchange *x, const struct catalog_environment *environment,
                         const struct filter *filter, struct listing *listing)
{
    const struct snapshot *snapshot = view_of(x->view, environment);
    if (!str_is_absent(filter->key)) {
        const struct flag_revision *revision = snapshot_find_flag(snapshot, filter->key);
        if (revision != NULL && passes(filter, revision))
            add(listing, environment, snapshot, revision);
        return;
    }
    for (size_t i = 0; i < snapshot->state.flag_count; i++) {
        if (passes(filter, snapshot->flags[i]))
            add(listing, environment, snapshot, snapshot->flags[i]);
    }
}

static int compare_listed(const void *a, const void *b)
{
    const struct provenance *left = &((const struct listed *)a)->revision->provenance;
    const struct provenance *right = &((const struct listed *)b)->revision->provenance;
    if (left->created_ms != right->created_ms)
        return left->created_ms > right->created_ms ? -1 : 1;
    return left->number > right->number ? -1 : 1;
}

static size_t count_flags(const struct exchange *x, const struct projects *projects)
{
    size_t count = 0;
    for (size_t i = 0; i < projects->count; i++)
        count += view_of(x->view, projects->list[i])->state.flag_count;
    return count;
}

bool listing_collect(struct exchange *x, unsigned kinds, struct listing *listing)
{
    struct filter filter = {.kinds = kinds};
    struct projects projects;
    *listing = (struct listing){0};
    if (!request_cover_projects(x, &projects) || !read_filter(x, &filter))
        return false;
    listing->list = ARENA_NEW_ARRAY(x->arena, struct listed, count_flags(x, &projects));
    for (size_t i = 0; i < projects.count; i++)
        collect_from(x, projects.list[i], &filter, listing);
    if (listing->count > 1)
        qsort(listing->list, listing->count, sizeof(*listing->list), compare_listed);
    return true;
}

void listing_answer(struct exchange *x, const struct listing *listing, const struct page *page,
                    struct str name,
                    void (*put)(struct json_writer *writer, struct exchange *x,
                                const struct listed *listed, void *input),
                    void *input)
{
    struct amplitude_answer answer;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    size_t returned = 0;
    json_object_begin(writer);
    json_key(writer, name);
    json_array_begin(writer);
    while (returned < page->limit && page->cursor + returned < listing->count &&
           answer.buf.size < PAGE_BODY_BYTES_MAX) {
        put(writer, x, &listing->list[page->cursor + returned], input);
        returned++;
    }
    json_array_end(writer);
    page_put_next(writer, page, returned, listing->count);
    json_object_end(writer);
    amplitude_answer_end(x, &answer);
}
