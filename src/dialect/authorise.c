/* SPDX-License-Identifier: Apache-2.0 */
/* authorise - who is calling, and whether a route's scope takes them: see authorise.h. */
#include "dialect/authorise.h"

#include "auth/secret.h"

/* What a request is checked with. */
struct check {
    struct keyring_memo *memo;
    const struct view *view;
    int64_t now_ms;
};

static const struct caller *find_caller(const struct check *check, struct str secret)
{
    return keyring_memo_find(check->memo, &check->view->catalog->keyring, check->view->generation,
                             secret, check->now_ms);
}

/* ---- how it is shown --------------------------------------------------------------------- */

/* Absent when there is none, or more than one: somebody before us could have gone by another. */
static struct str only_authorization(const struct http_request *request)
{
    struct str value = {0};
    for (size_t i = 0; i < request->header_count; i++) {
        if (!str_equal_ignoring_case(request->headers[i].name, STR("authorization")))
            continue;
        if (!str_is_absent(value))
            return (struct str){0};
        value = request->headers[i].value;
    }
    return value;
}

/* What follows the scheme's name and a blank; absent when another scheme is shown. */
static struct str credential_of(const struct http_request *request, struct str scheme)
{
    struct str value = only_authorization(request);
    bool is_shown = value.size > scheme.size && value.data[scheme.size] == ' ' &&
                    str_equal_ignoring_case(str_slice(value, 0, scheme.size), scheme);
    return is_shown ? str_trim(str_slice(value, scheme.size, value.size)) : (struct str){0};
}

/* RFC 4648: both alphabets, because clients use both; -1 for other bytes. */
static int base64_value(char digit)
{
    if (digit >= 'A' && digit <= 'Z')
        return digit - 'A';
    if (digit >= 'a' && digit <= 'z')
        return digit - 'a' + 26;
    if (digit >= '0' && digit <= '9')
        return digit - '0' + 52;
    if (digit == '+' || digit == '-')
        return 62;
    return digit == '/' || digit == '_' ? 63 : -1;
}

enum { PAIR_BYTES_MAX = 256, BITS_PER_DIGIT = 6 };

/* False: not base64, or longer than any pair of credentials is. */
static bool decode_base64(struct str text, char decoded[PAIR_BYTES_MAX], size_t *size)
{
    if (text.data == NULL)
        return false;
    while (str_ends_with(text, STR("=")))
        text.size--;
    uint32_t bits = 0;
    unsigned bit_count = 0;
    *size = 0;
    for (size_t i = 0; i < text.size; i++) {
        int value = base64_value(text.data[i]);
        if (value < 0 || *size == PAIR_BYTES_MAX)
            return false;
        bits = bits << BITS_PER_DIGIT | (unsigned)value;
        bit_count += BITS_PER_DIGIT;
        if (bit_count >= 8) {
            bit_count -= 8;
            decoded[(*size)++] = (char)(bits >> bit_count);
            bits &= (1U << bit_count) - 1;
        }
    }
    return bit_count < BITS_PER_DIGIT && bits == 0;
}

/* ---- who may ----------------------------------------------------------------------------- */

static bool is_token(const struct caller *caller)
{
    return (caller->kind == CREDENTIAL_PERSONAL || caller->kind == CREDENTIAL_APP) &&
           caller_may_read(caller);
}

static bool may_call(const struct caller *caller, enum scope scope)
{
    enum credential_kind kind = caller->kind;
    switch (scope) {
    case SCOPE_ANYONE:
        return true;
    case SCOPE_MANAGE:
        return is_token(caller);
    case SCOPE_MANAGE_ENVIRONMENTS:
        return is_token(caller) || kind == CREDENTIAL_ENVIRONMENT;
    case SCOPE_READ_BROWSER:
        return kind == CREDENTIAL_BROWSER_KEY;
    case SCOPE_READ_SERVER:
        return kind == CREDENTIAL_SERVER_KEY;
    case SCOPE_REPORT:
        return kind == CREDENTIAL_BROWSER_KEY || kind == CREDENTIAL_SERVER_KEY;
    case SCOPE_READ_DEPLOYMENT:
        return kind == CREDENTIAL_CLIENT_DEPLOYMENT || kind == CREDENTIAL_SERVER_DEPLOYMENT ||
               kind == CREDENTIAL_PROJECT_KEY;
    case SCOPE_DOWNLOAD:
        return kind == CREDENTIAL_PROJECT_SECRET;
    }
    return false;
}

/* A view from the disk may be older than a key: one that could be genuine is not called unknown,
 * because that would make clients throw away what they hold. */
static struct fault refuse_stranger(const struct view *view, struct str secret)
{
    enum credential_kind kind;
    if (view->is_read_only && secret_recognise(secret, &kind))
        return fault_make(FAULT_UNAVAILABLE, STR("authorization"), STR("the store is away"));
    return fault_make(FAULT_UNAUTHENTICATED, STR("authorization"), STR("Not authenticated"));
}

static struct fault admit(const struct check *check, struct str secret, enum scope scope,
                          const struct caller **caller)
{
    *caller = find_caller(check, secret);
    if (*caller == NULL)
        return refuse_stranger(check->view, secret);
    if (!may_call(*caller, scope))
        return fault_make(FAULT_DENIED, STR("authorization"), STR("Insufficient permissions"));
    return fault_none();
}

/* key:secret; both must be of one environment. The caller is whoever holds the secret. */
static struct fault admit_pair(const struct check *check, struct str encoded,
                               const struct caller **caller)
{
    char decoded[PAIR_BYTES_MAX];
    size_t size = 0;
    if (!decode_base64(encoded, decoded, &size))
        return refuse_stranger(check->view, STR(""));
    struct str pair = {decoded, size};
    size_t colon = str_find_byte(pair, ':', 0);
    struct str secret = str_slice(pair, colon + 1, pair.size);
    const struct caller *project = NULL;
    struct fault fault = admit(check, secret, SCOPE_DOWNLOAD, caller);
    if (!failed(fault))
        fault = admit(check, str_slice(pair, 0, colon), SCOPE_READ_DEPLOYMENT, &project);
    if (failed(fault))
        return fault;
    bool is_pair =
        project->kind == CREDENTIAL_PROJECT_KEY && project->environment == (*caller)->environment;
    return is_pair ? fault_none() : refuse_stranger(check->view, STR(""));
}

struct fault authorise(struct keyring_memo *memo, const struct view *view,
                       const struct http_request *request, enum scope scope, int64_t now_ms,
                       const struct caller **caller)
{
    const struct check check = {memo, view, now_ms};
    *caller = NULL;
    switch (scope) {
    case SCOPE_ANYONE:
        return fault_none();
    case SCOPE_MANAGE:
    case SCOPE_MANAGE_ENVIRONMENTS:
    case SCOPE_READ_BROWSER:
    case SCOPE_READ_SERVER:
    case SCOPE_REPORT:
        return admit(&check, credential_of(request, STR("Bearer")), scope, caller);
    case SCOPE_READ_DEPLOYMENT:
        return admit(&check, credential_of(request, STR("Api-Key")), scope, caller);
    case SCOPE_DOWNLOAD:
        return admit_pair(&check, credential_of(request, STR("Basic")), caller);
    }
    return refuse_stranger(view, STR(""));
}
