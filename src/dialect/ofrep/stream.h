/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stream - being told that evaluating again would say something else.
 *
 * An event carries no answer: it says that what the credential sees has changed, by publication or
 * because a moment came, and clients ask again. Its id digests exactly what the credential's
 * channel sees (channel.h), so changes of anything else are silent, and who comes back with the id
 * of what still holds hears nothing. To a channel that sees anything scheduled, or what leans on
 * that, each moment of the environment's schedules counts; to others time is nothing.
 */
#ifndef OFREP_STREAM_H
#define OFREP_STREAM_H

#include "dialect/exchange.h"

/* Where the caller's event stream is: "/ofrep/v1/events?token=…", with a token that opens nothing
 * else and ends with the credential. In the exchange's arena; it is not to be logged. Absent when
 * no streams are served. */
struct str ofrep_event_uri(struct exchange *x);

#endif
