/* SPDX-License-Identifier: Apache-2.0 */
/* sign_in - who says who they are by what they know: see sign_in.h. */
#include "dialect/sign_in.h"

#include <arpa/inet.h>
#include <string.h>

#include "auth/attempts.h"
#include "auth/password.h"
#include "base/memory.h"
#include "dialect/peer.h"
#include "model/limits.h"

enum { MINUTE_MS = 60000, BUSY_WAIT_S = 2 };

struct sign_in {
    struct passwords *passwords;
    struct attempts *addresses, *accounts;
};

struct sign_in *sign_in_open(struct sign_in_limits limits)
{
    struct sign_in *sign_in = MEMORY_NEW(struct sign_in);
    sign_in->passwords = passwords_open();
    sign_in->addresses = attempts_open((struct attempts_limit){limits.per_address, MINUTE_MS});
    sign_in->accounts = attempts_open((struct attempts_limit){limits.per_account, MINUTE_MS});
    return sign_in;
}

void sign_in_close(struct sign_in *sign_in)
{
    attempts_close(sign_in->accounts);
    attempts_close(sign_in->addresses);
    passwords_close(sign_in->passwords);
    memory_free(sign_in);
}

/* ---- how often ------------------------------------------------------------------------------- */

/* Who has one IPv6 address has 2^64 of them. What is no address counts as one place. */
struct str sign_in_place(struct exchange *x)
{
    enum { MAPPED_BYTES = 12, IPV4_BYTES = 4 };
    struct in6_addr six;
    struct in_addr four;
    const char *text = arena_format(x->arena, "%.*s", STR_ARG(peer_address(x))).data;
    if (inet_pton(AF_INET, text, &four) == 1)
        return (struct str){arena_copy(x->arena, &four, IPV4_BYTES), IPV4_BYTES};
    if (inet_pton(AF_INET6, text, &six) != 1)
        return STR("-");
    if (IN6_IS_ADDR_V4MAPPED(&six))
        return (struct str){arena_copy(x->arena, six.s6_addr + MAPPED_BYTES, IPV4_BYTES),
                            IPV4_BYTES};
    return (struct str){arena_copy(x->arena, six.s6_addr, PLACE_BYTES_MAX), PLACE_BYTES_MAX};
}

static struct fault count_try(struct exchange *x, struct attempts *attempts, struct str name,
                              uint32_t *retry_after_s)
{
    *retry_after_s = attempts_take(attempts, name, clock_monotonic_ms(x->services->clock));
    if (*retry_after_s == 0)
        return fault_none();
    return fault_make(FAULT_LIMIT, STR(""),
                      arena_format(x->arena, "Too many tries: wait %u seconds and try again.",
                                   (unsigned)*retry_after_s));
}

struct fault sign_in_count(struct exchange *x, uint32_t *retry_after_s)
{
    return count_try(x, x->services->sign_in->addresses, sign_in_place(x), retry_after_s);
}

/* The same for all spellings of an address, which the catalog tells apart as little. */
static struct str account_of(struct exchange *x, struct str email)
{
    char *name = arena_allocate(x->arena, email.size);
    for (size_t i = 0; i < email.size; i++) {
        char byte = email.data[i];
        name[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    return (struct str){name, email.size};
}

/* ---- passwords ------------------------------------------------------------------------------- */

static struct fault busy(uint32_t *retry_after_s)
{
    *retry_after_s = BUSY_WAIT_S;
    return fault_make(FAULT_UNAVAILABLE, STR(""),
                      STR("Too many people sign in at this moment: try again."));
}

static struct fault find_verifier(struct exchange *x, struct str user_id, struct str *verifier,
                                  uint32_t *retry_after_s)
{
    struct fault fault = change_find_password(x->services->changer, x->arena, user_id, verifier);
    if (!failed(fault))
        return fault;
    *retry_after_s = BUSY_WAIT_S;
    return fault_make(FAULT_UNAVAILABLE, STR(""),
                      STR("The server cannot look that up now: try again later."));
}

static struct fault mismatch(void)
{
    return fault_make(FAULT_UNAUTHENTICATED, STR(""),
                      STR("This e-mail address and this password do not belong together."));
}

/* Every way to "no" has looked up one row and stretched one password. */
static struct fault check_password(struct exchange *x, const struct catalog_user *user,
                                   struct str password, uint32_t *retry_after_s)
{
    struct str verifier;
    struct fault fault =
        find_verifier(x, user == NULL ? STR("nobody") : user->id, &verifier, retry_after_s);
    if (failed(fault))
        return fault;
    enum password_answer answer =
        passwords_check(x->services->sign_in->passwords, verifier, password);
    if (answer == PASSWORD_BUSY)
        return busy(retry_after_s);
    bool is_right = answer == PASSWORD_RIGHT && user != NULL && user->role >= ROLE_VIEWER;
    return is_right ? fault_none() : mismatch();
}

static struct signed_in newly_known(const struct catalog_user *user)
{
    return (struct signed_in){
        .caller = {.kind = CREDENTIAL_PERSONAL,
                   .actor = user->email,
                   .user_id = user->id,
                   .role = user->role},
        .email = user->email,
    };
}

struct fault sign_in_by_password(struct exchange *x, struct str email, struct str password,
                                 struct signed_in *person, uint32_t *retry_after_s)
{
    struct fault fault = sign_in_count(x, retry_after_s);
    if (!failed(fault) && email.size > EMAIL_BYTES_MAX)
        return mismatch();
    if (!failed(fault))
        fault = count_try(x, x->services->sign_in->accounts, account_of(x, email), retry_after_s);
    if (failed(fault))
        return fault;
    const struct catalog_user *user = catalog_find_user_by_email(x->view->catalog, email);
    fault = check_password(x, user, password, retry_after_s);
    if (failed(fault))
        return fault;
    *person = newly_known(user);
    return fault_none();
}

struct fault sign_in_confirm(struct exchange *x, const struct catalog_user *user,
                             struct str password, uint32_t *retry_after_s)
{
    struct str verifier;
    struct fault fault = find_verifier(x, user->id, &verifier, retry_after_s);
    if (failed(fault) || str_is_absent(verifier))
        return fault;
    if (str_is_absent(password))
        return fault_make(FAULT_DENIED, STR(""),
                          STR("`current`, the password that is valid now, is needed"));
    fault = count_try(x, x->services->sign_in->accounts, account_of(x, user->email), retry_after_s);
    if (failed(fault))
        return fault;
    enum password_answer answer =
        passwords_check(x->services->sign_in->passwords, verifier, password);
    if (answer == PASSWORD_BUSY)
        return busy(retry_after_s);
    return answer == PASSWORD_RIGHT
               ? fault_none()
               : fault_make(FAULT_DENIED, STR(""),
                            STR("`current` is not the password that is valid now"));
}

struct fault sign_in_stretch(struct exchange *x, struct str password, struct str *verifier)
{
    uint32_t wait_s = 0;
    if (passwords_make(x->services->sign_in->passwords, x->arena, password, verifier))
        return fault_none();
    return busy(&wait_s);
}

/* ---- tokens ---------------------------------------------------------------------------------- */

struct fault sign_in_by_token(struct exchange *x, struct str token, struct signed_in *person,
                              uint32_t *retry_after_s)
{
    struct fault fault = sign_in_count(x, retry_after_s);
    if (failed(fault))
        return fault;
    const struct catalog *catalog = x->view->catalog;
    const struct caller *caller = keyring_find(&catalog->keyring, token, x->now_ms);
    if (caller == NULL)
        return fault_make(
            FAULT_UNAUTHENTICATED, STR(""),
            STR("Nobody knows this token: it was revoked, has ended, or is not whole."));
    const struct catalog_user *user =
        str_is_absent(caller->user_id) ? NULL : catalog_find_user(catalog, caller->user_id);
    if (caller->kind != CREDENTIAL_PERSONAL || user == NULL || !caller_may_read(caller))
        return fault_make(FAULT_DENIED, STR(""),
                          STR("Only a person's own token, which begins with cli_, is good here."));
    if (caller->is_read_only)
        return fault_make(FAULT_DENIED, STR(""),
                          STR("This token may only read, so it cannot make another one."));
    *person = (struct signed_in){.caller = *caller, .email = user->email};
    return fault_none();
}

/* ---- once more ------------------------------------------------------------------------------- */

bool sign_in_again(struct exchange *x, struct str user_id, struct str credential_id,
                   struct signed_in *person)
{
    const struct catalog *catalog = x->view->catalog;
    const struct catalog_user *user = catalog_find_user(catalog, user_id);
    if (user == NULL || user->role < ROLE_VIEWER)
        return false;
    *person = newly_known(user);
    if (str_is_empty(credential_id))
        return true;
    const struct catalog_credential *credential = catalog_find_credential(catalog, credential_id);
    const struct caller *caller =
        credential == NULL ? NULL
                           : keyring_find_hash(&catalog->keyring, &credential->hash, x->now_ms);
    if (caller == NULL || caller->is_read_only || !str_equal(caller->user_id, user_id))
        return false;
    person->caller = *caller;
    return true;
}
