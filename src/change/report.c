/* SPDX-License-Identifier: Apache-2.0 */
/* report - what a change did, for who wants to see it: see struct change_report. */
#include <stdlib.h>

#include "change/internal.h"
#include "model/affected.h"
#include "model/codec.h"
#include "snapshot/cohort_document.h"

enum revision_kind staged_revision_kind(enum staged_kind kind)
{
    switch (kind) {
    case STAGED_FLAG:
        return REVISION_FLAG;
    case STAGED_SEGMENT:
        return REVISION_SEGMENT;
    case STAGED_COHORT:
        return REVISION_COHORT;
    case STAGED_SETTINGS:
        return REVISION_SETTINGS;
    }
    return REVISION_FLAG;
}

static struct str take_text(struct arena *arena, struct buf *text)
{
    struct str taken = arena_copy_str(arena, buf_str(text));
    buf_clear(text);
    return taken;
}

static void write_before(const struct edit *edit, const struct staged *staged, struct buf *text)
{
    const struct cohort_revision *cohort = NULL;
    switch (staged->kind) {
    case STAGED_FLAG:
        flag_encode(environment_find_flag(&edit->state, staged->key), text);
        break;
    case STAGED_SEGMENT:
        segment_encode(environment_find_segment(&edit->state, staged->key), text);
        break;
    case STAGED_COHORT:
        cohort = draft_find_cohort(edit->draft, staged->key);
        cohort_document_encode(&cohort->cohort, &cohort->digest, text);
        break;
    case STAGED_SETTINGS:
        settings_encode(&edit->state.settings, text);
        break;
    }
}

static void write_after(const struct staged *staged, struct buf *text)
{
    switch (staged->kind) {
    case STAGED_FLAG:
        flag_encode(staged->flag, text);
        break;
    case STAGED_SEGMENT:
        segment_encode(staged->segment, text);
        break;
    case STAGED_COHORT:
        cohort_document_encode(staged->cohort, &staged->digest, text);
        break;
    case STAGED_SETTINGS:
        settings_encode(&staged->settings, text);
        break;
    }
}

static struct change_item make_item(const struct edit *edit, const struct staged *staged,
                                    struct arena *arena, struct buf *text)
{
    bool is_deletion = staged_is_deletion(staged);
    bool is_settings = staged->kind == STAGED_SETTINGS;
    struct change_item item = {
        .kind = staged_revision_kind(staged->kind),
        .operation = is_deletion         ? CHANGED_DELETE
                     : staged->was_there ? CHANGED_UPDATE
                                         : CHANGED_CREATE,
        .key = is_settings ? STR("") : arena_copy_str(arena, staged->key),
        .reused = {staged->reused.deleted_in, arena_copy_str(arena, staged->reused.id)},
    };
    if (staged->was_there) {
        write_before(edit, staged, text);
        item.before = take_text(arena, text);
    }
    if (!is_deletion) {
        write_after(staged, text);
        item.after = take_text(arena, text);
    }
    return item;
}

static int compare_items(const void *a, const void *b)
{
    const struct change_item *left = a;
    const struct change_item *right = b;
    if (left->kind != right->kind)
        return left->kind < right->kind ? -1 : 1;
    return str_compare(left->key, right->key);
}

void report_fill(struct change *change, const struct edit *edit, const struct draft *after)
{
    struct change_item *items =
        ARENA_NEW_ARRAY(change->arena, struct change_item, edit->staged_count);
    size_t count = 0;
    struct buf text;
    buf_open(&text, SIZE_MAX);
    for (size_t i = 0; i < edit->staged_count; i++) {
        if (staged_makes_a_revision(&edit->staged[i]))
            items[count++] = make_item(edit, &edit->staged[i], change->arena, &text);
    }
    buf_close(&text);
    qsort(items, count, sizeof(*items), compare_items);
    change->report = (struct change_report){.items = items, .item_count = count};
    struct environment_state state = draft_state(after, edit->arena);
    change->report.affected_count =
        environment_affected(change->arena, &edit->state, &state, &change->report.affected);
}
