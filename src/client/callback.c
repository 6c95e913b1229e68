/* SPDX-License-Identifier: Apache-2.0 */
/* callback - what a browser on this machine brings back: see callback.h. */
#include "client/callback.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/memory.h"

enum {
    VISITORS_MAX = 16, /* a browser opens a few connections ahead; the oldest makes room */
    HEAD_BYTES_MAX = 8192,
    VISIT_MS_MAX = 10000,
    NOBODY = -1
};

struct visitor {
    int descriptor; /* NOBODY: the place is free */
    int64_t came_ms;
    size_t size;
    char head[HEAD_BYTES_MAX];
};

struct callback {
    int listener;
    struct str state;
    struct visitor visitors[VISITORS_MAX];
    struct visitor *bringer; /* who waits for the end of it */
    unsigned strangers;
};

/* ---- listening ---------------------------------------------------------------------------------
 */

static struct fault cannot_listen(int error)
{
    if (error == EADDRINUSE)
        return fault_make(FAULT_CONFLICT, STR("port"), STR("another program listens on that port"));
    return fault_make(FAULT_UNAVAILABLE, STR("port"),
                      error == EACCES ? STR("listening on that port is not allowed")
                                      : STR("cannot listen on 127.0.0.1"));
}

struct fault callback_open(struct callback **callback, uint16_t port, struct str state)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int yes = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (listener < 0)
        return cannot_listen(errno);
    /* A login a moment ago is no reason not to listen again. */
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(listener, (const struct sockaddr *)&address, sizeof(address)) != 0 ||
        listen(listener, VISITORS_MAX) != 0) {
        struct fault fault = cannot_listen(errno);
        close(listener);
        return fault;
    }
    *callback = MEMORY_NEW(struct callback);
    (*callback)->listener = listener;
    (*callback)->state = state;
    for (size_t i = 0; i < VISITORS_MAX; i++)
        (*callback)->visitors[i].descriptor = NOBODY;
    return fault_none();
}

uint16_t callback_port(const struct callback *callback)
{
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    getsockname(callback->listener, (struct sockaddr *)&address, &size);
    return ntohs(address.sin_port);
}

unsigned callback_strangers(const struct callback *callback)
{
    return callback->strangers;
}

static void part(struct visitor *visitor)
{
    if (visitor->descriptor != NOBODY)
        close(visitor->descriptor);
    visitor->descriptor = NOBODY;
}

void callback_close(struct callback *callback)
{
    for (size_t i = 0; i < VISITORS_MAX; i++)
        part(&callback->visitors[i]);
    close(callback->listener);
    memory_free(callback);
}

/* ---- answering ----------------------------------------------------------------------------------
 */

/* The script, whose SHA-256 the policy names, takes the token out of the browser's history. */
#define SCRIPT "history.replaceState(null,\"\",\"/callback\")"
#define SCRIPT_DIGEST "g73jIZyYAu1i9WuXAZ+D32oK+aXTXetbbbaI3g7L0rc="

static void answer(struct visitor *visitor, const char *status, const char *title,
                   const char *sentence)
{
    struct buf page, head;
    buf_open(&page, SIZE_MAX);
    buf_open(&head, SIZE_MAX);
    buf_append_format(&page,
                      "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\n"
                      "<title>%s</title>\n<script>" SCRIPT "</script>\n<h1>%s</h1>\n<p>%s</p>\n",
                      title, title, sentence);
    buf_append_format(&head,
                      "HTTP/1.1 %s\r\nContent-Type: text/html; charset=utf-8\r\n"
                      "Content-Length: %zu\r\nCache-Control: no-store\r\nConnection: close\r\n"
                      "Referrer-Policy: no-referrer\r\nX-Content-Type-Options: nosniff\r\n"
                      "Content-Security-Policy: default-src 'none'; script-src "
                      "'sha256-" SCRIPT_DIGEST "'; base-uri 'none'; frame-ancestors 'none'\r\n\r\n",
                      status, page.size);
    buf_append(&head, buf_str(&page));
    /* A page this small fits into any socket's buffer; who does not take it has none. */
    send(visitor->descriptor, head.data, head.size, MSG_NOSIGNAL | MSG_DONTWAIT);
    shutdown(visitor->descriptor, SHUT_WR);
    buf_close(&head);
    buf_close(&page);
    part(visitor);
}

void callback_conclude(struct callback *callback, bool is_good)
{
    if (callback->bringer == NULL)
        return;
    if (is_good)
        answer(callback->bringer, "200 OK", "You are logged in",
               "Close this window and go back to the terminal.");
    else
        answer(callback->bringer, "502 Bad Gateway", "That did not work", "The terminal says why.");
    callback->bringer = NULL;
}

/* ---- understanding ------------------------------------------------------------------------------
 */

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Of a query: %XX and +; what is no escape stays. */
static struct str decode(struct arena *arena, struct str text)
{
    char *decoded = arena_allocate(arena, text.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < text.size; i++) {
        bool is_escape = text.data[i] == '%' && i + 2 < text.size;
        int high = is_escape ? digit_of(text.data[i + 1]) : -1;
        int low = is_escape ? digit_of(text.data[i + 2]) : -1;
        if (high >= 0 && low >= 0) {
            decoded[size++] = (char)(high * 16 + low);
            i += 2;
        } else {
            decoded[size++] = text.data[i];
            if (text.data[i] == '+')
                decoded[size - 1] = ' ';
        }
    }
    return (struct str){decoded, size};
}

/* The first of that name; absent when there is none. */
static struct str parameter(struct arena *arena, struct str query, struct str name)
{
    for (size_t from = 0; from < query.size;) {
        size_t to = str_find_byte(query, '&', from);
        struct str pair = str_slice(query, from, to);
        size_t equals = str_find_byte(pair, '=', 0);
        if (equals < pair.size && str_equal(str_slice(pair, 0, equals), name))
            return decode(arena, str_slice(pair, equals + 1, pair.size));
        from = to + 1;
    }
    return (struct str){0};
}

/* How long it takes says nothing of where they differ. */
static bool is_same(struct str a, struct str b)
{
    unsigned difference = a.size != b.size;
    for (size_t i = 0; i < a.size && i < b.size; i++)
        difference |= (unsigned char)(a.data[i] ^ b.data[i]);
    return difference == 0 && a.size > 0;
}

/* Looks at a request line; true when it is what was waited for. Else its visitor has an answer. */
static bool understand(struct callback *callback, struct arena *arena, struct visitor *visitor,
                       struct callback_news *news)
{
    struct str line = {visitor->head, visitor->size};
    line = str_slice(line, 0, str_find_byte(line, '\r', 0));
    size_t target_at = str_find_byte(line, ' ', 0) + 1;
    size_t version_at = str_find_byte(line, ' ', target_at);
    struct str target = str_slice(line, target_at, version_at);
    size_t question = str_find_byte(target, '?', 0);
    struct str query = str_slice(target, question + 1, target.size);
    if (!str_starts_with(str_slice(line, version_at, line.size), STR(" HTTP/1."))) {
        answer(visitor, "400 Bad Request", "Not understood", "This is no request.");
    } else if (!str_equal(str_slice(target, 0, question), STR("/callback"))) {
        answer(visitor, "404 Not Found", "Nothing here", "A login waits at another address.");
    } else if (!str_starts_with(line, STR("GET "))) {
        answer(visitor, "405 Method Not Allowed", "Not understood", "Only GET is.");
    } else if (!is_same(parameter(arena, query, STR("state")), callback->state)) {
        callback->strangers++;
        answer(visitor, "400 Bad Request", "That is another login",
               "It was not begun by the terminal that waits here.");
    } else {
        news->token = parameter(arena, query, STR("token"));
        news->email = parameter(arena, query, STR("email"));
        if (!str_is_empty(news->token))
            return true;
        answer(visitor, "400 Bad Request", "That did not work", "There is no token in it.");
    }
    return false;
}

/* ---- waiting ------------------------------------------------------------------------------------
 */

static struct visitor *find_place(struct callback *callback)
{
    struct visitor *oldest = &callback->visitors[0];
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        struct visitor *visitor = &callback->visitors[i];
        if (visitor->descriptor == NOBODY)
            return visitor;
        if (visitor->came_ms < oldest->came_ms)
            oldest = visitor;
    }
    part(oldest);
    return oldest;
}

static void let_in(struct callback *callback)
{
    int descriptor = accept4(callback->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (descriptor < 0)
        return;
    struct visitor *visitor = find_place(callback);
    visitor->descriptor = descriptor;
    visitor->came_ms = clock_monotonic_ms(clock_system());
    visitor->size = 0;
}

/* Reads what is there; true when it brought the news. */
static bool hear(struct callback *callback, struct arena *arena, struct visitor *visitor,
                 struct callback_news *news)
{
    ssize_t got = recv(visitor->descriptor, visitor->head + visitor->size,
                       HEAD_BYTES_MAX - visitor->size, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (got <= 0) {
        part(visitor);
        return false;
    }
    visitor->size += (size_t)got;
    if (str_contains((struct str){visitor->head, visitor->size}, STR("\r\n\r\n")))
        return understand(callback, arena, visitor, news);
    if (visitor->size == HEAD_BYTES_MAX)
        answer(visitor, "431 Request Header Fields Too Large", "Not understood", "It is too long.");
    return false;
}

static void dismiss_the_slow(struct callback *callback, int64_t now_ms)
{
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        if (now_ms - callback->visitors[i].came_ms > VISIT_MS_MAX)
            part(&callback->visitors[i]);
    }
}

/* One turn: whoever has something to say is heard. */
static bool take_turn(struct callback *callback, struct arena *arena, int64_t wait_ms,
                      struct callback_news *news)
{
    struct pollfd polled[VISITORS_MAX + 1];
    for (size_t i = 0; i < VISITORS_MAX; i++)
        polled[i] = (struct pollfd){.fd = callback->visitors[i].descriptor, .events = POLLIN};
    polled[VISITORS_MAX] = (struct pollfd){.fd = callback->listener, .events = POLLIN};
    if (poll(polled, VISITORS_MAX + 1, (int)wait_ms) <= 0)
        return false;
    for (size_t i = 0; i < VISITORS_MAX; i++) {
        struct visitor *visitor = &callback->visitors[i];
        if (polled[i].revents != 0 && hear(callback, arena, visitor, news)) {
            callback->bringer = visitor;
            return true;
        }
    }
    if (polled[VISITORS_MAX].revents != 0)
        let_in(callback);
    return false;
}

bool callback_wait(struct callback *callback, struct arena *arena, int64_t limit_ms,
                   struct callback_news *news)
{
    int64_t end_ms = clock_monotonic_ms(clock_system()) + limit_ms;
    *news = (struct callback_news){0};
    for (;;) {
        int64_t now_ms = clock_monotonic_ms(clock_system());
        if (now_ms >= end_ms)
            return false;
        dismiss_the_slow(callback, now_ms);
        int64_t left_ms = end_ms - now_ms;
        if (take_turn(callback, arena, left_ms < 1000 ? left_ms : 1000, news))
            return true;
    }
}
