/* SPDX-License-Identifier: Apache-2.0 */
/* answer - from an answer's head and body to what a caller wants to know. */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include "client/client.h"

/* head: the status line and header lines as received. Both are copied into the arena. */
struct answer answer_read(struct arena *arena, int status, struct str head, struct str body);

#endif
