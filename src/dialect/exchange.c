/* SPDX-License-Identifier: Apache-2.0 */
/* exchange - what handlers of every dialect ask of a request: see exchange.h. */
#include "dialect/exchange.h"

bool exchange_acknowledges(const struct exchange *x, struct str what)
{
    return str_equal(http_header(x->request, STR("x-guidon-acknowledge")), what);
}

struct fault exchange_query(struct exchange *x, struct str name, struct str *value)
{
    bool is_malformed = false;
    *value = http_query(x->request, name, &is_malformed);
    if (!is_malformed)
        return fault_none();
    return fault_make(FAULT_INVALID, name, STR("is not percent-encoded UTF-8"));
}
