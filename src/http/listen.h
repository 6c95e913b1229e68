/* SPDX-License-Identifier: Apache-2.0 */
/* listen - listening sockets, several on one address. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <sys/socket.h>

#include "base/fault.h"

/* "127.0.0.1:8080" or "[::1]:8080": numeric, so that nothing is looked up. */
struct fault listen_parse(struct str text, struct sockaddr_storage *address) MUST_CHECK;

/* Opens `count` listening, non-blocking sockets on the address. They share it when there are
 * several; a stranger who listens there already is noticed all the same. Port 0 becomes the port
 * that was bound. On refusal none is left open. */
struct fault listen_open(struct sockaddr_storage *address, int *descriptors,
                         size_t count) MUST_CHECK;

/* The same of sockets that listen already, all on one port: descriptors[i] is given[i], or, when
 * there are fewer, another descriptor of one of them. FAULT_INVALID: one of them does not listen,
 * or not on TCP. Takes over what is given, closed when this refuses. */
struct fault listen_adopt(const int *given, size_t given_count, int *descriptors, size_t count,
                          struct sockaddr_storage *address) MUST_CHECK;

int listen_duplicate(int descriptor); /* of the same socket; -1: no more can be had */
void listen_close(int descriptor);
uint16_t listen_port(const struct sockaddr_storage *address);

#endif
