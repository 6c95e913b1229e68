/* SPDX-License-Identifier: Apache-2.0 */
/* authorise - who is calling, and whether a route's scope takes them: see authorise.h. */
#include "dialect/authorise.h"

#include "auth/event_token.h"
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

/* How often a header is there, and its first value. */
static size_t count_header(const struct http_request *request, struct str name, struct str *value)
{
    size_t count = 0;
    *value = (struct str){0};
    for (size_t i = 0; i < request->header_count; i++) {
        if (!str_equal_ignoring_case(request->headers[i].name, name))
            continue;
        if (count++ == 0)
            *value = request->headers[i].value;
    }
    return count;
}

/* Absent when there is none, or more than one: somebody before us could have gone by another. */
static struct str only_authorization(const struct http_request *request)
{
    struct str value;
    return count_header(request, STR("authorization"), &value) == 1 ? value : (struct str){0};
}

/* What follows the scheme's name and a blank; absent when another scheme is shown. */
static struct str behind_scheme(struct str value, struct str scheme)
{
    bool is_shown = value.size > scheme.size && value.data[scheme.size] == ' ' &&
                    str_equal_ignoring_case(str_slice(value, 0, scheme.size), scheme);
    return is_shown ? str_trim(str_slice(value, scheme.size, value.size)) : (struct str){0};
}

static struct str credential_of(const struct http_request *request, struct str scheme)
{
    return behind_scheme(only_authorization(request), scheme);
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
    case SCOPE_EVALUATE:
    case SCOPE_EVENT_ADDRESS:
        return caller->environment != 0 && kind != CREDENTIAL_PROJECT_SECRET;
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

/* A key behind one of the schemes that clients put before it, or behind none. */
static struct str without_scheme(struct str value)
{
    static const struct str schemes[] = {{"Bearer", 6}, {"Api-Key", 7}};
    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        struct str key = behind_scheme(value, schemes[i]);
        if (!str_is_absent(key))
            return key;
    }
    return value;
}

/* The ways evaluating clients show their key: either header, or both when they say the same. Two
 * different ones are refused, as somebody before us could have gone by the other. */
static struct str shown_key(const struct http_request *request)
{
    struct str authorization;
    struct str api_key;
    size_t authorization_count = count_header(request, STR("authorization"), &authorization);
    size_t api_key_count = count_header(request, STR("x-api-key"), &api_key);
    if (authorization_count > 1 || api_key_count > 1)
        return (struct str){0};
    struct str key = without_scheme(authorization);
    if (str_is_empty(key))
        return api_key;
    return str_is_empty(api_key) || str_equal(key, api_key) ? key : (struct str){0};
}

/* The same of an address: which of its bytes are right only the key's hash could say. */
static struct fault refuse_address(const struct view *view, struct str id)
{
    if (view->is_read_only && !str_is_absent(id) &&
        catalog_find_credential(view->catalog, id) == NULL)
        return fault_make(FAULT_UNAVAILABLE, STR("token"), STR("the store is away"));
    return fault_make(FAULT_UNAUTHENTICATED, STR("token"), STR("Not authenticated"));
}

/* The caller is whoever has the credential that the address was made of, as long as they have it.
 */
static struct fault admit_address(const struct check *check, const struct http_request *request,
                                  const struct caller **caller)
{
    bool is_malformed = false;
    struct str token = http_query(request, STR("token"), &is_malformed);
    struct str id = event_token_credential(token);
    const struct catalog *catalog = check->view->catalog;
    const struct catalog_credential *credential =
        str_is_absent(id) ? NULL : catalog_find_credential(catalog, id);
    if (credential == NULL || !event_token_is_of(token, id, &credential->hash))
        return refuse_address(check->view, id);
    *caller = keyring_find_hash(&catalog->keyring, &credential->hash, check->now_ms);
    if (*caller == NULL || !may_call(*caller, SCOPE_EVENT_ADDRESS))
        return refuse_address(check->view, id);
    return fault_none();
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
    case SCOPE_EVALUATE:
        return admit(&check, shown_key(request), scope, caller);
    case SCOPE_EVENT_ADDRESS:
        return admit_address(&check, request, caller);
    }
    return refuse_stranger(view, STR(""));
}
