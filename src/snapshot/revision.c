/* SPDX-License-Identifier: Apache-2.0 */
/* revision - flags, segments and cohorts as they are shared by snapshots. See snapshot.h. */
#include <assert.h>
#include <sodium.h>

#include "base/memory.h"
#include "snapshot/annex.h"
#include "snapshot/references.h"

enum { DRAFT_BYTES = 4096 };

/* ---- flags ------------------------------------------------------------------------------- */

/* A revision lives long and there are many, so it lies with all it borrows in one chunk of just the
 * size that takes; which is known once it has been filled, so it is filled twice. */

static void fill_flag(struct flag_revision *revision, struct arena *arena, const struct flag *flag,
                      const struct provenance *provenance)
{
    revision->flag = flag_copy(arena, flag);
    if (provenance == NULL)
        return;
    revision->provenance = *provenance;
    revision->provenance.created_by = arena_copy_str(arena, provenance->created_by);
    revision->provenance.modified_by = arena_copy_str(arena, provenance->modified_by);
}

struct flag_revision *flag_revision_make(const struct flag *flag,
                                         const struct provenance *provenance)
{
    struct arena draft;
    struct arena arena;
    arena_open(&draft, DRAFT_BYTES);
    fill_flag(ARENA_NEW(&draft, struct flag_revision), &draft, flag, provenance);
    arena_open(&arena, arena_used_bytes(&draft) + ARENA_ALIGNMENT);
    arena_close(&draft);
    struct flag_revision *revision = ARENA_NEW(&arena, struct flag_revision);
    atomic_init(&revision->references, 1);
    fill_flag(revision, &arena, flag, provenance);
    revision->arena = arena;
    return revision;
}

void flag_revision_acquire(struct flag_revision *revision)
{
    references_add(&revision->references);
}

void flag_revision_release(struct flag_revision *revision)
{
    if (!references_drop(&revision->references))
        return;
    annexes_close(revision->annexes);
    struct arena arena = revision->arena; /* not from within what goes with it */
    arena_close(&arena);
}

/* ---- segments ---------------------------------------------------------------------------- */

struct segment_revision *segment_revision_make(const struct segment *segment)
{
    struct arena draft;
    struct arena arena;
    arena_open(&draft, DRAFT_BYTES);
    ARENA_NEW(&draft, struct segment_revision)->segment = segment_copy(&draft, segment);
    arena_open(&arena, arena_used_bytes(&draft) + ARENA_ALIGNMENT);
    arena_close(&draft);
    struct segment_revision *revision = ARENA_NEW(&arena, struct segment_revision);
    atomic_init(&revision->references, 1);
    revision->segment = segment_copy(&arena, segment);
    revision->arena = arena;
    return revision;
}

void segment_revision_acquire(struct segment_revision *revision)
{
    references_add(&revision->references);
}

void segment_revision_release(struct segment_revision *revision)
{
    if (!references_drop(&revision->references))
        return;
    annexes_close(revision->annexes);
    struct arena arena = revision->arena;
    arena_close(&arena);
}

/* ---- cohorts ----------------------------------------------------------------------------- */

struct cohort_digest cohort_digest_of(struct str stored_form)
{
    static_assert(crypto_hash_sha256_BYTES == COHORT_DIGEST_BYTES, "SHA-256");
    struct cohort_digest digest;
    const char *data = stored_form.data == NULL ? "" : stored_form.data;
    crypto_hash_sha256(digest.bytes, (const unsigned char *)data, stored_form.size);
    return digest;
}

struct cohort_revision *cohort_revision_make(const struct cohort *cohort,
                                             const struct cohort_digest *digest)
{
    struct cohort_revision *revision = MEMORY_NEW(struct cohort_revision);
    atomic_init(&revision->references, 1);
    arena_open(&revision->arena, 256);
    revision->cohort = *cohort;
    revision->cohort.id = arena_copy_str(&revision->arena, cohort->id);
    revision->cohort.name = arena_copy_str(&revision->arena, cohort->name);
    revision->cohort.description = arena_copy_str(&revision->arena, cohort->description);
    revision->cohort.group_type = arena_copy_str(&revision->arena, cohort->group_type);
    revision->digest = *digest;
    if (cohort->members != NULL)
        cohort_members_acquire(cohort->members);
    return revision;
}

void cohort_revision_acquire(struct cohort_revision *revision)
{
    references_add(&revision->references);
}

void cohort_revision_release(struct cohort_revision *revision)
{
    if (!references_drop(&revision->references))
        return;
    cohort_members_release(revision->cohort.members);
    arena_close(&revision->arena);
    memory_free(revision);
}

/* ---- numbers ----------------------------------------------------------------------------- */

/* Numbers come from our own counter, so nobody can aim at a slot: spreading them is enough. */
static size_t first_slot(uint64_t number, size_t slot_count)
{
    return (size_t)((number * 0x9E3779B97F4A7C15u) >> 32) & (slot_count - 1);
}

struct number_table number_table_make(struct arena *arena, struct flag_revision *const *flags,
                                      size_t count)
{
    struct number_table table = {.slot_count = 8};
    while (table.slot_count < count * 2)
        table.slot_count *= 2;
    table.slots = ARENA_NEW_ARRAY(arena, uint32_t, table.slot_count);
    for (size_t i = 0; i < count; i++) {
        if (flags[i]->provenance.number == 0)
            continue;
        size_t at = first_slot(flags[i]->provenance.number, table.slot_count);
        while (table.slots[at] != 0)
            at = (at + 1) & (table.slot_count - 1);
        table.slots[at] = (uint32_t)(i + 1);
    }
    return table;
}

struct flag_revision *number_table_find(const struct number_table *table,
                                        struct flag_revision *const *flags, uint64_t number)
{
    if (table->slot_count == 0 || number == 0)
        return NULL;
    size_t at = first_slot(number, table->slot_count);
    for (; table->slots[at] != 0; at = (at + 1) & (table->slot_count - 1)) {
        struct flag_revision *revision = flags[table->slots[at] - 1];
        if (revision->provenance.number == number)
            return revision;
    }
    return NULL;
}
