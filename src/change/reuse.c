/* SPDX-License-Identifier: Apache-2.0 */
/* reuse - keys that were another's: see reuse.h. */
#include "change/reuse.h"

#include "json/write.h"

static bool is_creation(const struct staged *staged)
{
    return staged->kind != STAGED_SETTINGS && !staged->was_there && !staged_is_deletion(staged) &&
           staged_makes_a_revision(staged);
}

static struct fault find_reused(struct store *store, struct edit *edit, struct staged *staged)
{
    struct revision_row tombstone;
    bool is_found = false;
    struct fault fault = store_find_tombstone(store, edit->arena, edit->draft->environment,
                                              staged_revision_kind(staged->kind), staged->key,
                                              &tombstone, &is_found);
    if (failed(fault) || !is_found)
        return fault;
    bool comes_back =
        staged->kind != STAGED_COHORT && str_equal(tombstone.object_id, staged->object_id);
    if (!comes_back)
        staged->reused = (struct reused){tombstone.version_from, tombstone.object_id};
    return fault_none();
}

static struct str kind_word(enum staged_kind kind)
{
    return revision_kind_name(staged_revision_kind(kind));
}

static struct fault refuse(const struct edit *edit, const struct staged *first, size_t count)
{
    struct str others = STR("");
    if (count > 1)
        others = arena_format(edit->arena, " (and %zu more like it)", count - 1);
    return fault_make(
        FAULT_LIMIT, STR("reuse"),
        arena_format(edit->arena,
                     "%.*s was the key of a %.*s that version %llu deleted%.*s; say "
                     "that it is meant (acknowledge=reuse) if a new one is to have it",
                     STR_ARG(first->key), STR_ARG(kind_word(first->kind)),
                     (unsigned long long)first->reused.deleted_in, STR_ARG(others)));
}

struct fault reuse_check(struct store *store, const struct change *change, struct edit *edit)
{
    const struct staged *first = NULL;
    size_t count = 0;
    for (size_t i = 0; i < edit->staged_count; i++) {
        struct staged *staged = &edit->staged[i];
        if (!is_creation(staged))
            continue;
        struct fault fault = find_reused(store, edit, staged);
        if (failed(fault))
            return fault;
        if (staged->reused.deleted_in == 0)
            continue;
        first = first == NULL ? staged : first;
        count++;
    }
    edit->is_reuse_acknowledged = count > 0 && change->reuse == REUSE_ACKNOWLEDGED;
    /* Who asks what would happen is told in the report. */
    bool is_refused = count > 0 && change->reuse == REUSE_REFUSED && !change->is_dry_run;
    return is_refused ? refuse(edit, first, count) : fault_none();
}

void reused_write(struct json_writer *writer, const struct reused *reused)
{
    if (reused->deleted_in == 0)
        return;
    json_key(writer, STR("reuses"));
    json_object_begin(writer);
    json_member_u64(writer, STR("deletedIn"), reused->deleted_in);
    json_member_string(writer, STR("id"), reused->id);
    json_object_end(writer);
}
