/* SPDX-License-Identifier: Apache-2.0 */
/* coding - which form of a body a client accepts: RFC 9110 section 12.5.3, see http.h. */
#include "base/str.h"
#include "http/http.h"

enum { WEIGHT_MAX = 1000, UNLISTED = -1 };

/* "0", "1", "0.5", "1.000" (RFC 9110 section 12.4.2) in thousandths; UNLISTED when it is neither.
 */
static int parse_weight(struct str text)
{
    bool is_long = text.size > 1 && text.data[1] != '.';
    if (text.size == 0 || text.size > 5 || is_long || (text.data[0] != '0' && text.data[0] != '1'))
        return UNLISTED;
    int weight = (text.data[0] - '0') * WEIGHT_MAX;
    int place = WEIGHT_MAX / 10;
    for (size_t i = 2; i < text.size; i++, place /= 10) {
        if (text.data[i] < '0' || text.data[i] > '9')
            return UNLISTED;
        weight += (text.data[i] - '0') * place;
    }
    return weight <= WEIGHT_MAX ? weight : UNLISTED;
}

/* Of "gzip;q=0.5", the part behind the name. */
static int weight_of(struct str parameters)
{
    struct str text = str_trim(parameters);
    if (text.size == 0)
        return WEIGHT_MAX;
    size_t equals = str_find_byte(text, '=', 0);
    if (!str_equal_ignoring_case(str_trim(str_slice(text, 0, equals)), STR("q")))
        return UNLISTED;
    return parse_weight(str_trim(str_slice(text, equals + 1, text.size)));
}

struct accepted {
    int gzip, plain, others; /* weights in thousandths */
};

static void note_coding(struct accepted *accepted, struct str member)
{
    size_t semicolon = str_find_byte(member, ';', 0);
    struct str name = str_trim(str_slice(member, 0, semicolon));
    int weight = weight_of(str_slice(member, semicolon + 1, member.size));
    /* x-gzip is the same: RFC 9110 section 8.4.1.3. */
    if (str_equal_ignoring_case(name, STR("gzip")) || str_equal_ignoring_case(name, STR("x-gzip")))
        accepted->gzip = weight;
    else if (str_equal_ignoring_case(name, STR("identity")))
        accepted->plain = weight;
    else if (str_equal(name, STR("*")))
        accepted->others = weight;
}

static void note_codings(struct accepted *accepted, struct str list)
{
    for (size_t at = 0; at < list.size;) {
        size_t end = str_find_byte(list, ',', at);
        note_coding(accepted, str_slice(list, at, end));
        at = end + 1;
    }
}

bool http_accepts_gzip(const struct http_request *request)
{
    struct accepted accepted = {UNLISTED, UNLISTED, UNLISTED};
    for (size_t i = 0; i < request->header_count; i++) {
        if (str_equal_ignoring_case(request->headers[i].name, STR("accept-encoding")))
            note_codings(&accepted, request->headers[i].value);
    }
    int gzip = accepted.gzip != UNLISTED ? accepted.gzip : accepted.others;
    return gzip > 0 && gzip >= accepted.plain;
}
