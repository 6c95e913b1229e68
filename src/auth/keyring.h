/* SPDX-License-Identifier: Apache-2.0 */
/*
 * keyring - secret -> caller, in memory.
 *
 * Built once per catalog version from the store's hashes; immutable, so reading needs no lock.
 * Looking up costs one SHA-256 and a few probes of a table, as many for each secret that is wrong,
 * and compares 32 bytes in constant time.
 */
#ifndef AUTH_KEYRING_H
#define AUTH_KEYRING_H

#include "base/arena.h"
#include "model/credential.h"

/* Who is calling and what they may touch. */
struct caller {
    enum credential_kind kind;
    struct str credential_id; /* key_… or token_… */
    struct str actor;         /* for the audit trail: the user's e-mail or the credential's id */
    struct str app_id;    /* the app it is limited to; absent for personal and environment tokens */
    uint64_t environment; /* number of the one environment it reads; 0 for tokens */
    uint64_t deployment;  /* number of the one deployment it reads; 0 for what has none */
    const uint64_t *environments; /* CREDENTIAL_ENVIRONMENT: those it manages, ascending */
    size_t environment_count;
    struct str user_id; /* of a person's token; absent for others */
    enum role role;     /* of a token's user; ROLE_NONE for keys */
    bool is_read_only;  /* a token that may look at what it sees and change nothing */
    int64_t expires_ms; /* 0: never */
};

struct keyring_entry {
    struct credential_hash hash;
    struct caller caller;
};

struct keyring_slot {
    uint64_t tag;    /* bytes of the hash, others than those it is found by */
    uint32_t number; /* the entry's index + 1; 0: free */
};

struct keyring {
    const struct keyring_entry *entries;
    size_t entry_count;
    const struct keyring_slot *slots; /* open addressing by the hash's first bytes */
    size_t slot_count;
    size_t probes; /* that find the entry which lies farthest from its place */
};

/* entries live in the arena (or longer) and are borrowed. */
struct keyring keyring_build(struct arena *arena, const struct keyring_entry *entries,
                             size_t entry_count);

/* NULL when nobody knows the secret, or it has expired. */
const struct caller *keyring_find(const struct keyring *keyring, struct str secret, int64_t now_ms);
/* The same by what is kept of the secret. */
const struct caller *keyring_find_hash(const struct keyring *keyring,
                                       const struct credential_hash *hash, int64_t now_ms);

/*
 * What one thread remembers of secrets it has looked up, so that a poller's next request costs a
 * keyed 128-bit SipHash and not a SHA-256. Holds no secret and nothing negative; forgets all when
 * the keyring is another. The SipHash key is drawn once per memo, so nobody outside can aim at a
 * slot.
 */
enum { KEYRING_MEMO_SLOTS = 256 };
struct keyring_memo_slot {
    unsigned char tag[16];
    const struct caller *caller; /* NULL: empty */
};
struct keyring_memo {
    const struct keyring *keyring; /* the one the slots are about */
    uint64_t generation;           /* of the view it belongs to: an address may come again */
    unsigned char key[16];
    struct keyring_memo_slot slots[KEYRING_MEMO_SLOTS];
};
void keyring_memo_open(struct keyring_memo *memo);
const struct caller *keyring_memo_find(struct keyring_memo *memo, const struct keyring *keyring,
                                       uint64_t generation, struct str secret, int64_t now_ms);

/* Whether it manages at all: app keys, environment tokens, and tokens of users who have a role. */
bool caller_may_read(const struct caller *caller);
/* Editors, admins, owners, app keys; environment tokens in what they see. */
bool caller_may_write(const struct caller *caller);
/* An app as a whole: an environment token sees none. */
bool caller_sees_app(const struct caller *caller, struct str app_id);
/* An environment of that app, for those who manage: personal tokens see all of them, app keys their
 * app's, environment tokens those they list. Keys that only read see none this way. */
bool caller_sees_environment(const struct caller *caller, struct str app_id, uint64_t environment);

#endif
