/* SPDX-License-Identifier: Apache-2.0 */
/* event - which event a body is: see event.h. */
#include "stream/event.h"

#include "base/map.h"

struct str event_id(struct str body)
{
    static const struct str name = {"id: ", 4};
    if (!str_starts_with(body, name))
        return (struct str){0};
    return str_slice(body, name.size, str_find_byte(body, '\n', 0));
}

uint64_t event_news(const struct shared_body *body)
{
    struct str id = event_id(body->body);
    return str_is_empty(id) ? body->digest : map_hash(id);
}
