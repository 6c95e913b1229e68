/* SPDX-License-Identifier: Apache-2.0 */
/*
 * credential_fuzz - bytes as what a caller shows: Authorization and X-API-Key in every scheme, a
 * token in an address, a key by its form.
 *
 * Nobody gets in but with one of the secrets that the keyring knows, and only where it is admitted.
 * One input in some holds a genuine secret: "%" stands for it.
 */
#include <string.h>

#include "auth/event_token.h"
#include "auth/secret.h"
#include "base/random.h"
#include "dialect/authorise.h"
#include "fuzz.h"

enum { KINDS = 4 };

static const struct str genuine[KINDS] = {
    STR("client-AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
    STR("server-AbCdEfGhIjKlMnOpQrStUvWxYz012345"),
    STR("0123456789abcdef0123456789abcdef"),
    STR("fedcba9876543210fedcba9876543210"),
};
static const enum credential_kind kinds[KINDS] = {
    CREDENTIAL_CLIENT_DEPLOYMENT,
    CREDENTIAL_SERVER_DEPLOYMENT,
    CREDENTIAL_PROJECT_KEY,
    CREDENTIAL_PROJECT_SECRET,
};

static struct keyring build_keyring(struct arena *arena)
{
    struct keyring_entry *entries = ARENA_NEW_ARRAY(arena, struct keyring_entry, KINDS);
    for (size_t i = 0; i < KINDS; i++) {
        entries[i] = (struct keyring_entry){
            .hash = secret_hash(genuine[i]),
            .caller = {.kind = kinds[i], .environment = 1, .deployment = i + 1}};
    }
    return keyring_build(arena, entries, KINDS);
}

/* "%0".."%3" in the text are genuine secrets, so that what surrounds them is what is tried. */
static struct str fill_in(struct arena *arena, struct str text)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    for (size_t i = 0; i < text.size; i++) {
        size_t which = i + 1 < text.size ? (size_t)(unsigned char)text.data[i + 1] - '0' : KINDS;
        if (text.data[i] == '%' && which < KINDS) {
            buf_append(&buf, genuine[which]);
            i++;
        } else {
            buf_append_byte(&buf, text.data[i]);
        }
    }
    struct str filled = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return filled;
}

/* Whether a header shows a secret as it is; of pairs in base64 nothing is said. */
static bool shows_a_secret(const struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < KINDS; k++) {
            struct str value = headers[i].value;
            if (value.size > 0 &&
                memmem(value.data, value.size, genuine[k].data, genuine[k].size) != NULL)
                return true;
        }
    }
    return false;
}

static void fuzz_request(struct arena *arena, struct keyring_memo *memo, const struct view *view,
                         struct str rest)
{
    struct str authorization = fill_in(arena, fuzz_take(&rest));
    struct str key = fill_in(arena, fuzz_take(&rest));
    struct str query = fuzz_take(&rest);
    struct http_header headers[] = {{STR("Authorization"), authorization},
                                    {STR("X-API-Key"), key},
                                    {STR("authorization"), fill_in(arena, rest)}};
    size_t count = rest.size > 0 ? 3 : str_is_empty(key) ? 1 : 2;
    struct http_request request = {
        .arena = arena, .headers = headers, .header_count = count, .query = query};
    for (int scope = SCOPE_ANYONE; scope <= SCOPE_EVENT_ADDRESS; scope++) {
        const struct caller *caller = NULL;
        struct fault fault = authorise(memo, view, &request, (enum scope)scope, 1000, &caller);
        if (failed(fault) || scope == SCOPE_ANYONE || scope == SCOPE_DOWNLOAD)
            continue;
        require(caller != NULL);
        require(scope == SCOPE_READ_DEPLOYMENT || scope == SCOPE_EVALUATE ||
                scope == SCOPE_EVENT_ADDRESS);
        require(caller->kind != CREDENTIAL_PROJECT_SECRET);
        require(scope == SCOPE_EVENT_ADDRESS || shows_a_secret(headers, count));
    }
}

static void fuzz_forms(struct str text)
{
    enum credential_kind kind;
    if (secret_recognise(text, &kind))
        require(text.size >= 32);
    struct str id = event_token_credential(text);
    require(id.size <= text.size);
    struct credential_hash hash = secret_hash(text);
    require(!event_token_is_of(text, id, &hash));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct arena forever;
    static struct catalog catalog;
    static struct keyring_memo memo;
    if (forever.chunk_bytes == 0) {
        random_open();
        arena_open(&forever, 1024);
        catalog.keyring = build_keyring(&forever);
        keyring_memo_open(&memo);
    }
    struct view view = {.catalog = &catalog, .generation = 1};
    struct arena arena;
    arena_open(&arena, 1024);
    struct str bytes = {(const char *)data, size};
    fuzz_request(&arena, &memo, &view, bytes);
    fuzz_forms(bytes);
    arena_close(&arena);
    return 0;
}
