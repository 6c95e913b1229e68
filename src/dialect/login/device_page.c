/* SPDX-License-Identifier: Apache-2.0 */
/* device_page - a login with a code, as the person sees it: see device_page.h. */
#include "dialect/login/device_page.h"

#include <assert.h>
#include <string.h>

#include "base/instant.h"
#include "dialect/login/device_logins.h"
#include "dialect/login/form.h"
#include "dialect/login/page.h"
#include "dialect/login/token.h"

/* ---- which one ------------------------------------------------------------------------------- */

static void ask_for_code(struct exchange *x, int status, struct str objection,
                         uint32_t retry_after_s)
{
    struct page page;
    page_begin(&page, x, "Log a command line in");
    page_object(&page, objection);
    page_add(&page,
             "<form method=\"get\" action=\"/device\">\n"
             "<label for=\"code\">The code that the command line shows</label>\n"
             "<input id=\"code\" name=\"code\" class=\"code\" autocomplete=\"off\" "
             "autocapitalize=\"characters\" spellcheck=\"false\" maxlength=\"16\" required>\n"
             "<button>Continue</button>\n</form>\n");
    page_end(&page, status, (struct str){0}, page_retry_line(x, retry_after_s));
}

/* Codes that nobody has are tries (RFC 8628 section 5.1). False when the exchange is answered. */
static bool find_question(struct exchange *x, struct str text, char code[USER_CODE_BYTES],
                          struct device_question *question)
{
    uint32_t retry_after_s = 0;
    if (user_code_parse(text, code) &&
        device_logins_find(x->services->device_logins, code, question))
        return true;
    struct fault fault = sign_in_count(x, &retry_after_s);
    if (failed(fault))
        ask_for_code(x, 429, fault.why, retry_after_s);
    else
        ask_for_code(x, 404,
                     STR("Nothing waits under this code: it is mistyped, answered, or over."), 0);
    return false;
}

/* ---- what asks ------------------------------------------------------------------------------- */

/* "2031-03-10 09:30:00 UTC" */
static void say_instant(struct page *page, int64_t ms)
{
    char text[INSTANT_TEXT_BYTES];
    instant_format_seconds(ms, text);
    struct str instant = str_of(text);
    size_t middle = str_find_byte(instant, 'T', 0);
    page_say(page, str_slice(instant, 0, middle));
    page_add(page, " ");
    page_say(page, str_slice(instant, middle + 1, instant.size - 1));
    page_add(page, " UTC");
}

static void show(struct exchange *x, const char code[USER_CODE_BYTES],
                 const struct device_question *question, struct str email, struct fault fault,
                 uint32_t retry_after_s)
{
    struct str code_text = user_code_text(x->arena, code);
    struct page page;
    page_begin(&page, x, "Allow this command line?");
    page_object(&page, failed(fault) ? fault.why : (struct str){0});
    page_add(&page, "<p>A command line wants to work as you. Allow it only if it shows you this "
                    "code, and if you have started its login yourself.</p>\n<p class=\"code\">");
    page_say(&page, code_text);
    page_add(&page, "</p>\n<dl>\n<dt>Asked from</dt><dd>");
    page_say(&page, str_of(question->address));
    page_add(&page, "</dd>\n<dt>At</dt><dd>");
    say_instant(&page, question->asked_ms);
    page_add(&page, ", good until ");
    say_instant(&page, question->ends_ms);
    page_add(&page, "</dd>\n<dt>It gets</dt><dd>a new token of yours, named \xe2\x80\x9c");
    page_say(&page, token_name(x->arena, x->now_ms));
    page_add(&page, "\xe2\x80\x9d, which may do what you may until it is revoked</dd>\n</dl>\n"
                    "<form method=\"post\" action=\"/device\">\n");
    page_hide(&page, "code", code_text);
    page_sign_in_fields(&page, email);
    page_add(&page, "<button name=\"answer\" value=\"allow\">Allow</button>\n"
                    "<button name=\"answer\" value=\"deny\" class=\"other\">Deny</button>\n"
                    "</form>\n");
    page_end(&page, form_status(fault), (struct str){0}, page_retry_line(x, retry_after_s));
}

void login_get_device(struct exchange *x)
{
    struct str text;
    char code[USER_CODE_BYTES];
    struct device_question question;
    struct fault fault = exchange_query(x, STR("code"), &text);
    if (!failed(fault) && str_is_empty(text))
        ask_for_code(x, 200, (struct str){0}, 0);
    else if (find_question(x, failed(fault) ? STR("-") : text, code, &question))
        show(x, code, &question, STR(""), fault_none(), 0);
}

/* ---- yes or no ------------------------------------------------------------------------------- */

static void copy_id(char room[DEVICE_ID_BYTES_MAX], struct str id)
{
    assert(id.size < DEVICE_ID_BYTES_MAX);
    memset(room, 0, DEVICE_ID_BYTES_MAX);
    if (id.size > 0)
        memcpy(room, id.data, id.size);
}

static void answer(struct exchange *x, const char code[USER_CODE_BYTES],
                   const struct signed_in *person, bool is_allowed)
{
    struct device_approval approval;
    copy_id(approval.user_id, person->caller.user_id);
    copy_id(approval.credential_id, person->caller.credential_id);
    if (!device_logins_answer(x->services->device_logins, code, is_allowed ? &approval : NULL))
        page_answer(x, 409, "Too late", STR("Somebody has answered meanwhile, or its time is up."),
                    "");
    else if (is_allowed)
        page_answer(x, 200, "Allowed",
                    STR("The command line has its token in a few seconds. Close this page."), "");
    else
        page_answer(x, 200, "Denied", STR("The command line gets nothing. Close this page."), "");
}

void login_post_device(struct exchange *x)
{
    struct form form;
    char code[USER_CODE_BYTES];
    struct device_question question;
    if (!form_open(x, &form) || !find_question(x, form_text(&form, STR("code")), code, &question))
        return;
    bool is_allowed = str_equal(form_text(&form, STR("answer")), STR("allow"));
    bool is_denied = str_equal(form_text(&form, STR("answer")), STR("deny"));
    struct str email = arena_copy_str(x->arena, form_text(&form, STR("email")));
    struct signed_in person;
    uint32_t retry_after_s = 0;
    struct fault fault = form_sign_in(x, &form, &person, &retry_after_s);
    form_forget(x, &form);
    if (!failed(fault) && !is_allowed && !is_denied)
        fault = fault_make(FAULT_INVALID, STR(""), STR("Say whether you allow it or not."));
    if (failed(fault))
        show(x, code, &question, email, fault, retry_after_s);
    else
        answer(x, code, &person, is_allowed);
}
