/* SPDX-License-Identifier: Apache-2.0 */
/* cohort - members of cohorts, by the hash of their bytes: see store.h. */
#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "store/revision.h"

enum { DIGEST_BYTES = crypto_hash_sha256_BYTES };

static_assert(DIGEST_BYTES == 32, "as store.h has it");

struct fault store_put_members(struct store *store, const unsigned char digest[32],
                               struct str bytes)
{
    static const char sql[] = "INSERT INTO cohort_members (digest, bytes) VALUES ($1, $2)"
                              " ON CONFLICT (digest) DO NOTHING";
    const struct bind binds[] = {bind_bytes(digest, DIGEST_BYTES),
                                 bind_bytes(bytes.data, bytes.size)};
    return store_execute(store, sql, binds, COUNT_OF(binds), NULL);
}

struct taking {
    struct arena *arena;
    struct str bytes;
    bool is_found;
};

static struct fault take_bytes(const struct row *row, void *context)
{
    struct taking *taking = context;
    taking->bytes = row_copy_text(row, 0, taking->arena);
    taking->is_found = true;
    return fault_none();
}

static bool is_named(struct str bytes, const unsigned char digest[DIGEST_BYTES])
{
    unsigned char actual[DIGEST_BYTES];
    crypto_hash_sha256(actual, (const unsigned char *)bytes.data, bytes.size);
    return memcmp(actual, digest, DIGEST_BYTES) == 0;
}

/* Damage is never served: the name says what the bytes must be. */
struct fault store_load_members(struct store *store, struct arena *arena,
                                const unsigned char digest[32], struct str *bytes)
{
    static const char sql[] = "SELECT bytes FROM cohort_members WHERE digest = $1";
    const struct bind binds[] = {bind_bytes(digest, DIGEST_BYTES)};
    struct taking taking = {.arena = arena};
    *bytes = (struct str){0};
    struct fault fault = store_query(store, sql, binds, COUNT_OF(binds), take_bytes, &taking);
    if (failed(fault))
        return fault;
    if (!taking.is_found)
        return fault_make(FAULT_MISSING, STR("cohort"), STR("there are no such members"));
    if (!is_named(taking.bytes, digest))
        return fault_make(FAULT_UNAVAILABLE, STR("cohort"), STR("the store is damaged"));
    *bytes = taking.bytes;
    return fault_none();
}

static struct fault check_members(const struct row *row, void *context)
{
    (void)context;
    struct str digest = row_text(row, 0);
    if (digest.size != DIGEST_BYTES ||
        !is_named(row_text(row, 1), (const unsigned char *)digest.data))
        return fault_make(FAULT_UNAVAILABLE, STR("cohort"),
                          STR("the store is damaged: a cohort is not as it was written"));
    return fault_none();
}

struct fault cohort_members_check(struct store *store)
{
    static const char sql[] = "SELECT digest, bytes FROM cohort_members";
    return store_query(store, sql, NULL, 0, check_members, NULL);
}
