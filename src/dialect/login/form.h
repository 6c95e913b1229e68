/* SPDX-License-Identifier: Apache-2.0 */
/*
 * form - what a person has typed into a page of ours.
 *
 * Whoever posts a form brings the credentials in it, so nothing can be done in a person's name by a
 * page that does not know them; forms that other sites post are refused all the same.
 */
#ifndef LOGIN_FORM_H
#define LOGIN_FORM_H

#include "dialect/sign_in.h"

/* The fields of a body, to be asked for by name. */
struct form {
    struct http_request fields;
};

/* False when the exchange is answered: another site's, or not a form. */
bool form_open(struct exchange *x, struct form *form);
/* A form's fields without asking whose it is, for programs. */
void form_read(struct exchange *x, struct form *form);
/* Decoded, without blanks at either end; absent when it is missing or no text. */
struct str form_text(const struct form *form, struct str name);
/* Overwrites what was typed; nothing of it can be read afterwards. */
void form_forget(struct exchange *x, struct form *form);

/* Who it is, by the token if there is one, else by e-mail and password. Faults as in sign_in.h;
 * FAULT_INVALID: nothing was typed. */
struct fault form_sign_in(struct exchange *x, const struct form *form, struct signed_in *person,
                          uint32_t *retry_after_s) MUST_CHECK;
/* The status a page says that fault with. */
int form_status(struct fault fault);

#endif
