/* SPDX-License-Identifier: Apache-2.0 */
/* idempotency - made once, answered twice: see idempotency.h. */
#include "dialect/admin/idempotency.h"

#include "auth/seal.h"
#include "base/digest.h"
#include "dialect/admin/manage.h"
#include "dialect/admin/problems.h"
#include "dialect/admin/request.h"
#include "dialect/admin/upload_digest.h"
#include "dialect/admin/visit.h"
#include "model/limits.h"

enum { KEY_BYTES_MAX = 255, STATUS_DIGITS = 3 };

struct repeat {
    struct str key; /* as they sent it */
    struct change_once once;
    bool is_applied;
};

/* ---- who asks for what
 * ---------------------------------------------------------------------------- */

static bool is_key(struct str text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] < '!' || text.data[i] > '~')
            return false;
    }
    return text.size >= 1 && text.size <= KEY_BYTES_MAX;
}

/* The bearer secret: dispatch has let nobody in who did not show exactly one. */
static struct str shown_secret(const struct exchange *x)
{
    struct str shown = http_header(x->request, STR("authorization"));
    size_t blank = str_find_byte(shown, ' ', 0);
    return str_trim(str_slice(shown, blank, shown.size));
}

static void name_key(const struct exchange *x, struct repeat *repeat)
{
    struct digest digest;
    digest_begin(&digest);
    digest_add_text(&digest, STR("guidon idempotency key"));
    digest_add_text(&digest, x->caller->credential_id);
    digest_add_text(&digest, repeat->key);
    digest_end(&digest, repeat->once.key, sizeof(repeat->once.key));
}

/* With the secret in it: a body may hold a password, and whoever has the store alone must not be
 * able to try bodies against what is kept of one. */
static void take_fingerprint(const struct exchange *x, struct str upload, struct repeat *repeat)
{
    static const char *const headers[] = {"content-type", "if-match", "if-none-match"};
    const struct http_request *request = x->request;
    struct digest digest;
    digest_begin(&digest);
    digest_add_text(&digest, STR("guidon idempotency fingerprint"));
    digest_add_text(&digest, shown_secret(x));
    digest_add_text(&digest, request->method_text);
    digest_add_text(&digest, request->target);
    for (size_t i = 0; i < COUNT_OF(headers); i++)
        digest_add_text(&digest, http_header(request, str_of(headers[i])));
    digest_add_text(&digest, request->body);
    digest_add_text(&digest, upload);
    digest_end(&digest, repeat->once.fingerprint, sizeof(repeat->once.fingerprint));
}

struct fault idempotency_open_upload(struct exchange *x, struct http_body_sink **sink)
{
    struct fault fault = admin_open_upload(x, sink);
    if (!failed(fault) && !str_is_absent(http_header(x->request, STR("idempotency-key"))))
        *sink = upload_digest_open(*sink);
    return fault;
}

/* ---- the answer, kept
 * ------------------------------------------------------------------------------- */

static struct seal_key seal_key_of(const struct exchange *x, const struct repeat *repeat)
{
    return seal_key_make(shown_secret(x), repeat->key);
}

/* "201<headers>\r\n<body>": every header line ends with CRLF, and none is empty. */
static struct str pack(struct arena *arena, const struct http_response *response)
{
    struct buf buf;
    buf_open(&buf, SIZE_MAX);
    buf_append_u64(&buf, (uint64_t)response->status);
    buf_append(&buf, response->headers);
    buf_append(&buf, STR("\r\n"));
    buf_append(&buf, response->body);
    struct str packed = arena_copy_str(arena, buf_str(&buf));
    buf_close(&buf);
    return packed;
}

/* Where the empty line is; packed.size when there is none. */
static size_t end_of_headers(struct str packed)
{
    size_t at = STATUS_DIGITS;
    while (at < packed.size && !str_starts_with(str_slice(packed, at, packed.size), STR("\r\n"))) {
        size_t end = str_find_byte(packed, '\n', at);
        at = end == packed.size ? end : end + 1;
    }
    return at;
}

static bool unpack(struct str packed, struct http_response *response)
{
    uint64_t status = 0;
    size_t end = end_of_headers(packed);
    if (end == packed.size || !str_parse_u64(str_slice(packed, 0, STATUS_DIGITS), &status))
        return false;
    response->status = (int)status;
    response->headers = str_slice(packed, STATUS_DIGITS, end);
    response->body = str_slice(packed, end + 2, packed.size);
    return true;
}

void idempotency_keep(struct exchange *x)
{
    struct repeat *repeat = visit_of(x)->repeat;
    if (repeat == NULL || !repeat->is_applied)
        return;
    if (x->response.body.size > KEPT_ANSWER_BYTES_MAX) {
        x->note = STR("too long an answer to be kept");
        return;
    }
    struct seal_key key = seal_key_of(x, repeat);
    struct str sealed = seal_close(x->arena, &key, pack(x->arena, &x->response));
    seal_key_forget(&key);
    struct fault fault = change_keep_answer(x->services->changer, &repeat->once, sealed);
    if (failed(fault)) /* the change stands; who asks again hears that its answer is not known */
        x->note = fault.why;
}

/* ---- asked again --------------------------------------------------------------------------- */

static bool is_same_request(const struct repeat *repeat, const struct once_row *row)
{
    return str_equal((struct str){(const char *)repeat->once.fingerprint, DIGEST_BYTES},
                     (struct str){(const char *)row->fingerprint, DIGEST_BYTES});
}

static bool replay(struct exchange *x, const struct repeat *repeat, const struct once_row *row)
{
    struct str packed;
    if (str_is_empty(row->sealed))
        return false;
    struct seal_key key = seal_key_of(x, repeat);
    bool is_open = seal_open(x->arena, &key, row->sealed, &packed);
    seal_key_forget(&key);
    if (!is_open || !unpack(packed, &x->response))
        return false;
    x->response.headers =
        arena_format(x->arena, "%.*sIdempotency-Replayed: true\r\n", STR_ARG(x->response.headers));
    x->version = row->version;
    x->note = STR("replayed");
    return true;
}

static void answer_unfinished(struct exchange *x, uint64_t version, struct str why)
{
    x->note = STR("idempotency_unfinished");
    problem_answer(x, problem_find(x->note), fault_make(FAULT_CONFLICT, STR(""), why),
                   STR("Retry-After: 1\r\n"), version);
}

static void answer_row(struct exchange *x, const struct repeat *repeat, const struct once_row *row)
{
    if (!is_same_request(repeat, row)) {
        x->note = STR("idempotency_mismatch");
        problem_answer(
            x, problem_find(x->note),
            fault_make(FAULT_CONFLICT, STR(""), STR("the key was used for another request")),
            STR(""), 0);
        return;
    }
    if (replay(x, repeat, row))
        return;
    struct str why = STR("the change was made, but its answer is not known");
    if (!str_is_empty(row->created_id))
        why = arena_format(x->arena, "%.*s; it made %.*s", STR_ARG(why), STR_ARG(row->created_id));
    answer_unfinished(x, row->version, why);
}

/* False: it was not used, and nothing is answered. */
static bool answer_if_used(struct exchange *x, const struct repeat *repeat)
{
    struct once_row row = {0};
    bool is_found = false;
    struct fault fault =
        change_find_once(x->services->changer, x->arena, repeat->once.key, &row, &is_found);
    if (failed(fault)) {
        x->note = fault.why;
        problem_answer(x, problem_of(fault, 0), fault, STR("Retry-After: 1\r\n"), 0);
        return true;
    }
    if (is_found)
        answer_row(x, repeat, &row);
    return is_found;
}

bool idempotency_begin(struct exchange *x)
{
    struct str key = http_header(x->request, STR("idempotency-key"));
    if (str_is_absent(key))
        return true;
    if (!is_key(key))
        return admin_refuse_with(x, FAULT_INVALID, "",
                                 STR("Idempotency-Key must be 1 to 255 visible ASCII characters"));
    if (visit_of(x)->is_dry_run)
        return true;
    struct repeat *repeat = ARENA_NEW(x->arena, struct repeat);
    repeat->key = key;
    name_key(x, repeat);
    take_fingerprint(x, visit_of(x)->upload, repeat);
    visit_of(x)->repeat = repeat;
    return !answer_if_used(x, repeat);
}

/* ---- the change
 * --------------------------------------------------------------------------------------- */

void idempotency_reserve(struct exchange *x, struct change *change)
{
    struct repeat *repeat = visit_of(x)->repeat;
    if (repeat != NULL && !repeat->is_applied)
        change->once = &repeat->once;
}

bool idempotency_is_taken(struct fault fault)
{
    return fault.kind == FAULT_CONFLICT && str_equal(fault.where, STR("idempotency-key"));
}

void idempotency_answer_taken(struct exchange *x)
{
    if (!answer_if_used(x, visit_of(x)->repeat))
        answer_unfinished(x, 0, STR("a request with this key is under way"));
}

void idempotency_note_applied(struct exchange *x, const struct change *change)
{
    if (change->once != NULL)
        visit_of(x)->repeat->is_applied = true;
}
