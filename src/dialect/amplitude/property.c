/* SPDX-License-Identifier: Apache-2.0 */
/* property - names to selectors and back: see property.h. */
#include "dialect/amplitude/property.h"

#include <string.h>

#define USER "/context/user/"
#define USER_PROPERTIES USER "user_properties/"

const struct str property_cohorts = {USER "cohort_ids", sizeof(USER "cohort_ids") - 1};

/* Members of the user object that hold one text (6.1), the resolved identity, and the list of
 * cohorts. */
static const struct str members[] = {
    STR("user_id"),       STR("device_id"),       STR("amplitude_id"),
    STR("country"),       STR("region"),          STR("city"),
    STR("dma"),           STR("language"),        STR("platform"),
    STR("version"),       STR("start_version"),   STR("os"),
    STR("device_brand"),  STR("device_model"),    STR("device_manufacturer"),
    STR("carrier"),       STR("device_category"), STR("library"),
    STR("ip_address"),    STR("user_agent"),      STR("browser"),
    STR("referring_url"), STR("landing_url"),     STR("first_seen"),
    STR("cohort_ids"),
};

static bool is_member(struct str name)
{
    for (size_t i = 0; i < COUNT_OF(members); i++) {
        if (str_equal(members[i], name))
            return true;
    }
    return false;
}

/* Not by format: a name may hold any byte. */
static struct str join(struct arena *arena, struct str prefix, struct str text)
{
    char *joined = arena_allocate(arena, prefix.size + text.size);
    memcpy(joined, prefix.data, prefix.size);
    memcpy(joined + prefix.size, text.data, text.size);
    return (struct str){joined, prefix.size + text.size};
}

static size_t count_escaped(struct str name)
{
    size_t count = 0;
    for (size_t i = 0; i < name.size; i++)
        count += name.data[i] == '~' || name.data[i] == '/';
    return count;
}

/* RFC 6901: '~' is "~0", '/' is "~1". */
static struct str escape(struct arena *arena, struct str name)
{
    size_t escaped = count_escaped(name);
    if (escaped == 0)
        return name;
    char *text = arena_allocate(arena, name.size + escaped);
    size_t size = 0;
    for (size_t i = 0; i < name.size; i++) {
        char c = name.data[i];
        bool is_special = c == '~' || c == '/';
        text[size++] = is_special ? '~' : c;
        if (is_special)
            text[size++] = c == '~' ? '0' : '1';
    }
    return (struct str){text, size};
}

static struct str unescape(struct arena *arena, struct str token)
{
    char *text = arena_allocate(arena, token.size + 1);
    size_t size = 0;
    for (size_t i = 0; i < token.size; i++) {
        char c = token.data[i];
        if (c == '~' && i + 1 < token.size) {
            i++;
            c = token.data[i] == '0' ? '~' : '/';
        }
        text[size++] = c;
    }
    return (struct str){text, size};
}

struct str property_selector(struct arena *arena, struct str name)
{
    if (is_member(name))
        return join(arena, STR(USER), name);
    struct str property = name;
    if (str_starts_with(name, STR("gp:")))
        property = str_slice(name, 3, name.size);
    if (property.size == 0)
        return (struct str){0};
    return join(arena, STR(USER_PROPERTIES), escape(arena, property));
}

struct str property_name(struct arena *arena, struct str selector)
{
    struct str properties = STR(USER_PROPERTIES);
    if (str_starts_with(selector, properties)) {
        struct str token = str_slice(selector, properties.size, selector.size);
        if (token.size == 0 || str_find_byte(token, '/', 0) != token.size)
            return (struct str){0};
        return join(arena, STR("gp:"), unescape(arena, token));
    }
    struct str user = STR(USER);
    struct str member = str_slice(selector, user.size, selector.size);
    return str_starts_with(selector, user) && is_member(member) ? member : (struct str){0};
}

bool property_is_version(struct str selector)
{
    return str_equal(selector, STR(USER "version")) ||
           str_equal(selector, STR(USER "start_version"));
}
