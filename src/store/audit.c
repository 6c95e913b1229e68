/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit - who did what, each row bound to the one before it.
 *
 * hash = SHA-256(previous_hash || text), where previous_hash is 32 zero bytes for the first row and
 * text is the row as JSON without blanks, members in exactly this order:
 *
 *     {"sequence":n,"at":ms,"actor":"…","action":"…","app":"…"|null,"environment":n,"version":n,
 *      "subject":"…","detail":"…"}
 *
 * detail is a string here (JSON inside a string), so that the hash covers its very bytes. The end
 * of the chain is kept in audit_head: rows missing at the end show, and its row lock is what gives
 * sequences without gaps when several nodes write.
 */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "store/audit.h"
#include "json/write.h"

enum { HASH_BYTES = crypto_hash_sha256_BYTES };

static_assert(sizeof(((struct audit_row *)0)->hash) == HASH_BYTES, "a row holds a whole hash");

/* ---- the hash ---------------------------------------------------------------------------- */

static void write_row(struct json_writer *writer, const struct audit_row *row)
{
    json_object_begin(writer);
    json_member_u64(writer, STR("sequence"), row->sequence);
    json_key(writer, STR("at"));
    json_i64(writer, row->at_ms);
    json_member_string(writer, STR("actor"), row->actor);
    json_member_string(writer, STR("action"), row->action);
    json_key(writer, STR("app"));
    if (str_is_absent(row->app_id))
        json_null(writer);
    else
        json_string(writer, row->app_id);
    json_member_u64(writer, STR("environment"), row->environment);
    json_member_u64(writer, STR("version"), row->version);
    json_member_string(writer, STR("subject"), row->subject);
    json_member_string(writer, STR("detail"), row->detail);
    json_object_end(writer);
}

/* `text` is room to work in, so that a walk over many rows asks for memory once. */
static void hash_row(struct buf *text, const struct audit_row *row, unsigned char hash[HASH_BYTES])
{
    struct json_writer writer;
    buf_clear(text);
    json_writer_open(&writer, text);
    write_row(&writer, row);
    assert(!buf_failed(text));

    crypto_hash_sha256_state state;
    crypto_hash_sha256_init(&state);
    crypto_hash_sha256_update(&state, row->previous_hash, HASH_BYTES);
    crypto_hash_sha256_update(&state, (const unsigned char *)buf_str(text).data,
                              buf_str(text).size);
    crypto_hash_sha256_final(&state, hash);
}

void store_hash_audit(const struct audit_row *row, unsigned char hash[HASH_BYTES])
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    hash_row(&text, row, hash);
    buf_close(&text);
}

/* NULL stands for the zero bytes before the first row. */
static bool read_hash(struct str stored, unsigned char hash[HASH_BYTES])
{
    memset(hash, 0, HASH_BYTES);
    if (str_is_absent(stored))
        return true;
    if (stored.size != HASH_BYTES)
        return false;
    memcpy(hash, stored.data, HASH_BYTES);
    return true;
}

/* ---- appending --------------------------------------------------------------------------- */

static struct fault take_head(const struct row *row, void *context)
{
    struct audit_row *next = context;
    next->sequence = row_u64(row, 0);
    if (!read_hash(row_text(row, 1), next->previous_hash))
        return fault_make(FAULT_UNAVAILABLE, STR("audit_head"), STR("the store is damaged"));
    return fault_none();
}

/* Locks the end of the chain and takes the next place behind it. */
static struct fault take_place(struct store *store, struct audit_row *next)
{
    static const char sql[] = "UPDATE audit_head SET sequence = sequence + 1 WHERE id = 1"
                              " RETURNING sequence, hash";
    next->sequence = 0;
    struct fault fault = store_execute_returning(store, sql, NULL, 0, take_head, next);
    if (!failed(fault) && next->sequence == 0)
        return fault_make(FAULT_UNAVAILABLE, STR("audit_head"), STR("the store is damaged"));
    return fault;
}

static struct fault insert_row(struct store *store, const struct audit_row *row)
{
    static const char sql[] = "INSERT INTO audit (" AUDIT_COLUMNS ")"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    const struct bind binds[] = {
        bind_u64(row->sequence),
        bind_integer(row->at_ms),
        bind_text(row->actor),
        bind_text(row->action),
        bind_text(row->app_id),
        bind_u64(row->environment),
        bind_u64(row->version),
        bind_text(row->subject),
        bind_text(row->detail),
        bind_bytes(row->previous_hash, HASH_BYTES),
        bind_bytes(row->hash, HASH_BYTES),
    };
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

static struct fault move_head(struct store *store, const struct audit_row *row)
{
    static const char sql[] = "UPDATE audit_head SET hash = $1 WHERE id = 1";
    const struct bind binds[] = {bind_bytes(row->hash, HASH_BYTES)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

static struct str present(struct str text)
{
    return str_is_absent(text) ? STR("") : text;
}

struct fault store_append_audit(struct store *store, const struct audit_row *row)
{
    struct audit_row next = *row;
    next.actor = present(row->actor);
    next.action = present(row->action);
    next.subject = present(row->subject);
    next.detail = present(row->detail);
    struct fault fault = take_place(store, &next);
    if (failed(fault))
        return fault;

    struct buf text;
    buf_open(&text, SIZE_MAX);
    hash_row(&text, &next, next.hash);
    buf_close(&text);
    fault = insert_row(store, &next);
    if (failed(fault))
        return fault;
    return move_head(store, &next);
}

/* ---- reading ----------------------------------------------------------------------------- */

/* Texts are borrowed from the row. */
static bool read_row(const struct row *row, struct audit_row *audit)
{
    audit->sequence = row_u64(row, 0);
    audit->at_ms = row_integer(row, 1);
    audit->actor = row_text(row, 2);
    audit->action = row_text(row, 3);
    audit->app_id = row_text(row, 4);
    audit->environment = row_u64(row, 5);
    audit->version = row_u64(row, 6);
    audit->subject = row_text(row, 7);
    audit->detail = row_text(row, 8);
    return read_hash(row_text(row, 9), audit->previous_hash) &&
           read_hash(row_text(row, 10), audit->hash);
}

struct fault audit_add(const struct row *row, void *context)
{
    struct gathering *rows = context;
    struct audit_row *audit = gathering_add(rows);
    if (!read_row(row, audit))
        return fault_make(FAULT_UNAVAILABLE, STR("audit"), STR("the store is damaged"));
    audit->actor = arena_copy_str(rows->arena, audit->actor);
    audit->action = arena_copy_str(rows->arena, audit->action);
    audit->app_id = arena_copy_str(rows->arena, audit->app_id);
    audit->subject = arena_copy_str(rows->arena, audit->subject);
    audit->detail = arena_copy_str(rows->arena, audit->detail);
    return fault_none();
}

struct fault store_load_audit(struct store *store, struct arena *arena, uint64_t after,
                              size_t limit, struct audit_row **rows, size_t *count)
{
    static const char sql[] = "SELECT " AUDIT_COLUMNS " FROM audit WHERE sequence > $1"
                              " ORDER BY sequence LIMIT $2";
    const struct bind binds[] = {bind_u64(after), bind_u64(limit)};
    struct gathering gathered = {.arena = arena, .item_bytes = sizeof(struct audit_row)};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), audit_add, &gathered);
    *rows = gathered.items;
    *count = gathered.count;
    return fault;
}

/* ---- verifying --------------------------------------------------------------------------- */

struct verification {
    struct buf text;
    bool has_head, is_bad;
    uint64_t sequence; /* of the last row that was in order */
    unsigned char hash[HASH_BYTES];
    uint64_t head_sequence;
    unsigned char head_hash[HASH_BYTES];
};

static bool follows(struct verification *chain, const struct audit_row *audit)
{
    unsigned char hash[HASH_BYTES];
    if (audit->sequence != chain->sequence + 1 || audit->sequence > chain->head_sequence)
        return false;
    if (memcmp(audit->previous_hash, chain->hash, HASH_BYTES) != 0)
        return false;
    hash_row(&chain->text, audit, hash);
    if (memcmp(audit->hash, hash, HASH_BYTES) != 0)
        return false;
    return audit->sequence < chain->head_sequence ||
           memcmp(audit->hash, chain->head_hash, HASH_BYTES) == 0;
}

static struct fault verify_row(const struct row *row, void *context)
{
    struct verification *chain = context;
    chain->has_head = true;
    chain->head_sequence = row_u64(row, 11);
    struct audit_row audit;
    bool is_readable = read_hash(row_text(row, 12), chain->head_hash) && read_row(row, &audit);
    if (str_is_absent(row_text(row, 10)))
        return fault_none(); /* no row at all was joined to the head */
    if (chain->is_bad || !is_readable || !follows(chain, &audit)) {
        chain->is_bad = true;
        return fault_none();
    }
    chain->sequence = audit.sequence;
    memcpy(chain->hash, audit.hash, HASH_BYTES);
    return fault_none();
}

/* One statement, so that the head belongs to the rows although others append meanwhile; its rows
 * are looked at one by one and kept nowhere. */
struct fault store_verify_audit(struct store *store, struct arena *arena)
{
    static const char sql[] =
        "SELECT a.sequence, a.at_ms, a.actor, a.action, a.app_id, a.environment, a.version,"
        " a.subject, a.detail, a.previous_hash, a.hash, h.sequence, h.hash"
        " FROM audit_head h LEFT JOIN audit a ON 1 = 1 WHERE h.id = 1"
        " ORDER BY a.sequence";
    struct verification chain = {0};
    buf_open(&chain.text, SIZE_MAX);
    struct fault fault = store_query(store, sql, NULL, 0, verify_row, &chain);
    buf_close(&chain.text);
    if (failed(fault))
        return fault;
    if (chain.has_head && !chain.is_bad && chain.sequence == chain.head_sequence)
        return fault_none();
    return fault_make(FAULT_INVALID,
                      arena_format(arena, "%llu", (unsigned long long)chain.sequence + 1),
                      STR("the audit trail has been tampered with"));
}
