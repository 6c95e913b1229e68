/* SPDX-License-Identifier: Apache-2.0 */
/*
 * callback - what a browser on this machine brings back from a login page (RFC 8252, section 7.3).
 *
 * A listener for one GET /callback?token=…&email=…&state=…, on 127.0.0.1 alone. Only who knows the
 * state is listened to; whoever else calls, slowly or with anything else, is told off and changes
 * nothing.
 */
#ifndef CLIENT_CALLBACK_H
#define CLIENT_CALLBACK_H

#include "base/arena.h"
#include "base/fault.h"

struct callback;

struct callback_news {
    struct str token, email; /* the email is absent when none was said */
};

/* FAULT_CONFLICT: somebody else listens on that port. port 0: any, callback_port says which. The
 * state is borrowed. */
struct fault callback_open(struct callback **callback, uint16_t port, struct str state) MUST_CHECK;
void callback_close(struct callback *callback);
uint16_t callback_port(const struct callback *callback);

/* Waits for it. The news lives in the arena; the browser waits for callback_conclude. False: the
 * time is over. */
bool callback_wait(struct callback *callback, struct arena *arena, int64_t limit_ms,
                   struct callback_news *news);
/* Shows the person a page: it worked, or it did not. */
void callback_conclude(struct callback *callback, bool is_good);

/* Callers that were refused because of a wrong state. */
unsigned callback_strangers(const struct callback *callback);

#endif
