/* SPDX-License-Identifier: Apache-2.0 */
/* annex - the end of what dialects prepared: with what it was prepared of. For snapshot/'s own
 * files. */
#ifndef SNAPSHOT_ANNEX_H
#define SNAPSHOT_ANNEX_H

#include "snapshot/snapshot.h"

void annexes_close(annex_slot slots[ANNEXES_MAX]);

#endif
