/* SPDX-License-Identifier: Apache-2.0 */
/* tls - handshakes: whom the server talks to, what it shows, and what becomes of the others. */
#include "client.h"

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static struct site *secure_site(struct http_limits limits)
{
    return site_open_secure(limits, 2, tls_open_pair(certificate_pem, key_pem));
}

/* A client whose handshake has not begun. */
static struct client greet(const struct site *site)
{
    struct client client = client_open_plain(site);
    client.library = tls_client_library();
    client.context = client.library.SSL_CTX_new(client.library.TLS_client_method());
    client.ssl = client.library.SSL_new(client.context);
    CHECK_INT(client.library.SSL_set_fd(client.ssl, client.descriptor), 1);
    return client;
}

static void set_version(struct client *client, long version)
{
    client->library.SSL_ctrl(client->ssl, SSL_CTRL_SET_MIN_PROTO_VERSION, version, NULL);
    client->library.SSL_ctrl(client->ssl, SSL_CTRL_SET_MAX_PROTO_VERSION, version, NULL);
}

static bool shakes_hands(struct client *client)
{
    return client->library.SSL_connect(client->ssl) == 1;
}

static void expect_answer(struct client *client)
{
    CHECK_STR(client_ask(client, STR(GET("/e"))).body, STR("GET /e? []"));
}

static void expect_common_name(struct client *client, const char *name)
{
    X509 *certificate = client->library.SSL_get1_peer_certificate(client->ssl);
    char text[128] = "";
    CHECK(certificate != NULL);
    client->library.X509_NAME_oneline(client->library.X509_get_subject_name(certificate), text,
                                      sizeof(text));
    client->library.X509_free(certificate);
    assert_string_equal(text, name);
}

static void expect_handshakes(const struct site *site, uint64_t done, uint64_t failed)
{
    struct http_counters counters = http_counters_read(site->server);
    for (int i = 0; i < 1000 && counters.handshakes + counters.handshakes_failed < done + failed;
         i++) {
        usleep(1000);
        counters = http_counters_read(site->server);
    }
    CHECK_INT(counters.handshakes, done);
    CHECK_INT(counters.handshakes_failed, failed);
}

TEST(both_versions_are_spoken_and_no_older_one)
{
    struct site *site = secure_site(http_limits_default);
    static const long versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct client client = greet(site);
        set_version(&client, versions[i]);
        CHECK(shakes_hands(&client));
        expect_answer(&client);
        client_close(&client);
    }
    struct client client = greet(site);
    set_version(&client, TLS1_1_VERSION);
    CHECK(!shakes_hands(&client)); /* maybe before it says a word, as its own policy will have it */
    client_close(&client);
    CHECK_INT(http_counters_read(site->server).handshakes, 2);
    site_close(site);
}

TEST(http_1_1_is_agreed_on_and_nothing_else)
{
    struct site *site = secure_site(http_limits_default);
    static const unsigned char both[] = "\x02h2\x08http/1.1";
    static const unsigned char newer[] = "\x02h2";
    struct client client = greet(site);
    const unsigned char *chosen = NULL;
    unsigned size = 0;
    client.library.SSL_set_alpn_protos(client.ssl, both, sizeof(both) - 1);
    CHECK(shakes_hands(&client));
    client.library.SSL_get0_alpn_selected(client.ssl, &chosen, &size);
    CHECK_STR(((struct str){(const char *)chosen, size}), STR("http/1.1"));
    expect_answer(&client);
    client_close(&client);

    client = greet(site);
    client.library.SSL_set_alpn_protos(client.ssl, newer, sizeof(newer) - 1);
    CHECK(!shakes_hands(&client));
    client_close(&client);
    expect_handshakes(site, 1, 1);
    site_close(site);
}

TEST(who_comes_back_with_a_ticket_is_known)
{
    struct site *site = secure_site(http_limits_default);
    static const long versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (size_t i = 0; i < COUNT_OF(versions); i++) {
        struct client client = greet(site);
        set_version(&client, versions[i]);
        CHECK(shakes_hands(&client));
        expect_answer(&client); /* behind the tickets, in TLS 1.3 */
        SSL_SESSION *session = client.library.SSL_get1_session(client.ssl);
        client.library.SSL_shutdown(client.ssl);
        client_close(&client);

        client = greet(site);
        set_version(&client, versions[i]);
        client.library.SSL_set_session(client.ssl, session);
        CHECK(shakes_hands(&client));
        CHECK_INT(client.library.SSL_session_reused(client.ssl), 1);
        expect_answer(&client);
        client.library.SSL_SESSION_free(session);
        client_close(&client);
    }
    site_close(site);
}

TEST(a_newer_pair_is_for_newer_connections)
{
    struct site *site = secure_site(http_limits_default);
    struct client first = greet(site);
    CHECK(shakes_hands(&first));
    expect_common_name(&first, "/CN=localhost");

    struct arena arena;
    arena_open(&arena, 4096);
    struct str certificate = pem_file(other_certificate_pem);
    struct str key = pem_file(other_key_pem);
    CHECK_OK(http_tls_reload(site->tls, &arena, certificate, key));
    expect_answer(&first);
    struct client second = greet(site);
    CHECK(shakes_hands(&second));
    expect_common_name(&second, "/CN=other");
    expect_answer(&second);

    struct str strange_key = pem_file(key_pem);
    CHECK_FAULT(http_tls_reload(site->tls, &arena, certificate, strange_key), FAULT_INVALID);
    CHECK_FAULT(http_tls_reload(site->tls, &arena, key, key), FAULT_INVALID);
    CHECK_FAULT(http_tls_reload(site->tls, &arena, certificate, STR("/nowhere")), FAULT_INVALID);
    struct client third = greet(site);
    CHECK(shakes_hands(&third));
    expect_common_name(&third, "/CN=other");
    expect_answer(&first);
    expect_answer(&second);

    client_close(&first);
    client_close(&second);
    client_close(&third);
    pem_forget(certificate);
    pem_forget(key);
    pem_forget(strange_key);
    arena_close(&arena);
    site_close(site);
}

TEST(a_certificate_says_how_long_it_is_good)
{
    struct http_tls *tls = tls_open_pair(certificate_pem, key_pem);
    CHECK(http_tls_valid_for_s(tls) > 365LL * 86400);
    http_tls_close(tls);
}

/* SSL_renegotiate sends a new hello; what comes back is a refusal, and the conversation goes on. */
TEST(a_second_handshake_is_refused)
{
    struct site *site = secure_site(http_limits_default);
    struct client client = greet(site);
    set_version(&client, TLS1_2_VERSION);
    CHECK(shakes_hands(&client));
    expect_answer(&client);
    CHECK_INT(client.library.SSL_renegotiate(client.ssl), 1);
    CHECK(client.library.SSL_do_handshake(client.ssl) != 1);
    client_close(&client);
    expect_handshakes(site, 1, 0);
    site_close(site);
}

TEST(keys_may_be_renewed_while_answers_are_under_way)
{
    struct site *site = secure_site(http_limits_default);
    struct client client = greet(site);
    set_version(&client, TLS1_3_VERSION);
    CHECK(shakes_hands(&client));
    for (int i = 0; i < 50; i++) {
        CHECK_INT(client.library.SSL_key_update(client.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        struct reply reply = client_ask(&client, STR(GET("/large")));
        CHECK_INT(reply.body.size, LARGE_BYTES);
    }
    client_close(&client);
    site_close(site);
}

TEST(plain_http_is_answered_in_plain_http)
{
    struct site *site = secure_site(http_limits_default);
    struct client client = client_open_plain(site);
    struct reply reply = client_ask(&client, STR(GET("/e")));
    CHECK_INT(reply.status, 400);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    CHECK(find_text(reply.body, "https://") != SIZE_MAX);
    client_expect_end(&client);
    client_close(&client);
    expect_handshakes(site, 0, 1);
    site_close(site);
}

TEST(nonsense_is_answered_by_an_alert_and_counted)
{
    struct site *site = secure_site(http_limits_default);
    struct client client = client_open_plain(site);
    client_send(&client, STR("\x16\x03\x01\x00\x05nonsense"));
    while (client_receive(&client)) {
    }
    CHECK(client.size > 0);
    CHECK_INT(client.bytes[0], 0x15); /* an alert's record */
    client_close(&client);
    expect_handshakes(site, 0, 1);
    site_close(site);
}

TEST(a_handshake_has_the_time_of_a_head)
{
    struct http_limits limits = http_limits_default;
    limits.header_timeout_ms = 100;
    struct site *site = secure_site(limits);
    struct client client = client_open_plain(site);
    client_send(&client, STR("\x16\x03\x01"));
    client_expect_end(&client);
    client_close(&client);
    site_close(site);
}

/* One large answer that many share is not encrypted ahead for those who do not read it. */
TEST(a_slow_reader_gets_all_in_the_end)
{
    struct site *site = secure_site(http_limits_default);
    struct client slow = greet(site);
    CHECK(shakes_hands(&slow));
    for (int i = 0; i < 3; i++)
        client_send(&slow, STR(GET("/shared")));
    struct client quick = greet(site);
    CHECK(shakes_hands(&quick));
    for (int i = 0; i < 20; i++)
        expect_answer(&quick);
    for (int i = 0; i < 3; i++)
        CHECK_INT(client_read(&slow, false).body.size, SHARED_BYTES);
    CHECK_INT(slow.bytes[slow.size - 1], 'x');
    expect_answer(&slow);
    while (atomic_load(&site->released) < 3)
        usleep(1000);
    client_close(&slow);
    client_close(&quick);
    site_close(site);
}

TESTS(both_versions_are_spoken_and_no_older_one, http_1_1_is_agreed_on_and_nothing_else,
      who_comes_back_with_a_ticket_is_known, a_newer_pair_is_for_newer_connections,
      a_certificate_says_how_long_it_is_good, a_second_handshake_is_refused,
      keys_may_be_renewed_while_answers_are_under_way, plain_http_is_answered_in_plain_http,
      nonsense_is_answered_by_an_alert_and_counted, a_handshake_has_the_time_of_a_head,
      a_slow_reader_gets_all_in_the_end)
