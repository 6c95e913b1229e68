/* SPDX-License-Identifier: Apache-2.0 */
/* context_limits - how large a context may be that somebody is evaluated with. */
#ifndef DIALECT_CONTEXT_LIMITS_H
#define DIALECT_CONTEXT_LIMITS_H

#include "json/json.h"

/* An object's members, its depth, and the texts in it, however deep (docs/limits.md). FAULT_LIMIT
 * says which it was. */
struct fault context_limits_check(const struct json *context) MUST_CHECK;

#endif
