/* SPDX-License-Identifier: Apache-2.0 */
/* condition - what conditional requests say: see condition.h and request.h. */
#include "dialect/admin/condition.h"

#include "base/digest.h"
#include "dialect/admin/request.h"
#include "snapshot/snapshot.h"

/* ---- lists of tags ------------------------------------------------------------------------------
 */

struct tag {
    bool is_weak;
    struct str opaque; /* with its quotes */
};

static size_t skip_blanks(struct str list, size_t at)
{
    while (at < list.size && (list.data[at] == ' ' || list.data[at] == '\t'))
        at++;
    return at;
}

/* etagc is anything visible but the quote, and bytes beyond ASCII (RFC 9110 section 8.8.3). */
static size_t end_of_opaque(struct str list, size_t at)
{
    while (at < list.size && (unsigned char)list.data[at] > ' ' && list.data[at] != '"' &&
           list.data[at] != 0x7f)
        at++;
    return at;
}

/* One tag and the comma behind it, if there is one; false: there is no tag at this place. */
static bool take_tag(struct str list, size_t *at, struct tag *tag)
{
    size_t from = skip_blanks(list, *at);
    tag->is_weak = str_starts_with(str_slice(list, from, list.size), STR("W/"));
    from += tag->is_weak ? 2 : 0;
    if (from >= list.size || list.data[from] != '"')
        return false;
    size_t end = end_of_opaque(list, from + 1);
    if (end >= list.size || list.data[end] != '"')
        return false;
    tag->opaque = str_slice(list, from, end + 1);
    *at = skip_blanks(list, end + 1);
    if (*at == list.size)
        return true;
    bool is_followed = list.data[*at] == ',';
    (*at)++;
    return is_followed;
}

bool condition_is_list(struct str list)
{
    struct tag tag;
    size_t at = 0;
    if (str_equal(str_trim(list), STR("*")))
        return true;
    while (take_tag(list, &at, &tag)) {
        if (at == list.size)
            return true;
    }
    return false;
}

static bool names(struct str list, struct str wanted, bool is_strong)
{
    struct tag tag;
    if (str_is_absent(list) || str_is_absent(wanted))
        return false;
    if (str_equal(str_trim(list), STR("*")))
        return true;
    for (size_t at = 0; at < list.size;) {
        if (!take_tag(list, &at, &tag))
            return false;
        if (str_equal(tag.opaque, wanted) && !(is_strong && tag.is_weak))
            return true;
    }
    return false;
}

bool condition_names(struct str list, struct str tag)
{
    return names(list, tag, false);
}

bool condition_names_strongly(struct str list, struct str tag)
{
    return names(list, tag, true);
}

/* ---- conditions of changes
 * ------------------------------------------------------------------------ */

bool admin_read_condition(struct exchange *x, struct admin_condition *condition)
{
    struct str match = http_header(x->request, STR("if-match"));
    struct str none_match = http_header(x->request, STR("if-none-match"));
    if (!str_is_absent(match) && !condition_is_list(match))
        return admin_refuse_with(x, FAULT_INVALID, "",
                                 STR("If-Match must be * or a list of entity tags, as \"7-3\""));
    if (!str_is_absent(none_match) && !str_equal(none_match, STR("*")))
        return admin_refuse_with(x, FAULT_INVALID, "",
                                 STR("If-None-Match must be * where something is changed"));
    condition->tags = match;
    condition->must_be_absent = !str_is_absent(none_match);
    return true;
}

struct fault admin_condition_check(const struct admin_condition *condition, struct str tag,
                                   struct arena *arena)
{
    if (condition->must_be_absent && !str_is_absent(tag))
        return fault_make(FAULT_STALE, STR(""),
                          arena_format(arena, "it exists already; its tag is %.*s", STR_ARG(tag)));
    if (str_is_absent(condition->tags) || condition_names_strongly(condition->tags, tag))
        return fault_none();
    if (str_is_absent(tag))
        return fault_make(FAULT_STALE, STR(""), STR("it does not exist"));
    return fault_make(FAULT_STALE, STR(""),
                      arena_format(arena, "its tag is %.*s now", STR_ARG(tag)));
}

/* ---- tags
 * ------------------------------------------------------------------------------------------ */

struct str admin_tag_of_flag(struct arena *arena, const struct provenance *provenance)
{
    return arena_format(arena, "\"%llu-%llu\"", (unsigned long long)provenance->number,
                        (unsigned long long)provenance->sequence);
}

struct str admin_tag_of_text(struct arena *arena, struct str text)
{
    return arena_format(arena, "\"%.*s\"", STR_ARG(digest_text(arena, text)));
}
