/* SPDX-License-Identifier: Apache-2.0 */
/* identity - whose a token is, as the server says that would be asked with it. */
#ifndef CLI_IDENTITY_H
#define CLI_IDENTITY_H

#include "cli/session.h"

struct identity {
    struct str email; /* absent: it is no person's */
    struct str name;  /* what it is called instead; absent: nobody said */
};

/* The server's answer: its kind is ANSWER_OK when the token is good. */
struct answer identity_ask(struct session *session, struct str token, struct identity *identity);

/* A client of the session's server that carries that token; absent: none. */
struct client *identity_client(struct session *session, struct str token);

/* "ann@example.com", or what there is instead. */
struct str identity_name(const struct identity *identity);

#endif
