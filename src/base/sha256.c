/* SPDX-License-Identifier: Apache-2.0 */
/* sha256 - the digest that others can check: see sha256.h. */
#include "base/sha256.h"

#include <assert.h>
#include <sodium.h>

static_assert(SHA256_BYTES == crypto_hash_sha256_BYTES, "a digest is one of libsodium's");
static_assert(sizeof(crypto_hash_sha256_state) <= SHA256_STATE_BYTES, "the state has room");
static_assert(_Alignof(crypto_hash_sha256_state) <= 8, "and is aligned");

static crypto_hash_sha256_state *state_of(struct sha256 *sha256)
{
    return (void *)sha256->state;
}

void sha256_begin(struct sha256 *sha256)
{
    crypto_hash_sha256_init(state_of(sha256));
}

void sha256_add(struct sha256 *sha256, struct str bytes)
{
    crypto_hash_sha256_update(state_of(sha256), (const unsigned char *)bytes.data, bytes.size);
}

void sha256_end(struct sha256 *sha256, unsigned char digest[SHA256_BYTES])
{
    crypto_hash_sha256_final(state_of(sha256), digest);
}

struct str sha256_hex(struct arena *arena, const unsigned char digest[SHA256_BYTES])
{
    char text[2 * SHA256_BYTES + 1];
    sodium_bin2hex(text, sizeof(text), digest, SHA256_BYTES);
    return arena_format(arena, "%s", text);
}

struct str sha256_base64(struct arena *arena, const unsigned char digest[SHA256_BYTES])
{
    char text[sodium_base64_ENCODED_LEN(SHA256_BYTES, sodium_base64_VARIANT_ORIGINAL)];
    sodium_bin2base64(text, sizeof(text), digest, SHA256_BYTES, sodium_base64_VARIANT_ORIGINAL);
    return arena_format(arena, "%s", text);
}
