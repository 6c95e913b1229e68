/* SPDX-License-Identifier: Apache-2.0 */
/* exchange - what handlers of every dialect ask of a request: see exchange.h. */
#include "dialect/exchange.h"

bool exchange_acknowledges(const struct exchange *x, struct str what)
{
    struct str said = http_header(x->request, STR("x-guidon-acknowledge"));
    for (size_t at = 0; at < said.size;) {
        size_t end = str_find_byte(said, ',', at);
        if (str_equal(str_trim(str_slice(said, at, end)), what))
            return true;
        at = end + 1;
    }
    return false;
}

struct fault exchange_query(struct exchange *x, struct str name, struct str *value)
{
    bool is_malformed = false;
    *value = http_query(x->request, name, &is_malformed);
    if (!is_malformed)
        return fault_none();
    return fault_make(FAULT_INVALID, name, STR("is not percent-encoded UTF-8"));
}
