/* SPDX-License-Identifier: Apache-2.0 */
/* stamp - SipHash-2-4 with a key that never changes: see stamp.h. */
#include "base/stamp.h"

#include <assert.h>
#include <sodium.h>

uint64_t stamp_of(struct str text)
{
    static const unsigned char key[crypto_shorthash_KEYBYTES] = "stamp of a text";
    static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "one word");
    unsigned char hash[crypto_shorthash_BYTES];
    const char *data = text.data == NULL ? "" : text.data;
    crypto_shorthash(hash, (const unsigned char *)data, text.size, key);
    uint64_t value = 0;
    for (size_t i = 0; i < sizeof(hash); i++)
        value = value << 8 | hash[i];
    return value;
}
