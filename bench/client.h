/* SPDX-License-Identifier: Apache-2.0 */
/*
 * client - one keep-alive connection to the server under measurement, for the programs here that
 * count answers one by one. Blocking; answers have a Content-Length, or are a 304.
 */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum { CLIENT_ANSWER_BYTES = 1 << 20 };

struct client {
    uint16_t port;
    int socket;   /* -1: not connected */
    char *answer; /* the last one, CLIENT_ANSWER_BYTES of room */
};

static inline int64_t client_now_us(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static inline bool client_connect(struct client *client)
{
    if (client->socket >= 0)
        close(client->socket);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(client->port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    struct timeval patience = {.tv_sec = 5};
    client->socket = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->socket < 0)
        return false;
    setsockopt(client->socket, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    return connect(client->socket, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

static inline bool client_open(struct client *client, uint16_t port)
{
    *client = (struct client){.port = port, .socket = -1};
    client->answer = calloc(1, CLIENT_ANSWER_BYTES);
    if (client->answer == NULL)
        abort();
    return client_connect(client);
}

static inline void client_close(struct client *client)
{
    if (client->socket >= 0)
        close(client->socket);
    free(client->answer);
}

static inline bool client_send(const struct client *client, const char *data, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(client->socket, data, size, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        data += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* Bytes of the whole answer; 0 while its head is not complete. */
static inline size_t client_answer_bytes(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    if (end != NULL && strncmp(answer, "HTTP/1.1 304 ", 13) == 0)
        return (size_t)(end + 4 - answer);
    const char *length = strcasestr(answer, "\r\ncontent-length:");
    if (end == NULL || length == NULL || length > end)
        return 0;
    size_t body_bytes = strtoul(length + strlen("\r\ncontent-length:"), NULL, 10);
    return (size_t)(end + 4 - answer) + body_bytes;
}

/* Says whether it was a 200. */
static inline bool client_receive(struct client *client, bool *closes)
{
    size_t size = 0;
    size_t whole = 0;
    while (size < CLIENT_ANSWER_BYTES - 1 && (whole == 0 || size < whole)) {
        ssize_t got =
            recv(client->socket, client->answer + size, CLIENT_ANSWER_BYTES - 1 - size, 0);
        if (got <= 0)
            return false;
        size += (size_t)got;
        client->answer[size] = '\0';
        if (whole == 0)
            whole = client_answer_bytes(client->answer);
    }
    *strstr(client->answer, "\r\n\r\n") = '\0'; /* the rest is the head's affair alone */
    *closes = strcasestr(client->answer, "\r\nconnection: close") != NULL;
    return strncmp(client->answer, "HTTP/1.1 200 ", 13) == 0;
}

/* One exchange; connects anew behind an answer that says so. False: it was no 200, and what came
 * is on stderr. */
static inline bool client_exchange(struct client *client, const char *request, size_t size)
{
    bool closes = false;
    client->answer[0] = '\0';
    if (!client_send(client, request, size) || !client_receive(client, &closes)) {
        fprintf(stderr, "bench: %.300s\n", client->answer);
        return false;
    }
    return !closes || client_connect(client);
}

static inline int client_compare_u32(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left;
    uint32_t b = *(const uint32_t *)right;
    return (a > b) - (a < b);
}

#endif
