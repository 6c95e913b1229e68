/* SPDX-License-Identifier: Apache-2.0 */
/* condition - lists of entity tags, as conditional requests carry them: RFC 9110 section 13.1. */
#ifndef ADMIN_CONDITION_H
#define ADMIN_CONDITION_H

#include "base/str.h"

/* "*", or entity tags with commas between them. */
bool condition_is_list(struct str list);

/* Whether an If-None-Match names the tag: weak comparison; "*" names any. An absent list names
 * none. */
bool condition_names(struct str list, struct str tag);

/* Whether an If-Match does: strong comparison, so that W/"x" names nothing. */
bool condition_names_strongly(struct str list, struct str tag);

#endif
