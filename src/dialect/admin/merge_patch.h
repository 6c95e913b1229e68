/* SPDX-License-Identifier: Apache-2.0 */
/* merge_patch - JSON Merge Patch (RFC 7396): a document that names what is to be otherwise, null
 * for what is to go. */
#ifndef ADMIN_MERGE_PATCH_H
#define ADMIN_MERGE_PATCH_H

#include "json/json.h"

/* What the target is after the patch. In the arena, and borrows from both. */
struct json merge_patch(struct arena *arena, const struct json *target, const struct json *patch);

#endif
