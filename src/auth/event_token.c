/* SPDX-License-Identifier: Apache-2.0 */
/* event_token - the address of an event stream: see event_token.h. */
#include "auth/event_token.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

enum {
    MAC_BYTES = 32,
    DIGITS = 43,               /* base64 of them, without padding */
    ENCODED_BYTES = DIGITS + 1 /* and a NUL */
};

static void encode_mac(struct str credential_id, const struct credential_hash *hash,
                       char digits[ENCODED_BYTES])
{
    static const char purpose[] = "guidon event stream\n";
    unsigned char mac[MAC_BYTES];
    crypto_generichash_state state;
    crypto_generichash_init(&state, hash->bytes, sizeof(hash->bytes), sizeof(mac));
    crypto_generichash_update(&state, (const unsigned char *)purpose, sizeof(purpose) - 1);
    crypto_generichash_update(&state, (const unsigned char *)credential_id.data,
                              credential_id.size);
    crypto_generichash_final(&state, mac, sizeof(mac));
    sodium_bin2base64(digits, ENCODED_BYTES, mac, sizeof(mac),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    assert(strlen(digits) == DIGITS);
}

struct str event_token_make(struct arena *arena, struct str credential_id,
                            const struct credential_hash *hash)
{
    char digits[ENCODED_BYTES];
    encode_mac(credential_id, hash, digits);
    return arena_format(arena, "%.*s.%s", STR_ARG(credential_id), digits);
}

struct str event_token_credential(struct str token)
{
    if (token.size <= DIGITS + 1 || token.data[token.size - DIGITS - 1] != '.')
        return (struct str){0};
    return str_slice(token, 0, token.size - DIGITS - 1);
}

bool event_token_is_of(struct str token, struct str credential_id,
                       const struct credential_hash *hash)
{
    char digits[ENCODED_BYTES];
    if (!str_equal(event_token_credential(token), credential_id) || credential_id.size == 0)
        return false;
    encode_mac(credential_id, hash, digits);
    return sodium_memcmp(digits, token.data + token.size - DIGITS, DIGITS) == 0;
}
