/* SPDX-License-Identifier: Apache-2.0 */
/* base64url - bytes as text for an address: see base64url.h. */
#include "base/base64url.h"

#include <sodium.h>

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

struct str base64url_encode(struct arena *arena, struct str bytes)
{
    size_t size = sodium_base64_ENCODED_LEN(bytes.size, VARIANT); /* with a NUL */
    char *text = arena_allocate(arena, size);
    sodium_bin2base64(text, size, (const unsigned char *)bytes.data, bytes.size, VARIANT);
    return (struct str){text, size - 1};
}

/* libsodium takes some bytes beyond ASCII for digits. */
static bool is_ascii(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] >= 0x80)
            return false;
    }
    return true;
}

bool base64url_decode(struct arena *arena, struct str text, struct str *bytes)
{
    size_t most = text.size / 4 * 3 + 3;
    unsigned char *decoded = arena_allocate(arena, most);
    size_t size = 0;
    if (!is_ascii(text))
        return false;
    if (text.size > 0 &&
        sodium_base642bin(decoded, most, text.data, text.size, NULL, &size, NULL, VARIANT) != 0)
        return false;
    *bytes = (struct str){(const char *)decoded, size};
    return true;
}
