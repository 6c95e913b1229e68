/* SPDX-License-Identifier: Apache-2.0 */
/* kept - the bodies kept with a snapshot, for snapshot.c: see snapshot_keep_body. */
#ifndef SNAPSHOT_KEPT_H
#define SNAPSHOT_KEPT_H

#include "snapshot/snapshot.h"

void kept_bodies_release(struct snapshot *snapshot); /* nobody reads the snapshot any more */

#endif
