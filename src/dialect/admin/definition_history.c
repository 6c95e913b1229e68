/* SPDX-License-Identifier: Apache-2.0 */
/*
 * definition_history - what a flag or a segment was, newest first: see definition.h.
 *
 * Documents are read from the store one at a time: each may be megabytes, and there may be
 * thousands.
 */
#include "dialect/admin/definition.h"

struct paging {
    const struct definition_history *history;
    struct admin_page page;
    struct admin_answer answer;
    uint64_t last; /* what was written last; 0: nothing yet */
    size_t count;
    bool has_more;
};

/* What pages are by: a flag's revisions, the versions of a key. */
static uint64_t place_of(const struct definition_history *history, const struct revision_row *row)
{
    return history->number != 0 ? row->sequence : row->version_from;
}

static struct fault load_next(struct store *store, const struct paging *paging, struct arena *arena,
                              struct revision_row **row, size_t *count)
{
    const struct definition_history *history = paging->history;
    const struct history_page page = {.below = paging->last, .limit = 1};
    if (history->number != 0)
        return store_load_object_history(store, arena, history->number, page, row, count);
    return store_load_key_history(store, arena, history->environment, REVISION_SEGMENT,
                                  history->key, page, row, count);
}

static void write_row(struct paging *paging, struct arena *arena, const struct revision_row *row)
{
    struct json_writer *writer = &paging->answer.writer;
    json_object_begin(writer);
    json_member_u64(writer, STR("revision"), row->sequence);
    json_member_u64(writer, STR("version"), row->version_from);
    admin_member_instant(writer, STR("at"), row->at_ms);
    json_member_string(writer, STR("actor"), row->actor);
    json_key(writer, STR("document"));
    definition_write_text(writer, arena, row->document);
    json_object_end(writer);
    paging->last = place_of(paging->history, row);
    paging->count++;
}

static bool is_full(const struct paging *paging)
{
    return paging->count == paging->page.limit ||
           paging->answer.buf.size > DEFINITION_PAGE_BYTES_MAX;
}

static struct fault read_one(struct store *store, struct paging *paging, bool *goes_on)
{
    struct arena arena;
    arena_open(&arena, 64 * 1024);
    struct revision_row *row = NULL;
    size_t count = 0;
    struct fault fault = load_next(store, paging, &arena, &row, &count);
    paging->has_more = !failed(fault) && count > 0 && is_full(paging);
    *goes_on = !failed(fault) && count > 0 && !paging->has_more;
    if (*goes_on)
        write_row(paging, &arena, row);
    fault.where = arena_copy_str(paging->history->x->arena, fault.where);
    fault.why = arena_copy_str(paging->history->x->arena, fault.why);
    arena_close(&arena);
    return fault;
}

static struct fault read_page(struct store *store, void *input)
{
    struct paging *paging = input;
    struct fault fault = fault_none();
    for (bool goes_on = true; goes_on && !failed(fault);)
        fault = read_one(store, paging, &goes_on);
    return fault;
}

static bool begin_page(struct exchange *x, struct paging *paging)
{
    if (!admin_read_page(x, &paging->page))
        return false;
    return str_is_absent(paging->page.after) ||
           admin_parse_number(paging->page.after, &paging->last) ||
           admin_refuse_with(x, FAULT_INVALID, "?cursor", STR("is not of this list"));
}

void definition_answer_history(const struct definition_history *history)
{
    struct exchange *x = history->x;
    struct paging paging = {.history = history};
    if (!begin_page(x, &paging))
        return;
    admin_page_begin(&paging.answer);
    struct fault fault = change_read_store(x->services->changer, read_page, &paging);
    if (!failed(fault) && paging.count == 0 && str_is_absent(paging.page.after))
        fault = fault_make(FAULT_MISSING, STR(""), STR("there never was one under this key"));
    if (failed(fault)) {
        buf_close(&paging.answer.buf);
        admin_refuse(x, fault, 0, (struct str){0});
        return;
    }
    struct str next = {0};
    if (paging.has_more)
        next = arena_format(x->arena, "%llu", (unsigned long long)paging.last);
    admin_page_end(x, &paging.answer, next);
}
