/* SPDX-License-Identifier: Apache-2.0 */
/*
 * users_password - the password somebody signs in with. See manage.h.
 *
 * One's own takes the one that is valid now, so that a token alone cannot shut its owner out of
 * their account; administrators set other people's. It is never answered, kept or written down:
 * what it will be checked against is (auth/password.h).
 */
#include "auth/password.h"
#include "dialect/admin/fields.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/resource.h"
#include "dialect/admin/rights.h"
#include "dialect/admin/users.h"
#include "dialect/sign_in.h"

static struct fault deny(const char *why)
{
    return fault_make(FAULT_DENIED, STR(""), str_of(why));
}

static bool is_own(const struct caller *caller, struct str user_id)
{
    return caller->kind == CREDENTIAL_PERSONAL && str_equal(caller->user_id, user_id);
}

static struct fault allow_password(const struct catalog *catalog, const struct caller *caller,
                                   void *input)
{
    const struct change *change = input;
    const struct catalog_user *user = catalog_find_user(catalog, change->user_id);
    if (user == NULL || !rights_see_user(caller, user))
        return fault_make(FAULT_MISSING, STR(""), STR("there is no such user"));
    if (caller->is_read_only)
        return deny("this credential may only read");
    if (is_own(caller, user->id) || rights_manage_role(caller, user->role))
        return fault_none();
    return deny(rights_administer(caller) ? "an owner's password is an owner's to set"
                                          : "only administrators set other people's passwords");
}

/* ---- in ------------------------------------------------------------------------------------ */

static bool read_passwords(struct exchange *x, struct str *password, struct str *current)
{
    static const struct str members[] = {STR("password"), STR("current")};
    struct json body;
    if (!admin_read_body(x, members, COUNT_OF(members), &body) ||
        !field_text(x, &body, STR("password"), FIELD_NEEDED, password) ||
        !field_text(x, &body, STR("current"), FIELD_OPTIONAL, current))
        return false;
    if (password->size >= PASSWORD_BYTES_MIN && password->size <= PASSWORD_BYTES_MAX)
        return true;
    return admin_refuse_with(x, FAULT_LIMIT, "/password", STR("must be 12 to 128 bytes"));
}

/* ---- who it is ----------------------------------------------------------------------------- */

static bool refuse_for(struct exchange *x, struct fault fault, uint32_t retry_after_s)
{
    x->note = fault.why;
    if (fault.kind == FAULT_LIMIT)
        problem_answer(x, problem_find(STR("rate_limited")), fault,
                       arena_format(x->arena, "Retry-After: %u\r\n", (unsigned)retry_after_s), 0);
    else
        admin_refuse_because(x, fault.kind, "", fault.why);
    return false;
}

static bool confirm(struct exchange *x, struct str user_id, struct str current)
{
    uint32_t retry_after_s = 0;
    if (!is_own(x->caller, user_id))
        return true;
    const struct catalog_user *user = catalog_find_user(x->view->catalog, user_id);
    struct fault fault = sign_in_confirm(x, user, current, &retry_after_s);
    return !failed(fault) || refuse_for(x, fault, retry_after_s);
}

static bool stretch(struct exchange *x, struct str password, struct str *verifier)
{
    struct fault fault = sign_in_stretch(x, password, verifier);
    return !failed(fault) || refuse_for(x, fault, 0);
}

/* Without the two threads there is nobody to stretch one. */
static bool has_sign_in(struct exchange *x)
{
    return x->services->sign_in != NULL ||
           admin_refuse_with(x, FAULT_UNAVAILABLE, "", STR("this server takes no passwords"));
}

/* ---- setting it ------------------------------------------------------------------------------ */

static void forget(struct exchange *x, struct str password, struct str current)
{
    password_forget(password);
    password_forget(current);
    password_forget(x->request->body);
}

void admin_set_password(struct exchange *x)
{
    struct str id = x->parameters[0];
    struct str password = {0};
    struct str current = {0};
    struct resource_guard guard;
    struct change change = {.kind = CHANGE_SET_PASSWORD,
                            .action = STR("user.password"),
                            .subject = id,
                            .user_id = id,
                            .guard = resource_guard_check,
                            .input = &guard};
    if (!resource_guard_open(x, user_write, (struct resource_name){.id = id}, &guard))
        return;
    guard.allow = allow_password;
    guard.input = &change;
    bool is_ready = resource_guard_admits(x, &guard) && has_sign_in(x) &&
                    read_passwords(x, &password, &current) && confirm(x, id, current) &&
                    stretch(x, password, &change.verifier);
    forget(x, password, current);
    if (is_ready && admin_apply(x, &change))
        admin_answer_nothing(x);
}
