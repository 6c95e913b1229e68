/* SPDX-License-Identifier: Apache-2.0 */
/* request - what admin calls name. Each function either finds it, or has refused the exchange with
 * a problem document and returns false. */
#ifndef ADMIN_REQUEST_H
#define ADMIN_REQUEST_H

#include "dialect/exchange.h"

bool admin_refuse_with(struct exchange *x, enum fault_kind kind, const char *where,
                       struct str why); /* false, always */

/* The body as a JSON object with no members but these. */
bool admin_read_body(struct exchange *x, const struct str *known, size_t known_count,
                     struct json *body);
bool admin_read_query(struct exchange *x, struct str name, struct str *text);

/* The environment whose number is the first path parameter; NULL for one that the caller may not
 * see, as for one that is not there. The second refuses then. */
const struct catalog_environment *admin_seen_environment(const struct exchange *x);
bool admin_find_environment(struct exchange *x, const struct catalog_environment **environment);

/* 403 unless the caller may change things; unless it manages people and credentials. */
bool admin_may_write(struct exchange *x);
bool admin_may_administer(struct exchange *x);

bool admin_apply(struct exchange *x, struct change *change);

/* "123" -> 123; false for anything but decimal digits of a number there can be. */
bool admin_parse_number(struct str text, uint64_t *number);

#endif
