/* SPDX-License-Identifier: Apache-2.0 */
/* group - many changes, one transaction, one publication; for the writer thread. */
#ifndef CHANGE_GROUP_H
#define CHANGE_GROUP_H

#include "change/internal.h"

enum { GROUP_CHANGES_MAX = 256 };

/* Applies jobs in order; each one's fault says how it went. When it returns, those that went well
 * are durable, visible and announced. Nobody has been answered yet. */
void group_apply(struct changer *changer, struct job *const *jobs, size_t count);

#endif
