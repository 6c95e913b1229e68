/* SPDX-License-Identifier: Apache-2.0 */
/* seal - bytes for whoever has the secret: see seal.h. */
#include "auth/seal.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/random.h"

enum { NONCE_BYTES = crypto_secretbox_NONCEBYTES, OVERHEAD_BYTES = crypto_secretbox_MACBYTES };

static_assert(SEAL_KEY_BYTES == crypto_secretbox_KEYBYTES, "a key is a key of the box");

static void add_text(crypto_generichash_state *state, struct str text)
{
    unsigned char size[8];
    for (size_t i = 0; i < sizeof(size); i++)
        size[i] = (unsigned char)((uint64_t)text.size >> (8 * i));
    crypto_generichash_update(state, size, sizeof(size));
    crypto_generichash_update(state, (const unsigned char *)text.data, text.size);
}

struct seal_key seal_key_make(struct str secret, struct str salt)
{
    struct seal_key key;
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, sizeof(key.bytes));
    add_text(&state, STR("guidon seal"));
    add_text(&state, secret);
    add_text(&state, salt);
    crypto_generichash_final(&state, key.bytes, sizeof(key.bytes));
    sodium_memzero(&state, sizeof(state));
    return key;
}

void seal_key_forget(struct seal_key *key)
{
    sodium_memzero(key, sizeof(*key));
}

struct str seal_close(struct arena *arena, const struct seal_key *key, struct str plain)
{
    size_t size = NONCE_BYTES + OVERHEAD_BYTES + plain.size;
    unsigned char *sealed = arena_allocate(arena, size);
    random_fill(sealed, NONCE_BYTES);
    crypto_secretbox_easy(sealed + NONCE_BYTES, (const unsigned char *)plain.data, plain.size,
                          sealed, key->bytes);
    return (struct str){(const char *)sealed, size};
}

bool seal_open(struct arena *arena, const struct seal_key *key, struct str sealed,
               struct str *plain)
{
    if (sealed.size < NONCE_BYTES + OVERHEAD_BYTES)
        return false;
    size_t size = sealed.size - NONCE_BYTES - OVERHEAD_BYTES;
    const unsigned char *bytes = (const unsigned char *)sealed.data;
    unsigned char *opened = arena_allocate(arena, size + 1);
    if (crypto_secretbox_open_easy(opened, bytes + NONCE_BYTES, sealed.size - NONCE_BYTES, bytes,
                                   key->bytes) != 0)
        return false;
    *plain = (struct str){(const char *)opened, size};
    return true;
}
