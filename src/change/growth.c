/* SPDX-License-Identifier: Apache-2.0 */
/* growth - changes that do far more to an environment than changes do: see growth.h. */
#include "change/growth.h"

#include "model/codec.h"

static size_t count_live(const struct draft *draft)
{
    size_t count = 0;
    for (size_t i = 0; i < draft->flag_count; i++)
        count += draft->flags[i]->flag.is_archived ? 0 : 1;
    return count;
}

static bool is_removal(const struct draft *before, const struct staged *staged)
{
    if (staged->kind != STAGED_FLAG || !staged_makes_a_revision(staged))
        return false;
    const struct flag_revision *current = draft_find_flag(before, staged->key);
    return current != NULL && !current->flag.is_archived &&
           (staged->flag == NULL || staged->flag->is_archived);
}

static struct str removal_of(const struct edit *edit)
{
    size_t removed = 0;
    for (size_t i = 0; i < edit->staged_count; i++)
        removed += is_removal(edit->draft, &edit->staged[i]) ? 1 : 0;
    if (removed < GROWTH_REMOVED_LEAST)
        return (struct str){0};
    size_t live = count_live(edit->draft);
    if (removed * 2 <= live)
        return (struct str){0};
    return arena_format(edit->arena, "this takes %zu of %zu flags away", removed, live);
}

static size_t bytes_of(const struct draft *draft, struct buf *text)
{
    size_t bytes = 0;
    for (size_t i = 0; i < draft->flag_count; i++) {
        buf_clear(text);
        flag_encode(&draft->flags[i]->flag, text);
        bytes += text->size;
    }
    for (size_t i = 0; i < draft->segment_count; i++) {
        buf_clear(text);
        segment_encode(&draft->segments[i]->segment, text);
        bytes += text->size;
    }
    return bytes;
}

static size_t staged_bytes(const struct edit *edit, struct buf *text)
{
    size_t bytes = 0;
    for (size_t i = 0; i < edit->staged_count; i++) {
        const struct staged *staged = &edit->staged[i];
        buf_clear(text);
        if (staged->flag != NULL)
            flag_encode(staged->flag, text);
        else if (staged->segment != NULL)
            segment_encode(staged->segment, text);
        bytes += text->size;
    }
    return bytes;
}

/* One document alone is no larger than a request. */
static struct str swelling_of(const struct edit *edit, const struct draft *after)
{
    const struct draft *before = edit->draft;
    if (after->flag_count >= before->flag_count + GROWTH_ADDED_LEAST &&
        after->flag_count >= before->flag_count * 2)
        return arena_format(edit->arena, "this makes %zu flags of %zu", after->flag_count,
                            before->flag_count);
    struct str why = {0};
    struct buf text;
    buf_open(&text, SIZE_MAX);
    if (edit->staged_count > 1 && staged_bytes(edit, &text) >= GROWTH_ADDED_BYTES_LEAST) {
        size_t bytes_before = bytes_of(before, &text);
        size_t bytes_after = bytes_of(after, &text);
        if (bytes_after >= bytes_before + GROWTH_ADDED_BYTES_LEAST &&
            bytes_after >= bytes_before * 2)
            why = arena_format(edit->arena, "this makes %zu bytes of definitions of %zu",
                               bytes_after, bytes_before);
    }
    buf_close(&text);
    return why;
}

struct fault growth_check(const struct change *change, struct edit *edit, const struct draft *after)
{
    if (edit->draft->flag_count < GROWTH_FLAGS_LEAST)
        return fault_none();
    struct str why = removal_of(edit);
    if (str_is_absent(why))
        why = swelling_of(edit, after);
    edit->is_growth_acknowledged = !str_is_absent(why) && change->acknowledges_growth;
    /* Who asks what would happen is to be told, not warned. */
    if (str_is_absent(why) || change->acknowledges_growth || change->is_dry_run)
        return fault_none();
    return fault_make(FAULT_LIMIT, STR("growth"),
                      arena_format(edit->arena,
                                   "%.*s; say that it is meant (acknowledge=growth) if it is",
                                   STR_ARG(why)));
}
