/* SPDX-License-Identifier: Apache-2.0 */
/* secret - what people and programs present: see secret.h. */
#include "auth/secret.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "base/random.h"

enum {
    RANDOM_CHARACTERS = 43,
    CHECKSUM_CHARACTERS = 6,
    ID_CHARACTERS = 22,
    TAG_CHARACTERS_MAX = 16
};
enum { SECRET_BYTES_MAX = 128 };

static const char base62[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

struct str secret_prefix(enum credential_kind kind)
{
    switch (kind) {
    case CREDENTIAL_BROWSER_KEY:
        return STR("pub");
    case CREDENTIAL_SERVER_KEY:
        return STR("sdk");
    case CREDENTIAL_PERSONAL:
        return STR("cli");
    case CREDENTIAL_APP:
        return STR("admin");
    }
    return STR("");
}

struct credential_hash secret_hash(struct str secret)
{
    struct credential_hash hash;
    const char *data = secret.data == NULL ? "" : secret.data;
    crypto_hash_sha256(hash.bytes, (const unsigned char *)data, secret.size);
    return hash;
}

/* FNV-1a over the bytes, finished by a mix, as base62 digits: catches typos, guards nothing. It
 * runs before every look-up, so it is cheap. */
static void write_checksum(struct str body, char checksum[CHECKSUM_CHARACTERS])
{
    uint64_t number = 0xCBF29CE484222325u;
    for (size_t i = 0; i < body.size; i++)
        number = (number ^ (unsigned char)body.data[i]) * 0x100000001B3u;
    number ^= number >> 32;
    number *= 0xD6E8FEB86659FD93u;
    number ^= number >> 32;
    for (size_t i = 0; i < CHECKSUM_CHARACTERS; i++) {
        checksum[i] = base62[number % 62];
        number /= 62;
    }
}

struct str secret_make(struct arena *arena, enum credential_kind kind, struct str tag,
                       struct str *shown)
{
    struct str prefix = secret_prefix(kind);
    *shown = str_is_empty(tag) ? arena_format(arena, "%.*s_", STR_ARG(prefix))
                               : arena_format(arena, "%.*s_%.*s_", STR_ARG(prefix), STR_ARG(tag));
    size_t body_size = shown->size + RANDOM_CHARACTERS;
    size_t size = body_size + CHECKSUM_CHARACTERS;
    assert(size <= SECRET_BYTES_MAX);
    char *text = arena_allocate(arena, size);
    memcpy(text, shown->data, shown->size);
    random_base62(text + shown->size, RANDOM_CHARACTERS);
    write_checksum((struct str){text, body_size}, text + body_size);
    return (struct str){text, size};
}

static bool starts_with_kind(struct str secret, enum credential_kind kind)
{
    struct str prefix = secret_prefix(kind);
    return secret.size > prefix.size && str_starts_with(secret, prefix) &&
           secret.data[prefix.size] == '_';
}

bool secret_recognise(struct str secret, enum credential_kind *kind)
{
    if (secret.size <= RANDOM_CHARACTERS + CHECKSUM_CHARACTERS || secret.size > SECRET_BYTES_MAX)
        return false;
    bool is_known = false;
    for (int i = 0; i < CREDENTIAL_KIND_COUNT; i++) {
        if (starts_with_kind(secret, (enum credential_kind)i)) {
            *kind = (enum credential_kind)i;
            is_known = true;
        }
    }
    if (!is_known)
        return false;
    size_t body_size = secret.size - CHECKSUM_CHARACTERS;
    char checksum[CHECKSUM_CHARACTERS];
    write_checksum(str_slice(secret, 0, body_size), checksum);
    return memcmp(checksum, secret.data + body_size, CHECKSUM_CHARACTERS) == 0;
}

struct str secret_tail(struct str secret)
{
    return str_slice(secret, secret.size - CREDENTIAL_TAIL_BYTES, secret.size);
}

struct str secret_tag(struct arena *arena, struct str environment_name)
{
    if (str_equal(environment_name, STR("development")))
        return STR("dev");
    if (str_equal(environment_name, STR("staging")))
        return STR("stage");
    if (str_equal(environment_name, STR("production")))
        return STR("prod");
    char *tag = arena_allocate(arena, TAG_CHARACTERS_MAX);
    size_t size = 0;
    for (size_t i = 0; i < environment_name.size && size < TAG_CHARACTERS_MAX; i++) {
        char byte = environment_name.data[i];
        if ((byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9'))
            tag[size++] = byte;
    }
    return size == 0 ? STR("env") : (struct str){tag, size};
}

struct str id_make(struct arena *arena, struct str prefix)
{
    size_t size = prefix.size + 1 + ID_CHARACTERS;
    char *id = arena_allocate(arena, size);
    memcpy(id, prefix.data, prefix.size);
    id[prefix.size] = '_';
    random_base62(id + prefix.size + 1, ID_CHARACTERS);
    return (struct str){id, size};
}
