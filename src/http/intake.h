/* SPDX-License-Identifier: Apache-2.0 */
/*
 * intake - a connection's bytes become requests.
 *
 * Heads and bodies are read here, and everything they can be refused for is found here; what
 * becomes of a complete or refused request is connection.c's.
 */
#ifndef HTTP_INTAKE_H
#define HTTP_INTAKE_H

#include "http/connection.h"

/* Takes bytes from the front of input, as far as one step goes, and returns how many; 0: none can
 * be taken yet. */
size_t intake_take(struct connection *connection, struct str input);

/* Refuses a head that is not whole or not right, in the form its first line asks for if that can be
 * read. head: everything since its first byte. */
void intake_refuse_head(struct connection *connection, struct str head, int status);

/* Whether more complete requests are pending than may wait behind one. */
bool intake_has_too_many_waiting(struct connection *connection);

#endif
