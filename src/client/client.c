/* SPDX-License-Identifier: Apache-2.0 */
/* client - asking a server over HTTP: see client.h. */
#include "client/client.h"

#include <errno.h>
#include <time.h>

#include "base/memory.h"
#include "base/random.h"
#include "client/address.h"
#include "client/answer.h"
#include "client/library.h"

enum {
    CONNECT_TIMEOUT_MS = 5000,
    CALL_TIMEOUT_MS = 120000, /* an import of 16 MiB over a slow line */
    ANSWER_BYTES_MAX = 256 * 1024 * 1024,
    WAIT_SECONDS_MAX = 10,
    KEEPALIVE_SECONDS = 20,
    TRIES_MAX = 4
};

struct client {
    struct client_config config;
    struct curl_library curl;
    CURL *easy;
};

/* One exchange under way. */
struct exchange {
    const struct call *call;
    struct client *client;
    struct buf body, head;
    bool is_taken;   /* the body goes to take_piece */
    bool is_stopped; /* it wanted no more */
};

struct client *client_open(const struct client_config *config)
{
    struct client *client = MEMORY_NEW(struct client);
    client->config = *config;
    return client;
}

void client_close(struct client *client)
{
    if (client->easy != NULL)
        client->curl.easy_cleanup(client->easy);
    memory_free(client);
}

struct str client_new_key(struct arena *arena)
{
    char *text = arena_allocate(arena, 22);
    random_base62(text, 22);
    return (struct str){text, 22};
}

/* ---- what libcurl hands over ----------------------------------------------------------------- */

static long status_of(struct client *client)
{
    long status = 0;
    client->curl.easy_getinfo(client->easy, CURLINFO_RESPONSE_CODE, &status);
    return status;
}

static uint64_t expected_bytes(struct client *client)
{
    curl_off_t bytes = -1;
    client->curl.easy_getinfo(client->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &bytes);
    return bytes < 0 ? 0 : (uint64_t)bytes;
}

/* libcurl's own prototype. NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t take_body(char *data, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;
    struct str piece = {data, size * count};
    exchange->is_taken =
        exchange->call->take_piece != NULL && status_of(exchange->client) / 100 == 2;
    if (!exchange->is_taken) {
        buf_append(&exchange->body, piece);
        return buf_failed(&exchange->body) ? 0 : piece.size;
    }
    uint64_t expected = expected_bytes(exchange->client);
    exchange->is_stopped = !exchange->call->take_piece(piece, expected, exchange->call->user);
    return exchange->is_stopped ? 0 : piece.size;
}

static int note_progress(void *user, curl_off_t expected, curl_off_t taken, curl_off_t to_send,
                         curl_off_t sent)
{
    const struct exchange *exchange = user;
    (void)expected;
    (void)taken;
    (void)to_send;
    exchange->call->on_sent(sent < 0 ? 0 : (uint64_t)sent, exchange->call->user);
    return 0;
}

/* NOLINTNEXTLINE(readability-non-const-parameter) */
static size_t take_head_line(char *data, size_t size, size_t count, void *user)
{
    struct exchange *exchange = user;
    struct str line = {data, size * count};
    if (str_starts_with(line, STR("HTTP/"))) /* a final answer behind an interim one */
        buf_clear(&exchange->head);
    buf_append(&exchange->head, line);
    return line.size;
}

/* ---- the request ------------------------------------------------------------------------------
 */

/* Every line of a request, in the making. */
struct header_lines {
    struct client *client;
    struct arena *arena;
    const struct call *call;
    struct curl_slist *list;
};

static void add_line(struct header_lines *lines, const char *line)
{
    struct curl_slist *longer = lines->client->curl.slist_append(lines->list, line);
    if (longer != NULL)
        lines->list = longer;
}

static bool is_replaced(const struct call *call, const char *name)
{
    for (size_t i = 0; i < call->header_count; i++) {
        struct str line = call->headers[i];
        if (str_equal_ignoring_case(str_slice(line, 0, str_find_byte(line, ':', 0)), str_of(name)))
            return true;
    }
    return false;
}

static void add_header(struct header_lines *lines, const char *name, struct str value)
{
    if (!str_is_absent(value) && !is_replaced(lines->call, name))
        add_line(lines, arena_format(lines->arena, "%s: %.*s", name, STR_ARG(value)).data);
}

static struct curl_slist *headers_of(struct client *client, struct arena *arena,
                                     const struct call *call)
{
    struct header_lines lines = {.client = client, .arena = arena, .call = call};
    if (!str_is_empty(client->config.token))
        add_header(&lines, "Authorization",
                   arena_format(arena, "Bearer %.*s", STR_ARG(client->config.token)));
    if (!str_is_absent(call->body)) {
        bool is_json = str_is_absent(call->body_type);
        add_header(&lines, "Content-Type", is_json ? STR("application/json") : call->body_type);
        add_header(&lines, "Expect", STR("")); /* no extra round trip */
    }
    add_header(&lines, "Accept", call->accept);
    add_header(&lines, "If-Match", call->if_match);
    add_header(&lines, "If-None-Match", call->if_none_match);
    add_header(&lines, "Last-Event-ID", call->last_seen);
    add_header(&lines, "Idempotency-Key", call->key);
    for (size_t i = 0; i < call->header_count; i++)
        add_line(&lines, arena_format(arena, "%.*s", STR_ARG(call->headers[i])).data);
    return lines.list;
}

static void set_body(struct client *client, const struct call *call)
{
    const struct curl_library *curl = &client->curl;
    const char *method = call->method == NULL ? "GET" : call->method;
    if (!str_is_absent(call->body)) {
        curl->easy_setopt(client->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)call->body.size);
        curl->easy_setopt(client->easy, CURLOPT_POSTFIELDS,
                          call->body.size == 0 ? "" : call->body.data);
    }
    if (str_equal(str_of(method), STR("HEAD")))
        curl->easy_setopt(client->easy, CURLOPT_NOBODY, 1L);
    curl->easy_setopt(client->easy, CURLOPT_CUSTOMREQUEST, method);
}

static void set_options(struct exchange *exchange, struct arena *arena)
{
    struct client *client = exchange->client;
    const struct curl_library *curl = &client->curl;
    CURL *easy = client->easy;
    const struct client_config *config = &client->config;
    struct str url =
        arena_format(arena, "%.*s%.*s", STR_ARG(config->origin), STR_ARG(exchange->call->path));
    curl->easy_setopt(easy, CURLOPT_URL, url.data);
    curl->easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl->easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
    curl->easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
    curl->easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    /* What is said to this machine in the clear stays on it, whatever http_proxy says. */
    if (str_starts_with(config->origin, STR("http://")) && address_is_private(config->origin))
        curl->easy_setopt(easy, CURLOPT_PROXY, "");
    curl->easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "");
    curl->easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
    /* A stream has no time limit: a server that is gone without a word shows by this. */
    curl->easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    curl->easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_SECONDS);
    curl->easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_SECONDS);
    if (exchange->call->on_sent != NULL) {
        curl->easy_setopt(easy, CURLOPT_NOPROGRESS, 0L);
        curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, note_progress);
        curl->easy_setopt(easy, CURLOPT_XFERINFODATA, exchange);
        curl->easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
        curl->easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)CALL_TIMEOUT_MS / 1000);
    }
    if (exchange->call->take_piece == NULL && exchange->call->on_sent == NULL)
        curl->easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)CALL_TIMEOUT_MS);
    curl->easy_setopt(easy, CURLOPT_USERAGENT,
                      arena_format(arena, "%.*s", STR_ARG(config->program)).data);
    if (!str_is_empty(config->ca_file))
        curl->easy_setopt(easy, CURLOPT_CAINFO,
                          arena_format(arena, "%.*s", STR_ARG(config->ca_file)).data);
    curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl->easy_setopt(easy, CURLOPT_WRITEDATA, exchange);
    curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, take_head_line);
    curl->easy_setopt(easy, CURLOPT_HEADERDATA, exchange);
    set_body(client, exchange->call);
}

static struct answer unreachable(struct arena *arena, const struct client *client, CURLcode code)
{
    return (struct answer){.kind = ANSWER_UNREACHABLE,
                           .message = arena_format(arena, "no answer from %.*s: %s",
                                                   STR_ARG(client->config.origin),
                                                   client->curl.easy_strerror(code))};
}

static struct answer ask_once(struct client *client, struct arena *arena, const struct call *call)
{
    struct exchange exchange = {.call = call, .client = client};
    buf_open(&exchange.body, ANSWER_BYTES_MAX);
    buf_open(&exchange.head, 256 * 1024);
    client->curl.easy_reset(client->easy); /* options only: the connection stays */
    set_options(&exchange, arena);
    struct curl_slist *headers = headers_of(client, arena, call);
    client->curl.easy_setopt(client->easy, CURLOPT_HTTPHEADER, headers);
    CURLcode code = client->curl.easy_perform(client->easy);
    struct answer answer;
    if (exchange.is_stopped) {
        answer = (struct answer){.kind = ANSWER_STOPPED, .status = (int)status_of(client)};
    } else if (code != CURLE_OK) {
        answer = unreachable(arena, client, code);
    } else {
        answer = answer_read(arena, (int)status_of(client), buf_str(&exchange.head),
                             buf_str(&exchange.body));
    }
    client->curl.slist_free_all(headers);
    buf_close(&exchange.head);
    buf_close(&exchange.body);
    return answer;
}

static void wait_seconds(uint64_t seconds)
{
    struct timespec left = {.tv_sec = (time_t)seconds};
    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

/* Waiting a moment is better than bothering a person, or losing what a script was about to do. */
static bool is_worth_another_try(const struct answer *answer, const struct call *call)
{
    if (answer->kind == ANSWER_UNREACHABLE)
        return !str_is_absent(call->key) && call->take_piece == NULL;
    return answer->kind == ANSWER_LIMITED && answer->retry_after_s > 0 &&
           answer->retry_after_s <= WAIT_SECONDS_MAX;
}

struct answer client_ask(struct client *client, struct arena *arena, const struct call *call)
{
    struct fault fault = curl_library_load(&client->curl);
    if (!failed(fault) && client->easy == NULL)
        client->easy = client->curl.easy_init();
    if (client->easy == NULL)
        return (struct answer){.kind = ANSWER_UNREACHABLE,
                               .message =
                                   failed(fault) ? fault.why : STR("libcurl does not start")};
    for (unsigned tries = 1;; tries++) {
        struct answer answer = ask_once(client, arena, call);
        bool was_lost = answer.kind == ANSWER_UNREACHABLE;
        if (tries == (was_lost ? 2 : TRIES_MAX) || !is_worth_another_try(&answer, call))
            return answer;
        wait_seconds(was_lost ? 0 : answer.retry_after_s);
    }
}
