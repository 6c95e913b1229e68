/* SPDX-License-Identifier: Apache-2.0 */
/*
 * offline - the questions of evaluate.h, asked of an export's text where no server is.
 *
 * The same code decides and writes the answer, which lacks what only a server has: environment and
 * version. For the command line.
 */
#ifndef ADMIN_OFFLINE_H
#define ADMIN_OFFLINE_H

#include "dialect/admin/evaluate.h"

/* Reads and checks a "guidon.environment/1"; faults say where. What is made lives in the arena and
 * outside it: close it, after a fault, too. */
struct admin_offline;
struct fault admin_offline_open(struct arena *arena, struct str text,
                                struct admin_offline **offline) MUST_CHECK;
void admin_offline_close(struct admin_offline *offline);

/* key: absent for every flag that SDKs may be served. FAULT_INVALID, FAULT_LIMIT: the context. */
struct fault admin_offline_answer(struct admin_offline *offline, const struct json *context,
                                  struct str key, int64_t now_ms, bool is_explained,
                                  struct buf *answer) MUST_CHECK;

#endif
