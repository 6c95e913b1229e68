/* SPDX-License-Identifier: Apache-2.0 */
/* event addresses - a token in the query opens streams, as its credential, and nothing else. */
#include "auth/event_token.h"
#include "port.h"

static const unsigned followers = 1U << CREDENTIAL_BROWSER_KEY | 1U << CREDENTIAL_SERVER_KEY |
                                  1U << CREDENTIAL_CLIENT_DEPLOYMENT |
                                  1U << CREDENTIAL_SERVER_DEPLOYMENT | 1U << CREDENTIAL_PROJECT_KEY;

static struct str token_of(struct port *port, enum credential_kind kind)
{
    struct credential_hash hash = secret_hash(port->secrets[kind]);
    return event_token_make(&port->gazette.arena, str_of(key_ids[kind]), &hash);
}

static int ask_at(struct port *port, struct str token, char *body, size_t size)
{
    char line[256];
    snprintf(line, sizeof(line), "GET /sdk/events?token=%.*s", STR_ARG(token));
    return ask(port, line, "", body, size);
}

TEST(the_address_of_a_key_opens_as_that_key)
{
    struct port *port = port_open();
    for (size_t kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
        char body[256];
        struct str token = token_of(port, (enum credential_kind)kind);
        bool is_follower = followers >> kind & 1;
        CHECK_INT(ask_at(port, token, body, sizeof(body)), is_follower ? 200 : UNAUTHENTICATED);
        if (is_follower)
            CHECK_STR(str_of(body), arena_format(&port->gazette.arena,
                                                 "/sdk/events caller=%s  body=0", key_ids[kind]));
    }
    port_close(port);
}

TEST(a_credential_itself_is_no_address)
{
    struct port *port = port_open();
    static const char *const schemes[] = {"Bearer", "Api-Key", "Basic", ""};
    for (size_t kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
        CHECK_INT(ask_at(port, port->secrets[kind], NULL, 0), UNAUTHENTICATED);
        for (size_t i = 0; i < COUNT_OF(schemes); i++)
            CHECK_INT(ask_as(port, "GET /sdk/events", schemes[i], port->secrets[kind]),
                      UNAUTHENTICATED);
    }
    port_close(port);
}

TEST(an_address_opens_nothing_else)
{
    struct port *port = port_open();
    static const char *const others[] = {
        "GET /api/v1/browser", "GET /api/v1/server",  "GET /api/v1/report", "POST /api/v1/things",
        "GET /api/1/flags",    "GET /sdk/deployment", "GET /sdk/download/5"};
    static const char *const schemes[] = {"Bearer", "Api-Key", "Basic", ""};
    for (size_t kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
        struct str token = token_of(port, (enum credential_kind)kind);
        for (size_t i = 0; i < COUNT_OF(others); i++) {
            char line[256];
            snprintf(line, sizeof(line), "%s?token=%.*s", others[i], STR_ARG(token));
            CHECK_INT(ask(port, line, "", NULL, 0), UNAUTHENTICATED);
            for (size_t at = 0; at < COUNT_OF(schemes); at++)
                CHECK_INT(ask_as(port, others[i], schemes[at], token), UNAUTHENTICATED);
        }
    }
    port_close(port);
}

TEST(another_s_token_or_none_opens_nothing)
{
    struct port *port = port_open();
    struct str token = token_of(port, CREDENTIAL_SERVER_KEY);
    struct credential_hash hash = secret_hash(port->secrets[CREDENTIAL_SERVER_KEY]);
    struct arena *arena = &port->gazette.arena;
    const struct str others[] = {
        STR(""),
        STR("server"),
        STR("server."),
        STR("%ZZ"),
        event_token_make(arena, STR("browser"), &hash),
        event_token_make(arena, STR("nobody"), &hash),
        str_slice(token, 0, token.size - 1),
        arena_format(arena, "%.*sA", STR_ARG(token)),
        arena_format(arena, "%.*s&token=%.*s", 10, "nonsense..", STR_ARG(token)),
    };
    for (size_t i = 0; i < COUNT_OF(others); i++)
        CHECK_INT(ask_at(port, others[i], NULL, 0), UNAUTHENTICATED);
    CHECK_INT(ask(port, "GET /sdk/events", "", NULL, 0), UNAUTHENTICATED);
    port_close(port);
}

TEST(an_address_ends_with_its_credential)
{
    struct port *port = port_open();
    struct str token = token_of(port, CREDENTIAL_SERVER_KEY);
    CHECK_INT(ask_at(port, token, NULL, 0), 200);
    port->gazette.credentials[CREDENTIAL_SERVER_KEY].expires_ms =
        gazette_now(&port->gazette.clock) + 1000;
    gazette_make_catalog(&port->gazette);
    gazette_publish(&port->gazette);
    CHECK_INT(ask_at(port, token, NULL, 0), 200);
    atomic_fetch_add(&port->gazette.now_ms, 1000);
    CHECK_INT(ask_at(port, token, NULL, 0), UNAUTHENTICATED);

    token = token_of(port, CREDENTIAL_CLIENT_DEPLOYMENT);
    CHECK_INT(ask_at(port, token, NULL, 0), 200);
    gazette_remove_credential(&port->gazette, str_of(key_ids[CREDENTIAL_CLIENT_DEPLOYMENT]));
    gazette_publish(&port->gazette);
    CHECK_INT(ask_at(port, token, NULL, 0), UNAUTHENTICATED);
    port_close(port);
}

TEST(a_stale_view_does_not_call_an_address_unknown)
{
    struct port *port = port_open();
    struct credential_hash hash = secret_hash(STR("made after the view was kept"));
    struct str fresh = event_token_make(&port->gazette.arena, STR("key_fresh"), &hash);
    struct str forged = event_token_make(&port->gazette.arena, STR("server"), &hash);
    CHECK_INT(ask_at(port, fresh, NULL, 0), UNAUTHENTICATED);
    port->gazette.is_read_only = true;
    gazette_publish(&port->gazette);
    CHECK_INT(ask_at(port, fresh, NULL, 0), 500 - FAULT_UNAVAILABLE);
    CHECK_INT(ask_at(port, forged, NULL, 0), UNAUTHENTICATED);
    CHECK_INT(ask_at(port, STR("nonsense"), NULL, 0), UNAUTHENTICATED);
    CHECK_INT(ask_at(port, token_of(port, CREDENTIAL_SERVER_KEY), NULL, 0), 200);
    port_close(port);
}

TESTS(the_address_of_a_key_opens_as_that_key, a_credential_itself_is_no_address,
      an_address_opens_nothing_else, another_s_token_or_none_opens_nothing,
      an_address_ends_with_its_credential, a_stale_view_does_not_call_an_address_unknown)
