/* SPDX-License-Identifier: Apache-2.0 */
/* probe - one question to a listener of this machine: see probe.h. */
#include "http/probe.h"

#include <netinet/in.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "http/listen.h"

enum { ANSWER_BYTES_MAX = 8192, BODY_BYTES_MAX = 4096 };

static struct fault unavailable(const char *why)
{
    return fault_make(FAULT_UNAVAILABLE, STR("probe"), str_of(why));
}

/* The system's own limit for a step; the sum is watched by the clock between steps. */
static bool set_limit(int peer, int64_t left_ms)
{
    if (left_ms <= 0)
        return false;
    const struct timeval limit = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};
    return setsockopt(peer, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
           setsockopt(peer, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0;
}

static int64_t left_ms(int64_t deadline_ms)
{
    return deadline_ms - clock_monotonic_ms(clock_system());
}

static bool send_whole(int peer, struct str text, int64_t deadline_ms)
{
    size_t sent = 0;
    while (sent < text.size && set_limit(peer, left_ms(deadline_ms))) {
        ssize_t got = send(peer, text.data + sent, text.size - sent, MSG_NOSIGNAL);
        if (got <= 0)
            return false;
        sent += (size_t)got;
    }
    return sent == text.size;
}

/* Until the other side closes, which it was asked to do. */
static bool receive_whole(int peer, char *text, size_t *size, int64_t deadline_ms)
{
    *size = 0;
    while (*size < ANSWER_BYTES_MAX && set_limit(peer, left_ms(deadline_ms))) {
        ssize_t got = recv(peer, text + *size, ANSWER_BYTES_MAX - *size, 0);
        if (got < 0)
            return false;
        if (got == 0)
            return true;
        *size += (size_t)got;
    }
    return *size == ANSWER_BYTES_MAX;
}

/* "HTTP/1.1 200 OK", the fields, an empty line, the body. */
static bool read_answer(struct str text, struct probe_answer *answer)
{
    enum { STATUS_AT = 9 };
    if (!str_starts_with(text, STR("HTTP/1.")) || text.size < STATUS_AT + 3)
        return false;
    answer->is_well = text.data[STATUS_AT] == '2';
    for (size_t i = 0; i + 4 <= text.size; i++) {
        if (str_equal(str_slice(text, i, i + 4), STR("\r\n\r\n"))) {
            size_t end = i + 4 + BODY_BYTES_MAX;
            answer->body = str_slice(text, i + 4, end < text.size ? end : text.size);
            return true;
        }
    }
    return false;
}

static struct fault ask(int peer, const struct sockaddr_storage *address, struct str question,
                        int64_t deadline_ms, struct arena *arena, struct probe_answer *answer)
{
    socklen_t size =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    if (!set_limit(peer, left_ms(deadline_ms)) ||
        connect(peer, (const struct sockaddr *)address, size) != 0)
        return unavailable("nobody listens there");
    char *text = arena_allocate(arena, ANSWER_BYTES_MAX);
    size_t text_size = 0;
    if (!send_whole(peer, question, deadline_ms) ||
        !receive_whole(peer, text, &text_size, deadline_ms))
        return unavailable("no answer in time");
    if (!read_answer((struct str){text, text_size}, answer))
        return unavailable("what listens there does not speak HTTP");
    return fault_none();
}

struct fault http_probe(struct str address, struct str path, unsigned timeout_ms,
                        struct arena *arena, struct probe_answer *answer)
{
    *answer = (struct probe_answer){0};
    int64_t deadline_ms = clock_monotonic_ms(clock_system()) + timeout_ms;
    struct sockaddr_storage parsed;
    struct fault fault = listen_parse(address, &parsed);
    if (failed(fault))
        return fault;
    int peer = socket(parsed.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (peer < 0)
        return unavailable("no socket to ask with");
    struct str question =
        arena_format(arena, "GET %.*s HTTP/1.1\r\nHost: %.*s\r\nConnection: close\r\n\r\n",
                     STR_ARG(path), STR_ARG(address));
    fault = ask(peer, &parsed, question, deadline_ms, arena, answer);
    close(peer);
    return fault;
}
