/* SPDX-License-Identifier: Apache-2.0 */
/* difference - documents and environments beside each other: see difference.h. */
#include "dialect/admin/difference.h"

#include <assert.h>

#include "dialect/admin/definition.h"
#include "model/codec.h"
#include "model/references.h"
#include "snapshot/cohort_document.h"
#include "json/diff.h"

/* ---- writing ------------------------------------------------------------------------------- */

static struct str operation_word(enum change_operation operation)
{
    switch (operation) {
    case CHANGED_CREATE:
        return STR("create");
    case CHANGED_UPDATE:
        return STR("update");
    case CHANGED_DELETE:
        return STR("delete");
    }
    return STR("");
}

static void begin_difference(struct json_writer *writer, struct str op, struct str path)
{
    json_object_begin(writer);
    json_member_string(writer, STR("op"), op);
    json_member_string(writer, STR("path"), path);
}

static void write_difference(struct json_writer *writer, const struct json_difference *difference)
{
    switch (difference->kind) {
    case JSON_ADDED:
        begin_difference(writer, STR("add"), difference->path);
        json_member_tree(writer, STR("to"), difference->newer);
        break;
    case JSON_REMOVED:
        begin_difference(writer, STR("remove"), difference->path);
        json_member_tree(writer, STR("from"), difference->older);
        break;
    case JSON_REPLACED:
        begin_difference(writer, STR("replace"), difference->path);
        json_member_tree(writer, STR("from"), difference->older);
        json_member_tree(writer, STR("to"), difference->newer);
        break;
    case JSON_MOVED:
        begin_difference(writer, STR("move"), difference->path);
        json_member_u64(writer, STR("from"), difference->older_index);
        json_member_u64(writer, STR("to"), difference->newer_index);
        break;
    }
    json_object_end(writer);
}

static struct json parse_document(struct arena *arena, struct str text)
{
    struct json json;
    struct fault fault = json_parse(arena, text, &definition_budget, &json);
    assert(!failed(fault)); /* our own encoder's */
    definition_drop_member(&json, STR("id"));
    return json;
}

/* Something that was not there before, or is there no longer, is one difference: all of it. */
static void write_diff(struct json_writer *writer, struct arena *arena,
                       const struct change_item *item)
{
    struct json before = json_make_null();
    struct json after = json_make_null();
    if (!str_is_absent(item->before))
        before = parse_document(arena, item->before);
    if (!str_is_absent(item->after))
        after = parse_document(arena, item->after);
    struct json_difference whole = {.kind = JSON_ADDED, .path = STR(""), .newer = &after};
    if (str_is_absent(item->after))
        whole = (struct json_difference){.kind = JSON_REMOVED, .path = STR(""), .older = &before};
    const struct json_difference *differences = &whole;
    size_t count = 1;
    if (!str_is_absent(item->before) && !str_is_absent(item->after))
        count = json_diff(arena, &before, &after, &differences);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++)
        write_difference(writer, &differences[i]);
    json_array_end(writer);
}

/* Trees are many times their texts: there is never more than one item's. */
void difference_write_items(struct json_writer *writer, const struct change_item *items,
                            size_t count)
{
    struct arena arena;
    arena_open(&arena, 65536);
    json_array_begin(writer);
    for (size_t i = 0; i < count; i++) {
        json_object_begin(writer);
        json_member_string(writer, STR("kind"), revision_kind_name(items[i].kind));
        json_member_string(writer, STR("key"), items[i].key);
        json_member_string(writer, STR("op"), operation_word(items[i].operation));
        json_key(writer, STR("diff"));
        write_diff(writer, &arena, &items[i]);
        reused_write(writer, &items[i].reused);
        json_object_end(writer);
        arena_reset(&arena);
    }
    json_array_end(writer);
    arena_close(&arena);
}

void difference_write_report(struct json_writer *writer, const struct change_report *report)
{
    json_key(writer, STR("changes"));
    difference_write_items(writer, report->items, report->item_count);
    json_key(writer, STR("affected"));
    json_array_begin(writer);
    for (size_t i = 0; i < report->affected_count; i++)
        json_string(writer, report->affected[i]);
    json_array_end(writer);
}

/* ---- comparing ------------------------------------------------------------------------------ */

struct comparison {
    struct arena *arena;
    bool is_across;
    struct change_item *items;
    size_t count, capacity;
};

/* A list of an environment, sorted by key, for walking two of them side by side. */
struct listing {
    enum revision_kind kind;
    size_t (*count)(const struct environment_state *state);
    struct str (*key_at)(const struct environment_state *state, size_t index);
    const void *(*object_at)(const struct environment_state *state, size_t index);
    struct str (*text_of)(struct comparison *comparison, const void *object);
};

static void add_item(struct comparison *comparison, const struct change_item *item)
{
    if (comparison->count == comparison->capacity) {
        size_t capacity = comparison->capacity == 0 ? 16 : comparison->capacity * 2;
        struct change_item *larger =
            ARENA_NEW_ARRAY(comparison->arena, struct change_item, capacity);
        for (size_t i = 0; i < comparison->count; i++)
            larger[i] = comparison->items[i];
        comparison->items = larger;
        comparison->capacity = capacity;
    }
    comparison->items[comparison->count++] = *item;
}

/* Texts of one object before and after, either absent. */
static void add_texts(struct comparison *comparison, enum revision_kind kind, struct str key,
                      struct str before, struct str after)
{
    if (!str_is_absent(before) && !str_is_absent(after) && str_equal(before, after))
        return;
    struct change_item item = {
        .kind = kind, .operation = CHANGED_UPDATE, .key = key, .before = before, .after = after};
    if (str_is_absent(before))
        item.operation = CHANGED_CREATE;
    else if (str_is_absent(after))
        item.operation = CHANGED_DELETE;
    add_item(comparison, &item);
}

static struct str keep_text(struct comparison *comparison, struct buf *buf)
{
    struct str text = arena_copy_str(comparison->arena, buf_str(buf));
    buf_close(buf);
    return text;
}

/* ---- flags, segments, cohorts ---------------------------------------------------------------- */

static size_t count_flags(const struct environment_state *state)
{
    return state->flag_count;
}

static const void *flag_at(const struct environment_state *state, size_t index)
{
    return state->flags[index];
}

static struct str text_of_flag(struct comparison *comparison, const void *object)
{
    struct flag shown = *(const struct flag *)object;
    if (comparison->is_across) {
        shown.id = STR("");
        shown.is_on_all_deployments = true;
        shown.deployment_count = 0;
    }
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    flag_encode(&shown, &buf);
    return keep_text(comparison, &buf);
}

static size_t count_segments(const struct environment_state *state)
{
    return state->segment_count;
}

static const void *segment_at(const struct environment_state *state, size_t index)
{
    return state->segments[index];
}

static struct str text_of_segment(struct comparison *comparison, const void *object)
{
    struct segment shown = *(const struct segment *)object;
    if (comparison->is_across)
        shown.id = STR("");
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    segment_encode(&shown, &buf);
    return keep_text(comparison, &buf);
}

static size_t count_cohorts(const struct environment_state *state)
{
    return state->cohort_count;
}

static struct str cohort_id_at(const struct environment_state *state, size_t index)
{
    return state->cohorts[index]->id;
}

static const void *cohort_at(const struct environment_state *state, size_t index)
{
    return state->cohorts[index];
}

static struct cohort_digest digest_of(const struct cohort *cohort)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    cohort_members_encode(cohort->members, &buf);
    struct cohort_digest digest = cohort_digest_of(buf_str(&buf));
    buf_close(&buf);
    return digest;
}

static struct str text_of_cohort(struct comparison *comparison, const void *object)
{
    struct cohort shown = *(const struct cohort *)object;
    const struct cohort_digest digest = digest_of(&shown);
    if (comparison->is_across)
        shown.modified_ms = 0;
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    cohort_document_encode(&shown, &digest, &buf);
    return keep_text(comparison, &buf);
}

static const struct listing flags = {REVISION_FLAG, count_flags, environment_flag_key, flag_at,
                                     text_of_flag};
static const struct listing segments = {REVISION_SEGMENT, count_segments, environment_segment_key,
                                        segment_at, text_of_segment};
static const struct listing cohorts = {REVISION_COHORT, count_cohorts, cohort_id_at, cohort_at,
                                       text_of_cohort};

/* ---- all of it ------------------------------------------------------------------------------ */

/* Of two sorted lists, which one is at the lower key: below 0 the first, above 0 the second, 0
 * both. */
static int order_at(const struct listing *listing, const struct environment_state *before, size_t i,
                    const struct environment_state *after, size_t j)
{
    if (i == listing->count(before))
        return 1;
    if (j == listing->count(after))
        return -1;
    return str_compare(listing->key_at(before, i), listing->key_at(after, j));
}

/* What is the same object on both sides needs no text: snapshots share what did not change. */
static void compare_listing(struct comparison *comparison, const struct listing *listing,
                            const struct environment_state *before,
                            const struct environment_state *after)
{
    size_t i = 0;
    size_t j = 0;
    while (i < listing->count(before) || j < listing->count(after)) {
        int order = order_at(listing, before, i, after, j);
        const void *was = order <= 0 ? listing->object_at(before, i) : NULL;
        const void *is = order >= 0 ? listing->object_at(after, j) : NULL;
        struct str key = was != NULL ? listing->key_at(before, i) : listing->key_at(after, j);
        struct str texts[2] = {{0}, {0}};
        if (was != NULL && was != is)
            texts[0] = listing->text_of(comparison, was);
        if (is != NULL && was != is)
            texts[1] = listing->text_of(comparison, is);
        if (was != is)
            add_texts(comparison, listing->kind, key, texts[0], texts[1]);
        i += was != NULL;
        j += is != NULL;
    }
}

static struct str text_of_settings(struct comparison *comparison,
                                   const struct environment_state *state)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    settings_encode(&state->settings, &buf);
    return keep_text(comparison, &buf);
}

size_t difference_of_states(struct arena *arena, const struct environment_state *before,
                            const struct environment_state *after, bool is_across,
                            const struct change_item **items)
{
    struct comparison comparison = {.arena = arena, .is_across = is_across};
    compare_listing(&comparison, &flags, before, after);
    compare_listing(&comparison, &segments, before, after);
    add_texts(&comparison, REVISION_SETTINGS, STR(""), text_of_settings(&comparison, before),
              text_of_settings(&comparison, after));
    compare_listing(&comparison, &cohorts, before, after);
    *items = comparison.items;
    return comparison.count;
}
