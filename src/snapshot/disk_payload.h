/* SPDX-License-Identifier: Apache-2.0 */
/* disk_payload - a view as JSON and back: the catalog's rows and each environment's canonical
 * documents (model/codec.h), as the store would hand them out. For disk.c. */
#ifndef SNAPSHOT_DISK_PAYLOAD_H
#define SNAPSHOT_DISK_PAYLOAD_H

#include "snapshot/cohort_document.h"

void disk_payload_encode(const struct view *view, struct buf *buf);

/* A read-only view with one reference; payload and arena may go once it returns. */
struct fault disk_payload_decode(struct arena *arena, struct str payload,
                                 struct members_source members, snapshot_renderer render,
                                 int64_t now_ms, struct view **view) MUST_CHECK;

#endif
