/* SPDX-License-Identifier: Apache-2.0 */
/* fields - members of a body, read one by one: see fields.h. */
#include "dialect/admin/fields.h"

#include "base/buf.h"

bool field_refuse(struct exchange *x, struct str member, struct str why)
{
    return admin_refuse_with(x, FAULT_INVALID,
                             arena_format(x->arena, "/%.*s", STR_ARG(member)).data, why);
}

bool field_text(struct exchange *x, const struct json *body, struct str member,
                enum field_need need, struct str *text)
{
    const struct json *found = json_find(body, member);
    *text = (struct str){0};
    if (found == NULL)
        return need == FIELD_OPTIONAL || field_refuse(x, member, STR("is needed"));
    if (found->type != JSON_STRING)
        return field_refuse(x, member, STR("must be a text"));
    *text = found->string;
    return true;
}

static bool is_control(char byte)
{
    return (unsigned char)byte < ' ' || byte == 0x7f;
}

static bool is_a_name(struct str text, size_t bytes_max)
{
    if (text.size == 0 || text.size > bytes_max || text.data[0] == ' ' ||
        text.data[text.size - 1] == ' ')
        return false;
    for (size_t i = 0; i < text.size; i++) {
        if (is_control(text.data[i]))
            return false;
    }
    return true;
}

bool field_name(struct exchange *x, const struct json *body, struct str member,
                enum field_need need, size_t bytes_max, struct str *text)
{
    if (!field_text(x, body, member, need, text))
        return false;
    if (str_is_absent(*text) || is_a_name(*text, bytes_max))
        return true;
    return field_refuse(x, member,
                        arena_format(x->arena,
                                     "must be 1 to %zu bytes, without controls and without a blank "
                                     "at either end",
                                     bytes_max));
}

static struct str list_of(struct arena *arena, const struct name_list *words)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append(&buf, STR("must be one of"));
    for (size_t i = 0; i < words->count; i++)
        buf_append_format(&buf, " %.*s", STR_ARG(words->names[i]));
    struct str list = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return list;
}

bool field_word(struct exchange *x, const struct json *body, struct str member,
                enum field_need need, const struct name_list *words, int *index)
{
    struct str text;
    *index = -1;
    if (!field_text(x, body, member, need, &text))
        return false;
    if (str_is_absent(text))
        return true;
    *index = name_find(words, text);
    return *index >= 0 || field_refuse(x, member, list_of(x->arena, words));
}

bool field_boolean(struct exchange *x, const struct json *body, struct str member, bool *is_there,
                   bool *value)
{
    const struct json *found = json_find(body, member);
    *is_there = found != NULL;
    *value = false;
    if (found == NULL)
        return true;
    if (found->type != JSON_BOOLEAN)
        return field_refuse(x, member, STR("must be true or false"));
    *value = found->boolean;
    return true;
}

bool fields_say_something(struct exchange *x, const struct json *body)
{
    return body->count > 0 ||
           admin_refuse_with(x, FAULT_INVALID, "", STR("there is nothing to change"));
}
