/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields - members of a body, read one by one.
 *
 * Each returns false when it has refused the exchange, with a pointer to the member. A member that
 * is not there leaves the result absent, unless it is said to be needed.
 */
#ifndef ADMIN_FIELDS_H
#define ADMIN_FIELDS_H

#include "dialect/admin/request.h"
#include "model/names.h"

enum field_need { FIELD_OPTIONAL, FIELD_NEEDED };

/* A text as people name things: 1 to bytes_max bytes, no controls, no blank at either end. */
bool field_name(struct exchange *x, const struct json *body, struct str member,
                enum field_need need, size_t bytes_max, struct str *text);
/* Any text. */
bool field_text(struct exchange *x, const struct json *body, struct str member,
                enum field_need need, struct str *text);
/* One of the words; -1: not there. */
bool field_word(struct exchange *x, const struct json *body, struct str member,
                enum field_need need, const struct name_list *words, int *index);
bool field_boolean(struct exchange *x, const struct json *body, struct str member, bool *is_there,
                   bool *value);
/* FAULT_INVALID at the member; false. */
bool field_refuse(struct exchange *x, struct str member, struct str why);

/* {} says nothing to do. */
bool fields_say_something(struct exchange *x, const struct json *body);

#endif
