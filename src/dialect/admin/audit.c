/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit - who did what: the trail, newest first, and whether it is whole. See manage.h.
 *
 * Every row is shown with all that its hash is made of (store/audit.c), so that who keeps the
 * pages, or one hash of them, can tell for themselves whether anything was changed since.
 */
#include <string.h>

#include "base/hex.h"
#include "base/instant.h"
#include "dialect/admin/answer.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/request.h"
#include "dialect/admin/rights.h"

/* Rows looked at for one page: who sees few of many, or asks for something rare, gets short pages
 * rather than slow ones. The first batch is what the page wants; where that does not fill it,
 * larger ones follow. */
enum { SCANNED_MAX = 10000, BATCH = 1000, LOOKED_MAX = 50000 };

/* ---- one row -------------------------------------------------------------------------------- */

static void write_hash(struct json_writer *writer, struct str key, const unsigned char hash[32])
{
    char text[64];
    for (size_t i = 0; i < 32; i++) {
        text[2 * i] = hex_digit(hash[i] >> 4);
        text[2 * i + 1] = hex_digit(hash[i]);
    }
    json_member_string(writer, key, (struct str){text, sizeof(text)});
}

static void write_row(struct json_writer *writer, const struct audit_row *row)
{
    char at[INSTANT_TEXT_BYTES];
    instant_format(row->at_ms, at); /* with its milliseconds: they are hashed */
    json_object_begin(writer);
    json_member_u64(writer, STR("sequence"), row->sequence);
    json_member_string(writer, STR("at"), str_of(at));
    json_member_string(writer, STR("actor"), row->actor);
    json_member_string(writer, STR("action"), row->action);
    json_member_string_or_null(writer, STR("appId"), row->app_id);
    json_member_u64_or_null(writer, STR("environment"), row->environment);
    json_member_u64_or_null(writer, STR("version"), row->version);
    json_member_string(writer, STR("subject"), row->subject);
    json_key(writer, STR("detail"));
    if (str_is_empty(row->detail))
        json_null(writer);
    else
        json_raw(writer, row->detail);
    write_hash(writer, STR("previousHash"), row->previous_hash);
    write_hash(writer, STR("hash"), row->hash);
    json_object_end(writer);
}

/* ---- who sees what ----------------------------------------------------------------------------
 */

/* Of people and credentials without an app, those who oversee all of them see the rows. */
static bool sees_row(const struct exchange *x, const struct audit_row *row)
{
    if (rights_oversee(x->caller))
        return true;
    if (row->environment == 0)
        return !str_is_absent(row->app_id) && caller_sees_app(x->caller, row->app_id);
    const struct catalog_environment *environment =
        catalog_find_environment(x->view->catalog, row->environment);
    return environment != NULL &&
           caller_sees_environment(x->caller, environment->app_id, environment->number);
}

/* What the store may leave out at once; sees_row has the last word. */
static void narrow(const struct exchange *x, struct audit_query *query)
{
    if (x->caller->kind == CREDENTIAL_PERSONAL)
        return;
    const struct catalog *catalog = x->view->catalog;
    uint64_t *numbers = ARENA_NEW_ARRAY(x->arena, uint64_t, catalog->environment_count);
    for (size_t i = 0; i < catalog->environment_count; i++) {
        const struct catalog_environment *environment = &catalog->environments[i];
        if (caller_sees_environment(x->caller, environment->app_id, environment->number))
            numbers[query->environment_count++] = environment->number;
    }
    query->environments = numbers;
    query->takes_others = x->caller->kind == CREDENTIAL_APP;
}

/* ---- the list ---------------------------------------------------------------------------------
 */

struct audit_page {
    struct audit_query query;
    struct arena *arena;
    struct audit_row *rows;
    size_t count;
    uint64_t looked_to;
};

static struct fault read_rows(struct store *store, void *input)
{
    struct audit_page *page = input;
    return store_query_audit(store, page->arena, &page->query, &page->rows, &page->count);
}

static bool read_instant(struct exchange *x, const char *parameter, int64_t *ms)
{
    struct str text;
    if (!admin_read_query(x, str_of(parameter + 1), &text))
        return false;
    if (str_is_absent(text))
        return true;
    if (instant_parse_date(text, ms) && instant_is_calendar_date(text)) {
        *ms -= *ms == 0; /* which the store takes for open; there is nothing between the two */
        return true;
    }
    return admin_refuse_with(x, FAULT_INVALID, parameter,
                             STR("must be an instant, as 2026-01-31T12:00:00Z, or a day"));
}

static bool read_environment(struct exchange *x, struct audit_query *query)
{
    struct str text;
    if (!admin_read_query(x, STR("environment"), &text))
        return false;
    if (str_is_absent(text)) {
        narrow(x, query);
        return true;
    }
    const struct catalog_environment *environment = admin_seen_environment_named(x, text);
    if (environment == NULL)
        return admin_refuse_with(x, FAULT_MISSING, "?environment",
                                 STR("there is no such environment"));
    query->environments = &environment->number;
    query->environment_count = 1;
    return true;
}

static bool read_filters(struct exchange *x, const struct admin_page *page,
                         struct audit_query *query)
{
    if (!str_is_absent(page->after) && !admin_parse_number(page->after, &query->below))
        return admin_refuse_with(x, FAULT_INVALID, "?cursor", STR("is not of this list"));
    return read_environment(x, query) && admin_read_query(x, STR("actor"), &query->actor) &&
           admin_read_query(x, STR("action"), &query->action) &&
           admin_read_query(x, STR("subject"), &query->subject) &&
           read_instant(x, "?from", &query->from_ms) && read_instant(x, "?to", &query->to_ms);
}

/* Writes what the caller sees of one batch; false when the page is full. */
static bool write_batch(struct exchange *x, struct json_writer *writer,
                        const struct audit_page *batch, size_t limit, size_t *written,
                        uint64_t *last)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (sees_row(x, &batch->rows[i])) {
            if (*written == limit)
                return false;
            write_row(writer, &batch->rows[i]);
            (*written)++;
        }
        *last = batch->rows[i].sequence;
    }
    return true;
}

/* `next` is where the following page begins, 0 at the end. */
static struct fault write_rows(struct exchange *x, struct json_writer *writer,
                               struct audit_page *batch, size_t limit, uint64_t *next)
{
    size_t written = 0;
    *next = 0;
    for (size_t scanned = 0; scanned < SCANNED_MAX; scanned += batch->count) {
        struct fault fault = change_read_store(x->services->changer, read_rows, batch);
        if (failed(fault))
            return fault;
        if (!write_batch(x, writer, batch, limit, &written, next))
            return fault_none();
        if (batch->looked_to != 0 || batch->count < batch->query.limit) {
            *next = batch->looked_to;
            return fault_none();
        }
        batch->query.below = *next;
        batch->query.limit = BATCH;
    }
    return fault_none();
}

void admin_list_audit(struct exchange *x)
{
    struct admin_page page;
    struct audit_page batch = {.arena = x->arena};
    if (!admin_read_page(x, &page) || !read_filters(x, &page, &batch.query))
        return;
    batch.query.limit = page.limit + 1;
    batch.query.looked_max = LOOKED_MAX;
    batch.query.looked_to = &batch.looked_to;
    struct admin_answer answer;
    struct json_writer *writer = admin_page_begin(&answer);
    uint64_t next = 0;
    struct fault fault = write_rows(x, writer, &batch, page.limit, &next);
    if (failed(fault)) {
        buf_close(&answer.buf);
        admin_refuse(x, fault, 0, (struct str){0});
        return;
    }
    struct str cursor = {0};
    if (next != 0)
        cursor = arena_format(x->arena, "%llu", (unsigned long long)next);
    admin_page_end(x, &answer, cursor);
}

/* ---- whether it is whole ------------------------------------------------------------------------
 */

struct verification {
    struct arena *arena;
    uint64_t rows; /* without gaps, so that the last sequence is their number */
    unsigned char hash[32];
    struct fault fault;
};

/* The end first: rows that are appended in between are verified, too, but not spoken of. */
static struct fault verify(struct store *store, void *input)
{
    struct verification *verification = input;
    const struct audit_query newest = {.limit = 1};
    struct audit_row *rows = NULL;
    size_t count = 0;
    struct fault fault = store_query_audit(store, verification->arena, &newest, &rows, &count);
    if (failed(fault))
        return fault;
    if (count == 1) {
        verification->rows = rows[0].sequence;
        memcpy(verification->hash, rows[0].hash, sizeof(verification->hash));
    }
    verification->fault = store_verify_audit(store, verification->arena);
    return verification->fault.kind == FAULT_INVALID ? fault_none() : verification->fault;
}

void admin_verify_audit(struct exchange *x)
{
    struct verification verification = {.arena = x->arena};
    if (!rights_oversee(x->caller)) {
        admin_refuse_with(x, FAULT_DENIED, "", STR("only administrators do this"));
        return;
    }
    struct fault fault = change_read_store(x->services->changer, verify, &verification);
    if (failed(fault)) {
        admin_refuse(x, fault, 0, (struct str){0});
        return;
    }
    bool is_whole = !failed(verification.fault);
    uint64_t first_bad = 0;
    if (!is_whole && !str_parse_u64(verification.fault.where, &first_bad))
        first_bad = 1;
    struct admin_answer answer;
    struct json_writer *writer = admin_answer_begin(&answer);
    json_object_begin(writer);
    json_member_boolean(writer, STR("verified"), is_whole);
    json_member_u64(writer, STR("rows"), verification.rows);
    write_hash(writer, STR("hash"), verification.hash);
    json_member_u64_or_null(writer, STR("firstBad"), first_bad);
    json_object_end(writer);
    admin_answer_end(x, &answer, 200);
}
