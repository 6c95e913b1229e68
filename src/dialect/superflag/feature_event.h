/* SPDX-License-Identifier: Apache-2.0 */
/*
 * feature_event - what SDKs report: decisions, assignments, exposures, outcomes (section 17).
 *
 * An event is checked whole, in the library's order and words; what is not in the schema is
 * dropped, so that nothing an application adds by mistake (a raw user id) is ever stored.
 */
#ifndef SUPERFLAG_FEATURE_EVENT_H
#define SUPERFLAG_FEATURE_EVENT_H

#include "dialect/superflag/issue.h"
#include "store/store.h"
#include "json/write.h"

/* Which dimensions an event may carry. The application keeps a list; a server cannot know it. */
struct superflag_event_options {
    bool takes_any_dimension;
    const struct str *dimensions; /* else only these: none by default */
    size_t dimension_count;
};

size_t superflag_check_event(struct arena *arena, const struct json *event,
                             const struct superflag_event_options *options, struct issue **issues);

/* The canonical event: known members in the schema's order. event has no issues. */
void superflag_append_event(struct json_writer *writer, const struct json *event);

/* As a row; environment is the number it belongs to. event has no issues. Texts borrow from it,
 * the document lives in the arena. */
struct event_row superflag_decode_event(struct arena *arena, const struct json *event,
                                        uint64_t environment, int64_t received_ms);

/* Whether the event says it comes from this app and environment. */
bool superflag_event_is_from(const struct json *event, struct str app, struct str environment);

/* The library's names for "the same exposure" and "the same event". event has no issues. */
struct str superflag_exposure_dedupe_key(struct arena *arena, const struct json *event);
struct str superflag_event_dedupe_key(struct arena *arena, const struct json *event);

#endif
