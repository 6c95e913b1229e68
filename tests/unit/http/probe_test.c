/* SPDX-License-Identifier: Apache-2.0 */
/* probe - what a command on this machine learns from a listener, and from what is none. */
#include "http/probe.h"

#include "client.h"

enum { PATIENCE_MS = 5000, IMPATIENCE_MS = 100 };

static struct str address_of(struct arena *arena, uint16_t port)
{
    return arena_format(arena, "127.0.0.1:%u", (unsigned)port);
}

/* A listening socket nobody accepts from, or one that says the same to everybody. */
static int mute_listener(uint16_t *port)
{
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    CHECK(bind(listener, (struct sockaddr *)&address, size) == 0);
    CHECK(listen(listener, 1) == 0);
    CHECK(getsockname(listener, (struct sockaddr *)&address, &size) == 0);
    *port = ntohs(address.sin_port);
    return listener;
}

TEST(a_status_of_the_200s_is_well_and_its_body_is_there)
{
    struct site *site = site_open(http_limits_default, 1);
    struct arena arena;
    arena_open(&arena, 1024);
    struct probe_answer answer;
    CHECK_OK(http_probe(address_of(&arena, http_port(site->server)), STR("/status/200"),
                        PATIENCE_MS, &arena, &answer));
    CHECK(answer.is_well);
    CHECK_STR(answer.body, STR("as asked"));
    arena_close(&arena);
    site_close(site);
}

TEST(any_other_status_is_not_well)
{
    struct site *site = site_open(http_limits_default, 1);
    struct arena arena;
    arena_open(&arena, 1024);
    static const char *const paths[] = {"/status/404", "/status/500", "/status/503"};
    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        struct probe_answer answer;
        CHECK_OK(http_probe(address_of(&arena, http_port(site->server)), str_of(paths[i]),
                            PATIENCE_MS, &arena, &answer));
        CHECK(!answer.is_well);
        CHECK_STR(answer.body, STR("as asked"));
    }
    arena_close(&arena);
    site_close(site);
}

TEST(of_a_long_body_the_beginning_is_kept)
{
    struct site *site = site_open(http_limits_default, 1);
    struct arena arena;
    arena_open(&arena, 1024);
    struct probe_answer answer;
    CHECK_OK(http_probe(address_of(&arena, http_port(site->server)), STR("/large"), PATIENCE_MS,
                        &arena, &answer));
    CHECK(answer.is_well);
    CHECK_INT(answer.body.size, 4096);
    CHECK(answer.body.data[4095] == 'x');
    arena_close(&arena);
    site_close(site);
}

TEST(where_nobody_listens_or_nobody_speaks_is_unavailable)
{
    struct arena arena;
    arena_open(&arena, 1024);
    uint16_t port = 0;
    int listener = mute_listener(&port);
    struct probe_answer answer;
    CHECK_FAULT(http_probe(address_of(&arena, port), STR("/livez"), IMPATIENCE_MS, &arena, &answer),
                FAULT_UNAVAILABLE);
    close(listener);
    CHECK_FAULT(http_probe(address_of(&arena, port), STR("/livez"), IMPATIENCE_MS, &arena, &answer),
                FAULT_UNAVAILABLE);
    CHECK_FAULT(http_probe(STR("somewhere"), STR("/livez"), IMPATIENCE_MS, &arena, &answer),
                FAULT_INVALID);
    arena_close(&arena);
}

TESTS(a_status_of_the_200s_is_well_and_its_body_is_there, any_other_status_is_not_well,
      of_a_long_body_the_beginning_is_kept, where_nobody_listens_or_nobody_speaks_is_unavailable)
