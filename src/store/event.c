/* SPDX-License-Identifier: Apache-2.0 */
/* event - what happened, once each, and how much of a quota has been used. */
#include "store/connection.h"

/* ---- events ------------------------------------------------------------------------------ */

static struct fault insert_event(struct store *store, const struct event_row *event,
                                 size_t *changed)
{
    static const char sql[] =
        "INSERT INTO event (environment, event_id, kind, flag_key, variation, subject_id, version,"
        " at_ms, received_ms, document) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (environment, event_id) DO NOTHING";
    const struct bind binds[] = {
        bind_u64(event->environment), bind_text(event->event_id),  bind_text(event->kind),
        bind_text(event->flag_key),   bind_text(event->variation), bind_text(event->subject_id),
        bind_u64(event->version),     bind_integer(event->at_ms),  bind_integer(event->received_ms),
        bind_text(event->document),
    };
    return store_execute(store, sql, binds, COUNT_OF(binds), changed);
}

struct fault store_insert_events(struct store *store, const struct event_row *events, size_t count,
                                 size_t *stored)
{
    *stored = 0;
    for (size_t i = 0; i < count; i++) {
        size_t changed = 0;
        struct fault fault = insert_event(store, &events[i], &changed);
        if (failed(fault))
            return fault;
        *stored += changed;
    }
    return fault_none();
}

static struct fault note_presence(const struct row *row, void *context)
{
    (void)row;
    bool *has = context;
    *has = true;
    return fault_none();
}

struct fault store_has_event(struct store *store, uint64_t environment, struct str event_id,
                             bool *has)
{
    static const char sql[] = "SELECT 1 FROM event WHERE environment = $1 AND event_id = $2";
    const struct bind binds[] = {bind_u64(environment), bind_text(event_id)};
    *has = false;
    return store_query(store, sql, binds, COUNT_OF(binds), note_presence, has);
}

/* ---- quotas ------------------------------------------------------------------------------ */

struct fault store_add_quota_use(struct store *store, uint64_t environment, int month,
                                 uint64_t requests)
{
    static const char sql[] =
        "INSERT INTO quota_use (environment, month, used) VALUES ($1, $2, $3)"
        " ON CONFLICT (environment, month) DO UPDATE SET used = quota_use.used + excluded.used";
    const struct bind binds[] = {bind_u64(environment), bind_integer(month), bind_u64(requests)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

static struct fault add_quota(const struct row *row, void *context)
{
    struct gathering *quotas = context;
    struct quota_row *quota = gathering_add(quotas);
    quota->environment = row_u64(row, 0);
    quota->month = (int)row_integer(row, 1);
    quota->used = row_u64(row, 2);
    return fault_none();
}

struct fault store_load_quota_use(struct store *store, struct arena *arena, int month,
                                  struct quota_row **rows, size_t *count)
{
    static const char sql[] = "SELECT environment, month, used FROM quota_use WHERE month = $1"
                              " ORDER BY environment";
    const struct bind binds[] = {bind_integer(month)};
    struct gathering quotas = {.arena = arena, .item_bytes = sizeof(struct quota_row)};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), add_quota, &quotas);
    *rows = quotas.items;
    *count = quotas.count;
    return fault;
}
