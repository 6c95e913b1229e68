/* SPDX-License-Identifier: Apache-2.0 */
/* compare - one side of a comparison: an environment at some moment. */
#ifndef ADMIN_COMPARE_H
#define ADMIN_COMPARE_H

#include "dialect/admin/answer.h"
#include "dialect/admin/as_of.h"
#include "dialect/admin/request.h"

struct admin_side {
    const struct catalog_environment *environment;
    struct admin_state state;
};

/* Of "<number or id>[@<version or instant>]"; false when the exchange is answered. where: a pointer
 * for refusals. */
bool admin_side_open(struct exchange *x, struct str text, const char *where,
                     struct admin_side *side);
void admin_side_close(struct admin_side *side);

#endif
