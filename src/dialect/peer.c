/* SPDX-License-Identifier: Apache-2.0 */
/* peer - where a request comes from, proxies in between looked through: see peer.h. */
#include "dialect/peer.h"

#include <arpa/inet.h>
#include <string.h>

enum { ADDRESS_BYTES_MAX = 46, HOPS_MAX = 16 };

/* IPv4 in its mapped form, so that one address is one whatever family it was said in. */
static bool parse_address(struct str text, struct in6_addr *address)
{
    char copy[ADDRESS_BYTES_MAX];
    struct in_addr four;
    if (text.size == 0 || text.size >= sizeof(copy))
        return false;
    memcpy(copy, text.data, text.size);
    copy[text.size] = '\0';
    if (inet_pton(AF_INET6, copy, address) == 1)
        return true;
    if (inet_pton(AF_INET, copy, &four) != 1)
        return false;
    *address = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    memcpy(address->s6_addr + 12, &four, sizeof(four));
    return true;
}

/* Takes the first of a list off its front. */
static struct str next_of(struct str *list)
{
    size_t comma = str_find_byte(*list, ',', 0);
    struct str first = str_trim(str_slice(*list, 0, comma));
    *list = str_slice(*list, comma + 1, list->size);
    return first;
}

bool peer_list_is_valid(struct str list)
{
    struct in6_addr address;
    while (list.size > 0) {
        if (!parse_address(next_of(&list), &address))
            return false;
    }
    return true;
}

static bool is_trusted(const struct exchange *x, struct str text)
{
    struct in6_addr asked, listed;
    struct str list = x->services->trusted_proxies;
    if (!parse_address(text, &asked))
        return false;
    while (list.size > 0) {
        if (parse_address(next_of(&list), &listed) && memcmp(&asked, &listed, sizeof(asked)) == 0)
            return true;
    }
    return false;
}

/* Takes the last of a header's list off its end. */
static struct str last_of(struct str *list)
{
    size_t comma = list->size;
    while (comma > 0 && list->data[comma - 1] != ',')
        comma--;
    struct str last = str_trim(str_slice(*list, comma, list->size));
    *list = str_slice(*list, 0, comma == 0 ? 0 : comma - 1);
    return last;
}

struct str peer_address(struct exchange *x)
{
    struct str at = x->request->peer;
    struct in6_addr address;
    size_t hops = 0;
    /* Each proxy adds the address it was asked from; the header may come several times. */
    for (size_t i = x->request->header_count; i > 0 && is_trusted(x, at); i--) {
        const struct http_header *header = &x->request->headers[i - 1];
        struct str list = header->value;
        if (!str_equal_ignoring_case(header->name, STR("x-forwarded-for")))
            continue;
        while (list.size > 0 && is_trusted(x, at)) {
            struct str before = last_of(&list);
            if (hops++ == HOPS_MAX || !parse_address(before, &address))
                return at;
            at = before;
        }
    }
    return at;
}

bool peer_is_encrypted(struct exchange *x)
{
    return x->services->is_encrypted ||
           (is_trusted(x, x->request->peer) &&
            str_equal_ignoring_case(http_header(x->request, STR("x-forwarded-proto")),
                                    STR("https")));
}
