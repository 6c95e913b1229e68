/* SPDX-License-Identifier: Apache-2.0 */
/*
 * event - what the stream room reads of the bytes it sends: which event they are.
 *
 * Bodies are a dialect's and are not looked into, but for a first line "id: X": it is what a client
 * says it had last when it comes back (WHATWG HTML, 9.2), and two bodies with the same id are the
 * same news, whatever else is in them.
 */
#ifndef STREAM_EVENT_H
#define STREAM_EVENT_H

#include "snapshot/snapshot.h"

/* The id in a body's first line; absent when it has none. Borrowed. */
struct str event_id(struct str body);

/* Names the news: of this process alone; other news hardly ever has the same. */
uint64_t event_news(const struct shared_body *body);

#endif
