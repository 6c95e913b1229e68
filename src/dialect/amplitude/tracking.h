/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tracking - reported events as rows: pure, the half of events.c that knows no request.
 * amplitude-evaluation.md 8.
 *
 * Assignments become a row per flag, exposures one; everything else is an outcome. What is kept of
 * an event is what statistics need: no user properties, no addresses.
 */
#ifndef AMPLITUDE_TRACKING_H
#define AMPLITUDE_TRACKING_H

#include "store/store.h"
#include "json/json.h"

enum {
    EVENTS_PER_CALL_MAX = 2000, /* as the vendor's */
    ROWS_PER_CALL_MAX = 20000,  /* of all events: one assignment may be about many flags */
    ROW_BYTES_PER_CALL_MAX = 16 * 1024 * 1024, /* of their documents, which repeat the event's */
    INSERT_ID_BYTES_MAX = 512,
};

/* Who an event is about, to the statistics; given by the caller, who knows devices. */
typedef struct str (*subject_finder)(struct str user_id, struct str device_id, void *context);

struct tracking {
    struct arena *arena;
    uint64_t environment;
    int64_t now_ms;
    subject_finder find_subject;
    void *context;
    struct event_row *rows;
    size_t row_count, row_capacity, row_bytes;
};

/* Adds the rows of one event. FAULT_INVALID at the member that is missing or wrong (`where`), with
 * `why` "missing" or what is wrong with it; FAULT_LIMIT past ROWS_PER_CALL_MAX or
 * ROW_BYTES_PER_CALL_MAX. */
struct fault tracking_add(struct tracking *tracking, const struct json *event) MUST_CHECK;

#endif
