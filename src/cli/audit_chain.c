/* SPDX-License-Identifier: Apache-2.0 */
/* audit_chain - row by row: see audit_chain.h. */
#include "cli/audit_chain.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/instant.h"
#include "base/sha256.h"
#include "client/home.h"
#include "store/store.h"
#include "json/write.h"

enum { HASH_BYTES = SHA256_BYTES, LINE_BYTES_MAX = 64 * 1024 * 1024, PIECE_BYTES = 65536 };

static const struct json_budget row_budget = {
    .depth_max = JSON_DEPTH_MAX,
    .members_max = SIZE_MAX,
    .string_bytes_max = SIZE_MAX,
    .number_bytes_max = 64,
};

void chain_open(struct chain *chain)
{
    *chain = (struct chain){0};
    arena_open(&chain->arena, 16384);
}

void chain_close(struct chain *chain)
{
    arena_close(&chain->arena);
}

bool chain_is_whole(const struct chain *chain)
{
    return !chain->is_bad && chain->row_count > 0;
}

struct str chain_head(struct arena *arena, const struct chain *chain)
{
    return sha256_hex(arena, chain->head);
}

static void break_at(struct chain *chain, uint64_t sequence, const char *why)
{
    if (chain->is_bad)
        return;
    chain->is_bad = true;
    chain->bad_sequence = sequence;
    chain->why = str_of(why);
}

/* ---- a row --------------------------------------------------------------------------------------
 */

static bool read_text(const struct json *row, struct str name, struct str *text)
{
    const struct json *member = json_find(row, name);
    if (member == NULL || member->type != JSON_STRING)
        return false;
    *text = member->string;
    return true;
}

/* null is 0. */
static bool read_number(const struct json *row, struct str name, uint64_t *number)
{
    const struct json *member = json_find(row, name);
    *number = 0;
    if (member == NULL || (member->type != JSON_NUMBER && member->type != JSON_NULL))
        return false;
    if (member->type == JSON_NULL)
        return true;
    if (!(member->number >= 0) || member->number > 9007199254740992.0)
        return false;
    *number = (uint64_t)member->number;
    return (double)*number == member->number;
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(const struct json *row, struct str name, unsigned char hash[HASH_BYTES])
{
    struct str text;
    if (!read_text(row, name, &text) || text.size != 2 * HASH_BYTES)
        return false;
    for (size_t i = 0; i < HASH_BYTES; i++) {
        int high = digit_of(text.data[2 * i]), low = digit_of(text.data[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        hash[i] = (unsigned char)(high * 16 + low);
    }
    return true;
}

/* A string in the hash, JSON in the answer: both are spelled by json_writer, so that spelling the
 * one again gives the other. */
static bool read_detail(struct arena *arena, const struct json *row, struct str *detail)
{
    const struct json *member = json_find(row, STR("detail"));
    *detail = STR("");
    if (member == NULL)
        return false;
    if (member->type == JSON_NULL)
        return true;
    struct buf buf;
    struct json_writer writer;
    buf_open(&buf, SIZE_MAX);
    json_writer_open(&writer, &buf);
    json_tree(&writer, member);
    *detail = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return true;
}

static bool read_app(const struct json *row, struct str *app)
{
    const struct json *member = json_find(row, STR("appId"));
    *app = (struct str){0};
    return member != NULL && (member->type == JSON_NULL || read_text(row, STR("appId"), app));
}

/* What the hash does not cover is not there: an added member would pass for true. */
static bool has_known_members_only(const struct json *row)
{
    enum { MEMBERS = 11 };
    return row->type == JSON_OBJECT && row->count == MEMBERS;
}

static bool read_row(struct arena *arena, const struct json *row, struct audit_row *audit)
{
    struct str at;
    *audit = (struct audit_row){0};
    return has_known_members_only(row) && read_number(row, STR("sequence"), &audit->sequence) &&
           read_text(row, STR("at"), &at) && instant_parse(at, &audit->at_ms) &&
           read_text(row, STR("actor"), &audit->actor) &&
           read_text(row, STR("action"), &audit->action) && read_app(row, &audit->app_id) &&
           read_number(row, STR("environment"), &audit->environment) &&
           read_number(row, STR("version"), &audit->version) &&
           read_text(row, STR("subject"), &audit->subject) &&
           read_detail(arena, row, &audit->detail) &&
           read_hash(row, STR("previousHash"), audit->previous_hash) &&
           read_hash(row, STR("hash"), audit->hash);
}

/* ---- the chain ----------------------------------------------------------------------------------
 */

static bool is_same(const unsigned char a[HASH_BYTES], const unsigned char b[HASH_BYTES])
{
    return memcmp(a, b, HASH_BYTES) == 0;
}

static bool is_genuine(const struct audit_row *audit)
{
    unsigned char hash[HASH_BYTES];
    store_hash_audit(audit, hash);
    return is_same(hash, audit->hash);
}

static void check_first(struct chain *chain, const struct audit_row *audit)
{
    static const unsigned char nothing[HASH_BYTES] = {0};
    if (audit->sequence == 0 || (audit->sequence == 1 && !is_same(audit->previous_hash, nothing)))
        break_at(chain, audit->sequence, "nothing can stand before the first row");
}

/* The row that is nearer to the end of the trail is the one that does not fit. */
static void check_neighbour(struct chain *chain, const struct audit_row *audit)
{
    if (chain->direction == CHAIN_UNKNOWN)
        chain->direction = audit->sequence > chain->sequence ? CHAIN_UP : CHAIN_DOWN;
    bool goes_up = chain->direction == CHAIN_UP;
    uint64_t lower = goes_up ? chain->sequence : audit->sequence;
    uint64_t upper = goes_up ? audit->sequence : chain->sequence;
    if (upper <= lower)
        break_at(chain, audit->sequence, "it is out of order");
    else if (upper != lower + 1)
        break_at(chain, lower + 1, "it is missing");
    else if (goes_up ? !is_same(audit->previous_hash, chain->hash)
                     : !is_same(chain->previous_hash, audit->hash))
        break_at(chain, upper, "it does not follow from the row before it");
}

static void remember(struct chain *chain, const struct audit_row *audit)
{
    bool is_newest = chain->row_count == 0 || chain->direction == CHAIN_UP;
    chain->sequence = audit->sequence;
    memcpy(chain->hash, audit->hash, HASH_BYTES);
    memcpy(chain->previous_hash, audit->previous_hash, HASH_BYTES);
    if (is_newest)
        memcpy(chain->head, audit->hash, HASH_BYTES);
}

static uint64_t expected(const struct chain *chain)
{
    if (chain->row_count == 0)
        return 1;
    return chain->direction == CHAIN_UP ? chain->sequence + 1 : chain->sequence - 1;
}

void chain_take(struct chain *chain, const struct json *row)
{
    struct audit_row audit;
    arena_reset(&chain->arena);
    if (!chain->is_bad && !read_row(&chain->arena, row, &audit)) {
        break_at(chain, expected(chain), "it is no row of a trail");
    } else if (!chain->is_bad) {
        if (!is_genuine(&audit))
            break_at(chain, audit.sequence, "it was changed: its hash is another");
        else if (audit.sequence <= 1)
            check_first(chain, &audit);
        if (!chain->is_bad && chain->row_count > 0)
            check_neighbour(chain, &audit);
        if (!chain->is_bad)
            remember(chain, &audit);
        if (!chain->is_bad && chain->row_count == 0)
            chain->first_sequence = audit.sequence;
    }
    chain->row_count++;
}

void chain_end(struct chain *chain)
{
    bool goes_down = chain->direction == CHAIN_DOWN;
    uint64_t oldest = goes_down ? chain->sequence : chain->first_sequence;
    if (chain->row_count == 0)
        break_at(chain, 1, "there are no rows");
    else if (oldest != 1)
        break_at(chain, 1, "it is missing");
}

/* ---- files --------------------------------------------------------------------------------------
 */

static void take_line(struct chain *chain, struct arena *arena, struct str line)
{
    struct json row;
    if (str_is_empty(str_trim(line)))
        return;
    arena_reset(arena);
    if (failed(json_parse(arena, line, &row_budget, &row)))
        row = json_make_null();
    chain_take(chain, &row);
}

/* Whole lines of what has come so far; the rest moves to the front. */
static void take_lines(struct chain *chain, struct arena *arena, struct buf *pending)
{
    struct str text = buf_str(pending);
    size_t from = 0;
    for (size_t end = str_find_byte(text, '\n', 0); end < text.size;
         end = str_find_byte(text, '\n', from)) {
        take_line(chain, arena, str_slice(text, from, end));
        from = end + 1;
    }
    memmove(pending->data, pending->data + from, text.size - from);
    pending->size = text.size - from;
}

static bool read_piece(FILE *file, struct buf *pending)
{
    char *room = buf_reserve(pending, PIECE_BYTES);
    if (room == NULL)
        return false;
    size_t got = fread(room, 1, PIECE_BYTES, file);
    buf_advance(pending, got);
    return got > 0;
}

struct fault chain_read_file(struct chain *chain, struct arena *arena, struct str path)
{
    bool is_stream = str_equal(path, STR("-"));
    FILE *file = is_stream ? stdin : fopen(arena_format(arena, "%.*s", STR_ARG(path)).data, "re");
    if (file == NULL)
        return home_cannot(arena, "read", path, errno);
    struct buf pending;
    struct arena line_arena;
    buf_open(&pending, LINE_BYTES_MAX);
    arena_open(&line_arena, 16384);
    while (read_piece(file, &pending))
        take_lines(chain, &line_arena, &pending);
    if (pending.size > 0)
        take_line(chain, &line_arena, buf_str(&pending));
    bool is_read = ferror(file) == 0;
    bool is_short = !buf_failed(&pending);
    arena_close(&line_arena);
    buf_close(&pending);
    if (!is_stream)
        fclose(file);
    if (!is_read)
        return fault_make(FAULT_INVALID, path,
                          arena_format(arena, "%.*s cannot be read", STR_ARG(path)));
    if (!is_short)
        return fault_make(FAULT_LIMIT, path,
                          arena_format(arena, "%.*s has a line of 64 MiB", STR_ARG(path)));
    chain_end(chain);
    return fault_none();
}
