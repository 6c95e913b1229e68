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
    TAG_CHARACTERS_MAX = 16,
    DEPLOYMENT_CHARACTERS = 32,
    PROJECT_BYTES = 16,
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
    case CREDENTIAL_ENVIRONMENT:
        return STR("ampex");
    case CREDENTIAL_CLIENT_DEPLOYMENT:
        return STR("client");
    case CREDENTIAL_SERVER_DEPLOYMENT:
        return STR("server");
    case CREDENTIAL_PROJECT_KEY:
    case CREDENTIAL_PROJECT_SECRET:
        break;
    }
    return STR("");
}

/* The three shapes a secret can have. */
enum form { FORM_CHECKED, FORM_DEPLOYMENT, FORM_PROJECT };

static enum form form_of(enum credential_kind kind)
{
    switch (kind) {
    case CREDENTIAL_BROWSER_KEY:
    case CREDENTIAL_SERVER_KEY:
    case CREDENTIAL_PERSONAL:
    case CREDENTIAL_APP:
    case CREDENTIAL_ENVIRONMENT:
        break;
    case CREDENTIAL_CLIENT_DEPLOYMENT:
    case CREDENTIAL_SERVER_DEPLOYMENT:
        return FORM_DEPLOYMENT;
    case CREDENTIAL_PROJECT_KEY:
    case CREDENTIAL_PROJECT_SECRET:
        return FORM_PROJECT;
    }
    return FORM_CHECKED;
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

static struct str make_checked(struct arena *arena, struct str prefix, struct str tag,
                               struct str *shown)
{
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

static struct str make_deployment(struct arena *arena, struct str prefix, struct str *shown)
{
    *shown = arena_format(arena, "%.*s-", STR_ARG(prefix));
    size_t size = shown->size + DEPLOYMENT_CHARACTERS;
    char *text = arena_allocate(arena, size);
    memcpy(text, shown->data, shown->size);
    random_base62(text + shown->size, DEPLOYMENT_CHARACTERS);
    return (struct str){text, size};
}

static struct str make_project(struct arena *arena, struct str *shown)
{
    unsigned char bytes[PROJECT_BYTES];
    random_fill(bytes, sizeof(bytes));
    char *text = arena_allocate(arena, PROJECT_BYTES * 2 + 1);
    sodium_bin2hex(text, PROJECT_BYTES * 2 + 1, bytes, sizeof(bytes));
    *shown = STR("");
    return (struct str){text, PROJECT_BYTES * 2};
}

struct str secret_make(struct arena *arena, enum credential_kind kind, struct str tag,
                       struct str *shown)
{
    switch (form_of(kind)) {
    case FORM_CHECKED:
        break;
    case FORM_DEPLOYMENT:
        return make_deployment(arena, secret_prefix(kind), shown);
    case FORM_PROJECT:
        return make_project(arena, shown);
    }
    return make_checked(arena, secret_prefix(kind), tag, shown);
}

static bool has_checksum(struct str secret)
{
    if (secret.size <= RANDOM_CHARACTERS + CHECKSUM_CHARACTERS || secret.size > SECRET_BYTES_MAX)
        return false;
    size_t body_size = secret.size - CHECKSUM_CHARACTERS;
    char checksum[CHECKSUM_CHARACTERS];
    write_checksum(str_slice(secret, 0, body_size), checksum);
    return memcmp(checksum, secret.data + body_size, CHECKSUM_CHARACTERS) == 0;
}

static bool is_base62(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (!((byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
              (byte >= 'a' && byte <= 'z')))
            return false;
    }
    return true;
}

static bool is_project(struct str secret)
{
    for (size_t i = 0; i < secret.size; i++) {
        char byte = secret.data[i];
        if (!((byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f')))
            return false;
    }
    return secret.size == PROJECT_BYTES * 2;
}

static bool is_of_kind(struct str secret, enum credential_kind kind)
{
    struct str prefix = secret_prefix(kind);
    enum form form = form_of(kind);
    if (form == FORM_PROJECT)
        return is_project(secret);
    if (!str_starts_with(secret, prefix) || secret.size <= prefix.size ||
        secret.data[prefix.size] != (form == FORM_DEPLOYMENT ? '-' : '_'))
        return false;
    if (form == FORM_CHECKED)
        return has_checksum(secret);
    struct str rest = str_slice(secret, prefix.size + 1, secret.size);
    return rest.size == DEPLOYMENT_CHARACTERS && is_base62(rest);
}

bool secret_recognise(struct str secret, enum credential_kind *kind)
{
    for (int i = 0; i < CREDENTIAL_PROJECT_SECRET; i++) {
        if (is_of_kind(secret, (enum credential_kind)i)) {
            *kind = (enum credential_kind)i;
            return true;
        }
    }
    return false;
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
