/* SPDX-License-Identifier: Apache-2.0 */
/* note - texts remembered by key, for as long as there is room: see store.h. */
#include <assert.h>

#include "store/connection.h"

static struct str kind_word(enum note_kind kind)
{
    switch (kind) {
    case NOTE_DEVICE:
        return STR("device");
    case NOTE_VARIATION:
        return STR("variation");
    }
    assert(false);
    return STR("");
}

static struct fault put_note(struct store *store, enum note_kind kind, const struct note_row *row)
{
    static const char sql[] =
        "INSERT INTO note (kind, environment, key, value, at_ms) VALUES ($1, $2, $3, $4, $5)"
        " ON CONFLICT (kind, environment, key) DO UPDATE"
        " SET value = excluded.value, at_ms = excluded.at_ms"
        " WHERE excluded.at_ms >= note.at_ms";
    const struct bind binds[] = {bind_text(kind_word(kind)), bind_u64(row->environment),
                                 bind_text(row->key), bind_text(row->value),
                                 bind_integer(row->at_ms)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

struct fault store_put_notes(struct store *store, enum note_kind kind, const struct note_row *rows,
                             size_t count)
{
    struct fault fault = fault_none();
    for (size_t i = 0; i < count && !failed(fault); i++)
        fault = put_note(store, kind, &rows[i]);
    return fault;
}

static struct fault add_note(const struct row *row, void *context)
{
    struct gathering *notes = context;
    struct note_row *note = gathering_add(notes);
    note->environment = row_u64(row, 0);
    note->key = row_copy_text(row, 1, notes->arena);
    note->value = row_copy_text(row, 2, notes->arena);
    note->at_ms = row_integer(row, 3);
    return fault_none();
}

struct fault store_load_notes(struct store *store, struct arena *arena, enum note_kind kind,
                              size_t limit, struct note_row **rows, size_t *count)
{
    static const char sql[] = "SELECT environment, key, value, at_ms FROM note WHERE kind = $1"
                              " ORDER BY at_ms DESC, environment DESC, key DESC LIMIT $2";
    const struct bind binds[] = {bind_text(kind_word(kind)), bind_u64(limit)};
    struct gathering notes = {.arena = arena, .item_bytes = sizeof(struct note_row)};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), add_note, &notes);
    *rows = failed(fault) ? NULL : notes.items;
    *count = failed(fault) ? 0 : notes.count;
    return fault;
}

/* Those as old as the oldest one kept stay as well: there is no telling them apart. */
struct fault store_trim_notes(struct store *store, enum note_kind kind, size_t kept)
{
    static const char all[] = "DELETE FROM note WHERE kind = $1";
    static const char some[] =
        "DELETE FROM note WHERE kind = $1 AND at_ms < (SELECT at_ms FROM note WHERE kind = $1"
        " ORDER BY at_ms DESC, environment DESC, key DESC LIMIT 1 OFFSET $2)";
    const struct bind binds[] = {bind_text(kind_word(kind)), bind_u64(kept == 0 ? 0 : kept - 1)};
    return kept == 0 ? store_execute(store, all, binds, 1, NULL)
                     : store_execute(store, some, binds, COUNT_OF(binds), NULL);
}
