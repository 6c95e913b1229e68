/* SPDX-License-Identifier: Apache-2.0 */
/* keyring - secret -> caller, in memory: see keyring.h. */
#include "auth/keyring.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "auth/secret.h"
#include "base/random.h"

/* The hash is uniform already: its first bytes serve as the table's index, the next as a tag. */
static uint64_t number_at(const struct credential_hash *hash, size_t at)
{
    uint64_t number = 0;
    memcpy(&number, hash->bytes + at, sizeof(number));
    return number;
}

static size_t first_slot(const struct credential_hash *hash, size_t slot_count)
{
    return (size_t)(number_at(hash, 0) & (slot_count - 1));
}

static uint64_t tag_of(const struct credential_hash *hash)
{
    return number_at(hash, sizeof(uint64_t));
}

/* Puts it where there is room; how many slots one has to look at to find it. */
static size_t put_entry(struct keyring_slot *slots, size_t slot_count,
                        const struct keyring_entry *entry, uint32_t number)
{
    size_t at = first_slot(&entry->hash, slot_count);
    size_t probes = 1;
    for (; slots[at].number != 0; probes++)
        at = (at + 1) & (slot_count - 1);
    slots[at] = (struct keyring_slot){tag_of(&entry->hash), number};
    return probes;
}

struct keyring keyring_build(struct arena *arena, const struct keyring_entry *entries,
                             size_t entry_count)
{
    size_t slot_count = 8;
    size_t probes_max = 0;
    while (slot_count < entry_count * 4)
        slot_count *= 2;
    struct keyring_slot *slots = ARENA_NEW_ARRAY(arena, struct keyring_slot, slot_count);
    for (size_t i = 0; i < entry_count; i++) {
        size_t probes = put_entry(slots, slot_count, &entries[i], (uint32_t)(i + 1));
        if (probes > probes_max)
            probes_max = probes;
    }
    return (struct keyring){entries, entry_count, slots, slot_count, probes_max};
}

static bool is_entry(const struct keyring *keyring, uint32_t number,
                     const struct credential_hash *hash)
{
    assert(number <= keyring->entry_count);
    return sodium_memcmp(keyring->entries[number - 1].hash.bytes, hash->bytes,
                         CREDENTIAL_HASH_BYTES) == 0;
}

/* Looks at as many slots for each wrong secret, taken or free, and reads an entry only where 64
 * more bits of the hash are right: the time says nothing of what is in the table. */
static const struct caller *find_hash(const struct keyring *keyring,
                                      const struct credential_hash *hash)
{
    size_t last = keyring->slot_count - 1;
    uint64_t tag = tag_of(hash);
    for (size_t probe = 0; probe < keyring->probes; probe++) {
        const struct keyring_slot *slot = &keyring->slots[(number_at(hash, 0) + probe) & last];
        bool is_alike = ((slot->tag ^ tag) | (slot->number == 0)) == 0;
        if (is_alike && is_entry(keyring, slot->number, hash))
            return &keyring->entries[slot->number - 1].caller;
    }
    return NULL;
}

static bool is_live(const struct caller *caller, int64_t now_ms)
{
    return caller->expires_ms == 0 || caller->expires_ms > now_ms;
}

const struct caller *keyring_find(const struct keyring *keyring, struct str secret, int64_t now_ms)
{
    enum credential_kind kind;
    if (!secret_recognise(secret, &kind))
        return NULL;
    struct credential_hash hash = secret_hash(secret);
    const struct caller *caller = find_hash(keyring, &hash);
    if (caller == NULL)
        return NULL;
    /* 32 hexadecimal digits do not tell the key from its secret. */
    assert(caller->kind == kind ||
           (kind == CREDENTIAL_PROJECT_KEY && caller->kind == CREDENTIAL_PROJECT_SECRET));
    return is_live(caller, now_ms) ? caller : NULL;
}

const struct caller *keyring_find_hash(const struct keyring *keyring,
                                       const struct credential_hash *hash, int64_t now_ms)
{
    const struct caller *caller = find_hash(keyring, hash);
    return caller != NULL && is_live(caller, now_ms) ? caller : NULL;
}

void keyring_memo_open(struct keyring_memo *memo)
{
    *memo = (struct keyring_memo){0};
    random_fill(memo->key, sizeof(memo->key));
}

static void forget_others(struct keyring_memo *memo, const struct keyring *keyring,
                          uint64_t generation)
{
    if (memo->keyring == keyring && memo->generation == generation)
        return;
    for (size_t i = 0; i < KEYRING_MEMO_SLOTS; i++)
        memo->slots[i].caller = NULL;
    memo->keyring = keyring;
    memo->generation = generation;
}

const struct caller *keyring_memo_find(struct keyring_memo *memo, const struct keyring *keyring,
                                       uint64_t generation, struct str secret, int64_t now_ms)
{
    static_assert(crypto_shorthash_siphashx24_BYTES == sizeof(memo->slots[0].tag), "128 bits");
    static_assert(crypto_shorthash_siphashx24_KEYBYTES == sizeof(memo->key), "128 bits");
    if (str_is_empty(secret))
        return NULL;
    forget_others(memo, keyring, generation);
    unsigned char tag[crypto_shorthash_siphashx24_BYTES];
    crypto_shorthash_siphashx24(tag, (const unsigned char *)secret.data, secret.size, memo->key);
    struct keyring_memo_slot *slot = &memo->slots[tag[0] % KEYRING_MEMO_SLOTS];
    if (slot->caller != NULL && memcmp(slot->tag, tag, sizeof(tag)) == 0)
        return is_live(slot->caller, now_ms) ? slot->caller : NULL;
    const struct caller *caller = keyring_find(keyring, secret, now_ms);
    if (caller != NULL) {
        memcpy(slot->tag, tag, sizeof(tag));
        slot->caller = caller;
    }
    return caller;
}

bool caller_may_read(const struct caller *caller)
{
    return caller->kind == CREDENTIAL_APP || caller->kind == CREDENTIAL_ENVIRONMENT ||
           (caller->kind == CREDENTIAL_PERSONAL && caller->role >= ROLE_VIEWER);
}

bool caller_may_write(const struct caller *caller)
{
    if (caller->is_read_only)
        return false;
    return caller->kind == CREDENTIAL_APP || caller->kind == CREDENTIAL_ENVIRONMENT ||
           (caller->kind == CREDENTIAL_PERSONAL && caller->role >= ROLE_EDITOR);
}

bool caller_sees_app(const struct caller *caller, struct str app_id)
{
    if (caller->kind == CREDENTIAL_PERSONAL)
        return true;
    return !str_is_absent(caller->app_id) && str_equal(caller->app_id, app_id);
}

static bool lists_environment(const struct caller *caller, uint64_t environment)
{
    size_t low = 0;
    size_t high = caller->environment_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (caller->environments[middle] < environment)
            low = middle + 1;
        else
            high = middle;
    }
    return low < caller->environment_count && caller->environments[low] == environment;
}

bool caller_sees_environment(const struct caller *caller, struct str app_id, uint64_t environment)
{
    switch (caller->kind) {
    case CREDENTIAL_PERSONAL:
        return caller->role >= ROLE_VIEWER;
    case CREDENTIAL_APP:
        return caller_sees_app(caller, app_id);
    case CREDENTIAL_ENVIRONMENT:
        return lists_environment(caller, environment);
    case CREDENTIAL_BROWSER_KEY:
    case CREDENTIAL_SERVER_KEY:
    case CREDENTIAL_CLIENT_DEPLOYMENT:
    case CREDENTIAL_SERVER_DEPLOYMENT:
    case CREDENTIAL_PROJECT_KEY:
    case CREDENTIAL_PROJECT_SECRET:
        break;
    }
    return false;
}
