/* SPDX-License-Identifier: Apache-2.0 */
/* listen - listening sockets, several on one address: see listen.h. */
#include "http/listen.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

static struct fault refuse(enum fault_kind kind, struct str why)
{
    return fault_make(kind, STR("listen"), why);
}

static bool parse_port(struct str text, in_port_t *port)
{
    uint64_t value = 0;
    if (!str_parse_u64(text, &value) || value > UINT16_MAX)
        return false;
    *port = htons((uint16_t)value);
    return true;
}

static bool parse_host(struct str host, int family, void *bytes)
{
    char text[INET6_ADDRSTRLEN];
    if (host.size >= sizeof(text))
        return false;
    memcpy(text, host.data, host.size);
    text[host.size] = '\0';
    return inet_pton(family, text, bytes) == 1;
}

static bool parse_ipv6(struct str text, struct sockaddr_storage *address)
{
    struct sockaddr_in6 *ipv6 = (struct sockaddr_in6 *)address;
    size_t bracket = str_find_byte(text, ']', 0);
    if (bracket + 1 >= text.size || text.data[bracket + 1] != ':')
        return false;
    ipv6->sin6_family = AF_INET6;
    return parse_host(str_slice(text, 1, bracket), AF_INET6, &ipv6->sin6_addr) &&
           parse_port(str_slice(text, bracket + 2, text.size), &ipv6->sin6_port);
}

static bool parse_ipv4(struct str text, struct sockaddr_storage *address)
{
    struct sockaddr_in *ipv4 = (struct sockaddr_in *)address;
    size_t colon = str_find_byte(text, ':', 0);
    ipv4->sin_family = AF_INET;
    return colon < text.size && parse_host(str_slice(text, 0, colon), AF_INET, &ipv4->sin_addr) &&
           parse_port(str_slice(text, colon + 1, text.size), &ipv4->sin_port);
}

struct fault listen_parse(struct str text, struct sockaddr_storage *address)
{
    *address = (struct sockaddr_storage){0};
    bool is_ipv6 = text.size > 0 && text.data[0] == '[';
    if (is_ipv6 ? parse_ipv6(text, address) : parse_ipv4(text, address))
        return fault_none();
    return refuse(FAULT_INVALID, STR("must read like 127.0.0.1:8080 or [::1]:8080"));
}

static socklen_t address_size(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(struct sockaddr_in);
}

void listen_close(int descriptor)
{
    close(descriptor);
}

uint16_t listen_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)address)->sin_port);
}

static struct fault refuse_bind(int problem)
{
    switch (problem) {
    case EADDRINUSE:
        return refuse(FAULT_UNAVAILABLE, STR("somebody listens on this address already"));
    case EACCES:
        return refuse(FAULT_DENIED, STR("binding this port needs a privilege"));
    case EADDRNOTAVAIL:
        return refuse(FAULT_INVALID, STR("this machine has no such address"));
    default:
        return refuse(FAULT_UNAVAILABLE, STR("the address cannot be bound"));
    }
}

/* A bound socket; -1 with errno set. TCP_NODELAY is inherited by what is accepted. */
static int open_bound(const struct sockaddr_storage *address, bool is_shared)
{
    int descriptor = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return -1;
    int on = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    bool is_bound =
        !is_shared || setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
    is_bound =
        is_bound && bind(descriptor, (const struct sockaddr *)address, address_size(address)) == 0;
    if (is_bound)
        return descriptor;
    int problem = errno;
    close(descriptor);
    errno = problem;
    return -1;
}

/* With SO_REUSEPORT a second server of the same user would quietly take half of the clients. One
 * socket without it tells whether anybody is there. */
static bool is_taken(const struct sockaddr_storage *address)
{
    int probe = open_bound(address, false);
    if (probe < 0)
        return errno == EADDRINUSE;
    int problem = listen(probe, 1) == 0 ? 0 : errno;
    close(probe);
    return problem == EADDRINUSE;
}

static bool listen_on(struct sockaddr_storage *address, bool is_shared, int *descriptor)
{
    *descriptor = open_bound(address, is_shared);
    if (*descriptor < 0)
        return false;
    socklen_t size = sizeof(*address);
    if (listen(*descriptor, SOMAXCONN) == 0 &&
        getsockname(*descriptor, (struct sockaddr *)address, &size) == 0)
        return true;
    int problem = errno;
    close(*descriptor);
    errno = problem;
    return false;
}

struct fault listen_open(struct sockaddr_storage *address, int *descriptors, size_t count)
{
    bool is_shared = count > 1;
    if (is_shared && listen_port(address) != 0 && is_taken(address))
        return refuse_bind(EADDRINUSE);
    for (size_t i = 0; i < count; i++) {
        if (listen_on(address, is_shared, &descriptors[i]))
            continue;
        int problem = errno;
        while (i > 0)
            close(descriptors[--i]);
        return refuse_bind(problem);
    }
    return fault_none();
}

/* ---- sockets that somebody else opened ---------------------------------------------------- */

int listen_duplicate(int descriptor)
{
    return fcntl(descriptor, F_DUPFD_CLOEXEC, 0);
}

static bool is_listening(int descriptor, struct sockaddr_storage *address)
{
    int is_so = 0;
    socklen_t size = sizeof(is_so);
    socklen_t address_bytes = sizeof(*address);
    *address = (struct sockaddr_storage){0};
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &is_so, &size) == 0 && is_so == 1 &&
           getsockname(descriptor, (struct sockaddr *)address, &address_bytes) == 0 &&
           (address->ss_family == AF_INET || address->ss_family == AF_INET6);
}

/* What open_bound and listen_on would have set. */
static bool adopt_one(int descriptor)
{
    int on = 1;
    int flags = fcntl(descriptor, F_GETFL);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return flags >= 0 && fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(descriptor, F_SETFD, FD_CLOEXEC) == 0;
}

struct fault listen_adopt(const int *given, size_t given_count, int *descriptors, size_t count,
                          struct sockaddr_storage *address)
{
    assert(given_count > 0);
    assert(given_count <= count);
    bool is_well = true;
    for (size_t i = 0; i < given_count; i++)
        is_well = is_well && is_listening(given[i], address) && adopt_one(given[i]);
    size_t opened = 0;
    for (; opened < count && is_well; opened++) {
        descriptors[opened] =
            opened < given_count ? given[opened] : listen_duplicate(given[opened % given_count]);
        is_well = descriptors[opened] >= 0;
    }
    if (is_well)
        return fault_none();
    for (size_t i = 0; i < given_count; i++)
        close(given[i]);
    while (opened > given_count) {
        if (descriptors[--opened] >= 0)
            close(descriptors[opened]);
    }
    return refuse(FAULT_INVALID, STR("a socket that was handed over does not listen for TCP"));
}
