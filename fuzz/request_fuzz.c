/* SPDX-License-Identifier: Apache-2.0 */
/*
 * request_fuzz - bytes as what handlers read of a request: OFREP bodies, forms, and the addresses
 * that proxies pass on.
 */
#include "dialect/login/form.h"
#include "dialect/ofrep/decode.h"
#include "dialect/peer.h"
#include "fuzz.h"

static void fuzz_subject(struct exchange *x, struct http_request *request, struct str bytes)
{
    struct ofrep_subject subject;
    request->body = bytes;
    if (failed(ofrep_decode_subject(x, &subject)))
        return;
    require(subject.attributes.type == JSON_OBJECT);
    require(str_is_absent(subject.key) || subject.key.size > 0);
    require(str_is_absent(subject.device_id) || subject.device_id.size > 0);
}

static void fuzz_form(struct exchange *x, struct http_request *request, struct str bytes)
{
    static const struct str names[] = {STR("email"), STR("password"), STR("token"),
                                       STR("user_code")};
    struct form form;
    request->body = bytes;
    form_read(x, &form);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        require(form_text(&form, names[i]).size <= bytes.size);
}

static void fuzz_peer(struct exchange *x, struct http_request *request, struct str bytes)
{
    struct http_header headers[] = {{STR("X-Forwarded-For"), fuzz_take(&bytes)},
                                    {STR("X-Forwarded-Proto"), fuzz_take(&bytes)},
                                    {STR("x-forwarded-for"), bytes}};
    request->headers = headers;
    request->header_count = COUNT_OF(headers);
    struct services services = {.trusted_proxies = STR("10.0.0.1, 10.0.0.2, ::1")};
    x->services = &services;
    static const struct str peers[] = {STR("10.0.0.1"), STR("192.0.2.7")};
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        request->peer = peers[i];
        struct str address = peer_address(x);
        require(peer_list_is_valid(address));
        require(address.size > 0);
        /* Nobody is believed who is not a proxy of ours. */
        require(i == 0 || str_equal(address, peers[i]));
        require(i == 0 || !peer_is_encrypted(x));
    }
    (void)peer_list_is_valid(bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct arena arena;
    arena_open(&arena, 1024);
    struct http_request request = {.arena = &arena, .method = HTTP_POST};
    struct exchange x = {.request = &request, .arena = &arena, .now_ms = 1930000000000};
    struct str bytes = {(const char *)data + 1, size - 1};
    if (data[0] % 3 == 0)
        fuzz_subject(&x, &request, bytes);
    else if (data[0] % 3 == 1)
        fuzz_form(&x, &request, bytes);
    else
        fuzz_peer(&x, &request, bytes);
    arena_close(&arena);
    return 0;
}
