/* SPDX-License-Identifier: Apache-2.0 */
/* digest - a name for bytes: see digest.h. */
#include "base/digest.h"

#include <assert.h>
#include <sodium.h>

#include "base/base64url.h"

enum { TEXT_DIGEST_BYTES = 16 };

static_assert(sizeof(crypto_generichash_state) <= DIGEST_STATE_BYTES, "the state has room");
static_assert(_Alignof(crypto_generichash_state) <= DIGEST_STATE_ALIGNMENT, "at any place");
static_assert(DIGEST_BYTES <= crypto_generichash_BYTES_MAX, "and the name is one of its sizes");

static crypto_generichash_state *state_of(struct digest *digest)
{
    size_t beyond = (uintptr_t)digest->room % DIGEST_STATE_ALIGNMENT;
    size_t offset = beyond == 0 ? 0 : DIGEST_STATE_ALIGNMENT - beyond;
    return (crypto_generichash_state *)(void *)(digest->room + offset);
}

void digest_begin(struct digest *digest)
{
    crypto_generichash_init(state_of(digest), NULL, 0, DIGEST_BYTES);
}

void digest_add(struct digest *digest, struct str bytes)
{
    crypto_generichash_update(state_of(digest), (const unsigned char *)bytes.data, bytes.size);
}

void digest_add_text(struct digest *digest, struct str text)
{
    unsigned char length[8];
    uint64_t size = str_is_absent(text) ? UINT64_MAX : text.size;
    for (size_t i = 0; i < sizeof(length); i++)
        length[i] = (unsigned char)(size >> (8 * i));
    crypto_generichash_update(state_of(digest), length, sizeof(length));
    digest_add(digest, text);
}

void digest_end(struct digest *digest, unsigned char *name, size_t size)
{
    unsigned char whole[DIGEST_BYTES];
    assert(size >= TEXT_DIGEST_BYTES);
    assert(size <= sizeof(whole));
    crypto_generichash_final(state_of(digest), whole, sizeof(whole));
    for (size_t i = 0; i < size; i++)
        name[i] = whole[i];
}

struct str digest_text(struct arena *arena, struct str text)
{
    struct digest digest;
    unsigned char name[TEXT_DIGEST_BYTES];
    digest_begin(&digest);
    digest_add(&digest, text);
    digest_end(&digest, name, sizeof(name));
    return base64url_encode(arena, (struct str){(const char *)name, sizeof(name)});
}
