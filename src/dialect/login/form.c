/* SPDX-License-Identifier: Apache-2.0 */
/* form - what a person has typed into a page of ours: see form.h. */
#include "dialect/login/form.h"

#include "auth/password.h"
#include "dialect/login/page.h"

/* ---- whose it is ----------------------------------------------------------------------------- */

static bool is_our_origin(const struct exchange *x, struct str origin)
{
    if (str_equal_ignoring_case(origin, x->services->public_url))
        return true;
    struct str host = http_header(x->request, STR("host"));
    static const struct str schemes[] = {STR("https://"), STR("http://")};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        if (str_starts_with(origin, schemes[i]) &&
            str_equal_ignoring_case(str_slice(origin, schemes[i].size, origin.size), host))
            return true;
    }
    return false;
}

/* Browsers say where a form comes from in one of two headers. Our pages send no referrer, which
 * makes the older one "null"; who sends neither is no browser. */
static bool is_posted_by_us(const struct exchange *x)
{
    struct str site = http_header(x->request, STR("sec-fetch-site"));
    struct str origin = http_header(x->request, STR("origin"));
    if (!str_is_absent(site))
        return str_equal(site, STR("same-origin")) || str_equal(site, STR("none"));
    return str_is_absent(origin) || str_equal(origin, STR("null")) || is_our_origin(x, origin);
}

static bool is_form(const struct http_request *request)
{
    struct str type = http_header(request, STR("content-type"));
    struct str media = str_trim(str_slice(type, 0, str_find_byte(type, ';', 0)));
    return str_equal_ignoring_case(media, STR("application/x-www-form-urlencoded"));
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* A form's body is spelled as a query is. */
void form_read(struct exchange *x, struct form *form)
{
    *form = (struct form){.fields = {.query = x->request->body, .arena = x->arena}};
}

bool form_open(struct exchange *x, struct form *form)
{
    form_read(x, form);
    if (!is_posted_by_us(x)) {
        page_answer(x, 403, "Not from here", STR("This form was sent by another site."), "");
        return false;
    }
    if (is_form(x->request))
        return true;
    page_answer(x, 415, "Not a form", STR("Send application/x-www-form-urlencoded."), "");
    return false;
}

struct str form_text(const struct form *form, struct str name)
{
    bool is_malformed = false;
    struct str text = http_query(&form->fields, name, &is_malformed);
    return str_is_absent(text) ? text : str_trim(text);
}

void form_forget(struct exchange *x, struct form *form)
{
    password_forget(x->request->body);
    *form = (struct form){.fields = {.arena = x->arena}};
}

/* ---- who it is ------------------------------------------------------------------------------- */

/* A password is taken as it was typed, blanks and all. */
static struct str secret_text(const struct form *form, struct str name)
{
    bool is_malformed = false;
    return http_query(&form->fields, name, &is_malformed);
}

struct fault form_sign_in(struct exchange *x, const struct form *form, struct signed_in *person,
                          uint32_t *retry_after_s)
{
    *retry_after_s = 0;
    struct str token = form_text(form, STR("token"));
    struct str email = form_text(form, STR("email"));
    struct str password = secret_text(form, STR("password"));
    struct fault fault;
    if (!str_is_empty(token))
        fault = sign_in_by_token(x, token, person, retry_after_s);
    else if (!str_is_empty(email) && !str_is_empty(password))
        fault = sign_in_by_password(x, email, password, person, retry_after_s);
    else
        fault = fault_make(FAULT_INVALID, STR(""),
                           STR("Give your e-mail address and your password, or a token."));
    password_forget(token);
    password_forget(password);
    x->note = failed(fault) ? fault.why : STR("signed in");
    return fault;
}

int form_status(struct fault fault)
{
    switch (fault.kind) {
    case FAULT_NONE:
        return 200;
    case FAULT_UNAUTHENTICATED:
    case FAULT_DENIED: /* the other status is for credentials in a header */
        return 403;
    case FAULT_LIMIT:
        return 429;
    case FAULT_UNAVAILABLE:
    case FAULT_FULL:
        return 503;
    case FAULT_MISSING:
        return 404;
    case FAULT_CONFLICT:
    case FAULT_STALE:
        return 409;
    case FAULT_INVALID:
        break;
    }
    return 400;
}
