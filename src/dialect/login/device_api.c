/* SPDX-License-Identifier: Apache-2.0 */
/* device_api - a login with a code, as the machine asks for it: see device_api.h. */
#include "dialect/login/device_api.h"

#include "dialect/login/device_logins.h"
#include "dialect/login/form.h"
#include "dialect/login/page.h"
#include "dialect/login/token.h"
#include "dialect/peer.h"
#include "json/json.h"
#include "json/write.h"

enum { FULL_WAIT_S = 30, AWAY_WAIT_S = 5 };

/* ---- answers --------------------------------------------------------------------------------- */

struct answer {
    struct buf buf;
    struct json_writer writer;
};

static struct json_writer *answer_begin(struct answer *answer)
{
    buf_open(&answer->buf, SIZE_MAX);
    json_writer_open(&answer->writer, &answer->buf);
    json_object_begin(&answer->writer);
    return &answer->writer;
}

static void answer_end(struct exchange *x, struct answer *answer, int status, const char *lines)
{
    json_object_end(&answer->writer);
    x->response.status = status;
    x->response.headers = arena_format(x->arena,
                                       "Content-Type: application/json\r\n"
                                       "Cache-Control: no-store\r\n"
                                       "%s",
                                       lines);
    x->response.body = arena_copy_str(x->arena, buf_str(&answer->buf));
    buf_close(&answer->buf);
}

void device_api_refuse(struct exchange *x, int status, struct str error, struct str description,
                       const char *lines)
{
    struct answer answer;
    struct json_writer *writer = answer_begin(&answer);
    json_member_string(writer, STR("error"), error);
    json_member_string(writer, STR("error_description"), description);
    answer_end(x, &answer, status, lines);
    x->note = error;
}

/* ---- beginning ------------------------------------------------------------------------------- */

/* What goes into an address, so that nobody's header becomes anything else. */
static bool is_host(struct str host)
{
    for (size_t i = 0; i < host.size; i++) {
        char byte = host.data[i];
        bool is_letter = (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
        bool is_digit = byte >= '0' && byte <= '9';
        if (!is_letter && !is_digit && byte != '.' && byte != '-' && byte != ':' && byte != '[' &&
            byte != ']' && byte != '_')
            return false;
    }
    return host.size > 0;
}

/* Where people reach us; absent when that cannot be told. */
static struct str origin_of(struct exchange *x)
{
    struct str url = x->services->public_url;
    if (str_ends_with(url, STR("/")))
        url.size--;
    if (!str_is_empty(url))
        return url;
    struct str host = http_header(x->request, STR("host"));
    if (!is_host(host))
        return (struct str){0};
    return arena_format(x->arena, "%s://%.*s", peer_is_encrypted(x) ? "https" : "http",
                        STR_ARG(host));
}

static void answer_codes(struct exchange *x, struct str origin, struct str device_code,
                         struct str user_code)
{
    struct answer answer;
    struct json_writer *writer = answer_begin(&answer);
    json_member_string(writer, STR("device_code"), device_code);
    json_member_string(writer, STR("user_code"), user_code);
    json_member_string(writer, STR("verification_uri"),
                       arena_format(x->arena, "%.*s/device", STR_ARG(origin)));
    json_member_string(
        writer, STR("verification_uri_complete"),
        arena_format(x->arena, "%.*s/device?code=%.*s", STR_ARG(origin), STR_ARG(user_code)));
    json_member_u64(writer, STR("expires_in"), DEVICE_LIFE_S);
    json_member_u64(writer, STR("interval"), DEVICE_INTERVAL_S);
    answer_end(x, &answer, 200, "");
}

void login_begin_device(struct exchange *x)
{
    struct str origin = origin_of(x);
    struct str device_code;
    struct str user_code;
    uint32_t retry_after_s = 0;
    if (str_is_absent(origin)) {
        device_api_refuse(x, 400, STR("invalid_request"), STR("the Host header is not usable"), "");
        return;
    }
    struct fault fault = sign_in_count(x, &retry_after_s);
    if (!failed(fault)) {
        retry_after_s = FULL_WAIT_S;
        fault = device_logins_begin(x->services->device_logins, x->arena, sign_in_place(x),
                                    peer_address(x), &device_code, &user_code);
    }
    if (!failed(fault))
        answer_codes(x, origin, device_code, user_code);
    else if (fault.kind == FAULT_LIMIT)
        device_api_refuse(x, 429, STR("slow_down"), fault.why, page_retry_line(x, retry_after_s));
    else
        device_api_refuse(x, 503, STR("temporarily_unavailable"), fault.why,
                          page_retry_line(x, retry_after_s));
}

/* ---- asking ---------------------------------------------------------------------------------- */

static struct str code_in_json(struct exchange *x)
{
    static const struct json_budget budget = {4, 16, 1024, 64, 0};
    struct json body;
    if (failed(json_parse(x->arena, x->request->body, &budget, &body)) || body.type != JSON_OBJECT)
        return (struct str){0};
    const struct json *code = json_find(&body, STR("device_code"));
    return code != NULL && code->type == JSON_STRING ? code->string : (struct str){0};
}

static struct str read_device_code(struct exchange *x)
{
    struct form form;
    form_read(x, &form);
    return str_starts_with(str_trim(x->request->body), STR("{"))
               ? code_in_json(x)
               : form_text(&form, STR("device_code"));
}

static void answer_token(struct exchange *x, const struct signed_in *person, struct str secret)
{
    struct answer answer;
    struct json_writer *writer = answer_begin(&answer);
    json_member_string(writer, STR("token"), secret);
    json_member_string(writer, STR("email"), person->email);
    answer_end(x, &answer, 200, "");
}

static void refuse_denied(struct exchange *x)
{
    device_api_refuse(x, 400, STR("access_denied"), STR("the person said no"), "");
}

static void hand_out(struct exchange *x, struct str device_code,
                     const struct device_approval *approval)
{
    struct device_logins *logins = x->services->device_logins;
    struct signed_in person;
    struct str secret;
    struct fault fault = fault_make(FAULT_DENIED, STR(""), STR(""));
    if (sign_in_again(x, str_of(approval->user_id), str_of(approval->credential_id), &person))
        fault = token_make(x, &person, &secret);
    if (!failed(fault)) {
        device_logins_settle(logins, device_code, DEVICE_HANDED_OUT);
        answer_token(x, &person, secret);
    } else if (fault_is_passing(fault)) {
        device_logins_settle(logins, device_code, DEVICE_PUT_OFF);
        device_api_refuse(x, 503, STR("temporarily_unavailable"), fault.why,
                          page_retry_line(x, AWAY_WAIT_S));
    } else {
        device_logins_settle(logins, device_code, DEVICE_REFUSED);
        refuse_denied(x);
    }
}

/* RFC 8628 section 3.5. */
void login_ask_device(struct exchange *x)
{
    struct str device_code = read_device_code(x);
    struct device_approval approval;
    if (str_is_empty(device_code)) {
        device_api_refuse(x, 400, STR("invalid_request"), STR("device_code is missing"), "");
        return;
    }
    switch (device_logins_ask(x->services->device_logins, device_code, &approval)) {
    case DEVICE_PENDING:
        device_api_refuse(x, 400, STR("authorization_pending"), STR("nobody has said yes yet"), "");
        return;
    case DEVICE_SLOW_DOWN:
        device_api_refuse(x, 400, STR("slow_down"), STR("ask 5 seconds less often"), "");
        return;
    case DEVICE_DENIED:
        refuse_denied(x);
        return;
    case DEVICE_EXPIRED:
        device_api_refuse(x, 400, STR("expired_token"), STR("its time is up: begin anew"), "");
        return;
    case DEVICE_UNKNOWN:
        device_api_refuse(x, 400, STR("invalid_grant"),
                          STR("nobody knows this code, or its token was handed out"), "");
        return;
    case DEVICE_GRANTED:
        hand_out(x, device_code, &approval);
        return;
    }
}
