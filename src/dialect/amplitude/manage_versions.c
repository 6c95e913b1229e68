/* SPDX-License-Identifier: Apache-2.0 */
/*
 * manage_versions - what items were. See manage.h; amplitude-management-api.md 2.3 and 4.
 *
 * Old documents come from the store, on its reading connection. Where one names a parent by key,
 * the wire wants a number: of whoever has that key now, else of whoever had it last.
 */
#include "base/instant.h"
#include "dialect/amplitude/answer.h"
#include "dialect/amplitude/manage.h"
#include "model/codec.h"

/* ---- one version ----------------------------------------------------------------------------- */

struct version_numbers {
    struct numbers base;
    struct store *store;
    uint64_t environment;
};

static uint64_t find_in_history(const struct numbers *numbers, struct str key)
{
    const struct version_numbers *self = (const struct version_numbers *)numbers;
    const struct flag_revision *revision = snapshot_find_flag(numbers->snapshot, key);
    uint64_t number = 0;
    if (revision != NULL)
        return revision->provenance.number;
    struct fault fault = store_find_number_of_key(self->store, self->environment, key, &number);
    return failed(fault) ? 0 : number;
}

/* {"createdAt","createdBy","version","flagConfig"} */
static struct fault put_version(struct json_writer *writer, struct arena *arena,
                                const struct exchange *x, struct store *store,
                                const struct revision_row *row)
{
    struct flag flag;
    struct fault fault = flag_decode(arena, row->document, &flag);
    if (failed(fault))
        return fault_make(FAULT_UNAVAILABLE, STR("document"), STR("a version cannot be read"));
    const struct version_numbers numbers = {
        .base = {.find = find_in_history, .snapshot = view_find(x->view, row->environment)},
        .store = store,
        .environment = row->environment,
    };
    const struct item_source source = {
        .flag = &flag,
        .number = row->number,
        .environment = row->environment,
        .catalog = x->view->catalog,
        .numbers = &numbers.base,
        .now_ms = row->at_ms,
    };
    json_object_begin(writer);
    wire_put_member_instant(writer, STR("createdAt"), row->at_ms);
    wire_put_member_text(writer, STR("createdBy"), row->actor);
    json_member_u64(writer, STR("version"), row->sequence);
    json_key(writer, STR("flagConfig"));
    item_put(writer, arena, &source);
    json_object_end(writer);
    return fault_none();
}

/* ---- of one item ----------------------------------------------------------------------------- */

struct item_versions {
    const struct exchange *x;
    uint64_t number;
    uint64_t wanted; /* one of them; 0: all */
    struct amplitude_answer *answer;
    uint64_t last; /* the sequence of the one written last; 0: none yet */
    bool is_found;
};

/* One at a time: a document may be megabytes, and there may be thousands. */
static struct fault put_next(struct item_versions *versions, struct store *store,
                             struct arena *arena, bool *is_there)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    const struct history_page page = {.below = versions->last, .limit = 1};
    struct fault fault =
        store_load_object_history(store, arena, versions->number, page, &rows, &count);
    *is_there = !failed(fault) && count > 0;
    if (!*is_there || (versions->wanted != 0 && rows[0].sequence != versions->wanted))
        return fault;
    versions->is_found = true;
    versions->last = rows[0].sequence;
    return put_version(&versions->answer->writer, arena, versions->x, store, &rows[0]);
}

/* The newest that fit: this list has no pages. */
static struct fault read_item_versions(struct store *store, void *input)
{
    struct item_versions *versions = input;
    struct fault fault = fault_none();
    bool is_there = true;
    bool is_one = versions->wanted != 0;
    versions->last = is_one ? versions->wanted + 1 : 0;
    do {
        struct arena arena;
        arena_open(&arena, 64 * 1024);
        fault = put_next(versions, store, &arena, &is_there);
        fault.where = arena_copy_str(versions->x->arena, fault.where);
        fault.why = arena_copy_str(versions->x->arena, fault.why);
        arena_close(&arena);
    } while (is_there && !is_one && !failed(fault) && versions->last > 1 &&
             versions->answer->buf.size <= PAGE_BODY_BYTES_MAX);
    return fault;
}

/* Runs with the answer's buffer open; what was refused leaves none behind. */
static bool read_store(struct exchange *x, struct amplitude_answer *answer,
                       struct fault (*read)(struct store *store, void *input), void *input)
{
    struct fault fault = change_read_store(x->services->changer, read, input);
    if (!failed(fault))
        return true;
    buf_close(&answer->buf);
    amplitude_refuse_fault(x, fault);
    return false;
}

void amplitude_list_item_versions(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    if (!manage_find_item(x, &found))
        return;
    struct item_versions versions = {.x = x, .number = found.number, .answer = &answer};
    struct json_writer *writer = amplitude_answer_begin(&answer);
    json_array_begin(writer);
    if (!read_store(x, &answer, read_item_versions, &versions))
        return;
    json_array_end(writer);
    amplitude_answer_end(x, &answer);
}

void amplitude_get_item_version(struct exchange *x)
{
    struct found found;
    struct amplitude_answer answer;
    if (!manage_find_item(x, &found))
        return;
    struct item_versions versions = {.x = x, .number = found.number, .answer = &answer};
    if (!wire_parse_id(x->parameters[1], &versions.wanted)) {
        amplitude_refuse_missing(x, STR("version"));
        return;
    }
    amplitude_answer_begin(&answer);
    if (!read_store(x, &answer, read_item_versions, &versions))
        return;
    if (versions.is_found) {
        amplitude_answer_end(x, &answer);
        return;
    }
    buf_close(&answer.buf);
    amplitude_refuse_missing(x, STR("version"));
}

/* ---- of everything --------------------------------------------------------------------------- */

struct all_versions {
    const struct exchange *x;
    struct revision_query query; /* offset and limit are of the chunk at hand */
    const struct page *page;
    struct amplitude_answer *answer;
    size_t returned;
    bool has_more;
};

/* Documents are read a few at a time: a page of large ones must not fill the memory. */
enum { CHUNK_REVISIONS = 50 };

static bool is_full(const struct all_versions *all)
{
    return all->returned == all->page->limit || all->answer->buf.size > PAGE_BODY_BYTES_MAX;
}

static struct fault put_chunk(struct all_versions *all, struct store *store, struct arena *arena)
{
    struct revision_row *rows = NULL;
    size_t count = 0;
    all->query.offset = all->page->cursor + all->returned;
    all->query.limit = CHUNK_REVISIONS + 1; /* one more tells whether there is more */
    struct fault fault = store_query_revisions(store, arena, &all->query, &rows, &count);
    size_t i = 0;
    for (; i < count && i < CHUNK_REVISIONS && !is_full(all) && !failed(fault); i++) {
        fault = put_version(&all->answer->writer, arena, all->x, store, &rows[i]);
        all->returned++;
    }
    all->has_more = i < count;
    return fault;
}

static struct fault read_all_versions(struct store *store, void *input)
{
    struct all_versions *all = input;
    struct fault fault = fault_none();
    do {
        struct arena arena;
        arena_open(&arena, 64 * 1024);
        fault = put_chunk(all, store, &arena);
        fault.where = arena_copy_str(all->x->arena, fault.where);
        fault.why = arena_copy_str(all->x->arena, fault.why);
        arena_close(&arena);
    } while (all->has_more && !is_full(all) && !failed(fault));
    return fault;
}

static bool read_instant(struct exchange *x, struct str name, int64_t *ms)
{
    struct str text;
    if (!request_query(x, name, &text))
        return false;
    if (str_is_absent(text) || (instant_parse_date(text, ms) && instant_is_calendar_date(text)))
        return true;
    amplitude_refuse_fault(x,
                           fault_make(FAULT_INVALID, name,
                                      STR("must be an ISO 8601 date or timestamp with its zone")));
    return false;
}

static bool read_query(struct exchange *x, struct revision_query *query, struct page *page)
{
    struct projects projects;
    *query = (struct revision_query){
        .groups = KIND_FLAG | KIND_EXPERIMENT, .from_ms = INT64_MIN, .to_ms = INT64_MAX};
    if (!request_cover_projects(x, &projects) || !request_page(x, page) ||
        !read_instant(x, STR("start"), &query->from_ms) ||
        !read_instant(x, STR("end"), &query->to_ms))
        return false;
    uint64_t *numbers = ARENA_NEW_ARRAY(x->arena, uint64_t, projects.count);
    for (size_t i = 0; i < projects.count; i++)
        numbers[i] = projects.list[i]->number;
    query->environments = numbers;
    query->environment_count = projects.count;
    return true;
}

void amplitude_list_versions(struct exchange *x)
{
    struct page page;
    struct amplitude_answer answer;
    struct all_versions all = {.x = x, .page = &page, .answer = &answer};
    if (!read_query(x, &all.query, &page))
        return;
    struct json_writer *writer = amplitude_answer_begin(&answer);
    json_object_begin(writer);
    json_key(writer, STR("versions"));
    json_array_begin(writer);
    if (!read_store(x, &answer, read_all_versions, &all))
        return;
    json_array_end(writer);
    if (all.has_more)
        json_member_u64(writer, STR("nextCursor"), page.cursor + all.returned);
    json_object_end(writer);
    amplitude_answer_end(x, &answer);
}
