/* SPDX-License-Identifier: Apache-2.0 */
/*
 * states - says what a data directory holds, as the server's own rooms read it.
 *
 *     echo "look DIR" | states      {"store":{"1":[17,"3f…"]},"snapshot":{"1":[16,"a0…"]}}
 *     echo "history DIR" | states   {"1":["e3…","9b…",…]}
 *
 * A line is an order, a line is the answer. look opens the store as the server does at its start,
 * checks all of it, and says of every environment its version and the digest of what is in it; of
 * the newest whole snapshot on disk too (null: there is none). What refuses is "why". history says
 * the digest of every version there ever was: what a look finds must be one of them.
 *
 *     echo "migrations DIR" | states  [["0001_truth","CREATE TABLE …","CREATE TABLE …"],…]
 */
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "change/follow.h"
#include "model/codec.h"
#include "snapshot/disk.h"
#include "store/care.h"
#include "store/connection.h"
#include "store/migrations.h"
#include "json/write.h"

enum { LINE_BYTES_MAX = 4096 };

static void render_nothing(struct snapshot *snapshot)
{
    (void)snapshot;
}

static void digest_snapshot(const struct snapshot *snapshot, char hex[65])
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    for (size_t i = 0; i < snapshot->state.flag_count; i++)
        flag_encode(snapshot->state.flags[i], &text);
    for (size_t i = 0; i < snapshot->state.segment_count; i++)
        segment_encode(snapshot->state.segments[i], &text);
    settings_encode(&snapshot->settings, &text);
    unsigned char digest[32];
    struct str bytes = buf_str(&text);
    crypto_hash_sha256(digest, (const unsigned char *)bytes.data, bytes.size);
    sodium_bin2hex(hex, 65, digest, sizeof(digest));
    buf_close(&text);
}

static void say_view(const struct view *view)
{
    printf("{");
    for (size_t i = 0; i < view->catalog->environment_count; i++) {
        const struct snapshot *snapshot = view->snapshots[i];
        char hex[65];
        digest_snapshot(snapshot, hex);
        printf("%s\"%" PRIu64 "\":[%" PRIu64 ",\"%s\"]", i == 0 ? "" : ",", snapshot->environment,
               snapshot->version, hex);
    }
    printf("}");
}

static int64_t now_ms(void)
{
    return clock_wall_ms(clock_system());
}

/* ---- look -------------------------------------------------------------------------------- */

static void look_at_snapshot(struct str directory)
{
    struct view *view = NULL;
    struct fault fault = disk_load(directory, render_nothing, now_ms(), &view);
    if (failed(fault)) {
        printf("null");
        return;
    }
    say_view(view);
    view_release(view);
}

static struct fault check_store(struct store *store)
{
    struct fault fault = store_check_pages(store, false);
    return failed(fault) ? fault : store_check_contents(store);
}

static void look_at_store(struct str directory)
{
    struct store *store = NULL;
    struct view *view = NULL;
    struct fault fault = store_open(&store, directory, STORE_WRITER);
    if (!failed(fault))
        fault = check_store(store);
    if (!failed(fault))
        fault = follow_everything(store, render_nothing, now_ms(), &view);
    if (failed(fault)) {
        printf("null,\"why\":\"%.*s\"", STR_ARG(fault.why));
    } else {
        say_view(view);
        view_release(view);
    }
    store_close(store);
}

static void look(struct str directory)
{
    printf("{\"snapshot\":");
    look_at_snapshot(directory);
    printf(",\"store\":");
    look_at_store(directory);
    printf("}\n");
}

/* ---- history ----------------------------------------------------------------------------- */

static void say_versions(struct store *store, const struct catalog_environment *environment,
                         uint64_t last)
{
    printf("\"%" PRIu64 "\":[", environment->number);
    for (uint64_t version = 0; version <= last; version++) {
        struct snapshot *snapshot = NULL;
        char hex[65] = "";
        struct fault fault = follow_environment(
            store, environment, environment->hides_flags_by_default, version, now_ms(), &snapshot);
        if (!failed(fault)) {
            digest_snapshot(snapshot, hex);
            snapshot_release(snapshot);
        }
        printf("%s\"%s\"", version == 0 ? "" : ",", hex);
    }
    printf("]");
}

static void say_history(struct str directory)
{
    struct store *store = NULL;
    struct view *view = NULL;
    struct fault fault = store_open(&store, directory, STORE_WRITER);
    if (!failed(fault))
        fault = follow_everything(store, render_nothing, now_ms(), &view);
    printf("{");
    for (size_t i = 0; !failed(fault) && i < view->catalog->environment_count; i++) {
        printf("%s", i == 0 ? "" : ",");
        say_versions(store, &view->catalog->environments[i], view->snapshots[i]->version);
    }
    printf("}\n");
    if (!failed(fault))
        view_release(view);
    store_close(store);
}

/* ---- migrations -------------------------------------------------------------------------- */

static struct str say_words(struct arena *arena, struct str sql, const struct engine_kind *kind)
{
    struct buf text;
    buf_open(&text, SIZE_MAX);
    for (size_t at = 0; at < sql.size;) {
        size_t open = str_find_byte(sql, '@', at);
        size_t close = str_find_byte(sql, '@', open + 1);
        buf_append(&text, str_slice(sql, at, open));
        for (size_t i = 0; open < sql.size && i < kind->word_count; i++) {
            if (str_equal(kind->words[i].token, str_slice(sql, open, close + 1)))
                buf_append(&text, kind->words[i].text);
        }
        at = close + 1;
    }
    struct str said = arena_copy_str(arena, buf_str(&text));
    buf_close(&text);
    return said;
}

/* Name, text in the words of this store's engine, and the text that its checksum is of. */
static void say_migrations(struct str directory)
{
    struct store *store = NULL;
    struct arena arena;
    struct buf text;
    struct json_writer writer;
    size_t count = 0;
    const struct migration *migrations = migrations_list(&count);
    arena_open(&arena, 65536);
    buf_open(&text, SIZE_MAX);
    json_writer_open(&writer, &text);
    json_array_begin(&writer);
    struct fault fault = store_open(&store, directory, STORE_WRITER);
    for (size_t i = 0; i < count && !failed(fault); i++) {
        json_array_begin(&writer);
        json_string(&writer, migrations[i].name);
        json_string(&writer, say_words(&arena, migrations[i].sql, store->engine->kind));
        json_string(&writer, migrations[i].sql);
        json_array_end(&writer);
    }
    json_array_end(&writer);
    printf("%.*s\n", STR_ARG(buf_str(&text)));
    store_close(store);
    buf_close(&text);
    arena_close(&arena);
}

/* ---- orders ------------------------------------------------------------------------------ */

int main(void)
{
    char line[LINE_BYTES_MAX];
    if (sodium_init() < 0)
        return 1;
    while (fgets(line, sizeof(line), stdin) != NULL) {
        struct str order = str_of(line);
        if (order.size > 0 && line[order.size - 1] == '\n')
            order.size--;
        if (str_starts_with(order, STR("look ")))
            look(str_slice(order, 5, order.size));
        else if (str_starts_with(order, STR("history ")))
            say_history(str_slice(order, 8, order.size));
        else if (str_starts_with(order, STR("migrations ")))
            say_migrations(str_slice(order, 11, order.size));
        else
            return 1;
        fflush(stdout);
    }
    return 0;
}
