/* SPDX-License-Identifier: Apache-2.0 */
/* authorise - every scope takes its credentials, shown in its way, and no other. */
#include "port.h"

static const struct {
    const char *line;
    const char *scheme;
    unsigned admitted; /* a bit per kind of credential */
} scopes[] = {
    {"GET /api/v1/browser", "Bearer", 1U << CREDENTIAL_BROWSER_KEY},
    {"GET /api/v1/server", "Bearer", 1U << CREDENTIAL_SERVER_KEY},
    {"GET /api/v1/report", "Bearer", 1U << CREDENTIAL_BROWSER_KEY | 1U << CREDENTIAL_SERVER_KEY},
    {"POST /api/v1/things", "Bearer", 1U << CREDENTIAL_PERSONAL | 1U << CREDENTIAL_APP},
    {"GET /api/1/flags", "Bearer",
     1U << CREDENTIAL_PERSONAL | 1U << CREDENTIAL_APP | 1U << CREDENTIAL_ENVIRONMENT},
    {"GET /sdk/deployment", "Api-Key",
     1U << CREDENTIAL_CLIENT_DEPLOYMENT | 1U << CREDENTIAL_SERVER_DEPLOYMENT |
         1U << CREDENTIAL_PROJECT_KEY},
};

TEST(every_scope_admits_its_kinds_and_no_other)
{
    struct port *port = port_open();
    for (size_t i = 0; i < COUNT_OF(scopes); i++) {
        for (size_t kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
            int expected = scopes[i].admitted >> kind & 1 ? 200 : DENIED;
            int got = ask_as(port, scopes[i].line, scopes[i].scheme, port->secrets[kind]);
            if (got != expected)
                fprintf(stderr, "%s as %s: %d\n", scopes[i].line, key_ids[kind], got);
            CHECK_INT(got, expected);
            const char *wrong = strcmp(scopes[i].scheme, "Bearer") == 0 ? "Api-Key" : "Bearer";
            CHECK_INT(ask_as(port, scopes[i].line, wrong, port->secrets[kind]), UNAUTHENTICATED);
            CHECK_INT(ask_as(port, scopes[i].line, "Basic", port->secrets[kind]), UNAUTHENTICATED);
        }
        CHECK_INT(ask(port, scopes[i].line, "", NULL, 0), UNAUTHENTICATED);
        CHECK_INT(ask_as(port, scopes[i].line, scopes[i].scheme, STR("nonsense")), UNAUTHENTICATED);
        CHECK_INT(ask_as(port, scopes[i].line, scopes[i].scheme, STR("")), UNAUTHENTICATED);
    }
    port_close(port);
}

TEST(the_word_before_a_key_is_read_with_leniency)
{
    struct port *port = port_open();
    struct str key = port->secrets[CREDENTIAL_CLIENT_DEPLOYMENT];
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "api-key", key), 200);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "API-KEY  ", key), 200);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Keys", key), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key:", key), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /api/1/flags", "bearer", port->secrets[CREDENTIAL_APP]), 200);
    port_close(port);
}

/* Two readers could go by different ones. */
TEST(who_shows_two_credentials_shows_none)
{
    struct port *port = port_open();
    struct str key = port->secrets[CREDENTIAL_CLIENT_DEPLOYMENT];
    struct str token = port->secrets[CREDENTIAL_APP];
    char more[512];
    const struct str second[] = {key, token, STR("nonsense"), STR("")};
    for (size_t i = 0; i < COUNT_OF(second); i++) {
        snprintf(more, sizeof(more),
                 "Authorization: Api-Key %.*s\r\nauthorization: Api-Key %.*s\r\n", STR_ARG(key),
                 STR_ARG(second[i]));
        CHECK_INT(ask(port, "GET /sdk/deployment", more, NULL, 0), UNAUTHENTICATED);
    }
    snprintf(more, sizeof(more), "Authorization: Bearer %.*s\r\nAuthorization: Api-Key %.*s\r\n",
             STR_ARG(token), STR_ARG(key));
    CHECK_INT(ask(port, "GET /sdk/deployment", more, NULL, 0), UNAUTHENTICATED);
    CHECK_INT(ask(port, "GET /api/1/flags", more, NULL, 0), UNAUTHENTICATED);
    snprintf(more, sizeof(more), "Authorization: Api-Key %.*s, Api-Key %.*s\r\n", STR_ARG(key),
             STR_ARG(key));
    CHECK_INT(ask(port, "GET /sdk/deployment", more, NULL, 0), UNAUTHENTICATED);
    port_close(port);
}

TEST(no_bytes_are_mistaken_for_a_credential)
{
    struct port *port = port_open();
    struct str key = port->secrets[CREDENTIAL_CLIENT_DEPLOYMENT];
    static char huge[32 * 1024];
    static char head[40 * 1024];
    memset(huge, 'a', sizeof(huge));
    const struct str shown[] = {
        STR(""),
        STR(" "),
        STR("\t"),
        STR("\xff\xfe"),
        STR("client-\xc3\xa4\xc3\xa4"),
        str_slice(key, 0, key.size - 1),
        arena_format(&port->gazette.arena, "%.*sx", STR_ARG(key)),
        arena_format(&port->gazette.arena, "%.*s\xc2\xa0", STR_ARG(key)),
        {huge, sizeof(huge) - sizeof("Api-Key ")},
    };
    for (size_t i = 0; i < COUNT_OF(shown); i++) {
        static const char *const asked[][2] = {{"/sdk/deployment", "Api-Key"},
                                               {"/api/1/flags", "Bearer"},
                                               {"/sdk/download/5", "Basic"}};
        for (size_t at = 0; at < COUNT_OF(asked); at++) {
            int size = snprintf(head, sizeof(head),
                                "GET %s HTTP/1.1\r\nHost: a\r\nAuthorization: %s %.*s\r\n\r\n",
                                asked[at][0], asked[at][1], STR_ARG(shown[i]));
            struct client client = client_open(port->site);
            CHECK_INT(client_ask(&client, (struct str){head, (size_t)size}).status,
                      UNAUTHENTICATED);
            client_close(&client);
        }
    }
    port_close(port);
}

static void append_base64(struct buf *buf, struct str bytes, const char *alphabet, bool is_padded)
{
    for (size_t i = 0; i < bytes.size; i += 3) {
        uint32_t bits = 0;
        size_t count = bytes.size - i < 3 ? bytes.size - i : 3;
        for (size_t at = 0; at < 3; at++)
            bits = bits << 8 | (at < count ? (unsigned char)bytes.data[i + at] : 0);
        for (size_t at = 0; at < 4; at++) {
            if (at <= count)
                buf_append_byte(buf, alphabet[bits >> (18 - 6 * at) & 63]);
            else if (is_padded)
                buf_append_byte(buf, '=');
        }
    }
}

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

static int download(struct port *port, struct str key, struct str secret, bool is_padded)
{
    struct buf pair;
    struct buf encoded;
    buf_open(&pair, SIZE_MAX);
    buf_open(&encoded, SIZE_MAX);
    buf_append_format(&pair, "%.*s:%.*s", STR_ARG(key), STR_ARG(secret));
    append_base64(&encoded, buf_str(&pair), is_padded ? LETTERS "+/" : LETTERS "-_", is_padded);
    int status = ask_as(port, "GET /sdk/download/5", "Basic", buf_str(&encoded));
    buf_close(&pair);
    buf_close(&encoded);
    return status;
}

TEST(a_download_needs_key_and_secret_of_one_environment)
{
    struct port *port = port_open();
    struct str key = port->secrets[CREDENTIAL_PROJECT_KEY];
    struct str secret = port->secrets[CREDENTIAL_PROJECT_SECRET];
    CHECK_INT(download(port, key, secret, true), 200);
    CHECK_INT(download(port, key, secret, false), 200);
    CHECK_INT(download(port, key, port->foreign_secret, true), UNAUTHENTICATED);
    CHECK_INT(download(port, key, STR(""), true), UNAUTHENTICATED);
    CHECK_INT(download(port, STR(""), secret, true), UNAUTHENTICATED);
    CHECK_INT(download(port, STR("00000000000000000000000000000000"), secret, true),
              UNAUTHENTICATED);
    CHECK_INT(download(port, secret, key, true), DENIED);
    CHECK_INT(download(port, secret, secret, true), DENIED);
    CHECK_INT(download(port, port->secrets[CREDENTIAL_SERVER_DEPLOYMENT], secret, true),
              UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("!!!!")), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("QQ")), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("Q")), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Bearer", secret), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("=")), UNAUTHENTICATED);
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", STR("Og==")), UNAUTHENTICATED); /* : */
    char longest[481];
    memset(longest, 'A', sizeof(longest));
    CHECK_INT(ask_as(port, "GET /sdk/download/5", "Basic", (struct str){longest, 200}),
              UNAUTHENTICATED);
    port_close(port);
}

TEST(a_stale_view_does_not_call_a_genuine_key_unknown)
{
    struct port *port = port_open();
    struct str shown;
    struct str fresh =
        secret_make(&port->gazette.arena, CREDENTIAL_SERVER_DEPLOYMENT, STR(""), &shown);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key", fresh), UNAUTHENTICATED);
    port->gazette.is_read_only = true;
    gazette_publish(&port->gazette);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key", fresh), 500 - FAULT_UNAVAILABLE);
    CHECK_INT(ask_as(port, "GET /sdk/deployment", "Api-Key", STR("typo")), UNAUTHENTICATED);
    port_close(port);
}

/* Basic, with a key that may be any bytes and a secret that may be genuine: who could not be told
 * from a stranger is not called one, so that the answer says whether the pair could be read. */
static int show_pair(struct port *port, struct str encoded)
{
    char head[1024];
    int size =
        snprintf(head, sizeof(head),
                 "GET /sdk/download/5 HTTP/1.1\r\nHost: a\r\nAuthorization: Basic %.*s\r\n\r\n",
                 STR_ARG(encoded));
    CHECK((size_t)size < sizeof(head));
    struct client client = client_open(port->site);
    int status = client_ask(&client, (struct str){head, (size_t)size}).status;
    client_close(&client);
    return status;
}

TEST(a_pair_is_read_in_both_alphabets_and_no_other)
{
    struct port *port = port_open();
    struct str shown;
    struct str fresh =
        secret_make(&port->gazette.arena, CREDENTIAL_PROJECT_SECRET, STR(""), &shown);
    port->gazette.is_read_only = true;
    gazette_publish(&port->gazette);
    struct buf encoded;
    buf_open(&encoded, SIZE_MAX);
    for (int digit = ' '; digit < 256; digit++) {
        if (digit == 0x7F) /* no header may have it */
            continue;
        buf_clear(&encoded);
        buf_append(&encoded, STR("AAB")); /* so that no digit makes a colon */
        buf_append_byte(&encoded, (char)digit);
        append_base64(&encoded, arena_format(&port->gazette.arena, "ke:%.*s", STR_ARG(fresh)),
                      LETTERS "+/", true);
        bool is_digit = strchr(LETTERS "+/-_", digit) != NULL;
        CHECK_INT(show_pair(port, buf_str(&encoded)),
                  is_digit ? 500 - FAULT_UNAVAILABLE : UNAUTHENTICATED);
    }
    buf_close(&encoded);
    port_close(port);
}

TEST(a_pair_may_be_so_long)
{
    enum { PAIR_BYTES_MAX = 256 };
    struct port *port = port_open();
    struct str shown;
    struct str fresh =
        secret_make(&port->gazette.arena, CREDENTIAL_PROJECT_SECRET, STR(""), &shown);
    port->gazette.is_read_only = true;
    gazette_publish(&port->gazette);
    for (size_t size = PAIR_BYTES_MAX - 2; size <= PAIR_BYTES_MAX + 2; size++) {
        struct buf pair;
        struct buf encoded;
        buf_open(&pair, SIZE_MAX);
        buf_open(&encoded, SIZE_MAX);
        for (size_t i = fresh.size + 1; i < size; i++)
            buf_append_byte(&pair, 'k');
        buf_append_format(&pair, ":%.*s", STR_ARG(fresh));
        append_base64(&encoded, buf_str(&pair), LETTERS "+/", false);
        CHECK_INT(show_pair(port, buf_str(&encoded)),
                  size <= PAIR_BYTES_MAX ? 500 - FAULT_UNAVAILABLE : UNAUTHENTICATED);
        buf_close(&pair);
        buf_close(&encoded);
    }
    port_close(port);
}

/* ---- evaluating ----------------------------------------------------------------------------- */

/* As many header lines as there are arguments; "%k" is the key. */
static int evaluate_with(struct port *port, struct str key, const char *lines)
{
    char more[512] = "";
    size_t size = 0;
    for (const char *at = lines; *at != '\0'; at++) {
        bool is_key = at[0] == '%' && at[1] == 'k';
        int written = is_key ? snprintf(more + size, sizeof(more) - size, "%.*s", STR_ARG(key))
                             : snprintf(more + size, sizeof(more) - size, "%c", *at);
        size += (size_t)written;
        CHECK(size < sizeof(more));
        at += is_key;
    }
    return ask(port, "GET /sdk/evaluate", more, NULL, 0);
}

TEST(whoever_reads_one_environment_evaluates)
{
    struct port *port = port_open();
    for (size_t kind = 0; kind < CREDENTIAL_KIND_COUNT; kind++) {
        bool is_reader = kind != CREDENTIAL_PERSONAL && kind != CREDENTIAL_APP &&
                         kind != CREDENTIAL_ENVIRONMENT && kind != CREDENTIAL_PROJECT_SECRET;
        CHECK_INT(evaluate_with(port, port->secrets[kind], "Authorization: Bearer %k\r\n"),
                  is_reader ? 200 : DENIED);
    }
    port_close(port);
}

TEST(a_key_to_evaluate_with_is_shown_in_any_way_clients_have)
{
    static const char *const shown[] = {
        "Authorization: Bearer %k\r\n",
        "Authorization: bearer  %k\r\n",
        "Authorization: Api-Key %k\r\n",
        "Authorization: %k\r\n",
        "X-API-Key: %k\r\n",
        "x-api-key: %k\r\nAuthorization: Bearer %k\r\n",
        "X-API-Key: %k\r\nAuthorization: %k\r\n",
        "X-API-Key: %k\r\nAuthorization:\r\n",
        "X-API-Key:\r\nAuthorization: %k\r\n",
    };
    static const char *const not_shown[] = {
        "",
        "Authorization: Basic %k\r\n",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer %k x\r\n",
        "Authorization: Bearer nonsense\r\n",
        "X-API-Key: Bearer %k\r\n",
        "X-API-Key: %k\r\nAuthorization: Bearer nonsense\r\n",
        "X-API-Key: nonsense\r\nAuthorization: Bearer %k\r\n",
        "X-API-Key: %k\r\nX-API-Key: nonsense\r\n",
        "Authorization: Bearer %k\r\nAuthorization: Bearer nonsense\r\n",
        "Authorization: Bearer %k\r\nAuthorization: Bearer %k\r\nX-API-Key: %k\r\n",
    };
    struct port *port = port_open();
    struct str key = port->secrets[CREDENTIAL_BROWSER_KEY];
    for (size_t i = 0; i < COUNT_OF(shown); i++)
        CHECK_INT(evaluate_with(port, key, shown[i]), 200);
    for (size_t i = 0; i < COUNT_OF(not_shown); i++)
        CHECK_INT(evaluate_with(port, key, not_shown[i]), UNAUTHENTICATED);
    port_close(port);
}

TESTS(every_scope_admits_its_kinds_and_no_other, the_word_before_a_key_is_read_with_leniency,
      who_shows_two_credentials_shows_none, no_bytes_are_mistaken_for_a_credential,
      a_download_needs_key_and_secret_of_one_environment,
      a_pair_is_read_in_both_alphabets_and_no_other, a_pair_may_be_so_long,
      a_stale_view_does_not_call_a_genuine_key_unknown, whoever_reads_one_environment_evaluates,
      a_key_to_evaluate_with_is_shown_in_any_way_clients_have)
