/* SPDX-License-Identifier: Apache-2.0 */
/* title - what apps, environments and users may be called: see title.h. */
#include "model/title.h"

#include "base/utf.h"
#include "model/flag.h"
#include "model/limits.h"

struct str title_trim(struct str text)
{
    size_t from = 0;
    size_t to = text.size;
    while (from < to && (unsigned char)text.data[from] <= ' ')
        from++;
    while (to > from && (unsigned char)text.data[to - 1] <= ' ')
        to--;
    return str_slice(text, from, to);
}

static bool has_control(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if ((unsigned char)text.data[i] < ' ' || text.data[i] == 0x7f)
            return true;
    }
    return false;
}

bool app_name_is_valid(struct str name)
{
    return !str_is_empty(name) && utf8_is_valid(name) && utf16_length(name) <= APP_NAME_UNITS_MAX &&
           !has_control(name) && title_trim(name).size == name.size;
}

bool environment_name_is_valid(struct str name)
{
    return name.size <= ENVIRONMENT_NAME_BYTES_MAX && flag_key_is_valid(name) &&
           !str_starts_with(name, STR("env_"));
}

bool email_is_valid(struct str email)
{
    size_t at = str_find_byte(email, '@', 0);
    if (email.size > EMAIL_BYTES_MAX || at == 0 || at + 1 >= email.size)
        return false;
    for (size_t i = 0; i < email.size; i++) {
        if (email.data[i] <= ' ' || email.data[i] > '~' || (email.data[i] == '@' && i != at))
            return false;
    }
    return true;
}
