/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client - a server in this process and a raw socket to it.
 *
 * The server answers by path: /echo says what it understood, /hold keeps the request until
 * /release comes, and so on (see answer_by_path). The client sends bytes as they are and waits on
 * the socket, never on the clock; a socket silent for ten seconds fails the test.
 *
 * With SITE_SPEAKS_TLS the same conversations go through TLS: see tls_server_test.c.
 */
#ifndef UNIT_HTTP_CLIENT_H
#define UNIT_HTTP_CLIENT_H

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "http/http.h"
#include "test.h"
#include "tls_client.h"

#ifdef SITE_SPEAKS_TLS
enum { SITE_IS_SECURE = 1 };
#else
enum { SITE_IS_SECURE = 0 };
#endif

enum { CLIENT_SILENCE_S = 10, LARGE_BYTES = 300 * 1024, SHARED_BYTES = 4 * 1024 * 1024 };

struct site {
    struct http_server *server;
    struct http_tls *tls; /* NULL: plain */
    struct http_limits limits;
    struct http_request *held; /* by /hold; loop thread only */
    _Atomic unsigned released; /* shared bodies let go of */
    _Atomic unsigned works_begun;
    _Atomic bool may_finish; /* what /block waits for on its pool thread */
    char *large;
};

static inline void site_say(struct http_request *request, struct str body)
{
    struct http_response response = {.status = 200, .body = body};
    http_respond(request, &response);
}

static inline void site_echo(struct http_request *request)
{
    site_say(request,
             arena_format(request->arena, "%.*s %.*s?%.*s [%.*s]", STR_ARG(request->method_text),
                          STR_ARG(request->path), STR_ARG(request->query), STR_ARG(request->body)));
}

static inline void site_work(struct http_request *request)
{
    request->user = arena_copy(request->arena, "worked", 6);
}

static inline void site_work_blocked(struct http_request *request)
{
    struct site *site = request->user;
    atomic_fetch_add(&site->works_begun, 1);
    while (!atomic_load(&site->may_finish))
        usleep(1000);
    site_work(request);
}

static inline void site_work_done(struct http_request *request)
{
    site_say(request, (struct str){request->user, 6});
    CHECK(request->arena != NULL); /* good until this returns */
}

static inline void site_release_shared(void *owner)
{
    struct site *site = owner;
    atomic_fetch_add(&site->released, 1);
}

static inline void site_answer_shared(struct http_request *request, struct site *site, size_t size)
{
    struct http_response response = {.status = 200,
                                     .body = {site->large, size},
                                     .body_owner = site,
                                     .release = site_release_shared};
    http_respond(request, &response);
}

static inline void site_answer_status(struct http_request *request, struct site *site)
{
    uint64_t status = 0;
    CHECK(str_parse_u64(str_slice(request->path, sizeof("/status/") - 1, request->path.size),
                        &status));
    struct http_response response = {.status = (int)status,
                                     .headers = STR("X-Answer: yes\r\n"),
                                     .body = STR("as asked"),
                                     .body_owner = site,
                                     .release = site_release_shared};
    http_respond(request, &response);
}

static inline void site_answer_by_path(struct http_request *request, void *context)
{
    struct site *site = context;
    struct str path = request->path;
    if (str_equal(path, STR("/hold"))) {
        site->held = request;
    } else if (str_equal(path, STR("/release"))) {
        struct http_request *held = site->held;
        site->held = NULL;
        if (held != NULL)
            site_answer_shared(held, site, 4);
        site_say(request, STR("released"));
    } else if (str_equal(path, STR("/offload"))) {
        CHECK(http_offload(request, site_work, site_work_done));
    } else if (str_equal(path, STR("/block"))) {
        request->user = site;
        if (!http_offload(request, site_work_blocked, site_work_done))
            site_say(request, STR("full"));
    } else if (str_equal(path, STR("/hang"))) { /* no handler may do that: the loop stands still */
        request->user = site;
        site_work_blocked(request);
        site_say(request, STR("over"));
    } else if (str_equal(path, STR("/large"))) {
        site_say(request, (struct str){site->large, LARGE_BYTES});
    } else if (str_equal(path, STR("/shared"))) {
        site_answer_shared(request, site, SHARED_BYTES);
    } else if (str_equal(path, STR("/began"))) {
        site_say(request, arena_format(request->arena, "%lld", (long long)request->began_us));
    } else if (str_equal(path, STR("/closes"))) {
        http_respond(request, &(struct http_response){.status = 200, .closes = true});
    } else if (str_starts_with(path, STR("/status/"))) {
        site_answer_status(request, site);
    } else {
        site_echo(request);
    }
}

static inline size_t site_body_bytes_max(const struct http_request *head, void *context)
{
    const struct site *site = context;
    if (str_equal(head->path, STR("/small")))
        return head->method == HTTP_POST ? 8 : 0;
    return site->limits.body_bytes;
}

static inline void site_refuse(int status, struct str path, struct arena *arena,
                               struct http_response *response, void *context)
{
    (void)context;
    response->headers = STR("Content-Type: text/plain\r\n");
    response->body = arena_format(arena, "refused %d at %.*s", status, STR_ARG(path));
}

/* tls: its to close; NULL: plain. */
static inline struct site *site_open_on(struct http_limits limits, unsigned loop_count,
                                        struct http_callbacks callbacks, struct http_tls *tls)
{
    struct site *site = calloc(1, sizeof(struct site));
    CHECK(site != NULL);
    site->limits = limits;
    site->large = malloc(SHARED_BYTES);
    CHECK(site->large != NULL);
    memset(site->large, 'x', SHARED_BYTES);
    if (callbacks.context == NULL)
        callbacks.context = site;
    struct http_config config = {
        .listen = STR("127.0.0.1:0"),
        .loop_count = loop_count,
        .limits = limits,
        .callbacks = callbacks,
        .clock = clock_system(),
    };
    site->tls = tls;
    config.tls = tls;
    CHECK_OK(http_open(&site->server, &config));
    CHECK(http_port(site->server) != 0);
    http_start(site->server);
    return site;
}

/* A site whose callbacks are the test's own; their context is theirs. */
static inline struct site *site_open_with(struct http_limits limits, unsigned loop_count,
                                          struct http_callbacks callbacks)
{
    struct http_tls *tls = SITE_IS_SECURE ? tls_open_pair(certificate_pem, key_pem) : NULL;
    return site_open_on(limits, loop_count, callbacks, tls);
}

static const struct http_callbacks site_callbacks = {.on_request = site_answer_by_path,
                                                     .body_bytes_max = site_body_bytes_max,
                                                     .on_refusal = site_refuse};

static inline struct site *site_open_secure(struct http_limits limits, unsigned loop_count,
                                            struct http_tls *tls)
{
    return site_open_on(limits, loop_count, site_callbacks, tls);
}

static inline struct site *site_open(struct http_limits limits, unsigned loop_count)
{
    return site_open_with(limits, loop_count, site_callbacks);
}

/* Its server is closed. */
static inline void site_free(struct site *site)
{
    http_tls_close(site->tls);
    free(site->large);
    free(site);
}

static inline void site_close(struct site *site)
{
    http_close(site->server);
    site_free(site);
}

/* ---- the other side ----------------------------------------------------------------------- */

struct client {
    int descriptor;
    struct tls_client_library library;
    SSL_CTX *context;
    SSL *ssl; /* NULL: plain */
    char *bytes;
    size_t size, taken, capacity;
    bool has_ended;
};

struct reply {
    int status; /* 0: the connection ended instead */
    struct str head, body;
};

enum { CLIENT_BYTES_MAX = 16 * 1024 * 1024 };

static inline struct client client_open_to(uint16_t port)
{
    struct client client = {.descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    CHECK(client.descriptor >= 0);
    struct timeval silence = {.tv_sec = CLIENT_SILENCE_S};
    setsockopt(client.descriptor, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence));
    setsockopt(client.descriptor, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof(silence));
    int on = 1;
    setsockopt(client.descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK_INT(connect(client.descriptor, (struct sockaddr *)&address, sizeof(address)), 0);
    return client;
}

static inline struct client client_open_plain(const struct site *site)
{
    return client_open_to(http_port(site->server));
}

/* The handshake is done, and well, when this returns. */
static inline void client_shake_hands(struct client *client)
{
    client->library = tls_client_library();
    client->context = client->library.SSL_CTX_new(client->library.TLS_client_method());
    client->ssl = client->library.SSL_new(client->context);
    CHECK_INT(client->library.SSL_set_fd(client->ssl, client->descriptor), 1);
    CHECK_INT(client->library.SSL_connect(client->ssl), 1);
}

static inline struct client client_open(const struct site *site)
{
    struct client client = client_open_plain(site);
    if (site->tls != NULL)
        client_shake_hands(&client);
    return client;
}

static inline void client_close(struct client *client)
{
    if (client->ssl != NULL) {
        client->library.SSL_free(client->ssl);
        client->library.SSL_CTX_free(client->context);
    }
    close(client->descriptor);
    free(client->bytes);
}

/* What the server no longer takes is not the client's problem. */
static inline void client_send(struct client *client, struct str bytes)
{
    while (bytes.size > 0) {
        ssize_t sent = client->ssl != NULL
                           ? client->library.SSL_write(client->ssl, bytes.data, (int)bytes.size)
                           : send(client->descriptor, bytes.data, bytes.size, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes = str_slice(bytes, (size_t)sent, bytes.size);
    }
}

/* Replies read before may move. */
static inline void client_make_room(struct client *client)
{
    if (client->size < client->capacity)
        return;
    client->capacity = client->capacity == 0 ? 4096 : client->capacity * 2;
    CHECK(client->capacity <= CLIENT_BYTES_MAX);
    client->bytes = realloc(client->bytes, client->capacity);
    CHECK(client->bytes != NULL);
}

static inline bool client_receive(struct client *client)
{
    client_make_room(client);
    char *room = client->bytes + client->size;
    size_t room_bytes = client->capacity - client->size;
    errno = 0;
    ssize_t size = client->ssl != NULL
                       ? client->library.SSL_read(client->ssl, room, (int)room_bytes)
                       : recv(client->descriptor, room, room_bytes, 0);
    if (size < 0)
        assert_int_not_equal(errno, EAGAIN); /* silent for too long */
    client->has_ended = size <= 0;
    client->size += size > 0 ? (size_t)size : 0;
    return !client->has_ended;
}

static inline struct str client_unread(const struct client *client)
{
    return (struct str){client->bytes + client->taken, client->size - client->taken};
}

static inline size_t find_text(struct str bytes, const char *text)
{
    const char *at = bytes.size == 0 ? NULL : memmem(bytes.data, bytes.size, text, strlen(text));
    return at == NULL ? SIZE_MAX : (size_t)(at - bytes.data);
}

static inline struct str reply_header(const struct reply *reply, const char *name)
{
    char line[64];
    snprintf(line, sizeof(line), "\r\n%s: ", name);
    size_t at = find_text(reply->head, line);
    if (at == SIZE_MAX)
        return (struct str){0};
    at += strlen(line);
    return str_slice(reply->head, at, str_find_byte(reply->head, '\r', at));
}

/* The next reply's head, and as many body bytes as it announces unless it was for a HEAD. */
static inline struct reply client_read(struct client *client, bool is_head)
{
    size_t head_size = 0;
    while ((head_size = find_text(client_unread(client), "\r\n\r\n")) == SIZE_MAX) {
        if (!client_receive(client)) {
            CHECK_INT(client_unread(client).size, 0);
            return (struct reply){0};
        }
    }
    head_size += 4;
    struct reply reply = {.head = str_slice(client_unread(client), 0, head_size)};
    uint64_t status = 0;
    uint64_t length = 0;
    CHECK(str_starts_with(reply.head, STR("HTTP/1.1 ")));
    CHECK(str_parse_u64(str_slice(reply.head, 9, 12), &status));
    reply.status = (int)status;
    struct str announced = reply_header(&reply, "Content-Length");
    if (!is_head && !str_is_absent(announced))
        CHECK(str_parse_u64(announced, &length));
    while (client_unread(client).size < head_size + length)
        CHECK(client_receive(client));
    reply.head = str_slice(client_unread(client), 0, head_size);
    reply.body = str_slice(client_unread(client), head_size, head_size + length);
    client->taken += head_size + length;
    return reply;
}

static inline struct reply client_ask(struct client *client, struct str bytes)
{
    client_send(client, bytes);
    return client_read(client, false);
}

/* Nothing more comes and the server has closed. */
static inline void client_expect_end(struct client *client)
{
    while (client_receive(client)) {
    }
    CHECK_INT(client_unread(client).size, 0);
}

/* One connection, one refusal, closed. */
static inline void expect_refusal(const struct site *site, struct str bytes, int status)
{
    struct client client = client_open(site);
    struct reply reply = client_ask(&client, bytes);
    if (reply.status != status)
        fprintf(stderr, "%d instead of %d for %.*s\n", reply.status, status,
                (int)(bytes.size < 200 ? bytes.size : 200), bytes.data);
    CHECK_INT(reply.status, status);
    CHECK_STR(reply_header(&reply, "Connection"), STR("close"));
    client_expect_end(&client);
    client_close(&client);
}

#endif
